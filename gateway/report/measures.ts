import type { Mode } from "../../model/domain.ts";
import { ALARM_CLASSES, type AlarmClass, SEVERITIES, type Severity } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import { CaseCount, type CaseReport } from "../../rules/cases/measures.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmKey, isActive, isAnnunciation, isLive } from "./annunciation.ts";
import { contains, overlap, type Period } from "./period.ts";
import { Rate, type RateView } from "./rate.ts";
import { Restlessness, type RestlessView } from "./restlessness.ts";
import { Spread, type SpreadView } from "./spread.ts";
import { Standing } from "./standing.ts";

/** The worst of a kind that a report names. */
const TOP = 10;

/** Annunciations of one alarm. */
export interface AlarmShare {
  readonly alarm: string;
  readonly rule: string;
  readonly subject: string;
  readonly count: number;
  /** Of all annunciations of the period. */
  readonly share: number;
}

/** Annunciations by severity. */
export type BySeverity = Readonly<Record<Severity, number>>;

/** The measures of one period. Durations in µs, shares from 0 to 1. */
export interface Measures {
  readonly period: Period;
  readonly rate: RateView;
  readonly bySeverity: BySeverity;
  readonly byClass: Readonly<Record<AlarmClass, number>>;
  readonly byDomain: Readonly<Record<string, BySeverity>>;
  readonly byPoint: Readonly<Record<string, BySeverity>>;
  readonly top: readonly AlarmShare[];
  /** Share of the ten most frequent. */
  readonly topShare: number;
  readonly restless: readonly RestlessView[];
  readonly stale: ReturnType<Standing["view"]>;
  /** From annunciation to acknowledgement. */
  readonly toAcknowledge: SpreadView;
  readonly toAcknowledgeBySeverity: Readonly<Record<Severity, SpreadView>>;
  /** Annunciated in the period and not acknowledged by its end. */
  readonly unacknowledged: number;
  /** From raise to return. */
  readonly active: SpreadView;
  /** Events that did not call for anybody because something silenced the alarm. */
  readonly silenced: Readonly<Record<"shelved" | "suppressed" | "out-of-service", number>>;
  /** What people and logic did to alarms. */
  readonly actions: Readonly<Record<string, number>>;
  /** Occurrences in other modes than the one measured: tests, exercises, simulations. */
  readonly otherModes: number;
  /** Found in late data. */
  readonly historical: number;
  /** The closed loop: cases opened in the period. */
  readonly cases: CaseReport;
  /** How long monitoring was lost in the period, the longest first. */
  readonly monitoringLost: readonly { readonly subject: string; readonly time: Micros }[];
}

/** Transitions that a person or logic brings about. */
const ACTIONS = [
  "acknowledge",
  "reset",
  "shelve",
  "unshelve",
  "suppress",
  "unsuppress",
  "out-of-service",
  "return-to-service",
];

/**
 * Takes alarm events in the order of their numbers, from the beginning of the log or any time before the period, and gives the
 * measures of that period. Memory is bounded by the alarms of the site and the length of the period, not by the events.
 */
export class AlarmMeasures {
  readonly #period: Period;
  readonly #mode: Mode;
  readonly #rate: Rate;
  readonly #standing: Standing;
  readonly #cases: CaseCount;
  readonly #restless = new Restlessness();
  readonly #bySeverity = zeroes(SEVERITIES);
  readonly #byClass = zeroes(ALARM_CLASSES);
  readonly #byDomain = new Map<string, Record<Severity, number>>();
  readonly #byPoint = new Map<string, Record<Severity, number>>();
  readonly #counts = new Map<string, { rule: string; subject: string; count: number }>();
  readonly #toAcknowledge = new Spread();
  readonly #toAcknowledgeBySeverity = spreads();
  readonly #activeSpans = new Spread();
  /** Since when an alarm calls for somebody, by alarm. */
  readonly #calling = new Map<string, Micros>();
  readonly #silenced = { shelved: 0, suppressed: 0, "out-of-service": 0 };
  readonly #actions = zeroes(ACTIONS);
  readonly #lost = new Map<string, Micros>();
  #otherModes = 0;
  #historical = 0;

  /** `mode`: the alarms that count; those in earnest unless told. */
  constructor(period: Period, mode: Mode = "live") {
    this.#period = period;
    this.#mode = mode;
    this.#rate = new Rate(period);
    this.#standing = new Standing(period);
    this.#cases = new CaseCount({ ...period, mode });
  }

  /** Takes the next event; those behind the period are ignored. */
  add(event: AlarmEvent): void {
    if (event.time >= this.#period.to) return;
    this.#cases.add(event);
    const counts = contains(this.#period, event.time);
    if (!isLive(event)) {
      if (counts && event.transition === "historical") this.#historical++;
      return;
    }
    if (event.mode !== this.#mode) {
      if (counts && event.transition === "raise") this.#otherModes++;
      // What goes on in another mode does not stand in this one any more.
      this.#standing.follow(event, false);
      return;
    }
    if (counts && event.transition in this.#actions) this.#actions[event.transition]!++;
    this.#follow(event, counts);
    this.#call(event, counts);
  }

  /** The measures; to be asked once, at the end. */
  result(): Measures {
    const { to } = this.#period;
    for (const { alarm, since } of this.#standing.close()) this.#monitoring(alarm, since, to);
    const rate = this.#rate.view();
    const counts = [...this.#counts].map(([alarm, of]) => ({ alarm, ...of, share: of.count / rate.total }));
    counts.sort((a, b) => b.count - a.count || (a.alarm < b.alarm ? -1 : 1));
    const top = counts.slice(0, TOP);
    return {
      period: this.#period,
      rate,
      bySeverity: this.#bySeverity,
      byClass: this.#byClass,
      byDomain: Object.fromEntries(this.#byDomain),
      byPoint: Object.fromEntries(this.#byPoint),
      top,
      topShare: top.reduce((sum, { share }) => sum + share, 0),
      restless: this.#restless.view(to),
      stale: this.#standing.view(),
      toAcknowledge: this.#toAcknowledge.view(),
      toAcknowledgeBySeverity: Object.fromEntries(
        SEVERITIES.map((severity) => [severity, this.#toAcknowledgeBySeverity[severity].view()]),
      ) as Record<Severity, SpreadView>,
      unacknowledged: [...this.#calling.values()].filter((since) => since >= this.#period.from).length,
      active: this.#activeSpans.view(),
      silenced: this.#silenced,
      actions: this.#actions,
      otherModes: this.#otherModes,
      historical: this.#historical,
      cases: this.#cases.result(),
      monitoringLost: [...this.#lost]
        .map(([subject, time]) => ({ subject, time }))
        .sort((a, b) => b.time - a.time || (a.subject < b.subject ? -1 : 1)),
    };
  }

  /** Spans of the condition. */
  #follow(event: AlarmEvent, counts: boolean): void {
    const alarm = alarmKey(event);
    const { time, transition } = event;
    if (transition === "raise" || transition === "again") this.#restless.raised(alarm, time, counts);
    const since = this.#standing.follow(event, isActive(event));
    if (since === undefined) return;
    const active = time - since;
    if (transition === "return") this.#restless.cleared(alarm, { at: time, active, counts });
    if (counts) this.#activeSpans.add(active);
    this.#monitoring(alarm, since, time);
  }

  #monitoring(alarm: string, since: Micros, end: Micros): void {
    const [rule, subject] = alarm.split(" ") as [string, string];
    const time = rule === "monitoring-lost" ? overlap(this.#period, since, end) : 0;
    if (time > 0) this.#lost.set(subject, (this.#lost.get(subject) ?? 0) + time);
  }

  /** Who is called, and when somebody came. */
  #call(event: AlarmEvent, counts: boolean): void {
    const alarm = alarmKey(event);
    const since = this.#calling.get(alarm);
    if (event.transition === "acknowledge") {
      if (since !== undefined && counts) {
        this.#toAcknowledge.add(event.time - since);
        this.#toAcknowledgeBySeverity[event.highest].add(event.time - since);
      }
      this.#calling.delete(alarm);
    } else if (event.to === "normal" || event.to === "acknowledged" || event.to === "latched") {
      this.#calling.delete(alarm);
    } else if (event.silence !== undefined) {
      // Somebody, or the design, has said that nobody need come.
      this.#calling.delete(alarm);
    }
    if (isAnnunciation(event, this.#mode)) {
      if (since === undefined) this.#calling.set(alarm, event.time);
      if (counts) this.#count(event, alarm);
    } else if (counts && event.silence !== undefined && event.to === "unacknowledged") {
      const raises =
        event.transition === "raise" || event.transition === "again" || event.transition === "upgrade";
      if (raises) this.#silenced[event.silence]++;
    }
  }

  #count(event: AlarmEvent, alarm: string): void {
    const { severity, rule, subject } = event;
    this.#rate.add(event.time);
    this.#bySeverity[severity]++;
    this.#byClass[event.class]++;
    tally(this.#byDomain, event.domain)[severity]++;
    tally(this.#byPoint, event.point)[severity]++;
    const known = this.#counts.get(alarm);
    if (known === undefined) this.#counts.set(alarm, { rule, subject, count: 1 });
    else known.count++;
  }
}

function tally(of: Map<string, Record<Severity, number>>, key: string): Record<Severity, number> {
  let counts = of.get(key);
  if (counts === undefined) {
    counts = zeroes(SEVERITIES);
    of.set(key, counts);
  }
  return counts;
}

function zeroes<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

function spreads(): Record<Severity, Spread> {
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, new Spread()])) as Record<
    Severity,
    Spread
  >;
}
