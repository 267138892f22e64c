import type { Level } from "./condition.ts";

/** One level in the channel's unit. A side that is not watched has an infinite limit. */
export interface Span extends Level {
  readonly low: number;
  readonly high: number;
  readonly strict: boolean;
  /** The value has cleared when it is strictly above this … */
  readonly clearLow: number;
  /** … and strictly below this. */
  readonly clearHigh: number;
}
