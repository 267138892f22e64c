import { z } from "zod";
import { BAD, GOOD, type Quality, REASON, type Reason, UNCERTAIN } from "../../model/quality.ts";
import type { Quantity } from "../../model/quantity.ts";
import { durationSchema } from "../../model/schema.ts";
import { formatDuration, MILLISECOND, type Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { NEVER } from "../timer-queue.ts";
import { rounded } from "../window/compensated-sum.ts";
import { MovingPower, type MovingPowerState } from "../window/moving-power.ts";
import { MOST_READINGS } from "../window/ring.ts";
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
} from "./condition.ts";
import { delayFields, gradedSchema, gradesOf, levelOf } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { excess } from "./span.ts";
import { checkNumeric, checkPeriodic, coverageFields } from "./window-options.ts";

/** A waveform has at least 100 samples a second: slower ones have lost what a trigger looks for. */
const SLOWEST_PERIOD: Micros = 10 * MILLISECOND;
/** Periods that a sample stands for at most: one that is missing here and there is no gap. */
const GAP_PERIODS = 3;

/** What an instrument has summed up already is no waveform any more, however often it is read. */
const SUMMED_UP: ReadonlySet<Quantity> = new Set<Quantity>([
  "vibration_velocity",
  "vibration_peak_velocity",
  "vibration_displacement",
  "sound_level",
]);

const on = z
  .number()
  .positive()
  .meta({ description: "Ratio that raises.", examples: [4] });

const triggerSchema = z
  .union([
    on,
    z.strictObject({
      on,
      off: z
        .number()
        .positive()
        .optional()
        .meta({ description: "Replaces `off` for this level.", examples: [2] }),
      ...delayFields,
    }),
  ])
  .transform((level) => (typeof level === "number" ? { on: level } : level));

/** Raises when a waveform suddenly carries more energy. */
export const staLtaSchema = z
  .strictObject({
    sta: durationSchema({ min: "50ms", max: "60s" })
      .prefault("3s")
      .meta({ description: "Short window, whose mean square is compared.", examples: ["1s"] }),
    lta: durationSchema({ min: "1s", max: "30m" })
      .prefault("30s")
      .meta({
        description: "Long window, whose mean square it is compared with. Its mean is taken off both.",
        examples: ["30s"],
      }),
    above: gradedSchema(triggerSchema, "Ratio of the mean squares (STA/LTA) that raises; usually 3 to 8."),
    off: z
      .number()
      .positive()
      .default(1.5)
      .meta({ description: "Ratio at or below which a level clears; usually 1.5 to 5.", examples: [1.5] }),
    freeze: z.boolean().default(true).meta({
      description:
        "Holds the long window as it was while the lowest level is triggered, so that the event does not become its own background.",
    }),
    freezeAtMost: durationSchema({ min: "1s", max: "1d" })
      .optional()
      .meta({
        description:
          "Longest time it is held; then what goes on becomes the background (a machine that was switched on beside it). Default: as long as the trigger lasts.",
        examples: ["10m"],
      }),
    floor: z
      .number()
      .nonnegative()
      .default(0)
      .meta({
        description:
          "Noise of the instrument, rms in the rule's unit: the long window counts as no quieter. Keeps a perfectly quiet place from triggering on a digit.",
        examples: [0.002],
      }),
    minCoverage: coverageFields.minCoverage.meta({
      description: "Share of both windows that samples must stand for; below it there is no value.",
    }),
  })
  .refine((o) => o.sta < o.lta, { message: "sta must be shorter than lta" })
  .meta({
    description:
      "Raises when the energy of a waveform of at least 100 samples a second rises suddenly above its background (STA/LTA trigger): rockfall, blasting, an earthquake. No value until the long window is full, and again after a gap longer than it.",
    examples: [{ sta: "1s", lta: "30s", above: { orange: 4 }, off: 1.5 }],
  });
export type StaLtaOptions = z.output<typeof staLtaSchema>;

/** One level of the trigger. */
interface Trigger extends Level {
  readonly on: number;
  readonly off: number;
}

/** Compiles `staLta`. Reports what cannot work and then gives undefined. */
export function compileStaLta(
  options: StaLtaOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  if (!checkNumeric(context) || !checkWaveform(options, context)) return undefined;
  const conversion = limitConversion(context);
  const triggers = triggersOf(options, context);
  if (conversion === undefined || triggers === undefined) return undefined;
  const { sta, lta, freeze } = options;
  const floor = options.floor * conversion.scale;
  const plan: StaLtaPlan = {
    triggers,
    sta,
    lta,
    freezeAtMost: freeze ? (options.freezeAtMost ?? Number.POSITIVE_INFINITY) : 0,
    floorPower: floor * floor,
    minCoverage: options.minCoverage,
    maxGap: context.channel.period * GAP_PERIODS,
    ends: context.channel.range ?? { low: Number.NaN, high: Number.NaN },
  };
  return {
    levels: triggers,
    create: () => new StaLta(plan),
    measure: () => ({ of: "staLta", window: sta, unit: "1", side: "above" }),
  };
}

/** Reports a channel that carries no waveform, or one that has no room. */
function checkWaveform({ sta, lta, minCoverage }: StaLtaOptions, context: ConditionContext): boolean {
  const { channel } = context;
  const refuse = (path: string[], message: string, hint: string): false => {
    context.report({ path, message, hint });
    return false;
  };
  if (SUMMED_UP.has(channel.quantity)) {
    return refuse(
      [],
      `${channel.quantity} is summed up by the instrument: there is no waveform left in it to trigger on`,
      "use `above`, `machineZones` or `buildingVibration` for it; STA/LTA wants the samples themselves",
    );
  }
  if (!checkPeriodic(context, "a waveform has a sample every few milliseconds")) return false;
  if (channel.period <= 0) {
    return refuse(
      [],
      "nobody has said how often a sample comes: STA/LTA wants at least 100 a second",
      "give the channel its period, for example `period: 10ms`",
    );
  }
  if (channel.period > SLOWEST_PERIOD) {
    return refuse(
      [],
      `a sample every ${formatDuration(channel.period)} is no waveform: STA/LTA wants at least 100 a second`,
      "use `window` or `rate` for slow channels",
    );
  }
  const most = Math.ceil(lta / channel.period);
  if (most > MOST_READINGS) {
    return refuse(
      ["lta"],
      `a window of ${formatDuration(lta)} holds ${most} samples that come every ${formatDuration(channel.period)}; there is room for ${MOST_READINGS}`,
      "make lta shorter",
    );
  }
  // Between the first and the last sample of a window one period is missing.
  if ((sta - channel.period) / sta < minCoverage) {
    return refuse(
      ["sta"],
      `in ${formatDuration(sta)} there are too few samples that come every ${formatDuration(channel.period)}`,
      "make sta longer",
    );
  }
  return true;
}

function triggersOf(options: StaLtaOptions, context: ConditionContext): Trigger[] | undefined {
  let sound = true;
  const report = (path: string[], message: string, hint?: string) => {
    sound = false;
    context.report({ path, message, ...(hint === undefined ? {} : { hint }) });
  };
  if (context.deadband > 0) {
    report([], "a ratio has no deadband: `off` says at which ratio it clears", "leave `deadband` out");
  }
  // When all else was still, both windows hold the same energy: the ratio is that of their lengths at most, until the long one is
  // held.
  const most = options.lta / options.sta;
  const triggers: Trigger[] = [];
  for (const { severity, options: level } of gradesOf(options.above)) {
    const off = level.off ?? options.off;
    const path = ["above", severity];
    const before = triggers.at(-1);
    if (off >= level.on) {
      report(path, `it clears at ${off}, which is not below the ${level.on} that it raises at`);
    } else if (level.on >= most && (before === undefined || !options.freeze)) {
      report(
        path,
        `a ratio of ${level.on} is never reached: sta is part of lta, so that ${most} is the greatest there is`,
        "make lta longer or sta shorter",
      );
    }
    const delays = levelOf(severity, level, context);
    if (
      before !== undefined &&
      (level.on < before.on || (level.on === before.on && delays.onDelay <= before.onDelay))
    ) {
      report(
        path,
        `${severity} is reached no later than ${before.severity}: the levels stand the wrong way round`,
      );
    } else if (before !== undefined && off < before.off) {
      report(path, `${before.severity} would clear before ${severity}: its off is higher`);
    }
    triggers.push({ ...delays, on: level.on, off });
  }
  return sound ? triggers : undefined;
}

interface StaLtaPlan {
  readonly triggers: readonly Trigger[];
  readonly sta: Micros;
  readonly lta: Micros;
  /** 0: the long window is never held. */
  readonly freezeAtMost: Micros;
  readonly floorPower: number;
  readonly minCoverage: number;
  readonly maxGap: Micros;
  /** What a sample beyond the range counts as; NaN: nobody stated a range. */
  readonly ends: { readonly low: number; readonly high: number };
}

/** JSON-safe. */
interface StaLtaState {
  readonly edition: string;
  readonly short: MovingPowerState;
  readonly long: MovingPowerState;
  readonly begin: PackedNumber;
  readonly last: PackedNumber;
  readonly held: Micros;
  readonly triggered: boolean;
  readonly frozenSince: PackedNumber;
  readonly mean: PackedNumber;
  readonly power: PackedNumber;
  readonly doubtful: PackedNumber;
  readonly ratio: PackedNumber;
  readonly reason: Reason;
}

/**
 * Mean square of the short window over that of the long one, both about the mean of the long one (classic STA/LTA: Allen 1978).
 * The windows are spans of time held as samples, not recursive filters: a lost packet then counts as what it is, the ratio is the
 * one that the definition gives, and a replay gives it again to the last bit.
 */
class StaLta implements Condition, ConditionMemory {
  readonly levels: readonly Trigger[];
  readonly memory = this;
  readonly ages = false;
  readonly deadline = NEVER;
  readonly #plan: StaLtaPlan;
  readonly #edition: string;
  readonly #short: MovingPower;
  /** Dated by the time that it was not held, so that what came while it was held is not in it. */
  readonly #long: MovingPower;
  /** First sample since the last long gap; NaN: none. */
  #begin = Number.NaN;
  #last = Number.NaN;
  /** For how long the long window was held in all, µs. */
  #held: Micros = 0;
  #triggered = false;
  /** NaN: it is not held. */
  #frozenSince = Number.NaN;
  /** Of the long window, as they were when it was held, or are. */
  #mean = Number.NaN;
  #power = Number.NaN;
  /** Time of the last sample that was uncertain. */
  #doubtful = Number.NEGATIVE_INFINITY;
  #ratio = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(plan: StaLtaPlan) {
    this.#plan = plan;
    this.levels = plan.triggers;
    const { sta, lta, maxGap } = plan;
    this.#edition = JSON.stringify(["staLta", sta, lta, plan.freezeAtMost > 0]);
    this.#short = new MovingPower({ span: sta, maxGap, most: MOST_READINGS });
    this.#long = new MovingPower({ span: lta, maxGap, most: MOST_READINGS });
  }

  judge(sample: Sample): Verdict {
    const { reason, time } = sample;
    let { value, quality } = sample;
    const over = value === Number.POSITIVE_INFINITY || reason === REASON.over_range;
    const under = value === Number.NEGATIVE_INFINITY || reason === REASON.under_range;
    this.#reason = reason;
    if (over || under) {
      // Motion beyond the range is motion, whichever way (semantics.md 9).
      if (!Number.isFinite(value)) value = over ? this.#plan.ends.high : this.#plan.ends.low;
      if (!Number.isFinite(value)) {
        this.#ratio = Number.POSITIVE_INFINITY;
        return excess((1 << this.levels.length) - 1);
      }
      quality = UNCERTAIN;
    } else if (quality === BAD || Number.isNaN(value)) return NO_VERDICT;
    if (quality !== GOOD) this.#doubtful = time;
    this.#take(time, value);
    this.#ratio = this.#compare(time);
    if (Number.isNaN(this.#ratio)) return NO_VERDICT;
    this.#trigger(time);
    return this.#graded(time - this.#doubtful < this.#plan.sta ? UNCERTAIN : GOOD);
  }

  #take(time: Micros, value: number): void {
    const { lta, freezeAtMost } = this.#plan;
    if (time < this.#last) this.#shift(time - this.#last);
    // After a long gap nobody knows what the background is.
    if (!(time - this.#last <= lta)) this.#forget(time);
    this.#last = time;
    if (time - this.#frozenSince >= freezeAtMost) this.#thaw(time);
    this.#short.enter(time, value);
    if (Number.isNaN(this.#frozenSince)) this.#long.enter(time - this.#held, value);
  }

  #compare(time: Micros): number {
    const { lta, minCoverage, floorPower } = this.#plan;
    if (time - this.#begin < lta || this.#short.coverage < minCoverage) return Number.NaN;
    if (Number.isNaN(this.#frozenSince)) {
      if (this.#long.coverage < minCoverage) return Number.NaN;
      this.#mean = this.#long.mean;
      this.#power = this.#long.power(this.#mean);
    }
    const background = Math.max(this.#power, floorPower);
    // Without any noise there is nothing to compare with: an instrument that stands still is a matter of `stuck`.
    return background > 0 ? rounded(this.#short.power(this.#mean) / background) : Number.NaN;
  }

  #trigger(time: Micros): void {
    const lowest = this.levels[0]!;
    if (!this.#triggered) {
      if (this.#ratio < lowest.on) return;
      this.#triggered = true;
      if (this.#plan.freezeAtMost > 0) this.#frozenSince = time;
    } else if (this.#ratio <= lowest.off) {
      this.#triggered = false;
      this.#thaw(time);
    }
  }

  #thaw(time: Micros): void {
    if (Number.isNaN(this.#frozenSince)) return;
    this.#held += time - this.#frozenSince;
    this.#frozenSince = Number.NaN;
  }

  #graded(quality: Quality): Verdict {
    let raise = 0;
    let clear = 0;
    for (let i = 0; i < this.levels.length; i++) {
      const { on: raises, off } = this.levels[i]!;
      if (this.#ratio >= raises) raise |= 1 << i;
      else if (this.#ratio <= off) clear |= 1 << i;
    }
    return verdict(raise, clear, quality);
  }

  /** The clock that samples are dated by was set back: what is known keeps its distance to now. */
  #shift(by: Micros): void {
    this.#short.shift(by);
    this.#long.shift(by);
    this.#begin += by;
    this.#frozenSince += by;
    this.#doubtful += by;
    this.#last += by;
  }

  #forget(begin: Micros): void {
    this.#short.clear();
    this.#long.clear();
    this.#begin = begin;
    this.#held = 0;
    this.#triggered = false;
    this.#frozenSince = Number.NaN;
  }

  reason(): Reason {
    return this.#reason;
  }

  value(): number {
    return this.#ratio;
  }

  limit(level: number): number {
    return this.levels[level]?.on ?? Number.NaN;
  }

  age(): undefined {}

  interrupt(): void {}

  state(): StaLtaState | undefined {
    if (Number.isNaN(this.#last)) return undefined;
    return {
      edition: this.#edition,
      short: this.#short.state(),
      long: this.#long.state(),
      begin: pack(this.#begin),
      last: pack(this.#last),
      held: this.#held,
      triggered: this.#triggered,
      frozenSince: pack(this.#frozenSince),
      mean: pack(this.#mean),
      power: pack(this.#power),
      doubtful: pack(this.#doubtful),
      ratio: pack(this.#ratio),
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as StaLtaState;
    if (known.edition !== this.#edition) return;
    this.#short.restore(known.short);
    this.#long.restore(known.long);
    this.#begin = unpack(known.begin);
    this.#last = unpack(known.last);
    this.#held = known.held;
    this.#triggered = known.triggered;
    this.#frozenSince = unpack(known.frozenSince);
    this.#mean = unpack(known.mean);
    this.#power = unpack(known.power);
    this.#doubtful = unpack(known.doubtful);
    this.#ratio = unpack(known.ratio);
    this.#reason = known.reason;
  }
}
