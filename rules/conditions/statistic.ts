import { z } from "zod";
import { isDiscrete } from "../../model/quantity.ts";
import { dimensionOf, type Linear } from "../../model/unit.ts";
import { ExtremeFold, type Fold, MomentFold, SumFold } from "../window/fold.ts";
import { CountSource, PlainSource } from "../window/source.ts";
import { type CompiledCondition, type ConditionContext, type Measure, within } from "./condition.ts";
import { limitConversion } from "./limit-conversion.ts";
import { spansOf } from "./span.ts";
import { codesOf } from "./state.ts";
import { type Bounds, boundsOf, checkSpans, NOT_NEGATIVE, UNBOUNDED } from "./threshold-check.ts";
import {
  checkNumeric,
  checkPeriodic,
  checkWindow,
  coverageFields,
  gapOf,
  oneSide,
  sideFields,
  sideGrades,
  windowSchema,
} from "./window-options.ts";
import { windowed } from "./windowed.ts";

const FUNCTIONS = ["mean", "minimum", "maximum", "sum", "rms", "deviation", "count"] as const;
type StatisticFunction = (typeof FUNCTIONS)[number];

/** How each function works; `deviation` needs two readings to be anything. */
const TABLE: Readonly<Record<StatisticFunction, { fold(): Fold; minSamples: number; additive: boolean }>> = {
  mean: { fold: () => new MomentFold("mean"), minSamples: 1, additive: false },
  minimum: { fold: () => new ExtremeFold(-1), minSamples: 1, additive: false },
  maximum: { fold: () => new ExtremeFold(1), minSamples: 1, additive: false },
  sum: { fold: () => new SumFold(), minSamples: 0, additive: true },
  rms: { fold: () => new MomentFold("rms"), minSamples: 1, additive: false },
  deviation: { fold: () => new MomentFold("deviation"), minSamples: 2, additive: false },
  count: { fold: () => new SumFold(), minSamples: 0, additive: true },
};

const state = z.union([z.string().min(1), z.number()]);

/** Raises on a statistic of the readings in a window. */
export const statisticSchema = z
  .strictObject({
    function: z.enum(FUNCTIONS).meta({
      description:
        "What is made of the readings in the window, each counted once: mean, minimum, maximum, sum, root mean square (rms), standard deviation (deviation), or how many there are (count).",
      examples: ["mean"],
    }),
    window: windowSchema(["1h"]),
    minSamples: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .meta({ description: "Readings needed at least. Default: what the function cannot do without." }),
    ...coverageFields,
    counts: z
      .strictObject({
        state: z
          .union([state, z.array(state).min(1)])
          .optional()
          .meta({
            description: "Readings of this state, by name or code; of a list, any.",
            examples: ["active"],
          }),
        atLeast: z
          .number()
          .optional()
          .meta({ description: "Readings of at least this value.", examples: [25] }),
      })
      .refine((counts) => (counts.state === undefined) !== (counts.atLeast === undefined), {
        message: "give state or atLeast, one of them",
      })
      .optional()
      .meta({ description: "Which readings `count` counts. Default: all." }),
    ...sideFields,
  })
  .refine(oneSide.check, { message: oneSide.message })
  .refine((o) => o.counts === undefined || o.function === "count", {
    message: "`counts` belongs to the function count",
  })
  .meta({ description: "Raises on a statistic of the readings in a window." });
export type StatisticOptions = z.output<typeof statisticSchema>;

/** Compiles `window`. Reports what cannot work and then gives undefined. */
export function compileStatistic(
  options: StatisticOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { window } = options;
  const { channel } = context;
  const { fold, additive, minSamples: needed } = TABLE[options.function];
  const minSamples = options.minSamples ?? needed;
  const counting = options.function === "count";
  if (!counting && !checkNumeric(context)) return undefined;
  if (!additive && !checkPeriodic(context, `a ${options.function} of its changes is not one over time`)) {
    return undefined;
  }
  if (!checkWindow(context, { window, minSamples: Math.max(1, minSamples) })) return undefined;
  const counted = counting ? countedBy(options, context) : undefined;
  if (counting && counted === undefined) return undefined;
  const conversion = conversionFor(options.function, context);
  if (conversion === undefined) return undefined;
  const spans = spansOf(sideGrades(options), conversion, context);
  const side = options.above === undefined ? "below" : "above";
  if (!checkSpans(spans, boundsFor(options.function, context), within(context, [side]))) return undefined;
  const keepsState = channel.report === "on-change";
  const measure: Measure = { of: options.function, window, unit: counting ? "1" : channel.unit };
  const soft = additive || options.function === "maximum";
  const { range } = channel;
  const bounded = !additive && options.function !== "deviation" && options.function !== "minimum";
  return windowed({
    levels: spans,
    gauges: [
      {
        span: window,
        fold,
        spans,
        minSamples,
        minCoverage: options.minCoverage,
        scarce: soft ? "uncertain" : "nothing",
        measure,
      },
    ],
    maxGap: gapOf(channel, { maxGap: options.maxGap, window }),
    keepsState,
    ages: keepsState,
    end: bounded
      ? { low: range?.low ?? Number.NEGATIVE_INFINITY, high: range?.high ?? Number.POSITIVE_INFINITY }
      : { low: Number.NaN, high: Number.NaN },
    source: () => (counted === undefined ? new PlainSource() : new CountSource(counted)),
    edition: JSON.stringify(["window", options.function, window, options.counts ?? null]),
  });
}

/** Which values are counted; undefined, and reported, when there are no such. */
function countedBy(
  { counts }: StatisticOptions,
  context: ConditionContext,
): ((value: number) => boolean) | undefined {
  if (counts?.state !== undefined) {
    const codes = codesOf(counts.state, context, (message, hint) =>
      context.report({ path: ["counts", "state"], message, ...(hint === undefined ? {} : { hint }) }),
    );
    return codes === undefined ? undefined : (value) => codes.includes(value);
  }
  if (counts?.atLeast === undefined) return () => true;
  if (isDiscrete(context.channel.quantity)) {
    context.report({
      path: ["counts", "atLeast"],
      message: `${context.channel.quantity} is a state: name the state that counts`,
    });
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const least = counts.atLeast * conversion.scale + conversion.offset;
  return (value) => value >= least;
}

/** How limits become numbers of the result: a count has no unit, a spread and a sum have one without offset. */
function conversionFor(of: StatisticFunction, context: ConditionContext): Linear | undefined {
  if (of === "count") return { scale: 1, offset: 0 };
  const conversion = limitConversion(context);
  if (conversion === undefined || conversion.offset === 0) return conversion;
  if (of === "deviation") return { ...conversion, offset: 0 };
  if (of === "sum" || of === "rms") {
    context.report({
      path: ["function"],
      message: `a ${of} of ${dimensionOf(context.channel.unit)} depends on where its scale has its 0: state the limits in ${context.channel.unit}`,
    });
    return undefined;
  }
  return conversion;
}

function boundsFor(of: StatisticFunction, { channel }: ConditionContext): Bounds {
  if (of === "count" || of === "deviation") return NOT_NEGATIVE;
  if (of === "mean" || of === "minimum" || of === "maximum") return boundsOf(channel);
  const { floor } = boundsOf(channel);
  return floor >= 0 || of === "rms" ? NOT_NEGATIVE : UNBOUNDED;
}
