import type { Log } from "../../model/log.ts";
import { type Clock, formatDuration, MINUTE, type Micros, SECOND, type Timer } from "../../model/time.ts";

interface Episode {
  readonly since: Micros;
  readonly what: string;
  count: number;
  /** How it ended, and when; undefined while it goes on. */
  end: { at: Micros; words: string } | undefined;
}

/** Most troubles remembered at a time; one more than this is logged each time it happens. */
const MOST_EPISODES = 10_000;
/** An end is believed after this long: a line that fails now and then is one trouble, not a hundred. */
const BELIEVED: Micros = MINUTE;

/**
 * Troubles that last: each is logged once when it begins and once when it has ended, with how often it happened and for
 * how long, and not in between.
 */
export class Episodes {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #fields: object;
  readonly #open = new Map<string, Episode>();
  #timer: Timer | undefined;

  constructor(log: Log, clock: Clock, fields: object) {
    this.#log = log;
    this.#clock = clock;
    this.#fields = fields;
  }

  /** It happened, perhaps again. `key` tells troubles apart. */
  happened(key: string, what: string, fields: object = {}): void {
    const episode = this.#open.get(key);
    if (episode !== undefined) {
      episode.count++;
      episode.end = undefined;
      return;
    }
    if (this.#open.size < MOST_EPISODES) {
      this.#open.set(key, { since: this.#clock.now(), what, count: 1, end: undefined });
    }
    this.#log.warn({ ...this.#fields, ...fields }, what);
  }

  /** It is over, if it ever was and does not come back soon. */
  over(key: string, words: string): void {
    const episode = this.#open.get(key);
    if (episode === undefined || episode.end !== undefined) return;
    episode.end = { at: this.#clock.now(), words };
    this.#timer ??= this.#clock.after(BELIEVED, () => this.#sweep());
  }

  /** Nothing is logged any more. */
  close(): void {
    this.#timer?.cancel();
    this.#open.clear();
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [key, episode] of this.#open) {
      if (episode.end === undefined) continue;
      const due = episode.end.at + BELIEVED;
      if (due > now) {
        next = Math.min(next, due);
        continue;
      }
      this.#open.delete(key);
      const seconds = Math.round((episode.end.at - episode.since) / SECOND);
      this.#log.info(
        { ...this.#fields, count: episode.count, seconds },
        `${episode.end.words} after ${formatDuration(seconds * SECOND)} (${episode.count} times: ${episode.what})`,
      );
    }
    if (next < Number.POSITIVE_INFINITY) this.#timer = this.#clock.after(next - now, () => this.#sweep());
  }
}
