import type { Micros } from "../../model/time.ts";
import { type AlarmView, begunByPerson } from "../../rules/alarm.ts";
import type { Engine } from "../../rules/engine.ts";
import { type AlarmEvent, isCaseEvent } from "../../rules/event.ts";
import type { Rule } from "../../rules/rule.ts";

/*
 * What alerts need to see of the rules engine: no more, so that they can be tested without one.
 */

/** An alarm that is not normal, as the engine has it now. */
export interface PresentAlarm
  extends Pick<
    AlarmEvent,
    | "occurrence"
    | "rule"
    | "subject"
    | "point"
    | "domain"
    | "class"
    | "mode"
    | "severity"
    | "highest"
    | "since"
    | "value"
    | "reason"
    | "measured"
    | "limit"
    | "covers"
    | "note"
    | "detail"
    | "silence"
    | "until"
  > {
  readonly state: AlarmEvent["to"];
  /** When it came into this state, µs. */
  readonly changed: Micros;
  /** Who acknowledged the occurrence, if somebody has. */
  readonly acknowledgedBy?: string;
  /** The event that brought it there; undefined when that was before the gateway's start. */
  readonly seq?: number;
}

/** What is asked of the rules engine: alarms and channels as they are now, and the first event number not used yet. */
export type PresentState = Pick<Engine, "alarms" | "channel" | "nextSeq"> &
  Partial<Pick<Engine, "cases" | "selfTest" | "outside">>;

/** What is said of a rule. */
export type SpokenRule = Pick<Rule, "id" | "name" | "basis" | "guidance" | "subjects">;

/** The engine's view of an alarm, in the form used here. */
export function presentOf(view: AlarmView): PresentAlarm {
  const { acknowledgedBy, covers, note, detail, silence, until, ...rest } = view;
  return {
    ...pick(rest),
    state: rest.state,
    changed: rest.changed,
    ...defined({ acknowledgedBy, covers, note, detail, silence, until }),
  };
}

/** State of an alarm after an event; `before` is what it was, if it was not normal. */
export function presentAfter(event: AlarmEvent, before?: PresentAlarm): PresentAlarm {
  const same = before?.occurrence === event.occurrence ? before : undefined;
  const began = begunByPerson(event);
  const acknowledgedBy = event.transition === "acknowledge" || began ? event.user : same?.acknowledgedBy;
  // What a person wrote beside a step belongs to that event; what a fault says of itself stays with the alarm.
  const note = (event.user === undefined || began ? event.note : undefined) ?? same?.note;
  return {
    ...pick(event),
    state: event.to,
    changed: event.time,
    seq: event.seq,
    ...defined({
      acknowledgedBy,
      covers: event.covers ?? same?.covers,
      note,
      detail: event.detail,
      silence: event.silence,
      until: event.until,
    }),
  };
}

function pick(from: Omit<PresentAlarm, "state" | "changed">) {
  const {
    occurrence,
    rule,
    subject,
    point,
    domain,
    mode,
    severity,
    highest,
    since,
    value,
    reason,
    measured,
    limit,
  } = from;
  return {
    occurrence,
    rule,
    subject,
    point,
    domain,
    class: from.class,
    mode,
    severity,
    highest,
    since,
    value,
    reason,
    measured,
    limit,
  };
}

/** Properties that are `undefined` left out, as `exactOptionalPropertyTypes` wants it. */
function defined(o: {
  acknowledgedBy: string | undefined;
  covers: number | undefined;
  note: string | undefined;
  detail: AlarmEvent["detail"] | undefined;
  silence: AlarmEvent["silence"] | undefined;
  until: Micros | undefined;
}) {
  return {
    ...(o.acknowledgedBy === undefined ? {} : { acknowledgedBy: o.acknowledgedBy }),
    ...(o.covers === undefined ? {} : { covers: o.covers }),
    ...(o.note === undefined ? {} : { note: o.note }),
    ...(o.detail === undefined ? {} : { detail: o.detail }),
    ...(o.silence === undefined ? {} : { silence: o.silence }),
    ...(o.until === undefined ? {} : { until: o.until }),
  };
}

/** Whether an event says anything about the present state of its alarm: late ones, void ones and those of cases do not. */
export function touchesPresent(event: AlarmEvent): boolean {
  if (isCaseEvent(event)) return false;
  return event.transition !== "historical" && event.transition !== "void";
}
