import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import { SEVERITIES, type Severity } from "../../model/severity.ts";
import type { ConditionContext, Level } from "./condition.ts";

/** Longest delay of a level: an alarm that waits longer than a day tells nobody in time. */
const LONGEST_DELAY = "1d";

/** Delays of one level. */
export const delayFields = {
  onDelay: durationSchema({ max: LONGEST_DELAY })
    .optional()
    .meta({ description: "Replaces the rule's on-delay for this level.", examples: ["5s"] }),
  offDelay: durationSchema({ max: LONGEST_DELAY })
    .optional()
    .meta({ description: "Replaces the rule's off-delay for this level.", examples: ["1m"] }),
};

const deadband = z
  .number()
  .nonnegative()
  .optional()
  .meta({ description: "Replaces the rule's deadband for this level.", examples: [2] });
const strict = z.boolean().optional().meta({ description: "Raise only beyond the limit, not at it." });

/** The rule-level delays, which every level starts from. */
export const ruleDelayFields = {
  deadband: z
    .number()
    .nonnegative()
    .default(0)
    .meta({
      description: "How far beyond its limit a value must be to clear, in the rule's unit.",
      examples: [2],
    }),
  onDelay: durationSchema({ max: LONGEST_DELAY })
    .prefault("0s")
    .meta({
      description: "How long the condition must hold before it raises. 0s for what endangers lives.",
      examples: ["0s", "10s"],
    }),
  offDelay: durationSchema({ max: LONGEST_DELAY })
    .prefault("0s")
    .meta({
      description: "How long the condition must have cleared before the alarm returns.",
      examples: ["30s"],
    }),
};

const limit = z.number().meta({ description: "Limit in the rule's unit.", examples: [25] });

/** A limit: a number, or a number with delays of its own. */
export const limitSchema = z
  .union([limit, z.strictObject({ limit, ...delayFields, deadband, strict })])
  .transform((level) => (typeof level === "number" ? { limit: level } : level));
export type LimitOptions = z.output<typeof limitSchema>;

/** A span that the value must stay in; either end may be missing. */
export const spanSchema = z
  .strictObject({
    low: z
      .number()
      .optional()
      .meta({ description: "Raises at or below this.", examples: [19.5] }),
    high: z
      .number()
      .optional()
      .meta({ description: "Raises at or above this.", examples: [23.5] }),
    ...delayFields,
    deadband,
    strict,
  })
  .refine((span) => span.low !== undefined || span.high !== undefined, {
    message: "give low, high or both",
  });
export type SpanOptions = z.output<typeof spanSchema>;

const state = z.union([z.string().min(1), z.number()]);
const states = z.union([state, z.array(state).min(1)]);

/** One or several states: names, or codes as the instrument gives them. */
export const statesSchema = z
  .union([
    states,
    z.strictObject({
      state: states.meta({ description: "State, by name or code; of a list, any.", examples: ["active"] }),
      ...delayFields,
    }),
  ])
  .transform((level) => (typeof level === "object" && !Array.isArray(level) ? level : { state: level }));
export type StatesOptions = z.output<typeof statesSchema>;

/** Grades of one condition. */
export type Graded<Options> = { readonly [Grade in Severity]?: Options | undefined };

/** An object with one entry a severity; at least one. */
export function gradedSchema<Level extends z.ZodType>(level: Level, description: string) {
  return z
    .strictObject({
      blue: level.optional().meta({ description: "Level of blue: attention." }),
      yellow: level.optional().meta({ description: "Level of yellow." }),
      orange: level.optional().meta({ description: "Level of orange." }),
      red: level.optional().meta({ description: "Level of red." }),
    })
    .refine((levels) => SEVERITIES.some((severity) => levels[severity] !== undefined), {
      message: "give at least one of blue, yellow, orange, red",
    })
    .meta({ description });
}

/** The levels that are given, from the least severe to the most. */
export function gradesOf<Options>(graded: Graded<Options>): { severity: Severity; options: Options }[] {
  const grades: { severity: Severity; options: Options }[] = [];
  for (const severity of SEVERITIES) {
    const options = graded[severity];
    if (options !== undefined) grades.push({ severity, options });
  }
  return grades;
}

/** Severity and delays of one level, the rule's own filled in. */
export function levelOf(
  severity: Severity,
  options: { onDelay?: number | undefined; offDelay?: number | undefined },
  context: ConditionContext,
): Level {
  return {
    severity,
    onDelay: options.onDelay ?? context.onDelay,
    offDelay: options.offDelay ?? context.offDelay,
  };
}
