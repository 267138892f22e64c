import type { Reason } from "../model/quality.ts";
import type { Micros } from "../model/time.ts";
import type { SystemRuleId } from "./built-in.ts";
import type { CaseRecord } from "./cases/case.ts";
import type { CaseCause } from "./cases/settings.ts";
import type { AlarmEvent } from "./event.ts";

/*
 * Everything the engine reacts to, besides readings. All of it is journalled in the order of evaluation, so that a replay is
 * the same computation.
 */

interface FromPerson {
  readonly kind: "command";
  readonly at: Micros;
  /** Request id, echoed in the result. */
  readonly id: string;
  /** Authenticated by whoever received the command. */
  readonly user: string;
  /** Why, in the person's words; kept with the event. */
  readonly note?: string;
}

/** Acknowledges one occurrence, or releases its latch. */
export interface OccurrenceCommand extends FromPerson {
  readonly verb: "acknowledge" | "reset";
  readonly rule: string;
  readonly subject: string;
  /** The occurrence the person saw; a command for another is refused. */
  readonly occurrence: number;
}

/** Silences one alarm for a time. */
export interface ShelveCommand extends FromPerson {
  readonly verb: "shelve";
  readonly rule: string;
  readonly subject: string;
  /** The occurrence the person saw; left out of an alarm that is normal. */
  readonly occurrence?: number;
  /** How long, µs; left out: until the occurrence has returned, within the longest time of the site. */
  readonly span?: Micros;
}

/** Ends shelving before its time. */
export interface UnshelveCommand extends FromPerson {
  readonly verb: "unshelve";
  readonly rule: string;
  readonly subject: string;
}

/** What people do to an instrument that is out of service. */
export const WORKS = ["calibration", "bump-test", "warm-up", "maintenance"] as const;
export type Work = (typeof WORKS)[number];

/** Takes a thing with all its alarms out of service, for a time. */
export interface OutOfServiceCommand extends FromPerson {
  readonly verb: "out-of-service";
  /** Key of a point, device, component or channel (site.ts). */
  readonly subject: string;
  /** With it, only the alarm of this rule on the subject. */
  readonly rule?: string;
  readonly span: Micros;
  readonly work: Work;
}

/** Takes it back before its time. */
export interface ReturnToServiceCommand extends FromPerson {
  readonly verb: "return-to-service";
  readonly subject: string;
  readonly rule?: string;
}

/** Notes that an instrument has been proof-tested. */
export interface ProofTestCommand extends FromPerson {
  readonly verb: "proof-test";
  /** Key of the device. */
  readonly subject: string;
}

/** Opens a permit to work at a place for a time: the rules that are for it come into force there. */
export interface OpenPermitCommand extends FromPerson {
  readonly verb: "open-permit";
  readonly permit: string;
  /** Key of the point or group. */
  readonly subject: string;
  readonly span: Micros;
}

/** Ends a permit before its time. */
export interface ClosePermitCommand extends FromPerson {
  readonly verb: "close-permit";
  readonly permit: string;
  readonly subject: string;
}

/** Somebody is on the way. */
export interface RespondCommand extends FromPerson {
  readonly verb: "respond";
  readonly case: number;
}

/** What was done, in the note. */
export interface ActCommand extends FromPerson {
  readonly verb: "act";
  readonly case: number;
}

/** Ends a case. */
export interface CloseCommand extends FromPerson {
  readonly verb: "close";
  readonly case: number;
  readonly cause: CaseCause;
  readonly report: string;
}

/** What people do about a case. */
export type CaseCommand = RespondCommand | ActCommand | CloseCommand;

/** Sends a test alarm through the whole chain. */
export interface SelfTestCommand extends FromPerson {
  readonly verb: "self-test";
  /** How long its acknowledgement may take, µs. */
  readonly within: Micros;
}

/** A command from a person, by its verb. */
export type CommandInput =
  | OccurrenceCommand
  | ShelveCommand
  | UnshelveCommand
  | OutOfServiceCommand
  | ReturnToServiceCommand
  | ProofTestCommand
  | OpenPermitCommand
  | ClosePermitCommand
  | CaseCommand
  | SelfTestCommand;

type Unstamped<C> = C extends CommandInput ? Omit<C, "kind" | "at"> : never;
/** A command on its way to the engine, which is where it gets its time. */
export type Command = Unstamped<CommandInput>;

/** A link or a device can or cannot be reached, as its driver sees it. */
export interface HealthInput {
  readonly kind: "health";
  readonly at: Micros;
  readonly thing: "link" | "device";
  readonly index: number;
  /** Key of the link or device: what a replay under another configuration finds it by. Journals of early editions lack it. */
  readonly key?: string;
  readonly up: boolean;
  readonly reason: Reason;
}

/** Time has passed and a timer was due. */
export interface TickInput {
  readonly kind: "tick";
  readonly at: Micros;
}

/** It is time for a self-test: what a calendar says is an input like any other. */
export interface SelfTestInput {
  readonly kind: "self-test";
  readonly at: Micros;
  /** How long its acknowledgement may take, µs. */
  readonly within: Micros;
}

/** The gateway has started. Time that it was down starts no stale alarm. */
export interface BootInput {
  readonly kind: "boot";
  readonly at: Micros;
  readonly boot: string;
  readonly revision: string;
  /** First free event number of a durably reserved span; numbers before it that no event carried are void. */
  readonly seq: number;
  /** First free occurrence number, likewise. */
  readonly occurrence: number;
  /** Only where damage has taken what led to events that were published. */
  readonly recalled?: Recalled;
}

/** What the alarm log knows and the rules have forgotten: state and journal behind these events are lost. */
export interface Recalled {
  /** Highest event number of the log. */
  readonly lastSeq: number;
  /** Last event of each occurrence that has not ended and of which the rules know nothing, or something else. */
  readonly standing: readonly AlarmEvent[];
  /** All open cases, where the log knows more of them than the rules. */
  readonly cases?: readonly CaseRecord[];
}

/** Something the gateway observes about itself, for which it has a built-in rule. Repeating what holds already is harmless. */
export interface SystemInput {
  readonly kind: "system";
  readonly at: Micros;
  readonly rule: SystemRuleId;
  /** What it is about: `sink@influx`; by default the gateway as a whole. Ids as everywhere, so that it can stand in a topic. */
  readonly subject?: string;
  readonly active: boolean;
  readonly note?: string;
}

/** Something was heard from outside the site: a weather warning, forecast rain (model/outside.ts). */
export interface OutsideInput {
  readonly kind: "outside";
  readonly at: Micros;
  /** Id of the outside source. One that the configuration does not have is ignored. */
  readonly id: string;
  /** NaN: a message came that nobody could read. */
  readonly value: number;
  /** Name of the level that the value stood for: it counts, should the levels be numbered otherwise by now. */
  readonly level?: string;
  /** Until when it is valid, on the engine's clock. */
  readonly until: Micros;
}

export type Input =
  | CommandInput
  | HealthInput
  | TickInput
  | BootInput
  | SystemInput
  | OutsideInput
  | SelfTestInput;

/** What became of a command. */
export interface CommandOutcome {
  readonly accepted: boolean;
  /** Why it was refused, for the result message; a key of the message catalogue. */
  readonly refusal?:
    | "unknown-alarm"
    | "wrong-occurrence"
    | "not-active"
    | "already-acknowledged"
    | "not-acknowledged"
    | "condition-still-present"
    | "not-latched"
    | "unknown-subject"
    | "too-long"
    | "not-shelved"
    | "not-out-of-service"
    | "unknown-permit"
    | "not-open"
    | "unknown-case"
    | "case-closed"
    | "not-responded"
    | "self-test-running"
    | "not-supported";
}
