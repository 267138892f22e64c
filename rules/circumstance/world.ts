import type { Micros } from "../../model/time.ts";

/** What a condition may know besides its readings. */
export interface World {
  /** The engine's clock. Every timer up to it has fired. */
  readonly now: Micros;
  /** What an outside source says now, by index; NaN: nobody knows. */
  outside(source: number): number;
  /** When that changes by time alone. */
  outsideUntil(source: number): Micros;
}
