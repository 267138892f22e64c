import { FLAG_LATE } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { SeriesReadings } from "./chunk.ts";
import type { SeriesQuery } from "./segment-view.ts";

/*
 * Readings by series and time, a page at a time, exactly in the order of time, late readings in their place. The journal gives
 * readings of a range of time in the order of acceptance. So a page is made in two looks: the first, in that order, finds how
 * far back about so many rows reach; the second takes that range of time whole.
 */

/** Rows in a page, at most. */
export const MOST_ROWS = 10_000;
/** Series in one query, at most. */
export const MOST_SERIES = 64;

/** Where the journal's readings of one series come from. Complete when it returns: no cursor stays open. */
export interface SeriesSource {
  series(query: SeriesQuery): Iterable<SeriesReadings>;
}

export type HistoryOrder = "newest" | "oldest";

/** A row's place in the order. */
export interface HistoryMark {
  /** µs. */
  readonly time: Micros;
  readonly series: number;
}

export interface HistoryQuery {
  /** Series ids of the dictionary; at most MOST_SERIES are looked at. */
  readonly series: readonly number[];
  /** Times from `from` up to, not including, `to`, µs. */
  readonly from: Micros;
  readonly to: Micros;
  readonly order: HistoryOrder;
  /** Rows wanted; at most MOST_ROWS come. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: HistoryMark;
}

/** Rows in columns, in the order asked for: by time, then by series. */
export interface HistoryPage {
  readonly length: number;
  readonly series: Uint32Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
  /** Where the next page begins; absent when there is none. */
  readonly next?: HistoryMark;
}

interface Row {
  readonly chunk: SeriesReadings;
  readonly at: number;
}

/** One page of the history. */
export function historyPage(source: SeriesSource, query: HistoryQuery): HistoryPage {
  const series = [...new Set(query.series)].slice(0, MOST_SERIES);
  const limit = Math.max(1, Math.min(query.limit, MOST_ROWS));
  const newest = query.order === "newest";
  const { after } = query;
  // Times are whole, so the half-open range has a last instant; a mark's own instant may hold rows of other series.
  let from = Math.ceil(query.from);
  let to = Math.ceil(query.to) - 1;
  if (after !== undefined) {
    if (newest) to = Math.min(to, after.time);
    else from = Math.max(from, after.time);
  }
  const rows: Row[] = [];
  while (from <= to && rows.length <= limit) {
    const range = { series, from, to, newestFirst: newest };
    const edge = reach(source, range, limit + 1 - rows.length);
    const found = gather(source, { ...range, ...(newest ? { from: edge } : { to: edge }) }, after);
    found.sort(newest ? byTimeDown : byTimeUp);
    for (const row of found) rows.push(row);
    if (newest) to = edge - 1;
    else from = edge + 1;
  }
  return pageOf(rows, limit);
}

interface TimeRange {
  readonly series: readonly number[];
  /** Inclusive. */
  readonly from: Micros;
  readonly to: Micros;
  readonly newestFirst: boolean;
}

/**
 * How far into the range about `count` rows reach, at least one step. Late readings are passed over: one of last year would
 * otherwise make a year of the page.
 */
function reach(source: SeriesSource, { series, from, to, newestFirst }: TimeRange, count: number): Micros {
  const share = Math.ceil(count / series.length);
  let nearest = newestFirst ? from : to;
  for (const one of series) {
    const edge = edgeOf(source.series({ series: one, from, to, newestFirst }), newestFirst, share);
    if (edge !== undefined) nearest = newestFirst ? Math.max(nearest, edge) : Math.min(nearest, edge);
  }
  return nearest;
}

/** The time of the `count`th reading in the order of acceptance; undefined when there are fewer. */
function edgeOf(portions: Iterable<SeriesReadings>, newestFirst: boolean, count: number): Micros | undefined {
  let left = count;
  let edge: Micros | undefined;
  for (const { length, time, flags } of portions) {
    for (let n = 0; n < length; n++) {
      const i = newestFirst ? length - 1 - n : n;
      if ((flags[i]! & FLAG_LATE) !== 0) continue;
      const at = time[i]!;
      if (edge === undefined || (newestFirst ? at < edge : at > edge)) edge = at;
      if (--left === 0) return edge;
    }
  }
  return undefined;
}

/** All rows of a range behind the mark. */
function gather(source: SeriesSource, range: TimeRange, after: HistoryMark | undefined): Row[] {
  const { from, to, newestFirst } = range;
  const rows: Row[] = [];
  for (const series of range.series) {
    for (const chunk of source.series({ series, from, to, newestFirst })) {
      for (let at = 0; at < chunk.length; at++) {
        if (after === undefined || isBehind(after, chunk.time[at]!, { series, newestFirst })) {
          rows.push({ chunk, at });
        }
      }
    }
  }
  return rows;
}

function isBehind(
  mark: HistoryMark,
  time: Micros,
  { series, newestFirst }: { series: number; newestFirst: boolean },
): boolean {
  if (time !== mark.time) return newestFirst ? time < mark.time : time > mark.time;
  return newestFirst ? series < mark.series : series > mark.series;
}

function byTimeUp(a: Row, b: Row): number {
  return a.chunk.time[a.at]! - b.chunk.time[b.at]! || a.chunk.series - b.chunk.series;
}

function byTimeDown(a: Row, b: Row): number {
  return byTimeUp(b, a);
}

function pageOf(rows: readonly Row[], limit: number): HistoryPage {
  const length = Math.min(rows.length, limit);
  const page = {
    length,
    series: new Uint32Array(length),
    time: new Float64Array(length),
    value: new Float64Array(length),
    reason: new Uint8Array(length),
    flags: new Uint8Array(length),
  };
  for (let i = 0; i < length; i++) {
    const { chunk, at } = rows[i]!;
    page.series[i] = chunk.series;
    page.time[i] = chunk.time[at]!;
    page.value[i] = chunk.value[at]!;
    page.reason[i] = chunk.reason[at]!;
    page.flags[i] = chunk.flags[at]!;
  }
  if (rows.length <= limit) return page;
  return { ...page, next: { time: page.time[length - 1]!, series: page.series[length - 1]! } };
}
