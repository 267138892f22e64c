import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { SinkCursor, Tally } from "../sinks/cursor.ts";
import type { KeptPosition } from "../sinks/position.ts";
import type { PoisonRow } from "../sinks/shipment.ts";
import { damaged } from "./bytes.ts";
import { setAside } from "./damage.ts";
import { isDamage, openDatabase } from "./database.ts";

/*
 * sinks.db: how far sinks and uplinks have come, and what was refused. Owned by the reader thread.
 *
 * A lost advance of a cursor means that records are sent again, which is the same point or the same event; so positions are
 * written at intervals and without waiting for the disk. What would lose records if it went missing (where a new sink
 * begins) and what somebody waits for is synced. A damaged file is set aside and everything is delivered from the oldest
 * record there is; so is a position whose checksum is wrong (SQLite has none of its own: a flipped digit would skip records).
 * Sinks that the site no longer has are kept: who comes back finds its backlog.
 */

const FILE = "sinks.db";

/** Time between two writes of moving positions. */
const SPACING: Micros = 2 * SECOND;

/** Messages kept that no profile could decode. */
const MOST_UNDECODABLE = 1_000;
/** First bytes of them that are kept. */
const MOST_PAYLOAD_BYTES = 4_096;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sink (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, crc INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS cursor (
  name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, crc INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, sequence INTEGER NOT NULL,
  at INTEGER NOT NULL, line TEXT NOT NULL, words TEXT NOT NULL, UNIQUE (sink, sequence, line)
) STRICT;
CREATE TABLE IF NOT EXISTS undecodable (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, link TEXT NOT NULL, source TEXT NOT NULL,
  error TEXT NOT NULL, payload BLOB NOT NULL
) STRICT;
`;

/** What the journal holds when a sink is met for the first time. */
export interface JournalExtent {
  /** Oldest record there is. */
  readonly oldest: number;
  /** One past the newest durable record. */
  readonly end: number;
  readonly oldestEvent: number;
  readonly eventsEnd: number;
}

/** A row that a sink refused, as it is kept. */
export interface QuarantinedRow extends PoisonRow {
  readonly id: number;
  readonly sink: string;
  /** When it was refused, µs. */
  readonly at: Micros;
}

/** A message that no profile could decode, as it is kept. */
export interface KeptUndecodable {
  readonly link: string;
  readonly source: string;
  readonly error: string;
  readonly payload: Uint8Array;
}

/** A sink as its row keeps it. */
interface KeptSink {
  readonly position: KeptPosition;
  readonly nextEvent: number;
  readonly tallied: Tally;
}

interface KnownSink {
  state: () => { position: KeptPosition; nextEvent: number };
  readonly tallied: Tally;
  readonly most: number;
}

/** The file sinks.db. Failing writes are kept in memory and tried again; they stop no delivery. */
export class Cursors {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #db: DatabaseSync;
  readonly #sinks = new Map<string, KnownSink>();
  readonly #cursors = new Map<string, number>();
  readonly #dirtyCursors = new Set<string>();
  #refused: { sink: string; at: Micros; row: PoisonRow }[] = [];
  #dirty = false;
  #failing = false;
  #timer: Timer | undefined;
  /** The file was damaged and begun anew: sinks that it knew may have undelivered records anywhere. */
  #fresh = false;

  constructor(options: { folder: string; clock: Clock; log: Log }) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#db = this.#open();
    for (const row of this.#db.prepare("SELECT name, sequence, crc FROM cursor").all()) {
      const name = String(row.name);
      const sequence = Number(row.sequence);
      if (row.crc === crc32(`${name} ${sequence}`)) this.#cursors.set(name, sequence);
      else this.#log.error({ cursor: name }, "a cursor is damaged; its reader begins with the oldest event");
    }
  }

  /**
   * The cursor of a sink, where it was left. A sink that is not known begins as configured, and that beginning is on disk when
   * this returns.
   */
  sink(
    id: string,
    options: { start: "from-now" | "from-oldest"; quarantine: number; journal: JournalExtent },
  ): SinkCursor {
    const kept = this.#kept(id);
    const { position, nextEvent } = this.#begin(id, kept, options);
    const known: KnownSink = {
      state: () => ({ position, nextEvent }),
      tallied:
        kept === undefined || kept === "damaged" ? { delivered: 0, quarantined: 0, lost: 0 } : kept.tallied,
      most: options.quarantine,
    };
    this.#sinks.set(id, known);
    this.#dirty = true;
    this.#write({ synced: true });
    return {
      position,
      nextEvent,
      tallied: known.tallied,
      keepFrom: (state) => {
        known.state = state;
      },
      tally: ({ delivered = 0, quarantined = 0, lost = 0 }) => {
        known.tallied.delivered += delivered;
        known.tallied.quarantined += quarantined;
        known.tallied.lost += lost;
        this.#touch();
      },
      quarantine: (row) => {
        if (known.most === 0) return;
        if (this.#refused.length >= known.most) this.#refused.shift();
        this.#refused.push({ sink: id, at: this.#clock.wall(), row });
        this.#touch();
      },
      moved: () => this.#touch(),
    };
  }

  /** A named cursor (an uplink's outbox); 0 when it was never set. */
  cursor(name: string): number {
    return this.#cursors.get(name) ?? 0;
  }

  /** Sets a named cursor; it is on disk after the next `commit`. */
  setCursor(name: string, sequence: number): void {
    this.#cursors.set(name, sequence);
    this.#dirtyCursors.add(name);
    this.#dirty = true;
  }

  /** Writes everything that has changed and waits for the disk. Returns whether it is on disk. */
  commit(): boolean {
    return this.#write({ synced: true });
  }

  /** Rows in quarantine, newest first. */
  quarantined(query: { sink?: string; limit: number }): QuarantinedRow[] {
    this.#write({ synced: false });
    const rows = this.#db
      .prepare(
        `SELECT id, sink, sequence, at, line, words FROM quarantine WHERE ?1 IS NULL OR sink = ?1 ORDER BY id DESC LIMIT ?2`,
      )
      .all(query.sink ?? null, query.limit);
    return rows.map((row) => ({
      id: Number(row.id),
      sink: String(row.sink),
      sequence: Number(row.sequence),
      at: Number(row.at),
      line: String(row.line),
      words: String(row.words),
    }));
  }

  /** Keeps a message that no profile could decode, up to a bound; best effort. */
  keepUndecodable(undecodable: KeptUndecodable): void {
    try {
      const { link, source, error, payload } = undecodable;
      const { lastInsertRowid } = this.#db
        .prepare("INSERT INTO undecodable (at, link, source, error, payload) VALUES (?, ?, ?, ?, ?)")
        .run(this.#clock.wall(), link, source, error, payload.subarray(0, MOST_PAYLOAD_BYTES));
      this.#db
        .prepare("DELETE FROM undecodable WHERE id <= ?")
        .run(Number(lastInsertRowid) - MOST_UNDECODABLE);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** Messages that no profile could decode, newest first. */
  undecodable(limit: number): (KeptUndecodable & { at: Micros })[] {
    return this.#db
      .prepare("SELECT at, link, source, error, payload FROM undecodable ORDER BY id DESC LIMIT ?")
      .all(limit)
      .map((row) => ({
        at: Number(row.at),
        link: String(row.link),
        source: String(row.source),
        error: String(row.error),
        payload: row.payload as Uint8Array,
      }));
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.#timer?.cancel();
    this.#write({ synced: true });
    this.#db.close();
  }

  /** What is kept of a sink. */
  #kept(id: string): KeptSink | "damaged" | undefined {
    const row = this.#db.prepare("SELECT state, crc FROM sink WHERE id = ?").get(id);
    if (row === undefined) return undefined;
    const state = String(row.state);
    return row.crc === crc32(state) ? (JSON.parse(state) as KeptSink) : "damaged";
  }

  #begin(
    id: string,
    kept: KeptSink | "damaged" | undefined,
    { start, journal }: { start: "from-now" | "from-oldest"; journal: JournalExtent },
  ): { position: KeptPosition; nextEvent: number } {
    const fromOldest = {
      position: { end: journal.end, undelivered: [[journal.oldest, journal.end] as const] },
      nextEvent: journal.oldestEvent,
    };
    if (kept === "damaged") {
      this.#log.error(
        { sink: id },
        "its position is damaged; everything is delivered from the oldest record",
      );
      return fromOldest;
    }
    if (kept === undefined) {
      return start === "from-now" && !this.#fresh
        ? { position: { end: journal.end, undelivered: [] }, nextEvent: journal.eventsEnd }
        : fromOldest;
    }
    if (kept.position.end > journal.end) {
      this.#log.error(
        { sink: id, position: kept.position.end, journal: journal.end },
        "the journal is not the one this sink's position belongs to; everything is delivered from its oldest record",
      );
      return fromOldest;
    }
    return kept;
  }

  #touch(): void {
    this.#dirty = true;
    this.#timer ??= this.#clock.after(SPACING, () => {
      this.#timer = undefined;
      this.#write({ synced: false });
    });
  }

  #write({ synced }: { synced: boolean }): boolean {
    if (!this.#dirty) return !this.#failing;
    try {
      this.#db.exec(`PRAGMA synchronous = ${synced ? "FULL" : "NORMAL"}`);
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        this.#put();
        this.#db.exec("COMMIT");
      } catch (thrown) {
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw thrown;
      }
    } catch (thrown) {
      this.#failed(thrown);
      return false;
    }
    this.#refused = [];
    this.#dirtyCursors.clear();
    this.#dirty = false;
    if (this.#failing) this.#log.info({}, `${FILE} is written again`);
    this.#failing = false;
    return true;
  }

  #put(): void {
    const sink = this.#db.prepare("INSERT OR REPLACE INTO sink (id, state, crc) VALUES (?, ?, ?)");
    for (const [id, { state, tallied }] of this.#sinks) {
      const kept = JSON.stringify({ ...state(), tallied } satisfies KeptSink);
      sink.run(id, kept, crc32(kept));
    }
    const cursor = this.#db.prepare("INSERT OR REPLACE INTO cursor (name, sequence, crc) VALUES (?, ?, ?)");
    for (const name of this.#dirtyCursors) {
      const sequence = this.#cursors.get(name)!;
      cursor.run(name, sequence, crc32(`${name} ${sequence}`));
    }
    if (this.#refused.length === 0) return;
    const quarantine = this.#db.prepare(
      "INSERT OR REPLACE INTO quarantine (sink, sequence, at, line, words) VALUES (?, ?, ?, ?, ?)",
    );
    for (const { sink: id, at, row } of this.#refused)
      quarantine.run(id, row.sequence, at, row.line, row.words);
    const trim = this.#db.prepare(
      "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE sink = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
    );
    for (const [id, { most }] of this.#sinks) trim.run(id, most);
  }

  /** Tries again later, in a fresh file when this one is damaged: all that matters of it is in memory. */
  #failed(thrown: unknown): void {
    if (!this.#failing)
      this.#log.error({ err: thrown }, `cannot write ${FILE}: ${describe(thrown)}; trying again`);
    this.#failing = true;
    if (isDamage(thrown)) {
      try {
        this.#db.close();
        this.#setAside(thrown);
        this.#db = this.#create();
        for (const name of this.#cursors.keys()) this.#dirtyCursors.add(name);
      } catch (again) {
        this.#log.error({ err: again }, `cannot begin ${FILE} anew: ${describe(again)}`);
      }
    }
    this.#touch();
  }

  #open(): DatabaseSync {
    try {
      return this.#create();
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      this.#setAside(thrown);
      this.#fresh = true;
      return this.#create();
    }
  }

  #create(): DatabaseSync {
    const db = openDatabase(join(this.#folder, FILE), { durability: "normal" });
    try {
      const [check] = db.prepare("PRAGMA quick_check(1)").all();
      if (check?.quick_check !== "ok") throw damaged(String(check?.quick_check));
      db.exec(SCHEMA);
      return db;
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  }

  #setAside(cause: unknown): void {
    const path = setAside(this.#folder, join(this.#folder, FILE));
    this.#log.error(
      { file: path, cause: describe(cause) },
      `${FILE} is damaged and was set aside; every sink is delivered to from the oldest record`,
    );
  }
}
