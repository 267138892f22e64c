import { HOUR, type Micros } from "../../model/time.ts";

/** Identities remembered: at 1,000 acknowledged messages a second, the last minute. A repeat comes within a reconnect. */
const CAPACITY = 65_536;

/**
 * A repeat that comes later than this is taken as a new message. Packet ids begin again when a device restarts, so an old
 * identity may come to stand for a new danger; a reading kept twice does less harm than an alarm dropped once.
 */
const LONGEST: Micros = HOUR;

/**
 * The identities of recent messages, oldest forgotten first. The lower half of an identity says who numbered the message how, the
 * upper half what it said: a number that has been given to another message since cannot be repeated with what it stood for
 * before. Devices that wake, say one thing and sleep give every message the same number.
 */
export class RepeatMemory {
  /** Where the latest message of a sender and number stands, by the lower half. */
  readonly #place = new Map<number, number>();
  readonly #low = new Uint32Array(CAPACITY);
  readonly #high = new Uint32Array(CAPACITY);
  /** When each was accepted. */
  readonly #accepted = new Float64Array(CAPACITY);
  #next = 0;

  remember(high: number, low: number, at: Micros): void {
    const key = low >>> 0;
    let place = this.#place.get(key);
    if (place === undefined) {
      place = this.#next;
      if (this.#place.size >= CAPACITY) this.#place.delete(this.#low[place]!);
      this.#low[place] = key;
      this.#place.set(key, place);
      this.#next = (place + 1) % CAPACITY;
    }
    this.#high[place] = high;
    this.#accepted[place] = at;
  }

  /** Whether the message was accepted within the last hour before `now`, and its number not used for another since. */
  has(high: number, low: number, now: Micros): boolean {
    const place = this.#place.get(low >>> 0);
    return place !== undefined && this.#high[place] === high >>> 0 && now - this.#accepted[place]! <= LONGEST;
  }
}
