import { GOOD, qualityOf, REASON, type Reason, worse } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { exceed, isRangeReason, judge } from "../judge.ts";
import type { Decoded, ValueDecoder } from "../value.ts";
import { compileReader, compileTextReader, isExact, readBit } from "./codec.ts";
import type { PlannedRequest, Span } from "./planner.ts";
import { isBitTable, type Place } from "./registers.ts";
import type { CompiledCondition } from "./status.ts";
import { type Sweep, type SweepResult, sweepResult } from "./unlisted.ts";

/** A value without a channel: only a status looks at it. */
export const NO_CHANNEL = -1;

/** How a value is decoded whose unit stands in another register. */
export interface UnitChoice {
  readonly place: Place;
  /** It cannot be read in one request with the value: it is read before and after, and must not have changed. */
  readonly apart: boolean;
  /** By the raw number of the register. */
  readonly decoders: ReadonlyMap<number, ValueDecoder>;
}

/** One value of a group, as compiled from the profile. */
export interface GroupValue extends Place {
  /** What is read for it: its registers, and that of its unit where they belong together. */
  readonly span: Span;
  /** Index of the site's channel, or NO_CHANNEL. */
  readonly channel: number;
  /** For messages: `lel`, `l1d12.fire`, `holding 6`. */
  readonly label: string;
  /** Undefined for values without a channel. */
  readonly decode: ValueDecoder | undefined;
  readonly unit: UnitChoice | undefined;
  /** The channel is a state whose 1 is a claim (danger, fault, supervisory). */
  readonly asserts: boolean;
}

/** A status of the group: `source` and `affected` are positions of values. */
export interface GroupStatus {
  readonly source: number;
  readonly conditions: readonly CompiledCondition[];
  readonly affected: readonly number[];
}

/** What is known of a device as a whole, and decides about its values: changed by who finds it out. */
export interface Verdict {
  reason: Reason;
}

/** A verdict, and the positions of the values it decides about. */
export interface GroupVerdict {
  readonly verdict: Verdict;
  readonly affected: readonly number[];
}

export interface GroupOptions {
  readonly period: Micros;
  readonly values: readonly GroupValue[];
  readonly statuses: readonly GroupStatus[];
  readonly verdicts: readonly GroupVerdict[];
  /** The device must be told to measure before these values are read. */
  readonly triggered: boolean;
  /** Channels that speak for all values. */
  readonly sweeps?: readonly Sweep[];
}

const BYTES_PER_REGISTER = 2;

/**
 * The values of one device that are asked for together, at one period, and evaluated together.
 * A poll is: `begin`, then `take` or `fail` for each request, then `finish`. Units that stand apart from their values are asked
 * for first and last: `anchor`.
 */
export class Group {
  readonly period: Micros;
  readonly triggered: boolean;
  readonly values: readonly GroupValue[];
  /** What is read for each value. */
  readonly spans: readonly Span[];
  /** Registers of units that stand apart from their values. */
  readonly anchors: readonly Place[];
  /** Channels that speak for all values; none: each value has its own. */
  readonly sweeps: readonly Sweep[];
  readonly #statuses: readonly GroupStatus[];
  readonly #verdicts: readonly GroupVerdict[];
  /** Turns the bytes of a response into the raw number of each value; NaN for texts. */
  readonly #read: readonly Reader[];
  /** The same for the register of its unit. */
  readonly #readUnit: readonly (Reader | undefined)[];
  /** By value: its anchor, or -1. */
  readonly #anchorOf: Int32Array;
  readonly #readAnchor: readonly Reader[];
  readonly #before: Float64Array;
  readonly #after: Float64Array;
  readonly #anchorReason: Uint8Array;
  readonly #raw: Float64Array;
  readonly #value: Float64Array;
  readonly #reason: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #status: Uint8Array;
  readonly #out: Decoded = { value: 0, reason: 0 };

  constructor({ period, values, statuses, verdicts, triggered, sweeps = [] }: GroupOptions) {
    this.period = period;
    this.sweeps = sweeps;
    this.triggered = triggered;
    this.values = values;
    this.spans = values.map(({ span }) => span);
    this.#statuses = statuses;
    this.#verdicts = verdicts;
    this.#read = values.map(reader);
    this.#readUnit = values.map(({ unit }) =>
      unit === undefined || unit.apart ? undefined : reader(unit.place),
    );
    const anchors: Place[] = [];
    this.#anchorOf = Int32Array.from(values, ({ unit }) => {
      if (unit?.apart !== true) return -1;
      const { table, address, format } = unit.place;
      const known = anchors.findIndex(
        (anchor) => anchor.table === table && anchor.address === address && isSame(anchor.format, format),
      );
      return known >= 0 ? known : anchors.push(unit.place) - 1;
    });
    this.anchors = anchors;
    this.#readAnchor = anchors.map(reader);
    this.#before = new Float64Array(anchors.length);
    this.#after = new Float64Array(anchors.length);
    this.#anchorReason = new Uint8Array(anchors.length);
    this.#raw = new Float64Array(values.length);
    this.#value = new Float64Array(values.length);
    this.#reason = new Uint8Array(values.length);
    this.#seen = new Uint8Array(values.length);
    this.#status = new Uint8Array(values.length);
  }

  /** Forgets the poll before. What is neither taken nor failed afterwards counts as failed with `reason`. */
  begin(reason: Reason): void {
    this.#seen.fill(0);
    this.#value.fill(Number.NaN);
    this.#reason.fill(reason);
    this.#before.fill(Number.NaN);
    this.#after.fill(Number.NaN);
    this.#anchorReason.fill(reason);
  }

  /** The unit's register as it was before the values were read, or after; `bytes` undefined: not read, for `reason`. */
  anchor(index: number, when: "before" | "after", bytes: Uint8Array | undefined, reason: Reason): void {
    const kept = when === "before" ? this.#before : this.#after;
    const raw = bytes === undefined ? Number.NaN : this.#readAnchor[index]!(bytes, 0);
    kept[index] = typeof raw === "number" ? raw : Number.NaN;
    this.#anchorReason[index] = reason;
  }

  /** Decodes the values of an answered request; `bytes` are the data bytes of the response. */
  take(request: PlannedRequest, bytes: Uint8Array): void {
    for (const index of request.values) {
      const value = this.values[index]!;
      const raw = this.#read[index]!(bytes, value.address - request.address);
      this.#seen[index] = 1;
      this.#raw[index] = typeof raw === "number" ? raw : Number.NaN;
      const readUnit = this.#readUnit[index];
      if (readUnit !== undefined) {
        const unit = readUnit(bytes, value.unit!.place.address - request.address);
        this.#decode(index, value.unit!.decoders.get(unit as number), raw);
      } else if (value.decode !== undefined && value.unit === undefined) {
        this.#decode(index, value.decode, raw);
      }
    }
  }

  /** The request's values could not be read. */
  fail(request: PlannedRequest, reason: Reason): void {
    for (const index of request.values) this.set(index, reason);
  }

  /** One value could not be read. */
  set(index: number, reason: Reason): void {
    this.#seen[index] = 0;
    this.#value[index] = Number.NaN;
    this.#reason[index] = reason;
  }

  /** Lets the statuses decide and appends the readings of all channels; their time is the gateway's. */
  finish(batch: ReadingBatch): void {
    if (this.anchors.length > 0) this.#decodeAnchored();
    this.#applyStatuses();
    for (let i = 0; i < this.values.length; i++) {
      const channel = this.values[i]!.channel;
      if (channel !== NO_CHANNEL) batch.add(channel, this.#value[i]!, this.#reason[i]!);
    }
    for (const sweep of this.sweeps) {
      const { value, at, reason } = this.swept(sweep);
      batch.add(sweep.channel, value, reason);
      if (sweep.where !== undefined) batch.add(sweep.where.channel, at, reason);
    }
  }

  /** What all values of a sweep together say, after `finish`. */
  swept(sweep: Sweep): SweepResult {
    return sweepResult(this.values, sweep, { raw: this.#raw, seen: this.#seen, reason: this.#reason });
  }

  /** Value and reason of one position, after `finish`. */
  result(index: number): { value: number; reason: Reason } {
    return { value: this.#value[index]!, reason: this.#reason[index]! };
  }

  /** A unit that the profile does not know is not guessed. */
  #decode(index: number, decode: ValueDecoder | undefined, raw: number | string): void {
    if (decode === undefined) {
      this.#value[index] = Number.NaN;
      this.#reason[index] = REASON.configuration_error;
      return;
    }
    const out = this.#out;
    decode(raw, out);
    this.#value[index] = out.value;
    this.#reason[index] = refine(this.values[index]!, raw, out.reason);
  }

  #decodeAnchored(): void {
    for (let i = 0; i < this.values.length; i++) {
      const anchor = this.#anchorOf[i]!;
      if (anchor < 0 || this.#seen[i] === 0) continue;
      const unit = this.#before[anchor]!;
      const after = this.#after[anchor]!;
      if (Number.isNaN(unit) || Number.isNaN(after)) this.set(i, this.#anchorReason[anchor]!);
      // The unit was changed while the value was read: which of the two it is in cannot be told.
      else if (unit !== after) this.set(i, REASON.undecodable);
      else this.#decode(i, this.values[i]!.unit!.decoders.get(unit), this.#raw[i]!);
    }
  }

  #applyStatuses(): void {
    if (this.#statuses.length === 0 && this.#verdicts.length === 0) return;
    this.#status.fill(REASON.good);
    for (const { verdict, affected } of this.#verdicts) {
      if (verdict.reason !== REASON.good) this.#spread(affected, verdict.reason);
    }
    for (const status of this.#statuses) {
      const raw = this.#raw[status.source]!;
      if (this.#seen[status.source] === 0 || Number.isNaN(raw)) {
        // Unknown status: a value beside it may raise an alarm and must not clear one.
        this.#spread(status.affected, REASON.uncertain);
        continue;
      }
      for (const condition of status.conditions) {
        if (condition.holds(raw)) this.#spread(status.affected, condition.reason);
      }
    }
    const out = this.#out;
    for (let i = 0; i < this.values.length; i++) {
      const status = this.#status[i]!;
      if (status === REASON.good) continue;
      out.value = this.#value[i]!;
      out.reason = this.#reason[i]!;
      judge(out, status, this.values[i]!.asserts);
      this.#value[i] = out.value;
      this.#reason[i] = out.reason;
    }
  }

  #spread(affected: readonly number[], reason: Reason): void {
    const out = this.#out;
    for (const index of affected) {
      if (isRangeReason(reason)) {
        out.value = this.#value[index]!;
        out.reason = this.#reason[index]!;
        exceed(out, reason);
        this.#value[index] = out.value;
        this.#reason[index] = out.reason;
      } else if (qualityOf(this.#status[index]!) === GOOD && qualityOf(reason) === GOOD)
        this.#status[index] = reason;
      else this.#status[index] = worse(this.#status[index]!, reason);
    }
  }
}

type Reader = (bytes: Uint8Array, offset: number) => number | string;

function reader(place: Place): Reader {
  if (isBitTable(place.table)) return readBit;
  if (place.format.type === "string") {
    const read = compileTextReader(place.format);
    return (bytes, offset) => read(bytes, offset * BYTES_PER_REGISTER);
  }
  const read = compileReader(place.format);
  return (bytes, offset) => read(bytes, offset * BYTES_PER_REGISTER);
}

function isSame(a: Place["format"], b: Place["format"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What only the wire format knows about a decoded value. */
function refine(value: GroupValue, raw: number | string, reason: Reason): Reason {
  const { type } = value.format;
  // Digits above 9 are no number that the instrument meant to send.
  if (reason === REASON.not_a_number && (type === "bcd16" || type === "bcd32")) return REASON.undecodable;
  if (reason === REASON.good && typeof raw === "number" && !isExact(type, raw)) return REASON.not_accurate;
  return reason;
}
