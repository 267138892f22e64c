import { z } from "zod";
import { BAD, GOOD, type Quality, REASON, type Reason, UNCERTAIN } from "../../model/quality.ts";
import { durationSchema } from "../../model/schema.ts";
import { HOUR, type Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import type { Detail } from "../detail.ts";
import { type ForecastTerms, type Outlook, outlookOf } from "../forecast/inverse-velocity.ts";
import { MOST_POINTS, VelocityPoints, type VelocityPointsState } from "../forecast/velocity-points.ts";
import { NEVER } from "../timer-queue.ts";
import { rounded } from "../window/compensated-sum.ts";
import {
  ASIDE,
  CONFIRMS,
  ConfirmedSource,
  PlainSource,
  type Source,
  type SourceState,
} from "../window/source.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type ConditionMemory,
  type Level,
  NO_VERDICT,
  type Sample,
  type Verdict,
  verdict,
  within,
} from "./condition.ts";
import { gradedSchema, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { rateFields } from "./rate.ts";
import { gradesBelow, type Span, Spans, spansOf } from "./span.ts";
import { movementFields, perDay } from "./tangent-angle.ts";
import { checkSpans, NOT_NEGATIVE } from "./threshold-check.ts";
import { checkNumeric, checkPeriodic, checkWindow } from "./window-options.ts";

const RADIANS = Math.PI / 180;
/** Tangent angles between which the points are that a line is best laid through (Xu Qiang's stage of medium acceleration). */
const FROM_ANGLE = 80;
const UP_TO_ANGLE = 85;
/** After so many steps without a new point a forecast is out of date. */
const STEPS_VALID = 3;

/** Raises as the forecast time of failure comes near. */
export const timeToFailureSchema = z
  .strictObject({
    step: durationSchema({ min: "1m", max: "7d" }).meta({
      description:
        "Each step of this length gives one velocity, by least squares of its own readings. Long enough that a velocity stands out of the noise.",
      examples: ["6h"],
    }),
    window: durationSchema({ min: "1h", max: "180d" })
      .optional()
      .meta({
        description: `How far back velocities count. Default, and at most: ${MOST_POINTS} steps.`,
        examples: ["30d"],
      }),
    ...movementFields,
    uniformVelocity: z
      .number()
      .positive()
      .optional()
      .meta({
        description:
          "Mean velocity of the site's stage of uniform deformation. With it only velocities from 80° of tangent angle on count, and where enough lie between 80° and 85°, only these.",
        examples: [0.4],
      }),
    minSamples: rateFields.minSamples.meta({ description: "Readings that a step needs at least." }),
    minPoints: z
      .int()
      .min(4)
      .max(100)
      .default(6)
      .meta({ description: "Velocities that a forecast needs at least.", examples: [6] }),
    minExplained: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .meta({
        description: "Share of the scatter of 1/velocity that the straight line must explain (R²).",
        examples: [0.8],
      }),
    confidence: z
      .number()
      .min(0.5)
      .max(0.999)
      .default(0.95)
      .meta({ description: "Of the interval that is told with every forecast.", examples: [0.95] }),
    largestStep: rateFields.largestStep,
    below: gradedSchema(limitSchema, "Hours to the forecast failure that raise.").meta({
      examples: [{ yellow: 168, orange: 72, red: 24 }],
    }),
  })
  .meta({
    description:
      "Raises as the time of failure comes near that the inverse velocity forecasts (Fukuzono, α = 2): 1/velocity falls on a straight line to zero. Told only with its interval and number of points, only while the slope accelerates. The rule's deadband is in hours.",
    examples: [{ step: "6h", minimumVelocity: 1, below: { orange: 72, red: 24 } }],
  });
export type TimeToFailureOptions = z.output<typeof timeToFailureSchema>;

/** Compiles `timeToFailure`. Reports what cannot work and then gives undefined. */
export function compileTimeToFailure(
  options: TimeToFailureOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { step, per, minSamples, minPoints, direction } = options;
  if (
    !checkNumeric(context) ||
    !checkPeriodic(context, "its velocity is not known between them") ||
    !checkWindow(context, { window: step, minSamples, path: ["step"] })
  ) {
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const { scale } = conversion;
  const spans = spansOf(gradesBelow(options.below), { scale: 1, offset: 0 }, context);
  if (!checkSpans(spans, NOT_NEGATIVE, within(context, ["below"]))) return undefined;
  const window = Math.min(options.window ?? Number.POSITIVE_INFINITY, MOST_POINTS * step);
  if (window < step * minPoints) {
    context.report({
      path: ["window"],
      message: `it never holds the ${minPoints} velocities that a forecast needs: it could never raise`,
      hint: "make the window longer or the step shorter",
    });
    return undefined;
  }
  const rests = perDay(options.minimumVelocity, { per, scale });
  const uniform =
    options.uniformVelocity === undefined ? undefined : perDay(options.uniformVelocity, { per, scale });
  const plan: TimeToFailurePlan = {
    spans,
    step,
    window,
    minSamples,
    sign: direction === "rise" ? 1 : direction === "fall" ? -1 : 0,
    largestStep: options.largestStep === undefined ? undefined : options.largestStep * scale,
    terms: {
      minPoints,
      minExplained: options.minExplained,
      confidence: options.confidence,
      rests,
      from: uniform === undefined ? rests : Math.max(rests, uniform * Math.tan(FROM_ANGLE * RADIANS)),
      upTo: uniform === undefined ? Number.POSITIVE_INFINITY : uniform * Math.tan(UP_TO_ANGLE * RADIANS),
    },
  };
  return {
    levels: spans,
    create: () => new TimeToFailure(plan),
    measure: () => ({ of: "timeToFailure", window, unit: "h", side: "below" }),
  };
}

interface TimeToFailurePlan {
  readonly spans: readonly Span[];
  readonly step: Micros;
  readonly window: Micros;
  readonly minSamples: number;
  /** Which way is down; 0: either. */
  readonly sign: 1 | -1 | 0;
  readonly largestStep: number | undefined;
  readonly terms: ForecastTerms;
}

/** JSON-safe. */
interface TimeToFailureState {
  readonly edition: string;
  readonly points: VelocityPointsState;
  readonly source: SourceState;
  readonly aside: readonly [time: number, good: boolean];
  readonly last: PackedNumber;
  readonly hours: PackedNumber;
  readonly reason: Reason;
}

class TimeToFailure implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = false;
  readonly deadline = NEVER;
  readonly #plan: TimeToFailurePlan;
  readonly #edition: string;
  readonly #spans: Spans;
  readonly #points: VelocityPoints;
  readonly #source: Source;
  #outlook: Outlook = { kind: "unknown" };
  #asideTime = 0;
  #asideGood = false;
  /** Time of the last reading; NaN: none. */
  #last = Number.NaN;
  /** To failure, at the last reading; NaN: not known. */
  #hours = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(plan: TimeToFailurePlan) {
    const { spans, step, window, minSamples, largestStep } = plan;
    this.#plan = plan;
    this.levels = spans;
    this.#edition = JSON.stringify(["timeToFailure", step, minSamples, largestStep ?? null]);
    this.#spans = new Spans(spans);
    this.#points = new VelocityPoints({ length: step, minSamples, span: window });
    this.#source = largestStep === undefined ? new PlainSource() : new ConfirmedSource(largestStep);
  }

  judge({ value, quality, reason, time }: Sample): Verdict {
    this.#reason = reason;
    // A value beyond the range says nothing about how fast it changes.
    if (quality === BAD || !Number.isFinite(value)) return NO_VERDICT;
    if (time < this.#last) {
      this.#points.shift(time - this.#last);
      this.#asideTime += time - this.#last;
      this.#foresee();
    }
    this.#last = time;
    const good = quality === GOOD;
    const taken = this.#source.take(value);
    if (taken === ASIDE) {
      this.#asideTime = time;
      this.#asideGood = good;
      this.#reason = REASON.implausible;
    } else {
      let changed = false;
      if (taken === CONFIRMS) {
        changed = this.#points.take(this.#asideTime, this.#source.aside, this.#asideGood);
      }
      if (this.#points.take(time, this.#source.value, good) || changed) this.#foresee();
    }
    return this.#compare(time, taken !== ASIDE && good ? GOOD : UNCERTAIN);
  }

  /** Lays the line anew through the velocities there are. */
  #foresee(): void {
    const { sign, terms } = this.#plan;
    const { time, velocity, good } = this.#points;
    const along = velocity.map((one) => (sign === 0 ? Math.abs(one) : one * sign));
    this.#outlook = outlookOf({ time, velocity: along, good }, terms);
  }

  #compare(time: Micros, quality: Quality): Verdict {
    this.#hours = Number.NaN;
    const outlook = this.#outlook;
    if (time - (this.#points.time.at(-1) ?? Number.NaN) > STEPS_VALID * this.#plan.step) return NO_VERDICT;
    if (outlook.kind === "unknown") return NO_VERDICT;
    if (outlook.kind === "harmless") return verdict(0, (1 << this.levels.length) - 1, quality);
    // What was forecast for a time that is over was forecast wrongly.
    if (time > outlook.latest) return NO_VERDICT;
    this.#hours = Math.max(0, rounded((outlook.at - time) / HOUR));
    return this.#spans.judge(this.#hours, outlook.good ? quality : UNCERTAIN);
  }

  detail(): Detail | undefined {
    const outlook = this.#outlook;
    if (outlook.kind !== "failure" || Number.isNaN(this.#hours)) return undefined;
    const hours = (instant: Micros) => rounded((instant - this.#last) / HOUR);
    return {
      kind: "forecast",
      hours: this.#hours,
      earliest: hours(outlook.earliest),
      latest: hours(outlook.latest),
      confidence: this.#plan.terms.confidence,
      points: outlook.points,
    };
  }

  reason(): Reason {
    return this.#reason;
  }

  value(): number {
    return this.#hours;
  }

  limit(level: number, value: number): number {
    return this.#spans.limit(level, value);
  }

  age(): undefined {}

  interrupt(): void {}

  state(): TimeToFailureState | undefined {
    if (Number.isNaN(this.#last)) return undefined;
    return {
      edition: this.#edition,
      points: this.#points.state(),
      source: this.#source.state(),
      aside: [this.#asideTime, this.#asideGood],
      last: pack(this.#last),
      hours: pack(this.#hours),
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as TimeToFailureState;
    if (known.edition !== this.#edition) return;
    this.#points.restore(known.points);
    this.#source.restore(known.source);
    [this.#asideTime, this.#asideGood] = known.aside;
    this.#last = unpack(known.last);
    this.#hours = unpack(known.hours);
    this.#reason = known.reason;
    this.#foresee();
  }
}
