import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Input } from "../../rules/input.ts";
import type { CommandRecord } from "./command-record.ts";

/** An input of the rules that is no reading, with its place in the order of evaluation. */
export interface PlacedInput {
  /** Index of the message that it came before; `messages` when it came after the last one. */
  readonly before: number;
  readonly input: Input;
}

/**
 * What main hands to the writer at once: one page is one block in the open segment and is committed whole or not at all.
 *
 * Reading i has sequence `first + i`; input j has sequence `first + readings + j`; the next page begins behind them. Columns
 * may be longer than what is in use. Reading columns hold `readings` entries, message columns `messages`.
 */
export interface Page {
  readonly first: number;
  readonly readings: number;
  readonly series: Uint32Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
  /** µs, final: unique within the series. */
  readonly time: Float64Array;
  /** Readings whose own time was refused, by index in this page, ascending … */
  readonly claimedIndex: Uint32Array;
  /** … and the time that their instrument claimed, µs. */
  readonly claimed: Float64Array;
  /** Readings of one message were evaluated together. */
  readonly messages: number;
  /** One past the last reading of each message. */
  readonly end: Uint32Array;
  /** When each message was accepted, µs on the intake clock; non-decreasing. */
  readonly received: Float64Array;
  /** Identity of each message in its protocol; both halves 0: it has none. */
  readonly identityHigh: Uint32Array;
  readonly identityLow: Uint32Array;
  readonly inputs: readonly PlacedInput[];
  /** What the rules emitted while this page was evaluated: in the same commit as its cause. */
  readonly events: readonly AlarmEvent[];
  /** Commands that were answered meanwhile; absent when there were none. */
  readonly records?: readonly CommandRecord[];
}

/** What of a page the alarm log keeps. */
export type LoggedPage = Pick<Page, "first" | "events" | "records">;

/** Entries of a page that belong in the alarm log. */
export function loggedEntries(page: LoggedPage): number {
  return page.events.length + (page.records?.length ?? 0);
}

/** Sequence of the first record behind a page. */
export function pageEnd(page: Page): number {
  return page.first + page.readings + page.inputs.length;
}

/** Bytes that one reading, and one message, take in a page's columns. */
const READING_BYTES = 8 + 8 + 4 + 1 + 1;
const MESSAGE_BYTES = 8 + 4 + 4 + 4;
/** What an input or event weighs in memory, for bounds: they are small objects of some twenty short fields. */
const OBJECT_BYTES = 1_024;

/** Roughly what a page holds in memory, for the bound on what waits for the disk. */
export function pageBytes(page: Page): number {
  return (
    page.readings * READING_BYTES +
    page.messages * MESSAGE_BYTES +
    (page.inputs.length + loggedEntries(page)) * OBJECT_BYTES
  );
}

/** Room of a fresh page: what 20 ms bring at 50,000 readings a second. */
const FIRST_READINGS = 1_024;
const FIRST_MESSAGES = 1_024;
/** Buffers kept for reuse; more pages than this are in flight only while the disk stalls. */
const POOL_BUFFERS = 8;
/** A buffer that one burst has made larger than this is not kept. */
const POOL_BUFFER_BYTES = 4 * 2 ** 20;

interface Columns {
  readonly readings: number;
  readonly messages: number;
  readonly series: Uint32Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
  readonly time: Float64Array;
  readonly end: Uint32Array;
  readonly received: Float64Array;
  readonly identityHigh: Uint32Array;
  readonly identityLow: Uint32Array;
}

/** Columns side by side in one buffer, so that a page crosses threads as one transfer. The widest come first: alignment. */
function columns(readings: number, messages: number, buffer?: ArrayBuffer): Columns {
  const size = readings * READING_BYTES + messages * MESSAGE_BYTES;
  const room = buffer ?? new ArrayBuffer(size);
  let at = 0;
  const next = (bytes: number) => {
    const from = at;
    at += bytes;
    return from;
  };
  return {
    readings,
    messages,
    value: new Float64Array(room, next(readings * 8), readings),
    time: new Float64Array(room, next(readings * 8), readings),
    received: new Float64Array(room, next(messages * 8), messages),
    series: new Uint32Array(room, next(readings * 4), readings),
    end: new Uint32Array(room, next(messages * 4), messages),
    identityHigh: new Uint32Array(room, next(messages * 4), messages),
    identityLow: new Uint32Array(room, next(messages * 4), messages),
    reason: new Uint8Array(room, next(readings), readings),
    flags: new Uint8Array(room, next(readings), readings),
  };
}

/** Largest readings capacity, with as many messages, that fits a returned buffer. */
function fitting(buffer: ArrayBuffer): number {
  return Math.floor(buffer.byteLength / (READING_BYTES + MESSAGE_BYTES));
}

const NO_INDEX = new Uint32Array(0);
const NO_TIMES = new Float64Array(0);

/**
 * Fills pages in main, one message at a time, without allocating per reading. `take` hands the page over and goes on in
 * another buffer; buffers that the writer has finished with come back through `recycle`.
 */
export class PageBuilder {
  readonly #seriesOf: Uint32Array;
  readonly #pool: ArrayBuffer[] = [];
  #columns: Columns = columns(FIRST_READINGS, FIRST_MESSAGES);
  #first: number;
  #readings = 0;
  #messages = 0;
  #inputs: PlacedInput[] = [];
  #events: AlarmEvent[] = [];
  #records: CommandRecord[] = [];
  #claimedIndex: number[] = [];
  #claimed: number[] = [];

  /** `next`: sequence of the first record of the first page; `series`: series id of each channel, by channel index. */
  constructor(options: { next: number; series: Uint32Array }) {
    this.#first = options.next;
    this.#seriesOf = options.series;
  }

  /** Readings in the page so far. */
  get readings(): number {
    return this.#readings;
  }

  /** Messages in the page so far. */
  get messages(): number {
    return this.#messages;
  }

  /** Inputs, events and records of commands in the page so far. */
  get objects(): number {
    return this.#inputs.length + this.#events.length + this.#records.length;
  }

  /** Sequence that the next record gets. An input's own sequence is settled when its page is taken; it is below `next` by then. */
  get next(): number {
    return this.#first + this.#readings + this.#inputs.length;
  }

  /** Nothing to commit. */
  get empty(): boolean {
    return this.#readings === 0 && this.#messages === 0 && this.objects === 0;
  }

  /** Appends the readings of one message, evaluated together at `received`. */
  message(batch: ReadingBatch, received: Micros): void {
    const start = this.#readings;
    const end = start + batch.length;
    if (end > this.#columns.readings || this.#messages === this.#columns.messages) this.#grow(end);
    const to = this.#columns;
    const { channel, value, reason, flags, time } = batch;
    const seriesOf = this.#seriesOf;
    for (let i = start, j = 0; i < end; i++, j++) {
      to.series[i] = seriesOf[channel[j]!]!;
      to.value[i] = value[j]!;
      to.reason[i] = reason[j]!;
      to.flags[i] = flags[j]!;
      to.time[i] = time[j]!;
    }
    const m = this.#messages;
    to.end[m] = end;
    to.received[m] = received;
    to.identityHigh[m] = batch.identityHigh;
    to.identityLow[m] = batch.identityLow;
    this.#readings = end;
    this.#messages = m + 1;
  }

  /** Notes the refused time of a reading of the message appended last; `index` within that message, ascending. */
  claim(index: number, claimed: Micros): void {
    const start = this.#messages < 2 ? 0 : this.#columns.end[this.#messages - 2]!;
    this.#claimedIndex.push(start + index);
    this.#claimed.push(claimed);
  }

  /** Appends an input of the rules, evaluated behind the messages so far. */
  input(input: Input): void {
    this.#inputs.push({ before: this.#messages, input });
  }

  /** Appends an event that the rules emitted. */
  event(event: AlarmEvent): void {
    this.#events.push(event);
  }

  /** Appends what became of a command. */
  record(record: CommandRecord): void {
    this.#records.push(record);
  }

  /** The page so far; whoever takes it owns its buffers. */
  take(): Page {
    // A block is found by the sequence of its first record, so events and commands need one: the passing of time is a record.
    if (this.next === this.#first) {
      const at = this.#events.at(-1)?.time ?? this.#records.at(-1)?.at;
      if (at !== undefined) this.input({ kind: "tick", at });
    }
    const { series, value, reason, flags, time, end, received, identityHigh, identityLow } = this.#columns;
    const page: Page = {
      first: this.#first,
      readings: this.#readings,
      series,
      value,
      reason,
      flags,
      time,
      claimedIndex: this.#claimedIndex.length === 0 ? NO_INDEX : Uint32Array.from(this.#claimedIndex),
      claimed: this.#claimed.length === 0 ? NO_TIMES : Float64Array.from(this.#claimed),
      messages: this.#messages,
      end,
      received,
      identityHigh,
      identityLow,
      inputs: this.#inputs,
      events: this.#events,
      ...(this.#records.length === 0 ? {} : { records: this.#records }),
    };
    this.#first = pageEnd(page);
    this.#readings = 0;
    this.#messages = 0;
    this.#inputs = [];
    this.#events = [];
    if (this.#records.length > 0) this.#records = [];
    if (this.#claimed.length > 0) {
      this.#claimedIndex = [];
      this.#claimed = [];
    }
    const buffer = this.#pool.pop();
    this.#columns =
      buffer === undefined
        ? columns(FIRST_READINGS, FIRST_MESSAGES)
        : columns(fitting(buffer), fitting(buffer), buffer);
    return page;
  }

  /** Takes a buffer back for another page. */
  recycle(buffer: ArrayBuffer): void {
    const useful = fitting(buffer) >= FIRST_READINGS && buffer.byteLength <= POOL_BUFFER_BYTES;
    if (useful && this.#pool.length < POOL_BUFFERS) this.#pool.push(buffer);
  }

  #grow(readings: number): void {
    const from = this.#columns;
    const capacity = Math.max(from.readings * 2, 2 ** Math.ceil(Math.log2(Math.max(1, readings))));
    const to = columns(capacity, Math.max(from.messages * 2, capacity));
    to.series.set(from.series.subarray(0, this.#readings));
    to.value.set(from.value.subarray(0, this.#readings));
    to.reason.set(from.reason.subarray(0, this.#readings));
    to.flags.set(from.flags.subarray(0, this.#readings));
    to.time.set(from.time.subarray(0, this.#readings));
    to.end.set(from.end.subarray(0, this.#messages));
    to.received.set(from.received.subarray(0, this.#messages));
    to.identityHigh.set(from.identityHigh.subarray(0, this.#messages));
    to.identityLow.set(from.identityLow.subarray(0, this.#messages));
    this.#columns = to;
  }
}

/** The buffers behind a page's columns, each once: its transfer list. */
export function pageBuffers(page: Page): ArrayBuffer[] {
  const buffers = new Set<ArrayBufferLike>();
  for (const column of [
    page.series,
    page.value,
    page.reason,
    page.flags,
    page.time,
    page.end,
    page.received,
    page.identityHigh,
    page.identityLow,
  ]) {
    buffers.add(column.buffer);
  }
  // An empty claim shares one constant buffer, which must stay here; it is copied.
  if (page.claimed.length > 0) buffers.add(page.claimed.buffer).add(page.claimedIndex.buffer);
  return [...buffers].filter((buffer) => buffer instanceof ArrayBuffer);
}
