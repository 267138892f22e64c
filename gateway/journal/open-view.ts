import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Micros } from "../../model/time.ts";
import { decodeBlock } from "./block.ts";
import type { SeriesReadings } from "./chunk.ts";
import { bytesOf, whole } from "./database.ts";
import type { LoggedPage, Page } from "./page.ts";
import { DamagedRecords, type SegmentView, type SeriesQuery } from "./segment-view.ts";

/** Rows fetched at once; a page rarely exceeds some 10 kB. */
const ROWS = 16;
/** Numbers of rows fetched at once where only keys are. */
const KEYS = 4_096;

/** Blocks as they were committed. */
export class OpenView implements SegmentView {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #from: StatementSync;
  readonly #overlapping: StatementSync;
  readonly #withEvents: StatementSync;
  readonly #one: StatementSync;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#from = db.prepare(`
      SELECT sequence, last, crc, blob FROM blocks
      WHERE sequence >= coalesce((SELECT max(sequence) FROM blocks WHERE sequence <= ?), 0)
      ORDER BY sequence LIMIT ${ROWS}`);
    this.#overlapping = db.prepare(`
      SELECT sequence FROM blocks WHERE sequence > ? AND time_from <= ? AND time_to >= ? ORDER BY sequence LIMIT ${KEYS}`);
    this.#withEvents = db.prepare(`
      SELECT sequence FROM blocks WHERE sequence > ? AND last > ? AND events > 0 ORDER BY sequence LIMIT ${KEYS}`);
    this.#one = db.prepare("SELECT sequence, last, crc, blob FROM blocks WHERE sequence = ?");
  }

  pagesFrom(sequence: number, maxReadings: number): Page[] {
    const pages: Page[] = [];
    let readings = 0;
    let from = sequence;
    for (;;) {
      const rows = this.#from.all(from);
      let next = from;
      for (const row of rows) {
        next = whole(row.last) + 1;
        if (next <= from) continue;
        let page: Page;
        try {
          page = this.#decode(row);
        } catch (thrown) {
          if (pages.length > 0) return pages;
          throw thrown;
        }
        pages.push(page);
        readings += page.readings;
        if (readings >= maxReadings) return pages;
      }
      if (rows.length < ROWS || next === from) return pages;
      from = next;
    }
  }

  *series(
    { series, from, to, newestFirst }: SeriesQuery,
    onDamage: (damage: DamagedRecords) => void,
  ): Generator<SeriesReadings> {
    const keys = allKeys((above) => this.#overlapping.all(above, to, from));
    if (newestFirst) keys.reverse();
    for (const sequence of keys) {
      const page = this.#page(sequence, onDamage);
      if (page === undefined) continue;
      const readings = pick(page, { series, from, to });
      if (readings.length > 0) yield readings;
    }
  }

  *logged(after: number, onDamage: (damage: DamagedRecords) => void): Generator<LoggedPage> {
    for (const sequence of allKeys((above) => this.#withEvents.all(above, after))) {
      const page = this.#page(sequence, onDamage);
      if (page !== undefined) yield page;
    }
  }

  close(): void {
    this.#db.close();
  }

  #page(sequence: number, onDamage: (damage: DamagedRecords) => void): Page | undefined {
    const row = this.#one.get(sequence);
    if (row === undefined) return undefined;
    try {
      return this.#decode(row);
    } catch (thrown) {
      if (!(thrown instanceof DamagedRecords)) throw thrown;
      onDamage(thrown);
      return undefined;
    }
  }

  #decode(row: Record<string, unknown>): Page {
    const from = whole(row.sequence);
    const to = whole(row.last) + 1;
    try {
      return decodeBlock(bytesOf(row.blob), whole(row.crc));
    } catch (cause) {
      throw new DamagedRecords({ from, to }, this.#path, cause);
    }
  }
}

/** All keys of a query that gives them in portions above the last one. */
function allKeys(portion: (above: number) => Record<string, unknown>[]): number[] {
  const keys: number[] = [];
  for (let above = -1; ; ) {
    const rows = portion(above);
    for (const row of rows) keys.push(whole(row.sequence));
    if (rows.length < KEYS) return keys;
    above = keys.at(-1)!;
  }
}

/** The readings of one series in a page whose times lie in [from, to]. */
function pick(page: Page, query: { series: number; from: Micros; to: Micros }): SeriesReadings {
  const at: number[] = [];
  for (let i = 0; i < page.readings; i++) {
    if (page.series[i] !== query.series) continue;
    const time = page.time[i]!;
    if (time >= query.from && time <= query.to) at.push(i);
  }
  return {
    series: query.series,
    length: at.length,
    sequence: Float64Array.from(at, (i) => page.first + i),
    time: Float64Array.from(at, (i) => page.time[i]!),
    value: Float64Array.from(at, (i) => page.value[i]!),
    reason: Uint8Array.from(at, (i) => page.reason[i]!),
    flags: Uint8Array.from(at, (i) => page.flags[i]!),
  };
}
