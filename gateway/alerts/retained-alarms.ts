import type { AlarmEvent } from "../../rules/event.ts";
import type { Payloads } from "./payload.ts";
import { type PresentAlarm, presentAfter, touchesPresent } from "./present.ts";
import { alarmTopic } from "./topics.ts";

/** What clears a retained topic. */
export const CLEARED = "";

/**
 * The retained topics of alarms: one for each that is not normal, by topic name. Bounded by rules and subjects of the
 * configuration.
 */
export class RetainedAlarms {
  readonly #payloads: Payloads;
  readonly #alarms = new Map<string, PresentAlarm>();

  constructor(payloads: Payloads) {
    this.#payloads = payloads;
  }

  /** Number of alarms that are not normal. */
  get size(): number {
    return this.#alarms.size;
  }

  /** Topic names of all alarms that are not normal. */
  names(): Iterable<string> {
    return this.#alarms.keys();
  }

  /** All alarms that are not normal. */
  alarms(): Iterable<PresentAlarm> {
    return this.#alarms.values();
  }

  /** Takes the engine's present state over. */
  load(alarms: Iterable<PresentAlarm>): void {
    this.#alarms.clear();
    for (const alarm of alarms) {
      if (alarm.state !== "normal") this.#alarms.set(alarmTopic(alarm), alarm);
    }
  }

  /** Follows an event; returns the name of the topic that must be published, undefined when none. */
  apply(event: AlarmEvent): string | undefined {
    if (!touchesPresent(event)) return undefined;
    const name = alarmTopic(event);
    if (event.to === "normal") {
      this.#alarms.delete(name);
      return name;
    }
    this.#alarms.set(name, presentAfter(event, this.#alarms.get(name)));
    return name;
  }

  /** The alarm of a topic; undefined when it is normal. */
  get(name: string): PresentAlarm | undefined {
    return this.#alarms.get(name);
  }

  /** What stands in a topic: the alarm, or nothing. */
  payload(name: string): string {
    const alarm = this.#alarms.get(name);
    return alarm === undefined ? CLEARED : JSON.stringify(this.#payloads.alarm(alarm));
  }
}
