import type { AlarmEvent } from "../../rules/event.ts";
import type { Remarks } from "./source.ts";

/** Events of one side that wait for the other; they come within one page of each other unless something differs. */
const MOST_WAITING = 10_000;

/** What of an event must be the same, in the order in which a difference is told. */
const FIELDS = [
  "seq",
  "transition",
  "rule",
  "subject",
  "severity",
  "highest",
  "time",
  "since",
  "occurrence",
  "from",
  "to",
  "value",
  "reason",
  "measured",
  "limit",
  "user",
] as const satisfies readonly (keyof AlarmEvent)[];

/**
 * Compares the events that a replay brings forth with those that were published live, one by one, in order. Whatever differs is
 * a remark: under the same configuration nothing may.
 */
export class RecordedEvents {
  readonly #remarks: Remarks;
  #live: AlarmEvent[] = [];
  #replayed: AlarmEvent[] = [];
  /** Events that were the same. */
  same = 0;

  constructor(remarks: Remarks) {
    this.#remarks = remarks;
  }

  live(event: AlarmEvent): void {
    this.#live.push(event);
    this.#compare();
  }

  replayed(event: AlarmEvent): void {
    this.#replayed.push(event);
    this.#compare();
  }

  /** Those that have no counterpart. */
  finish(): void {
    for (const event of this.#live) this.#remarks.add("event only live", wordsOf(event));
    for (const event of this.#replayed) this.#remarks.add("event only in the replay", wordsOf(event));
    this.#live = [];
    this.#replayed = [];
  }

  #compare(): void {
    while (this.#live.length > 0 && this.#replayed.length > 0) {
      const live = this.#live[0]!;
      const replayed = this.#replayed[0]!;
      // Numbers go up on both sides: the lower one has no counterpart.
      if (live.seq < replayed.seq) this.#remarks.add("event only live", wordsOf(live));
      else if (replayed.seq < live.seq) this.#remarks.add("event only in the replay", wordsOf(replayed));
      else this.#pair(live, replayed);
      if (live.seq <= replayed.seq) this.#live.shift();
      if (replayed.seq <= live.seq) this.#replayed.shift();
    }
    if (this.#live.length > MOST_WAITING || this.#replayed.length > MOST_WAITING) this.finish();
  }

  #pair(live: AlarmEvent, replayed: AlarmEvent): void {
    const different = FIELDS.filter((field) => !Object.is(live[field], replayed[field]));
    if (different.length === 0) {
      this.same++;
      return;
    }
    const what = different.map((field) => `${field} ${String(live[field])} → ${String(replayed[field])}`);
    this.#remarks.add("event differs", `${wordsOf(live)}: ${what.join(", ")}`);
  }
}

function wordsOf({ seq, transition, rule, subject, severity }: AlarmEvent): string {
  return `${seq} ${transition} ${rule} ${subject} ${severity}`;
}
