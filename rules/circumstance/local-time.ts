import { HOUR, MILLISECOND, MINUTE, type Micros } from "../../model/time.ts";
import { offsetsOf } from "../../model/zone.ts";

/** Offsets that are remembered: more than a calendar looks at when it searches its next change. */
const MOST_REMEMBERED = 2_048;

/** The civil time of one time zone, daylight saving included. Slow (the runtime's tables): not for the path of a reading. */
export class LocalTime {
  readonly #offsetAt: (instant: number) => number;
  readonly #offsets = new Map<Micros, Micros>();

  /** `zone`: an IANA name that the runtime knows. */
  constructor(zone: string) {
    this.#offsetAt = offsetsOf(zone);
  }

  /** How far local time is ahead of UTC at an instant, µs. */
  offset(at: Micros): Micros {
    const known = this.#offsets.get(at);
    if (known !== undefined) return known;
    const offset = this.#compute(at);
    if (this.#offsets.size >= MOST_REMEMBERED) this.#offsets.clear();
    this.#offsets.set(at, offset);
    return offset;
  }

  #compute(at: Micros): Micros {
    return this.#offsetAt(at / MILLISECOND) * MILLISECOND;
  }

  /**
   * The instants at which clocks show a local time: one, two when the hour is repeated, and beside them, or instead where the
   * hour is skipped, the instant at which the clocks are changed that day.
   */
  instants(local: Micros): Micros[] {
    const before = this.offset(local - 24 * HOUR);
    const after = this.offset(local + 24 * HOUR);
    if (before === after) return [local - before];
    return [local - before, local - after, this.#changed(local - 24 * HOUR, local + 24 * HOUR)];
  }

  /** When the offset changes between two instants at which it differs. Zones change it on whole minutes. */
  #changed(from: Micros, to: Micros): Micros {
    const before = this.offset(from);
    let low = Math.floor(from / MINUTE);
    let high = Math.ceil(to / MINUTE);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#compute(middle * MINUTE) === before) low = middle;
      else high = middle;
    }
    return high * MINUTE;
  }
}
