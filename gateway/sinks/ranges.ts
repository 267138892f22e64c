/** Sequences from `from` up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * A set of sequence numbers as a sorted list of ranges that neither touch nor overlap: what a sink has not delivered yet.
 * The list stays short (an outage more is a range more), so plain arrays serve.
 */
export class Ranges {
  #from: number[] = [];
  #to: number[] = [];

  static of(ranges: Iterable<Range>): Ranges {
    const made = new Ranges();
    for (const range of ranges) made.add(range.from, range.to);
    return made;
  }

  /** How many ranges the list has. */
  get length(): number {
    return this.#from.length;
  }

  /** How many sequence numbers the ranges hold together. */
  get size(): number {
    let size = 0;
    for (let i = 0; i < this.#from.length; i++) size += this.#to[i]! - this.#from[i]!;
    return size;
  }

  *[Symbol.iterator](): IterableIterator<Range> {
    for (let i = 0; i < this.#from.length; i++) yield { from: this.#from[i]!, to: this.#to[i]! };
  }

  has(sequence: number): boolean {
    const i = this.#firstEndingAfter(sequence);
    return i < this.#from.length && this.#from[i]! <= sequence;
  }

  /** How many numbers of [from, to) are in the set. */
  count(from: number, to: number): number {
    if (!(from < to)) return 0;
    let count = 0;
    for (let i = this.#firstEndingAfter(from); i < this.#from.length && this.#from[i]! < to; i++)
      count += Math.min(to, this.#to[i]!) - Math.max(from, this.#from[i]!);
    return count;
  }

  /** The first range within [from, to), cut to it; undefined when there is nothing. */
  first(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Range | undefined {
    const i = this.#firstEndingAfter(from);
    if (!(from < to) || i >= this.#from.length || this.#from[i]! >= to) return undefined;
    return { from: Math.max(from, this.#from[i]!), to: Math.min(to, this.#to[i]!) };
  }

  /** Adds [from, to). */
  add(from: number, to: number): void {
    if (!(from < to)) return;
    // Ranges that overlap or touch become one.
    let first = this.#firstEndingAfter(from);
    if (first > 0 && this.#to[first - 1] === from) first--;
    let last = first;
    while (last < this.#from.length && this.#from[last]! <= to) last++;
    if (last > first) {
      from = Math.min(from, this.#from[first]!);
      to = Math.max(to, this.#to[last - 1]!);
    }
    this.#from.splice(first, last - first, from);
    this.#to.splice(first, last - first, to);
  }

  /** Removes [from, to). Returns how many numbers were in the set. */
  remove(from: number, to: number): number {
    if (!(from < to)) return 0;
    const removed = this.count(from, to);
    if (removed === 0) return 0;
    const first = this.#firstEndingAfter(from);
    let last = first;
    while (last < this.#from.length && this.#from[last]! < to) last++;
    const rest: Range[] = [];
    if (this.#from[first]! < from) rest.push({ from: this.#from[first]!, to: from });
    if (this.#to[last - 1]! > to) rest.push({ from: to, to: this.#to[last - 1]! });
    this.#from.splice(first, last - first, ...rest.map((range) => range.from));
    this.#to.splice(first, last - first, ...rest.map((range) => range.to));
    return removed;
  }

  /**
   * Makes the list no longer than `most` by filling its smallest gaps: those numbers are delivered a second time, which
   * the same point in InfluxDB absorbs; nothing is ever left out. Returns how many numbers were added.
   */
  shorten(most: number): number {
    let added = 0;
    while (this.#from.length > Math.max(1, most)) {
      let smallest = 1;
      for (let i = 2; i < this.#from.length; i++)
        if (this.#gapBefore(i) < this.#gapBefore(smallest)) smallest = i;
      added += this.#gapBefore(smallest);
      this.add(this.#to[smallest - 1]!, this.#from[smallest]!);
    }
    return added;
  }

  #gapBefore(i: number): number {
    return this.#from[i]! - this.#to[i - 1]!;
  }

  /** Position of the first range that ends beyond `sequence`. */
  #firstEndingAfter(sequence: number): number {
    let low = 0;
    let high = this.#to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#to[middle]! > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
