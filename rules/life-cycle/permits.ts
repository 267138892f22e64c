import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import type { Evaluation } from "../evaluation.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { ClosePermitCommand, CommandOutcome, OpenPermitCommand } from "../input.ts";
import { NEVER, PERMIT_END, type TimerQueue } from "../timer-queue.ts";
import type { Carriers } from "./carriers.ts";
import { Deadlines } from "./deadlines.ts";
import type { Permit } from "./permit.ts";
import type { Register } from "./register.ts";

const RULE = "permit-open";

/**
 * Permits to work (动火作业): opened by a person at a point or group for a time. Their rules, with tighter limits, are in force there
 * meanwhile and nowhere else; what they have raised ends by its own limits, not with the permit. Each open one stands as an alarm of
 * the built-in rule, so that it is listed and its end is told.
 */
export class Permits {
  readonly #permits: ReadonlyMap<string, Permit>;
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #register: Register;
  readonly #carriers: Carriers;
  readonly #evaluation: Evaluation;
  readonly #ends: Deadlines;
  /** Open permits by key, with the channels of their place. */
  readonly #open = new Map<string, { permit: Permit; alarm: Alarm; channels: ReadonlySet<number> }>();

  constructor(parts: {
    permits: readonly Permit[];
    book: AlarmBook;
    stream: EventStream;
    register: Register;
    carriers: Carriers;
    evaluation: Evaluation;
    timers: TimerQueue;
  }) {
    this.#permits = new Map(parts.permits.map((permit) => [permit.id, permit]));
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#register = parts.register;
    this.#carriers = parts.carriers;
    this.#evaluation = parts.evaluation;
    this.#ends = new Deadlines({
      timers: parts.timers,
      phase: PERMIT_END,
      due: (key, at) => this.#close(key, { at }),
    });
    const gated = new Set(parts.permits.flatMap(({ rules }) => [...rules]));
    if (gated.size > 0) {
      parts.evaluation.gate(gated, (rule, channels) => this.#inForce(rule, channels));
    }
  }

  /** Opens a permit; one that is open there already gives way to it. */
  open(command: OpenPermitCommand, at: Micros): CommandOutcome {
    const { permit: id, subject, span, user, note } = command;
    const permit = this.#permits.get(id);
    if (permit === undefined) return { accepted: false, refusal: "unknown-permit" };
    const key = permitKey(id, subject);
    const alarm = isPlace(subject) ? this.#book.standing(RULE, key) : undefined;
    if (alarm === undefined) return { accepted: false, refusal: "unknown-subject" };
    if (span > permit.longest) return { accepted: false, refusal: "too-long" };
    const until = at + span;
    this.#close(key, { at, user });
    const step = alarm.enter("raise", at, user);
    this.#keep(key, { permit, alarm, subject, until });
    const name = `${permit.name.zh} ${permit.name.en}`;
    this.#stream.record(alarm, step, {
      ...decisionWithoutReading(at),
      user,
      until,
      note: note === undefined ? name : `${name}: ${note}`,
    });
    this.#evaluation.enforce(permit.rules, at);
    return { accepted: true };
  }

  /** Closes one before its time. */
  close({ permit, subject, user, note }: ClosePermitCommand, at: Micros): CommandOutcome {
    if (!this.#permits.has(permit)) return { accepted: false, refusal: "unknown-permit" };
    const key = permitKey(permit, subject);
    if (!this.#open.has(key)) return { accepted: false, refusal: "not-open" };
    this.#close(key, { at, user, ...(note === undefined ? {} : { note }) });
    return { accepted: true };
  }

  /** Takes up what restored alarms say. */
  restore(): void {
    this.#open.clear();
    this.#ends.clear();
    for (const alarm of this.#register.known()) {
      if (alarm.rule !== RULE || alarm.state === "normal") continue;
      const [, id = "", subject = ""] = /^permit@([^@]+)@(.+)$/.exec(alarm.subject) ?? [];
      const permit = this.#permits.get(id);
      if (permit !== undefined)
        this.#keep(alarm.subject, { permit, alarm, subject, until: alarm.until ?? 0 });
    }
  }

  /** Whether an active alarm of the built-in rule has a permit behind it. */
  stands({ subject }: Alarm): boolean {
    return this.#open.has(subject);
  }

  #keep(
    key: string,
    { permit, alarm, subject, until }: { permit: Permit; alarm: Alarm; subject: string; until: Micros },
  ): void {
    const channels = new Set(this.#carriers.thing(subject)?.channels ?? []);
    this.#open.set(key, { permit, alarm, channels });
    this.#ends.set(key, until);
  }

  #close(key: string, { at, ...person }: { at: Micros; user?: string; note?: string }): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    this.#ends.set(key, NEVER);
    this.#stream.record(open.alarm, open.alarm.leave("return", at), {
      ...decisionWithoutReading(at),
      ...person,
    });
  }

  #inForce(rule: string, channels: readonly number[]): boolean {
    for (const { permit, channels: here } of this.#open.values()) {
      if (permit.rules.has(rule) && channels.every((channel) => here.has(channel))) return true;
    }
    return false;
  }
}

function permitKey(id: string, subject: string): string {
  return `permit@${id}@${subject}`;
}

function isPlace(subject: string): boolean {
  return subject.startsWith("point@") || subject.startsWith("group@");
}
