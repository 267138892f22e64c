import { z } from "zod";
import { DAY, type Micros } from "../../model/time.ts";
import { rounded } from "../window/compensated-sum.ts";
import type { Fold, FoldView } from "../window/fold.ts";
import { ResistantSlopeFold } from "../window/resistant-slope.ts";
import type { Ring } from "../window/ring.ts";
import { SlopeFold } from "../window/slope.ts";
import { type CompiledCondition, type ConditionContext, within } from "./condition.ts";
import { gradedSchema, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { rateFields, ratePlan } from "./rate.ts";
import { gradesAbove, type Span, spansOf } from "./span.ts";
import { checkSpans, UNBOUNDED } from "./threshold-check.ts";
import { checkNumeric, checkPeriodic, checkWindow, coverageFields, windowSchema } from "./window-options.ts";
import { windowed } from "./windowed.ts";

const DEGREES = 180 / Math.PI;
/** A slope that moves evenly stands at this angle: velocity equal to that of its uniform stage. */
const UNIFORM = 45;
const VERTICAL = 90;

/** Velocities are compared per day. */
const BASES: Readonly<Record<"hour" | "day" | "month", Micros>> = {
  hour: DAY / 24,
  day: DAY,
  month: 30 * DAY,
};

/** How the velocity of a slope is got, and what it is compared with; shared with the forecast. */
export const movementFields = {
  per: z
    .enum(["hour", "day", "month"])
    .default("day")
    .meta({
      description: "Unit of time of the velocities: mm per day. A month is 30 days.",
      examples: ["day"],
    }),
  direction: rateFields.direction.meta({
    description: "Which way is down the slope: the value rises, it falls, or whichever.",
  }),
  minimumVelocity: z
    .number()
    .positive()
    .meta({
      description:
        "Below this the slope counts as resting and nothing is computed: the noise of the instrument and the season's breathing. In the rule's unit per `per`.",
      examples: [0.05],
    }),
};

/** A velocity as a site states it, per day in the channel's unit. */
export function perDay(velocity: number, { per, scale }: { per: keyof typeof BASES; scale: number }): number {
  return (velocity * scale * DAY) / BASES[per];
}

/** Raises as a slope accelerates. */
export const tangentAngleSchema = z
  .strictObject({
    uniformVelocity: z
      .number()
      .positive()
      .meta({
        description:
          "Mean velocity of the site's stage of uniform deformation, in the rule's unit per `per`: from its own record, and never a guess.",
        examples: [0.4],
      }),
    ...movementFields,
    window: windowSchema(["1d", "7d"]).meta({
      description:
        "Window that the velocity is taken over; long enough that rain does not make steps of it, a day at least as a rule.",
    }),
    method: z.enum(["regression", "median"]).default("regression").meta({
      description:
        "`regression`: least squares over the window. `median`: the line through the medians of its first and last third, which single wild readings do not move.",
    }),
    minSamples: rateFields.minSamples,
    largestStep: rateFields.largestStep,
    ...coverageFields,
    above: gradedSchema(limitSchema, "Angles in degrees that raise.").prefault({ orange: 80, red: 85 }),
  })
  .meta({
    description:
      "Raises as a slope accelerates (improved tangent angle of Xu Qiang): atan(velocity ÷ velocity of the uniform stage), 80° orange, 85° red. The uniform stage stands near 45° and is not alarmed. The rule's deadband is in degrees.",
    examples: [{ uniformVelocity: 0.4, minimumVelocity: 0.05, window: "3d" }],
  });
export type TangentAngleOptions = z.output<typeof tangentAngleSchema>;

/** Compiles `tangentAngle`. Reports what cannot work and then gives undefined. */
export function compileTangentAngle(
  options: TangentAngleOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { window, direction, method, per } = options;
  // The line through two medians needs a reading in each third.
  const minSamples = Math.max(3, options.minSamples);
  if (
    !checkNumeric(context) ||
    !checkPeriodic(context, "its velocity is not known between them") ||
    !checkWindow(context, { window, minSamples })
  ) {
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const { scale } = conversion;
  const uniform = perDay(options.uniformVelocity, { per, scale });
  const minimum = perDay(options.minimumVelocity, { per, scale });
  const spans = spansOf(gradesAbove(options.above), { scale: 1, offset: 0 }, context);
  if (!checkAngles(spans, { uniform, minimum }, context)) return undefined;
  const slope = () => (method === "median" ? new ResistantSlopeFold(DAY) : new SlopeFold(window, DAY));
  const plan = ratePlan({ ...options, per: "day", method: "regression" }, context, [
    {
      span: window,
      fold: () => new AngleFold(slope(), { uniform, minimum, direction }),
      spans,
      minSamples,
      minCoverage: options.minCoverage,
      scarce: "nothing",
      measure: { of: "tangentAngle", window, unit: "deg" },
    },
  ]);
  return windowed({
    ...plan,
    edition: JSON.stringify(["tangentAngle", plan.edition, method, uniform, minimum, direction]),
  });
}

function checkAngles(
  spans: readonly Span[],
  { uniform, minimum }: { uniform: number; minimum: number },
  context: ConditionContext,
): boolean {
  if (minimum >= uniform) {
    context.report({
      path: ["minimumVelocity"],
      message: "the velocity of the uniform stage is not above the minimum velocity: it is noise",
      hint: "an angle needs a uniform stage that stands out of the noise; watch velocity with `rate` until there is one",
    });
    return false;
  }
  let sound = true;
  for (const { severity, high, clearHigh } of spans) {
    const report = (message: string, hint: string) => {
      sound = false;
      context.report({ path: ["above", severity], message, hint });
    };
    if (high <= UNIFORM || high >= VERTICAL) {
      report(
        `an angle of ${high}° is not between 45° and 90°: at 45° a slope moves as evenly as ever, and would stand in alarm for ever`,
        "80° is orange and 85° red; yellow may lie between 45° and 80°",
      );
    } else if (clearHigh <= Math.atan(minimum / uniform) * DEGREES) {
      report("it clears only where nothing is computed any more", "make the deadband smaller");
    }
  }
  return sound && checkSpans(spans, UNBOUNDED, within(context, ["above"]));
}

interface Movement {
  /** Per day. */
  readonly uniform: number;
  readonly minimum: number;
  readonly direction: TangentAngleOptions["direction"];
}

/**
 * α = atan(v / v of the uniform stage), degrees (Xu Qiang et al.: T = ΔS / v has the unit of time, so that the angle does not
 * depend on how a curve is drawn). 80° is 5.67 times the uniform velocity, 85° is 11.43 times.
 */
class AngleFold implements Fold {
  readonly #slope: Fold;
  readonly #movement: Movement;
  /** The slope is known to move more slowly than what is computed. */
  harmless = false;

  constructor(slope: Fold, movement: Movement) {
    this.#slope = slope;
    this.#movement = movement;
  }

  enter(ring: Ring, seq: number): void {
    this.#slope.enter(ring, seq);
  }

  leave(ring: Ring, seq: number): void {
    this.#slope.leave(ring, seq);
  }

  value(view: FoldView): number {
    const { uniform, minimum, direction } = this.#movement;
    const slope = this.#slope.value(view);
    const velocity = direction === "rise" ? slope : direction === "fall" ? -slope : Math.abs(slope);
    this.harmless = velocity < minimum;
    return velocity >= minimum ? rounded(Math.atan(velocity / uniform) * DEGREES) : Number.NaN;
  }

  shift(by: Micros): void {
    this.#slope.shift?.(by);
  }

  state(): readonly number[] {
    return this.#slope.state();
  }

  restore(state: readonly number[]): void {
    this.#slope.restore(state);
  }
}
