import type { Micros } from "../model/time.ts";
import type { Alarm, AlarmRecord } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { decisionOf, type EventStream } from "./event-stream.ts";

/**
 * Alarms that the configuration has left behind: their rule or subject is gone, or not watched any more. A reload erases none of
 * them silently; each ends with the event `withdraw` at the next boot.
 */
export class Withdrawal {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  /** Whether anything still stands behind an active alarm and will return it. */
  readonly #held: (alarm: Alarm) => boolean;
  #orphans: AlarmRecord[] = [];

  constructor(parts: { book: AlarmBook; stream: EventStream; held: (alarm: Alarm) => boolean }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#held = parts.held;
  }

  /** Keeps an alarm of a checkpoint that belongs to nothing in this configuration. */
  keep(record: AlarmRecord): void {
    this.#orphans.push(record);
  }

  /** What still waits to be withdrawn, for a checkpoint in between. */
  get waiting(): readonly AlarmRecord[] {
    return this.#orphans;
  }

  /** Ends them all. */
  withdraw(at: Micros): void {
    const orphans = new Set<Alarm>();
    for (const record of this.#orphans) {
      const alarm = this.#book.get(record);
      alarm.restore(record);
      orphans.add(alarm);
    }
    this.#orphans = [];
    for (const alarm of this.#book.ordered()) {
      if (!orphans.has(alarm) && (!alarm.active || this.#held(alarm))) continue;
      this.#stream.record(alarm, alarm.withdraw(at), decisionOf(alarm, at));
    }
  }
}
