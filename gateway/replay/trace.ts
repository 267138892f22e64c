import { BAD, qualityOf } from "../../model/quality.ts";
import { FLAG_LATE, type ReadingBatch } from "../../model/reading.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";

/** Buckets of time that a series is kept in, at most: more than a plot has pixels. */
const BUCKETS = 1_024;
/** Series that are kept: 8 MB. */
const MOST_SERIES = 500;
/** Width of a bucket to begin with. */
const FIRST_WIDTH: Micros = 10 * MILLISECOND;

interface Extremes {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Lowest and highest usable value of each channel in buckets of time, all of one width. It doubles whenever the recording outgrows the
 * buckets: a month takes the room of an hour.
 */
export class Trace {
  readonly #wanted: ReadonlySet<number>;
  readonly #series = new Map<number, Extremes>();
  #from: Micros = Number.NaN;
  #width: Micros = FIRST_WIDTH;

  /** `wanted`: channels worth a plot; the first 500 that are heard are kept. */
  constructor(wanted: ReadonlySet<number>) {
    this.#wanted = wanted;
  }

  /** Begin of the first bucket, and width of each, µs. */
  get grid(): { readonly from: Micros; readonly width: Micros; readonly buckets: number } {
    return { from: this.#from, width: this.#width, buckets: BUCKETS };
  }

  /** Channels that are kept, in the order in which they were first heard. */
  channels(): number[] {
    return [...this.#series.keys()];
  }

  /** NaN in a bucket without a usable value. */
  series(channel: number): Extremes | undefined {
    return this.#series.get(channel);
  }

  /** For a playback: takes in what the rules have seen. What is late, or not usable, is left out. */
  note(batch: ReadingBatch, received: Micros): void {
    if (Number.isNaN(this.#from)) this.#from = received;
    let bucket = Math.floor((received - this.#from) / this.#width);
    while (bucket >= BUCKETS) {
      this.#fold();
      bucket = Math.floor((received - this.#from) / this.#width);
    }
    const { channel, value, reason, flags } = batch;
    for (let i = 0; i < batch.length; i++) {
      const v = value[i]!;
      if (!Number.isFinite(v) || (flags[i]! & FLAG_LATE) !== 0 || qualityOf(reason[i]!) === BAD) continue;
      const own = this.#series.get(channel[i]!) ?? this.#begin(channel[i]!);
      if (own === undefined) continue;
      if (!(own.low[bucket]! <= v)) own.low[bucket] = v;
      if (!(own.high[bucket]! >= v)) own.high[bucket] = v;
    }
  }

  #begin(channel: number): Extremes | undefined {
    if (!this.#wanted.has(channel) || this.#series.size >= MOST_SERIES) return undefined;
    const column = () => new Float64Array(BUCKETS).fill(Number.NaN);
    const own = { low: column(), high: column() };
    this.#series.set(channel, own);
    return own;
  }

  /** Two buckets become one. */
  #fold(): void {
    this.#width *= 2;
    for (const { low, high } of this.#series.values()) {
      for (let i = 0; i < BUCKETS / 2; i++) {
        low[i] = lesser(low[2 * i]!, low[2 * i + 1]!);
        high[i] = -lesser(-high[2 * i]!, -high[2 * i + 1]!);
      }
      low.fill(Number.NaN, BUCKETS / 2);
      high.fill(Number.NaN, BUCKETS / 2);
    }
  }
}

function lesser(a: number, b: number): number {
  return Number.isNaN(a) || b < a ? b : a;
}
