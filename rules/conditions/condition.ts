import type { Gas, GasConditions } from "../../model/gas.ts";
import { BAD, type Quality, type Reason } from "../../model/quality.ts";
import type { Severity } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Unit } from "../../model/unit.ts";

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
}

/**
 * What a judge says of a sample, packed into one small integer so that nothing is allocated: bits 0 to 3 the levels that raise,
 * bits 4 to 7 those that clear, from bit 8 the quality of the judgement. Levels count from the least severe. A level that
 * neither raises nor clears is inside its deadband. Of a bad judgement only the quality counts.
 */
export type Verdict = number;

const CLEAR_SHIFT = 4;
const QUALITY_SHIFT = 8;
const LEVEL_MASK = 0b1111;

/** Packs a verdict. */
export function verdict(raising: number, clearing: number, quality: Quality): Verdict {
  return raising | (clearing << CLEAR_SHIFT) | (quality << QUALITY_SHIFT);
}

/** Nothing can be concluded: neither raises nor clears (semantics.md 8). */
export const NO_VERDICT: Verdict = verdict(0, 0, BAD);

export function raising(verdict: Verdict): number {
  return verdict & LEVEL_MASK;
}

export function clearing(verdict: Verdict): number {
  return (verdict >> CLEAR_SHIFT) & LEVEL_MASK;
}

export function verdictQuality(verdict: Verdict): Quality {
  return (verdict >> QUALITY_SHIFT) as Quality;
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
  /** @throws whatever a fault of ours throws: the engine isolates this instance and goes on. */
  judge(sample: Sample): Verdict;
  /** The limit of a level in the channel's unit, on the side of `value`; NaN where a kind has no limits. */
  limit(level: number, value: number): number;
}

/** A condition that fits one channel. */
export interface CompiledCondition {
  readonly levels: readonly Level[];
  /** A condition with a memory of its own; stateless kinds give the same object each time. */
  create(): Condition;
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
  readonly message: string;
  readonly hint?: string;
}
