import type { Micros } from "../../model/time.ts";
import { NEVER, type Phase, type TimerQueue } from "../timer-queue.ts";

/**
 * Deadlines of a few named things behind one timer of the engine. What is due in one instant comes in the order of its keys, so
 * that a restored engine does the same.
 */
export class Deadlines {
  readonly #timers: TimerQueue;
  readonly #slot: number;
  readonly #at = new Map<string, Micros>();

  constructor(options: { timers: TimerQueue; phase: Phase; due: (key: string, at: Micros) => void }) {
    this.#timers = options.timers;
    this.#slot = options.timers.add({
      phase: options.phase,
      fire: (at) => {
        const due = [...this.#at].filter(([, deadline]) => deadline <= at).map(([key]) => key);
        for (const key of due.sort()) {
          this.#at.delete(key);
          options.due(key, at);
        }
        this.#arm();
      },
    });
  }

  get(key: string): Micros {
    return this.#at.get(key) ?? NEVER;
  }

  /** Sets or moves the deadline of a thing; NEVER cancels it. */
  set(key: string, deadline: Micros): void {
    const before = this.#at.get(key) ?? NEVER;
    if (before === deadline) return;
    if (deadline === NEVER) this.#at.delete(key);
    else this.#at.set(key, deadline);
    const armed = this.#timers.deadline(this.#slot);
    // A timer that fires too early finds nothing due and is set anew: moving a deadline away costs nothing.
    if (deadline < armed) this.#timers.set(this.#slot, deadline);
  }

  has(key: string): boolean {
    return this.#at.has(key);
  }

  some(fits: (key: string) => boolean): boolean {
    for (const key of this.#at.keys()) if (fits(key)) return true;
    return false;
  }

  /** Every deadline, by key. */
  all(): Record<string, Micros> {
    return Object.fromEntries(this.#at);
  }

  clear(): void {
    this.#at.clear();
    this.#timers.set(this.#slot, NEVER);
  }

  #arm(): void {
    let next = NEVER;
    for (const deadline of this.#at.values()) if (deadline < next) next = deadline;
    this.#timers.set(this.#slot, next);
  }
}
