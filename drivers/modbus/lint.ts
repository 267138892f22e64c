import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import { conversion } from "../../model/unit.ts";
import type { Profile } from "../profile.ts";
import type { ProfileProblem } from "../profile-check.ts";
import { rawLimits } from "./limits-of-type.ts";
import { TABLES } from "./place-schema.ts";
import type { Condition, ModbusSection, Status, Wire } from "./profile.ts";
import { isBitTable, type Place, place, placeInComponent } from "./registers.ts";

/*
 * What can be meant in a Modbus section and mostly is not: registers that two values share, sentinels that the type cannot
 * hold, states that can never be. None of it stops a profile from working.
 */

/** A channel as it is written, with its place. */
interface Written {
  readonly local: string;
  readonly wire: Wire;
  readonly at: Place;
  readonly path: readonly string[];
}

/** Everything that looks wrong in a section that works. */
export function lintModbus(profile: Profile, section: ModbusSection): ProfileProblem[] {
  const own = Object.entries(section.channels).map(
    ([local, wire]): Written => ({
      local,
      wire,
      at: place(section, wire),
      path: ["modbus", "channels", local],
    }),
  );
  const fields = Object.entries(section.components?.address ?? {});
  const first = Object.fromEntries(fields.map(([name, { min }]) => [name, min]));
  const parts = Object.entries(section.components?.channels ?? {}).map(
    ([local, wire]): Written => ({
      local,
      wire,
      at: placeInComponent(section, wire, first),
      path: ["modbus", "components", "channels", local],
    }),
  );
  return [
    ...[own, parts].flatMap((channels) => [
      ...overlaps(channels),
      ...TABLES.flatMap((table) => oddPlaces(channels.filter(({ at }) => at.table === table))),
    ]),
    ...[...own, ...parts].flatMap((channel) => [...codes(channel), ...reach(profile, channel)]),
    ...[...own, ...parts].flatMap((channel) => states(profile, channel)),
    ...conditions(section.status, own, { path: ["modbus", "status"], at: (at) => place(section, at) }),
    ...conditions(section.components?.status ?? [], parts, {
      path: ["modbus", "components", "status"],
      at: (at) => placeInComponent(section, at, first),
    }),
    ...trust(profile, section),
  ];
}

const PARTS = new Set(["bit", "bits", "match"]);

/** Values that share registers: one of the two is at the wrong address, or of the wrong length. */
function overlaps(channels: readonly Written[]): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  channels.forEach((one, index) => {
    for (const other of channels.slice(0, index)) {
      if (one.at.table !== other.at.table || isBitTable(one.at.table)) continue;
      const end = (at: Place) => at.address + at.count;
      if (one.at.address >= end(other.at) || other.at.address >= end(one.at)) continue;
      if (one.at.address === other.at.address && one.at.count === other.at.count) {
        if (PARTS.has(one.wire.type) || PARTS.has(other.wire.type) || apart(one.wire, other.wire)) continue;
        problems.push({
          path: [...one.path, "address"],
          message: `${one.local} stands in the same registers as ${other.local}`,
          hint: "if that is meant, the site must exclude one of them; with unitFrom the wrong one falls silent by itself",
        });
      } else {
        problems.push({
          path: [...one.path, "address"],
          message: `${one.local} (${text(one.at)}) overlaps ${other.local} (${text(other.at)})`,
          hint: "one of the addresses, or of the types, is wrong",
        });
      }
    }
  });
  return problems;
}

/** Whether two channels share a register knowingly: its unit says which of them it is. */
function apart(a: Wire, b: Wire): boolean {
  const units = Object.keys(a.unitFrom?.units ?? {});
  return (
    a.unitFrom !== undefined && b.unitFrom !== undefined && !units.some((raw) => raw in b.unitFrom!.units)
  );
}

function text({ table, address, count }: Place): string {
  return count === 1 ? `${table} ${address}` : `${table} ${address}..${address + count - 1}`;
}

/** Of several numbers of two registers all begin at even addresses but one, or all at odd ones: mostly a slip by one. */
function oddPlaces(channels: readonly Written[]): ProfileProblem[] {
  const wide = channels.filter(({ at }) => at.count === 2);
  const odd = wide.filter(({ at }) => at.address % 2 === 1);
  const few =
    odd.length === 1 ? odd : wide.length - odd.length === 1 ? wide.filter((one) => !odd.includes(one)) : [];
  if (wide.length < LEAST_FOR_A_HABIT) return [];
  return few.map(({ local, at, path }) => ({
    path: [...path, "address"],
    message: `${local} begins at the ${at.address % 2 === 1 ? "odd" : "even"} address ${at.address}, all other numbers of two registers at ${at.address % 2 === 1 ? "even" : "odd"} ones`,
    hint: "check it against the document",
  }));
}

/** Fewer numbers show no habit. */
const LEAST_FOR_A_HABIT = 4;

/** Sentinels that never can be read. */
function codes({ wire, at, path }: Written): ProfileProblem[] {
  const limits = rawLimits(at);
  if (limits === undefined) return [];
  return wire.codes.flatMap((code, index) => {
    const { equals, from = equals, to = equals } = code;
    if ((from ?? limits.low) <= limits.high && (to ?? limits.high) >= limits.low) return [];
    return [
      {
        path: [...path, "codes", index],
        message: `the code ${equals ?? `${from ?? ""}..${to ?? ""}`} can never be read: ${wire.type} holds ${limits.low} to ${limits.high}`,
        hint: signHint(wire.type, equals ?? from ?? 0),
      },
    ];
  });
}

const SIXTEEN_BITS = 0x1_0000;

function signHint(type: string, code: number): string {
  if (type === "u16" && code < 0) return `as u16 it reads ${code + SIXTEEN_BITS}; or the type is i16`;
  if (type === "i16" && code > 0) return `as i16 it reads ${code - SIXTEEN_BITS}; or the type is u16`;
  return "codes are looked at before scaling, as the raw number";
}

/** A measuring range that the register cannot hold: danger above it would never be seen. */
function reach(profile: Profile, { local, wire, at, path }: Written): ProfileProblem[] {
  const channel = profile.channels[local];
  const limits = rawLimits(at);
  if (channel?.range === undefined || limits === undefined || isDiscrete(channel.quantity)) return [];
  const units = wire.unitFrom === undefined ? [wire.unit] : Object.values(wire.unitFrom.units);
  const { unit: own } = quantityRow(channel.quantity);
  const ends = units.flatMap((unit) => {
    const { scale, offset } = unit === undefined ? { scale: 1, offset: 0 } : conversion(unit, own);
    return [limits.low, limits.high].map((raw) => (raw * wire.scale + wire.offset) * scale + offset);
  });
  // A range is a round number, the end of a register one step less: 32767 for 16 g in 32768 steps.
  const step = Math.abs(ends[1]! - ends[0]!) / (limits.high - limits.low);
  const low = Math.min(...ends) - step;
  const high = Math.max(...ends) + step;
  const problems: ProfileProblem[] = [];
  if (channel.range.high > high)
    problems.push({
      path,
      message: `${local} ranges to ${channel.range.high} ${own}, and its register ends at ${Number(high.toPrecision(SHOWN))}`,
      hint: "check the type, the scale and the range: danger beyond the register would not be seen",
    });
  if (channel.range.low < low)
    problems.push({
      path,
      message: `${local} ranges down to ${channel.range.low} ${own}, and its register begins at ${Number(low.toPrecision(SHOWN))}`,
      hint: "is the register signed?",
    });
  return problems;
}

const SHOWN = 7;

/** Names of states that the bits cannot say. */
function states(profile: Profile, { local, wire, at }: Written): ProfileProblem[] {
  const limits = rawLimits(at);
  const names = profile.channels[local]?.states;
  if (limits === undefined || names === undefined || wire.states !== undefined) return [];
  return Object.keys(names)
    .filter((code) => Number(code) > limits.high * wire.scale + wire.offset)
    .map((code) => ({
      path: ["channels", local, "states", code],
      message: `the state ${code} of ${local} can never be read: its place holds ${limits.low} to ${limits.high}`,
    }));
}

/** Conditions that never hold: what they were to make bad would pass for good. */
function conditions(
  list: readonly Status[],
  channels: readonly Written[],
  where: { path: readonly string[]; at: (register: NonNullable<Status["register"]>) => Place },
): ProfileProblem[] {
  return list.flatMap((status, index) => {
    const looked =
      status.register === undefined
        ? channels.find(({ local }) => local === status.channel)?.at
        : where.at(status.register);
    const limits = looked === undefined ? undefined : rawLimits(looked);
    if (limits === undefined) return [];
    return status.when.flatMap((when, i) => {
      if (!neverHolds(when, limits)) return [];
      return [
        {
          path: [...where.path, index, "when", i],
          message: `this can never hold: the place holds ${limits.low} to ${limits.high}`,
        },
      ];
    });
  });
}

function neverHolds(when: Condition, { low, high }: { low: number; high: number }): boolean {
  if (when.equals !== undefined) return [when.equals].flat().every((raw) => raw < low || raw > high);
  if (when.bit !== undefined) return low >= 0 && 2 ** when.bit > high;
  return (when.from ?? low) > high || (when.to ?? high) < low;
}

/** A concentration that nothing ever makes bad: the zero of a detector in warm-up would read as "no gas". */
function trust(profile: Profile, section: ModbusSection): ProfileProblem[] {
  return [section, section.components].flatMap((part, index) => {
    const affected = new Set((part?.status ?? []).flatMap(({ affects }) => affects));
    return Object.entries(part?.channels ?? {})
      .filter(([local, { codes: sentinels }]) => {
        const { quantity } = profile.channels[local] ?? {};
        const gas = quantity?.startsWith("gas_") === true && quantity !== "gas_alarm";
        return gas && !affected.has(local) && sentinels.length === 0;
      })
      .map(([local]) => ({
        path: ["modbus", ...(index === 0 ? [] : ["components"]), "channels", local],
        message: `nothing says when ${local} is no measurement: a zero in warm-up or fault would read as "no gas"`,
        hint: "look for a register of states or faults (`status`), or for sentinels (`codes`)",
      }));
  });
}
