import { z } from "zod";
import { rank, type Severity } from "../../model/severity.ts";
import type { Linear } from "../../model/unit.ts";
import { LatestFold } from "../window/fold.ts";
import { type CompiledCondition, type ConditionContext, within } from "./condition.ts";
import { type Graded, type LimitOptions, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { rateFields, rateGauge, ratePlan } from "./rate.ts";
import { gradesAbove, type Span, spansOf } from "./span.ts";
import { boundsOf, checkSpans } from "./threshold-check.ts";
import { checkNumeric } from "./window-options.ts";
import type { Gauge } from "./window-plan.ts";
import { windowed } from "./windowed.ts";

/** The stages of a river, from the least to the most, and their colours (domain.md f). */
const STAGES = {
  attention: "blue",
  warning: "yellow",
  guarantee: "orange",
  historic: "red",
} as const satisfies Record<string, Severity>;
type Stage = keyof typeof STAGES;
const STAGE_NAMES = Object.keys(STAGES) as Stage[];

const someStage = {
  check: (o: { readonly [S in Stage]?: unknown }) => STAGE_NAMES.some((stage) => o[stage] !== undefined),
  message: `give at least one of ${STAGE_NAMES.join(", ")}`,
};

/** A level only looks at the newest reading. */
const NO_WINDOW = 1;

/** Raises as a river reaches its stages. */
export const stagesSchema = z
  .strictObject({
    attention: limitSchema.optional().meta({ description: "关注水位, blue." }),
    warning: limitSchema.optional().meta({ description: "警戒水位, yellow." }),
    guarantee: limitSchema
      .optional()
      .meta({ description: "保证水位, orange. Small rivers often have none." }),
    historic: limitSchema.optional().meta({ description: "历史最高水位, red." }),
    datum: z
      .strictObject({
        base: z
          .number()
          .default(0)
          .meta({ description: "Height of the gauge's zero in the datum.", examples: [174.6] }),
        correction: z
          .number()
          .default(0)
          .meta({ description: "Correction of the gauge, added.", examples: [-0.02] }),
      })
      .optional()
      .meta({
        description:
          "For a channel that is not in the datum of the stages: level = value + base + correction.",
      }),
    descend: z.enum(["stepwise", "together"]).default("stepwise").meta({
      description:
        "`stepwise`: down one stage at a time, each after its own off-delay, each with its event. `together`: stages whose off-delays end together end as one.",
    }),
    largestStep: rateFields.largestStep,
    rise: z
      .strictObject({
        window: rateFields.window,
        per: rateFields.per,
        method: rateFields.method,
        minSamples: rateFields.minSamples,
        maxGap: rateFields.maxGap,
        minCoverage: rateFields.minCoverage,
        attention: limitSchema
          .optional()
          .meta({ description: "Rate of rise that is blue.", examples: [0.3] }),
        warning: limitSchema
          .optional()
          .meta({ description: "Rate of rise that is yellow.", examples: [0.5] }),
        guarantee: limitSchema.optional().meta({ description: "Rate of rise that is orange." }),
        historic: limitSchema.optional().meta({ description: "Rate of rise that is red." }),
        deadband: z
          .number()
          .nonnegative()
          .default(0)
          .meta({ description: "How far below its limit a rate must be to clear.", examples: [0.05] }),
      })
      .refine(someStage.check, { message: someStage.message })
      .optional()
      .meta({ description: "Rates of rise that raise the same stages before the level is there." }),
  })
  .refine(someStage.check, { message: someStage.message })
  .meta({
    description:
      "Raises as a river reaches its stages: attention, warning, guarantee and historic level are blue, yellow, orange and red; stages that a river does not have are left out.",
  });
export type StagesOptions = z.output<typeof stagesSchema>;

/** Compiles `stages`. Reports what cannot work and then gives undefined. */
export function compileStages(
  options: StagesOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  if (!checkNumeric(context)) return undefined;
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const level = levelGauge(options, conversion, named(context));
  const rise = options.rise === undefined ? undefined : riseGauge(options, within(context, ["rise"]));
  if (level === undefined || (options.rise !== undefined && rise === undefined)) return undefined;
  const gauges = rise === undefined ? [level] : [level, rise];
  const levels = together(gauges, context);
  if (levels === undefined) return undefined;
  const { largestStep } = options;
  const plan = ratePlan(
    { window: NO_WINDOW, per: "hour", method: "regression", ...options.rise, largestStep },
    context,
    gauges,
  );
  const { range } = context.channel;
  return windowed({
    ...plan,
    levels,
    stepwise: options.descend === "stepwise",
    end: { low: range?.low ?? Number.NEGATIVE_INFINITY, high: range?.high ?? Number.POSITIVE_INFINITY },
    edition: JSON.stringify(["stages", plan.edition, options.datum ?? null]),
  });
}

/** Stages as grades of their colours. */
function gradedBy(stages: { readonly [S in Stage]?: LimitOptions | undefined }): Graded<LimitOptions> {
  return Object.fromEntries(
    STAGE_NAMES.flatMap((stage) => (stages[stage] === undefined ? [] : [[STAGES[stage], stages[stage]]])),
  );
}

function levelGauge(
  options: StagesOptions,
  { scale, offset }: Linear,
  context: ConditionContext,
): Gauge | undefined {
  const { channel } = context;
  const { base, correction } = options.datum ?? { base: 0, correction: 0 };
  const zero = (base + correction) * scale;
  const spans = spansOf(gradesAbove(gradedBy(options)), { scale, offset }, context);
  const { floor, ceiling, measures } = boundsOf(channel);
  if (!checkSpans(spans, { floor: floor + zero, ceiling: ceiling + zero, measures }, context))
    return undefined;
  return {
    span: NO_WINDOW,
    fold: () => new LatestFold(zero),
    spans,
    minSamples: 1,
    minCoverage: 0,
    scarce: "uncertain",
    measure: { of: "value", window: 0, unit: channel.unit },
  };
}

function riseGauge({ rise, largestStep }: StagesOptions, context: ConditionContext): Gauge | undefined {
  if (rise === undefined) return undefined;
  const { deadband, ...rest } = rise;
  const grades = gradesAbove(gradedBy(rise)).map(({ severity, options: { high, low: _, ...more } }) => ({
    severity,
    options: { ...more, limit: high ?? Number.NaN },
  }));
  return rateGauge({ ...rest, largestStep, direction: "rise" }, named({ ...context, deadband }), grades);
}

/** Problems of a colour are told at its stage. */
function named(context: ConditionContext): ConditionContext {
  const names = new Map<string | number, string>(STAGE_NAMES.map((stage) => [STAGES[stage], stage]));
  return {
    ...context,
    report: ({ path, ...problem }) =>
      context.report({
        ...problem,
        path: path.filter((key) => key !== "above").map((key) => names.get(key) ?? key),
      }),
  };
}

/** All levels; a stage whose level and rise have different delays is reported. */
function together(gauges: readonly Gauge[], context: ConditionContext): Span[] | undefined {
  const levels = new Map<Severity, Span>();
  let sound = true;
  for (const span of gauges.flatMap(({ spans }) => spans)) {
    const known = levels.get(span.severity);
    if (known === undefined) levels.set(span.severity, span);
    else if (known.onDelay !== span.onDelay || known.offDelay !== span.offDelay) {
      sound = false;
      context.report({
        path: ["rise"],
        message: `${span.severity} has other delays for its rise than for its level`,
        hint: "a level has one delay",
      });
    }
  }
  return sound ? [...levels.values()].sort((a, b) => rank(a.severity) - rank(b.severity)) : undefined;
}
