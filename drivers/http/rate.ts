import { type Micros, SECOND } from "../../model/time.ts";

/** So many a second and, after a pause, so many at once. */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #filled: Micros;

  constructor(perSecond: number, now: Micros) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#filled = now;
  }

  /** Takes one; false: there is none left now. */
  take(now: Micros): boolean {
    const gained = ((now - this.#filled) / SECOND) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + gained);
    this.#filled = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
