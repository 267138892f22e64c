import type { Micros } from "../../model/time.ts";
import type { AlarmLog } from "./alarm-log.ts";
import { decodeBlockSkeleton, type Skeleton } from "./block.ts";
import { bytesOf, isDamage, openDatabase, whole } from "./database.ts";
import { decodeDefinitions, type Series } from "./dictionary.ts";
import { decodeSkeletons } from "./group.ts";
import { type LoggedPage, loggedEntries } from "./page.ts";
import { listSegments, type SegmentFile } from "./segment.ts";
import { SegmentReader } from "./segment-reader.ts";

/*
 * What the segments know that other files hold, too: for when those are behind, or lost.
 */

/** Identities handed to main: hours of messages of a site. */
const IDENTITIES = 65_536;
/** Newest segments that identities are looked for in. */
const IDENTITY_SEGMENTS = 3;
/** Entries put into the alarm log at once. */
const RECONCILE_ENTRIES = 1_000;

/** Puts what the alarm log does not have yet into it, from committed pages. */
export function reconcile(log: AlarmLog, folder: string, last: number): void {
  if (log.mark >= last) return;
  const reader = new SegmentReader(folder);
  try {
    let waiting: LoggedPage[] = [];
    let entries = 0;
    for (const page of reader.logged(log.mark)) {
      waiting.push(page);
      entries += loggedEntries(page);
      if (entries < RECONCILE_ENTRIES) continue;
      log.add(waiting, log.mark);
      waiting = [];
      entries = 0;
    }
    log.add(waiting, last);
  } finally {
    reader.close();
  }
}

/** Definitions that segments carry, oldest first; what cannot be read is left out. */
export function definitionsInSegments(folder: string): Series[] {
  const found: Series[] = [];
  for (const { path } of listSegments(folder)) {
    try {
      const db = openDatabase(path, { readOnly: true });
      try {
        for (const row of db.prepare("SELECT crc, blob FROM definitions ORDER BY portion").all()) {
          found.push(...decodeDefinitions(bytesOf(row.blob), whole(row.crc)));
        }
      } finally {
        db.close();
      }
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
    }
  }
  return found;
}

/** Identities of the last messages, oldest first. */
export function recentIdentities(folder: string): {
  high: Uint32Array;
  low: Uint32Array;
  received: Float64Array;
} {
  const high: number[] = [];
  const low: number[] = [];
  const received: Micros[] = [];
  for (const file of listSegments(folder).reverse().slice(0, IDENTITY_SEGMENTS)) {
    try {
      for (const skeleton of newestSkeletons(file)) {
        for (let m = skeleton.messages - 1; m >= 0; m--) {
          if (skeleton.identityHigh[m] === 0 && skeleton.identityLow[m] === 0) continue;
          high.push(skeleton.identityHigh[m]!);
          low.push(skeleton.identityLow[m]!);
          received.push(skeleton.received[m]!);
        }
        if (high.length >= IDENTITIES) break;
      }
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
    }
    if (high.length >= IDENTITIES) break;
  }
  return {
    high: Uint32Array.from(high.reverse()),
    low: Uint32Array.from(low.reverse()),
    received: Float64Array.from(received.reverse()),
  };
}

/** Skeletons of pages with identities, newest first. */
function* newestSkeletons(file: SegmentFile): Generator<Skeleton> {
  const db = openDatabase(file.path, { readOnly: true });
  try {
    const table = file.kind === "open" ? "blocks" : "groups";
    const before = db.prepare(
      `SELECT sequence, crc, blob FROM ${table} WHERE sequence < ? AND identities > 0 ORDER BY sequence DESC LIMIT 1`,
    );
    for (
      let row = before.get(Number.MAX_SAFE_INTEGER);
      row !== undefined;
      row = before.get(whole(row.sequence))
    ) {
      const blob = bytesOf(row.blob);
      const crc = whole(row.crc);
      if (file.kind === "open") yield decodeBlockSkeleton(blob, crc);
      else yield* decodeSkeletons(blob, crc).reverse();
    }
  } finally {
    db.close();
  }
}
