/** Figures of one kind, and what is usually asked of them. */
export class Samples {
  readonly #sorted: Float64Array;

  constructor(values: readonly number[]) {
    this.#sorted = Float64Array.from(values).sort();
  }

  get count(): number {
    return this.#sorted.length;
  }

  /** Nearest-rank percentile; `part` from 0 to 1. NaN when there are none. */
  percentile(part: number): number {
    const rank = Math.max(1, Math.ceil(part * this.#sorted.length));
    return this.#sorted[rank - 1] ?? Number.NaN;
  }

  get median(): number {
    return this.percentile(0.5);
  }

  get greatest(): number {
    return this.percentile(1);
  }
}
