import { type Micros, SECOND } from "../../../model/time.ts";
import type { Range } from "../ranges.ts";

/** What was sent within this counts as sent at once, so that the list stays short. */
const GRAIN: Micros = SECOND;

/** Records that were sent, and whose hearing is not certain yet. */
export interface Sent {
  readonly range: Range;
  readonly readings: number;
  /** When the broker had the last of them. */
  readonly at: Micros;
}

/** An entry, with the time of its first part. */
interface Entry extends Sent {
  readonly since: Micros;
}

/** Live records and those that waited go by turns: a neighbour is among the last two. */
const LANES = 2;

/**
 * What was sent not long ago. With QoS 0 nothing tells that a host has heard it; that the host was still there some time later does.
 * Bounded by that time: neighbours of one second are one entry.
 */
export class Unconfirmed {
  readonly #after: Micros;
  #sent: Entry[] = [];

  /** `after`: how long ago it must have been sent; 0 when the broker's word is enough. */
  constructor(after: Micros) {
    this.#after = after;
  }

  /** When the oldest is due; undefined when there is none. */
  get due(): Micros | undefined {
    const oldest = this.#sent[0];
    return oldest && oldest.at + this.#after;
  }

  add(sent: Sent): void {
    const from = Math.max(0, this.#sent.length - LANES);
    const before = this.#sent.findIndex(
      ({ range, since }, index) => index >= from && range.to === sent.range.from && sent.at - since <= GRAIN,
    );
    const entry = this.#sent[before];
    if (entry === undefined) this.#sent.push({ ...sent, since: sent.at });
    else {
      const range = { from: entry.range.from, to: sent.range.to };
      this.#sent[before] = { ...entry, range, readings: entry.readings + sent.readings, at: sent.at };
    }
  }

  /** Takes what is certain by now. */
  takeDue(now: Micros): Sent[] {
    const first = this.#sent.findIndex(({ at }) => at + this.#after > now);
    return this.#sent.splice(0, first < 0 ? this.#sent.length : first);
  }

  /** Takes everything: it was not heard for certain. */
  takeAll(): Sent[] {
    return this.#sent.splice(0);
  }
}
