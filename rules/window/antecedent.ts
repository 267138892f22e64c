import type { Micros } from "../../model/time.ts";
import { NEVER } from "../timer-queue.ts";
import { CompensatedSum, rounded } from "./compensated-sum.ts";
import type { Fold, FoldView } from "./fold.ts";
import type { Ring } from "./ring.ts";

/**
 * Recent rain, and of what fell before it a share: `recent + share × before`, as recent/antecedent thresholds have it (Chleborad et
 * al. 2006, USGS Open-File Report 2006-1064: P3 = 3.5 − 0.67 × P15 inches). The window spans both.
 */
export class AntecedentFold implements Fold {
  readonly #recent: Micros;
  readonly #share: number;
  readonly #young = new CompensatedSum();
  readonly #old = new CompensatedSum();
  /** Readings before this one are older than recent. */
  #from = 0;
  /** No recent reading before this one is other than 0. */
  #counts = 0;

  constructor(recent: Micros, share: number) {
    this.#recent = recent;
    this.#share = share;
  }

  enter(ring: Ring, seq: number): void {
    (seq < this.#from ? this.#old : this.#young).add(ring.value[seq & ring.mask]!);
  }

  leave(ring: Ring, seq: number): void {
    const old = seq < this.#from;
    (old ? this.#old : this.#young).add(-ring.value[seq & ring.mask]!);
    if (!old) this.#from = seq + 1;
  }

  value(view: FoldView): number {
    const { ring, head } = view;
    const begin = view.end - this.#recent;
    if (this.#from < head) this.#from = head;
    while (this.#from < ring.next && ring.time[this.#from & ring.mask]! <= begin) {
      this.#move(ring, this.#from++, { from: this.#young, to: this.#old });
    }
    while (this.#from > head && ring.time[(this.#from - 1) & ring.mask]! > begin) {
      this.#move(ring, --this.#from, { from: this.#old, to: this.#young });
      this.#counts = this.#from;
    }
    return rounded(this.#young.value + this.#share * this.#old.value);
  }

  changes({ ring }: FoldView): Micros {
    if (this.#counts < this.#from) this.#counts = this.#from;
    while (this.#counts < ring.next && ring.value[this.#counts & ring.mask] === 0) this.#counts++;
    return this.#counts < ring.next ? ring.time[this.#counts & ring.mask]! + this.#recent : NEVER;
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}

  #move(ring: Ring, seq: number, { from, to }: { from: CompensatedSum; to: CompensatedSum }): void {
    const value = ring.value[seq & ring.mask]!;
    from.add(-value);
    to.add(value);
  }
}
