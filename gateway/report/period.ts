import { DAY, type Micros } from "../../model/time.ts";

/** What a report is about: from (included) to (not included), µs. */
export interface Period {
  readonly from: Micros;
  readonly to: Micros;
}

/** ISA-18.2 16.4: figures are taken over at least 30 days. */
export const STANDARD_PERIOD: Micros = 30 * DAY;
/** Longest period of one report: its ten-minute intervals then take 2 MB. */
export const LONGEST_PERIOD: Micros = 10 * 366 * DAY;

/** The period of the same length before it, for comparison. */
export function before({ from, to }: Period): Period {
  return { from: from - (to - from), to: from };
}

export function length({ from, to }: Period): Micros {
  return to - from;
}

export function contains({ from, to }: Period, time: Micros): boolean {
  return time >= from && time < to;
}

/** How much of a span lies in the period, µs. */
export function overlap({ from, to }: Period, begin: Micros, end: Micros): Micros {
  return Math.max(0, Math.min(to, end) - Math.max(from, begin));
}
