import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, DAY, MILLISECOND, MINUTE, type Micros, type Timer } from "../../model/time.ts";
import type { Digest } from "../journal/chain.ts";
import { digestMessage } from "./digest-message.ts";
import { CLEARED } from "./retained-alarms.ts";
import { digestTopic } from "./topics.ts";

/** How often the calendar is looked at: a digest comes within a minute of midnight, whatever is done to the clock. */
const LOOK_EVERY: Micros = MINUTE;
/** Digests whose topics are looked after: those of ten years, 300 bytes each. */
const MOST_DAYS = 3_660;

export interface DailyDigestsOptions {
  readonly site: { readonly id: string; readonly timeZone: string };
  readonly clock: Clock;
  readonly log: Log;
  /** Digests of before, oldest first. */
  readonly earlier: readonly Digest[];
  /** Writes the digest of a day down, durably. @throws HostError JOURNAL_UNAVAILABLE */
  readonly make: (date: string) => Promise<Digest>;
  /** A digest is on disk: it goes out. `name` is that of its topic. */
  readonly tell: (digest: Digest, name: string) => void;
}

/**
 * Publishes the chain value of the alarm log once a day, when the day has ended at the site. A day on which the gateway was down
 * gets none: nothing was logged after the digest before it.
 */
export class DailyDigests {
  readonly #o: DailyDigestsOptions;
  readonly #days = new Map<string, Digest>();
  readonly #format: Intl.DateTimeFormat;
  #timer: Timer | undefined;
  #making = false;
  /** The day that was going on when this was last looked at. */
  #today: string;

  constructor(options: DailyDigestsOptions) {
    this.#o = options;
    // The Swedish form of a date is that of ISO 8601.
    this.#format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: options.site.timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    for (const digest of options.earlier) this.#keep(digest);
    this.#today = this.#date(options.clock.wall());
    const last = options.earlier.at(-1);
    // Down over midnight: the day whose end was missed is that of the last digest's morrow, and yesterday by now.
    if (last !== undefined && last.date < this.#date(options.clock.wall() - DAY)) this.#today = last.date;
  }

  /** Begins to look at the calendar. */
  start(): void {
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Names of the topics. */
  *names(): Iterable<string> {
    for (const date of this.#days.keys()) yield digestTopic(date);
  }

  /** What stands in the topic of a day; cleared when nothing is known of it. */
  payload(date: string): string {
    const digest = this.#days.get(date);
    return digest === undefined ? CLEARED : JSON.stringify(digestMessage(digest, this.#o.site.id));
  }

  #look(): void {
    const { clock } = this.#o;
    this.#timer = clock.after(LOOK_EVERY, () => this.#look());
    const today = this.#date(clock.wall());
    if (today === this.#today || this.#making) return;
    // A clock that was set back has ended no day.
    if (today < this.#today) {
      this.#today = today;
      return;
    }
    void this.#make(today);
  }

  async #make(today: string): Promise<void> {
    const { clock, log } = this.#o;
    this.#making = true;
    try {
      const digest = await this.#o.make(this.#date(clock.wall() - DAY));
      this.#today = today;
      this.#keep(digest);
      this.#o.tell(digest, digestTopic(digest.date));
    } catch (thrown) {
      log.warn(
        { reason: describe(thrown) },
        "the alarm log's daily digest could not be made; it is tried again",
      );
    } finally {
      this.#making = false;
    }
  }

  #keep(digest: Digest): void {
    this.#days.set(digest.date, digest);
    if (this.#days.size > MOST_DAYS) this.#days.delete(this.#days.keys().next().value!);
  }

  #date(at: Micros): string {
    return this.#format.format(at / MILLISECOND);
  }
}
