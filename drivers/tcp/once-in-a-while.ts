import { MINUTE, type Micros } from "../../model/time.ts";

/** What is told again and again is told so often. */
const INTERVAL: Micros = 10 * MINUTE;
/** Things remembered; then all are forgotten together, and told once more. */
const REMEMBERED = 500;

/** Keeps what a flood of bad input would say from flooding the log: each thing is told once in ten minutes. */
export class OnceInAWhile {
  readonly #told = new Map<string, Micros>();

  /** Whether to tell it now. */
  due(what: string, now: Micros): boolean {
    const last = this.#told.get(what);
    if (last !== undefined && now - last < INTERVAL) return false;
    if (this.#told.size >= REMEMBERED) this.#told.clear();
    this.#told.set(what, now);
    return true;
  }
}
