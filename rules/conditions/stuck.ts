import { z } from "zod";
import { BAD, GOOD, type Quality, qualityOf, REASON, type Reason, UNCERTAIN } from "../../model/quality.ts";
import { durationSchema } from "../../model/schema.ts";
import { formatDuration, HOUR, type Micros } from "../../model/time.ts";
import { NEVER } from "../timer-queue.ts";
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
import { gradedSchema, gradesOf, levelOf } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { checkNumeric, checkPeriodic, coverageFields, gapOf } from "./window-options.ts";

/** Fewer readings than this are no sign of anything. */
const LEAST_READINGS = 3;

/** Raises when a value does not change any more. */
export const stuckSchema = z
  .strictObject({
    tolerance: z
      .number()
      .nonnegative()
      .default(0)
      .meta({
        description: "All readings within this of each other count as unchanged, in the rule's unit.",
        examples: [0.001],
      }),
    maxGap: coverageFields.maxGap.meta({
      description:
        "After a longer silence nobody knows whether it changed: counting begins anew. Default: the stale time of the channel, else three periods.",
      examples: ["15m"],
    }),
    after: gradedSchema(
      durationSchema({ min: "1s", max: "31d" }),
      "How long the value must not have changed.",
    ),
  })
  .meta({
    description:
      "Raises when a value stands still as nothing real does (instrument health; class: fault): a float that hangs, a frozen register.",
    examples: [{ tolerance: 0.001, after: { yellow: "12h" } }],
  });
export type StuckOptions = z.output<typeof stuckSchema>;

/** Compiles `stuck`. Reports what cannot work and then gives undefined. */
export function compileStuck(
  options: StuckOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel } = context;
  if (
    !checkNumeric(context) ||
    !checkPeriodic(context, "that it says nothing means that nothing has changed")
  ) {
    return undefined;
  }
  const conversion = limitConversion(context);
  if (conversion === undefined) return undefined;
  const levels: Level[] = [];
  const after: Micros[] = [];
  let sound = true;
  const report = (severity: string, message: string) => {
    sound = false;
    context.report({ path: ["after", severity], message });
  };
  for (const { severity, options: span } of gradesOf(options.after)) {
    if (channel.period > 0 && span < channel.period * (LEAST_READINGS - 1)) {
      report(
        severity,
        `in ${formatDuration(span)} there are fewer than ${LEAST_READINGS} readings that come every ${formatDuration(channel.period)}`,
      );
    }
    const before = after.at(-1);
    if (before !== undefined && span <= before) {
      report(
        severity,
        `${severity} comes no later than the level before it: the levels stand the wrong way round`,
      );
    }
    levels.push(levelOf(severity, {}, context));
    after.push(span);
  }
  if (!sound) return undefined;
  const plan = {
    levels,
    after,
    tolerance: options.tolerance * conversion.scale,
    maxGap: gapOf(channel, { maxGap: options.maxGap, window: Number.MAX_SAFE_INTEGER }),
  };
  return {
    levels,
    create: () => new Stuck(plan),
    measure: () => ({ of: "stuck", window: 0, unit: "h", side: "above" }),
  };
}

interface StuckPlan {
  readonly levels: readonly Level[];
  readonly after: readonly Micros[];
  readonly tolerance: number;
  readonly maxGap: Micros;
}

/** JSON-safe. */
interface StuckState {
  readonly since: Micros;
  readonly last: Micros;
  readonly low: number;
  readonly high: number;
  readonly readings: number;
  readonly moved: boolean;
  readonly reason: Reason;
}

/** How long the readings have stayed within a tolerance of each other. */
class Stuck implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = false;
  readonly deadline = NEVER;
  readonly #plan: StuckPlan;
  /** Time of the first reading that has not been left since; NaN: none. */
  #since = Number.NaN;
  #last = Number.NaN;
  #low = 0;
  #high = 0;
  #readings = 0;
  /** Whether it began because the value changed, and not because something was missing. */
  #moved = false;
  #reason: Reason = REASON.good;

  constructor(plan: StuckPlan) {
    this.#plan = plan;
    this.levels = plan.levels;
  }

  judge(sample: Sample): Verdict {
    const { value, quality, time } = sample;
    if (quality === BAD || !Number.isFinite(value)) return NO_VERDICT;
    const { tolerance, maxGap, after } = this.#plan;
    const low = Math.min(this.#low, value);
    const high = Math.max(this.#high, value);
    const known = time >= this.#last && time - this.#last <= maxGap;
    const changed = high - low > tolerance;
    if (!known || changed) {
      // After a gap the value may still be what it was, which says nothing, or another, which says that it moves.
      this.#moved = changed && !Number.isNaN(this.#last);
      this.#since = time;
      this.#low = value;
      this.#high = value;
      this.#readings = 0;
    } else {
      this.#low = low;
      this.#high = high;
    }
    this.#last = time;
    this.#readings++;
    let raise = 0;
    for (let i = 0; i < after.length; i++) {
      if (this.#readings >= LEAST_READINGS && time - this.#since >= after[i]!) raise |= 1 << i;
    }
    this.#reason = raise === 0 || qualityOf(sample.reason) !== GOOD ? sample.reason : REASON.stuck;
    const clear = this.#moved ? ((1 << after.length) - 1) & ~raise : 0;
    return verdict(raise, clear, (quality === GOOD ? GOOD : UNCERTAIN) as Quality);
  }

  reason(): Reason {
    return this.#reason;
  }

  /** Hours. */
  value(): number {
    return (this.#last - this.#since) / HOUR;
  }

  limit(level: number): number {
    return (this.#plan.after[level] ?? Number.NaN) / HOUR;
  }

  age(): undefined {}

  interrupt(): void {}

  state(): StuckState | undefined {
    if (Number.isNaN(this.#last)) return undefined;
    return {
      since: this.#since,
      last: this.#last,
      low: this.#low,
      high: this.#high,
      readings: this.#readings,
      moved: this.#moved,
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as StuckState;
    this.#since = known.since;
    this.#last = known.last;
    this.#low = known.low;
    this.#high = known.high;
    this.#readings = known.readings;
    this.#moved = known.moved;
    this.#reason = known.reason;
  }
}
