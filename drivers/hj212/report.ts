import type { Segment } from "./segment.ts";

/** A report: one segment, or the packets of one put together. */
export interface Report {
  readonly segment: Segment;
  /** Its check sum was wrong. */
  readonly doubted: boolean;
  /** The device waits for an answer. */
  readonly answer: boolean;
}
