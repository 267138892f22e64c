import { z } from "zod";
import { GOOD, type Reason } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import { durationSchema } from "../../model/schema.ts";
import { formatDuration, type Micros, SECOND } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import type { World } from "../circumstance/world.ts";
import { NEVER } from "../timer-queue.ts";
import { type CompiledOnSeveral, inOrder, NOWHERE } from "./combination.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type ConditionMemory,
  type Level,
  NOTHING_NEW,
  type Sample,
  type Verdict,
  verdict,
  withUnknown,
} from "./condition.ts";
import { gradedSchema, gradesOf, levelOf } from "./level.ts";
import { compileTerm, type TermContext } from "./terms/compile-term.ts";
import { channelsOf, implies, outsideOf, type TermPlan } from "./terms/plan.ts";
import { termSchema } from "./terms/term.ts";
import { TermSet, type TermSetState } from "./terms/term-set.ts";
import { holds, isOver, mayHold, type Truth } from "./terms/truth.ts";
import { LONGEST_WINDOW } from "./window-options.ts";

/** Longest time between two things that still have to do with each other; as long as the longest window. */
const LONGEST_SEQUENCE = LONGEST_WINDOW;

/** Raises when one thing follows another in time. */
export const sequenceSchema = z
  .strictObject({
    first: termSchema.meta({ description: "What comes first." }),
    next: gradedSchema(termSchema, "What follows: of each level its own."),
    within: durationSchema({ min: "1s", max: LONGEST_SEQUENCE }).meta({
      description: "How long after the first it may begin, the end included.",
      examples: ["10m"],
    }),
    counts: z.enum(["begin", "end"]).default("begin").meta({
      description: "From when the time counts: from where the first begins to hold, or from where it ends.",
    }),
    reset: termSchema.optional().meta({
      description: "While this holds nothing is waited for, and what stood is over.",
    }),
  })
  .meta({ description: "Raises when one thing follows another within a time (A within T after B)." });
export type SequenceOptions = z.output<typeof sequenceSchema>;

/** Compiles `sequence`. Reports what cannot work and then gives undefined. */
export function compileSequence(
  options: SequenceOptions,
  context: TermContext,
  delays: ConditionContext,
): CompiledOnSeveral | undefined {
  const first = compileTerm(options.first, ["first"], context);
  const reset = options.reset === undefined ? undefined : compileTerm(options.reset, ["reset"], context);
  let sound = first !== undefined && (options.reset === undefined || reset !== undefined);
  const levels: Level[] = [];
  const next: TermPlan[] = [];
  for (const { severity, options: term } of gradesOf(options.next)) {
    const compiled = compileTerm(term, ["next", severity], context);
    if (compiled === undefined) {
      sound = false;
      continue;
    }
    levels.push(levelOf(severity, {}, delays));
    next.push(compiled);
    if (
      !followsInTime(compiled, options.within, (message) => context.report({ path: ["within"], message }))
    ) {
      sound = false;
    }
    if (first !== undefined && implies(first, compiled) && implies(compiled, first)) {
      sound = false;
      context.report({ path: ["next", severity], message: "this is what comes first: nothing follows it" });
    }
    if (reset !== undefined && implies(compiled, reset)) {
      sound = false;
      context.report({
        path: ["reset"],
        message: `it resets whenever ${severity} would be reached: that could never raise`,
      });
    }
  }
  if (first === undefined || !sound || !inOrder(next, levels, context, ["next"])) return undefined;
  const plan = { levels, first, next, reset, within: options.within, from: options.counts };
  const channels = channelsOf(termsOf(plan));
  if (channelsOf(next).length === 0) {
    context.report({
      path: ["next"],
      message: "what follows looks at no channel: calendars and the outside alone are no alarm",
    });
    return undefined;
  }
  return { condition: sequence(plan), channels };
}

/** Reports a time in which what follows is read by chance only. True when it is read in any case. */
function followsInTime(term: TermPlan, within: Micros, report: (message: string) => void): boolean {
  const sparse = channelsOf([term]).filter(
    ({ period, report: how }) => how === "periodic" && period > within,
  );
  const [first] = sparse;
  if (first === undefined) return true;
  report(
    `${first.key} is read every ${formatDuration(first.period)}: within ${formatDuration(within)} it would be seen by chance only`,
  );
  return false;
}

/** "A within T after B". */
interface SequencePlan {
  readonly levels: readonly Level[];
  readonly first: TermPlan;
  /** By level. */
  readonly next: readonly TermPlan[];
  readonly reset: TermPlan | undefined;
  readonly within: Micros;
  /** Whether the time counts from when the first began to hold, or from when it was seen to hold no more. */
  readonly from: "begin" | "end";
}

function sequence(plan: SequencePlan): CompiledCondition {
  const outside = outsideOf(termsOf(plan));
  return {
    levels: plan.levels,
    create: (world) => new Sequence(plan, world ?? NOWHERE),
    ...(outside.length === 0 ? {} : { outside }),
    measure: () => ({ of: "sequence", window: 0, unit: "s", side: "below" }),
  };
}

/** The first, those of the levels, the one that resets. */
function termsOf({ first, next, reset }: SequencePlan): TermPlan[] {
  return [first, ...next, ...(reset === undefined ? [] : [reset])];
}

const FIRST = 0;

/** JSON-safe. */
interface SequenceState {
  readonly terms: TermSetState;
  readonly firstHolds: boolean;
  readonly mark: PackedNumber;
  readonly since: readonly PackedNumber[];
  readonly after: readonly PackedNumber[];
  readonly triggered: number;
  readonly blind: number;
}

/**
 * Begins with the instant at which the first term is seen to hold; a level is triggered when its own term begins to hold then or
 * later, within the time. It raises as long as its term holds and clears when that is over, or with the reset. What a term says
 * only good data take back, so data that are missing end nothing; and a term of which nothing was known when the time ran
 * out counts as having begun in it if it is the next thing heard: doubt goes to the alarm.
 */
class Sequence implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = true;
  readonly #plan: SequencePlan;
  readonly #terms: TermSet;
  /** Of the reset among the terms; -1: there is none. */
  readonly #reset: number;
  #firstHolds = false;
  /** When the time began to count; NaN: nothing to wait for. */
  #mark = Number.NaN;
  /** When the term of each level began to hold; NaN: it does not. */
  readonly #since: Float64Array;
  /** How long after the first that was; NaN: nobody knows. */
  readonly #after: Float64Array;
  #triggered = 0;
  /** Levels of whose term nothing was known when the time ran out. */
  #blind = 0;

  constructor(plan: SequencePlan, world: World) {
    this.#plan = plan;
    this.levels = plan.levels;
    this.#terms = new TermSet(termsOf(plan), world);
    this.#reset = plan.reset === undefined ? -1 : plan.next.length + 1;
    this.#since = new Float64Array(plan.next.length).fill(Number.NaN);
    this.#after = new Float64Array(plan.next.length).fill(Number.NaN);
  }

  judge(sample: Sample): Verdict {
    if (!this.#terms.judge(sample)) return NOTHING_NEW;
    this.#step(sample.received);
    return this.#verdict();
  }

  restate(sample: Sample): Verdict {
    if (!this.#terms.restate(sample)) return NOTHING_NEW;
    this.#step(sample.received);
    return this.#verdict();
  }

  silent(channel: ChannelIndex, at: Micros): Verdict {
    this.#terms.silent(channel, at);
    this.#step(at);
    return this.#verdict();
  }

  get deadline(): Micros {
    return Math.min(this.#terms.deadline, this.#expiry);
  }

  age(at: Micros): Verdict | undefined {
    const before = this.#verdict();
    const aged = this.#terms.age(at);
    this.#step(at);
    const now = this.#verdict();
    return aged || now !== before ? now : undefined;
  }

  interrupt(at: Micros): void {
    this.#terms.interrupt(at);
  }

  reason(): Reason {
    return this.#terms.reason;
  }

  /** Seconds between the two. */
  value(level: number): number {
    return this.#after[level]! / SECOND;
  }

  limit(): number {
    return this.#plan.within / SECOND;
  }

  stands(level: number, by: "checkpoint" | "alarm-log"): void {
    if (by === "checkpoint" && !this.#untouched) return;
    // All levels below it stand with it.
    this.#triggered |= (1 << (level + 1)) - 1;
  }

  state(): SequenceState | undefined {
    if (this.#terms.idle && this.#untouched) return undefined;
    return {
      terms: this.#terms.state(),
      firstHolds: this.#firstHolds,
      mark: pack(this.#mark),
      since: Array.from(this.#since, pack),
      after: Array.from(this.#after, pack),
      triggered: this.#triggered,
      blind: this.#blind,
    };
  }

  restore(state: unknown): void {
    const known = state as SequenceState;
    if (!this.#terms.restore(known.terms)) return;
    this.#firstHolds = known.firstHolds;
    this.#mark = unpack(known.mark);
    this.#since.set(known.since.map(unpack));
    this.#after.set(known.after.map(unpack));
    this.#triggered = known.triggered;
    this.#blind = known.blind;
  }

  /** Nothing was seen yet. Of terms nothing may be known now, and what was seen of them before still counts. */
  get #untouched(): boolean {
    return (
      !this.#firstHolds &&
      Number.isNaN(this.#mark) &&
      this.#triggered === 0 &&
      this.#blind === 0 &&
      this.#since.every((since) => Number.isNaN(since)) &&
      this.#after.every((after) => Number.isNaN(after))
    );
  }

  /** The first instant that is too late; while the first still holds and its end counts, there is none yet. */
  get #expiry(): Micros {
    if (Number.isNaN(this.#mark) || this.#waitsForEnd) return NEVER;
    return this.#mark + this.#plan.within + 1;
  }

  get #waitsForEnd(): boolean {
    return this.#plan.from === "end" && this.#firstHolds;
  }

  /** Weighs the terms at an instant, in the order in which they count. */
  #step(now: Micros): void {
    if (now >= this.#expiry) this.#expire();
    this.#stepFirst(this.#terms.of(FIRST), now);
    for (let i = 0; i < this.#since.length; i++) this.#stepThen(i, now);
    if (this.#reset >= 0 && holds(this.#terms.of(this.#reset))) this.#forget();
  }

  #stepFirst(first: Truth, now: Micros): void {
    if (holds(first)) {
      if (!this.#firstHolds) this.#mark = now;
      this.#firstHolds = true;
    } else if (isOver(first) && this.#firstHolds) {
      if (this.#plan.from === "end" && !Number.isNaN(this.#mark)) this.#mark = now;
      this.#firstHolds = false;
    }
  }

  #stepThen(i: number, now: Micros): void {
    const bit = 1 << i;
    const truth = this.#terms.of(i + 1);
    if (holds(truth)) {
      const since = this.#since[i]!;
      const beginsNow = Number.isNaN(since) || since === now;
      if (Number.isNaN(since)) this.#since[i] = now;
      // In one instant it does not matter which was read first.
      const inTime = !Number.isNaN(this.#mark) && beginsNow;
      if (inTime && (this.#triggered & bit) === 0) {
        this.#triggered |= bit;
        this.#after[i] = this.#waitsForEnd ? 0 : now - this.#mark;
      } else if ((this.#blind & bit) !== 0 && (this.#triggered & bit) === 0) {
        this.#triggered |= bit;
        this.#after[i] = Number.NaN;
      }
      this.#blind &= ~bit;
    } else if (isOver(truth)) {
      this.#since[i] = Number.NaN;
      this.#triggered &= ~bit;
      this.#blind &= ~bit;
    }
  }

  #expire(): void {
    this.#mark = Number.NaN;
    for (let i = 0; i < this.#since.length; i++) {
      const truth = this.#terms.of(i + 1);
      if (Number.isNaN(this.#since[i]!) && !holds(truth) && mayHold(truth)) this.#blind |= 1 << i;
    }
  }

  #forget(): void {
    this.#mark = Number.NaN;
    this.#triggered = 0;
    this.#blind = 0;
  }

  #verdict(): Verdict {
    let raise = 0;
    let clear = 0;
    let doubtful = 0;
    const reset = this.#reset >= 0 && holds(this.#terms.of(this.#reset));
    const mayHaveBegun = !Number.isNaN(this.#mark) || mayHold(this.#terms.of(FIRST));
    for (let i = 0; i < this.levels.length; i++) {
      const bit = 1 << i;
      const truth = this.#terms.of(i + 1);
      if ((this.#triggered & bit) !== 0) {
        if (holds(truth)) raise |= bit;
        else if (isOver(truth)) clear |= bit;
        else if (mayHold(truth)) doubtful |= bit;
      } else if (!reset && mayHold(truth) && !holds(truth) && (mayHaveBegun || (this.#blind & bit) !== 0)) {
        doubtful |= bit;
      } else clear |= bit;
    }
    return withUnknown(verdict(raise, clear, GOOD), doubtful);
  }
}
