import { existsSync } from "node:fs";
import { HostError } from "../../model/error.ts";
import { FLAG_DERIVED, ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { CommandInput, Input } from "../../rules/input.ts";
import { DictionaryReader, dictionaryPath, type Series } from "../journal/dictionary.ts";
import { type Page, pageEnd } from "../journal/page.ts";
import { SegmentReader } from "../journal/segment-reader.ts";
import { DamagedRecords } from "../journal/segment-view.ts";
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
    const begin = this.#beginning(segments, oldest);
    const complete = oldest === FIRST_RECORD && begin === oldest;
    const player = new PagePlayer(playback, { series: this.#series, remarks: this.#remarks, complete });
    const end = this.#end(segments);
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
        player.page(page, this.#span.until);
      }
      from = pageEnd(last);
      yield Math.min(1, (from - begin) / Math.max(1, end - begin));
    }
  }

  /** The record to begin with: the page that holds `since`, found by halving, because pages are in order of `received`. */
  #beginning(segments: SegmentReader, oldest: number): number {
    if (!Number.isFinite(this.#span.since)) return oldest;
    let low = oldest;
    let high = segments.segments().at(-1)!.first;
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      const page = this.#pageAt(segments, middle);
      if (page === undefined || firstTime(page) > this.#span.since) high = middle - 1;
      else low = Math.max(middle, page.first);
    }
    return low;
  }

  /** About where the newest segment ends, for the progress: found by doubling, then by halving. */
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

/** Feeds pages to a playback, in the order in which they were evaluated. */
class PagePlayer {
  readonly #playback: Playback;
  readonly #remarks: Remarks;
  /** Channel of a series, by series id; -1: the site has none, or another quantity. */
  readonly #channelOf = new Map<number, number>();
  readonly #series: ReadonlyMap<number, Series>;
  readonly #batch = new ReadingBatch();
  /** The occurrence that stood live, by rule and subject. */
  readonly #stood = new Map<string, number>();
  /** Everything so far was evaluated under this configuration, from the first record on. */
  #exact: boolean;
  #revision = "";
  #booted = false;

  constructor(
    playback: Playback,
    options: { series: readonly Series[]; remarks: Remarks; complete: boolean },
  ) {
    this.#playback = playback;
    this.#remarks = options.remarks;
    this.#exact = options.complete;
    const { channels } = playback.configuration.site;
    const byKey = new Map(channels.map((channel) => [channel.key, channel]));
    this.#series = new Map(options.series.map((series) => [series.id, series]));
    for (const { id, key, quantity, unit } of options.series) {
      const channel = byKey.get(key);
      const fits = channel !== undefined && channel.quantity === quantity && channel.unit === unit;
      this.#channelOf.set(id, fits ? channel.index : -1);
    }
  }

  /** Records are missing: from here on the replay is on its own. */
  broken(): void {
    this.#exact = false;
  }

  /** Whether the events of a page must come out of the replay as they stand in it. */
  exact(page: Page): boolean {
    for (const { input } of page.inputs) {
      if (input.kind === "boot" && input.revision !== this.#playback.configuration.site.revision) {
        this.#exact = false;
      }
    }
    return this.#exact;
  }

  page(page: Page, until: Micros): void {
    let next = 0;
    for (let m = 0; m < page.messages; m++) {
      next = this.#inputs(page, next, { upTo: m, until });
      if (page.received[m]! >= until) return;
      this.#message(page, m);
    }
    this.#inputs(page, next, { upTo: Number.POSITIVE_INFINITY, until });
    for (const { rule, subject, occurrence, to } of page.events) {
      const key = `${rule} ${subject}`;
      if (to === "normal") this.#stood.delete(key);
      else this.#stood.set(key, occurrence);
    }
  }

  #inputs(page: Page, from: number, { upTo, until }: { upTo: number; until: Micros }): number {
    let i = from;
    for (; i < page.inputs.length && page.inputs[i]!.before <= upTo; i++) {
      const { input } = page.inputs[i]!;
      if (input.at >= until) continue;
      const own = this.#exact ? input : this.#translated(input, page);
      if (own !== undefined) this.#playback.input(own);
      if (input.kind === "boot") {
        this.#revision = input.revision;
        this.#booted = true;
      }
    }
    return i;
  }

  /** What an input means under another configuration than the one it was recorded under. */
  #translated(input: Input, page: Page): Input | undefined {
    const { engine, configuration } = this.#playback;
    const { site } = configuration;
    switch (input.kind) {
      case "boot":
        return {
          kind: "boot",
          at: input.at,
          boot: input.boot,
          revision: site.revision,
          seq: engine.nextSeq,
          occurrence: engine.nextOccurrence,
        };
      case "health": {
        const known = this.#revision === site.revision;
        const things = input.thing === "link" ? site.links : site.devices;
        const found = things.find(({ key, index }) =>
          input.key === undefined ? known && index === input.index : key === input.key,
        );
        if (found !== undefined) return { ...input, index: found.index };
        this.#remarks.add(`health of a ${input.thing} that this site does not have`, input.key);
        return undefined;
      }
      case "command":
        return this.#meant(input, page);
      default:
        return input;
    }
  }

  /** A command for what stands here in place of what the person saw; refused when nothing does. */
  #meant(command: CommandInput, page: Page): CommandInput {
    if (!("occurrence" in command) || command.occurrence === undefined) return command;
    const { rule, subject, occurrence } = command;
    const seen =
      this.#stood.get(`${rule} ${subject}`) === occurrence ||
      page.events.some(
        (event) => event.rule === rule && event.subject === subject && event.occurrence === occurrence,
      );
    const here = this.#playback.engine.alarm(rule, subject)?.occurrence ?? 0;
    return { ...command, occurrence: seen ? here : 0 };
  }

  #message(page: Page, m: number): void {
    const batch = this.#batch;
    batch.clear();
    const recompute = !this.#exact;
    const start = m === 0 ? 0 : page.end[m - 1]!;
    for (let i = start; i < page.end[m]!; i++) {
      const flags = page.flags[i]!;
      if (recompute && (flags & FLAG_DERIVED) !== 0) continue;
      const series = page.series[i]!;
      const channel = this.#channelOf.get(series) ?? -1;
      if (channel < 0) {
        const key = this.#series.get(series)?.key ?? `series ${series}`;
        this.#remarks.add("readings of a channel that this site does not have", undefined);
        this.#remarks.add(`of ${key}`);
        continue;
      }
      batch.add(channel, page.value[i]!, page.reason[i]!, page.time[i]!);
      batch.flags[batch.length - 1] = flags;
    }
    const received = page.received[m]!;
    if (!this.#booted && recompute) {
      this.#booted = true;
      this.#playback.boot(received);
    }
    if (recompute) this.#playback.derive(batch);
    this.#playback.again(batch, received);
  }
}
