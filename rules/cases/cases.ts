import { REASON } from "../../model/quality.ts";
import { rank } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import { type AlarmEvent, isCaseEvent } from "../event.ts";
import type { EventStream } from "../event-stream.ts";
import type { CaseCommand, CommandOutcome } from "../input.ts";
import { annunciates } from "../life-cycle/annunciation.ts";
import { CASE_DUE, NEVER, type TimerQueue } from "../timer-queue.ts";
import {
  awaitsAcknowledgement,
  type CaseRecord,
  isActive,
  leading,
  nextDue,
  noteAlarm,
  noteStep,
  openCase,
} from "./case.ts";
import { CASE_STEPS, type CaseCause, type CaseSettings, type CaseStep } from "./settings.ts";

/** Closed cases that are remembered, for a late command to be told so and for consoles. */
const CLOSED_REMEMBERED = 50;
/** Causes with which a case may be closed while a condition still holds: what holds is no danger, and the alarm stands on. */
const NO_DANGER: ReadonlySet<CaseCause> = new Set(["false", "test", "maintenance"]);

/** What outlives a restart; JSON-safe. */
export interface CasesState {
  readonly open: readonly CaseRecord[];
  /** Oldest first. */
  readonly closed: readonly CaseRecord[];
}

export interface CasesOptions {
  readonly settings: CaseSettings;
  readonly timers: TimerQueue;
  readonly stream: () => EventStream;
}

/**
 * 处置: what people do about alarms, from the first acknowledgement to the report. A case gathers the occurrences of one point
 * that were announced while it is open; each keeps its own events and its own acknowledgement. A case ends only when a person
 * closes it: neither a return, nor a restart, nor a rule that is taken away does.
 *
 * All that a case knows it has from events, its own included: the same events give the same cases, live, in a replay, and from
 * the alarm log.
 */
export class Cases {
  readonly #o: CasesOptions;
  readonly #open = new Map<number, CaseRecord>();
  readonly #ofPoint = new Map<string, CaseRecord>();
  readonly #ofOccurrence = new Map<number, CaseRecord>();
  #closed: CaseRecord[] = [];
  readonly #timer: number;

  constructor(options: CasesOptions) {
    this.#o = options;
    this.#timer = options.timers.add({ phase: CASE_DUE, fire: (at) => this.#overrun(at) });
  }

  /** Open cases, oldest first. */
  open(): Iterable<Readonly<CaseRecord>> {
    return this.#open.values();
  }

  /** The last closed ones, oldest first. */
  closed(): readonly Readonly<CaseRecord>[] {
    return this.#closed;
  }

  /** A case by its number; undefined when it was closed long ago, or never was. */
  case(number: number): Readonly<CaseRecord> | undefined {
    return this.#open.get(number) ?? this.#closed.find((one) => one.number === number);
  }

  /** Takes in an event on its way out, and gives it back with the case it belongs to. */
  take(event: AlarmEvent): AlarmEvent {
    const number = event.case ?? this.#belongs(event);
    if (number === undefined) return event;
    const placed = event.case === undefined ? { ...event, case: number } : event;
    this.#note(placed, number);
    return placed;
  }

  /** Carries out what a person does about a case, or says why not. */
  execute(command: CaseCommand, now: Micros): CommandOutcome {
    const one = this.#open.get(command.case);
    if (one === undefined) {
      const known = this.#closed.some(({ number }) => number === command.case);
      return { accepted: false, refusal: known ? "case-closed" : "unknown-case" };
    }
    if (command.verb === "close") {
      const refusal = whyNotClose(one, command.cause);
      if (refusal !== undefined) return { accepted: false, refusal };
    }
    const { verb: transition, user, note } = command;
    this.#tell(one, now, {
      transition,
      user,
      ...(note === undefined ? {} : { note }),
      ...(command.verb === "close" ? { cause: command.cause, note: command.report } : {}),
    });
    return { accepted: true };
  }

  state(): CasesState {
    return structuredClone({ open: [...this.#open.values()], closed: this.#closed });
  }

  /** Takes up what the alarm log knows of open cases instead of what is known. */
  recall(open: readonly CaseRecord[]): void {
    this.restore({ open, closed: this.#closed });
  }

  /** Takes up a state instead of whatever is known. */
  restore(state: CasesState): void {
    this.#open.clear();
    this.#ofPoint.clear();
    this.#ofOccurrence.clear();
    const { open, closed } = structuredClone(state) as { open: CaseRecord[]; closed: CaseRecord[] };
    this.#closed = closed;
    for (const one of open) {
      this.#keep(one);
      for (const { occurrence } of one.occurrences) this.#ofOccurrence.set(occurrence, one);
    }
    this.#arm();
  }

  /**
   * A start: deadlines that passed while the gateway was down are told now, once each. A clock that was set ahead has given nobody
   * more time, so it moves them.
   */
  start(at: Micros, gap: { since: Micros; restarted: boolean }): void {
    const ahead = gap.restarted || !Number.isFinite(gap.since) ? 0 : at - gap.since;
    for (const { due } of this.#open.values()) {
      for (const step of CASE_STEPS) {
        if (due[step] !== undefined) due[step] = Math.max(at, due[step] + ahead);
      }
    }
    this.#arm();
  }

  /** Number of the case that an event belongs to, which may be a new one. */
  #belongs(event: AlarmEvent): number | undefined {
    if (event.occurrence === 0) return undefined;
    const known = this.#ofOccurrence.get(event.occurrence);
    if (known !== undefined) return known.number;
    if (!annunciates(event) || !this.#opens(event)) return undefined;
    return this.#ofPoint.get(placeOf(event))?.number ?? event.seq;
  }

  #opens(event: AlarmEvent): boolean {
    const least = this.#o.settings.open[event.class];
    return least !== "none" && rank(event.highest) >= rank(least);
  }

  #note(event: AlarmEvent, number: number): void {
    const { settings, timers } = this.#o;
    let one = this.#open.get(number);
    if (one === undefined) {
      one = openCase(event, number);
      this.#keep(one);
    }
    one.last = event.seq;
    if (isCaseEvent(event)) noteStep(one, event, settings);
    else {
      const forgotten = noteAlarm(one, event, settings);
      this.#ofOccurrence.set(event.occurrence, one);
      if (forgotten !== undefined) this.#ofOccurrence.delete(forgotten.occurrence);
    }
    if (one.closed !== undefined) this.#close(one);
    // A deadline that has moved away is found out when the earlier one comes.
    const due = nextDue(one);
    if (due < timers.deadline(this.#timer)) timers.set(this.#timer, due);
  }

  #keep(one: CaseRecord): void {
    this.#open.set(one.number, one);
    this.#ofPoint.set(placeOf(one), one);
  }

  #close(one: CaseRecord): void {
    this.#open.delete(one.number);
    if (this.#ofPoint.get(placeOf(one)) === one) this.#ofPoint.delete(placeOf(one));
    for (const [occurrence, owner] of this.#ofOccurrence) {
      if (owner === one) this.#ofOccurrence.delete(occurrence);
    }
    this.#closed.push(one);
    if (this.#closed.length > CLOSED_REMEMBERED) this.#closed.shift();
  }

  #overrun(at: Micros): void {
    for (const one of [...this.#open.values()]) {
      for (const step of CASE_STEPS) {
        const due = one.due[step];
        if (due === undefined || due > at) continue;
        const to = this.#nextGroup(one);
        this.#tell(one, at, {
          transition: "overrun",
          overdue: step,
          ...(to === undefined ? {} : { escalateTo: to }),
        });
      }
    }
    this.#arm();
  }

  #nextGroup(one: CaseRecord): string | undefined {
    const groups = this.#o.settings.escalation[one.severity];
    return groups[Math.min(one.escalated, groups.length - 1)];
  }

  #arm(): void {
    let next = NEVER;
    for (const one of this.#open.values()) next = Math.min(next, nextDue(one));
    this.#o.timers.set(this.#timer, next);
  }

  #tell(one: CaseRecord, at: Micros, step: CaseStepEvent): void {
    const lead = leading(one);
    this.#o.stream().append({
      ...step,
      case: one.number,
      occurrence: lead.occurrence,
      rule: lead.rule,
      subject: lead.subject,
      point: one.point,
      domain: lead.domain,
      class: lead.class,
      mode: one.mode,
      severity: one.severity,
      highest: one.severity,
      from: lead.state,
      to: lead.state,
      time: at,
      since: lead.since,
      value: Number.NaN,
      reason: REASON.good,
      measured: Number.NaN,
      limit: Number.NaN,
    });
  }
}

type CaseStepEvent = Pick<AlarmEvent, "transition"> & {
  readonly user?: string;
  readonly note?: string;
  readonly cause?: CaseCause;
  readonly overdue?: CaseStep;
  readonly escalateTo?: string;
};

/** Cases are apart by point and mode: an exercise must not swallow what happens in earnest. */
function placeOf({ point, mode }: { point: string; mode: string }): string {
  return `${point} ${mode}`;
}

/**
 * A report never stands in for an acknowledgement, and is not written while the danger lasts: a case of a condition that holds is
 * closed only with a cause that says why it is none.
 */
function whyNotClose(one: CaseRecord, cause: CaseCause): CommandOutcome["refusal"] {
  if (awaitsAcknowledgement(one)) return "not-acknowledged";
  if (isActive(one) && !NO_DANGER.has(cause)) return "condition-still-present";
  if (cause === "real" && one.responded === undefined) return "not-responded";
  return undefined;
}
