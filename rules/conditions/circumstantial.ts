import { BAD, GOOD, type Quality, REASON, type Reason } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import { rank } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { type Guard, NO, YES } from "../circumstance/guard.ts";
import type { World } from "../circumstance/world.ts";
import type { Detail } from "../detail.ts";
import { NEVER } from "../timer-queue.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionMemory,
  clearing,
  type Level,
  NO_VERDICT,
  NOTHING_NEW,
  raising,
  type Sample,
  unknown,
  type Verdict,
  verdict,
  verdictQuality,
  withUnknown,
} from "./condition.ts";

/** One of the conditions that may be in force; the last has no guard. */
export interface Variant {
  readonly guard: Guard | undefined;
  readonly condition: CompiledCondition;
}

/** A condition that applies at certain times only, or has other limits at certain times. */
export interface CircumstantialPlan {
  /** When it applies at all. */
  readonly guard: Guard | undefined;
  /** In the order in which they take precedence. */
  readonly variants: readonly Variant[];
  /** The subject keeps its state until it says otherwise. */
  readonly keepsState: boolean;
}

/**
 * The condition that a plan describes. Undefined, and the severity is told, when a level has other delays in one variant than in
 * another: a level has one delay.
 */
export function circumstantial(
  plan: CircumstantialPlan,
  disagree: (severity: string) => void,
): CompiledCondition | undefined {
  const levels: Level[] = [];
  let sound = true;
  for (const { condition } of plan.variants) {
    for (const level of condition.levels) {
      const known = levels.find(({ severity }) => severity === level.severity);
      if (known === undefined) levels.push(level);
      else if (known.onDelay !== level.onDelay || known.offDelay !== level.offDelay) {
        sound = false;
        disagree(level.severity);
      }
    }
  }
  if (!sound) return undefined;
  levels.sort((a, b) => rank(a.severity) - rank(b.severity));
  const base = plan.variants.at(-1)!.condition;
  const outside = [
    ...(plan.guard?.outside ?? []),
    ...plan.variants.flatMap(({ guard, condition }) => [
      ...(guard?.outside ?? []),
      ...(condition.outside ?? []),
    ]),
  ];
  return {
    levels,
    create: (world) => (world === undefined ? base.create() : new Circumstantial(plan, levels, world)),
    ...(outside.length === 0 ? {} : { outside: [...new Set(outside)] }),
    measure: (level, limit) => {
      const severity = levels[level]?.severity;
      for (const { condition } of plan.variants) {
        const own = condition.levels.findIndex((candidate) => candidate.severity === severity);
        const measure = own < 0 ? undefined : condition.measure?.(own, limit);
        if (measure !== undefined) return measure;
      }
      return undefined;
    },
  };
}

/** One variant at work. */
interface Running {
  readonly guard: Guard | undefined;
  readonly condition: Condition;
  /** Level of the rule, by level of the variant. */
  readonly level: readonly number[];
  /** Levels of the rule that the variant does not have: in it they never raise. */
  readonly lacks: number;
}

/** JSON-safe. */
interface CircumstantialState {
  /** Levels of each variant: a state of other variants is forgotten. */
  readonly edition: string;
  readonly code: number;
  readonly last: readonly number[];
  readonly value: PackedNumber;
  readonly reason: Reason;
  readonly memories: readonly unknown[];
}

/** States of guards as digits of one number. */
const BASE = 3;

/**
 * All variants judge every reading, so that a change of circumstances needs none: what they said of the last one is weighed anew
 * at that instant. Where nobody knows which is in force, one that raises is enough, and all must clear. Outside its own time a
 * rule raises nothing, and what it has raised ends with data that are good, whatever the value.
 */
class Circumstantial implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages = true;
  readonly stepwise: boolean;
  readonly #plan: CircumstantialPlan;
  readonly #world: World;
  readonly #running: readonly Running[];
  readonly #all: number;
  readonly #edition: string;
  /** What each variant said last, in levels of the rule. */
  readonly #last: Verdict[];
  /** States of the guards when that was weighed. */
  #code: number;
  /** The last reading that said anything. */
  #value = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(plan: CircumstantialPlan, levels: readonly Level[], world: World) {
    this.#plan = plan;
    this.#world = world;
    this.levels = levels;
    this.#all = (1 << levels.length) - 1;
    this.#running = plan.variants.map(({ guard, condition }): Running => {
      const level = condition.levels.map(({ severity }) =>
        levels.findIndex((candidate) => candidate.severity === severity),
      );
      const lacks = this.#all & ~level.reduce((bits, at) => bits | (1 << at), 0);
      return { guard, condition: condition.create(world), level, lacks };
    });
    this.stepwise = this.#running.at(-1)?.condition.stepwise ?? false;
    this.#last = this.#running.map(() => NO_VERDICT);
    this.#edition = plan.variants
      .map(({ condition }) => condition.levels.map(({ severity }) => severity).join())
      .join(";");
    // Nothing was weighed yet; with no verdict of any reading it does not matter what applies.
    this.#code = -1;
  }

  judge(sample: Sample): Verdict {
    let news = false;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const v = one.condition.judge(sample);
      if (v === NOTHING_NEW) continue;
      news = true;
      this.#last[i] = mapped(one, v);
    }
    if (sample.quality !== BAD) {
      this.#value = sample.value;
      this.#reason = sample.reason;
    }
    const before = this.#code;
    this.#code = this.#guards(this.#world.now);
    if (!news && before === this.#code) return NOTHING_NEW;
    return this.#weighed(this.#code);
  }

  restate(sample: Sample): Verdict {
    let news = false;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const v = one.condition.restate?.(sample) ?? NOTHING_NEW;
      if (v === NOTHING_NEW) continue;
      news = true;
      this.#last[i] = mapped(one, v);
    }
    if (!news) return NOTHING_NEW;
    this.#code = this.#guards(this.#world.now);
    return this.#weighed(this.#code);
  }

  late(sample: Sample): Verdict {
    const one = this.#running.at(-1)!;
    if (this.#running.length > 1 || one.condition.memory !== undefined) return NO_VERDICT;
    if (this.#plan.guard?.state(this.#world, sample.time) === NO) return NO_VERDICT;
    return mapped(one, one.condition.judge(sample));
  }

  get deadline(): Micros {
    // What changed while nobody looked (the gateway was down) is weighed at once.
    if (this.#code !== this.#guards(this.#world.now)) return this.#world.now;
    let next = this.#plan.guard?.until(this.#world) ?? NEVER;
    for (const { guard, condition } of this.#running) {
      if (guard !== undefined) next = Math.min(next, guard.until(this.#world));
      const { memory } = condition;
      if (memory?.ages === true) next = Math.min(next, memory.deadline);
    }
    return next;
  }

  age(at: Micros): Verdict | undefined {
    let aged = false;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const { memory } = one.condition;
      if (memory?.ages !== true || memory.deadline > at) continue;
      const v = memory.age(at);
      if (v === undefined || v === NOTHING_NEW) continue;
      aged = true;
      this.#last[i] = mapped(one, v);
    }
    const before = this.#code;
    this.#code = this.#guards(at);
    const weighed = this.#weighed(this.#code);
    return aged || weighed !== this.#weighed(before) ? weighed : undefined;
  }

  silent(channel: ChannelIndex, at: Micros): Verdict {
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const { memory } = one.condition;
      if (memory?.silent !== undefined) {
        const v = memory.silent(channel, at);
        if (v !== NOTHING_NEW) this.#last[i] = mapped(one, v);
      } else {
        memory?.interrupt(at);
        this.#last[i] = NO_VERDICT;
      }
    }
    return this.#weighed(this.#code);
  }

  interrupt(at: Micros): void {
    for (let i = 0; i < this.#running.length; i++) {
      this.#running[i]!.condition.memory?.interrupt(at);
      if (!this.#plan.keepsState) this.#last[i] = NO_VERDICT;
    }
  }

  reason(level: number): Reason {
    const one = this.#deciding(level);
    return one?.condition.memory?.reason(one.level.indexOf(level)) ?? this.#reason;
  }

  value(level: number): number {
    const one = this.#deciding(level);
    return one?.condition.memory?.value(one.level.indexOf(level)) ?? this.#value;
  }

  detail(level: number): Detail | undefined {
    const one = this.#deciding(level);
    return one?.condition.memory?.detail?.(one.level.indexOf(level));
  }

  limit(level: number, value: number): number {
    const one = this.#deciding(level);
    return one?.condition.limit(one.level.indexOf(level), value) ?? Number.NaN;
  }

  stands(level: number, by: "checkpoint" | "alarm-log"): void {
    for (const { condition, level: levels } of this.#running) {
      const own = levels.findLastIndex((at) => at <= level);
      if (own >= 0) condition.memory?.stands?.(own, by);
    }
  }

  state(): CircumstantialState | undefined {
    const memories = this.#running.map(({ condition }) => condition.memory?.state() ?? null);
    const idle =
      this.#last.every((v) => v === NO_VERDICT) &&
      memories.every((memory) => memory === null) &&
      Number.isNaN(this.#value);
    if (this.#code < 0 && idle) return undefined;
    return {
      edition: this.#edition,
      code: this.#code,
      last: [...this.#last],
      value: pack(this.#value),
      reason: this.#reason,
      memories,
    };
  }

  restore(state: unknown): void {
    const known = state as CircumstantialState;
    if (known.edition !== this.#edition) return;
    this.#code = known.code;
    known.last.forEach((v, i) => {
      this.#last[i] = v;
    });
    this.#value = unpack(known.value);
    this.#reason = known.reason;
    this.#running.forEach(({ condition }, i) => {
      const memory = known.memories[i];
      if (memory !== null && memory !== undefined) condition.memory?.restore(memory);
    });
  }

  #guards(at: Micros): number {
    let code = this.#plan.guard?.state(this.#world, at) ?? YES;
    for (const { guard } of this.#running) {
      if (guard !== undefined) code = code * BASE + guard.state(this.#world, at);
    }
    return code;
  }

  /** Whether a variant may be in force: the first whose guard holds is, and those before it of which nobody knows may be. */
  #possible(i: number, code: number): boolean {
    for (let before = 0; before < i; before++) {
      if (this.#guardOf(before, code) === YES) return false;
    }
    return this.#guardOf(i, code) !== NO;
  }

  #guardOf(i: number, code: number): number {
    const guarded = this.#running.length - 1;
    return i === guarded ? YES : Math.floor(code / BASE ** (guarded - 1 - i)) % BASE;
  }

  #weighed(code: number): Verdict {
    const whole = Math.floor(code / BASE ** (this.#running.length - 1));
    if (whole === NO) return this.#over();
    let raise = 0;
    let clear = this.#all;
    let doubtful = 0;
    let quality: Quality = GOOD;
    let said = false;
    for (let i = 0; i < this.#last.length; i++) {
      if (code >= 0 && !this.#possible(i, code)) continue;
      const v = this.#last[i]!;
      if (verdictQuality(v) === BAD) {
        clear = 0;
        doubtful = this.#all;
        continue;
      }
      said = true;
      raise |= raising(v);
      clear &= clearing(v);
      doubtful |= unknown(v);
      if (verdictQuality(v) !== GOOD) quality = verdictQuality(v);
    }
    if (!said) return NO_VERDICT;
    return withUnknown(verdict(raise, clear & ~raise, quality), doubtful & ~raise);
  }

  /** Outside its time: nothing raises, and what stands is over as soon as the instrument is known to work, whatever it says. */
  #over(): Verdict {
    let quality: Quality = GOOD;
    for (const v of this.#last) {
      if (verdictQuality(v) === BAD) return NO_VERDICT;
      if (verdictQuality(v) !== GOOD) quality = verdictQuality(v);
    }
    return verdict(0, this.#all, quality);
  }

  /** Of the variants that may be in force, the one behind a level: that which raises it, else the first that has it. */
  #deciding(level: number): Running | undefined {
    let deciding: Running | undefined;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      if (!one.level.includes(level)) continue;
      if (this.#code >= 0 && !this.#possible(i, this.#code)) continue;
      if ((raising(this.#last[i]!) & (1 << level)) !== 0) return one;
      deciding ??= one;
    }
    return deciding ?? this.#running.findLast((one) => one.level.includes(level));
  }
}

/** A verdict in levels of the rule. What a variant lacks is clear in it as soon as it says anything. */
function mapped({ level, lacks }: Running, v: Verdict): Verdict {
  if (verdictQuality(v) === BAD) return NO_VERDICT;
  let raise = 0;
  let clear = lacks;
  let doubtful = 0;
  const [ownRaise, ownClear, ownDoubt] = [raising(v), clearing(v), unknown(v)];
  for (let i = 0; i < level.length; i++) {
    const own = 1 << i;
    const bit = 1 << level[i]!;
    if ((ownRaise & own) !== 0) raise |= bit;
    if ((ownClear & own) !== 0) clear |= bit;
    if ((ownDoubt & own) !== 0) doubtful |= bit;
  }
  return withUnknown(verdict(raise, clear, verdictQuality(v)), doubtful);
}
