import type { Gas, GasConditions } from "../../model/gas.ts";
import { BAD, type Quality, type Reason } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import type { Severity } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Unit } from "../../model/unit.ts";
import type { World } from "../circumstance/world.ts";
import type { Detail } from "../detail.ts";

/*
 * The contract between the engine and one kind of condition. A kind is one file: its schema, its compiler, its judge.
 *
 * A judge looks at one reading and says, for each level, whether it raises, clears, or does neither (deadband). Delays, quality,
 * re-grading and the alarm's life are the engine's, the same for all kinds. A kind that remembers (a window, a rate, votes) keeps
 * its memory in the object that `create` makes, one for each subject.
 */

/** One reading as a judge sees it. One object for all, overwritten by each reading. */
export interface Sample {
  value: number;
  reason: Reason;
  /** Of the reason, lowered to uncertain where the time of the reading cannot be trusted. */
  quality: Quality;
  /** Measured, µs. */
  time: Micros;
  /** Accepted, µs: the engine's clock. */
  received: Micros;
  /** Which channel it is of, for conditions on several. */
  channel: ChannelIndex;
}

/**
 * What a judge says of a sample, packed into one small integer so that nothing is allocated: bits 0 to 3 the levels that raise,
 * bits 4 to 7 those that clear, bits 8 and 9 the quality of the judgement, bits 10 to 13 levels of which nothing is known
 * though of others it is. Levels count from the least severe. A level that neither raises nor clears is inside its deadband. Of a
 * bad judgement only the quality counts.
 */
export type Verdict = number;

const CLEAR_SHIFT = 4;
const QUALITY_SHIFT = 8;
const QUALITY_MASK = 0b11;
const UNKNOWN_SHIFT = 10;
const LEVEL_MASK = 0b1111;

/** Packs a verdict. */
export function verdict(raising: number, clearing: number, quality: Quality): Verdict {
  return raising | (clearing << CLEAR_SHIFT) | (quality << QUALITY_SHIFT);
}

/** Nothing can be concluded: neither raises nor clears (semantics.md 8). */
export const NO_VERDICT: Verdict = verdict(0, 0, BAD);

/** The reading changes nothing: everything stays as it is. Only of conditions on several channels. */
export const NOTHING_NEW: Verdict = -1;

export function raising(verdict: Verdict): number {
  return verdict & LEVEL_MASK;
}

export function clearing(verdict: Verdict): number {
  return (verdict >> CLEAR_SHIFT) & LEVEL_MASK;
}

export function verdictQuality(verdict: Verdict): Quality {
  return ((verdict >> QUALITY_SHIFT) & QUALITY_MASK) as Quality;
}

/** The same verdict, but nothing is known of these levels: a judgement is uncertain for them, unless they raise. */
export function withUnknown(verdict: Verdict, levels: number): Verdict {
  return verdict | (levels << UNKNOWN_SHIFT);
}

export function unknown(verdict: Verdict): number {
  return (verdict >> UNKNOWN_SHIFT) & LEVEL_MASK;
}

/** One grade of a rule on one subject. */
export interface Level {
  readonly severity: Severity;
  /** The condition must hold this long before the level is active. */
  readonly onDelay: Micros;
  /** The condition must have cleared for this long before the level ends. */
  readonly offDelay: Micros;
}

/** A condition at work on one subject. */
export interface Condition {
  /** From the least severe to the most. */
  readonly levels: readonly Level[];
  /** What it remembers between readings; kinds that look at one reading alone have none. */
  readonly memory?: ConditionMemory;
  /** Levels end one after the other, each with an event of its own; without it those that end together end as one. */
  readonly stepwise?: boolean;
  /** @throws whatever a fault of ours throws: the engine isolates this instance and goes on. */
  judge(sample: Sample): Verdict;
  /**
   * Of kinds with a memory that can judge a late reading all the same, by its own time and without keeping anything of it. It may
   * tell of something in the past.
   */
  late?(sample: Sample): Verdict;
  /**
   * Of kinds on several channels: one of them is back in service, and this is what it said last and still says. It is taken where
   * a reading that comes twice counts once.
   */
  restate?(sample: Sample): Verdict;
  /** The limit of a level in the unit of what is judged, on the side of `value`; NaN where a kind has no limits. */
  limit(level: number, value: number): number;
}

/**
 * What a kind remembers of one subject. Late readings never reach it (semantics.md 22), a restart takes it along, and it may
 * change by time alone: a reading leaves a window.
 */
export interface ConditionMemory {
  /** Why the last judgement was not better than it was, as it concerns a level; `good` when nothing was amiss. */
  reason(level: number): Reason;
  /** What the last judgement was about, as it concerns a level: a rate, a sum. NaN: nothing could be computed. */
  value(level: number): number;
  /** What must be said with that; without it, and where undefined, nothing. */
  detail?(level: number): Detail | undefined;
  /** Whether anything changes by time alone; if not, `deadline` is never asked. */
  readonly ages: boolean;
  /** When it changes next by time alone, on the engine's clock; NEVER when it does not. */
  readonly deadline: Micros;
  /** Judges anew at that instant. Undefined: nothing new can be said, so that everything stays as it is. */
  age(at: Micros): Verdict | undefined;
  /** Nothing is known from `at` until the next reading: the channel is silent, or the gateway was down. */
  interrupt(at: Micros): void;
  /** One of several channels has fallen silent; judges anew. Without it silence holds the levels as they are. */
  silent?(channel: ChannelIndex, at: Micros): Verdict;
  /**
   * The alarm of this level stands, though what led to it may have been forgotten: of a kind that would take its own ignorance
   * for the end. `by` a checkpoint, whose memory of this condition is right if it has one, or by the alarm log, which is newer.
   */
  stands?(level: number, by: "checkpoint" | "alarm-log"): void;
  /** JSON-safe; undefined when there is nothing to remember. */
  state(): unknown;
  /** Takes up what `state` gave, perhaps of another edition of the rule: what does not fit is forgotten. */
  restore(state: unknown): void;
}

/** The units of time that a rate can be stated in. */
export const TIME_BASES = ["second", "minute", "hour", "day"] as const;
export type TimeBase = (typeof TIME_BASES)[number];

/** What a kind computes from readings and compares with its limits, for people: "rain of 3 h", "rise per hour". */
export interface Measure {
  readonly of:
    | "value"
    | "rate"
    | "mean"
    | "minimum"
    | "maximum"
    | "sum"
    | "rms"
    | "deviation"
    | "count"
    | "exposure"
    | "accumulation"
    | "antecedent"
    | "jump"
    | "stuck"
    | "departure"
    | "votes"
    | "conditions"
    | "sequence"
    | "expression"
    | "staLta"
    | "machineVibration"
    | "buildingVibration"
    | "tangentAngle"
    | "timeToFailure";
  /** Length of the window, µs; 0 where there is none. */
  readonly window: Micros;
  /** Unit of value and limit, of which a rate is `per` that time. */
  readonly unit: Unit;
  readonly per?: TimeBase;
  /** On which side of its limit it raises. */
  readonly side?: "above" | "below";
}

/** A condition that fits one channel. */
export interface CompiledCondition {
  readonly levels: readonly Level[];
  /**
   * A condition with a memory of its own; stateless kinds give the same object each time. Without a world it only serves to ask
   * which way it looks: as if whatever it depends on besides readings did not matter.
   */
  create(world?: World): Condition;
  /** Outside sources that it depends on, by index: when one says something new, its memory ages at once. */
  readonly outside?: readonly number[];
  /** What was compared with this limit of a level; without it, and where undefined, the channel's own value. */
  measure?(level: number, limit: number): Measure | undefined;
}

/** What a kind needs to know to compile itself for one channel. */
export interface ConditionContext {
  readonly channel: Channel;
  /** Unit the limits are written in; undefined: the channel's own. */
  readonly unit: Unit | undefined;
  /** What a conversion between kinds of gas concentration needs; the gas may also come from the channel. */
  readonly gas: (Omit<GasConditions, "gas"> & { readonly gas?: Gas }) | undefined;
  readonly onDelay: Micros;
  readonly offDelay: Micros;
  readonly deadband: number;
  /** Says what is wrong, for `check`. `path` counts from the condition's own key. */
  report(problem: ConditionProblem): void;
}

export interface ConditionProblem {
  readonly path: readonly (string | number)[];
  /** Where the path counts from, when it is not the condition's own key. */
  readonly from?: "rule";
  readonly message: string;
  readonly hint?: string;
  /** Of what is wrong within a text: how far from its beginning, in UTF-16 units. */
  readonly offset?: number;
}

/** The same context for options that lie below the condition's own key: problems are found there. */
export function within(context: ConditionContext, path: readonly (string | number)[]): ConditionContext {
  return {
    ...context,
    report: (problem) => context.report({ ...problem, path: [...path, ...problem.path] }),
  };
}
