import { BAD, GOOD, type Quality, UNCERTAIN } from "../../model/quality.ts";
import type { Severity } from "../../model/severity.ts";
import type { Linear } from "../../model/unit.ts";
import { type ConditionContext, type Level, NO_VERDICT, type Verdict, verdict } from "./condition.ts";
import { type Graded, gradesOf, type LimitOptions, levelOf, type SpanOptions } from "./level.ts";

/** One level in the unit of what is judged. A side that is not watched has an infinite limit. */
export interface Span extends Level {
  readonly low: number;
  readonly high: number;
  readonly strict: boolean;
  /** The value has cleared when it is strictly above this … */
  readonly clearLow: number;
  /** … and strictly below this. */
  readonly clearHigh: number;
}

/** A level before its limits are converted. */
export interface SpanGrade {
  readonly severity: Severity;
  readonly options: SpanOptions;
}

/** Levels of limits that are reached from below. */
export function gradesAbove(graded: Graded<LimitOptions>): SpanGrade[] {
  return gradesOf(graded).map(({ severity, options: { limit, ...rest } }) => ({
    severity,
    options: { ...rest, high: limit },
  }));
}

/** Levels of limits that are reached from above. */
export function gradesBelow(graded: Graded<LimitOptions>): SpanGrade[] {
  return gradesOf(graded).map(({ severity, options: { limit, ...rest } }) => ({
    severity,
    options: { ...rest, low: limit },
  }));
}

/** Levels in the unit of what is judged: `limit × scale + offset`; a deadband takes the scale alone. */
export function spansOf(
  grades: readonly SpanGrade[],
  { scale, offset }: Linear,
  context: ConditionContext,
): Span[] {
  return grades.map(({ severity, options }): Span => {
    const deadband = (options.deadband ?? context.deadband) * scale;
    const low = options.low === undefined ? Number.NEGATIVE_INFINITY : options.low * scale + offset;
    const high = options.high === undefined ? Number.POSITIVE_INFINITY : options.high * scale + offset;
    return {
      ...levelOf(severity, options, context),
      low,
      high,
      strict: options.strict ?? false,
      // Computed once, in double precision (semantics.md 1).
      clearLow: low + deadband,
      clearHigh: high - deadband,
    };
  });
}

/** The levels of a rule, compared with one number after the other. */
export class Spans {
  readonly levels: readonly Span[];
  readonly #low: readonly number[];
  readonly #high: readonly number[];
  readonly #clearLow: readonly number[];
  readonly #clearHigh: readonly number[];
  /** Levels whose limit itself is still normal, as bits. */
  readonly #strict: number;
  /** Levels that an excess upwards, or downwards, concerns, as bits. */
  readonly upwards: number;
  readonly downwards: number;

  constructor(levels: readonly Span[]) {
    this.levels = levels;
    this.#low = levels.map((span) => span.low);
    this.#high = levels.map((span) => span.high);
    this.#clearLow = levels.map((span) => span.clearLow);
    this.#clearHigh = levels.map((span) => span.clearHigh);
    this.#strict = mask(levels, (span) => span.strict);
    this.upwards = mask(levels, (span) => span.high !== Number.POSITIVE_INFINITY);
    this.downwards = mask(levels, (span) => span.low !== Number.NEGATIVE_INFINITY);
  }

  /** Compares a number of a quality; NaN and bad ones say nothing. */
  judge(value: number, quality: Quality): Verdict {
    if (quality === BAD || Number.isNaN(value)) return NO_VERDICT;
    let raise = 0;
    let clear = 0;
    const low = this.#low;
    const high = this.#high;
    for (let i = 0; i < low.length; i++) {
      if (
        (this.#strict & (1 << i)) !== 0
          ? value > high[i]! || value < low[i]!
          : value >= high[i]! || value <= low[i]!
      ) {
        raise |= 1 << i;
      } else if (value < this.#clearHigh[i]! && value > this.#clearLow[i]!) {
        clear |= 1 << i;
      }
    }
    return verdict(raise, clear, quality === GOOD ? GOOD : UNCERTAIN);
  }

  /** The limit of a level on the side of `value`. */
  limit(level: number, value: number): number {
    const span = this.levels[level];
    if (span === undefined) return Number.NaN;
    if (span.low === Number.NEGATIVE_INFINITY) return span.high;
    if (span.high === Number.POSITIVE_INFINITY) return span.low;
    return value - span.low < span.high - value ? span.low : span.high;
  }
}

/** Beyond the measuring range: danger in the direction of the alarm, no statement away from it (semantics.md 9). */
export function excess(levels: number): Verdict {
  return levels === 0 ? NO_VERDICT : verdict(levels, 0, UNCERTAIN);
}

function mask(spans: readonly Span[], concerned: (span: Span) => boolean): number {
  return spans.reduce((bits, span, i) => (concerned(span) ? bits | (1 << i) : bits), 0);
}
