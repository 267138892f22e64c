import {
  BAD,
  GOOD,
  type Quality,
  qualityOf,
  REASON,
  type Reason,
  reasonRow,
  UNCERTAIN,
} from "../model/quality.ts";
import {
  FLAG_CLOCK_SUSPECT,
  FLAG_LATE,
  FLAG_ORDER_UNKNOWN,
  FLAG_TIME_REFUSED,
  type ReadingBatch,
} from "../model/reading.ts";
import type { Channel, Site } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm, AlarmView, Shelf } from "./alarm.ts";
import { AlarmBook } from "./alarm-book.ts";
import { Cases } from "./cases/cases.ts";
import type { CaseSettings } from "./cases/settings.ts";
import { ChannelMemory } from "./channel-memory.ts";
import { OutsideInputs, type OutsideView } from "./circumstance/outside-inputs.ts";
import { OutsideWatch } from "./circumstance/outside-watch.ts";
import type { World } from "./circumstance/world.ts";
import { ClockFaults } from "./clock-fault.ts";
import { execute } from "./commands.ts";
import type { ComputedView } from "./computed.ts";
import type { Sample } from "./conditions/condition.ts";
import {
  captureState,
  type EngineState,
  type RememberingParts,
  recall,
  restoreState,
} from "./engine-state.ts";
import { Evaluation } from "./evaluation.ts";
import type { AlarmEvent } from "./event.ts";
import { EventStream } from "./event-stream.ts";
import type { BootInput, CommandOutcome, Input } from "./input.ts";
import { InstrumentFaults } from "./instrument-fault.ts";
import { LifeCycle } from "./life-cycle/life-cycle.ts";
import { type LifeCyclePlan, NO_PLAN } from "./life-cycle/plan.ts";
import { Monitoring } from "./monitoring/monitoring.ts";
import type { Rule } from "./rule.ts";
import { SelfTest } from "./self-test.ts";
import type { EngineSettings } from "./settings.ts";
import { SystemAlarms } from "./system-alarms.ts";
import {
  CHATTER_END,
  FLOOD_END,
  INHIBITION_END,
  ON_DELAY,
  PERMIT_END,
  type Phase,
  PROOF_TEST,
  RE_ALARM,
  SERVICE_END,
  SHELF_END,
  TimerQueue,
} from "./timer-queue.ts";
import { Withdrawal } from "./withdrawal.ts";

export type { EngineState } from "./engine-state.ts";

/** The columns of evaluated readings; flags already say what is late, refused or suspect. */
export type EvaluatedColumns = Pick<ReadingBatch, "channel" | "value" | "reason" | "flags" | "time">;

export interface EngineOptions {
  readonly site: Site;
  /** In the order of their definition. */
  readonly rules: readonly Rule[];
  readonly settings: EngineSettings;
  /** Inhibitions and what else the site file says of the life cycle. */
  readonly lifeCycle?: LifeCyclePlan;
  /** How what people do about alarms is followed up; left out: not at all. */
  readonly cases?: CaseSettings;
  /** Called in the order of events, before the call that caused them returns. */
  readonly emit: (event: AlarmEvent) => void;
}

/** Cases, to be read. */
export type CasesView = Pick<Cases, "open" | "closed" | "case">;

/** One channel as consoles show it. */
export interface ChannelView {
  readonly channel: Channel;
  /** NaN: none. */
  readonly value: number;
  readonly reason: Reason;
  readonly time: Micros;
  /** NaN: never heard. */
  readonly received: Micros;
  readonly monitoring: "ok" | "waiting" | "lost";
}

/** A shelved alarm as consoles list it. */
export interface ShelvedView extends Pick<AlarmView, "rule" | "subject" | "point" | "state"> {
  readonly shelf: Shelf;
}

/** Lowers the quality of a reading to uncertain: it may raise, not clear. */
const DOUBTFUL = FLAG_TIME_REFUSED | FLAG_CLOCK_SUSPECT | FLAG_ORDER_UNKNOWN;

/** Timers that end at their own time even while nobody is listening. */
const IN_A_GAP: ReadonlySet<Phase> = new Set([
  ON_DELAY,
  SHELF_END,
  INHIBITION_END,
  SERVICE_END,
  PERMIT_END,
  RE_ALARM,
  CHATTER_END,
  FLOOD_END,
  PROOF_TEST,
]);

/**
 * The rules at work: a pure function of readings, commands and time (semantics.md). Its only clock is `received`. Live and
 * replay are this code; the same inputs in the same order give the same events.
 */
export class Engine {
  readonly #site: Site;
  readonly #timers = new TimerQueue();
  readonly #memory: ChannelMemory;
  readonly #outside: OutsideInputs;
  readonly #outsideWatch: OutsideWatch;
  readonly #stream: EventStream;
  readonly #book: AlarmBook;
  readonly #evaluation: Evaluation;
  readonly #monitoring: Monitoring;
  readonly #faults: InstrumentFaults;
  readonly #clocks: ClockFaults;
  readonly #system: SystemAlarms;
  readonly #lifeCycle: LifeCycle;
  readonly #cases: Cases | undefined;
  readonly #selfTest: SelfTest;
  readonly #sample: Sample = { value: 0, reason: 0, quality: GOOD, time: 0, received: 0, channel: 0 };
  readonly #withdrawal: Withdrawal;
  readonly #remembering: RememberingParts;
  #now: Micros = Number.NEGATIVE_INFINITY;
  #started = false;
  #boot = "";

  constructor({ site, rules, settings, lifeCycle = NO_PLAN, cases, emit }: EngineOptions) {
    this.#site = site;
    this.#memory = new ChannelMemory(site.channels);
    this.#outside = new OutsideInputs(site.outside ?? []);
    const followUp =
      cases === undefined
        ? undefined
        : new Cases({ settings: cases, timers: this.#timers, stream: () => this.#stream });
    this.#cases = followUp;
    this.#stream = new EventStream({
      emit: followUp === undefined ? emit : (event) => emit(followUp.take(event)),
      revision: site.revision,
    });
    this.#book = new AlarmBook({ site, acknowledgeBlue: settings.acknowledgeBlue, rules });
    const parts = {
      site,
      rules,
      settings,
      timers: this.#timers,
      book: this.#book,
      stream: this.#stream,
      memory: this.#memory,
      world: this.#world(),
    };
    this.#evaluation = new Evaluation(parts);
    this.#faults = new InstrumentFaults(parts);
    this.#clocks = new ClockFaults(parts);
    this.#system = new SystemAlarms(parts);
    this.#monitoring = new Monitoring({
      ...parts,
      onSilence: (channel, at) => {
        this.#evaluation.silence(channel, at);
        this.#faults.silence(channel);
        this.#lifeCycle.inhibitions.silence(channel, at);
      },
    });
    this.#lifeCycle = new LifeCycle({
      ...parts,
      evaluation: this.#evaluation,
      plan: lifeCycle,
      onReturn: (channel, at) => this.#restate(channel, at),
    });
    this.#selfTest = new SelfTest(parts);
    this.#outsideWatch = new OutsideWatch({ ...parts, outside: this.#outside });
    this.#withdrawal = new Withdrawal({ ...parts, held: (alarm) => this.#held(alarm) });
    this.#remembering = {
      ...parts,
      lifeCycle: this.#lifeCycle,
      withdrawal: this.#withdrawal,
      evaluation: this.#evaluation,
      monitoring: this.#monitoring,
      faults: this.#faults,
      clocks: this.#clocks,
      outside: this.#outside,
      cases: this.#cases,
      selfTest: this.#selfTest,
    };
  }

  /** Number that the next event gets. */
  get nextSeq(): number {
    return this.#stream.nextSeq;
  }

  /** Number that the next occurrence gets. */
  get nextOccurrence(): number {
    return this.#stream.nextOccurrence;
  }

  /**
   * Evaluates readings [from, to) as one message, after every timer up to `received` has fired at its own deadline.
   * `received` before the engine's clock counts as that clock.
   */
  readings(columns: EvaluatedColumns, from: number, to: number, received: Micros): void {
    const now = this.#advanceTo(received);
    const { channel, value, reason, flags, time } = columns;
    if (this.#monitoring.anyStalled) this.#beats(columns, from, to, now);
    const sample = this.#sample;
    sample.received = now;
    for (let i = from; i < to; i++) {
      sample.value = value[i]!;
      sample.reason = reason[i]!;
      sample.time = time[i]!;
      this.#reading(channel[i]!, flags[i]!);
    }
    this.#settle(now);
  }

  /** Takes an input other than readings, after every timer up to it has fired. */
  apply(input: Input): CommandOutcome | undefined {
    if (input.kind === "boot") {
      this.#bootAt(input);
      return undefined;
    }
    const now = this.#advanceTo(input.at);
    let outcome: CommandOutcome | undefined;
    if (input.kind === "command") {
      outcome = execute(
        input,
        {
          book: this.#book,
          stream: this.#stream,
          lifeCycle: this.#lifeCycle,
          cases: this.#cases,
          selfTest: this.#selfTest,
        },
        now,
      );
      this.#selfTest.look(now, input.user);
    }
    if (input.kind === "health") this.#monitoring.health({ ...input, at: now });
    else if (input.kind === "self-test") this.#selfTest.begin(now, { within: input.within });
    else if (input.kind === "system") this.#system.told(input, now);
    else if (input.kind === "outside") {
      const source = this.#outside.take(input, now);
      if (source !== undefined) {
        this.#outsideWatch.heard(source, now);
        this.#evaluation.heard(source, now);
      }
    }
    this.#settle(now);
    return outcome;
  }

  /** Fires every timer up to `to`, each at its own deadline. */
  advance(to: Micros): void {
    this.#advanceTo(to);
  }

  /** When the next timer is due; Infinity when none runs. */
  nextDeadline(): Micros {
    return this.#timers.next();
  }

  /** Present state of every alarm that is not normal, in order of definition. */
  *alarms(): IterableIterator<AlarmView> {
    for (const alarm of this.#book.ordered()) if (alarm.state !== "normal") yield alarm;
  }

  /** Every alarm that a person has shelved, those that are normal included, in order of definition. */
  *shelved(): IterableIterator<ShelvedView> {
    for (const alarm of this.#book.ordered()) {
      const { rule, subject, point, state, shelf } = alarm;
      if (shelf !== undefined) yield { rule, subject, point, state, shelf };
    }
  }

  /** What rules that remember made of the last readings, whether it raises or not, in order of definition. */
  computed(): IterableIterator<ComputedView> {
    return this.#evaluation.computed();
  }

  /** Present state of one alarm; undefined when it was never raised. */
  alarm(rule: string, subject: string): AlarmView | undefined {
    return this.#book.find(rule, subject);
  }

  /** What people do about alarms: the cases; undefined when they are not followed up. */
  get cases(): CasesView | undefined {
    return this.#cases;
  }

  /** The self-test under way, and what became of the last one. */
  get selfTest(): Pick<SelfTest, "running" | "last"> {
    return this.#selfTest;
  }

  /** Every channel as it is known now. */
  *channels(): IterableIterator<ChannelView> {
    for (const channel of this.#site.channels) yield this.channel(channel.index);
  }

  /** One channel as it is known now. */
  channel(index: number): ChannelView {
    const memory = this.#memory;
    return {
      channel: this.#site.channels[index]!,
      value: memory.value[index]!,
      reason: memory.reason[index]!,
      time: memory.time[index]!,
      received: memory.received[index]!,
      monitoring: this.#monitoring.silent(index) ? "lost" : memory.heard(index) ? "ok" : "waiting",
    };
  }

  /** Whether a driver says that it cannot reach a thing; an alarm comes of it in its time. */
  down(thing: { kind: "link" | "device"; index: number }): boolean {
    return this.#monitoring.down(thing);
  }

  /** Every outside source as it is known now. */
  outside(): OutsideView[] {
    return (this.#site.outside ?? []).map(({ index }) => this.#outside.view(index, this.#now));
  }

  /** What a restart needs besides the journal behind it. */
  checkpoint(): EngineState {
    const now = Number.isFinite(this.#now) ? this.#now : null;
    return captureState(this.#remembering, { now, boot: this.#boot });
  }

  /** Takes up a checkpoint, before the first input. What the configuration no longer has is withdrawn at the next boot. */
  restore(state: EngineState): void {
    this.#now = state.now ?? Number.NEGATIVE_INFINITY;
    this.#started = state.now !== null;
    this.#boot = state.boot;
    restoreState(state, this.#remembering);
    this.#lifeCycle.restore(state.lifeCycle);
    this.#outsideWatch.restore(this.#now);
  }

  /** What conditions may know besides readings. */
  #world(): World {
    const now = () => this.#now;
    const outside = this.#outside;
    return {
      get now() {
        return now();
      },
      outside: (source) => outside.value(source, this.#now),
      outsideUntil: (source) => outside.until(source, this.#now),
    };
  }

  /** Evaluates the reading in `#sample`. */
  #reading(c: number, flags: number): void {
    const sample = this.#sample;
    const { value, reason, received: now } = sample;
    let quality = qualityOf(reason);
    if (quality === GOOD && (flags & DOUBTFUL) !== 0) {
      quality = UNCERTAIN;
      sample.reason = (flags & FLAG_ORDER_UNKNOWN) !== 0 ? REASON.uncertain : REASON.clock_suspect;
    }
    // What has no value cannot be relied on, whatever is said of it.
    if (Number.isNaN(value)) quality = BAD;
    sample.quality = quality;
    sample.channel = c;
    if ((flags & FLAG_LATE) !== 0) {
      if (speaks(quality, reason)) this.#monitoring.alive(c, now, true);
      this.#evaluation.late(sample, c);
      return;
    }
    const usable = quality !== BAD;
    this.#memory.keep(c, sample, usable);
    this.#memory.mark(c, flags);
    if (usable) {
      this.#monitoring.usable(c, now);
      if (this.#monitoring.isHeartbeat(c)) this.#monitoring.beat(c, value, now);
      if (quality === GOOD && this.#monitoring.anyStalled && this.#monitoring.stalled(c)) {
        // The heartbeat stands still: what else the device says may be frozen, so it may raise and not clear.
        sample.quality = UNCERTAIN;
        sample.reason = REASON.last_usable;
      }
    } else if (speaks(quality, reason)) {
      this.#monitoring.alive(c, now, false);
    }
    if (this.#lifeCycle.inhibitions.watches(c)) this.#lifeCycle.inhibitions.reading(c, sample, now);
    this.#clocks.reading(c, flags, now);
    this.#faults.reading(c, sample, now);
    this.#evaluation.reading(sample, c, this.#lifeCycle.service.channels?.[c] === 1);
  }

  /** What a channel that keeps its state said last holds still, if it can still be heard. */
  #restate(c: number, at: Micros): void {
    const memory = this.#memory;
    if (this.#site.channels[c]!.report !== "on-change") return;
    if (!memory.heard(c) || !this.#monitoring.hears(c)) return;
    const [value, reason] = [memory.value[c]!, memory.reason[c]!];
    const quality = Number.isNaN(value) ? BAD : qualityOf(reason);
    this.#evaluation.restate({ value, reason, quality, time: memory.time[c]!, received: at, channel: c });
  }

  /** The values of one message are evaluated together: a beat anywhere in it vouches for all of them. */
  #beats(columns: EvaluatedColumns, from: number, to: number, now: Micros): void {
    const { channel, value, reason, flags, time } = columns;
    for (let i = from; i < to; i++) {
      const c = channel[i]!;
      const usable =
        qualityOf(reason[i]!) !== BAD && !Number.isNaN(value[i]!) && (flags[i]! & FLAG_LATE) === 0;
      if (!usable || !this.#monitoring.isHeartbeat(c)) continue;
      const reading = { value: value[i]!, reason: reason[i]!, time: time[i]!, received: now };
      this.#memory.keep(c, reading, true);
      this.#monitoring.beat(c, value[i]!, now);
    }
  }

  #advanceTo(to: Micros): Micros {
    if (to > this.#now) {
      if (!this.#started) this.#start(to, true);
      if (this.#timers.earliest <= to) this.#fireUpTo(to);
      this.#now = to;
    }
    return this.#now;
  }

  /** Fires what is due, or of that only the timers of some phases; the others are then dropped. */
  #fireUpTo(to: Micros, only?: ReadonlySet<Phase>): void {
    for (let at = this.#timers.next(); at <= to; at = this.#timers.next()) {
      this.#now = Math.max(this.#now, at);
      let phase: Phase = ON_DELAY;
      const due = this.#timers.take(at);
      for (const slot of due) {
        const purpose = this.#timers.purpose(slot);
        if (only?.has(purpose.phase) === false) continue;
        if (purpose.phase !== phase) {
          this.#settle(at);
          phase = purpose.phase;
        }
        purpose.fire(at);
      }
      this.#settle(at);
    }
  }

  /** Places what the instant has brought, and emits it in order. */
  #settle(at: Micros): void {
    this.#monitoring.settle(at);
    this.#faults.settle(at);
    this.#stream.flush();
  }

  #start(at: Micros, forgetHealth: boolean): void {
    this.#started = true;
    this.#monitoring.start(at, { forgetHealth });
    this.#outsideWatch.start(at);
  }

  /**
   * The gateway has started, or its clock was set ahead; the time before is a gap. On-delays end in it at their own deadline
   * (doubt goes to the alarm), and so does what people did for a time; silence is not noticed in it, and no off-delay ends in it, because nobody was listening.
   */
  #bootAt(input: BootInput): void {
    const at = Math.max(input.at, this.#now);
    const since = this.#now;
    const restarted = input.boot !== this.#boot;
    this.#boot = input.boot;
    if (input.recalled !== undefined) {
      recall(input.recalled, this.#remembering);
      this.#lifeCycle.recall();
    }
    this.#stream.boot({ ...input, at });
    if (this.#started) this.#fireUpTo(at, IN_A_GAP);
    this.#now = at;
    this.#outside.begin(at);
    this.#evaluation.start(at, { since, restarted });
    this.#faults.start(at, restarted);
    this.#start(at, restarted);
    this.#withdrawal.withdraw(at);
    this.#lifeCycle.start(at, restarted);
    this.#cases?.start(at, { since, restarted });
    this.#selfTest.start(at, restarted);
    if (restarted) this.#system.restarted(at);
    this.#settle(at);
  }

  /** Whether a part of the engine still stands behind an active built-in alarm, and will return it. */
  #held(alarm: Alarm): boolean {
    switch (alarm.rule) {
      case "monitoring-lost":
        return this.#monitoring.holds(alarm);
      case "instrument-fault":
        return this.#faults.holds(alarm);
      case "clock-fault":
        return this.#clocks.holds(alarm);
      case "rule-failed":
        return this.#evaluation.holds(alarm);
      case "outside-unknown":
        return this.#outsideWatch.holds(alarm);
      default:
        return this.#lifeCycle.holds(alarm) ?? true;
    }
  }
}

/** Whether the device has spoken: usably, or of a fault of its own. What communication failed to bring says nothing. */
function speaks(quality: Quality, reason: Reason): boolean {
  return quality !== BAD || reasonRow(reason).origin !== "communication";
}
