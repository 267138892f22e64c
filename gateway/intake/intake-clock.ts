import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../model/time.ts";

/** How often the intake clock is compared with the wall clock. */
const CHECK_INTERVAL: Micros = SECOND;
/** Below this the two clocks agree: NTP itself is not better over a 4G link. */
const AGREEMENT: Micros = 5 * MILLISECOND;
/** Beyond this the wall clock was set (first NTP answer, an operator); closing the distance by slewing would take minutes. */
const STEP: Micros = SECOND;
/** How fast a small difference is closed: 0.5 ms a second, the rate at which Linux's adjtime(3) slews. */
const SLEW_PER_CHECK: Micros = 500;

/**
 * The one clock of the intake and of the rules: it never goes back, and its speed is the monotonic clock's.
 *
 * It starts at the wall clock, or at the last time of the journal when that is later (no RTC, clock set back while we were
 * down). Afterwards it follows the wall clock: small differences are slewed; a jump ahead is a step, which the rules are told of
 * as a gap; a jump back cannot be followed, so the clock goes on and `ahead` says by how much it leads.
 */
export class IntakeClock {
  readonly #clock: Clock;
  readonly #onStep: (step: Micros) => void;
  #offset: Micros;
  #last: Micros;
  #timer: Timer | undefined;

  constructor(clock: Clock, options: { notBefore: Micros; onStep: (step: Micros) => void }) {
    this.#clock = clock;
    this.#onStep = options.onStep;
    const now = clock.now();
    this.#offset = Math.max(0, options.notBefore - now);
    this.#last = now + this.#offset;
  }

  /** Whole microseconds, never less than before. */
  now(): Micros {
    const now = Math.round(this.#clock.now() + this.#offset);
    if (now > this.#last) this.#last = now;
    return this.#last;
  }

  /** How far this clock leads the wall clock; negative while it lags. */
  get ahead(): Micros {
    return this.now() - this.#clock.wall();
  }

  start(): void {
    this.#timer = this.#clock.after(CHECK_INTERVAL, () => {
      this.#follow();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #follow(): void {
    const lag = -this.ahead;
    if (lag > STEP) {
      this.#offset += lag;
      this.#onStep(lag);
    } else if (lag > AGREEMENT) {
      this.#offset += Math.min(lag, SLEW_PER_CHECK);
    } else if (lag < -AGREEMENT) {
      this.#offset -= Math.min(-lag, SLEW_PER_CHECK);
    }
  }
}
