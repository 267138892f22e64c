import { BAD, GOOD, REASON, UNCERTAIN } from "../../model/quality.ts";
import { isDiscrete } from "../../model/quantity.ts";
import type { Severity } from "../../model/severity.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type Level,
  NO_VERDICT,
  type Sample,
  type Verdict,
  verdict,
} from "./condition.ts";
import {
  type Graded,
  gradedSchema,
  gradesOf,
  type LimitOptions,
  levelOf,
  limitSchema,
  type SpanOptions,
  spanSchema,
} from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import type { Span } from "./span.ts";
import { checkSpans } from "./threshold-check.ts";

/** Raises at or above a limit. */
export const aboveSchema = gradedSchema(
  limitSchema,
  "Raises when the value reaches a limit from below; clears below limit − deadband.",
);
/** Raises at or below a limit. */
export const belowSchema = gradedSchema(
  limitSchema,
  "Raises when the value falls to a limit; clears above limit + deadband.",
);
/** Raises on either side of a span. */
export const outsideSchema = gradedSchema(
  spanSchema,
  "Raises when the value leaves a span; clears inside it by more than the deadband.",
);

/** Compiles `above`. Reports what cannot work and then gives undefined. */
export function compileAbove(
  graded: Graded<LimitOptions>,
  context: ConditionContext,
): CompiledCondition | undefined {
  const grades = gradesOf(graded).map(({ severity, options: { limit, ...rest } }) => ({
    severity,
    options: { ...rest, high: limit },
  }));
  return compile(graded, grades, context);
}

/** Compiles `below`. Reports what cannot work and then gives undefined. */
export function compileBelow(
  graded: Graded<LimitOptions>,
  context: ConditionContext,
): CompiledCondition | undefined {
  const grades = gradesOf(graded).map(({ severity, options: { limit, ...rest } }) => ({
    severity,
    options: { ...rest, low: limit },
  }));
  return compile(graded, grades, context);
}

/** Compiles `outside`. Reports what cannot work and then gives undefined. */
export function compileOutside(
  graded: Graded<SpanOptions>,
  context: ConditionContext,
): CompiledCondition | undefined {
  return compile(graded, gradesOf(graded), context);
}

/** What one rule compares with, by its limits: a thousand channels with the same limits share one condition. */
const shared = new WeakMap<object, Map<string, CompiledCondition>>();

function compile(
  graded: object,
  grades: { severity: Severity; options: SpanOptions }[],
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel } = context;
  if (isDiscrete(channel.quantity)) {
    context.report({
      path: [],
      message: `${channel.quantity} is a state, not a number on a scale`,
      hint: "use `equals: { red: active }`",
    });
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const { scale, offset } = conversion;
  const spans = grades.map(({ severity, options }): Span => {
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
  if (!checkSpans(spans, context)) return undefined;
  const alike = shared.get(graded) ?? new Map<string, CompiledCondition>();
  shared.set(graded, alike);
  const key = JSON.stringify(spans);
  const known = alike.get(key);
  if (known !== undefined) return known;
  const condition = new Threshold(spans);
  const compiled = { levels: spans, create: () => condition };
  alike.set(key, compiled);
  return compiled;
}

/** Above, below and outside: a limit on one side or on both. */
class Threshold implements Condition {
  readonly levels: readonly Level[];
  readonly #spans: readonly Span[];
  readonly #low: readonly number[];
  readonly #high: readonly number[];
  readonly #clearLow: readonly number[];
  readonly #clearHigh: readonly number[];
  /** Levels whose limit itself is still normal, as bits. */
  readonly #strict: number;
  /** Levels that an excess upwards, or downwards, concerns. */
  readonly #upwards: number;
  readonly #downwards: number;

  constructor(spans: readonly Span[]) {
    this.levels = spans;
    this.#spans = spans;
    this.#low = spans.map((span) => span.low);
    this.#high = spans.map((span) => span.high);
    this.#clearLow = spans.map((span) => span.clearLow);
    this.#clearHigh = spans.map((span) => span.clearHigh);
    this.#strict = mask(spans, (span) => span.strict);
    this.#upwards = mask(spans, (span) => span.high !== Number.POSITIVE_INFINITY);
    this.#downwards = mask(spans, (span) => span.low !== Number.NEGATIVE_INFINITY);
  }

  judge(sample: Sample): Verdict {
    const { value, reason, quality } = sample;
    // Beyond the measuring range: danger in the direction of the alarm, no statement away from it (semantics.md 9).
    if (value === Number.POSITIVE_INFINITY || reason === REASON.over_range) return excess(this.#upwards);
    if (value === Number.NEGATIVE_INFINITY || reason === REASON.under_range) return excess(this.#downwards);
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

  limit(level: number, value: number): number {
    const span = this.#spans[level];
    if (span === undefined) return Number.NaN;
    if (span.low === Number.NEGATIVE_INFINITY) return span.high;
    if (span.high === Number.POSITIVE_INFINITY) return span.low;
    return value - span.low < span.high - value ? span.low : span.high;
  }
}

function excess(levels: number): Verdict {
  return levels === 0 ? NO_VERDICT : verdict(levels, 0, UNCERTAIN);
}

function mask(spans: readonly Span[], concerned: (span: Span) => boolean): number {
  return spans.reduce((bits, span, i) => (concerned(span) ? bits | (1 << i) : bits), 0);
}
