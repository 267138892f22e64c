/** Decimals that a sum is rounded to before it is compared (semantics.md 18). */
const DECIMALS = 1e9;
/** Above this, 9 decimals are finer than a double can tell, and rounding would only add noise. */
const ROUNDED_BELOW = Number.MAX_SAFE_INTEGER / DECIMALS;

/** Rounds to 9 decimals, as far as a double has them. */
export function rounded(value: number): number {
  return Math.abs(value) < ROUNDED_BELOW ? Math.round(value * DECIMALS) / DECIMALS : value;
}

/**
 * A sum that terms enter and leave for years without drifting: the rounding error of each step is kept beside it (Neumaier 1974,
 * *Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen*).
 */
export class CompensatedSum {
  #sum = 0;
  #error = 0;

  add(term: number): void {
    const before = this.#sum;
    const after = before + term;
    this.#error += Math.abs(before) >= Math.abs(term) ? before - after + term : term - after + before;
    this.#sum = after;
  }

  get value(): number {
    return this.#sum + this.#error;
  }

  clear(): void {
    this.#sum = 0;
    this.#error = 0;
  }

  /** Both parts, so that a restored sum goes on to the last bit. */
  state(): [sum: number, error: number] {
    return [this.#sum, this.#error];
  }

  restore([sum, error]: readonly [number, number]): void {
    this.#sum = sum;
    this.#error = error;
  }
}
