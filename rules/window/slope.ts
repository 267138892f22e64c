import type { Micros } from "../../model/time.ts";
import { CompensatedSum, rounded } from "./compensated-sum.ts";
import type { Fold } from "./fold.ts";
import type { Ring } from "./ring.ts";

/** After so many window lengths the origin of time moves on and the sums are made anew from the readings. */
const WINDOWS_PER_ORIGIN = 16;

/** Slope of the straight line through the readings by least squares (semantics.md 19), per `base`. */
export class SlopeFold implements Fold {
  readonly #span: Micros;
  readonly #base: Micros;
  #count = 0;
  /** Sums are taken about an origin near the readings, times in units of `base`, so that no digits are lost. */
  #originTime = 0;
  #originValue = 0;
  /** Sequence number from which on the sums hold, to make them anew. */
  #head = 0;
  readonly #t = new CompensatedSum();
  readonly #v = new CompensatedSum();
  readonly #tt = new CompensatedSum();
  readonly #tv = new CompensatedSum();

  constructor(span: Micros, base: Micros) {
    this.#span = span;
    this.#base = base;
  }

  enter(ring: Ring, seq: number): void {
    const i = seq & ring.mask;
    if (this.#count === 0) this.#begin(ring, seq);
    else if (ring.time[i]! - this.#originTime > WINDOWS_PER_ORIGIN * this.#span) this.#renew(ring, seq);
    this.#count++;
    this.#add(ring, seq, 1);
  }

  leave(ring: Ring, seq: number): void {
    this.#count--;
    this.#head = seq + 1;
    this.#add(ring, seq, -1);
  }

  value(): number {
    const n = this.#count;
    const t = this.#t.value;
    const spread = n * this.#tt.value - t * t;
    // All at one instant: there is no line.
    if (n < 2 || !(spread > 0)) return Number.NaN;
    return rounded((n * this.#tv.value - t * this.#v.value) / spread);
  }

  shift(by: Micros): void {
    this.#originTime += by;
  }

  state(): readonly number[] {
    return [
      this.#count,
      this.#originTime,
      this.#originValue,
      ...this.#t.state(),
      ...this.#v.state(),
      ...this.#tt.state(),
      ...this.#tv.state(),
    ];
  }

  restore(state: readonly number[]): void {
    const [count = 0, time = 0, value = 0] = state;
    const pair = (at: number): [number, number] => [state[at] ?? 0, state[at + 1] ?? 0];
    this.#count = count;
    this.#originTime = time;
    this.#originValue = value;
    this.#t.restore(pair(3));
    this.#v.restore(pair(5));
    this.#tt.restore(pair(7));
    this.#tv.restore(pair(9));
  }

  #begin(ring: Ring, seq: number): void {
    const i = seq & ring.mask;
    this.#head = seq;
    this.#originTime = ring.time[i]!;
    this.#originValue = ring.value[i]!;
    for (const sum of [this.#t, this.#v, this.#tt, this.#tv]) sum.clear();
  }

  #renew(ring: Ring, before: number): void {
    const head = this.#head;
    this.#begin(ring, head);
    for (let seq = head; seq < before; seq++) this.#add(ring, seq, 1);
  }

  #add(ring: Ring, seq: number, sign: 1 | -1): void {
    const i = seq & ring.mask;
    const t = (ring.time[i]! - this.#originTime) / this.#base;
    const v = ring.value[i]! - this.#originValue;
    this.#t.add(sign * t);
    this.#v.add(sign * v);
    this.#tt.add(sign * (t * t));
    this.#tv.add(sign * (t * v));
  }
}
