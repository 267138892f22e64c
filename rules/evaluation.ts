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
import { RuleFailures } from "./rule-failures.ts";
import type { EngineSettings } from "./settings.ts";
import { LEAVING, OFF_DELAY, ON_DELAY, type TimerQueue } from "./timer-queue.ts";

export interface EvaluationParts {
  readonly site: Site;
  readonly rules: readonly Rule[];
  readonly settings: EngineSettings;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
  readonly world: World;
}

/** Whether an instance is evaluated. */
const WORKS = 0;
/** Its condition threw: it is left alone until the next start. */
const FAILED = 1;
/** It had failed; the next evaluation shows whether it works now. */
const ON_TRIAL = 2;

/** What a detector says that is out of service, to those who judge it together with others. */
const IN_MAINTENANCE = { value: Number.NaN, quality: BAD, reason: REASON.out_of_service } as const;

/** One rule on one channel, or on several that are judged together. */
interface Instance {
  readonly rule: Rule;
  /** Of several, the first. */
  readonly channel: Channel;
  /** What its alarm is about. */
  readonly subject: string;
  /** What the condition was made from. */
  readonly compiled: CompiledCondition;
  readonly condition: Condition;
  readonly grading: Grading;
  readonly order: number;
  /** Several channels are judged together, and the alarm is about none of them alone. */
  readonly votes: boolean;
  /** Channels it is about. */
  readonly inputs: readonly number[];
  /** It raises only where somebody says that it is in force (permits). */
  gated: boolean;
  /** -1: none of its levels has such a delay. */
  readonly onTimer: number;
  readonly offTimer: number;
  /** When its memory changes by time alone. */
  readonly leavingTimer: number;
  alarm: Alarm | undefined;
  late: LateWatch | undefined;
  status: typeof WORKS | typeof FAILED | typeof ON_TRIAL;
}

/** What outlives a restart of one instance; JSON-safe. */
export interface InstanceState {
  readonly grading?: GradingState;
  readonly late?: LateState;
  /** What its condition remembers. */
  readonly memory?: unknown;
  readonly failed?: true;
}

/** By rule id, then subject key. */
export type EvaluationState = Readonly<Record<string, Readonly<Record<string, InstanceState>>>>;

/** The site's own rules on their channels: verdict, grading, alarm. */
export class Evaluation {
  readonly #p: EvaluationParts;
  readonly #instances: readonly Instance[];
  readonly #byChannel: readonly (readonly Instance[])[];
  /** Those that depend on an outside source, by its index. */
  readonly #byOutside: readonly (readonly Instance[])[];
  readonly #failures: RuleFailures;
  #inForce: (rule: string, channels: readonly number[]) => boolean = () => true;

  constructor(parts: EvaluationParts) {
    this.#p = parts;
    this.#failures = new RuleFailures(parts);
    const byChannel: Instance[][] = parts.site.channels.map(() => []);
    const byOutside: Instance[][] = (parts.site.outside ?? []).map(() => []);
    const instances: Instance[] = [];
    for (const rule of parts.rules) {
      for (const subject of rule.subjects) {
        const channel = parts.site.channels[subject.channel]!;
        const instance = this.#instance(
          rule,
          {
            channel,
            inputs: (subject.inputs ?? [subject.channel]).map((input) => parts.site.channels[input]!),
            key: subject.key ?? channel.key,
            compiled: subject.condition,
          },
          instances.length,
        );
        instances.push(instance);
        for (const input of subject.inputs ?? [subject.channel]) byChannel[input]!.push(instance);
        for (const source of subject.condition.outside ?? []) byOutside[source]?.push(instance);
      }
    }
    this.#instances = instances;
    this.#byChannel = byChannel;
    this.#byOutside = byOutside;
  }

  /**
   * Evaluates one reading that is in order of time. What is out of service is judged as ever, but where several judge together it
   * is in maintenance: test gas at one detector is no vote.
   */
  reading(sample: Sample, channel: number, outOfService: boolean): void {
    const instances = this.#byChannel[channel]!;
    for (let i = 0; i < instances.length; i++) {
      const instance = instances[i]!;
      if (instance.status === FAILED) continue;
      const { quality } = sample;
      if (quality === GOOD && this.#isRehearsed(instance, channel)) sample.quality = UNCERTAIN;
      let verdict: Verdict;
      try {
        verdict =
          outOfService && instance.votes
            ? instance.condition.judge({ ...sample, ...IN_MAINTENANCE })
            : instance.condition.judge(sample);
      } catch (thrown) {
        this.#fail(instance, thrown, sample.received);
        continue;
      } finally {
        sample.quality = quality;
      }
      if (instance.status === ON_TRIAL) {
        instance.status = WORKS;
        this.#failures.worked(instance.rule.id, instance.channel, sample.received);
      }
      if (verdict === NOTHING_NEW) {
        if (instance.leavingTimer >= 0) this.#armLeaving(instance, sample.received);
        continue;
      }
      const did = instance.grading.step(verdict, sample.received);
      if (did !== NOTHING) this.#after(instance, did, sample);
      if (instance.leavingTimer >= 0) this.#armLeaving(instance, sample.received);
      if (instance.alarm !== undefined && instance.alarm.mode !== "live")
        this.#renew(instance, verdict, sample);
    }
  }

  /**
   * A channel is back in service. One that speaks only when something changes will not repeat what it said meanwhile, so those who
   * judge it together with others are told now.
   */
  restate(sample: Sample): void {
    for (const instance of this.#byChannel[sample.channel]!) {
      const { condition } = instance;
      if (!instance.votes || instance.status !== WORKS || condition.restate === undefined) continue;
      const rehearsed = sample.quality === GOOD && this.#isRehearsed(instance, sample.channel);
      let verdict: Verdict;
      try {
        verdict = condition.restate(rehearsed ? { ...sample, quality: UNCERTAIN } : sample);
      } catch (thrown) {
        this.#fail(instance, thrown, sample.received);
        continue;
      }
      if (verdict === NOTHING_NEW) continue;
      const did = instance.grading.step(verdict, sample.received);
      if (did !== NOTHING) this.#after(instance, did, sample);
      if (instance.leavingTimer >= 0) this.#armLeaving(instance, sample.received);
    }
  }

  /** Whether a live alarm is shown a reading of a test or an exercise: whoever presses the test button ends no fire. */
  #isRehearsed({ alarm }: Instance, channel: number): boolean {
    return alarm?.active === true && alarm.mode === "live" && this.#p.memory.mode(channel) !== "live";
  }

  /** Looks at a late reading: it may tell of something in the past, and changes nothing. Windows do not take it (semantics.md 22). */
  late(sample: Sample, channel: number): void {
    for (const instance of this.#byChannel[channel]!) {
      const { condition } = instance;
      if (instance.status !== WORKS || (condition.memory !== undefined && condition.late === undefined))
        continue;
      let verdict: Verdict;
      try {
        verdict = condition.late?.(sample) ?? condition.judge(sample);
      } catch (thrown) {
        this.#fail(instance, thrown, sample.received);
        continue;
      }
      if (instance.late === undefined) {
        if (raising(verdict) === 0) continue;
        instance.late = new LateWatch(instance.condition.levels);
      }
      const level = instance.late.step(verdict, sample.time);
      if (level === NONE || this.#idle(instance)) continue;
      const alarm = this.#alarm(instance);
      if (alarm.covered(sample.time)) continue;
      const { severity } = instance.condition.levels[level]!;
      this.#p.stream.recordHistorical(alarm, severity, this.#decision(instance, sample, level));
    }
  }

  /** Nothing is known of the channel from `at` on. */
  silence(channel: number, at: Micros): void {
    for (const instance of this.#byChannel[channel]!) {
      const { memory } = instance.condition;
      if (memory?.silent !== undefined) {
        if (instance.status !== FAILED) this.#silent(instance, channel, at);
        continue;
      }
      memory?.interrupt(at);
      if (instance.grading.hold(at) !== NOTHING) this.#arm(instance);
    }
  }

  /** These rules raise only where `inForce` says so: they are judged all the same, so that they know at once what holds. */
  gate(rules: ReadonlySet<string>, inForce: (rule: string, channels: readonly number[]) => boolean): void {
    this.#inForce = inForce;
    for (const instance of this.#instances) instance.gated = rules.has(instance.rule.id);
  }

  /** Some of these rules have come into force: what holds is raised. */
  enforce(rules: ReadonlySet<string>, at: Micros): void {
    for (const instance of this.#instances) {
      if (rules.has(instance.rule.id) && instance.grading.active !== NONE) this.#regrade(instance, at);
    }
  }

  /** Whether a rule has nothing to say here: it is not in force, and has raised nothing that could get worse. */
  #idle({ gated, alarm, rule, inputs }: Instance): boolean {
    return gated && alarm?.active !== true && !this.#inForce(rule.id, inputs);
  }

  /** An outside source has said something. */
  heard(source: number, at: Micros): void {
    for (const instance of this.#byOutside[source] ?? []) this.#leaves(instance, at);
  }

  /**
   * A start, or (not `restarted`) a clock that was set; nothing is known from `since` to `at`. Off-delays begin again, what had
   * failed is tried again, an alarm of an edited rule takes the grade it has now.
   */
  start(at: Micros, { since, restarted }: { since: Micros; restarted: boolean }): void {
    for (const instance of this.#instances) {
      const { grading, condition } = instance;
      condition.memory?.interrupt(since);
      if (instance.leavingTimer >= 0) this.#armLeaving(instance, at);
      if ((restarted ? grading.restartOffDelays() : grading.clockSet(at)) !== NOTHING) this.#arm(instance);
      if (instance.status === FAILED) instance.status = ON_TRIAL;
      if (instance.grading.active !== NONE) this.#regrade(instance, at);
    }
  }

  /** Whether the failure that an alarm *rule failed* tells of is still there. */
  holds(alarm: Alarm): boolean {
    return this.#failures.holds(alarm);
  }

  /** What rules that remember have computed, whether it raises or not; those that could not be evaluated are left out. */
  *computed(): IterableIterator<ComputedView> {
    for (const { rule, subject, channel, condition, compiled, status } of this.#instances) {
      const { memory } = condition;
      if (memory === undefined || status === FAILED) continue;
      const levels = condition.levels.map(({ severity }, level) => {
        const value = memory.value(level);
        const limit = condition.limit(level, value);
        const measure = compiled.measure?.(level, limit);
        return { severity, value, limit, measure, detail: memory.detail?.(level) };
      });
      yield { rule: rule.id, subject, channel, levels };
    }
  }

  /** Identities of all alarms that may come from the site's rules, for restoring many at once. */
  alarms(): ReadonlyMap<string, () => Alarm> {
    return new Map(
      this.#instances.map((instance) => [
        `${instance.rule.id} ${instance.subject}`,
        () => this.#alarm(instance),
      ]),
    );
  }

  /** The highest level of a rule on a subject; undefined when the site's rules have none there. */
  worst(rule: string, subject: string): Severity | undefined {
    const found = this.#instances.find((one) => one.rule.id === rule && one.subject === subject);
    return found?.condition.levels.at(-1)?.severity;
  }

  state(): EvaluationState {
    const state: Record<string, Record<string, InstanceState>> = {};
    for (const { rule, subject, condition, grading, late, status } of this.#instances) {
      const memory = condition.memory?.state();
      if (grading.atRest && late === undefined && memory === undefined && status === WORKS) continue;
      const ofRule = state[rule.id] ?? {};
      state[rule.id] = ofRule;
      ofRule[subject] = {
        ...(grading.atRest ? {} : { grading: grading.state() }),
        ...(late === undefined ? {} : { late: late.state() }),
        ...(memory === undefined ? {} : { memory }),
        ...(status === WORKS ? {} : { failed: true }),
      };
    }
    return state;
  }

  /** `now`: the clock of the engine that the state was taken from. */
  restore(state: EvaluationState, now: Micros): void {
    for (const instance of this.#instances) {
      const known = state[instance.rule.id]?.[instance.subject];
      if (known === undefined) continue;
      if (known.grading !== undefined) instance.grading.restore(known.grading);
      if (known.late !== undefined) {
        instance.late = new LateWatch(instance.condition.levels);
        instance.late.restore(known.late);
      }
      if (known.memory !== undefined) instance.condition.memory?.restore(known.memory);
      const { active } = instance.grading;
      if (active !== NONE) instance.condition.memory?.stands?.(active, "checkpoint");
      if (known.failed === true) {
        instance.status = FAILED;
        this.#failures.remember(instance.rule.id, instance.channel);
      }
      this.#arm(instance);
      if (instance.leavingTimer >= 0) this.#armLeaving(instance, now);
    }
  }

  /** The conditions behind these events hold, or do not, as the events left them, until a reading says otherwise. */
  recall(events: readonly AlarmEvent[]): void {
    const last = new Map(events.map((event) => [`${event.rule} ${event.subject}`, event]));
    if (last.size === 0) return;
    for (const instance of this.#instances) {
      const event = last.get(`${instance.rule.id} ${instance.subject}`);
      if (event === undefined) continue;
      const active = event.to === "unacknowledged" || event.to === "acknowledged";
      instance.grading.restore(active ? { active: event.severity } : {});
      if (active) instance.condition.memory?.stands?.(instance.grading.active, "alarm-log");
      this.#arm(instance);
    }
  }

  #instance(
    rule: Rule,
    on: { channel: Channel; inputs: readonly Channel[]; key: string; compiled: CompiledCondition },
    order: number,
  ): Instance {
    const { timers, world } = this.#p;
    const { channel, compiled } = on;
    const condition = compiled.create(world);
    const { levels } = condition;
    const keepsState = on.inputs.every(({ report }) => report === "on-change");
    const grading = new Grading(levels, { keepsState, stepwise: condition.stepwise ?? false });
    const instance: Instance = {
      rule,
      channel,
      subject: on.key,
      compiled,
      condition,
      grading,
      order,
      votes: on.inputs.length > 1 && on.key !== channel.key,
      inputs: on.inputs.map(({ index }) => index),
      gated: false,
      onTimer: levels.some((level) => level.onDelay > 0)
        ? timers.add({ phase: ON_DELAY, fire: (at) => this.#due(instance, grading.onDelayDue(at), at) })
        : -1,
      offTimer:
        keepsState && levels.some((level) => level.offDelay > 0)
          ? timers.add({ phase: OFF_DELAY, fire: (at) => this.#due(instance, grading.offDelayDue(at), at) })
          : -1,
      leavingTimer:
        condition.memory?.ages === true
          ? timers.add({ phase: LEAVING, fire: (at) => this.#leaves(instance, at) })
          : -1,
      alarm: undefined,
      late: undefined,
      status: WORKS,
    };
    return instance;
  }

  /** One of several channels has fallen silent. */
  #silent(instance: Instance, channel: number, at: Micros): void {
    let verdict: Verdict;
    try {
      verdict = instance.condition.memory?.silent?.(channel, at) ?? NOTHING_NEW;
    } catch (thrown) {
      this.#fail(instance, thrown, at);
      return;
    }
    if (instance.status !== WORKS || verdict === NOTHING_NEW) return;
    const did = instance.grading.step(verdict, at);
    if (did !== NOTHING) this.#after(instance, did, at);
  }

  #due(instance: Instance, did: number, at: Micros): void {
    // The timer has ended even when nothing came of it.
    this.#after(instance, did | RETIMED, at);
  }

  /** Something has left a window. */
  #leaves(instance: Instance, at: Micros): void {
    const { condition, grading } = instance;
    if (instance.status !== WORKS || condition.memory === undefined) return;
    let verdict: Verdict | undefined;
    try {
      verdict = condition.memory.age(at);
    } catch (thrown) {
      this.#fail(instance, thrown, at);
      return;
    }
    if (verdict !== undefined) {
      const did = grading.step(verdict, at);
      if (did !== NOTHING) this.#after(instance, did, at);
    }
    this.#armLeaving(instance, at);
  }

  /** A reading that came delayed may have left already: that is looked at now, never in the past. */
  #armLeaving({ condition, leavingTimer }: Instance, now: Micros): void {
    if (condition.memory === undefined) return;
    this.#p.timers.set(leavingTimer, Math.max(now, condition.memory.deadline));
  }

  #arm(instance: Instance): void {
    const { timers } = this.#p;
    if (instance.onTimer >= 0) timers.set(instance.onTimer, instance.grading.onDeadline);
    if (instance.offTimer >= 0) timers.set(instance.offTimer, instance.grading.offDeadline);
  }

  /** `from`: the reading that decided, or the instant of the timer that did. */
  #after(instance: Instance, did: number, from: Sample | Micros): void {
    if ((did & RETIMED) !== 0) this.#arm(instance);
    if ((did & REGRADED) === 0) return;
    const { active } = instance.grading;
    const { stream } = this.#p;
    const alarm = this.#alarm(instance);
    if (active === NONE) {
      const ended = instance.condition.levels.findIndex(({ severity }) => severity === alarm.severity);
      clearAlarm(stream, alarm, this.#decision(instance, from, ended));
      return;
    }
    if (this.#idle(instance)) return;
    const { severity } = instance.condition.levels[active]!;
    assertAlarm(stream, alarm, { severity, decision: this.#decision(instance, from, active) });
  }

  /** An alarm raised in a test that goes on in earnest is told again. */
  #renew(instance: Instance, verdict: Verdict, sample: Sample): void {
    const { alarm, grading } = instance;
    if (alarm === undefined || !alarm.active || grading.active === NONE || raising(verdict) === 0) return;
    if (this.#p.memory.mode(sample.channel) !== "live") return;
    alarm.mode = "live";
    this.#p.stream.record(
      alarm,
      alarm.renew(sample.received),
      this.#decision(instance, sample, grading.active),
    );
  }

  #regrade(instance: Instance, at: Micros): void {
    if (this.#idle(instance)) return;
    const { active } = instance.grading;
    const { severity } = instance.condition.levels[active]!;
    const decision = this.#decision(instance, at, active);
    assertAlarm(this.#p.stream, this.#alarm(instance), { severity, decision });
  }

  #decision(instance: Instance, from: Sample | Micros, level: number): Decision {
    const { memory } = this.#p;
    const { index } = instance.channel;
    const decision: Decision =
      typeof from === "number"
        ? memory.lastUsable(index, from)
        : {
            at: from.received,
            value: from.value,
            reason: from.reason,
            measured: from.time,
            limit: Number.NaN,
            mode: memory.mode(from.channel),
          };
    if (level < 0) return decision;
    const { condition } = instance;
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

  #alarm(instance: Instance): Alarm {
    const { rule, channel, subject, order } = instance;
    const point = this.#p.site.points[channel.point]!;
    instance.alarm ??= this.#p.book.get({
      rule: rule.id,
      subject,
      point: point.id,
      domain: point.domain,
      class: rule.class,
      latching: rule.latching,
      order,
    });
    return instance.alarm;
  }

  /** The others go on; this one is taken out, and that is an alarm which names the rule. */
  #fail(instance: Instance, thrown: unknown, at: Micros): void {
    instance.status = FAILED;
    this.#failures.failed(instance.rule.id, { channel: instance.channel, thrown }, at);
  }
}
