import { pack, unpack } from "../checkpoint-number.ts";
import { ASIDE, CONFIRMS, ENTERS, type Source, type SourceState, type Taken } from "./source.ts";

/** How a counter behaves; all in the counter's own unit. */
export interface CounterBehaviour {
  /** The count at which it begins again at 0; undefined: it does not. */
  readonly wrap: number | undefined;
  /** The most it can rise between two readings; Infinity: anything. */
  readonly largestStep: number;
  /** How far it may fall without having been reset: evaporation, noise of a weighing gauge. */
  readonly noise: number;
  /** It is set to 0 in normal operation (rain since 08:00), so that a reset is nothing doubtful. */
  readonly resetsDaily: boolean;
}

/**
 * Increments of a counter. It may wrap and it may be reset; a fall that is neither, and a rise that is not plausible, wait until
 * the next reading shows which it was: a drop-out to 0 for one sample would otherwise count everything again.
 */
export class CounterSource implements Source {
  readonly #behaviour: CounterBehaviour;
  #last = Number.NaN;
  #aside = Number.NaN;
  value = Number.NaN;
  aside = Number.NaN;
  doubtful = false;

  constructor(behaviour: CounterBehaviour) {
    this.#behaviour = behaviour;
  }

  get waiting(): boolean {
    return !Number.isNaN(this.#aside);
  }

  take(count: number): Taken {
    this.doubtful = false;
    // The first count says nothing about what came before it.
    const step = Number.isNaN(this.#last) ? 0 : this.#step(this.#last, count);
    if (!Number.isNaN(step)) {
      this.#last = Math.max(count, Number.isNaN(this.#last) || this.#wrapped(count) ? count : this.#last);
      this.#aside = Number.NaN;
      this.value = step;
      return ENTERS;
    }
    const again = this.#step(this.#aside, count);
    if (!Number.isNaN(again)) {
      const reset = this.#aside < this.#last;
      this.aside = reset ? this.#sinceReset(this.#aside) : this.#aside - this.#last;
      this.doubtful = reset && !this.#behaviour.resetsDaily;
      this.#last = count;
      this.#aside = Number.NaN;
      this.value = again;
      return CONFIRMS;
    }
    this.#aside = count;
    return ASIDE;
  }

  state(): SourceState {
    return [pack(this.#last), pack(this.#aside)];
  }

  restore([last = "NaN", aside = "NaN"]: SourceState): void {
    this.#last = unpack(last);
    this.#aside = unpack(aside);
  }

  /** From one count to the next; NaN when it cannot have been that. */
  #step(from: number, to: number): number {
    const { wrap, largestStep, noise } = this.#behaviour;
    const step = to - from;
    if (step >= 0) return step <= largestStep ? step : Number.NaN;
    if (step >= -noise) return 0;
    if (wrap !== undefined && step + wrap >= 0 && step + wrap <= largestStep) return step + wrap;
    return Number.NaN;
  }

  /**
   * After a reset it has counted from 0; what it counted between its last word and the reset nobody knows. A fall that leaves most
   * of the count is no reset to 0 (slow evaporation, a counter that was set): it only becomes where counting goes on from.
   */
  #sinceReset(count: number): number {
    return count <= this.#behaviour.largestStep && count < this.#last / 2 ? count : 0;
  }

  #wrapped(count: number): boolean {
    return count - this.#last < -this.#behaviour.noise;
  }
}
