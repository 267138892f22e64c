import type { Severity } from "../model/severity.ts";
import type { Site } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import type { ChannelMemory } from "./channel-memory.ts";
import type { World } from "./circumstance/world.ts";
import type { ComputedView } from "./computed.ts";
import type { Sample } from "./conditions/condition.ts";
import type { AlarmEvent } from "./event.ts";
import type { EventStream } from "./event-stream.ts";
import type { Rule } from "./rule.ts";
import { RuleFailures } from "./rule-failures.ts";
import { type InstanceState, RuleInstance } from "./rule-instance.ts";
import type { EngineSettings } from "./settings.ts";
import type { TimerQueue } from "./timer-queue.ts";

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

/** By rule id, then subject key. */
export type EvaluationState = Readonly<Record<string, Readonly<Record<string, InstanceState>>>>;

/** The site's own rules: which of them a reading, a silence or a word from outside concerns. */
export class Evaluation {
  readonly #instances: readonly RuleInstance[];
  readonly #byChannel: readonly (readonly RuleInstance[])[];
  /** Those that depend on an outside source, by its index. */
  readonly #byOutside: readonly (readonly RuleInstance[])[];
  readonly #failures: RuleFailures;
  #inForce: (rule: string, channels: readonly number[]) => boolean = () => true;

  constructor(parts: EvaluationParts) {
    const { channels, outside = [] } = parts.site;
    this.#failures = new RuleFailures(parts);
    const shared = {
      ...parts,
      failures: this.#failures,
      inForce: (rule: string, on: readonly number[]) => this.#inForce(rule, on),
    };
    const byChannel: RuleInstance[][] = channels.map(() => []);
    const byOutside: RuleInstance[][] = outside.map(() => []);
    const instances: RuleInstance[] = [];
    for (const rule of parts.rules) {
      for (const { channel: first, inputs = [first], key, condition: compiled } of rule.subjects) {
        const channel = channels[first]!;
        const subject = key ?? channel.key;
        const instance = new RuleInstance(
          {
            rule,
            channel,
            inputs: inputs.map((input) => channels[input]!),
            subject,
            compiled,
            order: instances.length,
          },
          shared,
        );
        instances.push(instance);
        for (const input of inputs) byChannel[input]!.push(instance);
        for (const source of compiled.outside ?? []) byOutside[source]?.push(instance);
      }
    }
    this.#instances = instances;
    this.#byChannel = byChannel;
    this.#byOutside = byOutside;
  }

  /** Evaluates one reading that is in order of time. */
  reading(sample: Sample, channel: number, outOfService: boolean): void {
    const instances = this.#byChannel[channel]!;
    for (let i = 0; i < instances.length; i++) instances[i]!.reading(sample, outOfService);
  }

  /**
   * A channel is back in service. One that speaks only when something changes will not repeat what it said meanwhile, so those who
   * judge it together with others are told now.
   */
  restate(sample: Sample): void {
    for (const instance of this.#byChannel[sample.channel]!) instance.restate(sample);
  }

  /** Looks at a late reading: it may tell of something in the past, and changes nothing. */
  late(sample: Sample, channel: number): void {
    for (const instance of this.#byChannel[channel]!) instance.late(sample);
  }

  /** Nothing is known of the channel from `at` on. */
  silence(channel: number, at: Micros): void {
    for (const instance of this.#byChannel[channel]!) instance.silence(channel, at);
  }

  /** An outside source has said something. */
  heard(source: number, at: Micros): void {
    for (const instance of this.#byOutside[source] ?? []) instance.leave(at);
  }

  /** These rules raise only where `inForce` says so: they are judged all the same, so that they know at once what holds. */
  gate(rules: ReadonlySet<string>, inForce: (rule: string, channels: readonly number[]) => boolean): void {
    this.#inForce = inForce;
    for (const instance of this.#instances) instance.gated = rules.has(instance.rule.id);
  }

  /** Some of these rules have come into force: what holds is raised. */
  enforce(rules: ReadonlySet<string>, at: Micros): void {
    for (const instance of this.#instances) if (rules.has(instance.rule.id)) instance.enforce(at);
  }

  /**
   * A start, or (not `restarted`) a clock that was set; nothing is known from `since` to `at`. Off-delays begin again, what had
   * failed is tried again, an alarm of an edited rule takes the grade it has now.
   */
  start(at: Micros, gap: { since: Micros; restarted: boolean }): void {
    for (const instance of this.#instances) instance.start(at, gap);
  }

  /** Whether the failure that an alarm *rule failed* tells of is still there. */
  holds(alarm: Alarm): boolean {
    return this.#failures.holds(alarm);
  }

  /** What rules that remember have computed, whether it raises or not; those that could not be evaluated are left out. */
  *computed(): IterableIterator<ComputedView> {
    for (const instance of this.#instances) {
      const view = instance.computed();
      if (view !== undefined) yield view;
    }
  }

  /** Identities of all alarms that may come from the site's rules, for restoring many at once. */
  alarms(): ReadonlyMap<string, () => Alarm> {
    return new Map(
      this.#instances.map((instance) => [`${instance.rule.id} ${instance.subject}`, () => instance.alarm()]),
    );
  }

  /** The highest level of a rule on a subject; undefined when the site's rules have none there. */
  worst(rule: string, subject: string): Severity | undefined {
    return this.#instances.find((one) => one.rule.id === rule && one.subject === subject)?.worst;
  }

  state(): EvaluationState {
    const state: Record<string, Record<string, InstanceState>> = {};
    for (const instance of this.#instances) {
      const own = instance.state();
      if (own === undefined) continue;
      const ofRule = state[instance.rule.id] ?? {};
      state[instance.rule.id] = ofRule;
      ofRule[instance.subject] = own;
    }
    return state;
  }

  /** `now`: the clock of the engine that the state was taken from. */
  restore(state: EvaluationState, now: Micros): void {
    for (const instance of this.#instances) {
      const known = state[instance.rule.id]?.[instance.subject];
      if (known !== undefined) instance.restore(known, now);
    }
  }

  /** The conditions behind these events hold, or do not, as the events left them, until a reading says otherwise. */
  recall(events: readonly AlarmEvent[]): void {
    const last = new Map(events.map((event) => [`${event.rule} ${event.subject}`, event]));
    if (last.size === 0) return;
    for (const instance of this.#instances) {
      const event = last.get(`${instance.rule.id} ${instance.subject}`);
      if (event !== undefined) instance.recall(event);
    }
  }
}
