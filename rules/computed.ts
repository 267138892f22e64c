import type { Severity } from "../model/severity.ts";
import type { Channel } from "../model/site.ts";
import type { Measure } from "./conditions/condition.ts";
import type { Detail } from "./detail.ts";

/** What a rule compares with the limit of one of its levels. */
export interface ComputedLevel {
  readonly severity: Severity;
  /** NaN: nothing could be computed yet, or any more. */
  readonly value: number;
  /** On the side of the value; NaN where there is none, or no value yet. */
  readonly limit: number;
  /** Undefined: the channel's own value. */
  readonly measure: Measure | undefined;
  /** What must be said with it. */
  readonly detail: Detail | undefined;
}

/**
 * What a rule that remembers (a rate, a sum of rain, a tangent angle) made of the last reading, whether that raises or not: so that a
 * slope in its uniform stage is seen without standing in alarm.
 */
export interface ComputedView {
  readonly rule: string;
  /** Subject key (site.ts). */
  readonly subject: string;
  /** Of several, the first. */
  readonly channel: Channel;
  /** From the least severe to the most. */
  readonly levels: readonly ComputedLevel[];
}
