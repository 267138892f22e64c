import type { Micros } from "../../model/time.ts";
import { NEVER } from "../timer-queue.ts";
import type { Fold, FoldView } from "./fold.ts";
import type { Ring } from "./ring.ts";

/**
 * A window (t − span, t] of a ring (semantics.md 16): which readings lie in it, what their fold makes of them, and for how much
 * of it readings stand. It moves with t, forwards as a rule and back when a delayed reading comes after time alone has moved it.
 */
export class Stretch implements FoldView {
  readonly span: Micros;
  readonly fold: Fold;
  readonly ring: Ring;
  /** Sequence number of the oldest reading inside. */
  head = 0;
  end: Micros = Number.NEGATIVE_INFINITY;
  /** Σ of what the readings inside stand for, µs; and of the good ones alone. Whole numbers: they never drift. */
  #stands = 0;
  #good = 0;
  /** No reading inside before this one is other than 0. */
  #counts = 0;

  constructor(ring: Ring, { span, fold }: { span: Micros; fold: Fold }) {
    this.ring = ring;
    this.span = span;
    this.fold = fold;
    this.head = ring.first;
  }

  get count(): number {
    return this.ring.next - this.head;
  }

  get overhang(): Micros {
    const { ring } = this;
    if (this.head >= ring.next) return 0;
    const i = this.head & ring.mask;
    return Math.max(0, this.end - this.span - (ring.time[i]! - ring.stands[i]!));
  }

  /** Takes in the newest reading of the ring. */
  enter(): void {
    this.#take(this.ring.next - 1, 1);
  }

  /** The window now ends at `t`. */
  moveTo(t: Micros): void {
    this.end = t;
    const ring = this.ring;
    const begin = t - this.span;
    while (this.head < ring.next && ring.time[this.head & ring.mask]! <= begin) this.#take(this.head++, -1);
    while (this.head > ring.first && ring.time[(this.head - 1) & ring.mask]! > begin) {
      this.#take(--this.head, 1);
      this.#counts = this.head;
    }
  }

  /** Lets go of what is older than `seq`, whatever its time. */
  expelBefore(seq: number): void {
    while (this.head < seq) this.#take(this.head++, -1);
  }

  /** What the fold makes of the readings inside. */
  get value(): number {
    return this.fold.value(this);
  }

  /** Share of the window that readings stand for, 0 to 1. `tail`: what is known after the last of them, µs. */
  coverage(tail: Micros): number {
    return (this.#stands - this.overhang + tail) / this.span;
  }

  /** The same of good readings alone. */
  goodCoverage(tail: Micros): number {
    const ring = this.ring;
    const first = this.head < ring.next && ring.good[this.head & ring.mask] === 1;
    return (this.#good - (first ? this.overhang : 0) + tail) / this.span;
  }

  /** When the value changes next by time alone; NEVER when it does not. Readings of 0 leave without changing anything. */
  get changes(): Micros {
    const ring = this.ring;
    if (this.#counts < this.head) this.#counts = this.head;
    while (this.#counts < ring.next && ring.value[this.#counts & ring.mask] === 0) this.#counts++;
    const leaves = this.#counts < ring.next ? ring.time[this.#counts & ring.mask]! + this.span : NEVER;
    return this.fold.changes === undefined ? leaves : Math.min(leaves, this.fold.changes(this));
  }

  /** Every reading was moved by a span of time. */
  shift(by: Micros): void {
    this.end += by;
    this.fold.shift?.(by);
  }

  /** After the ring was restored: takes the readings in again, or the fold's own state where that is given. */
  restore(t: Micros, state: readonly number[]): void {
    const ring = this.ring;
    this.end = t;
    this.head = ring.first;
    while (this.head < ring.next && ring.time[this.head & ring.mask]! <= t - this.span) this.head++;
    for (let seq = this.head; seq < ring.next; seq++) this.#take(seq, 1);
    if (state.length > 0) this.fold.restore(state);
    // A fold that weighs parts of the window apart finds its place again.
    this.fold.value(this);
  }

  #take(seq: number, sign: 1 | -1): void {
    const ring = this.ring;
    const i = seq & ring.mask;
    this.#stands += sign * ring.stands[i]!;
    if (ring.good[i] === 1) this.#good += sign * ring.stands[i]!;
    if (sign === 1) this.fold.enter(ring, seq);
    else this.fold.leave(ring, seq);
  }
}
