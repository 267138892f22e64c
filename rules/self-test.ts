import type { Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import { GATEWAY_SUBJECT } from "./built-in.ts";
import { decisionWithoutReading, type EventStream } from "./event-stream.ts";
import type { CommandOutcome } from "./input.ts";
import type { EngineSettings } from "./settings.ts";
import { NEVER, SELF_TEST, type TimerQueue } from "./timer-queue.ts";

const RULE = "self-test";
const FAILED = "self-test-failed";
/** Blue would need no acknowledgement, and the acknowledgement is what is tested. */
const SEVERITY: Severity = "yellow";

/** What became of a self-test. JSON-safe. */
export interface SelfTestResult {
  /** When it began, µs. */
  readonly began: Micros;
  readonly passed: boolean;
  /** From the test alarm to its acknowledgement, µs; absent when there was none in time. */
  readonly took?: Micros;
  /** Who acknowledged. */
  readonly by?: string;
}

/** A self-test that waits for its acknowledgement. JSON-safe. */
export interface RunningSelfTest {
  readonly began: Micros;
  /** How long it may take, µs. */
  readonly within: Micros;
  /** When it has failed, µs. */
  readonly due: Micros;
}

/** What outlives a restart; JSON-safe. */
export interface SelfTestState {
  readonly running?: RunningSelfTest;
  readonly last?: SelfTestResult;
}

/**
 * A test alarm that goes the whole way of an alarm — rules, journal, event, topics, a subscriber — and comes back as a person's or
 * a program's acknowledgement. Without one in time *self-test failed* is raised, which the next test that passes ends. It is an
 * alarm of its own, of mode test: it touches no other.
 */
export class SelfTest {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #timers: TimerQueue;
  readonly #severity: Severity;
  readonly #timer: number;
  #running: RunningSelfTest | undefined;
  #last: SelfTestResult | undefined;

  constructor(parts: { book: AlarmBook; stream: EventStream; timers: TimerQueue; settings: EngineSettings }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#timers = parts.timers;
    this.#severity = parts.settings.selfTestFailed.severity;
    this.#timer = parts.timers.add({ phase: SELF_TEST, fire: (at) => this.#late(at) });
  }

  /** The test under way. */
  get running(): RunningSelfTest | undefined {
    return this.#running;
  }

  /** What became of the last one. */
  get last(): SelfTestResult | undefined {
    return this.#last;
  }

  /** Begins a test that must be acknowledged within `within`; `user`: who asked for it, none for a schedule. */
  begin(at: Micros, test: { within: Micros; user?: string; note?: string }): CommandOutcome {
    if (this.#running !== undefined) return { accepted: false, refusal: "self-test-running" };
    const alarm = this.#alarm();
    this.#discard(alarm, at);
    const due = at + test.within;
    this.#running = { began: at, within: test.within, due };
    this.#timers.set(this.#timer, due);
    const { user, note } = test;
    assertAlarm(this.#stream, alarm, {
      severity: SEVERITY,
      decision: {
        ...this.#decision(at),
        until: due,
        ...(user === undefined ? {} : { user }),
        ...(note === undefined ? {} : { note }),
      },
    });
    return { accepted: true };
  }

  /** Sees whether the test alarm has been acknowledged; called behind every command. */
  look(at: Micros, user: string): void {
    const running = this.#running;
    if (running === undefined) return;
    const alarm = this.#alarm();
    if (alarm.state !== "acknowledged") return;
    this.#end({ began: running.began, passed: true, took: at - running.began, by: user });
    clearAlarm(this.#stream, alarm, this.#decision(at));
    clearAlarm(this.#stream, this.#book.system(FAILED, GATEWAY_SUBJECT), decisionWithoutReading(at));
  }

  /**
   * A start, or (not `restarted`) a clock that was set: nobody could acknowledge meanwhile, so the test has its whole time anew.
   * One that a start knows nothing of is over.
   */
  start(at: Micros, restarted: boolean): void {
    if (this.#running === undefined) {
      const left = restarted ? this.#book.find(RULE, GATEWAY_SUBJECT) : undefined;
      if (left !== undefined) this.#discard(left, at);
      return;
    }
    this.#running = { ...this.#running, due: at + this.#running.within };
    this.#timers.set(this.#timer, this.#running.due);
  }

  state(): SelfTestState {
    return {
      ...(this.#running === undefined ? {} : { running: this.#running }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
    };
  }

  restore(state: SelfTestState): void {
    this.#running = state.running;
    this.#last = state.last;
    this.#timers.set(this.#timer, state.running?.due ?? NEVER);
  }

  #late(at: Micros): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#end({ began: running.began, passed: false });
    clearAlarm(this.#stream, this.#alarm(), this.#decision(at));
    const failed = this.#book.system(FAILED, GATEWAY_SUBJECT);
    assertAlarm(this.#stream, failed, {
      severity: this.#severity,
      decision: { ...decisionWithoutReading(at) },
    });
  }

  #end(result: SelfTestResult): void {
    this.#last = result;
    this.#running = undefined;
    this.#timers.set(this.#timer, NEVER);
  }

  /** What an earlier test has left unacknowledged makes room: each test is an occurrence of its own. */
  #discard(alarm: Alarm, at: Micros): void {
    if (alarm.state === "normal") return;
    this.#stream.record(alarm, alarm.withdraw(at), this.#decision(at));
  }

  #alarm(): Alarm {
    return this.#book.system(RULE, GATEWAY_SUBJECT);
  }

  #decision(at: Micros) {
    return { ...decisionWithoutReading(at), mode: "test" as const };
  }
}
