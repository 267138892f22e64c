import type { ReadingRows } from "../sinks/source.ts";
import { type Page, pageEnd } from "./page.ts";
import type { SegmentReader } from "./segment-reader.ts";
import { DamagedRecords } from "./segment-view.ts";

/** The journal as deliveries see it: pages by sequence, flattened into rows. */
export class JournalSource {
  readonly #segments: SegmentReader;
  /** The page that the last answer ended within: a large page is decoded once for all the batches it makes. */
  #cut: Page | undefined;

  constructor(segments: SegmentReader) {
    this.#segments = segments;
  }

  /** See `DeliverySource.readings`. */
  readings(from: number, to: number): ReadingRows {
    let pages: Page[];
    try {
      const cut = this.#cut;
      pages =
        cut !== undefined && cut.first <= from && from < pageEnd(cut)
          ? [cut]
          : this.#segments.pagesFrom(from, to - from);
    } catch (thrown) {
      if (!(thrown instanceof DamagedRecords)) throw thrown;
      const next = Math.max(from + 1, Math.min(to, thrown.to));
      // What comes before the damage was never used, or is gone: it is not lost now.
      const damaged = Math.max(0, next - Math.max(from, thrown.from));
      return { ...rowsOf([], { from, to, next }), damaged };
    }
    const last = pages.at(-1);
    const next = last === undefined ? to : Math.max(from + 1, Math.min(to, pageEnd(last)));
    this.#cut = last !== undefined && next < pageEnd(last) ? last : undefined;
    return rowsOf(pages, { from, to, next });
  }
}

/** The readings of some pages with sequences in [from, to). */
function rowsOf(pages: readonly Page[], span: { from: number; to: number; next: number }): ReadingRows {
  const parts = pages.map((page) => ({
    page,
    start: Math.max(0, span.from - page.first),
    end: Math.min(page.readings, span.to - page.first),
  }));
  const used = parts.filter(({ start, end }) => start < end);
  const length = used.reduce((sum, { start, end }) => sum + end - start, 0);
  const rows = {
    length,
    sequence: new Float64Array(length),
    series: new Uint32Array(length),
    value: new Float64Array(length),
    reason: new Uint8Array(length),
    flags: new Uint8Array(length),
    time: new Float64Array(length),
    next: span.next,
    damaged: 0,
  };
  let at = 0;
  for (const { page, start, end } of used) {
    rows.series.set(page.series.subarray(start, end), at);
    rows.value.set(page.value.subarray(start, end), at);
    rows.reason.set(page.reason.subarray(start, end), at);
    rows.flags.set(page.flags.subarray(start, end), at);
    rows.time.set(page.time.subarray(start, end), at);
    for (let i = start; i < end; i++) rows.sequence[at++] = page.first + i;
  }
  return rows;
}
