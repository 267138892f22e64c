import { GOOD, qualityOf, REASON, type Reason, worse } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { exceed, isRangeReason, judge } from "../judge.ts";
import type { Decoded, ValueDecoder } from "../value.ts";
import { compileReader, compileTextReader, isExact, readBit } from "./codec.ts";
import type { PlannedRequest } from "./planner.ts";
import { isBitTable, type Place } from "./registers.ts";
import type { CompiledCondition } from "./status.ts";

/** A value without a channel: only a status looks at it. */
export const NO_CHANNEL = -1;

/** One value of a group, as compiled from the profile. */
export interface GroupValue extends Place {
  /** Index of the site's channel, or NO_CHANNEL. */
  readonly channel: number;
  /** For messages: `lel`, `l1d12.fire`, `holding 6`. */
  readonly label: string;
  /** Undefined for values without a channel. */
  readonly decode: ValueDecoder | undefined;
  /** The channel is a state whose 1 is a claim (danger, fault, supervisory). */
  readonly asserts: boolean;
}

/** A status of the group: `source` and `affected` are positions of values. */
export interface GroupStatus {
  readonly source: number;
  readonly conditions: readonly CompiledCondition[];
  readonly affected: readonly number[];
}

const BYTES_PER_REGISTER = 2;

/**
 * The values of one device that are asked for together, at one period, and evaluated together.
 * A poll is: `begin`, then `take` or `fail` for each request, then `finish`.
 */
export class Group {
  readonly period: Micros;
  readonly values: readonly GroupValue[];
  readonly #statuses: readonly GroupStatus[];
  /** Turns the bytes of a response into the raw number of each value; NaN for texts. */
  readonly #read: readonly ((bytes: Uint8Array, offset: number) => number | string)[];
  readonly #raw: Float64Array;
  readonly #value: Float64Array;
  readonly #reason: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #status: Uint8Array;
  readonly #out: Decoded = { value: 0, reason: 0 };

  constructor(period: Micros, values: readonly GroupValue[], statuses: readonly GroupStatus[]) {
    this.period = period;
    this.values = values;
    this.#statuses = statuses;
    this.#read = values.map(reader);
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
  }

  /** Decodes the values of an answered request; `bytes` are the data bytes of the response. */
  take(request: PlannedRequest, bytes: Uint8Array): void {
    const out = this.#out;
    for (const index of request.values) {
      const value = this.values[index]!;
      const raw = this.#read[index]!(bytes, value.address - request.address);
      this.#seen[index] = 1;
      this.#raw[index] = typeof raw === "number" ? raw : Number.NaN;
      if (value.decode === undefined) continue;
      value.decode(raw, out);
      this.#value[index] = out.value;
      this.#reason[index] = refine(value, raw, out.reason);
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
    this.#applyStatuses();
    for (let i = 0; i < this.values.length; i++) {
      const channel = this.values[i]!.channel;
      if (channel !== NO_CHANNEL) batch.add(channel, this.#value[i]!, this.#reason[i]!);
    }
  }

  /** Value and reason of one position, after `finish`. */
  result(index: number): { value: number; reason: Reason } {
    return { value: this.#value[index]!, reason: this.#reason[index]! };
  }

  #applyStatuses(): void {
    if (this.#statuses.length === 0) return;
    this.#status.fill(REASON.good);
    for (const status of this.#statuses) {
      const raw = this.#raw[status.source]!;
      if (this.#seen[status.source] === 0 || Number.isNaN(raw)) {
        // Unknown status: a value beside it may raise an alarm and must not clear one.
        this.#spread(status, REASON.uncertain);
        continue;
      }
      for (const condition of status.conditions) {
        if (condition.holds(raw)) this.#spread(status, condition.reason);
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

  #spread(status: GroupStatus, reason: Reason): void {
    const out = this.#out;
    for (const index of status.affected) {
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

function reader(value: GroupValue): (bytes: Uint8Array, offset: number) => number | string {
  if (isBitTable(value.table)) return readBit;
  if (value.format.type === "string") {
    const read = compileTextReader(value.format);
    return (bytes, offset) => read(bytes, offset * BYTES_PER_REGISTER);
  }
  const read = compileReader(value.format);
  return (bytes, offset) => read(bytes, offset * BYTES_PER_REGISTER);
}

/** What only the wire format knows about a decoded value. */
function refine(value: GroupValue, raw: number | string, reason: Reason): Reason {
  const { type } = value.format;
  // Digits above 9 are no number that the instrument meant to send.
  if (reason === REASON.not_a_number && (type === "bcd16" || type === "bcd32")) return REASON.undecodable;
  if (reason === REASON.good && typeof raw === "number" && !isExact(type, raw)) return REASON.not_accurate;
  return reason;
}
