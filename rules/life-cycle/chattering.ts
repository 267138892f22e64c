import type { Micros } from "../../model/time.ts";
import type { Alarm, Change } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { assertAlarm, clearAlarm } from "../announce.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import { CHATTER_END, type TimerQueue } from "../timer-queue.ts";
import { alarmKey, alarmOfKey } from "./carriers.ts";
import { Deadlines } from "./deadlines.ts";

const RULE = "chattering";

/** By alarm key: instants of its last raises, and when it is quiet if it chatters; JSON-safe. */
export type ChatteringState = Readonly<
  Record<string, { readonly raises: readonly Micros[]; readonly quiet?: Micros }>
>;

/**
 * *Chattering*: an alarm that is raised again and again in a short time (default 3 raises in 60 s: domain.md a.3). It is told once,
 * under the subject of the alarm, and hides nothing; it is over when the alarm has not been raised for a while.
 */
export class Chattering {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings["chattering"];
  /** Last raises of each alarm, the oldest first; no more than are needed. */
  readonly #raises = new Map<string, Micros[]>();
  readonly #quiet: Deadlines;

  constructor(parts: {
    book: AlarmBook;
    stream: EventStream;
    settings: EngineSettings;
    timers: TimerQueue;
  }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#settings = parts.settings.chattering;
    this.#quiet = new Deadlines({
      timers: parts.timers,
      phase: CHATTER_END,
      due: (key, at) => this.#over(key, at),
    });
  }

  moved(alarm: Alarm, change: Change, at: Micros): void {
    if (change.transition !== "raise" && change.transition !== "again") return;
    const { raises: most, within, quiet, severity } = this.#settings;
    const key = alarmKey(alarm);
    const raises = this.#raises.get(key) ?? [];
    this.#raises.set(key, raises);
    raises.push(at);
    if (raises.length > most) raises.shift();
    if (this.#quiet.has(key)) {
      this.#quiet.set(key, at + quiet);
      return;
    }
    // What lasted exactly the span is within it.
    if (raises.length < most || at - raises[0]! > within) return;
    this.#quiet.set(key, at + quiet);
    const chatter = this.#alarm(alarm.subject);
    assertAlarm(this.#stream, chatter, {
      severity,
      decision: { ...decisionWithoutReading(at), note: alarm.rule, mode: alarm.mode },
    });
  }

  /** The configuration has left it behind. */
  withdrawn(alarm: Alarm): void {
    const key = alarmKey(alarm);
    this.#raises.delete(key);
    if (this.#quiet.has(key)) this.#quiet.set(key, Number.POSITIVE_INFINITY);
  }

  /** Whether an alarm *chattering* still has one that chatters. */
  holds({ subject }: Alarm): boolean {
    return this.#others(subject);
  }

  state(): ChatteringState {
    return Object.fromEntries(
      [...this.#raises].map(([key, raises]) => [
        key,
        { raises, ...(this.#quiet.has(key) ? { quiet: this.#quiet.get(key) } : {}) },
      ]),
    );
  }

  restore(state: ChatteringState): void {
    this.#raises.clear();
    this.#quiet.clear();
    for (const [key, { raises, quiet }] of Object.entries(state)) {
      this.#raises.set(key, raises.slice(-this.#settings.raises));
      if (quiet !== undefined) this.#quiet.set(key, quiet);
    }
  }

  #over(key: string, at: Micros): void {
    const subject = alarmOfKey(key)?.subject;
    this.#raises.delete(key);
    if (subject === undefined || this.#others(subject)) return;
    const chatter = this.#book.find(RULE, subject);
    if (chatter !== undefined)
      clearAlarm(this.#stream, chatter, { ...decisionWithoutReading(at), mode: chatter.mode });
  }

  /** Whether another alarm of the subject chatters. */
  #others(subject: string): boolean {
    return this.#quiet.some((key) => alarmOfKey(key)?.subject === subject);
  }

  /** Under the subject's own place; what is no thing of the site (a sink, the gateway) stands with the gateway. */
  #alarm(subject: string): Alarm {
    return this.#book.standing(RULE, subject) ?? this.#book.system(RULE, subject);
  }
}
