import type { OutsideSource } from "../../../model/outside.ts";
import { GOOD, REASON, type Reason } from "../../../model/quality.ts";
import type { ChannelIndex } from "../../../model/reading.ts";
import type { Channel } from "../../../model/site.ts";
import type { Micros } from "../../../model/time.ts";
import type { Linear } from "../../../model/unit.ts";
import { type PackedNumber, pack, unpack } from "../../checkpoint-number.ts";
import type { CalendarCourse } from "../../circumstance/calendar-course.ts";
import type { World } from "../../circumstance/world.ts";
import { NEVER } from "../../timer-queue.ts";
import { rounded } from "../../window/compensated-sum.ts";
import { NOWHERE } from "../combination.ts";
import {
  type Condition,
  type ConditionMemory,
  type Level,
  NO_VERDICT,
  NOTHING_NEW,
  type Sample,
  type Verdict,
  verdict,
  withUnknown,
} from "../condition.ts";
import { type Span, Spans } from "../span.ts";
import type { CelProgram } from "./cel.ts";
import {
  ChannelInput,
  type ChannelViewState,
  OutsideInputView,
  Reliance,
  UNKNOWN_INPUT,
} from "./input-view.ts";

/** A rule's expression, compiled for one subject. */
export interface ExpressionPlan {
  readonly levels: readonly Level[];
  /** With a number to compare: its limits. */
  readonly spans: readonly Span[] | undefined;
  /** One for each level, or one that gives the number. */
  readonly programs: readonly CelProgram[];
  readonly channels: readonly { readonly name: string; readonly channel: Channel; readonly unit: Linear }[];
  readonly outside: readonly { readonly name: string; readonly source: OutsideSource }[];
  readonly calendars: readonly { readonly name: string; readonly calendar: CalendarCourse }[];
  /** How often it is evaluated without a reading; 0: only when something has changed. */
  readonly recheck: Micros;
}

/** JSON-safe. */
interface ExpressionState {
  /** By name and channel. */
  readonly inputs: Readonly<Record<string, ChannelViewState>>;
  readonly circumstances: readonly PackedNumber[] | null;
  readonly evaluated: PackedNumber;
  readonly verdict: Verdict;
  readonly value: PackedNumber;
  readonly reason: Reason;
}

/** An expression at work on one subject. */
export class Expression implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly ages: boolean;
  readonly #plan: ExpressionPlan;
  readonly #world: World;
  readonly #spans: Spans | undefined;
  readonly #reliance = new Reliance();
  readonly #inputs: readonly {
    readonly key: string;
    readonly channel: Channel;
    readonly view: ChannelInput;
  }[];
  /** What the names stand for, as the expression reads them. */
  readonly #names: Record<string, unknown> = {};
  /** What calendars and outside sources said when it was evaluated; undefined: not yet. */
  #circumstances: number[] | undefined;
  #evaluated: Micros = Number.NaN;
  #verdict: Verdict = NO_VERDICT;
  #value = Number.NaN;
  #reason: Reason = REASON.good;

  constructor(plan: ExpressionPlan, world: World = NOWHERE) {
    this.#plan = plan;
    this.#world = world;
    this.levels = plan.levels;
    this.ages = plan.calendars.length + plan.outside.length > 0 || plan.recheck > 0;
    this.#spans = plan.spans === undefined ? undefined : new Spans(plan.spans);
    this.#inputs = plan.channels.map(({ name, channel, unit }) => {
      const view = new ChannelInput(channel, { unit, world, reliance: this.#reliance });
      this.#names[name] = view;
      return { key: `${name} ${channel.key}`, channel, view };
    });
    for (const { name, source } of plan.outside) this.#names[name] = new OutsideInputView(source, world);
  }

  judge(sample: Sample): Verdict {
    let heard = false;
    for (const { channel, view } of this.#inputs) {
      if (channel.index !== sample.channel) continue;
      view.take(sample);
      heard = true;
    }
    return heard ? this.#evaluate(sample.received) : NOTHING_NEW;
  }

  restate(sample: Sample): Verdict {
    return this.judge(sample);
  }

  silent(channel: ChannelIndex, at: Micros): Verdict {
    for (const input of this.#inputs) if (input.channel.index === channel) input.view.lose();
    return this.#evaluate(at);
  }

  interrupt(): void {
    for (const { channel, view } of this.#inputs) if (channel.report !== "on-change") view.lose();
  }

  get deadline(): Micros {
    const { now } = this.#world;
    const { calendars, outside, recheck } = this.#plan;
    // What changed while nobody looked (the gateway was down) is looked at at once.
    if (this.#circumstances === undefined || !same(this.#circumstances, this.#lookAround(now))) return now;
    let next = recheck > 0 ? this.#evaluated + recheck : NEVER;
    for (const { calendar } of calendars) next = Math.min(next, calendar.at(now).until);
    for (const { source } of outside) next = Math.min(next, this.#world.outsideUntil(source.index));
    return next;
  }

  age(at: Micros): Verdict | undefined {
    const before = this.#verdict;
    const now = this.#evaluate(at);
    return now === before ? undefined : now;
  }

  reason(): Reason {
    return this.#reason;
  }

  /** The number that it gave; NaN where it only says true or false. */
  value(): number {
    return this.#value;
  }

  limit(level: number, value: number): number {
    return this.#spans?.limit(level, value) ?? Number.NaN;
  }

  state(): ExpressionState | undefined {
    if (Number.isNaN(this.#evaluated)) return undefined;
    return {
      inputs: Object.fromEntries(this.#inputs.map(({ key, view }) => [key, view.remembered()])),
      circumstances: this.#circumstances?.map(pack) ?? null,
      evaluated: pack(this.#evaluated),
      verdict: this.#verdict,
      value: pack(this.#value),
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as ExpressionState;
    for (const { key, view } of this.#inputs) {
      const input = known.inputs[key];
      if (input !== undefined) view.restore(input);
    }
    this.#circumstances = known.circumstances?.map(unpack);
    this.#evaluated = unpack(known.evaluated);
    this.#verdict = known.verdict;
    this.#value = unpack(known.value);
    this.#reason = known.reason;
  }

  #lookAround(now: Micros): number[] {
    const { calendars, outside } = this.#plan;
    return [
      ...calendars.map(({ calendar }) => Number(calendar.at(now).holds)),
      ...outside.map(({ source }) => this.#world.outside(source.index)),
    ];
  }

  #evaluate(now: Micros): Verdict {
    if (this.#plan.calendars.length + this.#plan.outside.length > 0) {
      this.#circumstances = this.#lookAround(now);
      for (const { name, calendar } of this.#plan.calendars) this.#names[name] = calendar.at(now).holds;
    } else this.#circumstances ??= [];
    this.#evaluated = now;
    this.#verdict = this.#spans === undefined ? this.#truths() : this.#number(this.#spans);
    return this.#verdict;
  }

  #truths(): Verdict {
    let raise = 0;
    let clear = 0;
    let doubtful = 0;
    this.#reason = REASON.good;
    for (let i = 0; i < this.levels.length; i++) {
      const result = this.#run(this.#plan.programs[i]!);
      const bit = 1 << i;
      if (result === true) raise |= bit;
      else if (result === false && this.#reliance.quality === GOOD) clear |= bit;
      else doubtful |= bit;
      if (this.#reason === REASON.good) this.#reason = this.#reliance.reason;
    }
    return withUnknown(verdict(raise, clear, GOOD), doubtful);
  }

  #number(spans: Spans): Verdict {
    const result = this.#run(this.#plan.programs[0]!);
    const { quality, reason } = this.#reliance;
    this.#reason = reason;
    // What good numbers make infinite was divided by nothing; what a number beyond its range makes so is beyond it too.
    const known = typeof result === "number" && (Number.isFinite(result) || quality !== GOOD);
    this.#value = known ? rounded(result) : Number.NaN;
    return spans.judge(this.#value, quality);
  }

  /** What an expression gives; undefined where it needs what nobody knows. @throws what it cannot compute */
  #run(program: CelProgram): boolean | number | undefined {
    this.#reliance.begin();
    try {
      return program.evaluate(this.#names);
    } catch (thrown) {
      if (thrown !== UNKNOWN_INPUT) throw thrown;
      this.#reliance.begin();
      return undefined;
    }
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.every((one, i) => Object.is(one, b[i]));
}
