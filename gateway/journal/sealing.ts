import { renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { DatabaseSync as Database } from "node:sqlite";
import { decodeBlock } from "./block.ts";
import { damaged } from "./bytes.ts";
import { encodeChunk } from "./chunk.ts";
import { bytesOf, openDatabase, syncFolder, whole } from "./database.ts";
import { chunksOf, encodeSkeletons, GROUP_READINGS, sortBySeries } from "./group.ts";
import type { Page } from "./page.ts";
import {
  OPEN_SUFFIX,
  SEALED_SCHEMA,
  SEALED_SUFFIX,
  SEALING_SUFFIX,
  SEGMENTS_FOLDER,
  segmentPath,
} from "./segment.ts";

/** Chunks written between two looks at the queue of pages: about 2 ms. */
const CHUNKS_PER_SLICE = 64;
/** Blocks read with one query. */
const BLOCKS_PER_QUERY = 16;

/** A sealed segment, summed up. */
export interface Seal {
  readonly first: number;
  readonly last: number;
  readonly readings: number;
}

/** Removes a database file and what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

/**
 * Rewrites an open segment that nobody writes to any more as a sealed one, a slice at each step; returns its sum. Cut off
 * anywhere, it is begun anew. Each group is synced by itself, so that no step waits long for the disk.
 * @throws HostError JOURNAL_DAMAGED, an SQLite or a file system error
 */
export function* seal(folder: string, first: number): Generator<void, Seal> {
  const source = segmentPath(folder, first, OPEN_SUFFIX);
  const making = segmentPath(folder, first, SEALING_SUFFIX);
  removeDatabase(making);
  const from = openDatabase(source, { readOnly: true });
  let sum: Seal;
  try {
    const to = new Database(making);
    try {
      // Nobody reads it before it is complete, and a crash throws it away: no journal.
      to.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;");
      to.exec(SEALED_SCHEMA);
      yield;
      sum = yield* copy(from, to, first);
    } finally {
      to.close();
    }
  } finally {
    from.close();
  }
  renameSync(making, segmentPath(folder, first, SEALED_SUFFIX));
  syncFolder(join(folder, SEGMENTS_FOLDER));
  removeDatabase(source);
  return sum;
}

/** Row of `blocks` as far as a group sums it up. */
interface Total {
  readonly sequence: number;
  last: number;
  readonly after: number;
  readings: number;
  inputs: number;
  events: number;
  identities: number;
  receivedFrom: number;
  receivedTo: number;
  timeFrom: number;
  timeTo: number;
}

function* copy(from: DatabaseSync, to: DatabaseSync, first: number): Generator<void, Seal> {
  const blocks = from.prepare(
    `SELECT * FROM blocks WHERE sequence > ? ORDER BY sequence LIMIT ${BLOCKS_PER_QUERY}`,
  );
  const sum = { first, last: first - 1, readings: 0 };
  const span = { receivedTo: -Infinity, timeFrom: Infinity, timeTo: -Infinity };
  let pages: Page[] = [];
  let total: Total | undefined;
  let chunks = 0;
  for (let above = -1; ; ) {
    const rows = blocks.all(above);
    for (const row of rows) {
      above = whole(row.sequence);
      const page = decodeBlock(bytesOf(row.blob), whole(row.crc));
      if (page.first !== above || page.readings !== row.readings) throw damaged(`block ${above} is another`);
      pages.push(page);
      total = add(total, row);
      if (total.readings < GROUP_READINGS) continue;
      chunks = yield* group(to, { pages, total, chunks });
      sumUp(sum, span, total);
      pages = [];
      total = undefined;
    }
    yield;
    if (rows.length < BLOCKS_PER_QUERY) break;
  }
  if (total !== undefined) {
    yield* group(to, { pages, total, chunks });
    sumUp(sum, span, total);
  }
  const portions = from.prepare("SELECT portion, crc, blob FROM definitions").all();
  const define = to.prepare("INSERT INTO definitions VALUES (?, ?, ?)");
  to.exec("BEGIN");
  for (const row of portions) define.run(whole(row.portion), whole(row.crc), bytesOf(row.blob));
  to.prepare("INSERT INTO seal VALUES (?, ?, ?, ?, ?, ?)").run(
    first,
    sum.last,
    sum.readings,
    finite(span.receivedTo),
    finite(span.timeFrom),
    finite(span.timeTo),
  );
  to.exec("COMMIT");
  return sum;
}

function* group(
  to: DatabaseSync,
  { pages, total, chunks }: { pages: readonly Page[]; total: Total; chunks: number },
): Generator<void, number> {
  const sorted = yield* sortBySeries(pages);
  to.exec("BEGIN");
  const insert = to.prepare("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)");
  let number = chunks;
  let readings = 0;
  for (const chunk of chunksOf(sorted)) {
    const { bytes, crc } = encodeChunk(chunk);
    number++;
    readings += chunk.length;
    insert.run(number, chunk.series, finite(chunk.timeFrom), finite(chunk.timeTo), crc, bytes);
    if (number % CHUNKS_PER_SLICE === 0) yield;
  }
  if (readings !== total.readings)
    throw damaged(`${total.readings - readings} readings of a group are missing`);
  const { bytes, crc } = encodeSkeletons(pages);
  to.prepare("INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
    total.sequence,
    total.last,
    total.after,
    total.readings,
    total.inputs,
    total.events,
    total.identities,
    finite(total.receivedFrom),
    finite(total.receivedTo),
    finite(total.timeFrom),
    finite(total.timeTo),
    chunks + 1,
    number,
    crc,
    bytes,
  );
  to.exec("COMMIT");
  yield;
  return number;
}

function add(total: Total | undefined, row: Record<string, unknown>): Total {
  const sum = total ?? {
    sequence: whole(row.sequence),
    last: 0,
    after: whole(row.after),
    readings: 0,
    inputs: 0,
    events: 0,
    identities: 0,
    receivedFrom: Infinity,
    receivedTo: -Infinity,
    timeFrom: Infinity,
    timeTo: -Infinity,
  };
  sum.last = whole(row.last);
  sum.readings += whole(row.readings);
  sum.inputs += whole(row.inputs);
  sum.events += whole(row.events);
  sum.identities += whole(row.identities);
  if (typeof row.received_from === "number") sum.receivedFrom = Math.min(sum.receivedFrom, row.received_from);
  if (typeof row.received_to === "number") sum.receivedTo = Math.max(sum.receivedTo, row.received_to);
  if (typeof row.time_from === "number") sum.timeFrom = Math.min(sum.timeFrom, row.time_from);
  if (typeof row.time_to === "number") sum.timeTo = Math.max(sum.timeTo, row.time_to);
  return sum;
}

function sumUp(
  sum: { last: number; readings: number },
  span: { receivedTo: number; timeFrom: number; timeTo: number },
  total: Total,
): void {
  sum.last = total.last;
  sum.readings += total.readings;
  span.receivedTo = Math.max(span.receivedTo, total.receivedTo);
  span.timeFrom = Math.min(span.timeFrom, total.timeFrom);
  span.timeTo = Math.max(span.timeTo, total.timeTo);
}

function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}

/** What a sealed segment takes and holds; undefined when it cannot be read. */
export interface SealedSize extends Seal {
  readonly bytes: number;
  /** µs; negative infinity when it holds nothing with a time. */
  readonly receivedTo: number;
}

/** Sum and size of a sealed segment. @throws an SQLite error or HostError JOURNAL_DAMAGED */
export function sealedSize(path: string): SealedSize {
  const db = openDatabase(path, { readOnly: true });
  try {
    const row = db.prepare("SELECT first, last, readings, received_to FROM seal").get();
    if (row === undefined) throw damaged(`${path} has no seal`);
    return {
      first: whole(row.first),
      last: whole(row.last),
      readings: whole(row.readings),
      receivedTo: typeof row.received_to === "number" ? row.received_to : Number.NEGATIVE_INFINITY,
      bytes: statSync(path).size,
    };
  } finally {
    db.close();
  }
}
