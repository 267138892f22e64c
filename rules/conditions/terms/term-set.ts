import { BAD, GOOD, REASON, type Reason } from "../../../model/quality.ts";
import type { ChannelIndex } from "../../../model/reading.ts";
import type { Micros } from "../../../model/time.ts";
import { UNKNOWN, YES } from "../../circumstance/guard.ts";
import type { World } from "../../circumstance/world.ts";
import { NEVER } from "../../timer-queue.ts";
import {
  type Condition,
  clearing,
  NOTHING_NEW,
  raising,
  type Sample,
  unknown,
  type Verdict,
  verdictQuality,
} from "../condition.ts";
import type { TermPlan } from "./plan.ts";
import {
  BETWEEN,
  both,
  either,
  HOLDS,
  NOTHING_KNOWN,
  OVER,
  opposite,
  said,
  sure,
  type Truth,
} from "./truth.ts";

/** The least severe level of a condition: whether a term holds is a matter of that. */
const LOWEST = 1;

/** A term on one channel, at work. */
interface ChannelLeaf {
  readonly channel: ChannelIndex;
  readonly condition: Condition;
  /** All levels of the condition, as bits. */
  readonly all: number;
  readonly keepsState: boolean;
  truth: Truth;
}

/** A term that no reading changes, at work. */
interface CircumstanceLeaf {
  readonly plan: Extract<TermPlan, { kind: "calendar" | "outside" }>;
  /** As it was weighed last; undefined: not yet. */
  truth: Truth | undefined;
}

/** A tree whose leaves are positions in the lists of leaves. */
type Node =
  | { readonly kind: "channel" | "circumstance"; readonly at: number }
  | { readonly kind: "all" | "any" | "not"; readonly of: readonly Node[] };

/** JSON-safe. */
export interface TermSetState {
  readonly names: string;
  readonly channels: readonly Truth[];
  readonly circumstances: readonly (Truth | null)[];
  readonly memories: readonly unknown[];
  readonly reason: Reason;
}

/** Several terms at work on one subject: what is known of each after every reading, silence and change of circumstances. */
export class TermSet {
  readonly #world: World;
  readonly #roots: readonly Node[];
  readonly #leaves: ChannelLeaf[] = [];
  readonly #circumstances: CircumstanceLeaf[] = [];
  readonly #names: string;
  readonly #byChannel = new Map<ChannelIndex, ChannelLeaf[]>();
  /** Why the last thing heard was not better than it was. */
  reason: Reason = REASON.good;

  constructor(terms: readonly TermPlan[], world: World) {
    this.#world = world;
    this.#names = terms.map(({ name }) => name).join("; ");
    this.#roots = terms.map((term) => this.#plant(term));
    for (const leaf of this.#leaves) {
      this.#byChannel.set(leaf.channel, [...(this.#byChannel.get(leaf.channel) ?? []), leaf]);
    }
  }

  /** Whether anything changes by time alone. */
  get ages(): boolean {
    return (
      this.#circumstances.length > 0 || this.#leaves.some(({ condition }) => condition.memory?.ages === true)
    );
  }

  /** What is known of a term, by its position among those given. */
  of(term: number): Truth {
    return this.#weigh(this.#roots[term]!);
  }

  /** How many of the terms that a term joins hold; for one that joins none, whether it does. */
  holding(term: number, test: (truth: Truth) => boolean): number {
    const root = this.#roots[term]!;
    const parts = root.kind === "all" || root.kind === "any" ? root.of : [root];
    return parts.reduce((sum, part) => sum + (test(this.#weigh(part)) ? 1 : 0), 0);
  }

  /** Takes a reading. False: it changes nothing. */
  judge(sample: Sample): boolean {
    return this.#take(sample, this.#byChannel.get(sample.channel));
  }

  /** Takes what a channel said before once more, where terms look at one reading alone. False: it changes nothing. */
  restate(sample: Sample): boolean {
    const leaves = this.#byChannel.get(sample.channel);
    return this.#take(
      sample,
      leaves?.filter(({ condition }) => condition.memory === undefined),
    );
  }

  #take(sample: Sample, leaves: readonly ChannelLeaf[] | undefined): boolean {
    if (leaves === undefined || leaves.length === 0) return false;
    let news = this.#refresh(sample.received);
    for (const leaf of leaves) {
      const v = leaf.condition.judge(sample);
      if (v === NOTHING_NEW) continue;
      leaf.truth = truthOf(leaf, v);
      news = true;
    }
    this.reason = sample.reason;
    return news;
  }

  /** A channel has fallen silent: nothing is known of its terms. */
  silent(channel: ChannelIndex, at: Micros): void {
    for (const leaf of this.#byChannel.get(channel) ?? []) {
      leaf.condition.memory?.interrupt(at);
      leaf.truth = NOTHING_KNOWN;
    }
    this.reason = REASON.low_coverage;
  }

  /** The gateway was down: what is sampled is not known until it is heard again. */
  interrupt(at: Micros): void {
    for (const leaf of this.#leaves) {
      leaf.condition.memory?.interrupt(at);
      if (!leaf.keepsState) leaf.truth = NOTHING_KNOWN;
    }
  }

  /** When anything changes by time alone. What changed while nobody looked is due at once. */
  get deadline(): Micros {
    const { now } = this.#world;
    let next = NEVER;
    for (const { plan, truth } of this.#circumstances) {
      if (truth !== this.#circumstance(plan, now)) return now;
      const until =
        plan.kind === "calendar"
          ? plan.calendar.at(now).until
          : this.#world.outsideUntil(plan.test.source.index);
      next = Math.min(next, until);
    }
    for (const { condition } of this.#leaves) {
      if (condition.memory?.ages === true) next = Math.min(next, condition.memory.deadline);
    }
    return next;
  }

  /** Takes what time has changed at an instant. True when a window said something. */
  age(at: Micros): boolean {
    this.#refresh(at);
    let aged = false;
    for (const leaf of this.#leaves) {
      const { memory } = leaf.condition;
      if (memory?.ages !== true || memory.deadline > at) continue;
      const v = memory.age(at);
      if (v === undefined || v === NOTHING_NEW) continue;
      leaf.truth = truthOf(leaf, v);
      aged = true;
    }
    return aged;
  }

  /** Nothing to remember: nothing was heard, or is known of what was. */
  get idle(): boolean {
    return (
      this.#leaves.every(
        ({ truth, condition }) => truth === NOTHING_KNOWN && condition.memory?.state() === undefined,
      ) && this.#circumstances.every(({ truth }) => truth === undefined)
    );
  }

  state(): TermSetState {
    return {
      names: this.#names,
      channels: this.#leaves.map(({ truth }) => truth),
      circumstances: this.#circumstances.map(({ truth }) => truth ?? null),
      memories: this.#leaves.map(({ condition }) => condition.memory?.state() ?? null),
      reason: this.reason,
    };
  }

  /** Takes up what `state` gave. False: it is of other terms, and forgotten. */
  restore(state: TermSetState): boolean {
    if (state.names !== this.#names) return false;
    this.#leaves.forEach((leaf, i) => {
      leaf.truth = state.channels[i] ?? NOTHING_KNOWN;
      const memory = state.memories[i];
      if (memory !== null && memory !== undefined) leaf.condition.memory?.restore(memory);
    });
    this.#circumstances.forEach((leaf, i) => {
      leaf.truth = state.circumstances[i] ?? undefined;
    });
    this.reason = state.reason;
    return true;
  }

  #plant(plan: TermPlan): Node {
    switch (plan.kind) {
      case "channel": {
        const condition = plan.condition.create(this.#world);
        const all = (1 << condition.levels.length) - 1;
        const keepsState = plan.channel.report === "on-change";
        const leaf = { channel: plan.channel.index, condition, all, keepsState };
        this.#leaves.push({ ...leaf, truth: NOTHING_KNOWN });
        return { kind: "channel", at: this.#leaves.length - 1 };
      }
      case "calendar":
      case "outside":
        this.#circumstances.push({ plan, truth: undefined });
        return { kind: "circumstance", at: this.#circumstances.length - 1 };
      case "all":
      case "any":
      case "not":
        return { kind: plan.kind, of: plan.of.map((part) => this.#plant(part)) };
    }
  }

  #weigh(node: Node): Truth {
    switch (node.kind) {
      case "channel":
        return this.#leaves[node.at]!.truth;
      case "circumstance":
        return this.#circumstances[node.at]!.truth ?? NOTHING_KNOWN;
      case "not":
        return opposite(this.#weigh(node.of[0]!));
      case "all":
      case "any": {
        const join = node.kind === "all" ? both : either;
        let truth = this.#weigh(node.of[0]!);
        for (let i = 1; i < node.of.length; i++) truth = join(truth, this.#weigh(node.of[i]!));
        return truth;
      }
    }
  }

  #circumstance(plan: CircumstanceLeaf["plan"], at: Micros): Truth {
    if (plan.kind === "calendar") return sure(plan.calendar.at(at).holds ? HOLDS : OVER);
    const known = plan.test.state(this.#world);
    return known === UNKNOWN ? NOTHING_KNOWN : sure(known === YES ? HOLDS : OVER);
  }

  #refresh(at: Micros): boolean {
    let changed = false;
    for (const leaf of this.#circumstances) {
      const truth = this.#circumstance(leaf.plan, at);
      changed ||= truth !== leaf.truth;
      leaf.truth = truth;
    }
    return changed;
  }
}

/** What a verdict says of a term: it holds when any level raises, and is over when all have cleared. */
function truthOf({ all }: Pick<ChannelLeaf, "all">, v: Verdict): Truth {
  const quality = verdictQuality(v);
  if (quality === BAD) return NOTHING_KNOWN;
  const position = raising(v) !== 0 ? HOLDS : clearing(v) === all ? OVER : BETWEEN;
  const doubtful = quality !== GOOD || (position !== HOLDS && (unknown(v) & LOWEST) !== 0);
  return doubtful ? said(position) : sure(position);
}
