import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { damaged } from "./bytes.ts";
import { closeDatabase, openDatabase, transaction, whole } from "./database.ts";
import { parsePlain, stringifyPlain } from "./plain.ts";

const ALARM_LOG_FILE = "alarms.db";

/**
 * `open` holds the last event of each occurrence that has not ended. `mark` is the last record of the journal whose events
 * are in the log.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL, time REAL, crc INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS open (occurrence INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mark (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL);`;

/** Events removed at once: a few ms. */
const TRIM_ROWS = 500;
/** Rows read at once. */
const READ_ROWS = 1_000;

/** Path of the file. */
export function alarmLogPath(folder: string): string {
  return join(folder, ALARM_LOG_FILE);
}

function parseEvent(row: Record<string, unknown>): AlarmEvent {
  const body = String(row.body);
  if (crc32(body) !== row.crc) throw damaged(`alarm event ${String(row.seq)} has another checksum`);
  return parsePlain(body) as AlarmEvent;
}

/**
 * alarms.db: every alarm event by its number, with a retention of its own. It is filled behind the journal's commits, which hold
 * the same events; a commit that a power cut takes back here (`durability: normal`) is filled in again at the next start.
 */
export class AlarmLog {
  readonly #db: DatabaseSync;

  /** @throws HostError JOURNAL_DAMAGED or an SQLite error; `isDamage` tells. */
  constructor(folder: string) {
    this.#db = openDatabase(alarmLogPath(folder), { durability: "normal" });
    try {
      this.#db.exec(SCHEMA);
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  /** Last record of the journal whose events are here. */
  get mark(): number {
    const row = this.#db.prepare("SELECT sequence FROM mark").get();
    return row === undefined ? 0 : whole(row.sequence);
  }

  /** Highest event number, of a void span its end; 0 when there is none. */
  get lastSeq(): number {
    const row = this.#db.prepare("SELECT seq, crc, body FROM events ORDER BY seq DESC LIMIT 1").get();
    if (row === undefined) return 0;
    const event = parseEvent(row);
    return Math.max(event.seq, event.voidTo ?? 0);
  }

  /** Highest occurrence number; 0 when there is none. Reads the whole log. */
  get lastOccurrence(): number {
    return whole(this.#db.prepare("SELECT coalesce(max(occurrence), 0) AS last FROM events").get()?.last);
  }

  /** Adds the events of records up to `sequence`, in order. Adding them again changes nothing. */
  add(events: Iterable<AlarmEvent>, sequence: number): void {
    transaction(this.#db, () => {
      this.#insert(events);
      this.#db
        .prepare(
          "INSERT INTO mark VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        )
        .run(sequence);
    });
  }

  /** Last event of each occurrence that has not ended, by occurrence. @throws HostError JOURNAL_DAMAGED */
  openOccurrences(): AlarmEvent[] {
    return this.#db
      .prepare(
        "SELECT events.seq, crc, body FROM open JOIN events ON events.seq = open.seq ORDER BY open.occurrence",
      )
      .all()
      .map(parseEvent);
  }

  /**
   * Removes some of the oldest events if they are older than `before` or the log takes more than `size` bytes; what is still open
   * stays. Returns whether there is more to do.
   */
  trim(before: Micros, size: number): boolean {
    const row = this.#db
      .prepare(
        `SELECT (SELECT time FROM events WHERE seq NOT IN (SELECT seq FROM open) ORDER BY seq LIMIT 1) AS oldest,
           (SELECT page_count FROM pragma_page_count()) AS pages, (SELECT freelist_count FROM pragma_freelist_count()) AS free,
           (SELECT page_size FROM pragma_page_size()) AS page_size`,
      )
      .get();
    if (row === undefined || typeof row.oldest !== "number") return false;
    const bytes = (whole(row.pages) - whole(row.free)) * whole(row.page_size);
    const old = row.oldest < before;
    if (!old && bytes <= size) return false;
    const result = this.#db
      .prepare(
        `DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq NOT IN (SELECT seq FROM open)
           AND (? OR time < ?) ORDER BY seq LIMIT ${TRIM_ROWS})`,
      )
      .run(bytes > size ? 1 : 0, before);
    return Number(result.changes) > 0;
  }

  /** What a damaged log still gives, from both ends. The caller opens it afresh with the rest. */
  static salvage(folder: string): AlarmEvent[] {
    const found = new Map<number, AlarmEvent>();
    for (const order of ["ASC", "DESC"]) {
      let db: DatabaseSync | undefined;
      try {
        db = openDatabase(alarmLogPath(folder), { readOnly: true });
        for (let at = order === "ASC" ? -1 : Number.MAX_SAFE_INTEGER; ; ) {
          const rows = db
            .prepare(
              `SELECT seq, crc, body FROM events WHERE seq ${order === "ASC" ? ">" : "<"} ? ORDER BY seq ${order} LIMIT 1`,
            )
            .all(at);
          const row = rows[0];
          if (row === undefined) break;
          at = whole(row.seq);
          if (found.has(at)) break;
          try {
            found.set(at, parseEvent(row));
          } catch {
            // This one is lost; the next may not be.
          }
        }
      } catch {
        // From here on this end gives nothing.
      } finally {
        db?.close();
      }
    }
    return [...found.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Everything so far is on disk: before records that hold the same events are removed. */
  sync(): void {
    this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  close(): void {
    closeDatabase(this.#db);
  }

  #insert(events: Iterable<AlarmEvent>): void {
    const insert = this.#db.prepare("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)");
    const open = this.#db.prepare("INSERT OR REPLACE INTO open VALUES (?, ?)");
    const close = this.#db.prepare("DELETE FROM open WHERE occurrence = ?");
    for (const event of events) {
      const body = stringifyPlain(event);
      insert.run(event.seq, event.occurrence, event.time, crc32(body), body);
      // Neither belongs to a live occurrence.
      if (event.transition === "void" || event.transition === "historical") continue;
      if (event.to === "normal") close.run(event.occurrence);
      else open.run(event.occurrence, event.seq);
    }
  }
}

/** alarms.db from any other thread. */
export class AlarmLogReader {
  readonly #db: DatabaseSync;

  /** @throws an SQLite error. */
  constructor(folder: string) {
    this.#db = openDatabase(alarmLogPath(folder), { readOnly: true });
  }

  /** Events with numbers in [from, to), ascending, at most `limit`; damaged ones are left out. @throws an SQLite error */
  events(from: number, to: number, limit: number): AlarmEvent[] {
    const rows = this.#db
      .prepare("SELECT seq, crc, body FROM events WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?")
      .all(from, to, Math.min(limit, READ_ROWS));
    const events: AlarmEvent[] = [];
    for (const row of rows) {
      try {
        events.push(parseEvent(row));
      } catch {
        // A gap in the numbers shows it to who resends.
      }
    }
    return events;
  }

  close(): void {
    this.#db.close();
  }
}
