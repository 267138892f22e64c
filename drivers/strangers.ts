import type { Log } from "../model/log.ts";
import { type Clock, HOUR, type Micros } from "../model/time.ts";
import type { Stranger } from "./driver.ts";

/** So many strangers an hour are named in the log and quarantined: a flood of forged addresses must not flood those. */
const NEWS_AN_HOUR = 100;

/** Longest address and words that are remembered of one, characters; none that goes into a site file is longer. */
const LONGEST = 256;

export interface StrangersOptions {
  /** Id of the link. */
  readonly link: string;
  /** The protocol by the name people know. */
  readonly protocol: string;
  /** Strangers remembered; then the least recent is forgotten. */
  readonly bound: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who speaks to a link and is in no site file: counted by its driver, remembered here so that it can be shown and added. */
export class Strangers {
  readonly #o: StrangersOptions;
  /** By address, the least recent first. */
  readonly #known = new Map<string, Stranger>();
  #hour: Micros = Number.NEGATIVE_INFINITY;
  #news = 0;

  constructor(options: StrangersOptions) {
    this.#o = options;
  }

  /**
   * Notes that somebody spoke. `called`: its address as it goes into the site file, `said` in words, `twin` the device of the site that has the same
   * address. True when this is news: the driver then
   * keeps a sample of what came.
   */
  note(called: string, from: { peer: string; said: string; twin?: string }): boolean {
    const { clock, link, protocol, bound, log } = this.#o;
    const now = clock.now();
    const address = shortened(called);
    const peer = shortened(from.peer);
    const said = shortened(from.said);
    const known = this.#known.get(address);
    this.#known.delete(address);
    this.#known.set(address, {
      link,
      protocol,
      address,
      peer,
      said,
      first: known?.first ?? now,
      last: now,
      count: (known?.count ?? 0) + 1,
      ...(from.twin === undefined ? {} : { twin: from.twin }),
    });
    if (this.#known.size > bound) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    if (known !== undefined || !this.#isNews(now)) return false;
    log.warn(
      { link, protocol, peer, said, address },
      from.twin === undefined
        ? `a device that the site file does not have calls; it gets no answer. Add it with address: ${address}`
        : `two devices call themselves ${from.twin}: what either says counts for both. Give one of them an address of its own`,
    );
    return true;
  }

  /** Those remembered, the least recent first. */
  list(): Stranger[] {
    return [...this.#known.values()];
  }

  #isNews(now: Micros): boolean {
    if (now - this.#hour >= HOUR) {
      this.#hour = now;
      this.#news = 0;
    }
    return ++this.#news <= NEWS_AN_HOUR;
  }
}

/** Who sends a novel for a name must not fill memory, log and screen with it. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
