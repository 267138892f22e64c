import type { OracleReading } from "./oracle.ts";

/*
 * Windows told again in the plainest way: at each reading the whole history is looked at. Shares nothing with rules/. Seconds
 * everywhere.
 */

/** What lies in a window (t − span, t]. */
export interface OracleWindow {
  readings: { at: number; value: number; good: boolean; stands: number; inside: number }[];
  coverage: number;
  goodCoverage: number;
}

export interface OracleWindowOptions {
  span: number;
  maxGap: number;
}

/** For how long each reading stands: since the one before it, of whatever quality, and for no more than the gap. */
function standing(history: readonly OracleReading[], maxGap: number): number[] {
  return history.map(({ at }, i) => (i === 0 ? 0 : Math.min(at - history[i - 1]!.at, maxGap)));
}

/** The window that ends at `t`, of the readings up to and including `last`. */
export function windowAt(
  history: readonly OracleReading[],
  { last, t }: { last: number; t: number },
  { span, maxGap }: OracleWindowOptions,
): OracleWindow {
  const stands = standing(history, maxGap);
  const readings: OracleWindow["readings"] = [];
  for (let i = 0; i <= last; i++) {
    const { at, value, quality } = history[i]!;
    if (quality === "bad" || at <= t - span || at > t) continue;
    const inside = at - Math.max(at - stands[i]!, t - span);
    readings.push({ at, value, good: quality === "good", stands: stands[i]!, inside });
  }
  const sum = (of: OracleWindow["readings"]) => of.reduce((total, { inside }) => total + inside, 0);
  return {
    readings,
    coverage: sum(readings) / span,
    goodCoverage: sum(readings.filter(({ good }) => good)) / span,
  };
}

/** 9 decimals, as the sentences want it. */
export function nine(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

/** Slope by least squares about the means. */
export function slope(points: readonly { at: number; value: number }[]): number {
  const n = points.length;
  const t = points.reduce((sum, { at }) => sum + at, 0) / n;
  const v = points.reduce((sum, { value }) => sum + value, 0) / n;
  const spread = points.reduce((sum, { at }) => sum + (at - t) ** 2, 0);
  if (n < 2 || spread === 0) return Number.NaN;
  return points.reduce((sum, { at, value }) => sum + (at - t) * (value - v), 0) / spread;
}

/** What a plain window makes of each reading, as readings of the result. `scarce`: what a poor coverage leaves of it. */
export function resultsOf(
  history: readonly OracleReading[],
  compute: (window: OracleWindow) => number,
  options: OracleWindowOptions & { minCoverage: number; minSamples: number; scarce: "uncertain" | "nothing" },
): OracleReading[] {
  return history.map((reading, last): OracleReading => {
    const { at, quality } = reading;
    if (quality === "bad") return reading;
    const window = windowAt(history, { last, t: at }, options);
    const known =
      window.readings.length >= options.minSamples &&
      (options.scarce === "uncertain" || window.coverage >= options.minCoverage);
    const value = known ? nine(compute(window)) : Number.NaN;
    if (Number.isNaN(value)) return { at, value, quality: "bad" };
    const sure = quality === "good" && window.goodCoverage >= options.minCoverage;
    return { at, value, quality: sure ? "good" : "uncertain" };
  });
}
