import { BAD, GOOD } from "../model/quality.ts";
import type { Micros } from "../model/time.ts";
import { type Level, raising, type Verdict, verdictQuality } from "./conditions/condition.ts";
import { NONE } from "./grading.ts";

/** What outlives a restart; JSON-safe: since when each level raises in the late data (null: it does not), and what was told. */
export type LateState = readonly [since: readonly (Micros | null)[], told: number];

/**
 * Follows the late readings of one subject in their own time, so that a backlog tells each exceedance once. Quite apart from
 * the live alarm, which late data never touches (semantics.md 12).
 */
export class LateWatch {
  readonly #levels: readonly Level[];
  readonly #since: Float64Array;
  #told = 0;

  constructor(levels: readonly Level[]) {
    this.#levels = levels;
    this.#since = new Float64Array(levels.length).fill(Number.NaN);
  }

  /** Takes the verdict on a late reading; gives the highest level that has newly held for its on-delay, or NONE. */
  step(verdict: Verdict, time: Micros): number {
    const quality = verdictQuality(verdict);
    if (quality === BAD) return NONE;
    let raise = raising(verdict);
    raise |= raise >> 1;
    raise |= raise >> 2;
    let found = NONE;
    for (let i = 0; i < this.#levels.length; i++) {
      const bit = 1 << i;
      if ((raise & bit) !== 0) {
        if (Number.isNaN(this.#since[i]!)) this.#since[i] = time;
        if ((this.#told & bit) === 0 && time - this.#since[i]! >= this.#levels[i]!.onDelay) {
          this.#told |= bit;
          found = i;
        }
      } else if (quality === GOOD) {
        this.#since[i] = Number.NaN;
        this.#told &= ~bit;
      }
    }
    return found;
  }

  state(): LateState {
    return [Array.from(this.#since, (since) => (Number.isNaN(since) ? null : since)), this.#told];
  }

  restore([since, told]: LateState): void {
    if (since.length !== this.#levels.length) return;
    since.forEach((value, i) => {
      this.#since[i] = value ?? Number.NaN;
    });
    this.#told = told;
  }
}
