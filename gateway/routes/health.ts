import { type Clock, MINUTE, type Micros, type Timer } from "../../model/time.ts";

/** A refusal is an alarm for so long at least, even if the next message is taken: somebody must look at it. */
const REFUSAL_LASTS: Micros = 10 * MINUTE;

/** How a route is doing, for status, API and metrics. */
export interface HealthView {
  /** `untried`: nothing was sent since the start, and the route cannot tell by itself, so nobody knows. */
  readonly state: "untried" | "up" | "failing";
  /** Since when, µs; NaN while untried. */
  readonly since: Micros;
  /** The last failure's words. */
  readonly lastError?: string;
  /** When something was last delivered, µs; NaN: not since the start. */
  readonly lastDelivered: Micros;
}

export interface HealthOptions {
  readonly id: string;
  /** How long it may fail before that is an alarm. */
  readonly lostAfter: Micros;
  readonly clock: Clock;
  /** Told when the route is lost, and when it works again. */
  readonly onLost: (lost: boolean, note: string) => void;
}

/** Whether a route works, and when people must be told that it does not. */
export class RouteHealth {
  readonly #o: HealthOptions;
  #state: HealthView["state"] = "untried";
  #since: Micros = Number.NaN;
  #lastError: string | undefined;
  #lastDelivered: Micros = Number.NaN;
  #lost = false;
  #refusedUntil: Micros = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: HealthOptions) {
    this.#o = options;
  }

  get view(): HealthView {
    return {
      state: this.#state,
      since: this.#since,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      lastDelivered: this.#lastDelivered,
    };
  }

  /** Not known to fail. */
  get working(): boolean {
    return this.#state !== "failing";
  }

  /** Something was delivered. */
  worked(): void {
    const now = this.#o.clock.now();
    this.#lastDelivered = now;
    if (this.#state !== "up") {
      this.#state = "up";
      this.#since = now;
    }
    this.#settle();
  }

  /** It is fit, though nothing was sent. */
  fit(): void {
    if (this.#state === "up") return;
    this.#state = "up";
    this.#since = this.#o.clock.now();
    this.#settle();
  }

  /** An attempt failed, with these words. */
  failed(words: string): void {
    const { clock } = this.#o;
    this.#lastError = words;
    if (this.#state !== "failing") {
      this.#state = "failing";
      this.#since = clock.now();
    }
    this.#settle();
  }

  /** The peer refused messages for good, with these words. */
  refused(words: string): void {
    this.#lastError = words;
    this.#refusedUntil = this.#o.clock.now() + REFUSAL_LASTS;
    this.#settle();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Says whether the route is lost where that has changed, and comes back when it may change by itself. */
  #settle(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { id, lostAfter, clock, onLost } = this.#o;
    const now = clock.now();
    const failing = this.#state === "failing";
    const lost = now < this.#refusedUntil || (failing && now - this.#since >= lostAfter);
    if (lost !== this.#lost) {
      this.#lost = lost;
      onLost(lost, lost ? `${id}: ${this.#lastError ?? ""}` : "");
    }
    const until = Math.min(
      ...[this.#refusedUntil, ...(failing ? [this.#since + lostAfter] : [])].filter((at) => at > now),
    );
    if (Number.isFinite(until)) this.#timer = clock.after(until - now, () => this.#settle());
  }
}
