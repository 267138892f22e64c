import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";

interface Armed {
  readonly at: Micros;
  readonly order: number;
  readonly run: () => void;
}

/** 2026-05-21T06:30:00Z, a plain Thursday. */
export const SOME_MORNING: Micros = Date.UTC(2026, 4, 21, 6, 30) * 1000;

/** A clock that only moves when a test says so; timers fire in order of their deadlines, each at its own time. */
export class ManualClock implements Clock {
  #now: Micros;
  #wallOffset: Micros = 0;
  #order = 0;
  readonly #armed = new Set<Armed>();

  constructor(start: Micros = SOME_MORNING) {
    this.#now = start;
  }

  now(): Micros {
    return this.#now;
  }

  wall(): Micros {
    return this.#now + this.#wallOffset;
  }

  /** Somebody sets the wall clock; the monotonic one does not notice. */
  setWall(wall: Micros): void {
    this.#wallOffset = wall - this.#now;
  }

  after(delay: Micros, run: () => void): Timer {
    const armed = { at: this.#now + Math.max(0, delay), order: this.#order++, run };
    this.#armed.add(armed);
    return { cancel: () => this.#armed.delete(armed) };
  }

  /** Timers that have not fired yet. */
  get pending(): number {
    return this.#armed.size;
  }

  /** Moves on by `span`, firing what falls due, including what that sets up anew. */
  advance(span: Micros): void {
    const end = this.#now + span;
    for (;;) {
      const next = [...this.#armed]
        .filter((armed) => armed.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#armed.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }

  /** Moves on in steps, letting promises settle in between: for code that awaits between its timers. */
  async run(span: Micros, step: Micros = SECOND / 10): Promise<void> {
    for (let left = span; left > 0; left -= step) {
      this.advance(Math.min(step, left));
      await new Promise(setImmediate);
    }
  }
}
