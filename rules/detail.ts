/*
 * What stands beside the value of an alarm and must be said with it. Plain data, JSON-safe.
 */

/** A time to failure: never told without its interval and the number of points it rests on. */
export interface Forecast {
  readonly kind: "forecast";
  /** Hours from the event to failure; 0: it was due already. */
  readonly hours: number;
  /** Ends of the confidence interval, hours from the event; the earliest may be past (negative). */
  readonly earliest: number;
  readonly latest: number;
  /** Of the interval, 0 to 1. */
  readonly confidence: number;
  /** Velocities that the line was laid through. */
  readonly points: number;
}

/** The frequency that a peak was judged with, Hz. */
export interface PeakFrequency {
  readonly kind: "frequency";
  readonly hertz: number;
}

export type Detail = Forecast | PeakFrequency;
