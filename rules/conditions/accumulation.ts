import { z } from "zod";
import type { Quantity } from "../../model/quantity.ts";
import { durationSchema } from "../../model/schema.ts";
import { rank } from "../../model/severity.ts";
import type { Channel } from "../../model/site.ts";
import { formatDuration } from "../../model/time.ts";
import { convert, dimensionOf, type Linear } from "../../model/unit.ts";
import { AntecedentFold } from "../window/antecedent.ts";
import { CounterSource } from "../window/counter-source.ts";
import { SumFold } from "../window/fold.ts";
import { IncrementSource } from "../window/source.ts";
import { type CompiledCondition, type ConditionContext, within } from "./condition.ts";
import { gradedSchema, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { gradesAbove, type Span, spansOf } from "./span.ts";
import { checkSpans, NOT_NEGATIVE } from "./threshold-check.ts";
import {
  checkNumeric,
  checkWindow,
  coverageFields,
  gapOf,
  LONGEST_WINDOW,
  windowSchema,
} from "./window-options.ts";
import type { Gauge } from "./window-plan.ts";
import { windowed } from "./windowed.ts";

/** Most windows of one rule: 1, 3, 6, 12 and 24 h, and three for antecedent rain. */
const MOST_WINDOWS = 8;

/**
 * The most a rain counter rises between two readings. The greatest rain measured in one minute is 31 mm, in an hour 305 mm (WMO
 * World Weather & Climate Extremes Archive); readings are minutes apart.
 */
const LARGEST_RAIN_STEP_MM = 100;

/** What says how much has come since the reading before, and what counts on and on. */
const SOURCES: { readonly [Q in Quantity]?: "increments" | "counter" } = {
  rain_increment: "increments",
  rain_counter: "counter",
  rain_since_8: "counter",
  count: "counter",
};

const entrySchema = z.strictObject({
  window: windowSchema(["1h", "24h", "3d"]),
  before: z
    .strictObject({
      window: durationSchema({ min: "1h", max: LONGEST_WINDOW }).meta({
        description: "How far back before the window.",
        examples: ["15d"],
      }),
      share: z
        .number()
        .positive()
        .max(1)
        .meta({ description: "How much of what came then is added.", examples: [0.67] }),
    })
    .optional()
    .meta({ description: "Antecedent rain: of what fell before the window, a share is added." }),
  above: gradedSchema(limitSchema, "Raises when the sum over the window reaches a limit."),
});

/** Raises when too much has come together in a window. */
export const accumulationSchema = z
  .strictObject({
    of: z.enum(["increments", "counter"]).optional().meta({
      description:
        "Whether each reading says what has come since the one before, or counts on and on. Default: by the quantity.",
    }),
    windows: z
      .array(entrySchema)
      .min(1)
      .max(MOST_WINDOWS)
      .meta({
        description:
          "Windows, each with its own levels. The alarm has the highest level that any of them reaches.",
        examples: [
          [
            { window: "1h", above: { blue: 35, red: 80 } },
            { window: "24h", above: { blue: 100, red: 200 } },
          ],
        ],
      }),
    wrap: z
      .number()
      .positive()
      .optional()
      .meta({ description: "Of a counter: the count at which it begins again at 0.", examples: [6553.6] }),
    largestStep: z.number().positive().optional().meta({
      description:
        "Of a counter: the most it can rise between two readings. A greater rise, like any fall, counts only when the next reading confirms it. Default for rain: 100 mm.",
    }),
    noise: z
      .number()
      .nonnegative()
      .default(0)
      .meta({
        description: "Of a counter: how far it may fall without having been reset (weighing gauges).",
        examples: [0.5],
      }),
    ...coverageFields,
  })
  .meta({
    description:
      "Raises when too much has come together in a window: rain over 1, 3, 6, 12, 24 hours or days, from increments or a counter.",
  });
export type AccumulationOptions = z.output<typeof accumulationSchema>;

/** Compiles `accumulation`. Reports what cannot work and then gives undefined. */
export function compileAccumulation(
  options: AccumulationOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel } = context;
  if (!checkNumeric(context)) return undefined;
  const source = sourceOf(options, context);
  const conversion = limitConversion(context);
  if (source === undefined || conversion === undefined) return undefined;
  const gauges: Gauge[] = [];
  let sound = checkZero(conversion, context);
  for (const [i, entry] of options.windows.entries()) {
    const gauge = gaugeOf(
      entry,
      { conversion, minCoverage: options.minCoverage },
      within(context, ["windows", i]),
    );
    if (gauge === undefined) sound = false;
    else gauges.push(gauge);
  }
  if (!sound || !checkTogether(gauges, context)) return undefined;
  const longest = gauges.reduce((span, gauge) => Math.max(span, gauge.span), 0);
  const levels = new Map<string, Span>();
  for (const { spans } of gauges) for (const span of spans) levels.set(span.severity, span);
  return windowed({
    levels: [...levels.values()].sort((a, b) => rank(a.severity) - rank(b.severity)),
    gauges,
    maxGap: gapOf(channel, { maxGap: options.maxGap, window: longest }),
    keepsState: channel.report === "on-change",
    ages: true,
    // How much lies beyond the end of an instrument nobody can add up.
    end: { low: Number.NaN, high: Number.NaN },
    source: source === "increments" ? () => new IncrementSource() : counterOf(options, channel, conversion),
    edition: JSON.stringify([
      "accumulation",
      source,
      options.windows.map(({ window, before }) => [window, before ?? null]),
    ]),
  });
}

type Entry = z.output<typeof entrySchema>;

function gaugeOf(
  { window, before, above }: Entry,
  { conversion, minCoverage }: { conversion: Linear; minCoverage: number },
  context: ConditionContext,
): Gauge | undefined {
  const span = window + (before?.window ?? 0);
  if (!checkWindow(context, { window: span, minSamples: 1 })) return undefined;
  const spans = spansOf(gradesAbove(above), conversion, context);
  if (!checkSpans(spans, NOT_NEGATIVE, within(context, ["above"]))) return undefined;
  return {
    span,
    fold: () => (before === undefined ? new SumFold() : new AntecedentFold(window, before.share)),
    spans,
    minSamples: 0,
    minCoverage,
    scarce: "uncertain",
    measure: { of: before === undefined ? "accumulation" : "antecedent", window, unit: context.channel.unit },
  };
}

/** Increments or counter: as stated, else as the quantity is. */
function sourceOf({ of, wrap, largestStep }: AccumulationOptions, context: ConditionContext) {
  const { channel } = context;
  const source = of ?? SOURCES[channel.quantity];
  if (source === undefined) {
    context.report({
      path: ["of"],
      message: `${channel.quantity} may be increments or a counter`,
      hint: "say which: `of: increments` or `of: counter`",
    });
    return undefined;
  }
  if (source === "increments" && (wrap !== undefined || largestStep !== undefined)) {
    context.report({
      path: [wrap === undefined ? "largestStep" : "wrap"],
      message: "increments neither wrap nor step: this belongs to a counter",
    });
    return undefined;
  }
  if (wrap !== undefined && largestStep === undefined && dimensionOf(channel.unit) !== "rain") {
    context.report({
      path: ["wrap"],
      message: "a wrap cannot be told from a reset without the largest plausible step",
      hint: "give `largestStep`",
    });
    return undefined;
  }
  return source;
}

function counterOf(options: AccumulationOptions, channel: Channel, { scale }: Linear) {
  const rain = dimensionOf(channel.unit) === "rain";
  const standard = rain ? convert(LARGEST_RAIN_STEP_MM, "mm(rain)", channel.unit) : Number.POSITIVE_INFINITY;
  const behaviour = {
    wrap: options.wrap === undefined ? undefined : options.wrap * scale,
    largestStep: options.largestStep === undefined ? standard : options.largestStep * scale,
    noise: options.noise * scale,
    resetsDaily: channel.quantity === "rain_since_8",
  };
  return () => new CounterSource(behaviour);
}

function checkZero({ offset }: Linear, context: ConditionContext): boolean {
  if (offset === 0) return true;
  context.report({ path: [], message: "an accumulation depends on where its scale has its 0" });
  return false;
}

/** Reports windows that can never decide anything beside the others, and delays that contradict each other. */
function checkTogether(gauges: readonly Gauge[], context: ConditionContext): boolean {
  let sound = true;
  const report = (gauge: number, span: Span, message: string, hint?: string) => {
    sound = false;
    context.report({
      path: ["windows", gauge, "above", span.severity],
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  gauges.forEach((gauge, i) => {
    for (const span of gauge.spans) {
      for (let k = 0; k < gauges.length; k++) {
        const other = gauges[k]!;
        const beside = other.spans.find(({ severity }) => severity === span.severity);
        if (k === i || beside === undefined) continue;
        if (k < i && (beside.onDelay !== span.onDelay || beside.offDelay !== span.offDelay)) {
          report(
            i,
            span,
            `${span.severity} has other delays here than in another window`,
            "a level has one delay",
          );
        }
        // What fell in the shorter window fell in the longer one too.
        const longer = other.measure.of === "accumulation" && other.span > gauge.span;
        if (longer && gauge.measure.of === "accumulation" && beside.high <= span.high) {
          report(
            i,
            span,
            `${formatDuration(gauge.span)} could never raise ${span.severity}: the limit over ${formatDuration(other.span)} is reached no later`,
            "a longer window needs a higher limit",
          );
        }
        if (k < i && other.span === gauge.span && other.measure.of === gauge.measure.of) {
          report(i, span, `the window of ${formatDuration(gauge.span)} is there twice`);
        }
      }
    }
  });
  return sound;
}
