import { z } from "zod";
import { BAD, GOOD, type Quality, REASON, type Reason, UNCERTAIN } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import { conversion } from "../../model/unit.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import type { Detail } from "../detail.ts";
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
  raising,
  type Sample,
  type Verdict,
  verdict,
} from "./condition.ts";
import { delayFields, gradedSchema, gradesOf, levelOf } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { excess } from "./span.ts";

/*
 * Guide values for short-term vibration, mm/s (DIN 4150-3, table 1 and the table of buried pipes). At or below them no damage is
 * to be expected; above them it may, and need not, come.
 */

/** Where the guide value of a foundation bends, Hz. */
const CORNERS = [10, 50, 100] as const;
/** At these corners, by building; below the first as at the first, above the last as at the last, in between on straight lines. */
const FOUNDATION = {
  industrial: [20, 40, 50],
  residential: [5, 15, 20],
  sensitive: [3, 8, 10],
} as const;
/** Horizontal, in the plane of the topmost ceiling, at any frequency. */
const TOP_FLOOR = { industrial: 40, residential: 15, sensitive: 8 } as const;
/** On a buried pipe, at any frequency. */
const PIPES = { steel: 100, concrete: 80, masonry: 50, plastic: 50 } as const;

const share = z
  .number()
  .positive()
  .max(10)
  .meta({
    description: "Share of the guide value: 1 is the standard's, less is the site's early warning.",
    examples: [1],
  });

const shareSchema = z
  .union([share, z.strictObject({ share, ...delayFields })])
  .transform((level) => (typeof level === "number" ? { share: level } : level));

/** Raises when vibration may damage a building. */
export const buildingVibrationSchema = z
  .strictObject({
    building: z
      .enum(["industrial", "residential", "sensitive"])
      .optional()
      .meta({
        description:
          "Kind of building. `industrial`: L1, industrial and alike; `residential`: L2, dwellings and alike; `sensitive`: L3, listed and especially sensitive ones.",
        examples: ["residential"],
      }),
    place: z.enum(["foundation", "topFloor"]).default("foundation").meta({
      description:
        "Where it is measured: at the foundation (the guide value depends on the frequency), or horizontally on the top floor.",
    }),
    pipe: z
      .enum(["steel", "concrete", "masonry", "plastic"])
      .optional()
      .meta({
        description: "A buried pipe of this material, in place of a building.",
        examples: ["plastic"],
      }),
    frequency: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "Channel of the same device that gives the frequency of the peak, by its id; for a foundation. A peak is judged with the frequency of the same message.",
        examples: ["frequency"],
      }),
    above: gradedSchema(shareSchema, "Shares of the guide value that raise.").prefault({ red: 1 }),
  })
  .refine((o) => (o.building === undefined) !== (o.pipe === undefined), {
    message: "give building or pipe, one of them",
  })
  .refine((o) => o.pipe === undefined || o.place === "foundation", {
    message: "a pipe has no top floor",
  })
  .refine((o) => needsFrequency(o) === (o.frequency !== undefined), {
    message: "give frequency for a foundation, and only there: all other guide values hold at any frequency",
  })
  .meta({
    description:
      "Raises when the peak velocity of short-term vibration reaches the guide value of DIN 4150-3, which for a foundation depends on the frequency.",
    examples: [{ building: "residential", frequency: "frequency", above: { yellow: 0.7, red: 1 } }],
  });
export type BuildingVibrationOptions = z.output<typeof buildingVibrationSchema>;

function needsFrequency({ pipe, place }: { pipe?: string | undefined; place: string }): boolean {
  return pipe === undefined && place === "foundation";
}

/** One level: which part of the guide value raises it. */
interface Share extends Level {
  readonly share: number;
}

/** Guide value in mm/s at a frequency in Hz; NaN: it is not known, so that the smallest stands. */
type GuideValue = (frequency: number) => number;

/** The guide value at the foundation of a building. */
function foundation(corners: readonly [number, number, number]): GuideValue {
  return (frequency) => {
    for (let i = 1; i < CORNERS.length; i++) {
      const [from, to] = [CORNERS[i - 1]!, CORNERS[i]!];
      if (!(frequency > from)) return corners[i - 1]!;
      if (frequency <= to) {
        return corners[i - 1]! + ((corners[i]! - corners[i - 1]!) * (frequency - from)) / (to - from);
      }
    }
    return corners[2];
  };
}

/**
 * Compiles `buildingVibration` for a channel of peak velocities and the one of their frequencies, where one is needed. Reports
 * what cannot work and then gives undefined.
 */
export function compileBuildingVibration(
  options: BuildingVibrationOptions,
  context: ConditionContext,
  frequency: Channel | undefined,
): CompiledCondition | undefined {
  const { channel } = context;
  if (channel.quantity !== "vibration_peak_velocity") {
    context.report({
      path: [],
      message: `guide values of DIN 4150-3 are those of a peak velocity; ${channel.quantity} is none`,
      hint: "narrow `applies` to `quantity: vibration_peak_velocity`",
    });
    return undefined;
  }
  if (frequency !== undefined && frequency.quantity !== "frequency") {
    context.report({
      path: ["frequency"],
      message: `${frequency.key} gives ${frequency.quantity}, not a frequency`,
    });
    return undefined;
  }
  const scaling = limitConversion(context);
  if (scaling === undefined) return undefined;
  const guide = guideOf(options);
  const shares = sharesOf(options, context);
  const deadband = context.deadband * scaling.scale;
  const least = guide(Number.NaN);
  const smallest = least * (shares?.[0]?.share ?? 0);
  if (shares !== undefined && deadband >= smallest) {
    context.report({
      path: [],
      message: `with a deadband of ${deadband} mm/s it could never clear: the smallest limit is ${rounded(smallest)} mm/s`,
      hint: "make the deadband smaller",
    });
    return undefined;
  }
  const most = channel.range?.high ?? Number.POSITIVE_INFINITY;
  const beyond = shares?.find((one) => least * one.share > most);
  if (beyond !== undefined) {
    context.report({
      path: ["above", beyond.severity],
      message: `${rounded(least * beyond.share)} mm/s is beyond the measuring range of ${most} mm/s: it could never raise`,
    });
    return undefined;
  }
  if (shares === undefined) return undefined;
  const toChannel = conversion("mm/s", channel.unit).scale;
  const plan: BuildingVibrationPlan = {
    shares,
    guide: (hertz) => guide(hertz) * toChannel,
    deadband,
    peak: channel.index,
    frequency: frequency?.index,
  };
  return {
    levels: shares,
    create: () => new BuildingVibration(plan),
    measure: () => ({ of: "buildingVibration", window: 0, unit: channel.unit, side: "above" }),
  };
}

function guideOf({ building, place, pipe }: BuildingVibrationOptions): GuideValue {
  if (building !== undefined && place === "foundation") return foundation(FOUNDATION[building]);
  const fixed = building === undefined ? PIPES[pipe ?? "plastic"] : TOP_FLOOR[building];
  return () => fixed;
}

function sharesOf(options: BuildingVibrationOptions, context: ConditionContext): Share[] | undefined {
  let sound = true;
  const shares: Share[] = [];
  for (const { severity, options: level } of gradesOf(options.above)) {
    const before = shares.at(-1);
    const delays = levelOf(severity, level, context);
    if (
      before !== undefined &&
      (level.share < before.share || (level.share === before.share && delays.onDelay <= before.onDelay))
    ) {
      sound = false;
      context.report({
        path: ["above", severity],
        message: `${severity} is reached no later than ${before.severity}: the levels stand the wrong way round`,
      });
    }
    shares.push({ ...delays, share: level.share });
  }
  return sound ? shares : undefined;
}

/** A frequency that comes in a message of its own comes by then; a peak waits no longer to be judged. */
const FREQUENCY_WITHIN: Micros = 10 * SECOND;

interface BuildingVibrationPlan {
  readonly shares: readonly Share[];
  readonly guide: GuideValue;
  readonly deadband: number;
  readonly peak: ChannelIndex;
  /** Undefined: the guide value does not depend on it. */
  readonly frequency: ChannelIndex | undefined;
}

/** JSON-safe. */
interface BuildingVibrationState {
  readonly peak: PackedNumber;
  readonly peakTime: PackedNumber;
  readonly peakGood: boolean;
  readonly waits: boolean;
  readonly due: PackedNumber;
  readonly frequency: PackedNumber;
  readonly frequencyTime: PackedNumber;
  readonly judged: PackedNumber;
  readonly reason: Reason;
}

/**
 * A peak with the frequency of the same instant. Where the frequency is missing or bad, the smallest guide value stands: then the
 * peak may raise as uncertain, and clears only where it would at any frequency.
 */
class BuildingVibration implements Condition, ConditionMemory {
  readonly levels: readonly Share[];
  readonly memory = this;
  readonly ages = true;
  readonly #plan: BuildingVibrationPlan;
  #peak = Number.NaN;
  #peakTime = Number.NaN;
  #peakGood = false;
  /** The peak waits for its frequency, which comes behind it in the message. */
  #waits = false;
  /** When it waits no longer. */
  #due: Micros = NEVER;
  /** The peak that the last verdict is about. */
  #shown = Number.NaN;
  /** NaN: it is not known. */
  #frequency = Number.NaN;
  #frequencyTime = Number.NaN;
  /** What the last peak was judged with, Hz; NaN: without. */
  #judged = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(plan: BuildingVibrationPlan) {
    this.#plan = plan;
    this.levels = plan.shares;
  }

  judge(sample: Sample): Verdict {
    return sample.channel === this.#plan.peak ? this.#judgePeak(sample) : this.#hearFrequency(sample);
  }

  #judgePeak({ value, quality, reason, time, received }: Sample): Verdict {
    const waited = this.#waits;
    // The one before never got its frequency, and must not be forgotten over this one.
    const missed = waited ? this.#compareWithout() : NO_VERDICT;
    const before = this.#peak;
    this.#rest();
    this.#reason = reason;
    if (value === Number.POSITIVE_INFINITY || reason === REASON.over_range) {
      this.#peak = value;
      this.#shown = value;
      this.#judged = Number.NaN;
      return excess((1 << this.levels.length) - 1);
    }
    if (quality === BAD || !Number.isFinite(value)) return raising(missed) === 0 ? NO_VERDICT : missed;
    this.#peak = value;
    this.#peakTime = time;
    this.#peakGood = quality === GOOD;
    let own: Verdict = NOTHING_NEW;
    if (this.#plan.frequency === undefined || this.#frequencyTime === time) own = this.#compare();
    else {
      this.#waits = true;
      this.#due = received + FREQUENCY_WITHIN;
      // It is in the same message, or it does not come at all; twice without is once too often.
      if (waited) own = this.#compareWithout();
    }
    if (own === NOTHING_NEW || (raising(missed) & ~raising(own)) === 0) return own;
    this.#shown = before;
    this.#judged = Number.NaN;
    this.#reason = REASON.uncertain;
    return verdict(raising(missed) | raising(own), 0, UNCERTAIN);
  }

  #rest(): void {
    this.#waits = false;
    this.#due = NEVER;
  }

  #hearFrequency({ value, quality, time }: Sample): Verdict {
    this.#frequency = quality === GOOD && Number.isFinite(value) && value > 0 ? value : Number.NaN;
    this.#frequencyTime = time;
    if (!this.#waits || this.#peakTime !== time) return NOTHING_NEW;
    this.#rest();
    return this.#compare();
  }

  #compare(): Verdict {
    if (this.#plan.frequency !== undefined && Number.isNaN(this.#frequency)) return this.#compareWithout();
    this.#judged = this.#frequency;
    return this.#graded(this.#peakGood ? GOOD : UNCERTAIN);
  }

  #compareWithout(): Verdict {
    this.#judged = Number.NaN;
    return this.#graded(UNCERTAIN);
  }

  #graded(quality: Quality): Verdict {
    const { deadband, guide } = this.#plan;
    this.#shown = this.#peak;
    const limit = guide(this.#judged);
    let raise = 0;
    let clear = 0;
    for (let i = 0; i < this.levels.length; i++) {
      const own = rounded(limit * this.levels[i]!.share);
      if (this.#peak >= own) raise |= 1 << i;
      else if (this.#peak < own - deadband) clear |= 1 << i;
    }
    // What is below the smallest guide value is below all of them.
    const certain = raise === 0 && this.#peakGood;
    if (!certain && this.#peakGood && quality !== GOOD) this.#reason = REASON.uncertain;
    return verdict(raise, clear, certain ? GOOD : quality);
  }

  /** A peak whose frequency never came is judged without. */
  silent(channel: ChannelIndex): Verdict {
    if (channel !== this.#plan.peak) return NOTHING_NEW;
    if (!this.#waits) return NO_VERDICT;
    this.#rest();
    const judged = this.#compareWithout();
    return raising(judged) === 0 ? NO_VERDICT : judged;
  }

  reason(): Reason {
    return this.#reason;
  }

  value(): number {
    return this.#shown;
  }

  detail(): Detail | undefined {
    return Number.isNaN(this.#judged) ? undefined : { kind: "frequency", hertz: this.#judged };
  }

  limit(level: number): number {
    const one = this.levels[level];
    return one === undefined ? Number.NaN : rounded(this.#plan.guide(this.#judged) * one.share);
  }

  get deadline(): Micros {
    return this.#due;
  }

  /** The frequency has not come: it never will. */
  age(): Verdict | undefined {
    if (!this.#waits) return undefined;
    this.#rest();
    return this.#compareWithout();
  }

  interrupt(): void {}

  state(): BuildingVibrationState | undefined {
    if (Number.isNaN(this.#peakTime) && Number.isNaN(this.#frequencyTime)) return undefined;
    return {
      peak: pack(this.#peak),
      peakTime: pack(this.#peakTime),
      peakGood: this.#peakGood,
      waits: this.#waits,
      due: pack(this.#due),
      frequency: pack(this.#frequency),
      frequencyTime: pack(this.#frequencyTime),
      judged: pack(this.#judged),
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as BuildingVibrationState;
    this.#peak = unpack(known.peak);
    this.#peakTime = unpack(known.peakTime);
    this.#peakGood = known.peakGood;
    this.#waits = known.waits;
    this.#due = unpack(known.due);
    this.#shown = this.#peak;
    this.#frequency = unpack(known.frequency);
    this.#frequencyTime = unpack(known.frequencyTime);
    this.#judged = unpack(known.judged);
    this.#reason = known.reason;
  }
}
