import { HOUR, type Micros } from "../../model/time.ts";

/** Identities remembered: at 1,000 acknowledged messages a second, the last minute. A repeat comes within a reconnect. */
const CAPACITY = 65_536;

/**
 * A repeat that comes later than this is taken as a new message. Packet ids begin again when a device restarts, so an old
 * identity may come to stand for a new danger; a reading kept twice does less harm than an alarm dropped once.
 */
const LONGEST: Micros = HOUR;

/**
 * The identities of recent messages, oldest forgotten first. An identity is 64 bits in two halves; they are kept as one number
 * of 53 bits (the top 11 are dropped), so that a map of numbers serves.
 */
export class RepeatMemory {
  /** When each was accepted. */
  readonly #accepted = new Map<number, Micros>();
  readonly #order = new Float64Array(CAPACITY);
  #next = 0;

  remember(high: number, low: number, at: Micros): void {
    const key = keyOf(high, low);
    const known = this.#accepted.has(key);
    if (!known) {
      if (this.#accepted.size >= CAPACITY) this.#accepted.delete(this.#order[this.#next]!);
      this.#order[this.#next] = key;
      this.#next = (this.#next + 1) % CAPACITY;
    }
    this.#accepted.set(key, at);
  }

  /** Whether the message was accepted within the last hour before `now`. */
  has(high: number, low: number, now: Micros): boolean {
    const at = this.#accepted.get(keyOf(high, low));
    return at !== undefined && now - at <= LONGEST;
  }
}

/** 21 bits of the upper half above all 32 of the lower. */
function keyOf(high: number, low: number): number {
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
