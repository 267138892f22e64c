import { type Micros, SECOND } from "../../model/time.ts";

/** At most so many within any span of this length. */
export interface RateBound {
  readonly most: number;
  readonly within: Micros;
  /** Red goes beyond it: a bound of ours, not of the peer. */
  readonly exceptUrgent?: boolean;
}

/** Room for the count in the number that is kept on disk. */
const COUNT_ROOM = 1_024;
/** Bounds below this are over before a new process has come so far. */
const WORTH_KEEPING: Micros = 10 * SECOND;

/**
 * Keeps to bounds over *any* span. A bucket that holds 18 and fills at 18 a minute lets 35 through in its first minute; a robot
 * that counts to 20 is then blocked for ten.
 */
export class RateLimit {
  readonly #bounds: readonly RateBound[];
  readonly #longest: Micros;
  /** When each of the last ones went, ascending; as many as the bounds can ask about. */
  readonly #spent: Micros[] = [];
  readonly #most: number;

  constructor(bounds: readonly RateBound[]) {
    this.#bounds = bounds;
    this.#longest = Math.max(0, ...bounds.map(({ within }) => within));
    this.#most = Math.max(0, ...bounds.map(({ most }) => most));
  }

  /** How long to wait before another may go, µs; 0: now. `spare` leaves so many of each bound for others; 0: it is urgent. */
  wait(now: Micros, spare = 0): Micros {
    let wait = 0;
    for (const { most, within, exceptUrgent = false } of this.#bounds) {
      if (exceptUrgent && spare === 0) continue;
      const allowed = Math.max(1, most - spare);
      const last = this.#spent[this.#spent.length - allowed];
      if (last !== undefined) wait = Math.max(wait, last + within - now);
    }
    return wait;
  }

  /** One goes now. */
  spend(now: Micros): void {
    this.#spent.push(now);
    if (this.#spent.length > this.#most) this.#spent.shift();
  }

  /** How many went within the last `span`; no more than the bounds can tell. */
  within(span: Micros, now: Micros): number {
    return this.#spent.filter((at) => at > now - span).length;
  }

  /** Whether what was spent must outlive the process. */
  get worthKeeping(): boolean {
    return this.#longest >= WORTH_KEEPING;
  }

  /** What was spent, as one whole number for the disk: the second it is about, and how many. */
  keep(now: Micros): number {
    const count = Math.min(this.within(this.#longest, now), COUNT_ROOM - 1);
    return Math.floor(now / SECOND) * COUNT_ROOM + count;
  }

  /** Takes over what another process has spent. Assumes the worst: that all of it went in the very last second. */
  restore(kept: number, now: Micros): void {
    const at = Math.min((Math.floor(kept / COUNT_ROOM) + 1) * SECOND, now);
    for (let i = kept % COUNT_ROOM; i > 0; i--) this.spend(at);
  }
}
