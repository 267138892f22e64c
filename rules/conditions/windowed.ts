import { BAD, GOOD, type Quality, qualityOf, REASON, type Reason, UNCERTAIN } from "../../model/quality.ts";
import type { Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { NEVER } from "../timer-queue.ts";
import { Ring, type RingState } from "../window/ring.ts";
import { ASIDE, CONFIRMS, REFUSED, type Source, type SourceState } from "../window/source.ts";
import { Stretch } from "../window/stretch.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionMemory,
  clearing,
  type Level,
  type Measure,
  NO_VERDICT,
  raising,
  type Sample,
  unknown,
  type Verdict,
  verdict,
  verdictQuality,
  withUnknown,
} from "./condition.ts";
import { excess, Spans } from "./span.ts";
import type { Gauge, WindowPlan } from "./window-plan.ts";

/** JSON-safe. */
interface WindowState {
  readonly edition: string;
  readonly ring: RingState;
  readonly end: PackedNumber;
  readonly heard: PackedNumber;
  readonly knownUntil: PackedNumber;
  readonly source: SourceState;
  readonly aside: readonly [time: number, stands: number, good: boolean];
  readonly folds: readonly (readonly number[])[];
  readonly values: readonly PackedNumber[];
  readonly scarce: readonly number[];
  readonly raised: number;
  readonly reason: number;
}

/** The condition that a plan describes. */
export function windowed(plan: WindowPlan): CompiledCondition {
  return {
    levels: plan.levels,
    create: () => new Windowed(plan),
    measure: (level, limit) => measureAt(plan, level, limit),
  };
}

/** Which gauge has this limit at a level, and on which side. */
function measureAt({ levels, gauges }: WindowPlan, level: number, limit: number): Measure | undefined {
  const severity = levels[level]?.severity;
  for (const { spans, measure } of gauges) {
    for (const span of spans) {
      if (span.severity !== severity) continue;
      if (span.high === limit) return { ...measure, side: "above" };
      if (span.low === limit) return { ...measure, side: "below" };
    }
  }
  return gauges.length === 1 ? gauges[0]?.measure : undefined;
}

/** One gauge at work. */
interface Running {
  readonly stretch: Stretch;
  readonly spans: Spans;
  /** Level of the rule, by level of the gauge. */
  readonly level: readonly number[];
  /** All levels of the gauge, as bits of the rule's. */
  readonly concerns: number;
  readonly gauge: Gauge;
}

/** Windows over the readings of one subject: a reading enters, what is too old leaves, every gauge is compared with its limits. */
class Windowed implements Condition, ConditionMemory {
  readonly levels: readonly Level[];
  readonly memory = this;
  readonly stepwise: boolean;
  readonly #plan: WindowPlan;
  readonly #ring = new Ring();
  readonly #source: Source;
  readonly #running: readonly Running[];
  readonly #all: number;
  readonly #upwards: number;
  readonly #downwards: number;
  /** Last number of each gauge; NaN: none. */
  readonly #values: Float64Array;
  /** Time of the last reading of any quality; NaN: none yet. */
  #heard = Number.NaN;
  /** Where the windows end. */
  #end = Number.NEGATIVE_INFINITY;
  /** Until when the last word is known to hold, for channels that keep their state; NEVER: it holds still. */
  #knownUntil: Micros = NEVER;
  /** How long the reading that was just heard stands. */
  #stands: Micros = 0;
  /** The reading that waits to be confirmed. */
  #asideTime = 0;
  #asideStands = 0;
  #asideGood = false;
  /** Whether the last number of each gauge lacked readings: 1. */
  readonly #scarce: Uint8Array;
  /** Levels that the last evaluation raised. */
  #raised = 0;
  /** Of the last reading. */
  #reason: Reason = REASON.good;

  constructor(plan: WindowPlan) {
    this.#plan = plan;
    this.levels = plan.levels;
    this.stepwise = plan.stepwise ?? false;
    this.#source = plan.source();
    this.#running = plan.gauges.map((gauge): Running => {
      const level = gauge.spans.map(({ severity }) =>
        plan.levels.findIndex((candidate) => candidate.severity === severity),
      );
      return {
        gauge,
        level,
        concerns: level.reduce((bits, at) => bits | (1 << at), 0),
        spans: new Spans(gauge.spans),
        stretch: new Stretch(this.#ring, { span: gauge.span, fold: gauge.fold() }),
      };
    });
    this.#all = (1 << plan.levels.length) - 1;
    this.#upwards = this.#running.reduce((bits, one) => bits | mapped(one, one.spans.upwards), 0);
    this.#downwards = this.#running.reduce((bits, one) => bits | mapped(one, one.spans.downwards), 0);
    this.#values = new Float64Array(plan.gauges.length).fill(Number.NaN);
    this.#scarce = new Uint8Array(plan.gauges.length);
  }

  get ages(): boolean {
    return this.#plan.ages;
  }

  judge(sample: Sample): Verdict {
    const { reason } = sample;
    let { value, quality } = sample;
    const over = value === Number.POSITIVE_INFINITY || reason === REASON.over_range;
    const under = value === Number.NEGATIVE_INFINITY || reason === REASON.under_range;
    if (over || under) {
      // Danger in the direction of the alarm, no statement away from it (semantics.md 9).
      const concerned = over ? this.#upwards : this.#downwards;
      if (concerned === 0) return this.#miss(sample);
      if (!Number.isFinite(value)) {
        const { end } = this.#plan;
        const known = over ? end.high : end.low;
        if (!Number.isFinite(known)) {
          this.#miss(sample);
          if (Number.isNaN(known)) return NO_VERDICT;
          this.#values.fill(value);
          return excess(concerned);
        }
        value = known;
      }
      quality = UNCERTAIN;
    } else if (quality === BAD || Number.isNaN(value)) return this.#miss(sample);
    const taken = this.#source.take(value);
    if (taken === REFUSED) return this.#miss(sample);
    const t = this.#hear(sample.time);
    const good = quality === GOOD && !this.#source.doubtful;
    if (taken === ASIDE) {
      this.#asideTime = t;
      this.#asideStands = this.#stands;
      this.#asideGood = good;
    } else {
      if (taken === CONFIRMS) {
        this.#push(this.#asideTime, this.#source.aside, {
          stands: this.#asideStands,
          good: this.#asideGood && !this.#source.doubtful,
        });
      }
      this.#push(t, this.#source.value, { stands: this.#stands, good });
    }
    const judged = this.#evaluate(t, taken !== ASIDE && quality === GOOD ? GOOD : UNCERTAIN);
    this.#forget();
    this.#reason = taken === ASIDE ? REASON.implausible : reason;
    return judged;
  }

  age(at: Micros): Verdict | undefined {
    const judged = this.#evaluate(at, this.#source.waiting ? UNCERTAIN : GOOD);
    const sure = verdictQuality(judged) === GOOD && unknown(judged) === 0;
    // Readings that are missing are no news: silence is told elsewhere.
    if (!sure && (verdictQuality(judged) === BAD || raising(judged) === 0)) return undefined;
    return judged;
  }

  get deadline(): Micros {
    let next = NEVER;
    for (const { stretch } of this.#running) next = Math.min(next, stretch.changes);
    return next;
  }

  interrupt(at: Micros): void {
    if (!Number.isNaN(this.#heard) && at < this.#knownUntil) this.#knownUntil = Math.max(at, this.#heard);
  }

  reason(level: number): Reason {
    if (qualityOf(this.#reason) !== GOOD) return this.#reason;
    const deciding = this.#deciding(level);
    const { reason } = this.#plan.gauges[deciding] ?? {};
    if (reason !== undefined && (this.#raised & (1 << level)) !== 0) return reason;
    return this.#scarce[deciding] === 1 ? REASON.low_coverage : this.#reason;
  }

  value(level: number): number {
    return this.#values[this.#deciding(level)] ?? Number.NaN;
  }

  limit(level: number): number {
    const index = this.#deciding(level);
    const one = this.#running[index];
    if (one === undefined) return Number.NaN;
    return one.spans.limit(one.level.indexOf(level), this.#values[index]!);
  }

  state(): WindowState | undefined {
    if (Number.isNaN(this.#heard)) return undefined;
    return {
      edition: this.#plan.edition,
      ring: this.#ring.state(),
      end: pack(this.#end),
      heard: pack(this.#heard),
      knownUntil: pack(this.#knownUntil),
      source: this.#source.state(),
      aside: [this.#asideTime, this.#asideStands, this.#asideGood],
      folds: this.#running.map(({ stretch }) => stretch.fold.state()),
      values: Array.from(this.#values, pack),
      scarce: Array.from(this.#scarce),
      raised: this.#raised,
      reason: this.#reason,
    };
  }

  restore(state: unknown): void {
    const known = state as WindowState;
    if (known.edition !== this.#plan.edition) return;
    this.#ring.restore(known.ring);
    this.#end = unpack(known.end);
    this.#heard = unpack(known.heard);
    this.#knownUntil = unpack(known.knownUntil);
    this.#source.restore(known.source);
    [this.#asideTime, this.#asideStands, this.#asideGood] = known.aside;
    this.#running.forEach(({ stretch }, i) => {
      stretch.restore(this.#end, known.folds[i] ?? []);
    });
    known.values.forEach((value, i) => {
      this.#values[i] = unpack(value);
    });
    this.#scarce.set(known.scarce);
    this.#raised = known.raised;
    this.#reason = known.reason;
  }

  /** Notes that a reading of this time has come; gives the time that it counts with. */
  #hear(time: Micros): Micros {
    const { maxGap, keepsState } = this.#plan;
    if (Number.isNaN(this.#heard)) this.#stands = 0;
    else if (time < this.#heard) {
      // The clock it was dated by was set back: what is known keeps its distance to now.
      const by = time - this.#heard;
      this.#ring.shift(by);
      this.#asideTime += by;
      for (const { stretch } of this.#running) stretch.shift(by);
      this.#end += by;
      this.#stands = 0;
    } else if (!keepsState) this.#stands = Math.min(time - this.#heard, maxGap);
    else if (this.#knownUntil >= time) this.#stands = time - this.#heard;
    else {
      // Its last word held for a while; after that nothing is known up to this one.
      const held = this.#knownUntil - this.#heard;
      if (held > 0) this.#push(this.#knownUntil, 0, { stands: held, good: true });
      this.#stands = 0;
    }
    this.#heard = time;
    this.#knownUntil = NEVER;
    return time;
  }

  /** A reading that tells nothing: what comes next does not stand for the time before it. */
  #miss(sample: Sample): Verdict {
    if (this.#plan.keepsState) this.interrupt(sample.time);
    else if (!(sample.time <= this.#heard)) this.#heard = sample.time;
    this.#reason = sample.reason;
    return NO_VERDICT;
  }

  #push(time: Micros, value: number, more: { stands: Micros; good: boolean }): void {
    const ring = this.#ring;
    if (ring.full) {
      for (const { stretch } of this.#running) stretch.expelBefore(ring.first + 1);
      ring.forgetBefore(ring.first + 1);
    }
    ring.push(time, value, more);
    for (const { stretch } of this.#running) stretch.enter();
  }

  /** All windows end at `t`; compares each. */
  #evaluate(t: Micros, atBest: Quality): Verdict {
    const known = this.#plan.keepsState ? Math.min(t, this.#knownUntil) : this.#heard;
    this.#end = t;
    let raise = 0;
    let clear = this.#all;
    let doubtful = 0;
    let none = true;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const { stretch, gauge } = one;
      stretch.moveTo(t);
      const { minCoverage } = gauge;
      // After the last reading, for how long its word still holds inside the window.
      const tail = Math.max(0, known - Math.max(this.#heard, t - gauge.span));
      const enough = stretch.goodCoverage(tail) >= minCoverage;
      let value = Number.NaN;
      let harmless = false;
      if (
        stretch.count >= gauge.minSamples &&
        (enough || gauge.scarce === "uncertain" || stretch.coverage(tail) >= minCoverage)
      ) {
        value = stretch.value;
        harmless = Number.isNaN(value) && stretch.fold.harmless === true;
      }
      this.#values[i] = value;
      const sure = enough && (harmless || !Number.isNaN(value)) && stretch.fold.doubtful !== true;
      this.#scarce[i] = sure ? 0 : 1;
      if (!sure) doubtful |= one.concerns;
      if (harmless) none = false;
      if (Number.isNaN(value)) continue;
      none = false;
      const v = one.spans.judge(value, GOOD);
      raise |= mapped(one, raising(v));
      clear &= mapped(one, clearing(v)) | ~one.concerns;
    }
    this.#raised = raise;
    if (none) return NO_VERDICT;
    const unsure = doubtful === this.#all ? UNCERTAIN : GOOD;
    return withUnknown(verdict(raise, clear & this.#all, atBest === GOOD ? unsure : atBest), doubtful);
  }

  /** Forgets what no window can come back to. */
  #forget(): void {
    let oldest = this.#ring.next;
    for (const { stretch } of this.#running) if (stretch.head < oldest) oldest = stretch.head;
    this.#ring.forgetBefore(oldest);
  }

  /** Of the gauges that have this level, the one that is furthest beyond its limit. */
  #deciding(level: number): number {
    let deciding = -1;
    let furthest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#running.length; i++) {
      const one = this.#running[i]!;
      const own = one.level.indexOf(level);
      const value = this.#values[i]!;
      if (own < 0 || Number.isNaN(value)) continue;
      const limit = one.spans.limit(own, value);
      const above = limit === one.spans.levels[own]!.high;
      const beyond = (above ? value - limit : limit - value) / (Math.abs(limit) || 1);
      if (deciding < 0 || beyond > furthest) {
        deciding = i;
        furthest = beyond;
      }
    }
    return deciding;
  }
}

/** Levels of a gauge as bits of the rule's levels. */
function mapped({ level }: Pick<Running, "level">, bits: number): number {
  let all = 0;
  for (let i = 0; i < level.length; i++) if ((bits & (1 << i)) !== 0) all |= 1 << level[i]!;
  return all;
}
