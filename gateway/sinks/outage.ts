import type { Log } from "../../model/log.ts";
import { type Clock, formatDuration, type Micros } from "../../model/time.ts";

/** A failure that time may mend, of a sink or of a route to people. */
export interface Unavailable {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** What the peer asked us to wait, µs. */
  readonly retryAfter: Micros | undefined;
  /** Failures of one kind in a row are one piece of news. */
  readonly kind: string;
}

/** An outage as people see it. */
export interface OutageView {
  /** µs on the intake clock. */
  readonly since: Micros;
  readonly attempts: number;
  readonly code: string;
  readonly message: string;
}

/** Whether a peer answers. Knows when to try again; says so once when an outage begins and once when it ends. */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #retry: { readonly first: Micros; readonly longest: Micros };
  readonly #random: () => number;
  #attempts = 0;
  #since: Micros = 0;
  #until: Micros = 0;
  #last: Unavailable | undefined;

  constructor(options: {
    clock: Clock;
    log: Log;
    retry: { first: Micros; longest: Micros };
    /** From 0 up to, not including, 1. */
    random: () => number;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#retry = options.retry;
    this.#random = options.random;
  }

  get on(): boolean {
    return this.#attempts > 0;
  }

  /** How long to wait before the next attempt; 0 when it may be made. */
  get wait(): Micros {
    return this.on ? Math.max(0, this.#until - this.#clock.now()) : 0;
  }

  get view(): OutageView | undefined {
    if (this.#last === undefined) return undefined;
    const { code, message } = this.#last;
    return { since: this.#since, attempts: this.#attempts, code, message };
  }

  failed(error: Unavailable): void {
    const now = this.#clock.now();
    // Both lanes may fail together: that is one failure.
    if (this.on && now < this.#until) return;
    const begins = !this.on;
    this.#attempts++;
    if (begins) this.#since = now;
    const grown = this.#retry.first * 2 ** Math.min(this.#attempts - 1, 30);
    const wait = Math.min(grown, this.#retry.longest) * (0.5 + this.#random() / 2);
    this.#until = now + Math.round(Math.max(wait, error.retryAfter ?? 0));
    // Another failure than before is news; the same one again is not.
    if (begins || error.kind !== this.#last?.kind) {
      this.#log.warn(
        { code: error.code, hint: error.hint, attempt: this.#attempts },
        `cannot deliver, everything is kept: ${error.message}`,
      );
    }
    this.#last = error;
  }

  worked(): void {
    if (!this.on) return;
    const lasted = formatDuration(Math.round((this.#clock.now() - this.#since) / 1e6) * 1e6);
    this.#log.info({ attempts: this.#attempts }, `delivers again, after ${lasted}`);
    this.#attempts = 0;
    this.#last = undefined;
  }
}
