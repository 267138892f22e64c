import type { ReadingRows } from "../../gateway/sinks/source.ts";

/** A reading as tests write it. */
export interface TestReading {
  series: number;
  time: number;
  value: number;
  reason: number;
  flags: number;
}

/** Readings in columns, with sequences from `first`. */
export function rowsOf(readings: readonly TestReading[], first = 0): ReadingRows {
  return {
    length: readings.length,
    sequence: Float64Array.from(readings, (_, i) => first + i),
    series: Uint32Array.from(readings, (reading) => reading.series),
    time: Float64Array.from(readings, (reading) => reading.time),
    value: Float64Array.from(readings, (reading) => reading.value),
    reason: Uint8Array.from(readings, (reading) => reading.reason),
    flags: Uint8Array.from(readings, (reading) => reading.flags),
    next: first + readings.length,
    damaged: 0,
  };
}
