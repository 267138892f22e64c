/** Unlisted components that may assert danger at a time, each remembered; of more only that there are more. */
const MOST = 4_096;

/**
 * Systems and components that the site does not list and that say fire. One channel stands for all of them, so it ends only when
 * none is left; what nobody remembers (from before this run, or beyond the bound) only a reset ends.
 */
export class Unlisted {
  /** By its address as text: the system it is in. */
  readonly #burning = new Map<string, number>();
  #forgotten: boolean;

  /** `standing`: the channel was raised before this run, by we do not know whom. */
  constructor(standing: boolean) {
    this.#forgotten = standing;
  }

  /** Whether any of them says fire. */
  get active(): boolean {
    return this.#forgotten || this.#burning.size > 0;
  }

  /** One says fire. True when it did not before. */
  assert(who: string, system: number): boolean {
    if (this.#burning.has(who)) return false;
    if (this.#burning.size >= MOST) this.#forgotten = true;
    else this.#burning.set(who, system);
    return true;
  }

  /** One says that there is no fire. True when that has ended the last. */
  end(who: string): boolean {
    return this.#burning.delete(who) && !this.active;
  }

  /** A system was reset. True when that has ended the last. */
  reset(system: number): boolean {
    if (!this.active) return false;
    for (const [who, inSystem] of this.#burning) if (inSystem === system) this.#burning.delete(who);
    // Who was forgotten may have been in this system, and nothing else will ever end it; if it still burns, it says so again.
    this.#forgotten = false;
    return !this.active;
  }
}
