import { readdirSync } from "node:fs";
import { join } from "node:path";

/*
 * The journal's files on disk.
 *
 * Constraints
 *  - A record is on disk before anybody is told that it is accepted, and from then on exactly once.
 *  - Nothing damaged takes anything else along: small files, each record with a checksum, nothing spanning files.
 *  - Flash is written few times: a block when it is committed (log and file), once more when its segment is sealed, and whole
 *    files are removed, never rows.
 *  - Every step can be cut off by a power failure; what is half done is thrown away at the next start and done again.
 *
 * Folder
 *   lock.db            held exclusively while a gateway runs; lock.pid says by whom
 *   dictionary.db      series ids and what they stand for; never reused
 *   state.db           leases of numbers, boots, the clean-stop mark
 *   checkpoint-0/-1    the last two checkpoints of the rules, alternately
 *   alarms.db          alarm log
 *   reserve            space kept for a start on a full disk; holds nothing
 *   segments/          the records, below; file names begin with the 16-digit sequence of the first record
 *   damaged/           what was set aside: never read or removed by us
 *
 * Segments
 *   <first>.open.db    blocks, as they were committed (WAL, synchronous=FULL). The last one is written to; earlier ones wait to be
 *                      sealed. Verified at every start.
 *   <first>.sealed.db  the same records as chunks per series and skeletons of pages (group.ts). Never written again.
 *   <first>.sealing.db half-written successor of an open one; thrown away at start.
 *   <first>.salvaged.db  readable blocks of a damaged open one, complete; takes its place at start.
 *   new.db             the next open segment being prepared; thrown away at start.
 *
 * Writing: blocks are appended until the segment has its size or age; the prepared file gets its name and is appended to.
 * Sealing: <first>.sealing.db is written and synced, renamed to <first>.sealed.db, the folder synced, <first>.open.db removed.
 *   Where both exist, the sealed one is complete and the open one is what was not yet removed.
 * Trimming: whole sealed segments are unlinked, oldest first, and their records counted.
 */

/** Folder of the segments in the data folder. */
export const SEGMENTS_FOLDER = "segments";
/** Folder of damaged files in the data folder. */
export const DAMAGED_FOLDER = "damaged";
/** A prepared segment without a name. */
export const NEW_SEGMENT = "new.db";

export const OPEN_SUFFIX = ".open.db";
export const SEALED_SUFFIX = ".sealed.db";
export const SEALING_SUFFIX = ".sealing.db";
export const SALVAGED_SUFFIX = ".salvaged.db";

/** Version of the tables below; in `PRAGMA user_version`. */
export const SEGMENT_VERSION = 1;

/**
 * Definitions of the series that a segment uses, in portions (dictionary.ts encodes them), so that the dictionary can be
 * rebuilt. `portion` ascends.
 */
const DEFINITIONS = `CREATE TABLE definitions (portion INTEGER PRIMARY KEY, crc INTEGER NOT NULL, blob BLOB NOT NULL);`;

/**
 * An open segment. `sequence` to `last` are the records of the block; `after` is the record before it, so that a missing
 * block shows. `received_*` and `time_*` bound the times in it (µs; NULL without readings). Blobs: block.ts.
 */
export const OPEN_SCHEMA = `
PRAGMA user_version = ${SEGMENT_VERSION};
CREATE TABLE blocks (
  sequence INTEGER PRIMARY KEY, last INTEGER NOT NULL, after INTEGER NOT NULL,
  readings INTEGER NOT NULL, inputs INTEGER NOT NULL, events INTEGER NOT NULL, identities INTEGER NOT NULL,
  received_from REAL, received_to REAL, time_from REAL, time_to REAL,
  crc INTEGER NOT NULL, blob BLOB NOT NULL);
${DEFINITIONS}`;

/**
 * A sealed segment. The columns of `groups` mean what they mean in `blocks`; its chunks are numbers `chunk_from` to
 * `chunk_to`. The one row of `seal` sums the segment up and is written last.
 */
export const SEALED_SCHEMA = `
PRAGMA user_version = ${SEGMENT_VERSION};
CREATE TABLE groups (
  sequence INTEGER PRIMARY KEY, last INTEGER NOT NULL, after INTEGER NOT NULL,
  readings INTEGER NOT NULL, inputs INTEGER NOT NULL, events INTEGER NOT NULL, identities INTEGER NOT NULL,
  received_from REAL, received_to REAL, time_from REAL, time_to REAL,
  chunk_from INTEGER NOT NULL, chunk_to INTEGER NOT NULL,
  crc INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY, series INTEGER NOT NULL, time_from REAL, time_to REAL,
  crc INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE INDEX chunks_by_series ON chunks (series, time_from);
CREATE TABLE seal (
  first INTEGER PRIMARY KEY, last INTEGER NOT NULL, readings INTEGER NOT NULL, received_to REAL,
  time_from REAL, time_to REAL);
${DEFINITIONS}`;

/** One segment in the folder. */
export interface SegmentFile {
  /** Sequence of its first record. */
  readonly first: number;
  readonly kind: "open" | "sealed";
  readonly path: string;
}

/** Digits of a sequence in file names: all of 2^53. */
const DIGITS = 16;

/** Path of a segment's file. */
export function segmentPath(folder: string, first: number, suffix: string): string {
  return join(folder, SEGMENTS_FOLDER, `${String(first).padStart(DIGITS, "0")}${suffix}`);
}

/** The segments in a data folder, oldest first. An open file beside its sealed successor is left out. */
export function listSegments(folder: string): SegmentFile[] {
  const byFirst = new Map<number, SegmentFile>();
  const pattern = new RegExp(`^(\\d{${DIGITS}})\\.(open|sealed)\\.db$`);
  for (const name of readdirSync(join(folder, SEGMENTS_FOLDER))) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const first = Number(match[1]);
    const kind = match[2] === "sealed" ? "sealed" : "open";
    if (kind === "sealed" || !byFirst.has(first)) {
      byFirst.set(first, { first, kind, path: join(folder, SEGMENTS_FOLDER, name) });
    }
  }
  return [...byFirst.values()].sort((a, b) => a.first - b.first);
}
