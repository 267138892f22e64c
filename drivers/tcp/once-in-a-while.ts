import { MINUTE, type Micros } from "../../model/time.ts";

/** What is told again and again is told so often. */
const INTERVAL: Micros = 10 * MINUTE;
/** Things told within that time; of more, from ever other senders, nobody could read the half. They are counted all the same. */
const MOST = 500;

/** Keeps what a flood of bad input would say from flooding the log: each thing is told once in ten minutes, and so many in all. */
export class OnceInAWhile {
  /** When each was told, the longest ago first. */
  readonly #told = new Map<string, Micros>();

  /** Whether to tell it now. */
  due(what: string, now: Micros): boolean {
    const last = this.#told.get(what);
    if (last !== undefined && now - last < INTERVAL) return false;
    this.#told.delete(what);
    for (const [oldest, at] of this.#told) {
      if (now - at < INTERVAL) break;
      this.#told.delete(oldest);
    }
    if (this.#told.size >= MOST) return false;
    this.#told.set(what, now);
    return true;
  }
}
