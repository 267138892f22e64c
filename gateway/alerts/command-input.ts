import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import type { Command } from "../../rules/input.ts";
import { caseNumber } from "./case-message.ts";
import type { RulesRequest } from "./command-request.ts";
import type { Refusal } from "./command-schemas.ts";
import { occurrenceNumber } from "./payload.ts";

/** What a request is read against: whose it is, and what stands now. */
export interface Asked {
  readonly user: string;
  /** Id of the site, in occurrence ids. */
  readonly site: string;
  readonly alarms: () => Iterable<AlarmView>;
  /** How long a self-test may take, µs. */
  readonly selfTestWithin: Micros;
}

interface Named {
  readonly occurrence?: number | string | undefined;
  readonly rule?: string | undefined;
  readonly subject?: string | undefined;
}

/** The command that a request means to the rules, or why it means none. */
export function commandOf(request: RulesRequest, asked: Asked): Command | Refusal {
  const { id } = request;
  const { user } = asked;
  const from = { id, user, ...noted(request.body.note) };
  switch (request.verb) {
    case "acknowledge":
    case "reset": {
      const named = alarmOf(request.body, asked);
      if (typeof named === "string") return named;
      const { occurrence } = named;
      if (occurrence === undefined) return "wrong-occurrence";
      return { ...from, verb: request.verb, ...named, occurrence };
    }
    case "shelve": {
      const named = alarmOf(request.body, asked);
      if (typeof named === "string") return named;
      const { minutes, reason } = request.body;
      return {
        ...from,
        verb: "shelve",
        ...named,
        ...(minutes === undefined ? {} : { span: Math.round(minutes * MINUTE) }),
        note: reason,
      };
    }
    case "unshelve": {
      const named = alarmOf(request.body, asked);
      if (typeof named === "string") return named;
      return { ...from, verb: "unshelve", rule: named.rule, subject: named.subject };
    }
    case "out-of-service": {
      const { subject, rule, hours, work, reason } = request.body;
      return {
        ...from,
        verb: "out-of-service",
        subject,
        ...(rule === undefined ? {} : { rule }),
        span: Math.round(hours * HOUR),
        work,
        note: reason,
      };
    }
    case "proof-test":
      return { ...from, verb: "proof-test", subject: request.body.subject };
    case "open-permit": {
      const { permit, subject, hours, reason } = request.body;
      return { ...from, verb: "open-permit", permit, subject, span: Math.round(hours * HOUR), note: reason };
    }
    case "close-permit": {
      const { permit, subject } = request.body;
      return { ...from, verb: "close-permit", permit, subject };
    }
    case "return-to-service": {
      const { subject, rule } = request.body;
      return { ...from, verb: "return-to-service", subject, ...(rule === undefined ? {} : { rule }) };
    }
    case "self-test":
      return { ...from, verb: "self-test", within: asked.selfTestWithin };
    case "respond":
    case "act": {
      const number = caseNumber(asked.site, request.body.case);
      return number === undefined ? "unknown-case" : { ...from, verb: request.verb, case: number };
    }
    case "close": {
      const number = caseNumber(asked.site, request.body.case);
      const { cause, report } = request.body;
      return number === undefined ? "unknown-case" : { ...from, verb: "close", case: number, cause, report };
    }
  }
}

function noted(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note };
}

/** The alarm that a request names: by rule and subject, else by the occurrence that stands now. */
function alarmOf(
  { rule, subject, occurrence }: Named,
  { site, alarms }: Asked,
): { rule: string; subject: string; occurrence?: number } | Refusal {
  const number = occurrence === undefined ? undefined : occurrenceNumber(site, occurrence);
  if (occurrence !== undefined && number === undefined) return "wrong-occurrence";
  const seen = number === undefined ? {} : { occurrence: number };
  if (rule !== undefined && subject !== undefined) return { rule, subject, ...seen };
  for (const alarm of alarms()) {
    if (alarm.occurrence === number) return { rule: alarm.rule, subject: alarm.subject, ...seen };
  }
  return "unknown-alarm";
}
