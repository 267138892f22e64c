import { type Clock, MINUTE, type Micros } from "../../model/time.ts";
import { type Request, shapeOf } from "./request.ts";

/**
 * How long an answer that was given up may still come: modems and radio gateways deliver old packets after a gap. Within this
 * time a question that could be mixed up with it is put twice, and only the second answer is believed.
 */
const OWED_FOR: Micros = MINUTE;
/** Answers to several registers are owed. */
const SEVERAL = -1;

interface Owed {
  /** Register that was asked for. */
  readonly address: number;
  /** Until when questions of its shape are not put at all. */
  readonly until: Micros;
  /** Until when they are put with care. */
  readonly forgetAt: Micros;
}

/** Answers that were given up and may still come, by what they would pass for. Bounded by the questions a link puts. */
export class OwedAnswers {
  readonly #clock: Clock;
  /** How long after its deadline an answer is simply waited for. */
  readonly #late: Micros;
  readonly #owed = new Map<string, Owed>();

  constructor(clock: Clock, late: Micros) {
    this.#clock = clock;
    this.#late = late;
  }

  /** A question was not answered in time. */
  add(request: Request): void {
    const shape = shapeOf(request);
    if (shape === undefined) return;
    const now = this.#clock.now();
    for (const [old, { forgetAt }] of this.#owed) if (forgetAt <= now) this.#owed.delete(old);
    const owed = this.#owed.get(shape);
    // Two registers are owed: whichever comes may be the other's.
    const address = owed === undefined || owed.address === request.address ? request.address : SEVERAL;
    this.#owed.set(shape, { address, until: now + this.#late, forgetAt: now + OWED_FOR });
  }

  /** An answer of this shape came that nobody waited for. */
  came(shape: string): void {
    this.#owed.delete(shape);
  }

  /** How long a question must wait for an answer that would pass for its own. */
  rest(request: Request): Micros {
    return (this.#for(request)?.until ?? 0) - this.#clock.now();
  }

  /** Whether an answer that was given up, to another register, would pass for the answer to this. */
  isDoubtful(request: Request): boolean {
    const owed = this.#for(request);
    return owed !== undefined && owed.address !== request.address && owed.forgetAt > this.#clock.now();
  }

  #for(request: Request): Owed | undefined {
    if (this.#owed.size === 0) return undefined;
    const shape = shapeOf(request);
    return shape === undefined ? undefined : this.#owed.get(shape);
  }
}
