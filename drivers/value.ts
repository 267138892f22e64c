import { z } from "zod";
import { qualityOf, REASON, REASON_NAMES, type Reason, type ReasonName } from "../model/quality.ts";
import { unitSchema } from "../model/schema.ts";
import { conversion, type Unit } from "../model/unit.ts";

/*
 * From the number on the wire to a value with a quality: the part that every protocol shares.
 * Order: codes (sentinels and fault codes, on the raw number) → NaN and infinities → states → scale and offset → unit → range.
 */

const reasonSchema = z.enum(REASON_NAMES as [ReasonName, ...ReasonName[]]);

/** A raw number, or a span of them, that is not a measurement. */
export const codeSchema = z
  .strictObject({
    equals: z
      .number()
      .optional()
      .meta({ description: "The raw number.", examples: [32767] }),
    from: z.number().optional().meta({ description: "First raw number of a span." }),
    to: z.number().optional().meta({ description: "Last raw number of a span." }),
    reason: reasonSchema.meta({ description: "What it means.", examples: ["sensor_failure"] }),
  })
  .refine((code) => (code.equals === undefined) !== (code.from === undefined && code.to === undefined), {
    message: "give either equals, or from and to",
  });

export const valueSchema = z.strictObject({
  unit: unitSchema.optional().meta({
    description: "Unit of the scaled number; converted to the quantity's own. Default: the quantity's own.",
  }),
  scale: z
    .number()
    .default(1)
    .meta({ description: "Factor on the raw number.", examples: [0.01] }),
  offset: z.number().default(0).meta({ description: "Added after scaling, in the same unit." }),
  states: z.record(z.string(), z.number().int()).optional().meta({
    description: "For discrete channels: raw value (or text) to code. Anything else is undecodable.",
  }),
  codes: z.array(codeSchema).default([]).meta({ description: "Sentinels and fault codes, in order." }),
});
export type ValueMapping = z.output<typeof valueSchema>;

/** What a decoded raw value turned into. One object per decoder, overwritten by each call. */
export interface Decoded {
  value: number;
  reason: Reason;
}

/** What the mapping must know of its channel. */
export interface ValueTarget {
  readonly unit: Unit;
  readonly range?: { readonly low: number; readonly high: number };
  /** How many codes a discrete quantity has, from 0 on. Another number is no state of it: it must not read as the normal one. */
  readonly codes?: number;
}

/** Turns raw numbers or texts into values; see `compileValue`. */
export type ValueDecoder = (raw: number | string | boolean, out: Decoded) => void;

/**
 * Compiles a mapping into a function without allocation.
 * NaN is a fault; +inf and -inf are over and under range and stay infinite, so that a rule can tell the direction.
 * @throws ConfigurationError UNIT_MISMATCH when the profile's unit does not convert to the channel's.
 */
export function compileValue(mapping: ValueMapping, target: ValueTarget): ValueDecoder {
  const linear = mapping.unit === undefined ? { scale: 1, offset: 0 } : conversion(mapping.unit, target.unit);
  const scale = mapping.scale * linear.scale;
  const offset = mapping.offset * linear.scale + linear.offset;
  // A tenth has no exact double: 257 × 0.1 is 25.700000000000003, 257 / 10 is 25.7. People read these numbers.
  const divisor = Math.round(1 / scale);
  const divides = divisor > 1 && Math.abs(scale * divisor - 1) < Number.EPSILON * 4;
  const low = target.range?.low ?? Number.NEGATIVE_INFINITY;
  const high = target.range?.high ?? Number.POSITIVE_INFINITY;
  const codes = mapping.codes.map((code) => ({
    from: code.equals ?? code.from ?? Number.NEGATIVE_INFINITY,
    to: code.equals ?? code.to ?? Number.POSITIVE_INFINITY,
    reason: REASON[code.reason],
  }));
  const known = target.codes;
  const states = mapping.states === undefined ? undefined : new Map(Object.entries(mapping.states));

  return (raw, out) => {
    if (states !== undefined) {
      const code = states.get(String(raw));
      out.value = code ?? Number.NaN;
      out.reason = code === undefined ? (codeReason(codes, Number(raw)) ?? REASON.undecodable) : REASON.good;
      return;
    }
    const number = typeof raw === "number" ? raw : typeof raw === "boolean" ? Number(raw) : parseNumber(raw);
    const coded = codeReason(codes, number);
    if (coded !== undefined) {
      // A warning code keeps its number; a code that makes the value bad has none.
      out.value =
        qualityOf(coded) === 2 ? Number.NaN : (divides ? number / divisor : number * scale) + offset;
      out.reason = coded;
      return;
    }
    if (Number.isNaN(number)) {
      out.value = Number.NaN;
      out.reason = REASON.not_a_number;
      return;
    }
    const value = (divides ? number / divisor : number * scale) + offset;
    if (known !== undefined && !(Number.isInteger(value) && value >= 0 && value < known)) {
      out.value = Number.NaN;
      out.reason = REASON.undecodable;
      return;
    }
    out.value = value;
    out.reason =
      value > high || value === Infinity
        ? REASON.over_range
        : value < low || value === -Infinity
          ? REASON.under_range
          : REASON.good;
  };
}

function codeReason(
  codes: readonly { from: number; to: number; reason: Reason }[],
  raw: number,
): Reason | undefined {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (raw >= code.from && raw <= code.to) return code.reason;
  }
  return undefined;
}

/** A decimal number and nothing else: "" and "0x10" are no measurements, and must not read as 0 or 16. */
function parseNumber(text: string): number {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
}
