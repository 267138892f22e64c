import type { Micros } from "../../model/time.ts";
import { CompensatedSum } from "./compensated-sum.ts";
import { type PackedColumn, packColumn, unpackColumn } from "./packed-column.ts";

/** Room that a window starts with; it doubles as it needs more. */
const FIRST_CAPACITY = 64;
/** After so many times the samples of a window the sums are made anew about the present mean, so that a drift costs no digits. */
const WINDOWS_PER_ORIGIN = 16;

/** What outlives a restart; JSON-safe. */
export interface MovingPowerState {
  readonly time: PackedColumn;
  readonly value: PackedColumn;
  readonly origin: number;
  readonly sum: readonly [number, number];
  readonly squares: readonly [number, number];
  readonly entered: number;
}

/**
 * The samples of a waveform in a window (t − span, t], and the sums that their mean and their power come from: 16 bytes a sample,
 * a constant number of steps for each that enters. The sums are compensated, so that a year of samples leaves no residue that
 * would pass for noise.
 */
export class MovingPower {
  readonly #span: Micros;
  readonly #maxGap: Micros;
  readonly #most: number;
  #time = new Float64Array(FIRST_CAPACITY);
  #value = new Float64Array(FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #first = 0;
  #next = 0;
  /** Sums are taken about this value. */
  #origin = 0;
  readonly #sum = new CompensatedSum();
  readonly #squares = new CompensatedSum();
  /** Samples since the origin was chosen. */
  #entered = 0;
  /** Σ of the distances in time between neighbours, each for no more than `maxGap`, µs. */
  #covered = 0;
  /** Neighbours that differ. Where none do, the power is 0 exactly, whatever rounding has left in the sums. */
  #changes = 0;

  /** `most`: samples there is room for; of a faster instrument the oldest leave early. */
  constructor({ span, maxGap, most }: { span: Micros; maxGap: Micros; most: number }) {
    this.#span = span;
    this.#maxGap = maxGap;
    this.#most = most;
  }

  get count(): number {
    return this.#next - this.#first;
  }

  /** Share of the window that samples stand for, 0 to 1. */
  get coverage(): number {
    return this.#covered / this.#span;
  }

  /** Mean of the samples inside; NaN: there are none. */
  get mean(): number {
    return this.count === 0 ? Number.NaN : this.#origin + this.#sum.value / this.count;
  }

  /** Mean of (value − centre)²; NaN: there are no samples. */
  power(centre: number): number {
    const n = this.count;
    if (n === 0) return Number.NaN;
    const distance = centre - this.#origin;
    if (this.#changes === 0) {
      const apart = this.#value[this.#first & this.#mask]! - centre;
      return apart * apart;
    }
    return Math.max(0, this.#squares.value / n - 2 * distance * (this.#sum.value / n) + distance * distance);
  }

  /** Takes in a sample, not older than the newest, and lets go of those that are `span` old then. */
  enter(time: Micros, value: number): void {
    this.moveTo(time);
    if (this.count >= this.#most) this.#leave();
    if (this.count > this.#mask) this.#grow();
    if (this.count === 0) this.#begin(value);
    else {
      if (this.#entered >= WINDOWS_PER_ORIGIN * this.count && this.#entered >= FIRST_CAPACITY) this.#renew();
      const last = (this.#next - 1) & this.#mask;
      this.#covered += Math.min(time - this.#time[last]!, this.#maxGap);
      if (value !== this.#value[last]!) this.#changes++;
    }
    const i = this.#next++ & this.#mask;
    this.#time[i] = time;
    this.#value[i] = value;
    this.#add(value, 1);
    this.#entered++;
  }

  /** The window now ends at `t`. */
  moveTo(t: Micros): void {
    const begin = t - this.#span;
    while (this.#first < this.#next && this.#time[this.#first & this.#mask]! <= begin) this.#leave();
  }

  /** Moves every sample by a span of time: the clock they were dated by was set. */
  shift(by: Micros): void {
    for (let seq = this.#first; seq < this.#next; seq++) this.#time[seq & this.#mask]! += by;
  }

  /** Forgets all samples. */
  clear(): void {
    this.#first = this.#next;
    this.#covered = 0;
    this.#changes = 0;
    this.#sum.clear();
    this.#squares.clear();
  }

  state(): MovingPowerState {
    const { count } = this;
    return {
      time: packColumn(this.#ordered(this.#time, count), count),
      value: packColumn(this.#ordered(this.#value, count), count),
      origin: this.#origin,
      sum: this.#sum.state(),
      squares: this.#squares.state(),
      entered: this.#entered,
    };
  }

  restore(state: MovingPowerState): void {
    const time = unpackColumn(state.time);
    const value = unpackColumn(state.value);
    this.clear();
    for (let i = Math.max(0, time.length - this.#most); i < time.length; i++) {
      if (this.count > this.#mask) this.#grow();
      if (this.count > 0) {
        this.#covered += Math.min(time[i]! - time[i - 1]!, this.#maxGap);
        if (value[i] !== value[i - 1]) this.#changes++;
      }
      const at = this.#next++ & this.#mask;
      this.#time[at] = time[i]!;
      this.#value[at] = value[i]!;
    }
    this.#origin = state.origin;
    this.#sum.restore(state.sum);
    this.#squares.restore(state.squares);
    this.#entered = state.entered;
  }

  #begin(origin: number): void {
    this.#origin = origin;
    this.#entered = 0;
    this.#sum.clear();
    this.#squares.clear();
  }

  #renew(): void {
    this.#begin(this.mean);
    for (let seq = this.#first; seq < this.#next; seq++) this.#add(this.#value[seq & this.#mask]!, 1);
  }

  #leave(): void {
    const i = this.#first & this.#mask;
    this.#add(this.#value[i]!, -1);
    this.#first++;
    if (this.#first === this.#next) return;
    const after = this.#first & this.#mask;
    this.#covered -= Math.min(this.#time[after]! - this.#time[i]!, this.#maxGap);
    if (this.#value[after] !== this.#value[i]) this.#changes--;
  }

  #add(value: number, sign: 1 | -1): void {
    const distance = value - this.#origin;
    this.#sum.add(sign * distance);
    this.#squares.add(sign * (distance * distance));
  }

  #ordered(from: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
    const ordered = new Float64Array(capacity);
    for (let i = 0; i < this.count; i++) ordered[i] = from[(this.#first + i) & this.#mask]!;
    return ordered;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const time = this.#ordered(this.#time, capacity);
    const value = this.#ordered(this.#value, capacity);
    this.#next = this.count;
    this.#first = 0;
    this.#time = time;
    this.#value = value;
    this.#mask = capacity - 1;
  }
}
