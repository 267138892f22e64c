import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Micros } from "../../model/time.ts";
import { type AlarmEvent, isCaseEvent } from "../../rules/event.ts";
import { alarmLogPath, parseEvent } from "./alarm-log-row.ts";
import { type Salvaged, spansMissing } from "./alarm-log-salvage.ts";
import { damaged } from "./bytes.ts";
import { type DamageBody, type Digest, type DigestBody, GENESIS, type StartBody } from "./chain.ts";
import { ChainEnd, digestOf, type Head, headOf } from "./chain-end.ts";
import { closeDatabase, openDatabase, transaction, whole } from "./database.ts";
import type { LoggedPage } from "./page.ts";
import { stringifyPlain } from "./plain.ts";

/**
 * `events` holds alarm events, `entries` all else that the chain binds (chain.ts); `position` counts over both. `before` and
 * `chain` are the chain values before and behind a row: with both, a row can be verified where its neighbour has left.
 * `head` is the end of the chain, and how far retention has come. `open` holds the last event of each occurrence that has not
 * ended, `cases` the first and the last event of each case that is open. `mark` is the last record of the journal whose events are in the log. `origin` names an entry's place in the journal:
 * it is not added twice.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL, time REAL, crc INTEGER NOT NULL, body TEXT NOT NULL,
  position INTEGER, before TEXT, chain TEXT);
CREATE TABLE IF NOT EXISTS entries (
  position INTEGER PRIMARY KEY, kind TEXT NOT NULL, time REAL, origin TEXT UNIQUE, body TEXT NOT NULL,
  before TEXT NOT NULL, chain TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS head (
  one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, chain TEXT NOT NULL, trimmed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS open (occurrence INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS cases (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mark (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL);`;
const INDEX = "CREATE UNIQUE INDEX IF NOT EXISTS events_by_position ON events (position)";
/** What a log of before the chain lacks. */
const CHAIN_COLUMNS = ["position INTEGER", "before TEXT", "chain TEXT"];

/** Rows removed at once: a few ms. */
const TRIM_ROWS = 500;
/** Digests that are looked back at. */
export const DIGESTS_KEPT = 31;

/** A case that is open, with the numbers of its first and its last event. */
export interface OpenCase {
  readonly number: number;
  readonly first: number;
  readonly last: number;
}

/** How a log is opened. */
export interface Opening {
  /** Wall clock, µs: stands in the row with which a chain begins. */
  readonly at: Micros;
  /** For a fresh file in the place of a damaged one: what could be read of that. */
  readonly salvaged?: Salvaged;
}

/**
 * alarms.db: every alarm event by its number and every command with what became of it, chained, with a retention of its own. It
 * is filled behind the journal's commits, which hold the same; a commit that a power cut takes back here (`durability: normal`)
 * is filled in again at the next start.
 */
export class AlarmLog {
  readonly #db: DatabaseSync;

  /** @throws HostError JOURNAL_DAMAGED or an SQLite error; `isDamage` tells. */
  constructor(folder: string, opening: Opening = { at: 0 }) {
    this.#db = openDatabase(alarmLogPath(folder), { durability: "normal" });
    try {
      this.#db.exec(SCHEMA);
      this.#begin(opening);
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

  /** Adds what pages up to record `sequence` hold for the log, in order. Adding them again changes nothing. */
  add(pages: Iterable<LoggedPage>, sequence: number): void {
    this.#change((chain) => {
      for (const page of pages) this.#insert(page, chain);
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

  /** Cases that are open, by number. */
  openCases(): OpenCase[] {
    return this.#db
      .prepare("SELECT number, first, last FROM cases ORDER BY number")
      .all()
      .map((row) => ({ number: whole(row.number), first: whole(row.first), last: whole(row.last) }));
  }

  /**
   * Writes down the chain value at the end of a day. On disk for certain when this returns, with everything before it: what is
   * published outside must never be ahead of the log.
   */
  digest(date: string, at: Micros): Digest {
    this.#db.exec("PRAGMA synchronous = full");
    try {
      return this.#change((chain) => {
        const body: DigestBody = { date, at, seq: this.lastSeq, trimmed: chain.head.trimmed };
        return digestOf(chain.enter("digest", { at, body }));
      });
    } finally {
      this.#db.exec("PRAGMA synchronous = normal");
    }
  }

  /** The last digests, oldest first. */
  digests(): Digest[] {
    return this.#db
      .prepare(
        "SELECT position, chain, body FROM entries WHERE kind = 'digest' ORDER BY position DESC LIMIT ?",
      )
      .all(DIGESTS_KEPT)
      .reverse()
      .map((row) =>
        digestOf({ position: whole(row.position), chain: String(row.chain), body: String(row.body) }),
      );
  }

  /**
   * Removes some of the oldest rows if they are older than `before` or the log takes more than `size` bytes; what is still open
   * stays. Returns whether there is more to do.
   */
  trim(before: Micros, size: number): boolean {
    const oldest = this.#oldest(1)[0];
    if (oldest === undefined) return false;
    const row = this.#db
      .prepare(
        `SELECT (SELECT page_count FROM pragma_page_count()) AS pages, (SELECT freelist_count FROM pragma_freelist_count()) AS free,
           (SELECT page_size FROM pragma_page_size()) AS page_size`,
      )
      .get();
    const bytes = (whole(row?.pages) - whole(row?.free)) * whole(row?.page_size);
    const full = bytes > size;
    const goes = ({ time }: Oldest) => full || time < before;
    if (!goes(oldest)) return false;
    this.#change((chain) => {
      const event = this.#db.prepare("DELETE FROM events WHERE seq = ?");
      const entry = this.#db.prepare("DELETE FROM entries WHERE position = ?");
      for (const old of this.#oldest(TRIM_ROWS)) {
        // In the order of the chain, so that what is left hangs together.
        if (!goes(old)) break;
        if (old.seq === null) entry.run(old.position);
        else event.run(old.seq);
        chain.trimmed(old.position ?? 0);
      }
    });
    return true;
  }

  /** Everything so far is on disk: before records that hold the same events are removed. */
  sync(): void {
    this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  close(): void {
    closeDatabase(this.#db);
  }

  /** Makes sure that there is a chain. */
  #begin({ at, salvaged }: Opening): void {
    const columns = new Set(
      this.#db
        .prepare("SELECT name FROM pragma_table_info('events')")
        .all()
        .map(({ name }) => name),
    );
    transaction(this.#db, () => {
      for (const column of CHAIN_COLUMNS) {
        if (!columns.has(column.split(" ")[0]!)) this.#db.exec(`ALTER TABLE events ADD COLUMN ${column}`);
      }
      this.#db.exec(INDEX);
      if (headOf(this.#db) !== undefined) return;
      const lost = salvaged === undefined ? [] : this.#takeOver(salvaged);
      const chain = new ChainEnd(this.#db, headOf(this.#db) ?? { position: 0, chain: GENESIS, trimmed: 0 });
      if (chain.head.position === 0) {
        const unchained = this.lastSeq;
        const body: StartBody = { why: unchained > 0 ? "upgrade" : "new", at, unchained };
        chain.enter("start", { at, body });
      }
      if (salvaged !== undefined) chain.enter("damage", { at, body: { at, lost } satisfies DamageBody });
      chain.keep();
    });
  }

  /** Puts salvaged rows in as they were. Returns the positions that are gone. */
  #takeOver({ rows, head }: Salvaged): (readonly [number, number])[] {
    const positions: number[] = [];
    let last: Head | undefined = head;
    // In order of their numbers: the last event of an occurrence says whether it is open.
    const ordered = [...rows].sort((a, b) => Number(a.row.seq ?? 0) - Number(b.row.seq ?? 0));
    for (const { table, row } of ordered) {
      const names = Object.keys(row);
      this.#db
        .prepare(
          `INSERT OR IGNORE INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
        )
        .run(...names.map((name) => row[name]!));
      if (table === "events") this.#follow(parseEvent(row));
      if (typeof row.position !== "number") continue;
      positions.push(row.position);
      if (last === undefined || row.position > last.position) {
        last = { position: row.position, chain: String(row.chain), trimmed: last?.trimmed ?? 0 };
      }
    }
    if (last === undefined) return [];
    new ChainEnd(this.#db, last).keep();
    return spansMissing(positions, last);
  }

  #change<T>(change: (chain: ChainEnd) => T): T {
    return transaction(this.#db, () => {
      const head = headOf(this.#db);
      if (head === undefined) throw damaged("the alarm log has lost the end of its chain");
      const chain = new ChainEnd(this.#db, head);
      const result = change(chain);
      chain.keep();
      return result;
    });
  }

  #insert({ first, events, records }: LoggedPage, chain: ChainEnd): void {
    const known = this.#db.prepare("SELECT 1 FROM events WHERE seq = ?");
    const insert = this.#db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for (const event of events) {
      if (known.get(event.seq) === undefined) {
        const body = stringifyPlain(event);
        const { position, before, chain: value } = chain.next("event", body);
        insert.run(event.seq, event.occurrence, event.time, crc32(body), body, position, before, value);
      }
      this.#follow(event);
    }
    records?.forEach((record, i) => {
      chain.enter("command", { at: record.at, body: record, origin: `${first}/${i}` });
    });
  }

  /** Keeps up with what is open. */
  #follow(event: AlarmEvent): void {
    if (event.case !== undefined) this.#followCase(event.seq, event.case, event.transition === "close");
    if (isCaseEvent(event)) return;
    // Neither belongs to a live occurrence.
    if (event.transition === "void" || event.transition === "historical") return;
    if (event.to === "normal")
      this.#db.prepare("DELETE FROM open WHERE occurrence = ?").run(event.occurrence);
    else this.#db.prepare("INSERT OR REPLACE INTO open VALUES (?, ?)").run(event.occurrence, event.seq);
  }

  #followCase(seq: number, number: number, closes: boolean): void {
    if (closes) {
      this.#db.prepare("DELETE FROM cases WHERE number = ?").run(number);
      return;
    }
    this.#db
      .prepare(
        "INSERT INTO cases VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET last = max(last, excluded.last)",
      )
      .run(number, seq, seq);
  }

  /**
   * The oldest rows that may go, in the order of the chain; those of before it come first. The row that says where the chain
   * begins stays for ever.
   */
  #oldest(limit: number): Oldest[] {
    return this.#db
      .prepare(
        `SELECT position, seq, time FROM (
           SELECT position, seq, time FROM events WHERE seq NOT IN (SELECT seq FROM open)
           UNION ALL SELECT position, NULL AS seq, time FROM entries WHERE kind <> 'start')
         ORDER BY position, seq LIMIT ?`,
      )
      .all(limit)
      .map((row) => ({
        position: row.position === null ? null : whole(row.position),
        seq: row.seq === null ? null : whole(row.seq),
        time: Number(row.time),
      }));
  }
}

interface Oldest {
  readonly position: number | null;
  readonly seq: number | null;
  readonly time: Micros;
}
