import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { CommandOutcome, OutOfServiceCommand, ReturnToServiceCommand } from "../input.ts";
import type { EngineSettings } from "../settings.ts";
import { NEVER, SERVICE_END, type TimerQueue } from "../timer-queue.ts";
import { alarmKey, type Carriers } from "./carriers.ts";
import { Deadlines } from "./deadlines.ts";
import type { Register } from "./register.ts";
import { tellSilence } from "./telling.ts";

const RULE = "out-of-service";

/**
 * Out of service (IEC 62682 letter I): a person takes a point, device, component, channel or one alarm out, for a time. Each stands
 * as an alarm of the built-in rule, so that it is listed, survives a restart with the alarm log alone, and its end is told. What
 * hangs on it is silenced; it goes on being evaluated.
 */
export class Service {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings;
  readonly #register: Register;
  readonly #carriers: Carriers;
  readonly #ends: Deadlines;
  /** What is out, by key. */
  readonly #out = new Map<string, Alarm>();
  /** 1: the channel belongs to something that is out. Empty while nothing is. */
  #channels: Uint8Array | undefined;
  readonly #channelCount: number;
  readonly #onReturn: (channel: number, at: Micros) => void;

  constructor(parts: {
    channels: number;
    book: AlarmBook;
    stream: EventStream;
    settings: EngineSettings;
    register: Register;
    carriers: Carriers;
    timers: TimerQueue;
    /** A channel is back in service. */
    onReturn: (channel: number, at: Micros) => void;
  }) {
    this.#onReturn = parts.onReturn;
    this.#channelCount = parts.channels;
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#settings = parts.settings;
    this.#register = parts.register;
    this.#carriers = parts.carriers;
    this.#ends = new Deadlines({
      timers: parts.timers,
      phase: SERVICE_END,
      due: (key, at) => this.#return(key, { at }),
    });
  }

  /** By channel: 1 where it is out of service; undefined while nothing is. */
  get channels(): Uint8Array | undefined {
    return this.#channels;
  }

  /** When the last of the things that carry an alarm returns; undefined when all are in service. */
  covering(alarm: Alarm): Micros | undefined {
    if (this.#out.size === 0) return undefined;
    let until: Micros | undefined;
    for (const key of this.#carriers.of(alarm)) {
      const out = this.#out.get(key);
      if (out?.until !== undefined && !(until !== undefined && until >= out.until)) until = out.until;
    }
    return until;
  }

  /** Takes a thing, or one alarm, out of service; of what is out already the time is set anew. */
  takeOut(command: OutOfServiceCommand, at: Micros): CommandOutcome {
    const { subject, rule, span, work, user, note } = command;
    if (rule !== undefined && this.#register.find(rule, subject) === undefined) {
      return { accepted: false, refusal: "unknown-alarm" };
    }
    const thing = this.#carriers.thing(subject);
    if (rule === undefined && (thing === undefined || subject.startsWith("group@"))) {
      return { accepted: false, refusal: "unknown-subject" };
    }
    if (span > this.#settings.outOfService.longest) return { accepted: false, refusal: "too-long" };
    const key = rule === undefined ? subject : alarmKey({ rule, subject });
    const alarm = this.#book.standing(RULE, key);
    if (alarm === undefined) return { accepted: false, refusal: "unknown-subject" };
    const until = at + span;
    const words = note === undefined ? work : `${work}: ${note}`;
    const decision = { ...decisionWithoutReading(at), user, until, note: words };
    const step = alarm.state === "normal" ? alarm.enter(RULE, at, user) : alarm.stay(RULE);
    alarm.acknowledgedBy = user;
    alarm.until = until;
    this.#out.set(key, alarm);
    this.#ends.set(key, until);
    this.#mark();
    this.#stream.record(alarm, step, decision);
    this.#tell(key, { begins: true, behind: { at, user, until } });
    return { accepted: true };
  }

  /** Takes it back before its time. */
  takeBack({ subject, rule, user, note }: ReturnToServiceCommand, at: Micros): CommandOutcome {
    const key = rule === undefined ? subject : alarmKey({ rule, subject });
    if (!this.#out.has(key)) return { accepted: false, refusal: "not-out-of-service" };
    this.#return(key, { at, user, ...(note === undefined ? {} : { note }) });
    return { accepted: true };
  }

  /** Takes up what restored alarms say. */
  restore(): void {
    this.#out.clear();
    this.#ends.clear();
    for (const alarm of this.#register.known()) {
      if (alarm.rule !== RULE || alarm.state === "normal") continue;
      this.#out.set(alarm.subject, alarm);
      this.#ends.set(alarm.subject, alarm.until ?? 0);
    }
    this.#mark();
  }

  /** The configuration has left it behind. */
  withdrawn(alarm: Alarm): void {
    if (alarm.rule !== RULE || !this.#out.delete(alarm.subject)) return;
    this.#ends.set(alarm.subject, NEVER);
    this.#mark();
  }

  #return(key: string, behind: { at: Micros; user?: string; note?: string }): void {
    const alarm = this.#out.get(key);
    if (alarm === undefined) return;
    const { at, ...person } = behind;
    this.#out.delete(key);
    this.#ends.set(key, NEVER);
    this.#mark();
    this.#stream.record(alarm, alarm.leave("return-to-service", at), {
      ...decisionWithoutReading(at),
      ...person,
    });
    this.#tell(key, { begins: false, behind });
    for (const channel of this.#carriers.thing(key)?.channels ?? []) {
      if (this.#channels?.[channel] !== 1) this.#onReturn(channel, at);
    }
  }

  /** The alarms that hang on it, where they are not normal. */
  #tell(key: string, told: { begins: boolean; behind: { at: Micros; user?: string; until?: Micros } }): void {
    const { at, user, until } = told.behind;
    const behind = {
      at,
      ...(user === undefined ? {} : { user }),
      ...(until === undefined ? {} : { until }),
    };
    for (const alarm of this.#book.ordered()) {
      if (alarm.state === "normal" || alarm.rule === RULE) continue;
      if (!this.#carriers.of(alarm).includes(key)) continue;
      tellSilence(this.#stream, alarm, { silence: RULE, begins: told.begins, behind });
    }
  }

  #mark(): void {
    if (this.#out.size === 0) {
      this.#channels = undefined;
      return;
    }
    const channels = new Uint8Array(this.#channelCount);
    for (const key of this.#out.keys()) {
      for (const channel of this.#carriers.thing(key)?.channels ?? []) channels[channel] = 1;
    }
    this.#channels = channels;
  }
}
