/** Neighbouring buckets differ by this factor, so that a quantile is within 1 % of a true value. */
const STEP = 1.02;
const LOG_STEP = Math.log(STEP);

/** How durations are spread. Unit of the durations. */
export interface SpreadView {
  readonly count: number;
  /** null: there was none. */
  readonly median: number | null;
  readonly p90: number | null;
  readonly max: number | null;
}

/**
 * Median, 90th percentile and maximum of durations, in bounded memory however many there are: a histogram whose buckets grow
 * with the value (some 1,600 of them reach from a millisecond to a century). Quantiles are within 1 %, the maximum is exact.
 */
export class Spread {
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #max = Number.NEGATIVE_INFINITY;

  /** Durations of 0 and less count as 0. */
  add(duration: number): void {
    this.#count++;
    this.#max = Math.max(this.#max, duration, 0);
    const bucket = duration <= 1 ? Number.NEGATIVE_INFINITY : Math.round(Math.log(duration) / LOG_STEP);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
  }

  view(): SpreadView {
    if (this.#count === 0) return { count: 0, median: null, p90: null, max: null };
    return { count: this.#count, median: this.#quantile(0.5), p90: this.#quantile(0.9), max: this.#max };
  }

  /** The smallest value that so many of all do not exceed (nearest rank). */
  #quantile(share: number): number {
    const rank = Math.ceil(share * this.#count);
    let seen = 0;
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      seen += this.#buckets.get(bucket)!;
      if (seen >= rank) return Math.min(this.#max, bucket === Number.NEGATIVE_INFINITY ? 0 : STEP ** bucket);
    }
    return this.#max;
  }
}
