import { BAD, GOOD, REASON, UNCERTAIN } from "../model/quality.ts";
import type { Severity } from "../model/severity.ts";
import type { Channel, Site } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import type { ChannelMemory } from "./channel-memory.ts";
import type { World } from "./circumstance/world.ts";
import type { ComputedView } from "./computed.ts";
import {
  type CompiledCondition,
  type Condition,
  NOTHING_NEW,
  raising,
  type Sample,
  type Verdict,
} from "./conditions/condition.ts";
import type { AlarmEvent } from "./event.ts";
import type { Decision, EventStream } from "./event-stream.ts";
import { Grading, type GradingState, NONE, NOTHING, REGRADED, RETIMED } from "./grading.ts";
import { type LateState, LateWatch } from "./late-watch.ts";
import type { Rule } from "./rule.ts";
import type { RuleFailures } from "./rule-failures.ts";
import { LEAVING, OFF_DELAY, ON_DELAY, type TimerQueue } from "./timer-queue.ts";

/** What instances work with. */
export interface InstanceParts {
  readonly site: Site;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
  readonly world: World;
  readonly failures: RuleFailures;
  /** Whether a gated rule is in force on these channels. */
  readonly inForce: (rule: string, channels: readonly number[]) => boolean;
}

/** What an instance is of. */
export interface InstanceOrigin {
  readonly rule: Rule;
  /** Of several channels, the first. */
  readonly channel: Channel;
  readonly inputs: readonly Channel[];
  /** What its alarm is about. */
  readonly subject: string;
  readonly compiled: CompiledCondition;
  /** Place in the order of definition. */
  readonly order: number;
}

/** What outlives a restart of one instance; JSON-safe. */
export interface InstanceState {
  readonly grading?: GradingState;
  readonly late?: LateState;
  /** What its condition remembers. */
  readonly memory?: unknown;
  readonly failed?: true;
}

/** Whether an instance is evaluated. */
const WORKS = 0;
/** Its condition threw: it is left alone until the next start. */
const FAILED = 1;
/** It had failed; the next evaluation shows whether it works now. */
const ON_TRIAL = 2;

/** What a detector says that is out of service, to those who judge it together with others. */
const IN_MAINTENANCE = { value: Number.NaN, quality: BAD, reason: REASON.out_of_service } as const;

/** No timer: nothing here has such a delay. */
const NO_TIMER = -1;

/** One rule on one channel, or on several that are judged together: verdict, grading, alarm. */
export class RuleInstance {
  readonly rule: Rule;
  readonly subject: string;
  /** Channels it is about. */
  readonly inputs: readonly number[];
  /** It raises only where somebody says that it is in force (permits). */
  gated = false;
  readonly #p: InstanceParts;
  readonly #channel: Channel;
  readonly #compiled: CompiledCondition;
  readonly #condition: Condition;
  readonly #grading: Grading;
  readonly #order: number;
  /** Several channels are judged together, and the alarm is about none of them alone. */
  readonly #votes: boolean;
  readonly #onTimer: number;
  readonly #offTimer: number;
  /** When its memory changes by time alone. */
  readonly #leavingTimer: number;
  #alarm: Alarm | undefined;
  #late: LateWatch | undefined;
  #status: typeof WORKS | typeof FAILED | typeof ON_TRIAL = WORKS;

  constructor({ rule, channel, inputs, subject, compiled, order }: InstanceOrigin, parts: InstanceParts) {
    this.rule = rule;
    this.subject = subject;
    this.inputs = inputs.map(({ index }) => index);
    this.#p = parts;
    this.#channel = channel;
    this.#compiled = compiled;
    this.#condition = compiled.create(parts.world);
    this.#order = order;
    this.#votes = inputs.length > 1 && subject !== channel.key;
    const { levels, stepwise = false, memory } = this.#condition;
    const keepsState = inputs.every(({ report }) => report === "on-change");
    const grading = new Grading(levels, { keepsState, stepwise });
    this.#grading = grading;
    const { timers } = parts;
    this.#onTimer = levels.some((level) => level.onDelay > 0)
      ? timers.add({ phase: ON_DELAY, fire: (at) => this.#due(grading.onDelayDue(at), at) })
      : NO_TIMER;
    this.#offTimer =
      keepsState && levels.some((level) => level.offDelay > 0)
        ? timers.add({ phase: OFF_DELAY, fire: (at) => this.#due(grading.offDelayDue(at), at) })
        : NO_TIMER;
    this.#leavingTimer =
      memory?.ages === true ? timers.add({ phase: LEAVING, fire: (at) => this.leave(at) }) : NO_TIMER;
  }

  /** The gravest that it can raise. */
  get worst(): Severity | undefined {
    return this.#condition.levels.at(-1)?.severity;
  }

  /** Whether its condition holds, raised or not. */
  get holds(): boolean {
    return this.#grading.active !== NONE;
  }

  /**
   * Evaluates a reading that is in order of time. What is out of service is judged as ever, but where several judge together it is
   * in maintenance: test gas at one detector is no vote.
   */
  reading(sample: Sample, outOfService: boolean): void {
    if (this.#status === FAILED) return;
    const { quality } = sample;
    if (quality === GOOD && this.#isRehearsed(sample.channel)) sample.quality = UNCERTAIN;
    let verdict: Verdict;
    try {
      verdict =
        outOfService && this.#votes
          ? this.#condition.judge({ ...sample, ...IN_MAINTENANCE })
          : this.#condition.judge(sample);
    } catch (thrown) {
      this.#fail(thrown, sample.received);
      return;
    } finally {
      sample.quality = quality;
    }
    if (this.#status === ON_TRIAL) {
      this.#status = WORKS;
      this.#p.failures.worked(this.rule.id, this.#channel, sample.received);
    }
    if (verdict !== NOTHING_NEW) {
      const did = this.#grading.step(verdict, sample.received);
      if (did !== NOTHING) this.#after(did, sample);
    }
    if (this.#leavingTimer >= 0) this.#armLeaving(sample.received);
    if (verdict !== NOTHING_NEW && this.#alarm !== undefined && this.#alarm.mode !== "live")
      this.#renew(verdict, sample);
  }

  /** What a channel that is back in service had said last, for those who judge several together. */
  restate(sample: Sample): void {
    const condition = this.#condition;
    if (!this.#votes || this.#status !== WORKS || condition.restate === undefined) return;
    const rehearsed = sample.quality === GOOD && this.#isRehearsed(sample.channel);
    let verdict: Verdict;
    try {
      verdict = condition.restate(rehearsed ? { ...sample, quality: UNCERTAIN } : sample);
    } catch (thrown) {
      this.#fail(thrown, sample.received);
      return;
    }
    if (verdict === NOTHING_NEW) return;
    const did = this.#grading.step(verdict, sample.received);
    if (did !== NOTHING) this.#after(did, sample);
    if (this.#leavingTimer >= 0) this.#armLeaving(sample.received);
  }

  /** Looks at a late reading: it may tell of something in the past, and changes nothing. Windows do not take it (semantics.md 22). */
  late(sample: Sample): void {
    const condition = this.#condition;
    if (this.#status !== WORKS || (condition.memory !== undefined && condition.late === undefined)) return;
    let verdict: Verdict;
    try {
      verdict = condition.late?.(sample) ?? condition.judge(sample);
    } catch (thrown) {
      this.#fail(thrown, sample.received);
      return;
    }
    if (this.#late === undefined) {
      if (raising(verdict) === 0) return;
      this.#late = new LateWatch(condition.levels);
    }
    const level = this.#late.step(verdict, sample.time);
    if (level === NONE || this.#idle) return;
    const alarm = this.alarm();
    if (alarm.covered(sample.time)) return;
    const { severity } = condition.levels[level]!;
    this.#p.stream.recordHistorical(alarm, severity, this.#decision(sample, level));
  }

  /** Nothing is known of one of its channels from `at` on. */
  silence(channel: number, at: Micros): void {
    const { memory } = this.#condition;
    if (memory?.silent === undefined) {
      memory?.interrupt(at);
      if (this.#grading.hold(at) !== NOTHING) this.#arm();
      return;
    }
    if (this.#status === FAILED) return;
    let verdict: Verdict;
    try {
      verdict = memory.silent(channel, at);
    } catch (thrown) {
      this.#fail(thrown, at);
      return;
    }
    if (this.#status !== WORKS || verdict === NOTHING_NEW) return;
    const did = this.#grading.step(verdict, at);
    if (did !== NOTHING) this.#after(did, at);
  }

  /** Time has passed, or an outside source has spoken: what its memory holds may have changed without a reading. */
  leave(at: Micros): void {
    const { memory } = this.#condition;
    if (this.#status !== WORKS || memory === undefined) return;
    let verdict: Verdict | undefined;
    try {
      verdict = memory.age(at);
    } catch (thrown) {
      this.#fail(thrown, at);
      return;
    }
    if (verdict !== undefined) {
      const did = this.#grading.step(verdict, at);
      if (did !== NOTHING) this.#after(did, at);
    }
    this.#armLeaving(at);
  }

  /** Its rule has come into force: what holds is raised. */
  enforce(at: Micros): void {
    if (this.holds) this.#regrade(at);
  }

  /** A start, or (not `restarted`) a clock that was set; nothing is known from `since` to `at`. */
  start(at: Micros, { since, restarted }: { since: Micros; restarted: boolean }): void {
    this.#condition.memory?.interrupt(since);
    if (this.#leavingTimer >= 0) this.#armLeaving(at);
    const did = restarted ? this.#grading.restartOffDelays() : this.#grading.clockSet(at);
    if (did !== NOTHING) this.#arm();
    if (this.#status === FAILED) this.#status = ON_TRIAL;
    if (this.holds) this.#regrade(at);
  }

  /** What it has computed; undefined when it remembers nothing, or could not be evaluated. */
  computed(): ComputedView | undefined {
    const { memory, levels } = this.#condition;
    if (memory === undefined || this.#status === FAILED) return undefined;
    const views = levels.map(({ severity }, level) => {
      const value = memory.value(level);
      const limit = this.#condition.limit(level, value);
      const measure = this.#compiled.measure?.(level, limit);
      return { severity, value, limit, measure, detail: memory.detail?.(level) };
    });
    return { rule: this.rule.id, subject: this.subject, channel: this.#channel, levels: views };
  }

  /** Its alarm, made when it is first needed. */
  alarm(): Alarm {
    const { rule, subject } = this;
    const point = this.#p.site.points[this.#channel.point]!;
    this.#alarm ??= this.#p.book.get({
      rule: rule.id,
      subject,
      point: point.id,
      domain: point.domain,
      class: rule.class,
      latching: rule.latching,
      order: this.#order,
    });
    return this.#alarm;
  }

  /** undefined: there is nothing to remember. */
  state(): InstanceState | undefined {
    const memory = this.#condition.memory?.state();
    const grading = this.#grading;
    if (grading.atRest && this.#late === undefined && memory === undefined && this.#status === WORKS)
      return undefined;
    return {
      ...(grading.atRest ? {} : { grading: grading.state() }),
      ...(this.#late === undefined ? {} : { late: this.#late.state() }),
      ...(memory === undefined ? {} : { memory }),
      ...(this.#status === WORKS ? {} : { failed: true }),
    };
  }

  /** `now`: the clock of the engine that the state was taken from. */
  restore(known: InstanceState, now: Micros): void {
    const { memory, levels } = this.#condition;
    if (known.grading !== undefined) this.#grading.restore(known.grading);
    if (known.late !== undefined) {
      this.#late = new LateWatch(levels);
      this.#late.restore(known.late);
    }
    if (known.memory !== undefined) memory?.restore(known.memory);
    if (this.holds) memory?.stands?.(this.#grading.active, "checkpoint");
    if (known.failed === true) {
      this.#status = FAILED;
      this.#p.failures.remember(this.rule.id, this.#channel);
    }
    this.#arm();
    if (this.#leavingTimer >= 0) this.#armLeaving(now);
  }

  /** Its condition holds, or does not, as the last event of its alarm left it, until a reading says otherwise. */
  recall(event: AlarmEvent): void {
    const active = event.to === "unacknowledged" || event.to === "acknowledged";
    this.#grading.restore(active ? { active: event.severity } : {});
    if (active) this.#condition.memory?.stands?.(this.#grading.active, "alarm-log");
    this.#arm();
  }

  /** It has nothing to say: it is not in force, and has raised nothing that could get worse. */
  get #idle(): boolean {
    return this.gated && this.#alarm?.active !== true && !this.#p.inForce(this.rule.id, this.inputs);
  }

  /** Whether a live alarm is shown a reading of a test or an exercise: whoever presses the test button ends no fire. */
  #isRehearsed(channel: number): boolean {
    const alarm = this.#alarm;
    return alarm?.active === true && alarm.mode === "live" && this.#p.memory.mode(channel) !== "live";
  }

  #due(did: number, at: Micros): void {
    // The timer has ended even when nothing came of it.
    this.#after(did | RETIMED, at);
  }

  /** A reading that came delayed may have left already: that is looked at now, never in the past. */
  #armLeaving(now: Micros): void {
    const { memory } = this.#condition;
    if (memory === undefined) return;
    this.#p.timers.set(this.#leavingTimer, Math.max(now, memory.deadline));
  }

  #arm(): void {
    const { timers } = this.#p;
    if (this.#onTimer >= 0) timers.set(this.#onTimer, this.#grading.onDeadline);
    if (this.#offTimer >= 0) timers.set(this.#offTimer, this.#grading.offDeadline);
  }

  /** `from`: the reading that decided, or the instant of the timer that did. */
  #after(did: number, from: Sample | Micros): void {
    if ((did & RETIMED) !== 0) this.#arm();
    if ((did & REGRADED) === 0) return;
    const { active } = this.#grading;
    const { levels } = this.#condition;
    const { stream } = this.#p;
    const alarm = this.alarm();
    if (active === NONE) {
      const ended = levels.findIndex(({ severity }) => severity === alarm.severity);
      clearAlarm(stream, alarm, this.#decision(from, ended));
      return;
    }
    if (this.#idle) return;
    const { severity } = levels[active]!;
    assertAlarm(stream, alarm, { severity, decision: this.#decision(from, active) });
  }

  /** An alarm raised in a test that goes on in earnest is told again. */
  #renew(verdict: Verdict, sample: Sample): void {
    const alarm = this.#alarm;
    if (alarm === undefined || !alarm.active || !this.holds || raising(verdict) === 0) return;
    if (this.#p.memory.mode(sample.channel) !== "live") return;
    alarm.mode = "live";
    const decision = this.#decision(sample, this.#grading.active);
    this.#p.stream.record(alarm, alarm.renew(sample.received), decision);
  }

  #regrade(at: Micros): void {
    if (this.#idle) return;
    const { active } = this.#grading;
    const { severity } = this.#condition.levels[active]!;
    assertAlarm(this.#p.stream, this.alarm(), { severity, decision: this.#decision(at, active) });
  }

  #decision(from: Sample | Micros, level: number): Decision {
    const { memory } = this.#p;
    const decision: Decision =
      typeof from === "number"
        ? memory.lastUsable(this.#channel.index, from)
        : {
            at: from.received,
            value: from.value,
            reason: from.reason,
            measured: from.time,
            limit: Number.NaN,
            mode: memory.mode(from.channel),
          };
    if (level < 0) return decision;
    const condition = this.#condition;
    if (condition.memory === undefined) {
      return { ...decision, limit: condition.limit(level, decision.value) };
    }
    const value = condition.memory.value(level);
    const detail = condition.memory.detail?.(level);
    return {
      ...decision,
      ...(detail === undefined ? {} : { detail }),
      value,
      reason: condition.memory.reason(level),
      limit: condition.limit(level, value),
    };
  }

  /** The others go on; this one is taken out, and that is an alarm which names the rule. */
  #fail(thrown: unknown, at: Micros): void {
    this.#status = FAILED;
    this.#p.failures.failed(this.rule.id, { channel: this.#channel, thrown }, at);
  }
}
