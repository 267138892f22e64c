import type { Mode } from "../../model/domain.ts";
import { rank, type Severity } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent, AlarmState, CaseEvent } from "../event.ts";
import { annunciates } from "../life-cycle/annunciation.ts";
import { CASE_STEPS, type CaseCause, type CaseSettings, type CaseStep } from "./settings.ts";

/** Occurrences of a case that are remembered one by one; beyond, those that are over are only counted. */
const OCCURRENCES_REMEMBERED = 200;

/** An occurrence as its case knows it. JSON-safe. */
export interface CaseOccurrence {
  readonly occurrence: number;
  readonly rule: string;
  readonly subject: string;
  readonly domain: string;
  readonly class: AlarmEvent["class"];
  readonly since: Micros;
  highest: Severity;
  state: AlarmState;
  /** Somebody should acknowledge it: it is not acknowledged, and people were told. */
  awaits: boolean;
}

/** Who did something, and when, µs. */
export interface Done {
  readonly at: Micros;
  readonly user: string;
}

/** Everything there is to know of a case. JSON-safe. */
export interface CaseRecord {
  readonly number: number;
  readonly point: string;
  readonly mode: Mode;
  readonly opened: Micros;
  /** The highest that any of its occurrences has reached. */
  severity: Severity;
  readonly occurrences: CaseOccurrence[];
  /** All there have been, those that are not remembered included. */
  gathered: number;
  /** The first acknowledgement, response and action note. */
  acknowledged?: Done;
  responded?: Done;
  acted?: Done;
  /** Action notes so far. */
  notes: number;
  closed?: Done & { readonly cause: CaseCause; readonly report: string };
  /** When each step is overrun next, µs; absent: not awaited, without deadline, or told often enough. */
  readonly due: Partial<Record<CaseStep, Micros>>;
  /** How often each step that is awaited was told as overrun. */
  readonly overruns: Partial<Record<CaseStep, number>>;
  /** Groups told so far. */
  escalated: number;
  /** Number of the last event of the case. */
  last: number;
}

/** A case that begins with this event. */
export function openCase(event: AlarmEvent, number: number): CaseRecord {
  return {
    number,
    point: event.point,
    mode: event.mode,
    opened: event.time,
    severity: event.highest,
    occurrences: [],
    gathered: 0,
    notes: 0,
    due: {},
    overruns: {},
    escalated: 0,
    last: event.seq,
  };
}

/** Whether any occurrence of the case waits for its acknowledgement. */
export function awaitsAcknowledgement(one: CaseRecord): boolean {
  return one.occurrences.some(({ awaits }) => awaits);
}

/** Whether the condition of any occurrence holds. */
export function isActive(one: CaseRecord): boolean {
  return one.occurrences.some(({ state }) => state === "unacknowledged" || state === "acknowledged");
}

/** The next instant at which a step of the case is overrun; infinite when none will be. */
export function nextDue({ due }: CaseRecord): Micros {
  let next = Number.POSITIVE_INFINITY;
  for (const step of CASE_STEPS) next = Math.min(next, due[step] ?? next);
  return next;
}

/** The occurrence that stands for the case: the worst, of those one that is active, of those the first. */
export function leading(one: CaseRecord): CaseOccurrence {
  const weight = ({ highest, state }: CaseOccurrence) =>
    rank(highest) * 2 + (state === "unacknowledged" || state === "acknowledged" ? 1 : 0);
  return one.occurrences.reduce((best, other) => (weight(other) > weight(best) ? other : best));
}

/** Takes in a step of one of the case's occurrences, which may be a new one; gives one that is remembered no longer. */
export function noteAlarm(
  one: CaseRecord,
  event: AlarmEvent,
  settings: CaseSettings,
): CaseOccurrence | undefined {
  let forgotten: CaseOccurrence | undefined;
  let entry = one.occurrences.find(({ occurrence }) => occurrence === event.occurrence);
  if (entry === undefined) {
    entry = {
      occurrence: event.occurrence,
      rule: event.rule,
      subject: event.subject,
      domain: event.domain,
      class: event.class,
      since: event.since,
      highest: event.highest,
      state: event.to,
      awaits: false,
    };
    one.occurrences.push(entry);
    one.gathered++;
    forgotten = forgetOldest(one);
  }
  const before = one.severity;
  entry.highest = event.highest;
  entry.state = event.to;
  entry.awaits = unacknowledged(event.to) && event.silence === undefined;
  if (rank(event.highest) > rank(one.severity)) one.severity = event.highest;
  if (event.transition === "acknowledge" && one.acknowledged === undefined) {
    one.acknowledged = { at: event.time, user: event.user ?? "" };
  }
  if (event.seq === one.number) {
    begin(one, "respond", { at: event.time, settings });
    begin(one, "close", { at: event.time, settings });
  } else if (one.severity !== before) hasten(one, event.time, settings);
  if (!awaitsAcknowledgement(one)) end(one, "acknowledge");
  else if (one.due.acknowledge === undefined && (annunciates(event) || !toldOften(one))) {
    // What is announced anew gets its own deadline, however often the one before it was told as overrun.
    delete one.overruns.acknowledge;
    begin(one, "acknowledge", { at: event.time, settings });
  }
  return forgotten;
}

/** Takes in what people or time did about the case: one of its own events. */
export function noteStep(one: CaseRecord, event: CaseEvent, settings: CaseSettings): void {
  const done = { at: event.time, user: event.user ?? "" };
  switch (event.transition) {
    case "respond":
      one.responded ??= done;
      end(one, "respond");
      return;
    case "act":
      one.acted ??= done;
      one.notes++;
      return;
    case "close":
      one.closed = { ...done, cause: event.cause ?? "unknown", report: event.note ?? "" };
      for (const step of CASE_STEPS) end(one, step);
      return;
    case "overrun": {
      const step = event.overdue ?? "close";
      const told = (one.overruns[step] ?? 0) + 1;
      one.overruns[step] = told;
      one.escalated++;
      if (told < settings.attempts) one.due[step] = event.time + settings.again;
      else delete one.due[step];
    }
  }
}

/** The acknowledgement was told as overrun and is told no more. */
function toldOften({ overruns }: CaseRecord): boolean {
  return overruns.acknowledge !== undefined;
}

function unacknowledged(state: AlarmState): boolean {
  return state === "unacknowledged" || state === "returned" || state === "latched-unacknowledged";
}

/** A step is awaited from `at` on. */
function begin(one: CaseRecord, step: CaseStep, when: { at: Micros; settings: CaseSettings }): void {
  const span = when.settings.deadlines[one.severity][step];
  if (span !== undefined) one.due[step] = when.at + span;
}

function end(one: CaseRecord, step: CaseStep): void {
  delete one.due[step];
  delete one.overruns[step];
}

/** The case has become worse: what is still to be done has from now on no longer than a case of that severity. */
function hasten(one: CaseRecord, at: Micros, settings: CaseSettings): void {
  const awaited: readonly [CaseStep, boolean][] = [
    ["acknowledge", one.overruns.acknowledge === undefined && awaitsAcknowledgement(one)],
    ["respond", one.overruns.respond === undefined && one.responded === undefined],
    ["close", one.overruns.close === undefined],
  ];
  for (const [step, waits] of awaited) {
    const span = settings.deadlines[one.severity][step];
    if (!waits || span === undefined) continue;
    one.due[step] = Math.min(one.due[step] ?? Number.POSITIVE_INFINITY, at + span);
  }
}

/** Occurrences that are over and acknowledged make room for new ones. Gives the one that went. */
function forgetOldest(one: CaseRecord): CaseOccurrence | undefined {
  if (one.occurrences.length <= OCCURRENCES_REMEMBERED) return undefined;
  const over = one.occurrences.findIndex(({ state }) => state === "normal");
  return over < 0 ? undefined : one.occurrences.splice(over, 1)[0];
}
