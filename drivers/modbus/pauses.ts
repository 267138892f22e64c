import type { Clock, Micros } from "../../model/time.ts";

/** Waiting that its owner can end: when a link is stopped nobody waits any longer and no timer is left behind. */
export class Pauses {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `span`, or at once when everything ends. */
  wait(span: Micros): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const over = () => {
        this.#waiting.delete(over);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.after(span, over);
      this.#waiting.add(over);
    });
  }

  /** Ends all waiting, for good. */
  end(): void {
    this.#ended = true;
    for (const over of [...this.#waiting]) over();
  }
}
