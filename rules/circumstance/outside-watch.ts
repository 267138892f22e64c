import type { OutsideSource } from "../../model/outside.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { assertAlarm, clearAlarm } from "../announce.ts";
import { outsideSubject } from "../built-in.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import { SILENCE, type TimerQueue } from "../timer-queue.ts";
import type { OutsideInputs } from "./outside-inputs.ts";

const RULE = "outside-unknown";

interface Watched {
  readonly source: OutsideSource;
  readonly timer: number;
}

/**
 * *Nothing known from outside*: of a source that states nothing for that case, no valid message is there, so that rules take what
 * is stricter. The first message has as long to come as one counts. A source that speaks only now and then states what holds
 * otherwise, and is not watched.
 */
export class OutsideWatch {
  readonly #p: {
    readonly settings: EngineSettings;
    readonly timers: TimerQueue;
    readonly book: AlarmBook;
    readonly stream: EventStream;
    readonly outside: OutsideInputs;
  };
  readonly #watched: readonly Watched[];

  constructor(parts: {
    readonly site: Site;
    readonly settings: EngineSettings;
    readonly timers: TimerQueue;
    readonly book: AlarmBook;
    readonly stream: EventStream;
    readonly outside: OutsideInputs;
  }) {
    this.#p = parts;
    this.#watched = (parts.site.outside ?? [])
      .filter(({ standard }) => standard === undefined)
      .map((source) => ({
        source,
        timer: parts.timers.add({ phase: SILENCE, fire: (at) => this.#look(source, at) }),
      }));
  }

  /** A source has said something, readable or not. */
  heard(index: number, at: Micros): void {
    const one = this.#watched.find(({ source }) => source.index === index);
    if (one === undefined) return;
    this.#look(one.source, at);
    this.#arm(one, at);
  }

  /** From here on messages are waited for. */
  start(at: Micros): void {
    this.#p.outside.begin(at);
    for (const one of this.#watched) {
      // What ran out while the gateway was down is told now.
      if (this.#p.outside.until(one.source.index, at) === Number.POSITIVE_INFINITY)
        this.#look(one.source, at);
      this.#arm(one, at);
    }
  }

  /** Takes up the clock of the state that was restored. */
  restore(now: Micros): void {
    for (const one of this.#watched) this.#arm(one, now);
  }

  /** Whether what an alarm tells is still so, or still waited for. */
  holds(alarm: Alarm): boolean {
    return this.#watched.some(({ source }) => outsideSubject(source.id) === alarm.subject);
  }

  #arm({ source, timer }: Watched, now: Micros): void {
    this.#p.timers.set(timer, this.#p.outside.until(source.index, now));
  }

  #look(source: OutsideSource, at: Micros): void {
    const { book, stream, settings, outside } = this.#p;
    if (Number.isNaN(outside.value(source.index, at))) {
      const { zh, en } = source.name;
      const decision = { ...decisionWithoutReading(at), note: zh === en ? zh : `${zh} / ${en}` };
      const { severity } = settings.outsideUnknown;
      assertAlarm(stream, book.system(RULE, outsideSubject(source.id)), { severity, decision });
      return;
    }
    const alarm = book.find(RULE, outsideSubject(source.id));
    if (alarm !== undefined) clearAlarm(stream, alarm, decisionWithoutReading(at));
  }
}
