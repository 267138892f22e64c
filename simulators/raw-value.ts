import type { ValueMapping } from "../drivers/value.ts";
import { BAD, qualityOf, REASON, type ReasonName } from "../model/quality.ts";
import { conversion, type Unit } from "../model/unit.ts";

/** What stands in a register or payload. */
export type Raw = number | string;

/** The other way of `compileValue` in drivers/value.ts: from what an instrument measures to what it says. */
export interface RawValue {
  /** The raw number or state text for a value in the channel's unit. NaN and infinities turn into the profile's codes where it has some. */
  of(value: number): Raw;
  /** The profile's code for a reason; undefined when it has none. */
  code(reason: ReasonName): number | undefined;
}

/** How an instrument says "not a number", most fitting first. */
const NOT_A_NUMBER: readonly ReasonName[] = [
  "not_a_number",
  "missing_value",
  "sensor_failure",
  "device_failure",
];

/**
 * Turns a mapping around. `unit` is the channel's own.
 * @throws ConfigurationError UNIT_MISMATCH when the profile's unit does not convert to it.
 */
export function compileRaw(mapping: ValueMapping, unit: Unit): RawValue {
  const linear = mapping.unit === undefined ? { scale: 1, offset: 0 } : conversion(mapping.unit, unit);
  const scale = mapping.scale * linear.scale;
  const offset = mapping.offset * linear.scale + linear.offset;
  const states = new Map<number, string>();
  for (const [raw, state] of Object.entries(mapping.states ?? {})) {
    if (!states.has(state)) states.set(state, raw);
  }
  const codes = mapping.codes.map((code) => ({
    raw: code.equals ?? code.from ?? code.to ?? 0,
    reason: REASON[code.reason],
  }));
  const code = (reason: ReasonName): number | undefined =>
    codes.find((known) => known.reason === REASON[reason])?.raw;
  const notANumber = (): number | undefined =>
    NOT_A_NUMBER.map(code).find((raw) => raw !== undefined) ??
    codes.find((known) => qualityOf(known.reason) === BAD)?.raw;

  return {
    code,
    of(value) {
      if (Number.isNaN(value)) return notANumber() ?? Number.NaN;
      if (mapping.states !== undefined) return states.get(Math.round(value)) ?? Math.round(value);
      if (value === Infinity) return code("over_range") ?? (scale < 0 ? -Infinity : Infinity);
      if (value === -Infinity) return code("under_range") ?? (scale < 0 ? Infinity : -Infinity);
      return (value - offset) / scale;
    },
  };
}
