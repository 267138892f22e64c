import { REASON } from "../../model/quality.ts";
import { isDiscrete } from "../../model/quantity.ts";
import type { CompiledCondition, Condition, ConditionContext, Level, Sample, Verdict } from "./condition.ts";
import {
  type Graded,
  gradedSchema,
  gradesOf,
  type LimitOptions,
  limitSchema,
  type SpanOptions,
  spanSchema,
} from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { excess, gradesAbove, gradesBelow, type Span, type SpanGrade, Spans, spansOf } from "./span.ts";
import { boundsOf, checkSpans } from "./threshold-check.ts";

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
  return compile(graded, gradesAbove(graded), context);
}

/** Compiles `below`. Reports what cannot work and then gives undefined. */
export function compileBelow(
  graded: Graded<LimitOptions>,
  context: ConditionContext,
): CompiledCondition | undefined {
  return compile(graded, gradesBelow(graded), context);
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
  grades: readonly SpanGrade[],
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
  const spans = spansOf(grades, conversion, context);
  if (!checkSpans(spans, boundsOf(channel), context)) return undefined;
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
  readonly #spans: Spans;

  constructor(spans: readonly Span[]) {
    this.levels = spans;
    this.#spans = new Spans(spans);
  }

  judge(sample: Sample): Verdict {
    const { value, reason } = sample;
    if (value === Number.POSITIVE_INFINITY || reason === REASON.over_range)
      return excess(this.#spans.upwards);
    if (value === Number.NEGATIVE_INFINITY || reason === REASON.under_range)
      return excess(this.#spans.downwards);
    return this.#spans.judge(value, sample.quality);
  }

  limit(level: number, value: number): number {
    return this.#spans.limit(level, value);
  }
}
