import { existsSync } from "node:fs";
import { HostError } from "../../model/error.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { DictionaryReader, dictionaryPath, type Series } from "../journal/dictionary.ts";
import { type Page, pageEnd } from "../journal/page.ts";
import { SegmentReader } from "../journal/segment-reader.ts";
import { DamagedRecords } from "../journal/segment-view.ts";
import { PagePlayer } from "./page-player.ts";
import type { Playback } from "./playback.ts";
import { RecordedEvents } from "./recorded-events.ts";
import { Remarks, type Source, type Span } from "./source.ts";

/** Readings taken from the journal at once. */
const STRETCH = 65_536;
/** First record that a journal ever has (journal/recovery.ts). */
const FIRST_RECORD = 1;

/**
 * The journal of a data folder, read only: while a gateway runs there, or without one. Readings, commands, health and starts come
 * in the order in which they were evaluated.
 *
 * Where the configuration is the one that the gateway ran with, from the very first record on, the replay is the same
 * computation: its events must be those that were published, and whatever differs is a remark. Under another configuration a
 * recorded command is meant for the occurrence that stands in place of the one the person saw, derived channels are computed
 * anew, and numbers of events and occurrences are the replay's own.
 */
export class JournalSource implements Source {
  readonly name: string;
  readonly #folder: string;
  readonly #span: Span;
  readonly #remarks = new Remarks();
  readonly #series: readonly Series[];
  #recorded: RecordedEvents | undefined;

  /** @throws HostError JOURNAL_UNAVAILABLE when the folder holds no journal; an SQLite error when it cannot be read */
  constructor(folder: string, span: Span) {
    if (!existsSync(dictionaryPath(folder))) {
      throw new HostError("JOURNAL_UNAVAILABLE", `${folder} holds no journal`, {
        hint: "nothing has been recorded there yet, or --data names another folder",
      });
    }
    this.name = folder;
    this.#folder = folder;
    this.#span = span;
    const dictionary = new DictionaryReader(folder);
    try {
      this.#series = dictionary.all();
    } finally {
      dictionary.close();
    }
  }

  channels(site: Site): ReadonlySet<number> {
    const keys = new Set(this.#series.map(({ key }) => key));
    return new Set(site.channels.flatMap(({ key, index }) => (keys.has(key) ? [index] : [])));
  }

  remarks() {
    return this.#remarks.list();
  }

  /** Events that were the same as those published live; undefined when the two cannot be compared. */
  get sameAsLive(): number | undefined {
    return this.#recorded?.same;
  }

  /** For the playback's events. */
  replayed(event: AlarmEvent): void {
    this.#recorded?.replayed(event);
  }

  *play(playback: Playback): Generator<number, void, undefined> {
    const segments = new SegmentReader(this.#folder, (damage) => this.#damaged(damage));
    try {
      yield* this.#play(segments, playback);
      this.#recorded?.finish();
    } finally {
      segments.close();
    }
  }

  *#play(segments: SegmentReader, playback: Playback): Generator<number, void, undefined> {
    const oldest = segments.oldest;
    if (oldest === undefined) return;
    const end = this.#end(segments);
    const begin = this.#beginning(segments, { oldest, end });
    const first = this.#pageAt(segments, oldest);
    const complete = oldest === FIRST_RECORD && first !== undefined && !(firstTime(first) < this.#span.since);
    const player = new PagePlayer(playback, { series: this.#series, remarks: this.#remarks, complete });
    let from = begin;
    for (;;) {
      let pages: Page[];
      try {
        pages = segments.pagesFrom(from, STRETCH);
      } catch (thrown) {
        if (!(thrown instanceof DamagedRecords)) throw thrown;
        this.#damaged(thrown);
        player.broken();
        if (thrown.to === Number.MAX_SAFE_INTEGER) return;
        from = Math.max(from + 1, thrown.to);
        continue;
      }
      const last = pages.at(-1);
      if (last === undefined) return;
      for (const page of pages) {
        if (firstTime(page) >= this.#span.until) return;
        if (player.exact(page)) {
          this.#recorded ??= new RecordedEvents(this.#remarks);
          for (const event of page.events) this.#recorded.live(event);
        } else if (this.#recorded !== undefined) {
          this.#recorded.finish();
          this.#recorded = undefined;
        }
        player.page(page, this.#span);
      }
      from = pageEnd(last);
      yield Math.min(1, (from - begin) / Math.max(1, end - begin));
    }
  }

  /** The record to begin with: the page that holds `since`, found by halving, because pages are in order of `received`. */
  #beginning(segments: SegmentReader, { oldest, end }: { oldest: number; end: number }): number {
    if (!Number.isFinite(this.#span.since)) return oldest;
    let low = oldest;
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      const page = this.#pageAt(segments, middle);
      if (page === undefined || firstTime(page) > this.#span.since) high = middle - 1;
      else low = Math.max(middle, page.first);
    }
    return low;
  }

  /** Not far behind the end of the newest segment: found by doubling, then by halving. */
  #end(segments: SegmentReader): number {
    const first = segments.segments().at(-1)!.first;
    const behind = (sequence: number) => this.#pageAt(segments, sequence) === undefined;
    let step = STRETCH;
    while (step < Number.MAX_SAFE_INTEGER / 4 && !behind(first + step)) step *= 2;
    let [low, high] = [first, first + step];
    while (high - low > STRETCH) {
      const middle = Math.floor((low + high) / 2);
      if (behind(middle)) high = middle;
      else low = middle;
    }
    return high;
  }

  #pageAt(segments: SegmentReader, sequence: number): Page | undefined {
    try {
      return segments.pagesFrom(sequence, 1)[0];
    } catch (thrown) {
      if (thrown instanceof DamagedRecords) return undefined;
      throw thrown;
    }
  }

  #damaged(damage: DamagedRecords): void {
    this.#remarks.add("damaged records", damage.message);
  }
}

/** When the first thing of a page was evaluated. */
function firstTime(page: Page): Micros {
  const message = page.messages > 0 ? page.received[0]! : Number.POSITIVE_INFINITY;
  return Math.min(message, page.inputs[0]?.input.at ?? Number.POSITIVE_INFINITY);
}
