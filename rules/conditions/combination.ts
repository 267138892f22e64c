import { z } from "zod";
import { GOOD, type Reason } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { World } from "../circumstance/world.ts";
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
import { type Graded, gradedSchema, gradesOf, levelOf } from "./level.ts";
import { compileJoined, compileTerm, type TermContext } from "./terms/compile-term.ts";
import { channelsOf, implies, outsideOf, type TermPlan } from "./terms/plan.ts";
import { MOST_JOINED, type TermOptions, termSchema } from "./terms/term.ts";
import { TermSet, type TermSetState } from "./terms/term-set.ts";
import { holds, isOver, mayHold } from "./terms/truth.ts";

const terms = z.array(termSchema).min(2).max(MOST_JOINED);

/** Raises while several things hold at the same time. */
export const allSchema = gradedSchema(terms, "Raises while all of these terms hold (all).");
/** Raises while one of several things holds. */
export const anySchema = gradedSchema(terms, "Raises while at least one of these terms holds (any).");
/** Raises while something does not hold. */
export const notSchema = gradedSchema(
  termSchema,
  "Raises while good data say that this term does not hold (not). What is unknown raises nothing.",
);

/** Options of the three, of which one is given. */
export interface CombinationOptions {
  readonly all?: Graded<readonly TermOptions[]> | undefined;
  readonly any?: Graded<readonly TermOptions[]> | undefined;
  readonly not?: Graded<TermOptions> | undefined;
}

/** What several levels are made of. */
interface CombinationPlan {
  readonly levels: readonly Level[];
  /** By level. */
  readonly terms: readonly TermPlan[];
}

/** A condition on several channels, and those. */
export interface CompiledOnSeveral {
  readonly condition: CompiledCondition;
  readonly channels: readonly Channel[];
}

/** Compiles `all`, `any` or `not`. Reports what cannot work and then gives undefined. */
export function compileCombination(
  { all, any, not }: CombinationOptions,
  context: TermContext,
  delays: ConditionContext,
): CompiledOnSeveral | undefined {
  const kind = all !== undefined ? "all" : "any";
  const graded: Graded<{ compile(path: string[]): TermPlan | undefined }> =
    not === undefined
      ? mapped(all ?? any ?? {}, (parts) => ({
          compile: (path) => compileJoined(kind, parts, { path, context }),
        }))
      : mapped(not, (term) => ({
          compile: (path) => {
            const of = compileTerm(term, path, context);
            return of === undefined ? undefined : { kind: "not", name: `not ${of.name}`, of: [of] };
          },
        }));
  return compileLevels(graded, context, delays);
}

/** Compiles a term for each level, and reports levels that could never be told apart. */
function compileLevels(
  graded: Graded<{ compile(path: string[]): TermPlan | undefined }>,
  context: TermContext,
  delays: ConditionContext,
): CompiledOnSeveral | undefined {
  const levels: Level[] = [];
  const compiled: TermPlan[] = [];
  let sound = true;
  for (const { severity, options } of gradesOf(graded)) {
    const term = options.compile([severity]);
    if (term === undefined) {
      sound = false;
      continue;
    }
    levels.push(levelOf(severity, {}, delays));
    compiled.push(term);
  }
  if (!sound || !inOrder(compiled, levels, context)) return undefined;
  const channels = channelsOf(compiled);
  if (channels.length === 0) {
    context.report({
      path: [],
      message: "it looks at no channel: calendars and the outside alone are no alarm",
    });
    return undefined;
  }
  return { condition: combination({ levels, terms: compiled }), channels };
}

/** Reports a level that holds whenever the one before it does. True when there is none. */
export function inOrder(
  terms: readonly TermPlan[],
  levels: readonly Level[],
  context: Pick<TermContext, "report">,
  path: readonly string[] = [],
): boolean {
  let sound = true;
  for (let i = 1; i < terms.length; i++) {
    if (!implies(terms[i - 1]!, terms[i]!)) continue;
    sound = false;
    const [lower, upper] = [levels[i - 1]!.severity, levels[i]!.severity];
    context.report({
      path: [...path, upper],
      message: `${upper} holds whenever ${lower} does: ${lower} could never be seen, or the levels stand the wrong way round`,
      hint: "from blue to red, each level asks for more than the one before",
    });
  }
  return sound;
}

function mapped<A, B>(graded: Graded<A>, map: (options: A) => B): Graded<B> {
  return Object.fromEntries(gradesOf(graded).map(({ severity, options }) => [severity, map(options)]));
}

function combination(plan: CombinationPlan): CompiledCondition {
  const outside = outsideOf(plan.terms);
  return {
    levels: plan.levels,
    create: (world) => new Combination(plan, world ?? NOWHERE),
    ...(outside.length === 0 ? {} : { outside }),
    measure: () => ({ of: "conditions", window: 0, unit: "1", side: "above" }),
  };
}

/** Of who only asks which way a condition looks. */
export const NOWHERE: World = {
  now: 0,
  outside: () => Number.NaN,
  outsideUntil: () => Number.POSITIVE_INFINITY,
};

/** Raises while the term of a level holds, whatever is not known, and clears when good data say that it is over. */
class Combination implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages: boolean;
  readonly #plan: CombinationPlan;
  readonly #terms: TermSet;

  constructor(plan: CombinationPlan, world: World) {
    this.#plan = plan;
    this.levels = plan.levels;
    this.#terms = new TermSet(plan.terms, world);
    this.ages = this.#terms.ages;
  }

  judge(sample: Sample): Verdict {
    return this.#terms.judge(sample) ? this.#verdict() : NOTHING_NEW;
  }

  restate(sample: Sample): Verdict {
    return this.#terms.restate(sample) ? this.#verdict() : NOTHING_NEW;
  }

  silent(channel: ChannelIndex, at: Micros): Verdict {
    this.#terms.silent(channel, at);
    return this.#verdict();
  }

  get deadline(): Micros {
    return this.#terms.deadline;
  }

  age(at: Micros): Verdict | undefined {
    const before = this.#verdict();
    const aged = this.#terms.age(at);
    const now = this.#verdict();
    return aged || now !== before ? now : undefined;
  }

  interrupt(at: Micros): void {
    this.#terms.interrupt(at);
  }

  reason(): Reason {
    return this.#terms.reason;
  }

  /** How many of the terms that the level joins hold. */
  value(level: number): number {
    return this.#terms.holding(level, holds);
  }

  /** How many must. */
  limit(level: number): number {
    const term = this.#plan.terms[level];
    return term?.kind === "all" ? term.of.length : 1;
  }

  state(): TermSetState | undefined {
    return this.#terms.idle ? undefined : this.#terms.state();
  }

  restore(state: unknown): void {
    this.#terms.restore(state as TermSetState);
  }

  #verdict(): Verdict {
    let raise = 0;
    let clear = 0;
    let doubtful = 0;
    for (let i = 0; i < this.levels.length; i++) {
      const truth = this.#terms.of(i);
      if (holds(truth)) raise |= 1 << i;
      else if (isOver(truth)) clear |= 1 << i;
      else if (mayHold(truth)) doubtful |= 1 << i;
    }
    return withUnknown(verdict(raise, clear, GOOD), doubtful);
  }
}
