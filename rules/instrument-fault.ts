import { BAD, GOOD, type Quality, REASON, REASONS, type Reason, UNCERTAIN } from "../model/quality.ts";
import { type Channel, type Site, type Subject, subjectKey } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import type { ChannelMemory } from "./channel-memory.ts";
import { type Level, NO_VERDICT, type Verdict, verdict } from "./conditions/condition.ts";
import { decisionWithoutReading, type EventStream } from "./event-stream.ts";
import { Grading, type GradingState, NONE, REGRADED } from "./grading.ts";
import type { EngineSettings } from "./settings.ts";
import { OFF_DELAY, ON_DELAY, type TimerQueue } from "./timer-queue.ts";

/** Reasons by which an instrument says that it, or its sensor, is faulty. */
const FAULT = Uint8Array.from(REASONS, (row) => (row.origin === "instrument" && row.quality === BAD ? 1 : 0));

const FAULTY: Verdict = verdict(1, 0, GOOD);
const SOUND: Verdict = verdict(0, 1, GOOD);
const UNSURE: Verdict = verdict(0, 0, UNCERTAIN);

export interface InstrumentFaultParts {
  readonly site: Site;
  readonly settings: EngineSettings;
  readonly timers: TimerQueue;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
}

/** One channel that reports, or has just reported, a fault. */
interface Faulty {
  readonly channel: Channel;
  readonly grading: Grading;
  readonly onTimer: number;
  readonly offTimer: number;
  reason: Reason;
  /** The alarm that tells of it: the channel's own or that of a higher thing. */
  alarm: Alarm | undefined;
}

/** What outlives a restart, by channel key; JSON-safe. */
export type InstrumentFaultState = Readonly<
  Record<string, { readonly grading: GradingState; readonly reason: Reason; readonly alarm?: string }>
>;

/**
 * *Instrument fault* (semantics.md 10): the instrument itself says that it is faulty. Each channel has its own delay; what ends
 * in one instant is raised at the highest failed thing: a device or component when it says so itself or when several of its
 * channels fail the same way, a panel when all its components do, else the channel.
 */
export class InstrumentFaults {
  readonly #p: InstrumentFaultParts;
  readonly #levels: readonly Level[];
  readonly #watched: Uint8Array;
  readonly #faulty: (Faulty | undefined)[];
  /** Channels whose delay has ended in this instant. */
  #raised: Faulty[] = [];
  #cleared: Faulty[] = [];
  /** Channels behind each active alarm. */
  readonly #members = new Map<Alarm, Set<Faulty>>();

  constructor(parts: InstrumentFaultParts) {
    this.#p = parts;
    const { severity, onDelay, offDelay } = parts.settings.instrumentFault;
    this.#levels = [{ severity, onDelay, offDelay }];
    const { channels, points } = parts.site;
    this.#watched = Uint8Array.from(channels, (channel) =>
      points[channel.point]?.stage === "live" && channel.derivation === undefined ? 1 : 0,
    );
    this.#faulty = new Array<Faulty | undefined>(channels.length).fill(undefined);
  }

  /** Looks at one evaluated reading. */
  reading(channel: number, reading: { reason: Reason; quality: Quality }, now: Micros): void {
    const { reason, quality } = reading;
    let faulty = this.#faulty[channel];
    if (faulty === undefined) {
      if (FAULT[reason] !== 1 || this.#watched[channel] === 0) return;
      faulty = this.#watch(channel);
    }
    if (FAULT[reason] === 1) {
      faulty.reason = reason;
      this.#step(faulty, FAULTY, now);
    } else if (quality === BAD) this.#step(faulty, NO_VERDICT, now);
    else this.#step(faulty, quality === GOOD ? SOUND : UNSURE, now);
  }

  /**
   * Nothing usable is known of the channel any more: it cannot be called sound. Its on-delay goes on, for a channel that reports
   * nothing but its fault is silent by that very fault.
   */
  silence(channel: number): void {
    const faulty = this.#faulty[channel];
    if (faulty === undefined) return;
    faulty.grading.restartOffDelays();
    this.#arm(faulty);
  }

  /** A restart, or (not `restarted`) a clock that was set: off-delays start again. */
  start(at: Micros, restarted: boolean): void {
    for (const faulty of this.#faulty) {
      if (faulty === undefined) continue;
      if (restarted) faulty.grading.restartOffDelays();
      else faulty.grading.clockSet(at);
      this.#arm(faulty);
    }
  }

  /** Raises and returns what this instant has brought. */
  settle(at: Micros): void {
    if (this.#raised.length === 0 && this.#cleared.length === 0) return;
    const raised = this.#raised.sort((a, b) => a.channel.index - b.channel.index);
    const cleared = this.#cleared;
    this.#raised = [];
    this.#cleared = [];
    for (const faulty of raised) if (faulty.grading.active !== NONE) this.#place(faulty, at);
    for (const faulty of cleared) if (faulty.grading.active === NONE) this.#release(faulty, at);
  }

  state(): InstrumentFaultState {
    const state: Record<string, InstrumentFaultState[string]> = {};
    for (const faulty of this.#faulty) {
      if (faulty === undefined || faulty.grading.atRest) continue;
      state[faulty.channel.key] = {
        grading: faulty.grading.state(),
        reason: faulty.reason,
        ...(faulty.alarm === undefined ? {} : { alarm: faulty.alarm.subject }),
      };
    }
    return state;
  }

  /** Takes up a state; the alarms themselves must have been restored before. */
  restore(state: InstrumentFaultState): void {
    for (const channel of this.#p.site.channels) {
      const known = state[channel.key];
      if (known === undefined || this.#watched[channel.index] === 0) continue;
      const faulty = this.#watch(channel.index);
      faulty.grading.restore(known.grading);
      faulty.reason = known.reason;
      const alarm =
        known.alarm === undefined ? undefined : this.#p.book.find("instrument-fault", known.alarm);
      if (alarm !== undefined) this.#join(faulty, alarm);
      this.#arm(faulty);
    }
  }

  /** Whether any channel stands behind this alarm. */
  holds(alarm: Alarm): boolean {
    return this.#members.has(alarm);
  }

  #watch(channel: number): Faulty {
    const { timers, site } = this.#p;
    const row = site.channels[channel]!;
    const faulty: Faulty = {
      channel: row,
      grading: new Grading(this.#levels, { keepsState: row.report === "on-change", stepwise: false }),
      onTimer: timers.add({
        phase: ON_DELAY,
        fire: (at) => this.#due(faulty, faulty.grading.onDelayDue(at)),
      }),
      offTimer: timers.add({
        phase: OFF_DELAY,
        fire: (at) => this.#due(faulty, faulty.grading.offDelayDue(at)),
      }),
      reason: REASON.bad,
      alarm: undefined,
    };
    this.#faulty[channel] = faulty;
    return faulty;
  }

  #step(faulty: Faulty, v: Verdict, now: Micros): void {
    this.#due(faulty, faulty.grading.step(v, now));
  }

  #due(faulty: Faulty, did: number): void {
    if (did === 0) return;
    this.#arm(faulty);
    if ((did & REGRADED) === 0) return;
    if (faulty.grading.active === NONE) this.#cleared.push(faulty);
    else this.#raised.push(faulty);
  }

  #arm(faulty: Faulty): void {
    const { timers } = this.#p;
    timers.set(faulty.onTimer, faulty.grading.onDeadline);
    timers.set(faulty.offTimer, faulty.grading.offDeadline);
  }

  #place(faulty: Faulty, at: Micros): void {
    if (faulty.alarm !== undefined) return;
    const { book, stream, settings, memory } = this.#p;
    const subject = this.#highest(faulty);
    const alarm = book.builtIn("instrument-fault", subject);
    const covers = subject.kind === "channel" ? undefined : this.#alike(faulty, subject).length;
    this.#join(faulty, alarm);
    const decision = {
      ...decisionWithoutReading(at, faulty.reason),
      measured: memory.time[faulty.channel.index]!,
      mode: memory.mode(faulty.channel.index),
      ...(covers === undefined ? {} : { covers }),
    };
    assertAlarm(stream, alarm, { severity: settings.instrumentFault.severity, decision });
  }

  #release(faulty: Faulty, at: Micros): void {
    const { alarm } = faulty;
    if (alarm === undefined) return;
    faulty.alarm = undefined;
    const members = this.#members.get(alarm);
    members?.delete(faulty);
    if (members !== undefined && members.size > 0) return;
    this.#members.delete(alarm);
    clearAlarm(this.#p.stream, alarm, this.#p.memory.lastUsable(faulty.channel.index, at));
  }

  #join(faulty: Faulty, alarm: Alarm): void {
    faulty.alarm = alarm;
    const members = this.#members.get(alarm);
    if (members === undefined) this.#members.set(alarm, new Set([faulty]));
    else members.add(faulty);
  }

  /** The highest thing that has failed the way this channel has. */
  #highest(faulty: Faulty): Subject {
    const { index, device, component } = faulty.channel;
    const self: Subject = { kind: "channel", index };
    const whole: Subject = { kind: "device", index: device };
    if (component === undefined)
      return this.#asAWhole(faulty, whole) || this.#saysItself(device) ? whole : self;
    const components = this.#p.site.devices[device]!.components;
    const failed = new Set(this.#alike(faulty, whole).map((other) => other.channel.component));
    if (components.length > 1 && components.every((one) => failed.has(one))) return whole;
    const part: Subject = { kind: "component", index: component };
    return this.#asAWhole(faulty, part) ? part : self;
  }

  /** Whether one of the device's own channels says that the device has failed: what else fails in it is part of that. */
  #saysItself(device: number): boolean {
    return this.#p.site.devices[device]!.channels.some((index) => {
      const other = this.#faulty[index];
      return (
        other !== undefined &&
        other.channel.component === undefined &&
        !other.grading.atRest &&
        other.reason === REASON.device_failure
      );
    });
  }

  #asAWhole(faulty: Faulty, subject: Subject): boolean {
    return faulty.reason === REASON.device_failure || this.#alike(faulty, subject).length > 1;
  }

  /**
   * Channels of a thing that report the same fault now, delayed ones included, and are not told of elsewhere. A device's own
   * channels and those of its components count apart.
   */
  #alike(faulty: Faulty, subject: Subject): Faulty[] {
    const alike: Faulty[] = [];
    const key = subjectKey(this.#p.site, subject);
    const ofComponents = faulty.channel.component !== undefined;
    for (const channel of this.#p.site.devices[faulty.channel.device]!.channels) {
      const other = this.#faulty[channel];
      if (other === undefined || other.grading.atRest || other.reason !== faulty.reason) continue;
      if (other.alarm !== undefined && other.alarm.subject !== key) continue;
      const { component } = other.channel;
      const within =
        subject.kind === "component"
          ? component === subject.index
          : (component !== undefined) === ofComponents;
      if (within) alike.push(other);
    }
    return alike;
  }
}
