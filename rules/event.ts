import type { Mode } from "../model/domain.ts";
import type { Reason } from "../model/quality.ts";
import type { AlarmClass, Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import type { CaseCause, CaseStep } from "./cases/settings.ts";
import type { Detail } from "./detail.ts";

/**
 * States of an alarm (ISA-18.2 / IEC 62682 letters A to F). Shelved, suppressed and out of service are beside these: an
 * alarm in them goes on being evaluated.
 */
export const ALARM_STATES = [
  "normal", // A
  "unacknowledged", // B: active
  "acknowledged", // C: active
  "returned", // D: back to normal, unacknowledged
  "latched-unacknowledged", // E: the condition has gone, the latch holds
  "latched", // F: the same, acknowledged; waits for reset
] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/**
 * Why an alarm is not annunciated although it goes on being evaluated, recorded and published (IEC 62682 letters G to I). Where
 * several hold, the last of these in the list is told.
 */
export const SILENCES = [
  "shelved", // G: a person, for a time
  "suppressed", // H: by design, while another condition holds
  "out-of-service", // I: a person, for maintenance
] as const;
export type Silence = (typeof SILENCES)[number];

/** What an event says happened. */
export const TRANSITIONS = [
  "raise", // a new occurrence
  "upgrade", // worse; unacknowledged again
  "downgrade", // better, still active
  "return", // the condition has cleared
  "again", // the condition came back within the same occurrence (from D, E or F)
  "acknowledge",
  "reset",
  "re-alarm", // acknowledged long ago and still active: unacknowledged again
  "shelve",
  "unshelve", // by a person, by time, or at the end of the one occurrence
  "suppress",
  "unsuppress",
  "out-of-service",
  "return-to-service",
  "respond", // somebody is on the way: a case
  "act", // what was done about a case
  "close", // a case is closed with its report
  "overrun", // a step of a case has taken too long: told to the next group of people
  "withdraw", // the rule or its subject is gone from the configuration
  "historical", // found in late data: never touches the live alarm
  "void", // sequence numbers before this one were reserved and lost: nothing on disk carries them
] as const;
export type Transition = (typeof TRANSITIONS)[number];

/** One transition of one alarm: what the alarm log keeps and the alert topics carry. Plain data, JSON-safe but for NaN. */
export interface AlarmEvent {
  /** Site-wide, without gaps on `event/#`. */
  readonly seq: number;
  /** The `seq` before this one among events of the same `highest` severity; 0 when there was none. */
  readonly prev: number;
  readonly transition: Transition;
  /** Number of the occurrence, site-wide, never reused. */
  readonly occurrence: number;
  readonly rule: string;
  /** Subject key (site.ts). */
  readonly subject: string;
  readonly point: string;
  readonly domain: string;
  readonly class: AlarmClass;
  readonly mode: Mode;
  /** Severity after the transition; after a return, the last one it had. */
  readonly severity: Severity;
  /** Severity before, where it differs in meaning: upgrade, downgrade. */
  readonly severityBefore?: Severity;
  /** The highest the occurrence has reached: the severity of its topic. */
  readonly highest: Severity;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** Logical time on the intake clock, µs. */
  readonly time: Micros;
  /** When the occurrence was raised, logical time, µs. */
  readonly since: Micros;
  /** Of the deciding reading; for a timer, of the last usable reading before it. NaN: none. */
  readonly value: number;
  readonly reason: Reason;
  /** The instrument's own time of that reading, µs. */
  readonly measured: Micros;
  /** Limit of `severity` in the channel's unit, on the side of the value; NaN where none applies. */
  readonly limit: number;
  /** How many things below the subject are covered by this alarm (monitoring lost at a link: its devices). */
  readonly covers?: number;
  /** The alarm is not annunciated after this transition; it goes on being evaluated and published. */
  readonly silence?: Silence;
  /** Why it was not annunciated before this transition, where that has changed. */
  readonly silenceBefore?: Silence;
  /** When what this event began, or the silence it tells of, ends by itself: shelving, out of service, a permit. µs. */
  readonly until?: Micros;
  /** Number of the case that the occurrence belongs to: the `seq` of the event that opened it. */
  readonly case?: number;
  /** For `close`: how it came about. */
  readonly cause?: CaseCause;
  /** For `overrun`: the step that has taken too long. */
  readonly overdue?: CaseStep;
  /** For `overrun`: the group of people that must know now. */
  readonly escalateTo?: string;
  /** Authenticated user of the command behind what people did. */
  readonly user?: string;
  readonly note?: string;
  /** What must be said with the value. */
  readonly detail?: Detail;
  /**
   * For `void`: first number of the lost span. The event itself has a fresh number, the one behind the span: a lost number may
   * have been published `uncommitted` before the crash, so it is never used again.
   */
  readonly voidFrom?: number;
  /** For `void`: last number of the lost span. */
  readonly voidTo?: number;
  /** Revision of the configuration that decided. */
  readonly revision: string;
}

/** Transitions of a case (cases/): the alarm they name stands as it stood. */
export const CASE_TRANSITIONS = [
  "respond",
  "act",
  "close",
  "overrun",
] as const satisfies readonly Transition[];

/** An event that tells of a case and not of its alarm. */
export type CaseEvent = AlarmEvent & { readonly transition: (typeof CASE_TRANSITIONS)[number] };

/** Whether an event tells of a case and not of its alarm. */
export function isCaseEvent(event: AlarmEvent): event is CaseEvent {
  return (CASE_TRANSITIONS as readonly Transition[]).includes(event.transition);
}
