import type { Micros } from "../../model/time.ts";
import type { Alarm, Change } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { assertAlarm, clearAlarm } from "../announce.ts";
import { GATEWAY_SUBJECT } from "../built-in.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import type { EngineSettings } from "../settings.ts";
import { FLOOD_END, NEVER, type TimerQueue } from "../timer-queue.ts";
import { annunciates } from "./annunciation.ts";

const RULE = "alarm-flood";

/** Instants of the last annunciations, the oldest first, and whether there is a flood; JSON-safe. */
export interface FloodState {
  readonly times: readonly Micros[];
  readonly flooded: boolean;
}

/**
 * *Alarm flood* (ISA-18.2-2016 16.4): it begins with more than `begins` annunciations within the span, and ends when fewer than
 * `ends` lie within it. It is told once each way and hides nothing.
 */
export class Flood {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings["flood"];
  readonly #timers: TimerQueue;
  readonly #timer: number;
  /** No more than are needed to know. */
  #times: Micros[] = [];
  #flooded = false;

  constructor(parts: {
    book: AlarmBook;
    stream: EventStream;
    settings: EngineSettings;
    timers: TimerQueue;
  }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#settings = parts.settings.flood;
    this.#timers = parts.timers;
    this.#timer = parts.timers.add({ phase: FLOOD_END, fire: (at) => this.#due(at) });
  }

  moved(alarm: Alarm, change: Change, at: Micros): void {
    const { transition, to } = change;
    if (!annunciates({ transition, to, silence: alarm.silence })) return;
    const { begins, within, severity } = this.#settings;
    this.#times.push(at);
    if (this.#times.length > begins + 1) this.#times.shift();
    if (this.#flooded) {
      this.#arm();
      return;
    }
    // (at − within, at]: what is as old as the span has left it.
    if (this.#times.length <= begins || at - this.#times[0]! >= within) return;
    this.#flooded = true;
    this.#arm();
    assertAlarm(this.#stream, this.#alarm(), {
      severity,
      decision: { ...decisionWithoutReading(at), covers: begins + 1 },
    });
  }

  holds(): boolean {
    return this.#flooded;
  }

  state(): FloodState {
    return { times: this.#times, flooded: this.#flooded };
  }

  restore({ times, flooded }: FloodState): void {
    this.#times = times.slice(-(this.#settings.begins + 1));
    this.#flooded = flooded;
    this.#arm();
  }

  #due(at: Micros): void {
    if (!this.#flooded) return;
    this.#flooded = false;
    clearAlarm(this.#stream, this.#alarm(), decisionWithoutReading(at));
  }

  /** It ends when the last but (`ends` − 1) annunciation leaves the span. */
  #arm(): void {
    const { ends, within } = this.#settings;
    const decisive = this.#times.at(-ends);
    const flooded = this.#flooded && decisive !== undefined;
    this.#timers.set(this.#timer, flooded ? decisive + within : NEVER);
  }

  #alarm(): Alarm {
    return this.#book.system(RULE, GATEWAY_SUBJECT);
  }
}
