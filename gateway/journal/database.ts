import { closeSync, fsyncSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, HostError } from "../../model/error.ts";

/*
 * How database files of the journal are opened. Two rules keep SQLite's locks and our latency whole:
 *
 *  - A database file is never opened through `fs` while this process has it open: closing such a descriptor drops all POSIX locks
 *    that the process holds on the file.
 *  - No statement is iterated across anything else: rows are read in bounded pages with `all`. An open iterator keeps the WAL
 *    from being reset.
 */

/** How long a statement waits for another connection's lock, ms; then SQLITE_BUSY. */
const BUSY_TIMEOUT_MS = 2_000;

export interface OpenOptions {
  readonly readOnly?: boolean;
  /**
   * When a commit is on disk. `full`: at once, whatever happens to the power. `normal`: at the next checkpoint; the file stays
   * whole, but the last commits may be missing after a power cut.
   */
  readonly durability?: "full" | "normal";
}

/** Opens a database file, as a write-ahead log unless read-only. @throws an SQLite error, see `isDamage`. */
export function openDatabase(path: string, options: OpenOptions = {}): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  const db = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS });
  try {
    if (!readOnly) {
      db.exec("PRAGMA journal_mode = WAL");
      db.exec(`PRAGMA synchronous = ${options.durability ?? "full"}`);
    }
    // A damaged schema page shows at the first statement; better here than at the first commit.
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  return db;
}

/** How long closing waits for readers before it leaves the log to the next start, ms. */
const CLOSE_TIMEOUT_MS = 100;

/** Closes a database that was written to, with everything copied from the log into the file where readers let it. */
export function closeDatabase(db: DatabaseSync): void {
  try {
    db.exec(`PRAGMA busy_timeout = ${CLOSE_TIMEOUT_MS}; PRAGMA wal_checkpoint(TRUNCATE);`);
  } finally {
    db.close();
  }
}

/** SQLite's primary result codes that we tell apart (https://www.sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
const SQLITE_ERROR = 1;

function resultCode(thrown: unknown): number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("errcode" in thrown)) return undefined;
  // The low byte is the primary code of an extended one.
  return typeof thrown.errcode === "number" ? thrown.errcode & 0xff : undefined;
}

/** The file's content is wrong: trying again cannot help. A missing table (SQLITE_ERROR) is content that is gone. */
export function isDamage(thrown: unknown): boolean {
  if (thrown instanceof HostError) return thrown.code === "JOURNAL_DAMAGED";
  const code = resultCode(thrown);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB || code === SQLITE_ERROR;
}

/** Another connection holds a lock. */
export function isBusy(thrown: unknown): boolean {
  return resultCode(thrown) === SQLITE_BUSY;
}

/** There is no space; also behind an error of ours. */
export function isFull(thrown: unknown): boolean {
  if (thrown instanceof HostError) return isFull(thrown.cause);
  return resultCode(thrown) === SQLITE_FULL || isNoSpace(thrown);
}

function isNoSpace(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC";
}

/** The file is not there, or cannot be opened. */
export function isMissing(thrown: unknown): boolean {
  return resultCode(thrown) === SQLITE_CANTOPEN;
}

/** A failed write in our words. */
export function unavailable(thrown: unknown, what: string): HostError {
  const full = isFull(thrown);
  return new HostError("JOURNAL_UNAVAILABLE", `${what}: ${full ? "the disk is full" : describe(thrown)}`, {
    cause: thrown,
    hint: full
      ? "free space, or lower the journal's retention; writing goes on by itself"
      : "look at the disk and at the permissions of the data folder; writing goes on by itself once they are mended",
  });
}

/** Makes renames and removals in a folder durable. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder; NTFS journals its metadata.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Runs `change` in one transaction: all of it is on disk, or none. */
export function transaction<T>(db: DatabaseSync, change: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = change();
    db.exec("COMMIT");
    return result;
  } catch (thrown) {
    // A full disk has already rolled back.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

/** A column that holds a whole number. Anything else in it is damage. @throws HostError JOURNAL_DAMAGED */
export function whole(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new HostError("JOURNAL_DAMAGED", "a column of a journal file holds no whole number");
}

/** A column that holds a blob. Anything else in it is damage. @throws HostError JOURNAL_DAMAGED */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new HostError("JOURNAL_DAMAGED", "a column of a journal file holds no blob");
}
