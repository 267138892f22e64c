import { type Clock, type Micros, SystemClock, type Timer } from "../../../model/time.ts";

/** Real time that knows which of its timers are still armed. */
export class CountedClock implements Clock {
  readonly #clock = new SystemClock();
  readonly #armed = new Set<Timer>();

  /** Timers that have neither fired nor been cancelled. */
  get armed(): number {
    return this.#armed.size;
  }

  now(): Micros {
    return this.#clock.now();
  }

  wall(): Micros {
    return this.#clock.wall();
  }

  after(delay: Micros, run: () => void): Timer {
    const timer = this.#clock.after(delay, () => {
      this.#armed.delete(timer);
      run();
    });
    this.#armed.add(timer);
    return {
      cancel: () => {
        this.#armed.delete(timer);
        timer.cancel();
      },
    };
  }
}
