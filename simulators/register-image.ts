import type { RegisterFormat } from "../drivers/modbus/codec.ts";
import { encode } from "../drivers/modbus/encode.ts";
import { MAX_ADDRESS } from "../drivers/modbus/limits.ts";
import type { Table } from "../drivers/modbus/place-schema.ts";
import type { ModbusSection, Status } from "../drivers/modbus/profile.ts";
import {
  isBitTable,
  type Place,
  type PlacedChannel,
  place,
  placedChannels,
  placedComponentChannels,
  placeInComponent,
} from "../drivers/modbus/registers.ts";
import { everyAddress } from "../drivers/modbus/unlisted.ts";
import type { ReasonName } from "../model/quality.ts";
import { type Micros, SECOND } from "../model/time.ts";
import { rawFor, rawWithout } from "./condition.ts";
import type { Instrument, PlayedChannel } from "./instrument.ts";
import type { Memory } from "./modbus-unit.ts";
import type { Moment } from "./moment.ts";
import { compileRaw, type Raw, type RawValue } from "./raw-value.ts";
import type { SignalPart } from "./signal-schema.ts";

/** A channel with its place, and how its values stand there. */
interface Cell {
  readonly index: number;
  readonly place: Place;
  readonly raw: RawValue;
  /** Conditions elsewhere that make this channel bad: another way to say a reason. */
  readonly statuses: readonly PlacedStatus[];
}

interface PlacedStatus {
  readonly status: Status;
  readonly place: Place;
  /** A raw number in which none of its conditions hold. */
  readonly calm: number;
}

/** A register that always holds the same: the unit that an instrument is set to, a number for its self-check. */
interface Constant {
  readonly place: Place;
  readonly raw: number;
}

/** A stretch of a table. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * What stands in the registers of an instrument at a moment, built from its profile through the codec. Between the first
 * and the last register of a table unused ones read 0; outside them, and where the profile forbids it, there is nothing.
 */
export class RegisterImage implements Memory {
  readonly #instrument: Instrument;
  readonly #cells: readonly Cell[];
  readonly #statuses: readonly PlacedStatus[];
  readonly #constants: readonly Constant[];
  readonly #outputs: readonly Place[];
  readonly #pulses: readonly Pulse[];
  /** When pulses that were begun end, by coil, in the scenario's time. */
  readonly #until = new Map<number, Micros>();
  /** What was written to outputs, by table and address. */
  readonly #written = new Map<Table, Map<number, number>>();
  readonly #forbidden: ModbusSection["forbidden"];
  readonly #spans = new Map<Table, Span>();
  readonly #words = new Map<Table, Uint16Array>();
  #missing: { table: Table; from: number; to: number }[] = [];
  #elapsed = -1;

  /** @throws ConfigurationError PROFILE_INVALID or UNIT_MISMATCH when the profile cannot work. */
  constructor(instrument: Instrument, section: ModbusSection) {
    this.#instrument = instrument;
    this.#forbidden = section.forbidden;
    const plan = planImage(instrument.device.channels, section);
    this.#cells = plan.cells;
    this.#statuses = plan.statuses;
    this.#constants = [
      ...plan.constants,
      ...section.selfCheck.map(({ register, equals }) => ({ place: place(section, register), raw: equals })),
    ];
    this.#outputs = Object.values(section.outputs).flatMap((output) => [
      place(section, output),
      ...(typeof output.verify === "string" ? [] : [place(section, output.verify)]),
    ]);
    this.#pulses = Object.values(section.outputs).flatMap((output) => pulseOf(section, output));
    const placed = [...plan.cells, ...plan.statuses, ...this.#constants].map((item) => item.place);
    for (const { table, address, count } of [...placed, ...this.#outputs, ...sweptPlaces(section)]) {
      const known = this.#spans.get(table);
      const to = address + count - 1;
      this.#spans.set(
        table,
        known === undefined ? { from: address, to } : widen(known, { from: address, to }),
      );
    }
    for (const [table, { from, to }] of this.#spans) this.#words.set(table, new Uint16Array(to - from + 1));
  }

  read(
    table: Table,
    { address, count }: { address: number; count: number },
    moment: Moment,
  ): Uint16Array | undefined {
    const span = this.#spans.get(table);
    const words = this.#words.get(table);
    const last = address + count - 1;
    if (span === undefined || words === undefined || address < span.from || last > span.to) return undefined;
    const touches = (part: { table: Table; from: number; to: number }): boolean =>
      part.table === table && address <= part.to && last >= part.from;
    if (this.#forbidden.some(touches)) return undefined;
    this.#fill(moment);
    if (this.#missing.some(touches)) return undefined;
    return words.subarray(address - span.from, address - span.from + count);
  }

  get writable(): boolean {
    return this.#outputs.length > 0;
  }

  /** Takes what a master writes: outputs of the profile, whole ones only. */
  write(
    table: Table,
    address: number,
    { values, moment }: { values: readonly number[]; moment: Moment },
  ): boolean {
    const end = address + values.length;
    const outputs = this.#outputs.filter(
      (output) => output.table === table && output.address < end && output.address + output.count > address,
    );
    // What one output writes another may be read back at.
    const covered = new Set(
      outputs.flatMap((output) => Array.from({ length: output.count }, (_, i) => output.address + i)),
    ).size;
    const whole = outputs.every(
      (output) => output.address >= address && output.address + output.count <= end,
    );
    if (outputs.length === 0 || !whole || covered !== values.length) return false;
    const written = this.#written.get(table) ?? new Map<number, number>();
    this.#written.set(table, written);
    for (const [offset, value] of values.entries()) written.set(address + offset, value);
    if (table === "coil") for (const [offset] of values.entries()) this.#until.delete(address + offset);
    for (const pulse of this.#pulses) {
      const { command } = pulse;
      if (command.table !== table || command.address !== address) continue;
      this.#until.set(pulse.coil, moment.elapsed + pulse.lasts(values));
    }
    this.#elapsed = -1;
    return true;
  }

  takesWord(address: number): boolean {
    return this.#pulses.some(({ command }) => command.table === "coil" && command.address === address);
  }

  #fill(moment: Moment): void {
    if (moment.elapsed === this.#elapsed) return;
    this.#elapsed = moment.elapsed;
    for (const words of this.#words.values()) words.fill(0);
    this.#missing = [];
    for (const status of this.#statuses) this.#put(status.place, status.calm);
    for (const constant of this.#constants) this.#put(constant.place, constant.raw);
    // Parts of one word that are set come last: a pattern that is not there must not wipe out one that is.
    const later: (() => void)[] = [];
    for (const cell of this.#cells) {
      if (this.#instrument.isMissing(cell.index, moment)) {
        const { table, address, count } = cell.place;
        this.#missing.push({ table, from: address, to: address + count - 1 });
      }
      const says = this.#instrument.says(cell.index, moment);
      const raw = codeOf(cell, says.code) ?? cell.raw.of(says.value);
      if (isPart(cell.place.format) && Number(raw) !== 0) later.push(() => this.#put(cell.place, raw));
      else this.#put(cell.place, raw);
      const reason = says.code?.reason;
      if (reason !== undefined && cell.raw.code(reason) === undefined) {
        later.push(() => this.#assert(cell, reason));
      }
    }
    for (const write of later) write();
    for (const [table, written] of this.#written) {
      const from = this.#spans.get(table)!.from;
      for (const [address, value] of written) this.#words.get(table)![address - from] = value;
    }
    for (const [coil, until] of this.#until) {
      this.#words.get("coil")![coil - this.#spans.get("coil")!.from] = Number(moment.elapsed < until);
    }
  }

  /** Sets the status register that gives the channel this reason, where the profile has one. */
  #assert(cell: Cell, reason: ReasonName): void {
    for (const { status, place } of cell.statuses) {
      const condition = status.when.find((when) => when.reason === reason);
      if (condition === undefined) continue;
      // One bit of a status word: the others stay as they are.
      const { bit } = condition;
      const word = place.format.type === "u32" ? "u32" : "u16";
      if (bit === undefined) this.#put(place, rawFor(condition));
      else this.#put({ ...place, format: { type: "bit", bit, in: word, order: place.format.order } }, 1);
      return;
    }
  }

  #put(place: Place, raw: Raw): void {
    const { table, address, count, format } = place;
    const words = this.#words.get(table)!;
    const at = address - this.#spans.get(table)!.from;
    if (isBitTable(table)) {
      words[at] = Number(raw) === 0 ? 0 : 1;
      return;
    }
    words.set(encode(fitting(raw, format), format, words.subarray(at, at + count)), at);
  }
}

/** A command that switches a coil on for a while. */
interface Pulse {
  readonly command: Place;
  readonly coil: number;
  /** How long what was written lasts, µs. */
  readonly lasts: (words: readonly number[]) => Micros;
}

/** An output in seconds whose state is that of a coil is a pulse of it. */
function pulseOf(section: ModbusSection, output: ModbusSection["outputs"][string]): Pulse[] {
  if (output.unit !== "s" || typeof output.verify === "string" || output.verify.table !== "coil") return [];
  const command = place(section, output);
  return [
    {
      command,
      coil: place(section, output.verify).address,
      lasts: (words) => {
        const raw = words.reduce((number, word) => number * 0x1_0000 + word, 0);
        return (raw * output.scale + output.offset) * SECOND;
      },
    },
  ];
}

/** Where every channel of a device stands, and which statuses decide about it. */
function planImage(
  channels: readonly PlayedChannel[],
  section: ModbusSection,
): { cells: Cell[]; statuses: PlacedStatus[]; constants: Constant[] } {
  const cells: Cell[] = [];
  const constants: Constant[] = [];
  const statuses: PlacedStatus[] = [];
  const parts = new Map<string, { placed: PlacedChannel[]; statuses: PlacedStatus[] }>();
  const partOf = (channel: PlayedChannel) => {
    const id = channel.component?.id ?? "";
    const known = parts.get(id);
    if (known !== undefined) return known;
    const part = partPlan(section, channel.component?.address);
    parts.set(id, part);
    statuses.push(...part.statuses.filter(({ status }) => status.register !== undefined));
    return part;
  };
  channels.forEach((channel, index) => {
    const part = partOf(channel);
    const placed = part.placed.find(({ local }) => local === channel.local);
    if (placed === undefined) return;
    const { unitFrom } = placed;
    const [code, unit] = [...(unitFrom?.units ?? [])].find(([, known]) => known === channel.unit) ??
      [...(unitFrom?.units ?? [])][0] ?? [0, undefined];
    if (unitFrom !== undefined) constants.push({ place: unitFrom.place, raw: code });
    cells.push({
      index,
      place: placed,
      raw: compileRaw(unit === undefined ? placed.mapping : { ...placed.mapping, unit }, channel.unit),
      statuses: part.statuses.filter(({ status }) => status.affects.includes(channel.local)),
    });
  });
  return { cells, statuses, constants };
}

function partPlan(section: ModbusSection, component: Readonly<Record<string, number>> | undefined) {
  const placed =
    component === undefined ? placedChannels(section) : placedComponentChannels(section, component);
  const written = (component === undefined ? section.status : section.components?.status) ?? [];
  const statuses = written.map((status): PlacedStatus => {
    const register = status.register;
    const where =
      register === undefined
        ? placed.find(({ local }) => local === status.channel)!
        : component === undefined
          ? place(section, register)
          : placeInComponent(section, register, component);
    return { status, place: where, calm: rawWithout(status.when) };
  });
  return { placed, statuses };
}

/**
 * What the profile's statuses want of a channel that they look at, so that an ordinary day has no fault: its value when
 * none of their conditions hold. Undefined: 0 is as good as any, or no status looks at it.
 */
export function calmByStatus(channel: PlayedChannel, section: ModbusSection): SignalPart[] | undefined {
  const part = channel.component === undefined ? section : section.components;
  const conditions = (part?.status ?? [])
    .filter((status) => status.channel === channel.local)
    .flatMap((status) => status.when);
  const wire = part?.channels[channel.local];
  const raw = rawWithout(conditions);
  if (wire === undefined || raw === 0) return undefined;
  return [{ constant: wire.states?.[String(raw)] ?? raw * wire.scale + wire.offset }];
}

/** Largest value that fits where a channel stands; for counters. */
export function greatestOf(channel: PlayedChannel, section: ModbusSection): number {
  const wire = (channel.component === undefined ? section : section.components)?.channels[channel.local];
  if (wire === undefined) return MAX_ADDRESS;
  const table = wire.table ?? section.table;
  const type = isBitTable(table) ? "bit" : wire.type;
  const greatest = type === "bits" ? 2 ** (wire.width ?? 1) - 1 : (LIMITS[type]?.high ?? MAX_COUNTER);
  return greatest * wire.scale + wire.offset;
}

function codeOf(cell: Cell, code: { raw?: Raw | undefined; reason?: ReasonName | undefined } | undefined) {
  if (code === undefined) return undefined;
  return code.raw ?? (code.reason === undefined ? undefined : cell.raw.code(code.reason));
}

function isPart({ type }: RegisterFormat): boolean {
  return type === "bit" || type === "bits" || type === "match";
}

/** Counters in floating-point registers start again here: every whole number up to it is exact in 32 bits. */
const MAX_COUNTER = 2 ** 24 - 1;

/** The numbers that fit a type of whole numbers. */
const LIMITS: Readonly<Partial<Record<RegisterFormat["type"], { low: number; high: number }>>> = {
  u16: { low: 0, high: 0xffff },
  i16: { low: -0x8000, high: 0x7fff },
  u32: { low: 0, high: 0xffff_ffff },
  i32: { low: -0x8000_0000, high: 0x7fff_ffff },
  u64: { low: 0, high: Number.MAX_SAFE_INTEGER },
  i64: { low: -Number.MAX_SAFE_INTEGER, high: Number.MAX_SAFE_INTEGER },
  bcd16: { low: 0, high: 9_999 },
  bcd32: { low: 0, high: 99_999_999 },
  bit: { low: 0, high: 1 },
  match: { low: 0, high: 1 },
};

/** The nearest raw number that the format can hold, as an instrument's own arithmetic would clip it; NaN reads as the largest. */
function fitting(raw: Raw, format: RegisterFormat): Raw {
  if (format.type === "string") return String(raw).slice(0, 2 * (format.length ?? 1));
  const number = Number(raw);
  if (format.type === "f32" || format.type === "f64") return number;
  let limits = LIMITS[format.type] ?? { low: 0, high: 1 };
  if (format.type === "bits") {
    const half = 2 ** ((format.width ?? 1) - 1);
    limits = format.signed === true ? { low: -half, high: half - 1 } : { low: 0, high: 2 * half - 1 };
  }
  if (Number.isNaN(number)) return limits.high;
  return Math.min(limits.high, Math.max(limits.low, Math.round(number)));
}

/** The first and the last place that is looked through for unlisted components: the panel has all between them. */
function sweptPlaces(section: ModbusSection): Place[] {
  const ends = [everyAddress(section)[0], everyAddress(section).at(-1)];
  return Object.values(section.unlisted).flatMap(({ asserts }) =>
    ends.flatMap((address) =>
      address === undefined
        ? []
        : asserts.map((local) => placeInComponent(section, section.components!.channels[local]!, address)),
    ),
  );
}

function widen(a: Span, b: Span): Span {
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}
