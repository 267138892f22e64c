import type { Mode } from "../model/domain.ts";
import { REASON, type Reason } from "../model/quality.ts";
import { type AlarmClass, rank, type Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import { type PackedNumber, pack, unpack } from "./checkpoint-number.ts";
import type { Detail } from "./detail.ts";
import type { AlarmEvent, AlarmState, Silence, Transition } from "./event.ts";
import type { CommandOutcome } from "./input.ts";

/** What an alarm is, whatever its state. */
export interface AlarmIdentity {
  readonly rule: string;
  readonly subject: string;
  readonly point: string;
  readonly domain: string;
  readonly class: AlarmClass;
  readonly latching: boolean;
  /** Order of definition: decides between events of one instant and one severity (semantics.md 23). */
  readonly order: number;
}

/** A step of the state machine. */
export interface Change {
  readonly transition: Transition;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly severityBefore?: Severity;
}

/** A person's word that an alarm shall not be annunciated for a time; JSON-safe. */
export interface Shelf {
  /** When it ends by itself at the latest. */
  readonly until: Micros;
  /** It ends when the occurrence has returned. */
  readonly oneShot: boolean;
  readonly user: string;
  readonly since: Micros;
  /** The worst that the person has silenced: what the occurrence had reached, or all that a normal alarm may come to. */
  readonly worst: Severity;
  readonly note?: string;
}

/** An alarm that outlives a restart; JSON-safe. */
export interface AlarmRecord extends AlarmIdentity {
  readonly state: AlarmState;
  readonly severity: Severity;
  readonly highest: Severity;
  readonly occurrence: number;
  readonly since: Micros;
  readonly changed: Micros;
  readonly mode: Mode;
  /** null: no reading began it. */
  readonly measuredFrom: Micros | null;
  /** null: still active. */
  readonly measuredTo: Micros | null;
  readonly value: PackedNumber;
  readonly reason: number;
  readonly measured: PackedNumber;
  readonly limit: PackedNumber;
  readonly acknowledgedBy?: string;
  readonly covers?: number;
  readonly note?: string;
  readonly detail?: Detail;
  readonly silence?: Silence;
  readonly until?: Micros;
  readonly shelf?: Shelf;
  /** The occurrence has not been annunciated. */
  readonly untold?: true;
}

/** The present state of an alarm, for consoles and retained topics. */
export interface AlarmView extends AlarmIdentity {
  readonly state: AlarmState;
  readonly active: boolean;
  readonly severity: Severity;
  readonly highest: Severity;
  readonly occurrence: number;
  readonly since: Micros;
  readonly changed: Micros;
  readonly mode: Mode;
  readonly value: number;
  readonly reason: Reason;
  readonly measured: Micros;
  readonly limit: number;
  readonly acknowledgedBy: string | undefined;
  readonly covers: number | undefined;
  readonly note: string | undefined;
  readonly detail: Detail | undefined;
  /** Why it is not annunciated now. */
  readonly silence: Silence | undefined;
  /** When the silence, or what the alarm tells of, ends by itself. */
  readonly until: Micros | undefined;
}

/** The record of an alarm as its last event left it, where nothing else is left of it. */
export function recordOf(event: AlarmEvent): AlarmRecord {
  const active = event.to === "unacknowledged" || event.to === "acknowledged";
  const { rule, subject, point, domain, occurrence, severity, highest, since, mode, reason } = event;
  return {
    ...{ rule, subject, point, domain, occurrence, severity, highest, since, mode, reason },
    class: event.class,
    latching: false,
    order: 0,
    state: event.to,
    changed: event.time,
    measuredFrom: Number.isFinite(event.measured) ? event.measured : null,
    measuredTo: active || !Number.isFinite(event.measured) ? null : event.measured,
    value: pack(event.value),
    measured: pack(event.measured),
    limit: pack(event.limit),
    ...((event.transition === "acknowledge" || begunByPerson(event)) && event.user !== undefined
      ? { acknowledgedBy: event.user }
      : {}),
    ...(event.covers === undefined ? {} : { covers: event.covers }),
    ...(event.note === undefined || (event.user !== undefined && !begunByPerson(event))
      ? {}
      : { note: event.note }),
    ...(event.detail === undefined ? {} : { detail: event.detail }),
    ...(event.silence === undefined ? {} : { silence: event.silence }),
    ...(event.until === undefined ? {} : { until: event.until }),
  };
}

/** Whether an alarm stands for what a person has begun, so that the person and the person's words are its own. */
export function begunByPerson({ rule }: { readonly rule: string }): boolean {
  return rule === "out-of-service" || rule === "permit-open";
}

export type Refusal = NonNullable<CommandOutcome["refusal"]>;

/**
 * One rule on one subject, with its state (ISA-18.2 / IEC 62682 A to F, domain.md a.1). It knows neither conditions nor events:
 * it is told that the condition came, changed or went and what people did, and says which step that was.
 */
export class Alarm implements AlarmView {
  readonly rule: string;
  readonly subject: string;
  readonly point: string;
  readonly domain: string;
  readonly class: AlarmClass;
  readonly latching: boolean;
  readonly order: number;
  /** Blue is an attention event: it counts as acknowledged unless the site says otherwise. */
  readonly #acknowledgeBlue: boolean;
  state: AlarmState = "normal";
  severity: Severity = "blue";
  /** Highest severity of the occurrence. */
  highest: Severity = "blue";
  /** Number of the present or last occurrence; 0: never raised. */
  occurrence = 0;
  since: Micros = 0;
  /** Logical time of the last transition. */
  changed: Micros = 0;
  mode: Mode = "live";
  /** The instrument's own time of the readings that began and ended the condition: late readings between are no news. */
  measuredFrom: Micros = Number.POSITIVE_INFINITY;
  measuredTo: Micros = Number.NEGATIVE_INFINITY;
  acknowledgedBy: string | undefined;
  covers: number | undefined;
  note: string | undefined;
  detail: Detail | undefined;
  silence: Silence | undefined;
  until: Micros | undefined;
  /** Whether the occurrence has been annunciated: a silence that ends does not take it back then. */
  told = true;
  shelf: Shelf | undefined;
  /** What decided the last transition. */
  value = Number.NaN;
  reason: Reason = REASON.good;
  measured: Micros = Number.NaN;
  limit = Number.NaN;

  constructor(identity: AlarmIdentity, options: { acknowledgeBlue: boolean }) {
    this.rule = identity.rule;
    this.subject = identity.subject;
    this.point = identity.point;
    this.domain = identity.domain;
    this.class = identity.class;
    this.latching = identity.latching;
    this.order = identity.order;
    this.#acknowledgeBlue = options.acknowledgeBlue;
  }

  /** Whether the condition holds. */
  get active(): boolean {
    return this.state === "unacknowledged" || this.state === "acknowledged";
  }

  /** The condition holds at `severity`. Undefined: it did so already. */
  assert(severity: Severity, at: Micros): Change | undefined {
    const { state: from, severity: before } = this;
    if (this.active) {
      if (severity === before) return undefined;
      this.severity = severity;
      if (rank(severity) < rank(before)) {
        this.changed = at;
        return { transition: "downgrade", from, to: from, severityBefore: before };
      }
      this.#reach(severity);
      // What a person has silenced was less than this.
      this.shelf = undefined;
      return { ...this.#move("upgrade", this.#activeState(), at), severityBefore: before };
    }
    this.severity = severity;
    if (from === "normal") {
      this.highest = severity;
      this.since = at;
      this.acknowledgedBy = undefined;
      this.#outgrow(severity);
      return this.#move("raise", this.#activeState(), at);
    }
    this.#reach(severity);
    this.#outgrow(severity);
    return this.#move("again", this.#activeState(), at);
  }

  /** The condition holds as before, but now it must be told again: what was raised in a test has become real. */
  renew(at: Micros): Change {
    this.shelf = undefined;
    return this.#move("again", this.#activeState(), at);
  }

  /** The condition has gone. Undefined: it had gone already. */
  clear(at: Micros): Change | undefined {
    if (!this.active) return undefined;
    const acknowledged = this.state === "acknowledged";
    if (this.latching) return this.#move("return", acknowledged ? "latched" : "latched-unacknowledged", at);
    return this.#move("return", acknowledged ? "normal" : "returned", at);
  }

  /** Somebody has seen it. */
  acknowledge(user: string, at: Micros): Change | Refusal {
    switch (this.state) {
      case "unacknowledged":
        this.acknowledgedBy = user;
        return this.#move("acknowledge", "acknowledged", at);
      case "returned":
        this.acknowledgedBy = user;
        return this.#move("acknowledge", "normal", at);
      case "latched-unacknowledged":
        this.acknowledgedBy = user;
        return this.#move("acknowledge", "latched", at);
      case "acknowledged":
      case "latched":
        return "already-acknowledged";
      case "normal":
        return "not-active";
    }
  }

  /** Somebody releases the latch: only after it was acknowledged, and only when the condition has gone. */
  reset(at: Micros): Change | Refusal {
    switch (this.state) {
      case "latched":
        return this.#move("reset", "normal", at);
      case "latched-unacknowledged":
        return "not-acknowledged";
      case "unacknowledged":
      case "acknowledged":
        return this.latching ? "condition-still-present" : "not-latched";
      case "returned":
        return "not-latched";
      case "normal":
        return "not-active";
    }
  }

  /** Acknowledged long ago, and the condition still holds. Undefined: somebody has to look at it anyway. */
  alarmAgain(at: Micros): Change | undefined {
    return this.state === "acknowledged" ? this.#move("re-alarm", "unacknowledged", at) : undefined;
  }

  /** Something about it has changed that leaves its state alone: a silence began, or another one goes on. */
  stay(transition: Transition): Change {
    return { transition, from: this.state, to: this.state };
  }

  /**
   * Its last silence has ended (domain.md a.1: B if the condition holds, else A). A latch holds on: only a reset ends it. What was
   * told before the silence and has returned since goes on waiting for a person, unless one has silenced it (`seen`).
   */
  resume(transition: Transition, at: Micros, seen: boolean): Change {
    switch (this.state) {
      case "unacknowledged":
      case "acknowledged":
        return this.#move(transition, this.#activeState(), at);
      case "returned":
        return this.told && !seen ? this.stay(transition) : this.#move(transition, "normal", at);
      default:
        return this.stay(transition);
    }
  }

  /** A person, or logic, has begun something that stands until it ends: a thing out of service, a permit. */
  enter(transition: Transition, at: Micros, user?: string): Change {
    this.acknowledgedBy = user;
    this.severity = "blue";
    this.highest = "blue";
    this.since = at;
    return this.#move(transition, "acknowledged", at);
  }

  /** It has ended. */
  leave(transition: Transition, at: Micros): Change {
    return this.#move(transition, "normal", at);
  }

  /** Its rule or subject is no longer in the configuration. */
  withdraw(at: Micros): Change {
    this.shelf = undefined;
    return this.#move("withdraw", "normal", at);
  }

  /** Notes the instrument's own time of the reading that began the condition. */
  begin(measured: Micros): void {
    this.measuredFrom = Number.isNaN(measured) ? Number.POSITIVE_INFINITY : measured;
    this.measuredTo = Number.POSITIVE_INFINITY;
  }

  /** Notes the instrument's own time of the reading that ended it. */
  end(measured: Micros): void {
    this.measuredTo = Number.isNaN(measured) ? this.measuredFrom : measured;
  }

  /** Whether a reading of that time falls into what the present or last occurrence has told already. */
  covered(measured: Micros): boolean {
    return measured >= this.measuredFrom && measured <= this.measuredTo;
  }

  record(): AlarmRecord {
    const { rule, subject, point, domain, latching, order, state, severity, highest, occurrence } = this;
    return {
      rule,
      subject,
      point,
      domain,
      class: this.class,
      latching,
      order,
      state,
      severity,
      highest,
      occurrence,
      since: this.since,
      changed: this.changed,
      mode: this.mode,
      measuredFrom: Number.isFinite(this.measuredFrom) ? this.measuredFrom : null,
      measuredTo: Number.isFinite(this.measuredTo) ? this.measuredTo : null,
      value: pack(this.value),
      reason: this.reason,
      measured: pack(this.measured),
      limit: pack(this.limit),
      ...(this.acknowledgedBy === undefined ? {} : { acknowledgedBy: this.acknowledgedBy }),
      ...(this.covers === undefined ? {} : { covers: this.covers }),
      ...(this.note === undefined ? {} : { note: this.note }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.silence === undefined ? {} : { silence: this.silence }),
      ...(this.until === undefined ? {} : { until: this.until }),
      ...(this.shelf === undefined ? {} : { shelf: this.shelf }),
      ...(this.told ? {} : { untold: true as const }),
    };
  }

  restore(record: AlarmRecord): void {
    this.state = record.state;
    this.severity = record.severity;
    this.highest = record.highest;
    this.occurrence = record.occurrence;
    this.since = record.since;
    this.changed = record.changed;
    this.mode = record.mode;
    this.measuredFrom = record.measuredFrom ?? Number.POSITIVE_INFINITY;
    this.measuredTo = record.measuredTo ?? Number.POSITIVE_INFINITY;
    this.acknowledgedBy = record.acknowledgedBy;
    this.covers = record.covers;
    this.note = record.note;
    this.detail = record.detail;
    this.silence = record.silence;
    this.until = record.until;
    this.shelf = record.shelf;
    this.told = record.untold !== true;
    this.value = unpack(record.value);
    this.reason = record.reason;
    this.measured = unpack(record.measured);
    this.limit = unpack(record.limit);
  }

  #activeState(): AlarmState {
    return this.highest === "blue" && !this.#acknowledgeBlue ? "acknowledged" : "unacknowledged";
  }

  /** What a person has silenced was less than this. */
  #outgrow(severity: Severity): void {
    if (this.shelf !== undefined && rank(severity) > rank(this.shelf.worst)) this.shelf = undefined;
  }

  #reach(severity: Severity): void {
    if (rank(severity) > rank(this.highest)) this.highest = severity;
  }

  #move(transition: Transition, to: AlarmState, at: Micros): Change {
    const from = this.state;
    this.state = to;
    this.changed = at;
    return { transition, from, to };
  }
}
