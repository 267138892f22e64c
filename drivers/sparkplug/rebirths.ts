import type { Clock, Micros, Timer } from "../../model/time.ts";

export interface RebirthsOptions {
  readonly clock: Clock;
  readonly enabled: boolean;
  /** A node is not asked more often than this; doubles while it does not answer, … */
  readonly interval: Micros;
  /** … up to this. */
  readonly greatest: Micros;
  /** How long it may be without a birth before its devices count as lost. */
  readonly patience: Micros;
  /** Sends a request. */
  readonly ask: (why: string) => void;
  readonly giveUp: () => void;
}

/** When one node is asked to say again who it is, and when waiting for that ends. */
export class Rebirths {
  readonly #o: RebirthsOptions;
  #next: Timer | undefined;
  #patience: Timer | undefined;
  #last: Micros = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  #why = "";

  constructor(options: RebirthsOptions) {
    this.#o = options;
  }

  /** A birth is needed. Asks at once unless it was asked a moment ago, and again until it comes. */
  need(why: string): void {
    this.#wait();
    if (!this.#o.enabled || this.#next !== undefined) return;
    this.#why = why;
    this.#askWhenDue();
  }

  /** A birth came: its devices have as long again for theirs. */
  answered(): void {
    this.#unanswered = 0;
    this.#next?.cancel();
    this.#next = undefined;
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#wait();
  }

  /** Nothing is waited for. */
  stop(): void {
    this.#next?.cancel();
    this.#next = undefined;
    this.#patience?.cancel();
    this.#patience = undefined;
  }

  #wait(): void {
    this.#patience ??= this.#o.clock.after(this.#o.patience, () => {
      this.#patience = undefined;
      this.#o.giveUp();
    });
  }

  #askWhenDue(): void {
    const { clock, interval, greatest, ask } = this.#o;
    const pause = Math.min(greatest, interval * 2 ** Math.min(this.#unanswered, 30));
    const wait = this.#last + pause - clock.now();
    if (wait <= 0) {
      this.#last = clock.now();
      this.#unanswered++;
      ask(this.#why);
    }
    const again = Math.min(greatest, interval * 2 ** Math.min(this.#unanswered, 30));
    this.#next = clock.after(this.#last + again - clock.now(), () => {
      this.#next = undefined;
      this.#askWhenDue();
    });
  }
}
