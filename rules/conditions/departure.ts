import { z } from "zod";
import { BAD, REASON, type Reason } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import { durationSchema } from "../../model/schema.ts";
import type { Channel } from "../../model/site.ts";
import { formatDuration } from "../../model/time.ts";
import { conversion, dimensionOf } from "../../model/unit.ts";
import { NEVER } from "../timer-queue.ts";
import { rounded } from "../window/compensated-sum.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type ConditionMemory,
  type Level,
  NO_VERDICT,
  NOTHING_NEW,
  type Sample,
  type Verdict,
  within,
} from "./condition.ts";
import { gradedSchema, gradesOf, limitSchema } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { FellowsMedian, LearntBaseline, type Reference, StatedBaseline } from "./reference.ts";
import { type Span, type SpanGrade, Spans, spansOf } from "./span.ts";
import { checkSpans, UNBOUNDED } from "./threshold-check.ts";
import { checkNumeric, checkPeriodic, coverageFields, gapOf, LONGEST_WINDOW } from "./window-options.ts";

/** Others that a median needs at least: of two that disagree, nobody knows which is right. */
const LEAST_FELLOWS = 2;
/** More than this in one comparison are a mistake in `applies`. */
const MOST_FELLOWS = 64;

/** Raises when a value departs from what it should be. */
export const departureSchema = z
  .strictObject({
    baseline: z
      .strictObject({
        value: z
          .number()
          .optional()
          .meta({ description: "The baseline, in the rule's unit.", examples: [12.5] }),
        learn: durationSchema({ min: "1h", max: LONGEST_WINDOW })
          .optional()
          .meta({
            description:
              "Length of the quiet period whose mean is the baseline; of it, readings must stand for 0.8.",
            examples: ["7d"],
          }),
        since: z.iso
          .datetime({ offset: true })
          .transform((text) => Date.parse(text) * 1_000)
          .optional()
          .meta({
            description: "When the quiet period begins. Default: with the first reading.",
            examples: ["2026-05-01T00:00:00+08:00"],
          }),
      })
      .refine((o) => (o.value === undefined) !== (o.learn === undefined), {
        message: "give value or learn, one of them",
      })
      .refine((o) => o.since === undefined || o.learn !== undefined, {
        message: "`since` belongs to `learn`",
      })
      .optional()
      .meta({ description: "Departure from a baseline that is stated, or learnt over a quiet period." }),
    neighbour: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Departure from another channel, by key.", examples: ["wl-2.level"] }),
    median: z.enum(["point", "group"]).optional().meta({
      description: "Departure from the median of the other channels of its point or group, at least two.",
    }),
    direction: z
      .enum(["either", "above", "below"])
      .default("either")
      .meta({ description: "Which departure raises. Limits are positive for all." }),
    maxAge: coverageFields.maxGap.meta({
      description:
        "Older values of others are not compared with. Default: the stale time of the channel, else three periods.",
      examples: ["15m"],
    }),
    above: gradedSchema(limitSchema, "Raises when the departure is at least this."),
  })
  .refine((o) => [o.baseline, o.neighbour, o.median].filter((one) => one !== undefined).length === 1, {
    message: "give baseline, neighbour or median, one of them",
  })
  .meta({
    description:
      "Raises when a value departs from a baseline, from a neighbour or from the median of its group. Others are compared as they spoke last: give an on-delay of at least their period.",
  });
export type DepartureOptions = z.output<typeof departureSchema>;

/** Compiles `deviation` for one channel and those it is compared with. Reports what cannot work and then gives undefined. */
export function compileDeparture(
  options: DepartureOptions,
  context: ConditionContext,
  fellows: readonly Channel[],
): CompiledCondition | undefined {
  const { channel } = context;
  if (!checkNumeric(context) || !checkPeriodic(context, "it departs whenever the others move on"))
    return undefined;
  const scaling = limitConversion(context);
  if (scaling === undefined) return undefined;
  const { direction } = options;
  const grades = gradesOf(options.above);
  const wrong = grades.filter(({ options: { limit } }) => !(limit > 0));
  for (const {
    severity,
    options: { limit },
  } of wrong) {
    context.report({
      path: ["above", severity],
      message: `a departure of ${limit} is none: limits are positive`,
    });
  }
  if (wrong.length > 0) return undefined;
  const sided = grades.map(
    ({ severity, options: { limit, ...rest } }): SpanGrade => ({
      severity,
      options: {
        ...rest,
        ...(direction === "below" ? {} : { high: limit }),
        ...(direction === "above" ? {} : { low: -limit }),
      },
    }),
  );
  const spans = spansOf(sided, { scale: scaling.scale, offset: 0 }, context);
  if (!checkSpans(spans, UNBOUNDED, within(context, ["above"]))) return undefined;
  const reference = referenceOf(options, context, fellows);
  if (reference === undefined) return undefined;
  return {
    levels: spans,
    create: () => new Departure(spans, channel.index, reference()),
    measure: (level, limit) => ({
      of: "departure",
      window: 0,
      unit: channel.unit,
      side: spans[level]?.low === limit ? "below" : "above",
    }),
  };
}

function referenceOf(
  options: DepartureOptions,
  context: ConditionContext,
  fellows: readonly Channel[],
): (() => Reference) | undefined {
  const { channel } = context;
  const { baseline } = options;
  const maxGap = gapOf(channel, { maxGap: options.maxAge, window: Number.MAX_SAFE_INTEGER });
  if (baseline?.value !== undefined) {
    const { scale = 1, offset = 0 } = limitConversion(context) ?? {};
    const value = baseline.value * scale + offset;
    return () => new StatedBaseline(value);
  }
  if (baseline?.learn !== undefined) {
    const { learn: span, since } = baseline;
    if (channel.period > span) {
      context.report({
        path: ["baseline", "learn"],
        message: `in ${formatDuration(span)} no reading comes that could be learnt from`,
      });
      return undefined;
    }
    return () => new LearntBaseline({ since, span, maxGap });
  }
  const path = [options.median === undefined ? "neighbour" : "median"];
  const least = options.median === undefined ? 1 : LEAST_FELLOWS;
  if (fellows.length < least || fellows.length > MOST_FELLOWS) {
    context.report({
      path,
      message: `${fellows.length} other channels to compare with; there must be ${least} to ${MOST_FELLOWS}`,
    });
    return undefined;
  }
  const alien = fellows.find(({ unit }) => dimensionOf(unit) !== dimensionOf(channel.unit));
  if (alien !== undefined) {
    context.report({
      path,
      message: `${alien.key} in ${alien.unit} cannot be compared with ${channel.unit}`,
    });
    return undefined;
  }
  const others = fellows.map(({ index, key, unit }) => ({
    channel: index,
    key,
    ...conversion(unit, channel.unit),
  }));
  return () => new FellowsMedian(others, { maxAge: maxGap, least });
}

/** JSON-safe. */
interface DepartureState {
  readonly value: number | null;
  readonly reason: Reason;
  readonly reference: unknown;
}

class Departure implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = false;
  readonly deadline = NEVER;
  readonly #spans: Spans;
  readonly #channel: ChannelIndex;
  readonly #reference: Reference;
  #value = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(spans: readonly Span[], channel: ChannelIndex, reference: Reference) {
    this.levels = spans;
    this.#spans = new Spans(spans);
    this.#channel = channel;
    this.#reference = reference;
  }

  judge(sample: Sample): Verdict {
    const { value, quality, reason, received } = sample;
    if (sample.channel !== this.#channel) {
      this.#reference.other(sample);
      return NOTHING_NEW;
    }
    if (quality === BAD || !Number.isFinite(value)) return NO_VERDICT;
    this.#reference.own(sample);
    this.#value = rounded(value - this.#reference.value(received));
    this.#reason = reason;
    return this.#spans.judge(this.#value, quality);
  }

  /** Another channel that is silent goes out of date by itself. */
  silent(channel: ChannelIndex): Verdict {
    return channel === this.#channel ? NO_VERDICT : NOTHING_NEW;
  }

  reason(): Reason {
    return this.#reason;
  }

  value(): number {
    return this.#value;
  }

  limit(level: number, value: number): number {
    return this.#spans.limit(level, value);
  }

  age(): undefined {}

  interrupt(): void {}

  state(): DepartureState {
    const value = Number.isNaN(this.#value) ? null : this.#value;
    return { value, reason: this.#reason, reference: this.#reference.state() };
  }

  restore(state: unknown): void {
    const known = state as DepartureState;
    this.#value = known.value ?? Number.NaN;
    this.#reason = known.reason;
    if (known.reference !== undefined) this.#reference.restore(known.reference);
  }
}
