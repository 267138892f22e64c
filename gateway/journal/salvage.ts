import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { setAside } from "./damage.ts";
import { bytesOf, openDatabase, syncFolder, transaction, whole } from "./database.ts";
import { prepareSegment } from "./open-segment.ts";
import { NEW_SEGMENT, OPEN_SUFFIX, SALVAGED_SUFFIX, SEGMENTS_FOLDER, segmentPath } from "./segment.ts";

/** Records that were accepted and are lost: sequences `first` to `last`. */
export interface LostRecords {
  readonly first: number;
  readonly last: number;
}

/** What came of a damaged open segment. */
export interface Salvage {
  /** Where the damaged file is now. */
  readonly setAside: string;
  /** Whether a fresh segment with the readable blocks stands in its place. */
  readonly kept: boolean;
  /** Between readable blocks. What was lost behind the last one cannot be told from here. */
  readonly lost: readonly LostRecords[];
}

type Row = Record<string, unknown>;

const COLUMNS =
  "sequence, last, after, readings, inputs, events, identities, received_from, received_to, time_from, time_to, crc, blob";

/**
 * Copies the readable blocks of a damaged open segment into a fresh one and sets the damaged file aside. The copy is
 * complete and synced before the damaged file moves; cut off at any step, `finishSalvage` completes it.
 */
export function salvage(folder: string, first: number): Salvage {
  const path = segmentPath(folder, first, OPEN_SUFFIX);
  const rows = readable(path);
  const copy = segmentPath(folder, first, SALVAGED_SUFFIX);
  rmSync(copy, { force: true });
  if (rows.blocks.length > 0) {
    prepareSegment(folder);
    const made = join(folder, SEGMENTS_FOLDER, NEW_SEGMENT);
    write(made, rows);
    renameSync(made, copy);
    syncFolder(join(folder, SEGMENTS_FOLDER));
  }
  const aside = setAside(folder, path);
  if (rows.blocks.length > 0) finishSalvage(folder, first);
  return { setAside: aside, kept: rows.blocks.length > 0, lost: gaps(first, rows.blocks) };
}

/** Completes a salvage that was cut off after its copy was complete. */
export function finishSalvage(folder: string, first: number): void {
  const path = segmentPath(folder, first, OPEN_SUFFIX);
  if (existsSync(path)) setAside(folder, path);
  renameSync(segmentPath(folder, first, SALVAGED_SUFFIX), path);
  syncFolder(join(folder, SEGMENTS_FOLDER));
}

interface Readable {
  readonly blocks: readonly Row[];
  readonly definitions: readonly Row[];
}

/** Blocks that can be read, from both ends: a damaged page in the middle stops each way at a different block. */
function readable(path: string): Readable {
  const blocks = new Map<number, Row>();
  for (const order of ["ASC", "DESC"] as const) {
    attempt(path, (db) => {
      const next = db.prepare(
        `SELECT ${COLUMNS} FROM blocks WHERE sequence ${order === "ASC" ? ">" : "<"} ? ORDER BY sequence ${order} LIMIT 1`,
      );
      // A block whose blob cannot be read still has a key, most of the time.
      const nextKey = db.prepare(
        `SELECT sequence FROM blocks WHERE sequence ${order === "ASC" ? ">" : "<"} ? ORDER BY sequence ${order} LIMIT 1`,
      );
      for (let at = order === "ASC" ? -1 : Number.MAX_SAFE_INTEGER; ; ) {
        let row: Row | undefined;
        try {
          row = next.all(at)[0];
        } catch {
          const key = nextKey.all(at)[0];
          if (key === undefined) return;
          at = whole(key.sequence);
          continue;
        }
        if (row === undefined) return;
        at = whole(row.sequence);
        if (blocks.has(at)) return;
        if (crc32(bytesOf(row.blob)) === row.crc) blocks.set(at, row);
      }
    });
  }
  let definitions: Row[] = [];
  attempt(path, (db) => {
    definitions = db
      .prepare("SELECT portion, crc, blob FROM definitions ORDER BY portion")
      .all()
      .filter((row) => crc32(bytesOf(row.blob)) === row.crc);
  });
  return { blocks: [...blocks.values()].sort((a, b) => whole(a.sequence) - whole(b.sequence)), definitions };
}

function attempt(path: string, read: (db: DatabaseSync) => void): void {
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(path, { readOnly: true });
    read(db);
  } catch {
    // What cannot be read shows as a gap.
  } finally {
    db?.close();
  }
}

function write(path: string, { blocks, definitions }: Readable): void {
  const db = openDatabase(path);
  try {
    transaction(db, () => {
      const names = COLUMNS.split(", ");
      const insert = db.prepare(
        `INSERT INTO blocks (${COLUMNS}) VALUES (${names.map(() => "?").join(", ")})`,
      );
      // The copy is whole in itself: what is missing between its blocks has been told.
      let after = whole(blocks[0]!.after);
      for (const block of blocks) {
        const row: Row = { ...block, after };
        insert.run(...names.map((name) => row[name] as number | null | Uint8Array));
        after = whole(row.last);
      }
      for (const row of definitions) {
        db.prepare("INSERT INTO definitions VALUES (?, ?, ?)").run(
          whole(row.portion),
          whole(row.crc),
          bytesOf(row.blob),
        );
      }
    });
  } finally {
    db.close();
  }
}

/** What lies between blocks that followed each other when they were written, and before the first. */
function gaps(first: number, blocks: readonly Row[]): LostRecords[] {
  const lost: LostRecords[] = [];
  let before = first - 1;
  for (const row of blocks) {
    const after = whole(row.after);
    if (after > before) lost.push({ first: before + 1, last: after });
    before = whole(row.last);
  }
  return lost;
}
