import type { Mode } from "../../model/domain.ts";
import { SEVERITIES, type Severity } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../event.ts";
import { CASE_CAUSES, CASE_STEPS, type CaseCause, type CaseStep } from "./settings.ts";

/** How long something took, over several cases. All spans in µs; NaN where there was none. */
export interface Spans {
  readonly count: number;
  readonly mean: Micros;
  readonly median: Micros;
  /** Nine of ten took no longer. */
  readonly ninth: Micros;
  readonly longest: Micros;
}

/** What became of cases that were opened within a period, as far as its end. */
export interface CaseMeasures {
  readonly opened: number;
  readonly closed: number;
  /** Still open at the end of the period. */
  readonly open: number;
  /** 处置率: closed of opened, 0 to 1; NaN when none was opened. */
  readonly disposalRate: number;
  /** From the opening to the first acknowledgement, response, and to the close. */
  readonly took: Readonly<Record<CaseStep, Spans>>;
  /** Cases in which a step was told as overrun. */
  readonly overrun: Readonly<Record<CaseStep, number>>;
  /** Closed cases by cause. */
  readonly causes: Readonly<Record<CaseCause, number>>;
  /** Occurrences that all of them gathered. */
  readonly occurrences: number;
}

/** The measures of a period: in all, and by the highest severity that each case reached. */
export interface CaseReport extends CaseMeasures {
  readonly bySeverity: Readonly<Record<Severity, CaseMeasures>>;
}

interface Seen {
  readonly opened: Micros;
  severity: Severity;
  acknowledge?: Micros;
  respond?: Micros;
  close?: Micros;
  cause?: CaseCause;
  readonly overrun: Set<CaseStep>;
  readonly occurrences: Set<number>;
}

/** What of the log is measured. */
export interface CasePeriod {
  readonly from: Micros;
  readonly to: Micros;
  /** Cases that begin in this mode; all of them unless told. */
  readonly mode?: Mode;
}

/**
 * Measures the closed loop from events in order of their numbers, as the alarm log keeps them: cases opened within [from, to), with
 * what happened to them before `to`. A case counts as opened with its first event. Memory grows with the cases, not with the events.
 */
export class CaseCount {
  readonly #period: CasePeriod;
  /** A case that began before the period, or elsewhere, is met again and again: it is remembered as one that does not count. */
  readonly #seen = new Map<number, Seen | null>();

  constructor(period: CasePeriod) {
    this.#period = period;
  }

  add(event: AlarmEvent): void {
    const { from, to, mode } = this.#period;
    if (event.case === undefined || event.time >= to) return;
    let one = this.#seen.get(event.case);
    if (one === undefined) {
      const counts = event.time >= from && (mode === undefined || event.mode === mode);
      one = counts && event.seq === event.case ? begun(event) : null;
      this.#seen.set(event.case, one);
    }
    if (one !== null) note(one, event);
  }

  result(): CaseReport {
    const all = [...this.#seen.values()].filter((one) => one !== null);
    const of = (severity: Severity) => sum(all.filter((one) => one.severity === severity));
    return {
      ...sum(all),
      bySeverity: { blue: of("blue"), yellow: of("yellow"), orange: of("orange"), red: of("red") },
    };
  }
}

function begun(event: AlarmEvent): Seen {
  return { opened: event.time, severity: event.highest, overrun: new Set(), occurrences: new Set() };
}

function note(one: Seen, event: AlarmEvent): void {
  one.occurrences.add(event.occurrence);
  if (SEVERITIES.indexOf(event.highest) > SEVERITIES.indexOf(one.severity)) one.severity = event.highest;
  if (event.transition === "acknowledge") one.acknowledge ??= event.time;
  else if (event.transition === "respond") one.respond ??= event.time;
  else if (event.transition === "overrun" && event.overdue !== undefined) one.overrun.add(event.overdue);
  else if (event.transition === "close") {
    one.close ??= event.time;
    one.cause ??= event.cause ?? "unknown";
  }
}

function sum(cases: readonly Seen[]): CaseMeasures {
  const closed = cases.filter((one) => one.close !== undefined);
  const took = (step: CaseStep) =>
    spansOf(cases.flatMap((one) => (one[step] === undefined ? [] : [one[step] - one.opened])));
  return {
    opened: cases.length,
    closed: closed.length,
    open: cases.length - closed.length,
    disposalRate: cases.length === 0 ? Number.NaN : closed.length / cases.length,
    took: { acknowledge: took("acknowledge"), respond: took("respond"), close: took("close") },
    overrun: tally(CASE_STEPS, (step) => cases.filter((one) => one.overrun.has(step)).length),
    causes: tally(CASE_CAUSES, (cause) => closed.filter((one) => one.cause === cause).length),
    occurrences: cases.reduce((count, one) => count + one.occurrences.size, 0),
  };
}

function tally<Key extends string>(keys: readonly Key[], count: (key: Key) => number): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, count(key)])) as Record<Key, number>;
}

/** Nearest rank: the smallest that at least the share is no longer than. */
const NINE_OF_TEN = 0.9;

function spansOf(spans: readonly Micros[]): Spans {
  const sorted = [...spans].sort((a, b) => a - b);
  const count = sorted.length;
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? Number.NaN;
  return {
    count,
    mean: sorted.reduce((total, span) => total + span, 0) / count,
    median: at(1 / 2),
    ninth: at(NINE_OF_TEN),
    longest: at(1),
  };
}
