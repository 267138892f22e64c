import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { EventStream } from "../event-stream.ts";
import type { CommandOutcome, ShelveCommand, UnshelveCommand } from "../input.ts";
import type { EngineSettings } from "../settings.ts";
import { NEVER, SHELF_END, type TimerQueue } from "../timer-queue.ts";
import { alarmKey } from "./carriers.ts";
import { Deadlines } from "./deadlines.ts";
import { type Register, STANDING_FOR_THEMSELVES } from "./register.ts";
import { decisionBehind } from "./telling.ts";

/**
 * Shelving (IEC 62682 letter G; OPC UA Part 9 5.8.17): a person silences one alarm, for a time or until its occurrence has returned,
 * never longer than the site permits. A worse level ends it. What a restart does not know is not shelved.
 */
export class Shelving {
  readonly #register: Register;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings;
  readonly #ends: Deadlines;

  constructor(parts: {
    register: Register;
    stream: EventStream;
    settings: EngineSettings;
    timers: TimerQueue;
  }) {
    this.#register = parts.register;
    this.#stream = parts.stream;
    this.#settings = parts.settings;
    this.#ends = new Deadlines({
      timers: parts.timers,
      phase: SHELF_END,
      due: (key, at) => {
        const alarm = this.#register.byKey(key);
        if (alarm?.shelf !== undefined) this.#end(alarm, { at });
      },
    });
  }

  /** An alarm that is normal is shelved by rule and subject; one that is not, by the occurrence that the person has seen. */
  shelve(command: ShelveCommand, at: Micros): CommandOutcome {
    const alarm = this.#register.find(command.rule, command.subject);
    if (alarm === undefined || STANDING_FOR_THEMSELVES.has(alarm.rule)) {
      return { accepted: false, refusal: "unknown-alarm" };
    }
    const normal = alarm.state === "normal";
    if (normal && command.occurrence !== undefined) return { accepted: false, refusal: "not-active" };
    if (!normal && command.occurrence !== alarm.occurrence) {
      return { accepted: false, refusal: "wrong-occurrence" };
    }
    const { longest } = this.#settings.shelving;
    const span = command.span ?? longest;
    if (span > longest) return { accepted: false, refusal: "too-long" };
    const { user, note } = command;
    const until = at + span;
    alarm.shelf = {
      until,
      oneShot: command.span === undefined,
      user,
      since: at,
      worst: normal ? this.#register.worst(alarm) : alarm.highest,
      ...(note === undefined ? {} : { note }),
    };
    this.#ends.set(alarmKey(alarm), until);
    this.#stream.record(alarm, alarm.stay("shelve"), {
      ...decisionBehind(alarm, { at, user, until, ...(note === undefined ? {} : { note }) }),
      ...(normal ? { worst: this.#register.worst(alarm) } : {}),
    });
    return { accepted: true };
  }

  unshelve(command: UnshelveCommand, at: Micros): CommandOutcome {
    const alarm = this.#register.find(command.rule, command.subject);
    if (alarm === undefined) return { accepted: false, refusal: "unknown-alarm" };
    if (alarm.shelf === undefined) return { accepted: false, refusal: "not-shelved" };
    const { user, note } = command;
    this.#end(alarm, { at, user, ...(note === undefined ? {} : { note }) });
    return { accepted: true };
  }

  /** An occurrence has returned. */
  returned(alarm: Alarm, at: Micros): void {
    if (alarm.shelf?.oneShot === true) this.#end(alarm, { at });
  }

  /** The alarm itself has ended its shelving: it got worse, real, or was withdrawn. */
  forgotten(alarm: Alarm): void {
    if (alarm.shelf === undefined) this.#ends.set(alarmKey(alarm), NEVER);
  }

  /** Every alarm that is shelved. */
  *shelved(): IterableIterator<Alarm> {
    for (const alarm of this.#register.known()) if (alarm.shelf !== undefined) yield alarm;
  }

  /** Takes up what restored alarms say. */
  restore(): void {
    this.#ends.clear();
    for (const alarm of this.shelved()) this.#ends.set(alarmKey(alarm), alarm.shelf!.until);
  }

  #end(alarm: Alarm, behind: { at: Micros; user?: string; note?: string }): void {
    const normal = alarm.state === "normal";
    alarm.shelf = undefined;
    this.#ends.set(alarmKey(alarm), NEVER);
    const stillSilent = this.#stream.silencing?.of(alarm, alarm.highest) !== undefined;
    const step = stillSilent ? alarm.stay("unshelve") : alarm.resume("unshelve", behind.at, true);
    this.#stream.record(alarm, step, {
      ...decisionBehind(alarm, behind),
      ...(normal ? { worst: this.#register.worst(alarm) } : {}),
    });
  }
}
