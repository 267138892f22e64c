import { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { Engine } from "../../rules/engine.ts";
import type { Timeliness } from "../../rules/timeliness.ts";
import type { Page } from "../journal/page.ts";
import type { RepeatMemory } from "./repeat-memory.ts";

/** What is put back together from checkpoint and tail. */
export interface Restored {
  /** Readings of the tail that the rules saw again. */
  readings: number;
  /** Last time in the journal; the intake clock starts no earlier. */
  lastReceived: Micros;
}

/**
 * Feeds committed pages to the rules again, in the order in which they were evaluated. Events come out as they did before
 * and are not published again: the caller's `emit` drops them.
 */
export class Restoration {
  readonly #engine: Engine;
  readonly #timeliness: Timeliness;
  readonly #repeats: RepeatMemory;
  /** Channel of a series; series of earlier configurations are absent. */
  readonly #channelOf: ReadonlyMap<number, number>;
  readonly #batch = new ReadingBatch();
  readonly restored: Restored = { readings: 0, lastReceived: 0 };

  constructor(options: {
    engine: Engine;
    timeliness: Timeliness;
    repeats: RepeatMemory;
    channelOf: ReadonlyMap<number, number>;
  }) {
    this.#engine = options.engine;
    this.#timeliness = options.timeliness;
    this.#repeats = options.repeats;
    this.#channelOf = options.channelOf;
  }

  /**
   * Takes in a page that was evaluated under another configuration. Its readings are history: under today's rules they would
   * raise alarms that nobody was told of. What stood then is taken from the alarm log.
   */
  foreign(page: Page): void {
    for (let m = 0; m < page.messages; m++) {
      this.#fill(page, m);
      this.#seen(page.received[m]!);
    }
    for (const { input } of page.inputs) this.#seen(input.at);
  }

  page(page: Page): void {
    let nextInput = 0;
    for (let m = 0; m < page.messages; m++) {
      nextInput = this.#inputs(page, nextInput, m);
      this.#message(page, m);
    }
    this.#inputs(page, nextInput, Number.POSITIVE_INFINITY);
  }

  #inputs(page: Page, from: number, upToMessage: number): number {
    let i = from;
    for (; i < page.inputs.length && page.inputs[i]!.before <= upToMessage; i++) {
      const { input } = page.inputs[i]!;
      this.#engine.apply(input);
      this.#seen(input.at);
    }
    return i;
  }

  #message(page: Page, m: number): void {
    const batch = this.#fill(page, m);
    const received = page.received[m]!;
    this.#engine.readings(batch, 0, batch.length, received);
    this.restored.readings += batch.length;
    this.#seen(received);
  }

  /** The readings of a message in today's channels; the memories of times and repeats have seen them then. */
  #fill(page: Page, m: number): ReadingBatch {
    const start = m === 0 ? 0 : page.end[m - 1]!;
    const end = page.end[m]!;
    const received = page.received[m]!;
    const batch = this.#batch;
    batch.clear();
    for (let i = start; i < end; i++) {
      const channel = this.#channelOf.get(page.series[i]!);
      if (channel === undefined) continue;
      batch.add(channel, page.value[i]!, page.reason[i]!, page.time[i]!);
      batch.flags[batch.length - 1] = page.flags[i]!;
    }
    const [high, low] = [page.identityHigh[m]!, page.identityLow[m]!];
    if (high !== 0 || low !== 0) this.#repeats.remember(high, low, received);
    this.#timeliness.replayed(batch, received);
    return batch;
  }

  #seen(at: Micros): void {
    if (at > this.restored.lastReceived) this.restored.lastReceived = at;
  }
}
