import { GOOD } from "../../model/quality.ts";
import type { ChannelIndex } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import { CompensatedSum, rounded } from "../window/compensated-sum.ts";
import type { Sample } from "./condition.ts";
import { STANDARD_COVERAGE } from "./window-options.ts";

/** What a value is compared with. */
export interface Reference {
  /** Takes a reading of the channel itself, before it is compared. @throws Error when the reference can never be known */
  own(sample: Sample): void;
  /** Takes a reading of another channel. */
  other(sample: Sample): void;
  /** What it should be at `now`; NaN: not known. */
  value(now: Micros): number;
  /** JSON-safe. */
  state(): unknown;
  restore(state: unknown): void;
}

/** A number that somebody has stated. */
export class StatedBaseline implements Reference {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  own(): void {}

  other(): void {}

  value(): number {
    return this.#value;
  }

  state(): undefined {}

  restore(): void {}
}

/** When a baseline is learnt. */
export interface QuietPeriod {
  /** Its beginning; undefined: the first reading. */
  readonly since: Micros | undefined;
  readonly span: Micros;
  /** A reading stands for the time since the one before it, and for no more than this. */
  readonly maxGap: Micros;
}

/** JSON-safe. */
type LearntState = readonly [
  begin: PackedNumber,
  last: PackedNumber,
  covered: number,
  count: number,
  sum: number,
  error: number,
  learnt: PackedNumber,
];

/** The mean of the good readings of a quiet period. A period that began with the first reading and was too thin begins again. */
export class LearntBaseline implements Reference {
  readonly #period: QuietPeriod;
  readonly #sum = new CompensatedSum();
  #begin: Micros;
  #last = Number.NaN;
  #covered = 0;
  #count = 0;
  #learnt = Number.NaN;

  constructor(period: QuietPeriod) {
    this.#period = period;
    this.#begin = period.since ?? Number.NaN;
  }

  own({ value, quality, time }: Sample): void {
    if (!Number.isNaN(this.#learnt)) return;
    const { since, span, maxGap } = this.#period;
    if (Number.isNaN(this.#begin)) this.#begin = time;
    if (time > this.#begin + span) {
      if (this.#covered >= STANDARD_COVERAGE * span) {
        this.#learnt = rounded(this.#sum.value / this.#count);
        return;
      }
      if (since !== undefined) {
        throw new Error("the quiet period is over and held too few good readings to learn a baseline from");
      }
      this.#begin = time;
      this.#covered = 0;
      this.#count = 0;
      this.#sum.clear();
      this.#last = Number.NaN;
    }
    if (quality !== GOOD || time < this.#begin) return;
    if (!Number.isNaN(this.#last)) this.#covered += Math.min(Math.max(0, time - this.#last), maxGap);
    this.#last = time;
    this.#count++;
    this.#sum.add(value);
  }

  other(): void {}

  value(): number {
    return this.#learnt;
  }

  state(): LearntState {
    return [
      pack(this.#begin),
      pack(this.#last),
      this.#covered,
      this.#count,
      ...this.#sum.state(),
      pack(this.#learnt),
    ];
  }

  restore(state: unknown): void {
    const [begin, last, covered, count, sum, error, learnt] = state as LearntState;
    this.#begin = unpack(begin);
    this.#last = unpack(last);
    this.#covered = covered;
    this.#count = count;
    this.#sum.restore([sum, error]);
    this.#learnt = unpack(learnt);
  }
}

/** Another channel whose last good value counts. */
export interface Fellow {
  readonly channel: ChannelIndex;
  readonly key: string;
  /** Into the unit of the channel that is compared. */
  readonly scale: number;
  readonly offset: number;
}

/** Median of what other channels last said, as far as that is good and fresh; of one it is that one. */
export class FellowsMedian implements Reference {
  readonly #fellows: readonly Fellow[];
  readonly #maxAge: Micros;
  readonly #least: number;
  readonly #place: ReadonlyMap<ChannelIndex, number>;
  readonly #value: Float64Array;
  /** NaN: nothing good yet. */
  readonly #received: Float64Array;

  constructor(fellows: readonly Fellow[], { maxAge, least }: { maxAge: Micros; least: number }) {
    this.#fellows = fellows;
    this.#maxAge = maxAge;
    this.#least = least;
    this.#place = new Map(fellows.map(({ channel }, i) => [channel, i]));
    this.#value = new Float64Array(fellows.length);
    this.#received = new Float64Array(fellows.length).fill(Number.NaN);
  }

  own(): void {}

  other({ channel, value, quality, received }: Sample): void {
    const i = this.#place.get(channel);
    if (i === undefined) return;
    // What it says that is not good makes nobody else depart.
    const good = quality === GOOD && Number.isFinite(value);
    const { scale, offset } = this.#fellows[i]!;
    if (good) this.#value[i] = value * scale + offset;
    this.#received[i] = good ? received : Number.NaN;
  }

  value(now: Micros): number {
    const fresh: number[] = [];
    for (let i = 0; i < this.#value.length; i++) {
      if (now - this.#received[i]! <= this.#maxAge) fresh.push(this.#value[i]!);
    }
    if (fresh.length < this.#least) return Number.NaN;
    fresh.sort((a, b) => a - b);
    const middle = fresh.length >> 1;
    return fresh.length % 2 === 1 ? fresh[middle]! : (fresh[middle - 1]! + fresh[middle]!) / 2;
  }

  state(): Readonly<Record<string, readonly [number, PackedNumber]>> {
    return Object.fromEntries(
      this.#fellows.map(({ key }, i) => [key, [this.#value[i]!, pack(this.#received[i]!)]]),
    );
  }

  restore(state: unknown): void {
    const known = state as Readonly<Record<string, readonly [number, PackedNumber]>>;
    this.#fellows.forEach(({ key }, i) => {
      const one = known[key];
      if (one === undefined) return;
      this.#value[i] = one[0];
      this.#received[i] = unpack(one[1]);
    });
  }
}
