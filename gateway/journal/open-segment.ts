import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { encodeBlock } from "./block.ts";
import { damaged } from "./bytes.ts";
import { bytesOf, closeDatabase, openDatabase, syncFolder, transaction, whole } from "./database.ts";
import { type Dictionary, decodeDefinitions, encodeDefinitions, type Series } from "./dictionary.ts";
import { bounds } from "./group.ts";
import { loggedEntries, type Page, pageEnd } from "./page.ts";
import { NEW_SEGMENT, OPEN_SCHEMA, OPEN_SUFFIX, SEGMENTS_FOLDER, segmentPath } from "./segment.ts";

/** What a commit writes beside its blob, about: a table page and the header page. For the size of the log. */
const COMMIT_OVERHEAD = 8_192;
/** The write-ahead log is copied into the file when it has grown by this much: some 20 ms on eMMC. */
const CHECKPOINT_BYTES = 2 * 2 ** 20;
/** Blocks verified with one query. */
const VERIFY_ROWS = 32;

/** Makes the next segment file ready, so that beginning it is only a rename. Returns false when there is one. */
export function prepareSegment(folder: string): boolean {
  const path = join(folder, SEGMENTS_FOLDER, NEW_SEGMENT);
  if (existsSync(path)) return false;
  const making = `${path}.making`;
  rmSync(making, { force: true });
  // Closing it copies the log into the file, syncs that and removes the log: one complete file.
  const db = openDatabase(making);
  try {
    db.exec(OPEN_SCHEMA);
  } finally {
    db.close();
  }
  renameSync(making, path);
  return true;
}

/** The segment that is written to. */
export class OpenSegment {
  readonly first: number;
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #defined = new Set<number>();
  #seen = new Uint8Array(1_024);
  #portions = 0;
  #last: number;
  #bytes = 0;
  #logged = 0;
  #receivedFrom = Number.POSITIVE_INFINITY;

  /** Begins a segment whose first record is `first`; the one before that was `after`. @throws an SQLite or file system error */
  static begin(folder: string, first: number, after: number): OpenSegment {
    const path = segmentPath(folder, first, OPEN_SUFFIX);
    // One of that name is what an attempt that failed half-way has left: as empty as a new one.
    if (!existsSync(path)) {
      prepareSegment(folder);
      renameSync(join(folder, SEGMENTS_FOLDER, NEW_SEGMENT), path);
      syncFolder(join(folder, SEGMENTS_FOLDER));
    }
    return new OpenSegment(path, first, after);
  }

  /**
   * Opens a segment and verifies each of its blocks. `after`: the record before its first, for one without blocks.
   * @throws HostError JOURNAL_DAMAGED or an SQLite error; `isDamage` tells
   */
  static open(path: string, first: number, after: number): OpenSegment {
    const segment = new OpenSegment(path, first, after);
    try {
      segment.#verify();
    } catch (thrown) {
      segment.close();
      throw thrown;
    }
    return segment;
  }

  private constructor(path: string, first: number, after: number) {
    this.path = path;
    this.first = first;
    this.#last = after;
    this.#db = openDatabase(path);
    try {
      this.#db.exec("PRAGMA wal_autocheckpoint = 0");
      this.#insert = this.#db.prepare("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  /** Last record in it; before the first block, the record before the segment. */
  get last(): number {
    return this.#last;
  }

  /** Bytes of blobs. */
  get bytes(): number {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** When its oldest record was received, µs; infinite when there is none. */
  get receivedFrom(): number {
    return this.#receivedFrom;
  }

  /** Whether enough has been logged that `checkpoint` should run. */
  get checkpointDue(): boolean {
    return this.#logged >= CHECKPOINT_BYTES;
  }

  /**
   * Commits pages in one transaction: on disk when this returns. Nothing has changed when it throws.
   * @throws an SQLite error, or InternalError when a series is not in the dictionary
   */
  append(pages: readonly Page[], dictionary: Dictionary): void {
    const fresh = this.#undefined(pages, dictionary);
    let bytes = 0;
    transaction(this.#db, () => {
      if (fresh.length > 0) {
        const { bytes: blob, crc } = encodeDefinitions(fresh);
        this.#db.prepare("INSERT INTO definitions VALUES (?, ?, ?)").run(this.#portions + 1, crc, blob);
      }
      let after = this.#last;
      for (const page of pages) {
        const { bytes: blob, crc } = encodeBlock(page);
        const received = receivedBounds(page);
        const time = bounds(page.time, 0, page.readings);
        const last = pageEnd(page) - 1;
        this.#insert.run(
          page.first,
          last,
          after,
          page.readings,
          page.inputs.length,
          loggedEntries(page),
          identities(page),
          finite(received.from),
          finite(received.to),
          finite(time.timeFrom),
          finite(time.timeTo),
          crc,
          blob,
        );
        bytes += blob.length;
        after = last;
      }
    });
    if (fresh.length > 0) this.#portions++;
    for (const { id } of fresh) this.#defined.add(id);
    this.#last = pageEnd(pages.at(-1)!) - 1;
    this.#bytes += bytes;
    this.#logged += bytes + COMMIT_OVERHEAD;
    for (const page of pages) {
      this.#receivedFrom = Math.min(this.#receivedFrom, receivedBounds(page).from);
    }
  }

  /** Copies the log into the file. A reader may keep it from being complete; the next one goes on. */
  checkpoint(): void {
    this.#logged = 0;
    this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  close(): void {
    closeDatabase(this.#db);
  }

  /** Series of these pages whose definitions the segment does not carry yet. */
  #undefined(pages: readonly Page[], dictionary: Dictionary): Series[] {
    const fresh: Series[] = [];
    for (const page of pages) {
      const { series } = page;
      for (let i = 0; i < page.readings; i++) {
        const id = series[i]!;
        if (id < this.#seen.length) {
          if (this.#seen[id] === 1) continue;
        } else this.#growSeen(id);
        this.#seen[id] = 1;
        if (this.#defined.has(id)) continue;
        const definition = dictionary.get(id);
        if (definition !== undefined) fresh.push(definition);
      }
    }
    // Until they are on disk they are not seen: a failed commit writes them again.
    for (const { id } of fresh) this.#seen[id] = 0;
    return fresh;
  }

  #growSeen(id: number): void {
    const grown = new Uint8Array(2 ** Math.ceil(Math.log2(id + 1)));
    grown.set(this.#seen);
    this.#seen = grown;
  }

  #verify(): void {
    const blocks = this.#db.prepare(
      `SELECT sequence, last, after, received_from, crc, blob FROM blocks WHERE sequence > ? ORDER BY sequence LIMIT ${VERIFY_ROWS}`,
    );
    let before = -1;
    for (let from = -1; ; ) {
      const rows = blocks.all(from);
      for (const row of rows) {
        const blob = bytesOf(row.blob);
        from = whole(row.sequence);
        if (crc32(blob) !== row.crc) throw damaged(`block ${from} has another checksum`);
        if (before >= 0 && whole(row.after) !== before) throw damaged(`blocks before ${from} are missing`);
        before = whole(row.last);
        this.#bytes += blob.length;
        if (typeof row.received_from === "number") {
          this.#receivedFrom = Math.min(this.#receivedFrom, row.received_from);
        }
      }
      if (rows.length < VERIFY_ROWS) break;
    }
    if (before >= 0) this.#last = before;
    for (const row of this.#db.prepare("SELECT portion, crc, blob FROM definitions").all()) {
      this.#portions = Math.max(this.#portions, whole(row.portion));
      for (const { id } of decodeDefinitions(bytesOf(row.blob), whole(row.crc))) this.#defined.add(id);
    }
  }
}

/** First and last `received` of a page, inputs included. */
function receivedBounds(page: Page): { from: number; to: number } {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  if (page.messages > 0) {
    from = page.received[0]!;
    to = page.received[page.messages - 1]!;
  }
  for (const { input } of page.inputs) {
    if (input.at < from) from = input.at;
    if (input.at > to) to = input.at;
  }
  return { from, to };
}

function identities(page: Page): number {
  let count = 0;
  for (let m = 0; m < page.messages; m++) {
    if (page.identityHigh[m] !== 0 || page.identityLow[m] !== 0) count++;
  }
  return count;
}

function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}
