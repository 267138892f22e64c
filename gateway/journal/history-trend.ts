import { BAD, qualityOf, worse } from "../../model/quality.ts";
import { HOUR, type Micros } from "../../model/time.ts";
import type { SeriesSource } from "./history.ts";

/** Buckets of one trend, at most. */
export const MOST_BUCKETS = 10_000;

export interface TrendQuery {
  readonly series: number;
  /** Times from `from` up to, not including, `to`, µs. */
  readonly from: Micros;
  readonly to: Micros;
  /** Width of a bucket, µs; made wider when there would be more than MOST_BUCKETS. */
  readonly bucket: Micros;
}

/** A series in buckets of time, in columns. Buckets without readings are left out. */
export interface Trend {
  /** Width of the buckets, µs. */
  readonly bucket: Micros;
  readonly length: number;
  /** Where each bucket begins, µs. */
  readonly start: Float64Array;
  /** Of the usable values (good and uncertain, finite); NaN when the bucket has none. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** Readings in the bucket, and how many of them were usable. */
  readonly readings: Uint32Array;
  readonly usable: Uint32Array;
  /** The worst reason in the bucket: a bucket of good values with one bad reading shows it. */
  readonly reason: Uint8Array;
}

/** Time that is read at once; between two of these, others get their turn. */
const SLICE: Micros = 12 * HOUR;

/**
 * Minimum, maximum and mean of a series over buckets of time, with the quality kept: a peak never disappears between two
 * pixels.
 */
export async function trend(source: SeriesSource, query: TrendQuery): Promise<Trend> {
  const from = Math.ceil(query.from);
  const to = Math.ceil(query.to);
  const span = Math.max(0, to - from);
  const bucket = Math.max(1, query.bucket, Math.ceil(span / MOST_BUCKETS));
  const count = Math.ceil(span / bucket);
  const min = new Float64Array(count).fill(Number.NaN);
  const max = new Float64Array(count).fill(Number.NaN);
  const sum = new Float64Array(count);
  const readings = new Uint32Array(count);
  const usable = new Uint32Array(count);
  const reason = new Uint8Array(count);
  for (let low = from; low < to; low += SLICE) {
    const high = Math.min(to, low + SLICE) - 1;
    for (const chunk of source.series({ series: query.series, from: low, to: high, newestFirst: false })) {
      for (let i = 0; i < chunk.length; i++) {
        const b = Math.floor((chunk.time[i]! - from) / bucket);
        const value = chunk.value[i]!;
        reason[b] = readings[b] === 0 ? chunk.reason[i]! : worse(reason[b]!, chunk.reason[i]!);
        readings[b]!++;
        if (qualityOf(chunk.reason[i]!) === BAD || !Number.isFinite(value)) continue;
        usable[b]!++;
        sum[b]! += value;
        if (!(min[b]! <= value)) min[b] = value;
        if (!(max[b]! >= value)) max[b] = value;
      }
    }
    await new Promise(setImmediate);
  }
  const filled: number[] = [];
  for (let b = 0; b < count; b++) if (readings[b]! > 0) filled.push(b);
  return {
    bucket,
    length: filled.length,
    start: Float64Array.from(filled, (b) => from + b * bucket),
    min: Float64Array.from(filled, (b) => min[b]!),
    max: Float64Array.from(filled, (b) => max[b]!),
    mean: Float64Array.from(filled, (b) => (usable[b] === 0 ? Number.NaN : sum[b]! / usable[b]!)),
    readings: Uint32Array.from(filled, (b) => readings[b]!),
    usable: Uint32Array.from(filled, (b) => usable[b]!),
    reason: Uint8Array.from(filled, (b) => reason[b]!),
  };
}
