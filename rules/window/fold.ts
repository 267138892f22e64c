import { type Micros, SECOND } from "../../model/time.ts";
import { CompensatedSum, rounded } from "./compensated-sum.ts";
import type { Ring } from "./ring.ts";

/** A window as a fold sees it. */
export interface FoldView {
  readonly ring: Ring;
  /** Sequence number of the oldest reading inside; the newest is the ring's last. */
  readonly head: number;
  /** Where the window ends, µs. */
  readonly end: Micros;
  /** How much of what the first reading stands for lies before the window, µs. */
  readonly overhang: Micros;
}

/** Makes one number of the readings in a window, as readings enter at its end and leave at its beginning. */
export interface Fold {
  enter(ring: Ring, seq: number): void;
  leave(ring: Ring, seq: number): void;
  /** What the readings inside come to; NaN: to nothing. */
  value(view: FoldView): number;
  /** When that changes next though no reading leaves; for folds that weigh parts of the window apart. */
  changes?(view: FoldView): Micros;
  /** Every reading was moved by a span of time, µs; for folds that keep times. */
  shift?(by: Micros): void;
  /** Whether the last value rests on a reading that was uncertain, for folds of few readings. */
  readonly doubtful?: boolean;
  /** There was no last value because it is known to lie below all that could raise, for folds that say nothing about such. */
  readonly harmless?: boolean;
  /** What a restart must not recompute, because sums of another history differ in their last bit; empty when there is nothing. */
  state(): readonly number[];
  restore(state: readonly number[]): void;
}

/** Σ value. */
export class SumFold implements Fold {
  readonly #sum = new CompensatedSum();

  enter(ring: Ring, seq: number): void {
    this.#sum.add(ring.value[seq & ring.mask]!);
  }

  leave(ring: Ring, seq: number): void {
    this.#sum.add(-ring.value[seq & ring.mask]!);
  }

  value(): number {
    return rounded(this.#sum.value);
  }

  state(): readonly number[] {
    return this.#sum.state();
  }

  restore([sum = 0, error = 0]: readonly number[]): void {
    this.#sum.restore([sum, error]);
  }
}

export type MomentKind = "mean" | "rms" | "deviation";

/**
 * Mean, root mean square, or standard deviation (n − 1) of the readings, each counted once. Sums are taken about an origin near
 * the values, so that a small spread on a large value keeps its digits.
 */
export class MomentFold implements Fold {
  readonly #kind: MomentKind;
  readonly #first = new CompensatedSum();
  readonly #second = new CompensatedSum();
  #count = 0;
  /** The first value since the window was empty. */
  #origin = 0;

  constructor(kind: MomentKind) {
    this.#kind = kind;
  }

  enter(ring: Ring, seq: number): void {
    const value = ring.value[seq & ring.mask]!;
    if (this.#count === 0) {
      this.#origin = this.#kind === "rms" ? 0 : value;
      this.#first.clear();
      this.#second.clear();
    }
    this.#count++;
    const distance = value - this.#origin;
    this.#first.add(distance);
    this.#second.add(distance * distance);
  }

  leave(ring: Ring, seq: number): void {
    this.#count--;
    const distance = ring.value[seq & ring.mask]! - this.#origin;
    this.#first.add(-distance);
    this.#second.add(-distance * distance);
  }

  value(): number {
    const n = this.#count;
    const sum = this.#first.value;
    switch (this.#kind) {
      case "mean":
        return n === 0 ? Number.NaN : rounded(this.#origin + sum / n);
      case "rms":
        return n === 0 ? Number.NaN : rounded(Math.sqrt(Math.max(0, this.#second.value / n)));
      case "deviation":
        return n < 2
          ? Number.NaN
          : rounded(Math.sqrt(Math.max(0, (this.#second.value - (sum * sum) / n) / (n - 1))));
    }
  }

  state(): readonly number[] {
    return [this.#count, this.#origin, ...this.#first.state(), ...this.#second.state()];
  }

  restore([count = 0, origin = 0, a = 0, b = 0, c = 0, d = 0]: readonly number[]): void {
    this.#count = count;
    this.#origin = origin;
    this.#first.restore([a, b]);
    this.#second.restore([c, d]);
  }
}

/**
 * The greatest value (`sign` 1) or the smallest (−1): of the readings only those that no later one outdoes are kept, so that a
 * reading costs a constant on average.
 */
export class ExtremeFold implements Fold {
  readonly #sign: 1 | -1;
  /** Sequence numbers, their values falling from the front to the back. */
  #candidates = new Float64Array(16);
  #front = 0;
  #back = 0;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  enter(ring: Ring, seq: number): void {
    const value = ring.value[seq & ring.mask]! * this.#sign;
    const mask = this.#candidates.length - 1;
    while (this.#back > this.#front) {
      const last = this.#candidates[(this.#back - 1) & mask]!;
      if (ring.value[last & ring.mask]! * this.#sign > value) break;
      this.#back--;
    }
    if (this.#back - this.#front > mask) this.#grow();
    this.#candidates[this.#back++ & (this.#candidates.length - 1)] = seq;
  }

  leave(_ring: Ring, seq: number): void {
    if (this.#back > this.#front && this.#candidates[this.#front & (this.#candidates.length - 1)] === seq) {
      this.#front++;
    }
  }

  value({ ring }: FoldView): number {
    if (this.#back === this.#front) return Number.NaN;
    return ring.value[this.#candidates[this.#front & (this.#candidates.length - 1)]! & ring.mask]!;
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}

  #grow(): void {
    const mask = this.#candidates.length - 1;
    const grown = new Float64Array((mask + 1) * 2);
    for (let i = this.#front; i < this.#back; i++)
      grown[i & (grown.length - 1)] = this.#candidates[i & mask]!;
    this.#candidates = grown;
  }
}

/**
 * Time-weighted mean of an exposure: a reading stands for the time since the one before it, and the sum is divided by the time
 * so covered (semantics.md 20).
 */
export class ExposureFold implements Fold {
  /** Σ value × time it stands for, and Σ of those times; seconds. */
  readonly #dose = new CompensatedSum();
  #covered = 0;

  enter(ring: Ring, seq: number): void {
    const i = seq & ring.mask;
    this.#covered += ring.stands[i]!;
    this.#dose.add(ring.value[i]! * (ring.stands[i]! / SECOND));
  }

  leave(ring: Ring, seq: number): void {
    const i = seq & ring.mask;
    this.#covered -= ring.stands[i]!;
    this.#dose.add(-ring.value[i]! * (ring.stands[i]! / SECOND));
  }

  value({ ring, head, overhang }: FoldView): number {
    const covered = this.#covered - overhang;
    if (covered <= 0) return Number.NaN;
    const before = overhang === 0 ? 0 : ring.value[head & ring.mask]! * (overhang / SECOND);
    return rounded((this.#dose.value - before) / (covered / SECOND));
  }

  state(): readonly number[] {
    return [this.#covered, ...this.#dose.state()];
  }

  restore([covered = 0, sum = 0, error = 0]: readonly number[]): void {
    this.#covered = covered;
    this.#dose.restore([sum, error]);
  }
}

/** The newest reading, moved by an offset: a level in its datum. */
export class LatestFold implements Fold {
  readonly #offset: number;

  constructor(offset: number) {
    this.#offset = offset;
  }

  enter(): void {}

  leave(): void {}

  value({ ring, head }: FoldView): number {
    return head < ring.next ? rounded(ring.value[(ring.next - 1) & ring.mask]! + this.#offset) : Number.NaN;
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}
}

/** How far the newest reading is from the one before it, whichever way. */
export class StepFold implements Fold {
  doubtful = false;

  enter(): void {}

  leave(): void {}

  value({ ring, head }: FoldView): number {
    if (ring.next - head < 2) return Number.NaN;
    const [before, newest] = [(ring.next - 2) & ring.mask, (ring.next - 1) & ring.mask];
    this.doubtful = ring.good[before] === 0;
    return rounded(Math.abs(ring.value[newest]! - ring.value[before]!));
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}
}
