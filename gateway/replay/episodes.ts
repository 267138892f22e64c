import type { AlarmClass, Severity } from "../../model/severity.ts";
import { rank } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import { type AlarmEvent, type AlarmState, isCaseEvent } from "../../rules/event.ts";

/**
 * One time that an alarm was active: from its raise (or from coming back within an occurrence nobody has acknowledged) to the
 * return of its condition. What a person would count as "it alarmed".
 */
export interface Episode {
  readonly rule: string;
  readonly subject: string;
  readonly point: string;
  readonly class: AlarmClass;
  readonly occurrence: number;
  readonly raised: Micros;
  /** Undefined: it still stands at the end. */
  readonly ended: Micros | undefined;
  /** Severity it began with, and the worst it reached. */
  readonly first: Severity;
  readonly severity: Severity;
  /** Every change of severity while it was active, the beginning included. */
  readonly steps: readonly { readonly time: Micros; readonly severity: Severity }[];
  /** Of the reading that raised it; NaN: none. */
  readonly value: number;
  readonly limit: number;
}

type Open = { -readonly [Key in keyof Episode]: Episode[Key] } & {
  steps: { time: Micros; severity: Severity }[];
};

const ACTIVE: ReadonlySet<AlarmState> = new Set<AlarmState>(["unacknowledged", "acknowledged"]);

/** Beyond this a report is not for people; the rest is counted. */
const MOST_EPISODES = 100_000;

/** Gathers episodes from events. Built from transitions alone: whatever else an event says does not matter here. */
export class Episodes {
  readonly #open = new Map<string, Open>();
  readonly #all: Open[] = [];
  /** Episodes that are not kept one by one. */
  beyond = 0;
  /** Exceedances found in late data; they were never alarms. */
  historical = 0;

  add(event: AlarmEvent): void {
    if (event.transition === "historical") this.historical++;
    if (event.transition === "historical" || event.transition === "void" || isCaseEvent(event)) return;
    const key = `${event.rule} ${event.subject}`;
    const open = this.#open.get(key);
    const active = ACTIVE.has(event.to);
    if (!active) {
      if (open === undefined) return;
      open.ended = event.time;
      this.#open.delete(key);
    } else if (open === undefined) {
      this.#begin(key, event);
    } else if (open.steps.at(-1)?.severity !== event.severity) {
      open.steps.push({ time: event.time, severity: event.severity });
      if (rank(event.severity) > rank(open.severity)) open.severity = event.severity;
    }
  }

  /** All of them, in order of their raise. */
  list(): readonly Episode[] {
    return this.#all;
  }

  #begin(key: string, event: AlarmEvent): void {
    const { rule, subject, point, occurrence, severity, time: raised, value, limit } = event;
    const steps = [{ time: raised, severity }];
    const episode: Open = {
      rule,
      subject,
      point,
      class: event.class,
      occurrence,
      raised,
      ended: undefined,
      first: severity,
      severity,
      steps,
      value,
      limit,
    };
    this.#open.set(key, episode);
    if (this.#all.length < MOST_EPISODES) this.#all.push(episode);
    else this.beyond++;
  }
}
