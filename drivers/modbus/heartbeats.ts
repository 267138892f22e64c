/**
 * Heartbeats that modems send between frames, as bytes. They are no answers and no noise: they only show that the modem is
 * there. Longest first, so that one that begins like another is found whole.
 */
export class Heartbeats {
  readonly #patterns: readonly Buffer[];

  constructor(patterns: readonly Buffer[]) {
    this.#patterns = patterns.filter((pattern) => pattern.length > 0).toSorted((a, b) => b.length - a.length);
  }

  /** Bytes of the heartbeat that begins at `at`; 0: none does. */
  at(bytes: Buffer, at: number): number {
    for (const pattern of this.#patterns) {
      if (bytes.length - at >= pattern.length && pattern.equals(bytes.subarray(at, at + pattern.length)))
        return pattern.length;
    }
    return 0;
  }

  /** Bytes of the heartbeat that ends at `end` and begins at `from` or later; 0: none does. */
  before(bytes: Buffer, { from, end }: { from: number; end: number }): number {
    for (const pattern of this.#patterns) {
      if (end - from >= pattern.length && pattern.equals(bytes.subarray(end - pattern.length, end)))
        return pattern.length;
    }
    return 0;
  }

  /** How many of the bytes are heartbeats, from whatever place they begin at. */
  count(bytes: Buffer): number {
    if (this.#patterns.length === 0) return 0;
    let found = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = this.at(bytes, at);
      found += length;
      at += Math.max(1, length);
    }
    return found;
  }
}

export const NO_HEARTBEATS = new Heartbeats([]);
