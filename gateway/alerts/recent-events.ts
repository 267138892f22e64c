import type { AlarmEvent } from "../../rules/event.ts";

/** An event as it was handed over, with whether it was on disk then. */
export interface RecentEvent {
  readonly event: AlarmEvent;
  readonly committed: boolean;
}

/**
 * The last events in memory, so that a live alert need not wait for a query of the alarm log. Bounded: the oldest are
 * forgotten; the log has them.
 */
export class RecentEvents {
  readonly #bound: number;
  readonly #events = new Map<number, RecentEvent>();

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Lowest number that is held; undefined when there is none. */
  get oldest(): number | undefined {
    return this.#events.keys().next().value;
  }

  add(event: AlarmEvent, committed: boolean): void {
    this.#events.set(event.seq, { event, committed });
    while (this.#events.size > this.#bound) this.#events.delete(this.#events.keys().next().value!);
  }

  get(seq: number): RecentEvent | undefined {
    return this.#events.get(seq);
  }
}
