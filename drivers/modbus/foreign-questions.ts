import { type Clock, type Micros, SECOND } from "../../model/time.ts";

/** How long another master's question is reckoned with; whoever has not answered by then will not. */
const PATIENCE: Micros = 2 * SECOND;
/** Questions remembered; a bus with more masters at a time carries nothing at all. */
const MOST = 16;

/**
 * Questions of other masters that were overheard on the line. Their answers have the form of answers to ours, and must not be
 * taken for them.
 */
export class ForeignQuestions {
  readonly #clock: Clock;
  readonly #open: { readonly shape: string; readonly until: Micros }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Another master has asked for an answer of this shape. */
  asked(shape: string): void {
    this.#open.push({ shape, until: this.#clock.now() + PATIENCE });
    if (this.#open.length > MOST) this.#open.shift();
  }

  /** Whether an answer of this shape belongs to another master; it is used up by that. */
  claim(shape: string): boolean {
    if (this.#open.length === 0) return false;
    const now = this.#clock.now();
    while (this.#open.length > 0 && this.#open[0]!.until <= now) this.#open.shift();
    const at = this.#open.findIndex((question) => question.shape === shape);
    if (at < 0) return false;
    this.#open.splice(at, 1);
    return true;
  }
}
