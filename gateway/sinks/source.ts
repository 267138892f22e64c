import type { AlarmEvent } from "../../rules/event.ts";

/** What a series is tagged with: a row of the dictionary, never the present site file. */
export interface SeriesTags {
  readonly site: string;
  readonly point: string;
  readonly device: string;
  readonly channel: string;
  readonly domain: string;
  readonly quantity: string;
  readonly unit: string;
  /** Key of the channel (model/site.ts). */
  readonly key: string;
}

/** Readings of the journal in columns, in the order of their sequence. */
export interface ReadingRows {
  readonly length: number;
  readonly sequence: Float64Array;
  readonly series: Uint32Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
  /** µs. */
  readonly time: Float64Array;
  /** Every record below this sequence has been looked at. */
  readonly next: number;
  /** Records below `next` that are damaged: they can never be read. */
  readonly damaged: number;
}

/** The journal as a delivery sees it. Reads are synchronous, and bounded by what is asked for. */
export interface DeliverySource {
  /**
   * Readings with sequences in [from, to), as many as fit one answer; `next` > `from` always. What the journal no longer has
   * is simply not among them.
   */
  readings(from: number, to: number): ReadingRows;
  /**
   * Alarm events with numbers in [from, to), ascending, at most `limit`.
   * @throws HostError JOURNAL_DAMAGED when they cannot be read, now and for ever.
   */
  events(from: number, to: number, limit: number): AlarmEvent[];
  /** Tags of a series; undefined when the dictionary does not have it. */
  tags(series: number): SeriesTags | undefined;
}
