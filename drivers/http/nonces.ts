import type { Micros } from "../../model/time.ts";

/**
 * Signed requests that have been taken, for as long as their time would be believed. One that comes again with the same
 * signature is the sender's own second try, or a replay: either way it is not entered again.
 */
export class Nonces {
  readonly #bound: number;
  /** By nonce, the oldest first: all live equally long. */
  readonly #taken = new Map<string, { signature: string; until: Micros }>();

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether one was used before, for the same request or for another. */
  look(nonce: string, { signature, now }: { signature: string; now: Micros }): "new" | "again" | "other" {
    this.#forget(now);
    const known = this.#taken.get(nonce);
    if (known === undefined) return "new";
    return known.signature === signature ? "again" : "other";
  }

  /** Whether another can be remembered. */
  get room(): boolean {
    return this.#taken.size < this.#bound;
  }

  take(nonce: string, entry: { signature: string; until: Micros }): void {
    this.#taken.set(nonce, entry);
  }

  #forget(now: Micros): void {
    for (const [nonce, { until }] of this.#taken) {
      if (until >= now) return;
      this.#taken.delete(nonce);
    }
  }
}
