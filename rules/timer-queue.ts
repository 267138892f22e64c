import type { Micros } from "../model/time.ts";

/**
 * Timers that end in one instant fire in this order (semantics.md 5). What leaves a window may end an alarm, so it comes after
 * on-delays and silence, and may begin an off-delay, so it comes before those.
 */
export const ON_DELAY = 0;
export const SILENCE = 1;
export const LEAVING = 2;
export const OFF_DELAY = 3;
/** What people did to an alarm ends by itself after everything else: the condition of that instant decides what becomes of it. */
export const SHELF_END = 4;
export const INHIBITION_END = 5;
export const SERVICE_END = 6;
export const PERMIT_END = 7;
export const RE_ALARM = 8;
export const CHATTER_END = 9;
export const FLOOD_END = 10;
export const PROOF_TEST = 11;
export const CASE_DUE = 12;
export const SELF_TEST = 13;
export type Phase =
  | typeof ON_DELAY
  | typeof SILENCE
  | typeof LEAVING
  | typeof OFF_DELAY
  | typeof SHELF_END
  | typeof INHIBITION_END
  | typeof SERVICE_END
  | typeof PERMIT_END
  | typeof RE_ALARM
  | typeof CHATTER_END
  | typeof FLOOD_END
  | typeof PROOF_TEST
  | typeof CASE_DUE
  | typeof SELF_TEST;

/** No deadline. */
export const NEVER: Micros = Number.POSITIVE_INFINITY;

/** What one timer is for. */
export interface TimerPurpose {
  readonly phase: Phase;
  /** Called at the deadline, by whoever drains the queue. */
  fire(at: Micros): void;
}

/**
 * All deadlines of the engine: one slot a timer, in a binary heap.
 *
 * Silence deadlines move away with every reading, so postponing must cost nothing: it only writes the deadline, and the heap
 * keeps the older, earlier key. When that key comes to the top, the timer is put back where it belongs. Firing order within one
 * instant is by phase and then by slot, never by when a timer was set, so that a restored engine fires in the same order.
 */
export class TimerQueue {
  readonly #purposes: TimerPurpose[] = [];
  #deadlines = new Float64Array(0);
  /** The key under which a timer stands in the heap; never later than its deadline. */
  #keys = new Float64Array(0);
  /** Position in the heap; -1: not in it. */
  #positions = new Int32Array(0);
  readonly #heap: number[] = [];
  #earliest: Micros = NEVER;

  /** Makes a timer and returns its slot. */
  add(purpose: TimerPurpose): number {
    const slot = this.#purposes.length;
    this.#purposes.push(purpose);
    if (slot >= this.#deadlines.length) this.#grow(Math.max(64, slot * 2));
    this.#deadlines[slot] = NEVER;
    this.#positions[slot] = -1;
    return slot;
  }

  deadline(slot: number): Micros {
    return this.#deadlines[slot]!;
  }

  purpose(slot: number): TimerPurpose {
    return this.#purposes[slot]!;
  }

  /** Sets or moves a deadline; NEVER cancels. */
  set(slot: number, deadline: Micros): void {
    this.#deadlines[slot] = deadline;
    if (this.#positions[slot]! < 0) {
      if (deadline === NEVER) return;
      this.#keys[slot] = deadline;
      this.#positions[slot] = this.#heap.length;
      this.#heap.push(slot);
      this.#up(this.#heap.length - 1);
    } else if (deadline < this.#keys[slot]!) {
      this.#keys[slot] = deadline;
      this.#up(this.#positions[slot]!);
    } else {
      return;
    }
    this.#earliest = this.#keys[this.#heap[0]!]!;
  }

  /** No timer has a deadline before this; the next one may be later. One comparison a message needs no more. */
  get earliest(): Micros {
    return this.#earliest;
  }

  /** The next deadline, NEVER when no timer runs. */
  next(): Micros {
    while (this.#heap.length > 0) {
      const top = this.#heap[0]!;
      const deadline = this.#deadlines[top]!;
      if (deadline === this.#keys[top]!) break;
      this.#remove();
      if (deadline !== NEVER) {
        this.#keys[top] = deadline;
        this.#positions[top] = this.#heap.length;
        this.#heap.push(top);
        this.#up(this.#heap.length - 1);
      }
    }
    this.#earliest = this.#heap.length === 0 ? NEVER : this.#keys[this.#heap[0]!]!;
    return this.#earliest;
  }

  /** Takes all timers that end at exactly `at`, which must be `next()`, in firing order. Their deadlines become NEVER. */
  take(at: Micros): number[] {
    const due: number[] = [];
    while (this.next() === at) {
      const slot = this.#heap[0]!;
      this.#remove();
      this.#deadlines[slot] = NEVER;
      due.push(slot);
    }
    return due.sort((a, b) => this.#purposes[a]!.phase - this.#purposes[b]!.phase || a - b);
  }

  #remove(): void {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    this.#positions[top] = -1;
    if (last !== top) {
      heap[0] = last;
      this.#positions[last] = 0;
      this.#down(0);
    }
  }

  #up(from: number): void {
    const heap = this.#heap;
    const slot = heap[from]!;
    const key = this.#keys[slot]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent]!;
      if (this.#keys[other]! <= key) break;
      heap[at] = other;
      this.#positions[other] = at;
      at = parent;
    }
    heap[at] = slot;
    this.#positions[slot] = at;
  }

  #down(from: number): void {
    const heap = this.#heap;
    const slot = heap[from]!;
    const key = this.#keys[slot]!;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#keys[heap[child + 1]!]! < this.#keys[heap[child]!]!) child++;
      const other = heap[child]!;
      if (this.#keys[other]! >= key) break;
      heap[at] = other;
      this.#positions[other] = at;
      at = child;
    }
    heap[at] = slot;
    this.#positions[slot] = at;
  }

  #grow(capacity: number): void {
    const deadlines = new Float64Array(capacity);
    deadlines.set(this.#deadlines);
    this.#deadlines = deadlines;
    const keys = new Float64Array(capacity);
    keys.set(this.#keys);
    this.#keys = keys;
    const positions = new Int32Array(capacity).fill(-1);
    positions.set(this.#positions);
    this.#positions = positions;
  }
}
