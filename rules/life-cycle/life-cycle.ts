import type { Severity } from "../../model/severity.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm, Change } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import type { ChannelMemory } from "../channel-memory.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Transition } from "../event.ts";
import type { Decision, EventStream, Silenced, Silencing } from "../event-stream.ts";
import type { Rule } from "../rule.ts";
import type { EngineSettings } from "../settings.ts";
import type { TimerQueue } from "../timer-queue.ts";
import { Carriers } from "./carriers.ts";
import { Chattering, type ChatteringState } from "./chattering.ts";
import { Flood, type FloodState } from "./flood.ts";
import { type InhibitionState, Inhibitions } from "./inhibitions.ts";
import { Permits } from "./permits.ts";
import type { LifeCyclePlan } from "./plan.ts";
import { type ProofTestState, ProofTests } from "./proof-tests.ts";
import { ReAlarm, type ReAlarmState } from "./re-alarm.ts";
import { Register, STANDING_FOR_THEMSELVES } from "./register.ts";
import { Service } from "./service.ts";
import { Shelving } from "./shelving.ts";
import { tellSilence } from "./telling.ts";

/** Steps by which an alarm ends its own shelving. */
const ENDING_SHELVES: ReadonlySet<Transition> = new Set(["raise", "upgrade", "again", "withdraw"]);

export interface LifeCycleParts {
  readonly site: Site;
  readonly settings: EngineSettings;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
  readonly evaluation: Evaluation;
  readonly rules: readonly Rule[];
  readonly plan: LifeCyclePlan;
  /** A channel is back in service. */
  readonly onReturn: (channel: number, at: Micros) => void;
}

/** What the life cycle remembers besides the alarms; JSON-safe. */
export interface LifeCycleState {
  readonly reAlarm: ReAlarmState;
  readonly chattering: ChatteringState;
  readonly flood: FloodState;
  readonly inhibitions: InhibitionState;
  readonly proofTests: ProofTestState;
}

/** Built-in rules that tell of alarms, and so are none that could flood or chatter. */
const QUIET_RULES: ReadonlySet<string> = new Set([...STANDING_FOR_THEMSELVES, "chattering", "alarm-flood"]);

/**
 * What becomes of an alarm besides its condition (IEC 62682; domain.md a.1): silences, their ends, what is told again. It reacts to
 * steps of alarms, commands and time; a reading costs it nothing.
 */
export class LifeCycle implements Silencing {
  readonly #p: LifeCycleParts;
  readonly register: Register;
  readonly shelving: Shelving;
  readonly service: Service;
  readonly inhibitions: Inhibitions;
  readonly permits: Permits;
  readonly proofTests: ProofTests;
  readonly #reAlarm: ReAlarm;
  readonly #chattering: Chattering;
  readonly #flood: Flood;

  constructor(parts: LifeCycleParts) {
    this.#p = parts;
    const carriers = new Carriers(parts.site);
    const register = new Register(parts);
    const common = { ...parts, register, carriers };
    this.register = register;
    this.shelving = new Shelving(common);
    const channels = parts.site.channels.length;
    this.service = new Service({ ...common, channels });
    this.inhibitions = new Inhibitions({
      ...common,
      channels,
      inhibitors: parts.plan.inhibitors,
      outOfService: () => this.service.channels,
    });
    this.permits = new Permits({ ...common, permits: parts.plan.permits });
    this.proofTests = new ProofTests(common);
    this.#reAlarm = new ReAlarm(common);
    this.#chattering = new Chattering(common);
    this.#flood = new Flood(common);
    parts.stream.silencing = this;
  }

  of(alarm: Alarm, highest: Severity): Silenced | undefined {
    if (STANDING_FOR_THEMSELVES.has(alarm.rule)) return undefined;
    const out = this.service.covering(alarm);
    if (out !== undefined) return { silence: "out-of-service", until: out };
    const suppressed = this.inhibitions.suppressing(alarm, highest);
    if (suppressed !== undefined) return { silence: "suppressed", until: suppressed };
    return alarm.shelf === undefined ? undefined : { silence: "shelved", until: alarm.shelf.until };
  }

  moved(alarm: Alarm, change: Change, decision: Decision): void {
    const { transition } = change;
    const { at } = decision;
    if (transition === "return") this.shelving.returned(alarm, decision.at);
    else if (ENDING_SHELVES.has(transition)) this.shelving.forgotten(alarm);
    if (transition === "withdraw") {
      this.service.withdrawn(alarm);
      this.#chattering.withdrawn(alarm);
    }
    this.#reAlarm.moved(alarm, change, at);
    if (alarm.rule === "out-of-service") this.inhibitions.review(at);
    else this.inhibitions.moved(alarm, at);
    if (QUIET_RULES.has(alarm.rule)) return;
    this.#flood.moved(alarm, change, at);
    this.#chattering.moved(alarm, change, at);
  }

  /** Whether a part of the life cycle stands behind an active alarm of one of its built-in rules; undefined: none of its own. */
  holds(alarm: Alarm): boolean | undefined {
    switch (alarm.rule) {
      case "chattering":
        return this.#chattering.holds(alarm);
      case "alarm-flood":
        return this.#flood.holds();
      case "inhibition":
        return this.inhibitions.stands(alarm);
      case "permit-open":
        return this.permits.stands(alarm);
      case "maintenance-due":
        return this.proofTests.holds(alarm);
      default:
        return undefined;
    }
  }

  state(): LifeCycleState {
    return {
      reAlarm: this.#reAlarm.state(),
      chattering: this.#chattering.state(),
      flood: this.#flood.state(),
      inhibitions: this.inhibitions.state(),
      proofTests: this.proofTests.state(),
    };
  }

  /** Takes up a state; the alarms must have been restored before. A state of an earlier edition has none: then nothing is remembered. */
  restore(state: LifeCycleState | undefined): void {
    this.recall();
    this.#reAlarm.restore(state?.reAlarm ?? {});
    this.#chattering.restore(state?.chattering ?? {});
    if (state !== undefined) this.#flood.restore(state.flood);
    this.inhibitions.restore(state?.inhibitions ?? {});
    this.proofTests.restore(state?.proofTests ?? {});
  }

  /** Takes up what restored alarms say. */
  recall(): void {
    this.shelving.restore();
    this.service.restore();
    this.permits.restore();
  }

  /** A start: where what silences an alarm is not what it was told to be, that is told now. */
  start(at: Micros, restarted: boolean): void {
    if (restarted) this.inhibitions.start(at);
    this.proofTests.start(at);
    this.#reAlarm.start(at);
    for (const alarm of this.#p.book.ordered()) {
      if (alarm.state === "normal") continue;
      const now = this.of(alarm, alarm.highest)?.silence;
      const before = alarm.silence;
      if (now === before) continue;
      const silence = now ?? before;
      if (silence === undefined) continue;
      tellSilence(this.#p.stream, alarm, { silence, begins: now !== undefined, behind: { at } });
    }
  }
}
