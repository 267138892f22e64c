import { z } from "zod";
import { ExposureFold } from "../window/fold.ts";
import { PlainSource } from "../window/source.ts";
import { type CompiledCondition, type ConditionContext, within } from "./condition.ts";
import { gradedSchema, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { gradesAbove, spansOf } from "./span.ts";
import { boundsOf, checkSpans } from "./threshold-check.ts";
import {
  checkNumeric,
  checkPeriodic,
  checkWindow,
  coverageFields,
  gapOf,
  windowSchema,
} from "./window-options.ts";
import { windowed } from "./windowed.ts";

/** Share of an exposure window below which the result is uncertain (semantics.md 20). */
const EXPOSURE_COVERAGE = 0.75;

/** Raises when what people have breathed in, averaged over a working day or a quarter of an hour, is too much. */
export const exposureSchema = z
  .strictObject({
    window: windowSchema(["8h", "15m"]).meta({
      description: "8h for a time-weighted average (TWA), 15m for a short-term exposure (STEL).",
    }),
    maxGap: coverageFields.maxGap,
    minCoverage: z.number().min(0).max(1).default(EXPOSURE_COVERAGE).meta({
      description:
        "Share of the window that readings must stand for. Below it the result may raise and not clear.",
    }),
    above: gradedSchema(limitSchema, "Raises when the average reaches a limit."),
  })
  .meta({
    description:
      "Raises on a time-weighted exposure: TWA over 8 h, STEL over 15 min. A reading stands for the time since the one before it; the sum is divided by the time so covered.",
  });
export type ExposureOptions = z.output<typeof exposureSchema>;

/** Compiles `exposure`. Reports what cannot work and then gives undefined. */
export function compileExposure(
  options: ExposureOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { window, minCoverage } = options;
  const { channel } = context;
  if (
    !checkNumeric(context) ||
    !checkPeriodic(context, "nobody knows what was breathed in between") ||
    !checkWindow(context, { window, minSamples: 1 })
  ) {
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const spans = spansOf(gradesAbove(options.above), conversion, context);
  if (!checkSpans(spans, boundsOf(channel), within(context, ["above"]))) return undefined;
  return windowed({
    levels: spans,
    gauges: [
      {
        span: window,
        fold: () => new ExposureFold(),
        spans,
        minSamples: 1,
        minCoverage,
        scarce: "uncertain",
        measure: { of: "exposure", window, unit: channel.unit },
      },
    ],
    maxGap: gapOf(channel, { maxGap: options.maxGap, window }),
    keepsState: false,
    ages: false,
    end: { low: Number.NaN, high: channel.range?.high ?? Number.POSITIVE_INFINITY },
    source: () => new PlainSource(),
    edition: JSON.stringify(["exposure", window]),
  });
}
