import type { Fault } from "./fault.ts";
import type { Moment } from "./moment.ts";
import type { TimedFault } from "./story.ts";

/** Counts, for faults with `every: n`, how many answers there have been, and says which faults befall the next one. */
export class FaultCount {
  readonly #counts = new Map<number, { cycle: number; count: number }>();

  /** The faults of `active` that befall this answer or message. Call it once for each. */
  befalling(active: readonly TimedFault[], moment: Moment): Fault[] {
    return active.filter((timed) => this.#isDue(timed, moment.cycle)).map(({ fault }) => fault);
  }

  #isDue({ fault, index }: TimedFault, cycle: number): boolean {
    if (!("every" in fault) || fault.every === 1) return true;
    const known = this.#counts.get(index);
    const count = known?.cycle === cycle ? known.count + 1 : 1;
    this.#counts.set(index, { cycle, count });
    return count % fault.every === 0;
  }
}
