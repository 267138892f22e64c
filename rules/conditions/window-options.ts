import { z } from "zod";
import { isDiscrete } from "../../model/quantity.ts";
import { durationSchema } from "../../model/schema.ts";
import type { Channel } from "../../model/site.ts";
import { formatDuration, type Micros } from "../../model/time.ts";
import { MOST_READINGS } from "../window/ring.ts";
import type { ConditionContext } from "./condition.ts";
import { type Graded, gradedSchema, type LimitOptions, limitSchema } from "./level.ts";
import { gradesAbove, gradesBelow, type SpanGrade } from "./span.ts";

/** Shortest and longest window: what is shorter is noise, what is longer belongs into history. */
const SHORTEST_WINDOW = "1s";
export const LONGEST_WINDOW = "31d";

/** Share of a window that readings must stand for (semantics.md 17). */
export const STANDARD_COVERAGE = 0.8;
/** Periods that a reading stands for at most, where the channel has no stale time: its standard is three (semantics.md 10). */
const GAP_PERIODS = 3;

/** A length of window. */
export function windowSchema(examples: string[]) {
  return durationSchema({ min: SHORTEST_WINDOW, max: LONGEST_WINDOW }).meta({
    description: "Length of the window, back from each reading.",
    examples,
  });
}

/** Options that all kinds with a window share. */
export const coverageFields = {
  maxGap: durationSchema({ min: SHORTEST_WINDOW, max: LONGEST_WINDOW })
    .optional()
    .meta({
      description:
        "A reading stands for the time since the one before it, and for no more than this. Default: the stale time of the channel, else three periods, else the window.",
      examples: ["15m"],
    }),
  minCoverage: z
    .number()
    .min(0)
    .max(1)
    .default(STANDARD_COVERAGE)
    .meta({
      description:
        "Share of the window that readings must stand for. Below it a sum, count, maximum or exposure may raise and not clear; other functions give no value.",
      examples: [0.8],
    }),
};

/** Levels above or below limits. */
export const sideFields = {
  above: gradedSchema(limitSchema, "Raises when the result reaches a limit from below.").optional(),
  below: gradedSchema(limitSchema, "Raises when the result falls to a limit.").optional(),
};

/** What `sideFields` must be: one side. */
export const oneSide = {
  check: (o: { above?: unknown; below?: unknown }) => (o.above === undefined) !== (o.below === undefined),
  message: "give above or below, one of them",
};

/** The levels of the side that is given. */
export function sideGrades(o: {
  above?: Graded<LimitOptions> | undefined;
  below?: Graded<LimitOptions> | undefined;
}): SpanGrade[] {
  return o.above !== undefined ? gradesAbove(o.above) : o.below !== undefined ? gradesBelow(o.below) : [];
}

/** How long a reading stands at most. */
export function gapOf(
  channel: Channel,
  { maxGap, window }: { maxGap: Micros | undefined; window: Micros },
): Micros {
  if (maxGap !== undefined) return maxGap;
  if (channel.stale > 0) return channel.stale;
  return channel.period > 0 ? channel.period * GAP_PERIODS : window;
}

/** Reports a channel of states, which has nothing to compute with. True when it has. */
export function checkNumeric({ channel, report }: ConditionContext): boolean {
  if (!isDiscrete(channel.quantity)) return true;
  report({
    path: [],
    message: `${channel.quantity} is a state, not a number on a scale`,
    hint: "use `equals: { red: active }`",
  });
  return false;
}

/** Reports a channel that speaks only when something changes. True when it speaks regularly. */
export function checkPeriodic({ channel, report }: ConditionContext, what: string): boolean {
  if (channel.report === "periodic") return true;
  report({
    path: [],
    message: `the channel reports only changes and keeps its value between: ${what}`,
    hint: "use `above` or `below` with an on-delay",
  });
  return false;
}

/** Reports a window that holds too few readings ever to give a result, or more than there is room for. True when it fits. */
export function checkWindow(
  { channel, report }: ConditionContext,
  {
    window,
    minSamples,
    path = ["window"],
  }: { window: Micros; minSamples: number; path?: (string | number)[] },
): boolean {
  const { period } = channel;
  if (period <= 0) return true;
  const most = Math.floor(window / period);
  if (most < minSamples) {
    report({
      path,
      message: `a window of ${formatDuration(window)} never holds ${minSamples} readings that come every ${formatDuration(period)}: it could never raise`,
      hint: "make the window longer",
    });
    return false;
  }
  if (most > MOST_READINGS) {
    report({
      path,
      message: `a window of ${formatDuration(window)} holds ${most} readings that come every ${formatDuration(period)}; there is room for ${MOST_READINGS}`,
      hint: "make the window shorter or the period longer",
    });
    return false;
  }
  return true;
}
