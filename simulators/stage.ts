import type { Clock, Micros, Timer } from "../model/time.ts";
import { type Division, type Moment, momentAt } from "./moment.ts";

/** The running time of a scenario: the clock since `begin`, at the scenario's speed. */
export class Stage {
  readonly clock: Clock;
  readonly division: Division;
  /** Seconds of the scenario in one second of the clock. */
  readonly speed: number;
  #began: Micros | undefined;
  #ended: Micros | undefined;

  constructor(options: { clock: Clock; division: Division; speed?: number }) {
    this.clock = options.clock;
    this.division = options.division;
    this.speed = options.speed ?? 1;
  }

  /** Lets time run; before, every moment is the first. */
  begin(): void {
    this.#began ??= this.clock.now();
  }

  /** Stops time: whoever still asks gets the last moment. */
  end(): void {
    this.#ended ??= this.elapsed;
  }

  /** Time of the scenario since it began. */
  get elapsed(): Micros {
    if (this.#ended !== undefined) return this.#ended;
    return this.#began === undefined ? 0 : Math.round((this.clock.now() - this.#began) * this.speed);
  }

  /** The moment that it is. */
  moment(): Moment {
    return momentAt(this.elapsed, this.division);
  }

  /** Calls `run` when the scenario's time reaches `elapsed`. */
  at(elapsed: Micros, run: () => void): Timer {
    return this.clock.after(Math.max(0, Math.ceil((elapsed - this.elapsed) / this.speed)), run);
  }
}
