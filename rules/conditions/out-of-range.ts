import { z } from "zod";
import { BAD, GOOD, REASON, UNCERTAIN } from "../../model/quality.ts";
import { durationSchema } from "../../model/schema.ts";
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
import { gradedSchema, gradesOf, levelOf } from "./level.ts";
import { checkNumeric } from "./window-options.ts";

const levelSchema = z
  .union([
    z.literal(true),
    z.strictObject({
      onDelay: durationSchema({ max: "1d" })
        .optional()
        .meta({ description: "Replaces the rule's on-delay.", examples: ["10s"] }),
      offDelay: durationSchema({ max: "1d" })
        .optional()
        .meta({ description: "Replaces the rule's off-delay." }),
    }),
  ])
  .transform((level) => (level === true ? {} : level));

/** Raises while a value is beyond the measuring range. */
export const outOfRangeSchema = gradedSchema(
  levelSchema,
  "Raises while a value is beyond the measuring range of its channel, or the instrument says so (instrument health; class: fault). Levels are `true`, or delays of their own.",
);
export type OutOfRangeOptions = z.output<typeof outOfRangeSchema>;

/** Compiles `outOfRange`. Reports what cannot work and then gives undefined. */
export function compileOutOfRange(
  options: OutOfRangeOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel, report } = context;
  if (!checkNumeric(context)) return undefined;
  const levels: Level[] = [];
  let sound = true;
  for (const { severity, options: delays } of gradesOf(options)) {
    const level = levelOf(severity, delays, context);
    const before = levels.at(-1);
    if (before !== undefined && level.onDelay <= before.onDelay) {
      sound = false;
      report({
        path: [severity],
        message: `${severity} has no longer on-delay than ${before.severity}: ${before.severity} could never be seen`,
      });
    }
    levels.push(level);
  }
  if (!sound) return undefined;
  const condition = new OutOfRange(levels, channel.range);
  return { levels, create: () => condition };
}

class OutOfRange implements Condition {
  readonly levels: readonly Level[];
  readonly #low: number;
  readonly #high: number;
  readonly #all: number;

  constructor(levels: readonly Level[], range: { readonly low: number; readonly high: number } | undefined) {
    this.levels = levels;
    this.#low = range?.low ?? Number.NEGATIVE_INFINITY;
    this.#high = range?.high ?? Number.POSITIVE_INFINITY;
    this.#all = (1 << levels.length) - 1;
  }

  judge(sample: Sample): Verdict {
    const { value, reason, quality } = sample;
    const marked = reason === REASON.over_range || reason === REASON.under_range;
    if (marked || Math.abs(value) === Number.POSITIVE_INFINITY) return verdict(this.#all, 0, UNCERTAIN);
    if (quality === BAD || Number.isNaN(value)) return NO_VERDICT;
    const beyond = value > this.#high || value < this.#low;
    return verdict(beyond ? this.#all : 0, beyond ? 0 : this.#all, quality === GOOD ? GOOD : UNCERTAIN);
  }

  /** The end of the range that the value is nearest to or beyond. */
  limit(_level: number, value: number): number {
    const limit = value - this.#low < this.#high - value ? this.#low : this.#high;
    return Number.isFinite(limit) ? limit : Number.NaN;
  }
}
