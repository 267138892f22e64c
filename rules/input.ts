import type { Reason } from "../model/quality.ts";
import type { Micros } from "../model/time.ts";
import type { SystemRuleId } from "./built-in.ts";
import type { AlarmEvent } from "./event.ts";

/*
 * Everything the engine reacts to, besides readings. All of it is journalled in the order of evaluation, so that a replay is
 * the same computation.
 */

/** A command from a person, authenticated by whoever received it. */
export interface CommandInput {
  readonly kind: "command";
  readonly at: Micros;
  readonly verb: "acknowledge" | "reset";
  /** Request id, echoed in the result. */
  readonly id: string;
  readonly user: string;
  readonly rule: string;
  readonly subject: string;
  /** The occurrence the person saw; a command for another is refused. */
  readonly occurrence: number;
  readonly note?: string;
}

/** A link or a device can or cannot be reached, as its driver sees it. */
export interface HealthInput {
  readonly kind: "health";
  readonly at: Micros;
  readonly thing: "link" | "device";
  readonly index: number;
  readonly up: boolean;
  readonly reason: Reason;
}

/** Time has passed and a timer was due. */
export interface TickInput {
  readonly kind: "tick";
  readonly at: Micros;
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

export type Input = CommandInput | HealthInput | TickInput | BootInput | SystemInput;

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
    | "not-latched";
}
