import { statSync } from "node:fs";
import { join } from "node:path";
import { isDamage, syncFolder } from "./database.ts";
import { removeDatabase, type Seal, type SealedSize, sealedSize } from "./sealing.ts";
import { listSegments, SEGMENTS_FOLDER, type SegmentFile } from "./segment.ts";

/** Retention of readings: whole sealed segments go, oldest first. */
export class Trimming {
  readonly #folder: string;
  /** Sealed segments never change. */
  readonly #sizes = new Map<number, SealedSize>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Removes the oldest sealed segment if everything in it was received before `before`, or all segments take more than `size`
   * bytes. Returns what is gone, or undefined when nothing had to go.
   */
  step(limit: { before: number; size: number }): Seal | undefined {
    const segments = listSegments(this.#folder);
    const oldest = segments[0];
    if (oldest?.kind !== "sealed") return undefined;
    let total = 0;
    for (const segment of segments) total += fileSize(segment.path);
    const sum = this.#size(oldest, segments[1]);
    if (total <= limit.size && !(sum.receivedTo < limit.before)) return undefined;
    removeDatabase(oldest.path);
    syncFolder(join(this.#folder, SEGMENTS_FOLDER));
    this.#sizes.delete(oldest.first);
    return { first: sum.first, last: sum.last, readings: sum.readings };
  }

  #size(segment: SegmentFile, next: SegmentFile | undefined): SealedSize {
    const known = this.#sizes.get(segment.first);
    if (known !== undefined) return known;
    let size: SealedSize;
    try {
      size = sealedSize(segment.path);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      // Its sum cannot be read: all numbers up to the next segment count as readings, and only size removes it.
      const last = (next?.first ?? segment.first + 1) - 1;
      size = {
        first: segment.first,
        last,
        readings: last - segment.first + 1,
        receivedTo: Number.POSITIVE_INFINITY,
        bytes: fileSize(segment.path),
      };
    }
    this.#sizes.set(segment.first, size);
    return size;
  }
}

/** Bytes of a database file and its log. */
function fileSize(path: string): number {
  let bytes = 0;
  for (const suffix of ["", "-wal"]) bytes += statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
