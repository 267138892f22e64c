import { z } from "zod";
import { BAD, GOOD, REASON, type Reason, reasonRow } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { NEVER } from "../timer-queue.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type ConditionMemory,
  clearing,
  type Level,
  NO_VERDICT,
  raising,
  type Sample,
  type Verdict,
  verdict,
  verdictQuality,
  within,
  withUnknown,
} from "./condition.ts";
import { gradedSchema, gradesOf, levelOf, limitSchema, statesSchema } from "./level.ts";
import { compileEquals } from "./state.ts";
import { compileAbove, compileBelow } from "./threshold.ts";

/** More detectors than this in one vote are a mistake in `applies`. */
const MOST_VOTERS = 64;

const ANSWERS = ["degrade", "alarm", "hold"] as const;
type Answer = (typeof ANSWERS)[number];

/** Raises when several detectors agree. */
export const votesSchema = z
  .strictObject({
    across: z.enum(["point", "group"]).meta({
      description:
        "The detectors of one point, or of one group of points, vote together; each has one alarm.",
    }),
    above: limitSchema
      .optional()
      .meta({ description: "A detector votes when its value reaches this.", examples: [25] }),
    below: limitSchema.optional().meta({ description: "A detector votes when its value falls to this." }),
    equals: statesSchema
      .optional()
      .meta({ description: "A detector votes in this state.", examples: ["active"] }),
    need: gradedSchema(z.int().min(1).max(MOST_VOTERS), "Votes that each level needs (k of n)."),
    impaired: z.enum(ANSWERS).default("degrade").meta({
      description:
        "What a detector counts as that is bad or silent. `degrade`: as not there, so that k of n becomes k of n − 1. `alarm`: as a vote. `hold`: as what it said last, and nothing clears meanwhile.",
    }),
    maintenance: z.enum(ANSWERS).default("degrade").meta({
      description: "The same for a detector that is inhibited, calibrating, warming up or out of service.",
    }),
  })
  .refine((o) => [o.above, o.below, o.equals].filter((one) => one !== undefined).length === 1, {
    message: "give above, below or equals, one of them",
  })
  .meta({ description: "Raises when k of n detectors agree (voting)." });
export type VotesOptions = z.output<typeof votesSchema>;

/** Compiles `votes` for detectors that vote together. Reports what cannot work and then gives undefined. */
export function compileVotes(
  options: VotesOptions,
  contexts: readonly ConditionContext[],
): CompiledCondition | undefined {
  const [first] = contexts;
  if (first === undefined) return undefined;
  let sound = true;
  const report = (severity: string, message: string, hint?: string) => {
    sound = false;
    first.report({ path: ["need", severity], message, ...(hint === undefined ? {} : { hint }) });
  };
  if (contexts.length > MOST_VOTERS) {
    first.report({
      path: ["across"],
      message: `${contexts.length} detectors vote; at most ${MOST_VOTERS} can`,
    });
    sound = false;
  }
  const levels: Level[] = [];
  const need: number[] = [];
  for (const { severity, options: votes } of gradesOf(options.need)) {
    if (votes > contexts.length) {
      report(severity, `${votes} votes of ${contexts.length} detectors: it could never raise`);
    }
    if (votes <= (need.at(-1) ?? 0)) {
      report(severity, `${severity} needs no more votes than the level before it: that could never be seen`);
    }
    levels.push(levelOf(severity, {}, first));
    need.push(votes);
  }
  const voters: { key: string; channel: ChannelIndex; condition: Condition }[] = [];
  for (const context of contexts) {
    const compiled = voterOf(options, context);
    if (compiled === undefined) sound = false;
    else
      voters.push({ key: context.channel.key, channel: context.channel.index, condition: compiled.create() });
  }
  if (!sound) return undefined;
  return {
    levels,
    create: () => new Votes({ levels, need, voters, answers: options }),
    measure: () => ({ of: "votes", window: 0, unit: "1", side: "above" }),
  };
}

/** When one detector votes: a rule of one level, whose problems are told at the vote's own option. */
function voterOf(options: VotesOptions, context: ConditionContext): CompiledCondition | undefined {
  const { above, below, equals } = options;
  const at = (key: string) => ({
    ...within(context, [key]),
    report: ({ path, ...problem }: Parameters<typeof context.report>[0]) =>
      context.report({ ...problem, path: [key, ...path.filter((part) => part !== "red")] }),
  });
  if (above !== undefined) return compileAbove({ red: above }, at("above"));
  if (below !== undefined) return compileBelow({ red: below }, at("below"));
  return equals === undefined ? undefined : compileEquals({ red: equals }, at("equals"));
}

/** What is known of a voter. */
const UNHEARD = 0;
const SOUND = 1;
/** Its last reading was uncertain and no vote: it may raise and cannot take back. */
const DOUBTFUL = 2;
const IMPAIRED = 3;
const IN_MAINTENANCE = 4;

interface VotesPlan {
  readonly levels: readonly Level[];
  readonly need: readonly number[];
  readonly voters: readonly {
    readonly key: string;
    readonly channel: ChannelIndex;
    readonly condition: Condition;
  }[];
  readonly answers: { readonly impaired: Answer; readonly maintenance: Answer };
}

/** JSON-safe, by channel key: whether it votes, and what is known of it. */
type VotesState = Readonly<Record<string, readonly [vote: number, known: number]>>;

class Votes implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = false;
  readonly deadline = NEVER;
  readonly #plan: VotesPlan;
  readonly #place: ReadonlyMap<ChannelIndex, number>;
  readonly #vote: Uint8Array;
  readonly #known: Uint8Array;
  #count = 0;
  #reason: Reason = REASON.good;

  constructor(plan: VotesPlan) {
    this.#plan = plan;
    this.levels = plan.levels;
    this.#place = new Map(plan.voters.map(({ channel }, i) => [channel, i]));
    this.#vote = new Uint8Array(plan.voters.length);
    this.#known = new Uint8Array(plan.voters.length);
  }

  judge(sample: Sample): Verdict {
    const i = this.#place.get(sample.channel);
    if (i === undefined) return NO_VERDICT;
    const v = this.#plan.voters[i]!.condition.judge(sample);
    const quality = verdictQuality(v);
    if (quality === BAD) {
      this.#known[i] = reasonRow(sample.reason).origin === "operation" ? IN_MAINTENANCE : IMPAIRED;
    } else if (raising(v) !== 0) {
      this.#vote[i] = 1;
      this.#known[i] = SOUND;
    } else {
      this.#known[i] = quality === GOOD ? SOUND : DOUBTFUL;
      if (quality === GOOD && clearing(v) !== 0) this.#vote[i] = 0;
    }
    this.#reason = sample.reason;
    return this.#counted();
  }

  restate(sample: Sample): Verdict {
    return this.judge(sample);
  }

  silent(channel: ChannelIndex): Verdict {
    const i = this.#place.get(channel);
    // What is in maintenance stays so while it says nothing.
    if (i !== undefined && this.#known[i] !== IN_MAINTENANCE) this.#known[i] = IMPAIRED;
    this.#reason = REASON.low_coverage;
    return this.#counted();
  }

  reason(): Reason {
    return this.#reason;
  }

  value(): number {
    return this.#count;
  }

  limit(level: number): number {
    return this.#plan.need[level] ?? Number.NaN;
  }

  age(): undefined {}

  interrupt(_at: Micros): void {}

  state(): VotesState | undefined {
    if (this.#known.every((known) => known === UNHEARD)) return undefined;
    return Object.fromEntries(
      this.#plan.voters.map(({ key }, i) => [key, [this.#vote[i]!, this.#known[i]!]]),
    );
  }

  restore(state: unknown): void {
    this.#plan.voters.forEach(({ key }, i) => {
      const known = (state as VotesState)[key];
      if (known === undefined) return;
      this.#vote[i] = known[0];
      this.#known[i] = known[1];
    });
    this.#counted();
  }

  /** Counts what speaks for the alarm, and what nobody can say does not. */
  #counted(): Verdict {
    const { need, answers } = this.#plan;
    let votes = 0;
    let possible = 0;
    let gone = 0;
    let usable = 0;
    let doubt = false;
    for (let i = 0; i < this.#vote.length; i++) {
      const vote = this.#vote[i]!;
      const known = this.#known[i]!;
      if (known === SOUND) {
        usable++;
        votes += vote;
        possible += vote;
        continue;
      }
      doubt = true;
      if (known === DOUBTFUL) usable++;
      const answer =
        known === IMPAIRED ? answers.impaired : known === IN_MAINTENANCE ? answers.maintenance : "hold";
      if (answer === "degrade") {
        gone++;
        // It is not there; but a vote that it cast before it failed is not taken back by its failing.
        possible += vote;
      } else {
        votes += answer === "alarm" ? 1 : vote;
        possible++;
      }
    }
    this.#count = votes;
    const failing = answers.impaired === "alarm" || answers.maintenance === "alarm";
    // Nobody is left who could say anything.
    if (usable === 0 && !failing) return NO_VERDICT;
    let raise = 0;
    let clear = 0;
    const left = Math.max(1, this.#vote.length - gone);
    for (let i = 0; i < need.length; i++) {
      const needed = Math.min(need[i]!, left);
      if (votes >= needed) raise |= 1 << i;
      else if (possible < needed) clear |= 1 << i;
    }
    const all = (1 << need.length) - 1;
    return withUnknown(verdict(raise, clear, GOOD), doubt ? all & ~raise & ~clear : 0);
  }
}
