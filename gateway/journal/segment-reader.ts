import type { SeriesReadings } from "./chunk.ts";
import { isMissing, openDatabase } from "./database.ts";
import { OpenView } from "./open-view.ts";
import type { LoggedPage, Page } from "./page.ts";
import { SealedView } from "./sealed-view.ts";
import { listSegments, type SegmentFile } from "./segment.ts";
import { DamagedRecords, type SegmentView, type SeriesQuery } from "./segment-view.ts";

/** Files kept open; each holds a connection and at most one decoded group of 7 MB. */
const OPEN_FILES = 6;
/** A file may be sealed or trimmed between listing and opening; each try lists anew. */
const TRIES = 4;

/**
 * The journal to read from: any thread, while the writer goes on. Sequences that the journal does not have (never used, trimmed)
 * are simply not there; those that it should have and cannot read are DamagedRecords.
 *
 * Call `refresh` when a segment has been begun, sealed or trimmed.
 */
export class SegmentReader {
  readonly #folder: string;
  readonly #onDamage: (damage: DamagedRecords) => void;
  readonly #views = new Map<string, SegmentView>();
  #segments: SegmentFile[] | undefined;

  /** `onDamage` is told of each portion that history leaves out because it is damaged. */
  constructor(folder: string, onDamage: (damage: DamagedRecords) => void = () => {}) {
    this.#folder = folder;
    this.#onDamage = onDamage;
  }

  /** Looks at the folder anew. */
  refresh(): void {
    this.#segments = undefined;
    const present = new Set(this.segments().map((segment) => segment.path));
    for (const [path, view] of this.#views) {
      if (present.has(path)) continue;
      view.close();
      this.#views.delete(path);
    }
  }

  /** Segments as last listed, oldest first. */
  segments(): readonly SegmentFile[] {
    this.#segments ??= listSegments(this.#folder);
    return this.#segments;
  }

  /** Sequence of the oldest record kept; undefined when there is none. */
  get oldest(): number | undefined {
    return this.segments()[0]?.first;
  }

  /**
   * Whole pages in order of sequence, beginning with the first that ends behind `sequence` or holds it, until `maxReadings` are
   * exceeded or the segment ends. Empty only when nothing follows at all. Pages may share their columns with later answers: read,
   * do not change or transfer them.
   * @throws DamagedRecords when what follows next is damaged; go on behind its `to`.
   */
  pagesFrom(sequence: number, maxReadings: number): Page[] {
    for (let tries = 1; ; tries++) {
      const found = this.#pagesFrom(sequence, maxReadings);
      if (found !== undefined) return found;
      if (tries === TRIES) return [];
      this.refresh();
    }
  }

  /** Undefined: a file has vanished, list anew. */
  #pagesFrom(sequence: number, maxReadings: number): Page[] | undefined {
    const segments = this.segments();
    let at = segments.findLastIndex((segment) => segment.first <= sequence);
    if (at < 0) at = 0;
    for (; at < segments.length; at++) {
      const next = segments[at + 1]?.first ?? Number.MAX_SAFE_INTEGER;
      try {
        const pages = this.#view(segments[at]!).pagesFrom(sequence, maxReadings);
        if (pages.length > 0) return pages;
      } catch (thrown) {
        if (thrown instanceof DamagedRecords) throw thrown;
        if (isMissing(thrown)) return undefined;
        const from = Math.max(sequence, segments[at]!.first);
        throw new DamagedRecords({ from, to: next }, segments[at]!.path, thrown);
      }
    }
    return [];
  }

  /**
   * Readings of one series with times in [from, to], a portion at a time in order of sequence or against it. Within a portion they
   * are in order of sequence; by time they are ordered but for late ones. What cannot be read is left out and told.
   */
  *series(query: SeriesQuery): Generator<SeriesReadings> {
    yield* this.#each(query.newestFirst, (view) => view.series(query, this.#onDamage));
  }

  /** Pages ending behind `after` that hold something for the alarm log, in order of sequence. */
  *logged(after: number): Generator<LoggedPage> {
    const segments = this.segments();
    const from = segments.findLastIndex((segment) => segment.first <= after);
    const skip = new Set(segments.slice(0, Math.max(0, from)).map((segment) => segment.first));
    yield* this.#each(false, (view, segment) =>
      skip.has(segment.first) ? [][Symbol.iterator]() : view.logged(after, this.#onDamage),
    );
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
    this.#views.clear();
  }

  *#each<T>(
    newestFirst: boolean,
    portions: (view: SegmentView, segment: SegmentFile) => Iterable<T>,
  ): Generator<T> {
    const segments = newestFirst ? this.segments().toReversed() : [...this.segments()];
    for (const segment of segments) {
      try {
        const current = this.#current(segment);
        if (current !== undefined) yield* portions(this.#view(current), current);
      } catch (thrown) {
        if (isMissing(thrown)) continue;
        const next = this.segments().find(({ first }) => first > segment.first)?.first;
        const to = next ?? Number.MAX_SAFE_INTEGER;
        this.#onDamage(new DamagedRecords({ from: segment.first, to }, segment.path, thrown));
      }
    }
  }

  /** The segment as it is now: it may have been sealed since the listing. Undefined when trimmed. */
  #current(segment: SegmentFile): SegmentFile | undefined {
    if (this.#views.has(segment.path)) return segment;
    try {
      this.#view(segment);
      return segment;
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      this.refresh();
      return this.segments().find(({ first }) => first === segment.first);
    }
  }

  #view(segment: SegmentFile): SegmentView {
    const kept = this.#views.get(segment.path);
    if (kept !== undefined) {
      // The least recently used comes first in the map.
      this.#views.delete(segment.path);
      this.#views.set(segment.path, kept);
      return kept;
    }
    const view = openView(segment);
    this.#views.set(segment.path, view);
    if (this.#views.size > OPEN_FILES) {
      const [path, oldest] = this.#views.entries().next().value!;
      oldest.close();
      this.#views.delete(path);
    }
    return view;
  }
}

/** Opens a segment read-only. @throws an SQLite error (`isMissing` when it has been sealed or trimmed meanwhile). */
function openView(file: SegmentFile): SegmentView {
  const db = openDatabase(file.path, { readOnly: true });
  try {
    return file.kind === "open" ? new OpenView(db, file.path) : new SealedView(db, file.path);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}
