import type { Micros } from "../../model/time.ts";
import type { Alarm, Change } from "../alarm.ts";
import type { EventStream } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import { NEVER, RE_ALARM, type TimerQueue } from "../timer-queue.ts";
import { alarmKey } from "./carriers.ts";
import { Deadlines } from "./deadlines.ts";
import type { Register } from "./register.ts";
import { decisionBehind } from "./telling.ts";

/** Deadlines by alarm key; JSON-safe. */
export type ReAlarmState = Readonly<Record<string, Micros>>;

/**
 * Re-alarm (OPC UA Part 9 B.1.5): an alarm that was acknowledged and is still active after its time is unacknowledged again. The
 * time is the rule's, else that of the severity; most sites have none.
 */
export class ReAlarm {
  readonly #register: Register;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings;
  readonly #ofRules: ReadonlyMap<string, Micros>;
  readonly #due: Deadlines;

  constructor(parts: {
    register: Register;
    stream: EventStream;
    settings: EngineSettings;
    timers: TimerQueue;
    rules: readonly { readonly id: string; readonly reAlarm?: Micros }[];
  }) {
    this.#register = parts.register;
    this.#stream = parts.stream;
    this.#settings = parts.settings;
    this.#ofRules = new Map(
      parts.rules.flatMap(({ id, reAlarm }) => (reAlarm === undefined ? [] : [[id, reAlarm] as const])),
    );
    this.#due = new Deadlines({
      timers: parts.timers,
      phase: RE_ALARM,
      due: (key, at) => {
        const alarm = this.#register.byKey(key);
        const change = alarm?.alarmAgain(at);
        if (alarm !== undefined && change !== undefined) {
          this.#stream.record(alarm, change, decisionBehind(alarm, { at }));
        }
      },
    });
  }

  moved(alarm: Alarm, change: Change, at: Micros): void {
    if (change.to !== "acknowledged") this.#due.set(alarmKey(alarm), NEVER);
    else if (change.transition === "acknowledge") this.#due.set(alarmKey(alarm), at + this.#after(alarm));
  }

  state(): ReAlarmState {
    return this.#due.all();
  }

  restore(state: ReAlarmState): void {
    this.#due.clear();
    for (const [key, deadline] of Object.entries(state)) {
      if (this.#register.byKey(key)?.state === "acknowledged") this.#due.set(key, deadline);
    }
  }

  /** A start: what is acknowledged and has no time yet, because nobody remembers or the site had none, begins one. */
  start(at: Micros): void {
    for (const alarm of this.#register.known()) {
      if (alarm.state !== "acknowledged" || alarm.acknowledgedBy === undefined) continue;
      const key = alarmKey(alarm);
      if (this.#due.get(key) === NEVER) this.#due.set(key, at + this.#after(alarm));
    }
  }

  #after({ rule, severity, class: alarmClass }: Alarm): Micros {
    if (rule === "out-of-service" || rule === "permit-open") return NEVER;
    const ofRule = this.#ofRules.get(rule);
    if (ofRule !== undefined) return ofRule;
    return severity === "blue" || alarmClass === "supervisory"
      ? NEVER
      : (this.#settings.reAlarm[severity] ?? NEVER);
  }
}
