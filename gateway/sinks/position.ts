import { type Range, Ranges } from "./ranges.ts";

/** How many ranges a position may consist of; beyond it the smallest gaps are sent again. */
const MOST_RANGES = 64;

/** A position as it is kept in sinks.db. JSON-safe. */
export interface KeptPosition {
  /** Every sequence below this has been seen: delivered, given up, or in `undelivered`. */
  readonly end: number;
  readonly undelivered: readonly (readonly [from: number, to: number])[];
}

/**
 * Where a sink stands in the journal: which sequences it has not delivered. Two lanes take from it side by side: *live*, from
 * a mark that follows the newest record, and *backlog*, from the oldest record below that mark. What fails simply stays
 * undelivered; the mark then jumps forward, and what it jumped over is backlog.
 */
export class Position {
  readonly #undelivered: Ranges;
  readonly #inFlight = new Ranges();
  #end: number;
  #live: number;

  constructor(kept: KeptPosition) {
    this.#undelivered = Ranges.of(kept.undelivered.map(([from, to]) => ({ from, to })));
    this.#end = kept.end;
    this.#live = kept.end;
  }

  /** One past the newest known sequence. */
  get end(): number {
    return this.#end;
  }

  /** Sequences not delivered, those in flight included. */
  get pending(): number {
    return this.#undelivered.size;
  }

  /** Sequences waiting behind the live mark, without those in flight. */
  get backlog(): number {
    let backlog = this.#undelivered.count(0, this.#live);
    for (const { from, to } of this.#inFlight)
      backlog -= this.#undelivered.count(from, Math.min(to, this.#live));
    return backlog;
  }

  /** Sequences that the live lane has not taken yet. */
  get lag(): number {
    return this.#undelivered.count(this.#live, this.#end);
  }

  /** Oldest sequence not delivered; undefined when all is. */
  get oldest(): number | undefined {
    return this.#undelivered.first()?.from;
  }

  /** The journal has grown up to, not including, `end`. */
  grow(end: number): void {
    if (end <= this.#end) return;
    this.#undelivered.add(this.#end, end);
    this.#end = end;
  }

  /**
   * Takes up to `most` of the newest sequences. When the live mark is more than `window` behind, it first jumps to the last
   * `most` of them.
   */
  takeLive(most: number, window: number): Range | undefined {
    if (this.#end - this.#live > window) this.#live = Math.max(this.#live, this.#end - most);
    const taken = this.#take(this.#live, this.#end, most);
    if (taken !== undefined) this.#live = taken.to;
    return taken;
  }

  /** Sets the live mark to the newest sequence: all that waits is backlog. */
  skip(): void {
    this.#live = this.#end;
  }

  /** Takes up to `most` of the oldest sequences behind the live mark. */
  takeBacklog(most: number): Range | undefined {
    return this.#take(0, this.#live, most);
  }

  /** This much of a taken range has been delivered, or given up for good. */
  settle(from: number, to: number): void {
    this.#undelivered.remove(from, to);
  }

  /** The taken range is no longer in flight; what was not settled of it waits again. */
  release(range: Range): void {
    this.#inFlight.remove(range.from, range.to);
  }

  /** Sets the live mark back, after a batch of the live lane has failed: what is newest when the sink answers again goes first. */
  rewind(range: Range): void {
    this.#live = Math.min(this.#live, range.from);
  }

  /** The journal no longer has [from, to). Returns how many sequences of it had not been delivered. */
  drop(from: number, to: number): number {
    return this.#undelivered.remove(from, to);
  }

  keep(): KeptPosition {
    this.#undelivered.shorten(MOST_RANGES);
    return { end: this.#end, undelivered: Array.from(this.#undelivered, ({ from, to }) => [from, to]) };
  }

  #take(from: number, to: number, most: number): Range | undefined {
    for (let at = from; ; ) {
      const range = this.#undelivered.first(at, to);
      if (range === undefined) return undefined;
      const busy = this.#inFlight.first(range.from, range.to);
      if (busy?.from === range.from) {
        at = busy.to;
        continue;
      }
      const end = Math.min(range.from + most, busy?.from ?? range.to, range.to);
      this.#inFlight.add(range.from, end);
      return { from: range.from, to: end };
    }
  }
}
