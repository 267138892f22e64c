import { HostError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { SeriesReadings } from "./chunk.ts";
import type { LoggedPage, Page } from "./page.ts";

/** Records that cannot be read, now and for ever: sequences `from` up to, not including, `to`. */
export class DamagedRecords extends HostError {
  readonly from: number;
  readonly to: number;

  constructor(range: { from: number; to: number }, file: string, cause: unknown) {
    const span =
      range.to === Number.MAX_SAFE_INTEGER ? `from ${range.from}` : `${range.from} to ${range.to - 1}`;
    super("JOURNAL_DAMAGED", `records ${span} of ${file} cannot be read`, { cause });
    this.from = range.from;
    this.to = range.to;
  }
}

/** What readings of a series are asked for: times from `from` to `to` inclusive, µs. */
export interface SeriesQuery {
  readonly series: number;
  readonly from: Micros;
  readonly to: Micros;
  readonly newestFirst: boolean;
}

/** A segment to read from, on a connection of its own. All reads are bounded and complete when they return. */
export interface SegmentView {
  /**
   * Whole pages in order of sequence, beginning with the one that `sequence` is in or before, until `maxReadings` are exceeded;
   * empty when none follow in this segment.
   * @throws DamagedRecords when the first of them is damaged; HostError or an SQLite error when the file is.
   */
  pagesFrom(sequence: number, maxReadings: number): Page[];
  /** Portions of a series within [from, to], one block or chunk at a time; those that are damaged are left out and told. */
  series(query: SeriesQuery, onDamage: (damage: DamagedRecords) => void): Generator<SeriesReadings>;
  /** Pages that hold something for the alarm log and end behind `after`. Damaged ones are left out and told. */
  logged(after: number, onDamage: (damage: DamagedRecords) => void): Generator<LoggedPage>;
  close(): void;
}
