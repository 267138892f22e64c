/** Identities remembered: at 1,000 acknowledged messages a second, the last minute. A repeat comes within a reconnect. */
const CAPACITY = 65_536;

/**
 * The identities of recent messages, oldest forgotten first. An identity is 64 bits in two halves; they are kept as one number
 * of 53 bits (the top 11 are dropped), so that a set of numbers serves.
 */
export class RepeatMemory {
  readonly #known = new Set<number>();
  readonly #order = new Float64Array(CAPACITY);
  #next = 0;

  remember(high: number, low: number): void {
    const key = keyOf(high, low);
    if (this.#known.has(key)) return;
    const forgotten = this.#order[this.#next]!;
    if (this.#known.size >= CAPACITY) this.#known.delete(forgotten);
    this.#order[this.#next] = key;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#known.add(key);
  }

  has(high: number, low: number): boolean {
    return this.#known.has(keyOf(high, low));
  }
}

/** 21 bits of the upper half above all 32 of the lower. */
function keyOf(high: number, low: number): number {
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
