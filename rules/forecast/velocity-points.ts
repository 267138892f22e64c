import { DAY, type Micros } from "../../model/time.ts";
import { type PackedColumn, packColumn, unpackColumn } from "../window/packed-column.ts";

/** Most points that are kept: 24 bytes each. */
export const MOST_POINTS = 240;
/** Share of a step that its readings must span for their slope to be that of the step. */
const LEAST_SPAN = 0.5;

/** JSON-safe. */
export interface VelocityPointsState {
  readonly time: PackedColumn;
  readonly velocity: PackedColumn;
  readonly good: PackedColumn;
  /** Of the step that is under way: its begin, first value, first and last time, whether all was good; its sums. */
  readonly step: readonly (number | null)[];
}

/**
 * Velocities of a displacement, one for each step of time: the slope by least squares of the readings of that step alone, so that
 * no two share a reading and a line through them may take them as independent.
 */
export class VelocityPoints {
  readonly #length: Micros;
  readonly #minSamples: number;
  readonly #span: Micros;
  /** When each is, µs; its velocity per day; 1: from good readings alone. */
  time: number[] = [];
  velocity: number[] = [];
  good: number[] = [];
  /** NaN: none is under way. */
  #begin = Number.NaN;
  #value = 0;
  #first = 0;
  #last = 0;
  #allGood = 1;
  /** Sums of the step's readings: times in days since its begin, values since its first. */
  #n = 0;
  #t = 0;
  #v = 0;
  #tt = 0;
  #tv = 0;

  /** `length` of a step; `span`: points older than this are forgotten. */
  constructor({ length, minSamples, span }: { length: Micros; minSamples: number; span: Micros }) {
    this.#length = length;
    this.#minSamples = minSamples;
    this.#span = span;
  }

  /** Takes a reading, not older than the last. Says whether a point has come or gone. */
  take(time: Micros, value: number, good: boolean): boolean {
    let changed = false;
    if (Number.isNaN(this.#begin)) this.#open(time, value);
    else if (time >= this.#begin + this.#length) {
      changed = this.#close();
      const steps = Math.floor((time - this.#begin) / this.#length);
      this.#open(this.#begin + steps * this.#length, value);
    }
    if (this.#n === 0) this.#first = time;
    this.#last = time;
    if (!good) this.#allGood = 0;
    const t = (time - this.#begin) / DAY;
    const v = value - this.#value;
    this.#n++;
    this.#t += t;
    this.#v += v;
    this.#tt += t * t;
    this.#tv += t * v;
    while (this.time.length > 0 && this.time[0]! <= time - this.#span) {
      this.#forgetFirst();
      changed = true;
    }
    return changed;
  }

  /** Moves all by a span of time: the clock that readings are dated by was set. */
  shift(by: Micros): void {
    this.time = this.time.map((time) => time + by);
    this.#begin += by;
    this.#first += by;
    this.#last += by;
  }

  state(): VelocityPointsState {
    const pack = (column: readonly number[]) => packColumn(Float64Array.from(column), column.length);
    const begin = Number.isNaN(this.#begin) ? null : this.#begin;
    return {
      time: pack(this.time),
      velocity: pack(this.velocity),
      good: pack(this.good),
      step: [
        begin,
        this.#value,
        this.#first,
        this.#last,
        this.#allGood,
        this.#n,
        this.#t,
        this.#v,
        this.#tt,
        this.#tv,
      ],
    };
  }

  restore(state: VelocityPointsState): void {
    this.time = Array.from(unpackColumn(state.time));
    this.velocity = Array.from(unpackColumn(state.velocity));
    this.good = Array.from(unpackColumn(state.good));
    const at = (i: number) => state.step[i] ?? 0;
    this.#begin = state.step[0] ?? Number.NaN;
    this.#value = at(1);
    this.#first = at(2);
    this.#last = at(3);
    this.#allGood = at(4);
    this.#n = at(5);
    this.#t = at(6);
    this.#v = at(7);
    this.#tt = at(8);
    this.#tv = at(9);
  }

  #open(begin: Micros, value: number): void {
    this.#begin = begin;
    this.#value = value;
    this.#allGood = 1;
    this.#n = 0;
    this.#t = 0;
    this.#v = 0;
    this.#tt = 0;
    this.#tv = 0;
  }

  /** The step is over: its slope, if it held enough readings. */
  #close(): boolean {
    const n = this.#n;
    const spread = n * this.#tt - this.#t * this.#t;
    const spans = this.#last - this.#first >= LEAST_SPAN * this.#length;
    if (n < this.#minSamples || !spans || !(spread > 0)) return false;
    if (this.time.length >= MOST_POINTS) this.#forgetFirst();
    this.time.push(this.#begin + Math.round((this.#t / n) * DAY));
    this.velocity.push((n * this.#tv - this.#t * this.#v) / spread);
    this.good.push(this.#allGood);
    return true;
  }

  #forgetFirst(): void {
    this.time.shift();
    this.velocity.shift();
    this.good.shift();
  }
}
