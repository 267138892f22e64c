import { z } from "zod";
import { REASON } from "../../model/quality.ts";
import { StepFold } from "../window/fold.ts";
import { PlainSource } from "../window/source.ts";
import { type CompiledCondition, type ConditionContext, within } from "./condition.ts";
import { gradedSchema, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { gradesAbove, spansOf } from "./span.ts";
import { checkSpans, NOT_NEGATIVE } from "./threshold-check.ts";
import { checkNumeric, coverageFields, gapOf } from "./window-options.ts";
import { windowed } from "./windowed.ts";

/** Raises when a value jumps from one reading to the next as nothing real does. */
export const jumpSchema = z
  .strictObject({
    maxGap: coverageFields.maxGap.meta({
      description:
        "Readings further apart are not compared. Default: the stale time of the channel, else three periods.",
      examples: ["15m"],
    }),
    above: gradedSchema(
      limitSchema,
      "Raises when the step between two readings is at least this, up or down.",
    ),
  })
  .meta({
    description:
      "Raises when a value jumps implausibly from one reading to the next (instrument health; class: fault). It clears with the next reading that does not.",
  });
export type JumpOptions = z.output<typeof jumpSchema>;

/** Compiles `jump`. Reports what cannot work and then gives undefined. */
export function compileJump(options: JumpOptions, context: ConditionContext): CompiledCondition | undefined {
  const { channel } = context;
  if (!checkNumeric(context)) return undefined;
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const spans = spansOf(gradesAbove(options.above), { scale: conversion.scale, offset: 0 }, context);
  const { range } = channel;
  const bounds =
    range === undefined
      ? NOT_NEGATIVE
      : {
          floor: 0,
          ceiling: range.high - range.low,
          measures: ` (it measures ${range.low} to ${range.high})`,
        };
  if (!checkSpans(spans, bounds, within(context, ["above"]))) return undefined;
  const maxGap = gapOf(channel, { maxGap: options.maxGap, window: Number.MAX_SAFE_INTEGER });
  return windowed({
    levels: spans,
    gauges: [
      {
        // A reading exactly that old is still compared.
        span: maxGap + 1,
        fold: () => new StepFold(),
        spans,
        minSamples: 2,
        minCoverage: 0,
        scarce: "nothing",
        measure: { of: "jump", window: 0, unit: channel.unit },
        reason: REASON.implausible,
      },
    ],
    maxGap,
    keepsState: false,
    ages: false,
    end: { low: Number.NaN, high: Number.NaN },
    source: () => new PlainSource(),
    edition: JSON.stringify(["jump", maxGap]),
  });
}
