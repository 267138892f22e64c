import { type Blob, pack, readSkeleton, type Skeleton, unpack, writeSkeleton } from "./block.ts";
import { ByteWriter, damaged } from "./bytes.ts";
import type { Chunk, SeriesReadings } from "./chunk.ts";
import { type Page, pageEnd } from "./page.ts";

/*
 * A sealed segment consists of groups: consecutive pages taken apart into one chunk per series and the pages' skeletons. A
 * group is what is put together again at once when records are read in order of sequence, so its size bounds memory; and it is
 * how many readings of a series lie together, so a larger one makes history faster.
 */

/**
 * Readings in a group, about. 2,000 channels then have 130 each in a chunk, 4.5 bytes a reading in the file (131,072: 5.2;
 * 524,288: 4.1); decoded it takes 7 MB.
 */
export const GROUP_READINGS = 262_144;

/** Bound on what a length field may ask for. */
const MAX_PAGES = 2 ** 22;

const body = new ByteWriter();

/** The skeletons of a group's pages as a blob. */
export function encodeSkeletons(pages: readonly Skeleton[]): Blob {
  body.clear();
  body.varint(pages.length);
  for (const page of pages) writeSkeleton(body, page);
  return pack(body);
}

/** What `encodeSkeletons` was given. @throws HostError JOURNAL_DAMAGED */
export function decodeSkeletons(bytes: Uint8Array, crc: number): Skeleton[] {
  const from = unpack(bytes, crc);
  const pages: Skeleton[] = [];
  for (let count = from.count(MAX_PAGES); count > 0; count--) pages.push(readSkeleton(from));
  return pages;
}

/** The readings of some pages in columns, sorted by series and within one by sequence. */
export interface SortedReadings {
  /** Series s has the readings from `start[s]` to `start[s + 1]`. */
  readonly start: Uint32Array;
  readonly sequence: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
}

/** Readings placed between two yields: 2 ms. */
const SORT_SLICE = 32_768;

/** Sorts the readings of pages by series, in two passes, count and place; yields every few ms. */
export function* sortBySeries(pages: readonly Page[]): Generator<void, SortedReadings> {
  let highest = 0;
  for (const page of pages) {
    for (let i = 0; i < page.readings; i++) if (page.series[i]! > highest) highest = page.series[i]!;
  }
  const start = new Uint32Array(highest + 2);
  for (const page of pages) {
    for (let i = 0; i < page.readings; i++) start[page.series[i]! + 1]!++;
  }
  for (let series = 0; series <= highest; series++) start[series + 1]! += start[series]!;
  yield;
  const total = start[highest + 1]!;
  const sorted: SortedReadings = {
    start,
    sequence: new Float64Array(total),
    time: new Float64Array(total),
    value: new Float64Array(total),
    reason: new Uint8Array(total),
    flags: new Uint8Array(total),
  };
  const place = start.slice();
  let slice = 0;
  for (const page of pages) {
    for (let i = 0; i < page.readings; i++) {
      const at = place[page.series[i]!]!++;
      sorted.sequence[at] = page.first + i;
      sorted.time[at] = page.time[i]!;
      sorted.value[at] = page.value[i]!;
      sorted.reason[at] = page.reason[i]!;
      sorted.flags[at] = page.flags[i]!;
    }
    slice += page.readings;
    if (slice < SORT_SLICE) continue;
    slice = 0;
    yield;
  }
  return sorted;
}

/** One chunk for each series that has readings. */
export function* chunksOf(sorted: SortedReadings): Generator<Chunk> {
  const { start } = sorted;
  for (let series = 0; series + 1 < start.length; series++) {
    const from = start[series]!;
    const to = start[series + 1]!;
    if (from === to) continue;
    yield {
      series,
      length: to - from,
      sequence: sorted.sequence.subarray(from, to),
      time: sorted.time.subarray(from, to),
      value: sorted.value.subarray(from, to),
      reason: sorted.reason.subarray(from, to),
      flags: sorted.flags.subarray(from, to),
      ...bounds(sorted.time, from, to),
    };
  }
}

/** Least and greatest of some times; NaN times count as none. */
export function bounds(
  time: Float64Array,
  from: number,
  to: number,
): { readonly timeFrom: number; readonly timeTo: number } {
  let timeFrom = Number.POSITIVE_INFINITY;
  let timeTo = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const at = time[i]!;
    if (at < timeFrom) timeFrom = at;
    if (at > timeTo) timeTo = at;
  }
  return { timeFrom, timeTo };
}

/** The pages of a group as they were committed. @throws HostError JOURNAL_DAMAGED when a reading is missing or has no place. */
export function assemble(skeletons: readonly Skeleton[], chunks: Iterable<SeriesReadings>): Page[] {
  const pages = skeletons.map(
    (skeleton): Page => ({
      ...skeleton,
      series: new Uint32Array(skeleton.readings),
      value: new Float64Array(skeleton.readings),
      reason: new Uint8Array(skeleton.readings),
      flags: new Uint8Array(skeleton.readings),
      time: new Float64Array(skeleton.readings),
    }),
  );
  let missing = pages.reduce((sum, page) => sum + page.readings, 0);
  for (const chunk of chunks) {
    let p = 0;
    for (let i = 0; i < chunk.length; i++) {
      const sequence = chunk.sequence[i]!;
      while (p < pages.length && sequence >= pageEnd(pages[p]!)) p++;
      const page = pages[p];
      const at = sequence - (page?.first ?? 0);
      if (page === undefined || at < 0 || at >= page.readings)
        throw damaged(`reading ${sequence} has no page`);
      page.series[at] = chunk.series;
      page.value[at] = chunk.value[i]!;
      page.reason[at] = chunk.reason[i]!;
      page.flags[at] = chunk.flags[i]!;
      page.time[at] = chunk.time[i]!;
    }
    missing -= chunk.length;
  }
  if (missing !== 0) throw damaged(`${missing} readings of a group are missing`);
  return pages;
}
