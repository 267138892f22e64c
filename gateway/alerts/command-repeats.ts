import { type Clock, MINUTE, type Micros } from "../../model/time.ts";
import type { ResultMessage } from "./command-schemas.ts";

/** Results that are remembered, and for how long: a command delivered again meanwhile is answered and not carried out again. */
const ANSWERED_BOUND = 512;
const REPEAT_WITHIN = 10 * MINUTE;
/** A device's answer with more facts is not remembered: a day of a logger is megabytes, and to ask once more does no harm. */
const FACTS_REMEMBERED = 100;

/** Knows which commands have been given: one that is delivered again, or meanwhile, is answered and not carried out again. */
export class CommandRepeats {
  readonly #clock: Clock;
  readonly #answered = new Map<string, { at: Micros; result: Promise<ResultMessage> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The result of the command `key`, which is all that it says and who sent it: what it was, or will be, or else what comes of
   * carrying it out. Rejects as `carryOut` does.
   */
  async once(
    key: string,
    carryOut: () => Promise<ResultMessage>,
  ): Promise<{ readonly result: ResultMessage; readonly repeated: boolean }> {
    // A repeated delivery must not acknowledge what has become worse since; what was refused may be tried again, by one of those that
    // have waited for it.
    for (let before = this.#recent(key); before !== undefined; ) {
      const result = await before;
      if (result.accepted) return { result, repeated: true };
      const next = this.#recent(key);
      before = next === before ? undefined : next;
    }
    const result = carryOut();
    this.#remember(key, result);
    return { result: await result, repeated: false };
  }

  #recent(key: string): Promise<ResultMessage> | undefined {
    const before = this.#answered.get(key);
    const recent = before !== undefined && this.#clock.now() - before.at < REPEAT_WITHIN;
    return recent ? before.result : undefined;
  }

  #remember(key: string, result: Promise<ResultMessage>): void {
    this.#answered.delete(key);
    this.#answered.set(key, { at: this.#clock.now(), result });
    if (this.#answered.size > ANSWERED_BOUND) this.#answered.delete(this.#answered.keys().next().value!);
    const forgetLong = ({ answer }: ResultMessage) => {
      const isLong = (answer?.facts.length ?? 0) > FACTS_REMEMBERED;
      if (isLong && this.#answered.get(key)?.result === result) this.#answered.delete(key);
    };
    // A failure is for who waits for the result.
    result.then(forgetLong, () => {});
  }
}
