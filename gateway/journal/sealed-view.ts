import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Micros } from "../../model/time.ts";
import { decodeChunk, type SeriesReadings } from "./chunk.ts";
import { bytesOf, whole } from "./database.ts";
import { assemble, decodeSkeletons } from "./group.ts";
import { type LoggedPage, loggedEntries, type Page, pageEnd } from "./page.ts";
import { DamagedRecords, type SegmentView, type SeriesQuery } from "./segment-view.ts";

/** The part of a chunk whose times lie in [from, to]; the chunk itself when that is all. */
function within(chunk: SeriesReadings, from: Micros, to: Micros): SeriesReadings {
  const at: number[] = [];
  for (let i = 0; i < chunk.length; i++) {
    const time = chunk.time[i]!;
    if (time >= from && time <= to) at.push(i);
  }
  if (at.length === chunk.length) return chunk;
  return {
    series: chunk.series,
    length: at.length,
    sequence: Float64Array.from(at, (i) => chunk.sequence[i]!),
    time: Float64Array.from(at, (i) => chunk.time[i]!),
    value: Float64Array.from(at, (i) => chunk.value[i]!),
    reason: Uint8Array.from(at, (i) => chunk.reason[i]!),
    flags: Uint8Array.from(at, (i) => chunk.flags[i]!),
  };
}

/** Chunks per series, and groups of pages put together again. */
export class SealedView implements SegmentView {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #groupAt: StatementSync;
  readonly #chunks: StatementSync;
  readonly #bySeries: StatementSync;
  readonly #chunk: StatementSync;
  readonly #withEvents: StatementSync;
  /** The group read last: readers go through it in many small portions. */
  #group: { sequence: number; last: number; pages: Page[] } | undefined;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#groupAt = db.prepare(`
      SELECT sequence, last, chunk_from, chunk_to, crc, blob FROM groups
      WHERE sequence >= coalesce((SELECT max(sequence) FROM groups WHERE sequence <= ? AND last >= ?), ?)
      ORDER BY sequence LIMIT 1`);
    this.#chunks = db.prepare("SELECT crc, blob FROM chunks WHERE number BETWEEN ? AND ?");
    this.#bySeries = db.prepare(`
      SELECT number FROM chunks WHERE series = ? AND time_from <= ? AND time_to >= ? ORDER BY number`);
    this.#chunk = db.prepare("SELECT crc, blob FROM chunks WHERE number = ?");
    this.#withEvents = db.prepare(`
      SELECT sequence, last, crc, blob FROM groups WHERE sequence > ? AND last > ? AND events > 0
      ORDER BY sequence LIMIT 1`);
  }

  pagesFrom(sequence: number, maxReadings: number): Page[] {
    const group = this.#groupWith(sequence);
    if (group === undefined) return [];
    const pages: Page[] = [];
    let readings = 0;
    for (const page of group.pages) {
      if (pageEnd(page) <= sequence) continue;
      pages.push(page);
      readings += page.readings;
      if (readings >= maxReadings) break;
    }
    return pages;
  }

  *series(
    { series, from, to, newestFirst }: SeriesQuery,
    onDamage: (damage: DamagedRecords) => void,
  ): Generator<SeriesReadings> {
    const numbers = this.#bySeries.all(series, to, from).map((row) => whole(row.number));
    if (newestFirst) numbers.reverse();
    for (const number of numbers) {
      const row = this.#chunk.get(number);
      if (row === undefined) continue;
      let chunk: SeriesReadings;
      try {
        chunk = decodeChunk(bytesOf(row.blob), whole(row.crc));
      } catch (cause) {
        onDamage(new DamagedRecords(this.#groupOfChunk(number), this.#path, cause));
        continue;
      }
      const readings = within(chunk, from, to);
      if (readings.length > 0) yield readings;
    }
  }

  *logged(after: number, onDamage: (damage: DamagedRecords) => void): Generator<LoggedPage> {
    for (let above = -1; ; ) {
      const row = this.#withEvents.get(above, after);
      if (row === undefined) return;
      above = whole(row.sequence);
      try {
        for (const page of decodeSkeletons(bytesOf(row.blob), whole(row.crc))) {
          if (loggedEntries(page) > 0 && page.first + page.readings + page.inputs.length > after + 1)
            yield page;
        }
      } catch (cause) {
        onDamage(new DamagedRecords({ from: above, to: whole(row.last) + 1 }, this.#path, cause));
      }
    }
  }

  close(): void {
    this.#group = undefined;
    this.#db.close();
  }

  #groupWith(sequence: number): { pages: Page[] } | undefined {
    const kept = this.#group;
    if (kept !== undefined && kept.sequence <= sequence && kept.last >= sequence) return kept;
    const row = this.#groupAt.get(sequence, sequence, sequence);
    if (row === undefined) return undefined;
    const from = whole(row.sequence);
    const last = whole(row.last);
    try {
      const chunks = this.#chunks.all(whole(row.chunk_from), whole(row.chunk_to));
      const pages = assemble(
        decodeSkeletons(bytesOf(row.blob), whole(row.crc)),
        chunks.map((chunk) => decodeChunk(bytesOf(chunk.blob), whole(chunk.crc))),
      );
      this.#group = { sequence: from, last, pages };
      return this.#group;
    } catch (cause) {
      throw new DamagedRecords({ from: Math.max(from, sequence), to: last + 1 }, this.#path, cause);
    }
  }

  #groupOfChunk(number: number): { from: number; to: number } {
    const row = this.#db
      .prepare("SELECT sequence, last FROM groups WHERE chunk_from <= ? AND chunk_to >= ?")
      .get(number, number);
    return row === undefined ? { from: 0, to: 0 } : { from: whole(row.sequence), to: whole(row.last) + 1 };
  }
}
