import { Cron } from "croner";
import { type Clock, MILLISECOND, MINUTE, type Micros, type Timer } from "../../model/time.ts";

/** How often the calendar is looked at; the clock may be set at any time. */
const LOOK_EVERY: Micros = MINUTE;

/** Says when it is time for a self-test. One that fell into a time without the gateway is not made up for. */
export class SelfTestSchedule {
  readonly #pattern: Cron;
  readonly #clock: Clock;
  readonly #due: () => void;
  #timer: Timer | undefined;
  #looked: Micros;

  /** `pattern` as the site file has it; `due` is called when it is time. */
  constructor(pattern: string, site: { readonly timeZone: string }, o: { clock: Clock; due: () => void }) {
    this.#pattern = new Cron(pattern, { paused: true, timezone: site.timeZone });
    this.#clock = o.clock;
    this.#due = o.due;
    this.#looked = o.clock.wall();
  }

  start(): void {
    this.#timer = this.#clock.after(LOOK_EVERY, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const now = this.#clock.wall();
    const next = this.#pattern.nextRun(new Date(this.#looked / MILLISECOND));
    this.#looked = now;
    if (next !== null && next.getTime() * MILLISECOND <= now) this.#due();
  }
}
