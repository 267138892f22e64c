import { z } from "zod";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { DifferenceFold, differenceReach } from "../window/difference.ts";
import { SlopeFold } from "../window/slope.ts";
import { ConfirmedSource, PlainSource } from "../window/source.ts";
import {
  type CompiledCondition,
  type ConditionContext,
  TIME_BASES,
  type TimeBase,
  within,
} from "./condition.ts";
import { gradedSchema, gradesOf, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { type SpanGrade, spansOf } from "./span.ts";
import { checkSpans, UNBOUNDED } from "./threshold-check.ts";
import {
  checkNumeric,
  checkPeriodic,
  checkWindow,
  coverageFields,
  gapOf,
  windowSchema,
} from "./window-options.ts";
import type { Gauge, WindowPlan } from "./window-plan.ts";
import { windowed } from "./windowed.ts";

const BASES: Readonly<Record<TimeBase, Micros>> = { second: SECOND, minute: MINUTE, hour: HOUR, day: DAY };

/** Options of a rate of change. */
export const rateFields = {
  window: windowSchema(["30m"]),
  per: z
    .enum(TIME_BASES)
    .default("hour")
    .meta({ description: "Unit of time of the limits: 0.3 m per hour.", examples: ["hour"] }),
  direction: z
    .enum(["rise", "fall", "either"])
    .default("rise")
    .meta({ description: "Which change raises. Limits are positive for both.", examples: ["rise"] }),
  method: z.enum(["regression", "difference"]).default("regression").meta({
    description:
      "`regression`: least squares over the window, robust to noise. `difference`: against the last reading at or before the beginning of the window, no older than 1.5 windows.",
  }),
  minSamples: z
    .int()
    .min(2)
    .max(1000)
    .default(3)
    .meta({ description: "Readings that a regression needs at least.", examples: [3] }),
  largestStep: z
    .number()
    .positive()
    .optional()
    .meta({
      description:
        "Largest plausible change between two readings, in the rule's unit. A reading beyond it is left out until the next one confirms it.",
      examples: [1.5],
    }),
  ...coverageFields,
};

/** Raises when the value changes too fast. */
export const rateSchema = z
  .strictObject({
    ...rateFields,
    above: gradedSchema(limitSchema, "Raises when it changes at least so fast."),
  })
  .meta({ description: "Raises when the value rises or falls faster than a limit (rate of change)." });
export type RateOptions = z.output<typeof rateSchema>;

/** Compiles `rate`. Reports what cannot work and then gives undefined. */
export function compileRate(options: RateOptions, context: ConditionContext): CompiledCondition | undefined {
  const gauge = rateGauge(options, context, gradesOf(options.above));
  return gauge === undefined ? undefined : windowed(ratePlan(options, context, [gauge]));
}

/** How a rate is compared; shared with kinds that watch a rate among other things. */
export function rateGauge(
  options: Omit<RateOptions, "above">,
  context: ConditionContext,
  grades: readonly { severity: SpanGrade["severity"]; options: z.output<typeof limitSchema> }[],
): Gauge | undefined {
  const { window, method, direction, per } = options;
  const { channel } = context;
  const regression = method === "regression";
  const minSamples = regression ? options.minSamples : 1;
  if (
    !checkNumeric(context) ||
    !checkPeriodic(context, "a rate over its readings would not fall when nothing changes any more") ||
    !checkWindow(context, { window, minSamples })
  ) {
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const sided = grades.map(({ severity, options: { limit, ...rest } }): SpanGrade => {
    if (!(limit > 0)) {
      context.report({
        path: ["above", severity],
        message: `a rate of ${limit} is no change: limits are positive`,
        hint: "`direction: fall` watches a fall",
      });
    }
    return {
      severity,
      options: {
        ...rest,
        ...(direction === "fall" ? {} : { high: limit }),
        ...(direction === "rise" ? {} : { low: -limit }),
      },
    };
  });
  if (grades.some(({ options: { limit } }) => !(limit > 0))) return undefined;
  // A difference of two values takes the scale of the unit and not its offset.
  const spans = spansOf(sided, { scale: conversion.scale, offset: 0 }, context);
  if (!checkSpans(spans, UNBOUNDED, within(context, ["above"]))) return undefined;
  return {
    span: regression ? window : differenceReach(window),
    fold: () => (regression ? new SlopeFold(window, BASES[per]) : new DifferenceFold(window, BASES[per])),
    spans,
    minSamples: regression ? minSamples : 2,
    minCoverage: regression ? options.minCoverage : 0,
    scarce: "nothing",
    measure: { of: "rate", window, unit: channel.unit, per },
  };
}

/** What of a rate concerns the readings themselves. */
type RateReadings = Pick<RateOptions, "window" | "per" | "method"> & {
  readonly largestStep?: number | undefined;
  readonly maxGap?: Micros | undefined;
};

/** A plan of gauges over the readings of a channel that a rate is among. */
export function ratePlan(
  options: RateReadings,
  context: ConditionContext,
  gauges: readonly Gauge[],
): WindowPlan {
  const { channel } = context;
  const { window, largestStep } = options;
  const step = largestStep === undefined ? undefined : largestStep * (limitConversion(context)?.scale ?? 1);
  return {
    levels: gauges[0]?.spans ?? [],
    gauges,
    maxGap: gapOf(channel, { maxGap: options.maxGap, window }),
    keepsState: false,
    ages: false,
    // A value beyond the range says nothing about how fast it changes.
    end: { low: Number.NaN, high: Number.NaN },
    source: () => (step === undefined ? new PlainSource() : new ConfirmedSource(step)),
    edition: JSON.stringify(["rate", window, options.per, options.method, step ?? null]),
  };
}
