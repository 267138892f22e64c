import type { Undecodable } from "../../drivers/driver.ts";
import { MINUTE, type Micros } from "../../model/time.ts";

/** The budget is for so long, then it begins anew. */
const SPAN: Micros = 10 * MINUTE;
/** Samples kept of one source: the first tell what is wrong, those behind them say the same. */
const PER_SOURCE = 20;
/** Of all together; half of what the quarantine holds, so that a flood leaves room for what was there before it. */
const IN_ALL = 500;
/** Longest name of a source, and longest words about it, characters. A topic alone may have 65,535. */
const LONGEST = 1_024;

/**
 * What of the undecodable is kept to look at. Each sample is written to disk: a device that says the same nonsense for years would wear
 * out its flash, and a flood of it would hold up the thread that delivers to the sinks. All of it is counted in any case.
 */
export class SampleBudget {
  #since: Micros = Number.NEGATIVE_INFINITY;
  #kept = 0;
  readonly #bySource = new Map<string, number>();

  /** The sample as it is to be kept; undefined: it is only counted. */
  take({ link, source, error, payload }: Undecodable, now: Micros): Undecodable | undefined {
    if (now - this.#since >= SPAN) {
      this.#since = now;
      this.#kept = 0;
      this.#bySource.clear();
    }
    if (this.#kept >= IN_ALL) return undefined;
    const named = source.slice(0, LONGEST);
    const key = `${link} ${named}`;
    const before = this.#bySource.get(key) ?? 0;
    if (before >= PER_SOURCE) return undefined;
    this.#bySource.set(key, before + 1);
    this.#kept++;
    return { link, source: named, error: error.slice(0, LONGEST), payload };
  }
}
