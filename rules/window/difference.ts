import type { Micros } from "../../model/time.ts";
import { rounded } from "./compensated-sum.ts";
import type { Fold, FoldView } from "./fold.ts";

/** How old the earlier of the two readings may be, in window lengths (semantics.md 19). */
const OLDEST = 1.5;

/** What a window must hold so that a difference over `span` finds its earlier reading: one exactly that old included. */
export function differenceReach(span: Micros): Micros {
  return Math.floor(OLDEST * span) + 1;
}

/**
 * Difference between the newest reading and the last one at or before t − span, divided by the true time between, per `base`
 * (semantics.md 19).
 */
export class DifferenceFold implements Fold {
  readonly #span: Micros;
  readonly #base: Micros;
  /** The earlier reading is not before this one. */
  #from = 0;
  doubtful = false;

  constructor(span: Micros, base: Micros) {
    this.#span = span;
    this.#base = base;
  }

  enter(): void {}

  leave(): void {}

  value({ ring, head }: FoldView): number {
    const newest = ring.next - 1;
    if (newest <= head) return Number.NaN;
    const until = ring.time[newest & ring.mask]! - this.#span;
    if (this.#from < head) this.#from = head;
    while (this.#from + 1 < newest && ring.time[(this.#from + 1) & ring.mask]! <= until) this.#from++;
    const [a, b] = [this.#from & ring.mask, newest & ring.mask];
    if (ring.time[a]! > until) return Number.NaN;
    this.doubtful = ring.good[a] === 0 || ring.good[b] === 0;
    return rounded(((ring.value[b]! - ring.value[a]!) * this.#base) / (ring.time[b]! - ring.time[a]!));
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}
}
