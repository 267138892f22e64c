import type { Reason } from "../../model/quality.ts";
import type { Micros } from "../../model/time.ts";
import type { Fold } from "../window/fold.ts";
import type { Source } from "../window/source.ts";
import type { Level, Measure } from "./condition.ts";
import type { Span } from "./span.ts";

/** One comparison: what is made of one window, and its limits. */
export interface Gauge {
  readonly span: Micros;
  /** Makes the fold of one subject. */
  fold(): Fold;
  /** Any of the rule's severities, from the least to the most. */
  readonly spans: readonly Span[];
  readonly minSamples: number;
  /** Share of the window that readings must stand for, 0 to 1. */
  readonly minCoverage: number;
  /** Below it the number is uncertain (it may raise, not clear) or there is none (semantics.md 17). */
  readonly scarce: "uncertain" | "nothing";
  readonly measure: Measure;
  /** Why a value that raises is not to be relied on, for kinds that judge the instrument and not what it measures. */
  readonly reason?: Reason;
}

/** How a kind with windows works on one channel. */
export interface WindowPlan {
  /** All levels of the gauges, from the least severe to the most. */
  readonly levels: readonly Level[];
  readonly gauges: readonly Gauge[];
  /** Levels end one after the other (see Condition). */
  readonly stepwise?: boolean;
  /** A reading stands for the time since the one before it, and for no more than this. */
  readonly maxGap: Micros;
  /** The channel keeps its state between readings, so that silence alone is no gap. */
  readonly keepsState: boolean;
  /** Evaluated also when a reading leaves (semantics.md 16); only for folds that do not mind the order. */
  readonly ages: boolean;
  /** What a reading beyond the measuring range without a number counts as; NaN: nothing. */
  readonly end: { readonly low: number; readonly high: number };
  source(): Source;
  /** Tells editions of a rule apart: a memory of another one is not taken up. */
  readonly edition: string;
}
