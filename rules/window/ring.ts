import type { Micros } from "../../model/time.ts";
import { type PackedColumn, packColumn, unpackColumn } from "./packed-column.ts";

/**
 * Most readings that one window may hold: 25 bytes each, so that the greatest window costs 3.3 MB. `check` refuses a window that
 * would need more at the stated period; of an instrument that is faster than stated, the oldest readings leave early.
 */
export const MOST_READINGS = 131_072;
/** Room that a ring starts with. */
const FIRST_CAPACITY = 16;

/** What outlives a restart; JSON-safe. */
export interface RingState {
  readonly time: PackedColumn;
  readonly value: PackedColumn;
  readonly stands: PackedColumn;
  /** Positions of uncertain readings, each after a space. */
  readonly doubtful: string;
}

/**
 * The readings of one subject, oldest first, each with a sequence number that never changes while it is kept. Column `x` of
 * reading `seq` is `ring.x[seq & ring.mask]`.
 */
export class Ring {
  /** When it was measured, µs; never decreasing. */
  time = new Float64Array(FIRST_CAPACITY);
  value = new Float64Array(FIRST_CAPACITY);
  /** For how long before its time it stands, µs: whole, so that they add up exactly. */
  stands = new Float64Array(FIRST_CAPACITY);
  /** 1: good, 0: uncertain. */
  good = new Uint8Array(FIRST_CAPACITY);
  mask = FIRST_CAPACITY - 1;
  /** Sequence number of the oldest reading kept. */
  first = 0;
  /** Sequence number of the next reading. */
  next = 0;

  get length(): number {
    return this.next - this.first;
  }

  /** Whether the oldest reading must go before another can come. */
  get full(): boolean {
    return this.next - this.first >= MOST_READINGS;
  }

  /** Appends a reading; the ring must not be full. */
  push(time: Micros, value: number, { stands, good }: { stands: Micros; good: boolean }): void {
    if (this.next - this.first > this.mask) this.#grow();
    const i = this.next++ & this.mask;
    this.time[i] = time;
    this.value[i] = value;
    this.stands[i] = stands;
    this.good[i] = good ? 1 : 0;
  }

  /** Forgets the readings before `seq`. */
  forgetBefore(seq: number): void {
    if (seq > this.first) this.first = seq;
  }

  /** Moves every reading by a span of time: the clock they were dated by was set. */
  shift(by: Micros): void {
    for (let seq = this.first; seq < this.next; seq++) this.time[seq & this.mask]! += by;
  }

  state(): RingState {
    const { first, length, mask } = this;
    const begin = first & mask;
    const wrapped = begin + length - (mask + 1);
    const order = (from: Float64Array) => {
      if (wrapped <= 0) return packColumn(from.subarray(begin), length);
      const column = new Float64Array(length);
      column.set(from.subarray(begin));
      column.set(from.subarray(0, wrapped), length - wrapped);
      return packColumn(column, length);
    };
    let doubtful = "";
    for (let seq = first; seq < this.next; seq++)
      if (this.good[seq & mask] === 0) doubtful += ` ${seq - first}`;
    return { time: order(this.time), value: order(this.value), stands: order(this.stands), doubtful };
  }

  /** Takes up a state; sequence numbers begin anew. */
  restore(state: RingState): void {
    const time = unpackColumn(state.time);
    const value = unpackColumn(state.value);
    const stands = unpackColumn(state.stands);
    const doubtful = new Set(state.doubtful.split(" ").slice(1).map(Number));
    for (let i = 0; i < time.length && !this.full; i++) {
      this.push(time[i]!, value[i]!, { stands: stands[i]!, good: !doubtful.has(i) });
    }
  }

  #grow(): void {
    const { length, first, mask } = this;
    const capacity = (mask + 1) * 2;
    const order = <Column extends Float64Array | Uint8Array>(from: Column, into: Column): Column => {
      for (let i = 0; i < length; i++) into[(first + i) & (capacity - 1)] = from[(first + i) & mask]!;
      return into;
    };
    this.time = order(this.time, new Float64Array(capacity));
    this.value = order(this.value, new Float64Array(capacity));
    this.stands = order(this.stands, new Float64Array(capacity));
    this.good = order(this.good, new Uint8Array(capacity));
    this.mask = capacity - 1;
  }
}
