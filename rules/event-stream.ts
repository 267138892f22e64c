import type { Mode } from "../model/domain.ts";
import { REASON, type Reason } from "../model/quality.ts";
import { rank, SEVERITIES, type Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import { type Alarm, begunByPerson, type Change } from "./alarm.ts";
import { GATEWAY_POINT, GATEWAY_SUBJECT } from "./built-in.ts";
import type { Detail } from "./detail.ts";
import type { AlarmEvent, AlarmState, Silence } from "./event.ts";
import type { Recalled } from "./input.ts";
import { annunciates } from "./life-cycle/annunciation.ts";

/** What decided a transition. */
export interface Decision {
  readonly at: Micros;
  readonly value: number;
  readonly reason: Reason;
  readonly measured: Micros;
  readonly limit: number;
  readonly mode: Mode;
  readonly covers?: number;
  readonly user?: string;
  readonly note?: string;
  readonly detail?: Detail;
  /** When what it begins ends by itself. */
  readonly until?: Micros;
  /** Of a step of an alarm that is normal: the worst it may come to, so that who listens for that hears of it. */
  readonly worst?: Severity;
}

/** Why an alarm is not annunciated now, and until when at the latest. */
export interface Silenced {
  readonly silence: Silence;
  readonly until: Micros;
}

/** What the life cycle knows of an alarm beyond its condition, and what it does about a step. */
export interface Silencing {
  /** Why an alarm whose occurrence has reached `highest` is not annunciated now; undefined: it is. */
  of(alarm: Alarm, highest: Severity): Silenced | undefined;
  /** A step was noted. */
  moved(alarm: Alarm, change: Change, decision: Decision): void;
}

/** A decision that no reading stands behind. */
export function decisionWithoutReading(at: Micros, reason: Reason = REASON.good): Decision {
  return { at, value: Number.NaN, reason, measured: Number.NaN, limit: Number.NaN, mode: "live" };
}

/** Behind what people or the configuration did to an alarm: the alarm as it stood. */
export function decisionOf({ value, reason, measured, limit, mode, detail }: Alarm, at: Micros): Decision {
  return { at, value, reason, measured, limit, mode, ...(detail === undefined ? {} : { detail }) };
}

/** Counters of the stream; JSON-safe. */
export interface StreamState {
  readonly seq: number;
  readonly occurrence: number;
  /** Last `seq` of each severity, in the order of SEVERITIES. */
  readonly last: readonly number[];
  readonly revision: string;
}

interface Pending {
  readonly alarm: Alarm;
  readonly change: Change;
  readonly decision: Decision;
  readonly severity: Severity;
  readonly highest: Severity;
  readonly since: Micros;
  readonly silence: Silence | undefined;
  readonly silenceBefore: Silence | undefined;
  readonly until: Micros | undefined;
}

/**
 * Turns transitions into numbered events. What one instant brought is collected, put in order (severity from high to low, then
 * order of definition; semantics.md 23) and only then numbered and emitted.
 */
export class EventStream {
  readonly #emit: (event: AlarmEvent) => void;
  #pending: Pending[] = [];
  /** Alarms among what is pending. */
  readonly #moved = new Set<Alarm>();
  #last = SEVERITIES.map(() => 0);
  #booted = false;
  /** Number that the next event gets. */
  nextSeq = 1;
  /** Number that the next occurrence gets. */
  nextOccurrence = 1;
  revision: string;
  /** Set once, before the first transition. */
  silencing: Silencing | undefined;

  constructor(options: { emit: (event: AlarmEvent) => void; revision: string }) {
    this.#emit = options.emit;
    this.revision = options.revision;
  }

  /** Notes a transition of this instant. */
  record(alarm: Alarm, change: Change, decision: Decision): void {
    // Two transitions of one alarm in one message (a device that sends several samples at once) keep their order.
    if (this.#moved.has(alarm)) this.flush();
    this.#moved.add(alarm);
    alarm.value = decision.value;
    alarm.reason = decision.reason;
    alarm.measured = decision.measured;
    alarm.limit = decision.limit;
    alarm.detail = decision.detail;
    if (decision.covers !== undefined) alarm.covers = decision.covers;
    // What a person wrote beside an acknowledgement belongs to that event; what a fault says of itself stays with the alarm.
    if (decision.note !== undefined && (decision.user === undefined || begunByPerson(alarm))) {
      alarm.note = decision.note;
    }
    const { since } = alarm;
    const severity = decision.worst ?? alarm.severity;
    const highest = decision.worst ?? alarm.highest;
    const silenced = this.silencing?.of(alarm, highest);
    const before = alarm.silence;
    const silence = silenced?.silence;
    const goesOn = before === undefined && change.from !== "normal" && change.to !== "normal";
    const standing = goesOn ? alarm.until : undefined;
    // An alarm that is normal has nothing to silence; that a person has shelved it is told all the same.
    const kept = change.to === "normal" && silence !== "shelved" ? undefined : silenced;
    alarm.silence = kept?.silence;
    alarm.until = kept?.until ?? decision.until ?? standing;
    if (annunciates({ transition: change.transition, to: change.to, silence })) alarm.told = true;
    else if (change.from === "normal") alarm.told = false;
    this.#pending.push({
      ...{ alarm, change, decision, severity, highest, since, silence },
      silenceBefore: before === silence ? undefined : before,
      until: decision.until ?? silenced?.until ?? alarm.until,
    });
    this.silencing?.moved(alarm, change, decision);
  }

  /** Notes something found in late data: an occurrence of its own that begins and ends in history. */
  recordHistorical(alarm: Alarm, severity: Severity, decision: Decision): void {
    const change: Change = { transition: "historical", from: "normal", to: "normal" };
    const silenced = this.silencing?.of(alarm, severity);
    this.#pending.push({
      ...{ alarm, change, decision, severity, highest: severity, since: decision.at },
      silence: silenced?.silence,
      silenceBefore: undefined,
      until: silenced?.until,
    });
  }

  /** Numbers and emits an event that is not a step of an alarm, behind what the instant has brought so far. */
  append(event: Omit<AlarmEvent, "seq" | "prev" | "revision">): void {
    this.flush();
    const seq = this.nextSeq++;
    const prev = this.#previous(event.highest, seq);
    this.#emit({ seq, prev, ...event, revision: this.revision });
  }

  /** Numbers and emits what the instant brought. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#moved.clear();
    pending.sort((a, b) => rank(b.severity) - rank(a.severity) || a.alarm.order - b.alarm.order);
    for (const one of pending) this.#number(one);
  }

  #number({ alarm, change, decision, severity, highest, since, ...silence }: Pending): void {
    let { occurrence } = alarm;
    if (change.from === "normal" && change.to !== "normal") {
      occurrence = this.nextOccurrence++;
      alarm.occurrence = occurrence;
    } else if (change.transition === "historical") {
      occurrence = this.nextOccurrence++;
    }
    const { at, value, reason, measured, limit, mode, covers, user, note, detail } = decision;
    const seq = this.nextSeq++;
    this.#emit({
      seq,
      prev: this.#previous(highest, seq),
      transition: change.transition,
      occurrence,
      rule: alarm.rule,
      subject: alarm.subject,
      point: alarm.point,
      domain: alarm.domain,
      class: alarm.class,
      mode,
      severity,
      ...(change.severityBefore === undefined ? {} : { severityBefore: change.severityBefore }),
      highest,
      from: change.from,
      to: change.to,
      time: at,
      since,
      value,
      reason,
      measured,
      limit,
      ...(silence.silence === undefined ? {} : { silence: silence.silence }),
      ...(silence.silenceBefore === undefined ? {} : { silenceBefore: silence.silenceBefore }),
      ...(silence.until === undefined ? {} : { until: silence.until }),
      ...(covers === undefined ? {} : { covers }),
      ...(user === undefined ? {} : { user }),
      ...(note === undefined ? {} : { note }),
      ...(detail === undefined ? {} : { detail }),
      revision: this.revision,
    });
  }

  #previous(highest: Severity, seq: number): number {
    const index = rank(highest);
    const previous = this.#last[index]!;
    this.#last[index] = seq;
    return previous;
  }

  /**
   * A process has started with fresh spans of numbers. Event numbers between the last one used and the fresh span were reserved
   * and lost; the first event of the span says so. Occurrence numbers may have gaps: nobody counts them.
   */
  boot(boot: { at: Micros; seq: number; occurrence: number; revision: string }): void {
    this.revision = boot.revision;
    this.nextOccurrence = Math.max(this.nextOccurrence, boot.occurrence);
    const voidFrom = this.nextSeq;
    // Before the first boot of all no number was ever reserved.
    const lost = this.#booted && boot.seq > voidFrom;
    this.nextSeq = Math.max(this.nextSeq, boot.seq);
    this.#booted = true;
    if (lost) this.#announce(boot.at, { voidFrom, voidTo: boot.seq - 1 });
  }

  /** Numbers up to the last of the alarm log have been used, whatever led to them. */
  recall({ lastSeq, standing }: Recalled): void {
    this.#booted = true;
    this.nextSeq = Math.max(this.nextSeq, lastSeq + 1);
    for (const { highest, seq } of standing) {
      const index = rank(highest);
      this.#last[index] = Math.max(this.#last[index]!, seq);
    }
  }

  #announce(at: Micros, span: { voidFrom: number; voidTo: number }): void {
    const normal: AlarmState = "normal";
    const seq = this.nextSeq++;
    this.#emit({
      seq,
      prev: this.#previous("blue", seq),
      transition: "void",
      occurrence: 0,
      rule: "void",
      subject: GATEWAY_SUBJECT,
      point: GATEWAY_POINT,
      domain: "system",
      class: "monitoring",
      mode: "live",
      severity: "blue",
      highest: "blue",
      from: normal,
      to: normal,
      time: at,
      since: at,
      value: Number.NaN,
      reason: REASON.good,
      measured: Number.NaN,
      limit: Number.NaN,
      ...span,
      revision: this.revision,
    });
  }

  state(): StreamState {
    return {
      seq: this.nextSeq,
      occurrence: this.nextOccurrence,
      last: [...this.#last],
      revision: this.revision,
    };
  }

  restore(state: StreamState): void {
    this.nextSeq = state.seq;
    this.nextOccurrence = state.occurrence;
    this.#last = [...state.last];
    this.revision = state.revision;
    this.#booted = true;
  }
}
