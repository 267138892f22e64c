import type { Micros } from "../../model/time.ts";
import { rounded } from "./compensated-sum.ts";
import type { Fold, FoldView } from "./fold.ts";

/** Readings of a third that its medians are taken of; of more, every second, third … is. */
const MOST_OF_A_THIRD = 1024;

/**
 * Slope of the straight line through the medians of the first and of the last third of a window (Tukey 1977, *Exploratory Data
 * Analysis*, the resistant line), per `base`. Up to a sixth of the readings may be outliers on one side without moving it.
 */
export class ResistantSlopeFold implements Fold {
  readonly #base: Micros;
  readonly #room = new Float64Array(MOST_OF_A_THIRD);

  constructor(base: Micros) {
    this.#base = base;
  }

  enter(): void {}

  leave(): void {}

  value(view: FoldView): number {
    const { ring, head } = view;
    const third = Math.floor((ring.next - head + 1) / 3);
    const last = ring.next - third;
    if (third < 1 || last <= head) return Number.NaN;
    const between = (of: Float64Array) =>
      this.#median(view, last, { third, of }) - this.#median(view, head, { third, of });
    const time = between(ring.time);
    return time > 0 ? rounded((between(ring.value) * this.#base) / time) : Number.NaN;
  }

  state(): readonly number[] {
    return [];
  }

  restore(): void {}

  #median({ ring }: FoldView, from: number, { third, of }: { third: number; of: Float64Array }): number {
    const stride = Math.ceil(third / MOST_OF_A_THIRD);
    let n = 0;
    for (let k = 0; k < third; k += stride) this.#room[n++] = of[(from + k) & ring.mask]!;
    const sorted = this.#room.subarray(0, n).sort();
    const middle = n >> 1;
    return n % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}
