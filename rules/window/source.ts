import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";

/** What becomes of a value: it is put aside, it enters, it enters after the one that was put aside before it, or it is nonsense. */
export const ASIDE = 0;
export const ENTERS = 1;
export const CONFIRMS = 2;
export const REFUSED = 3;
export type Taken = typeof ASIDE | typeof ENTERS | typeof CONFIRMS | typeof REFUSED;

/** JSON-safe. */
export type SourceState = readonly PackedNumber[];

/** Turns what an instrument says into what a window holds. */
export interface Source {
  take(value: number): Taken;
  /** What enters. */
  readonly value: number;
  /** What enters before it, of the value that was put aside. */
  readonly aside: number;
  /** What enters is not certain. */
  readonly doubtful: boolean;
  /** The value that is put aside was a mere spike unless the next one agrees; NaN: none. */
  readonly waiting: boolean;
  state(): SourceState;
  restore(state: SourceState): void;
}

/** Values as they are. */
export class PlainSource implements Source {
  value = Number.NaN;
  readonly aside = Number.NaN;
  readonly doubtful = false;
  readonly waiting = false;

  take(value: number): Taken {
    this.value = value;
    return ENTERS;
  }

  state(): SourceState {
    return [];
  }

  restore(): void {}
}

/**
 * Values of which a one-sample spike is kept out: a step beyond what is plausible waits until the next reading confirms it
 * (semantics.md 19).
 */
export class ConfirmedSource implements Source {
  readonly #largestStep: number;
  #last = Number.NaN;
  #aside = Number.NaN;
  value = Number.NaN;
  aside = Number.NaN;
  readonly doubtful = false;

  constructor(largestStep: number) {
    this.#largestStep = largestStep;
  }

  get waiting(): boolean {
    return !Number.isNaN(this.#aside);
  }

  take(value: number): Taken {
    const near = (other: number) => Math.abs(value - other) <= this.#largestStep;
    if (Number.isNaN(this.#last) || near(this.#last)) {
      this.#aside = Number.NaN;
      this.#last = value;
      this.value = value;
      return ENTERS;
    }
    if (near(this.#aside)) {
      this.aside = this.#aside;
      this.#aside = Number.NaN;
      this.#last = value;
      this.value = value;
      return CONFIRMS;
    }
    this.#aside = value;
    return ASIDE;
  }

  state(): SourceState {
    return [pack(this.#last), pack(this.#aside)];
  }

  restore([last = "NaN", aside = "NaN"]: SourceState): void {
    this.#last = unpack(last);
    this.#aside = unpack(aside);
  }
}

/** Increments as they are; less than nothing cannot have fallen. */
export class IncrementSource extends PlainSource {
  override take(value: number): Taken {
    return value < 0 ? REFUSED : super.take(value);
  }
}

/** 1 for what is counted and 0 for the rest, so that their sum is the count. */
export class CountSource implements Source {
  readonly #counts: (value: number) => boolean;
  value = 0;
  readonly aside = Number.NaN;
  readonly doubtful = false;
  readonly waiting = false;

  constructor(counts: (value: number) => boolean) {
    this.#counts = counts;
  }

  take(value: number): Taken {
    this.value = this.#counts(value) ? 1 : 0;
    return ENTERS;
  }

  state(): SourceState {
    return [];
  }

  restore(): void {}
}
