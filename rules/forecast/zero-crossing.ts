import { studentT } from "./student-t.ts";

/** A straight line through points, as far as it says when it reaches zero. */
export interface ZeroCrossing {
  /** Where the line is zero. */
  readonly at: number;
  /** Where zero lies within its confidence band: first and last. */
  readonly earliest: number;
  readonly latest: number;
}

/** What least squares make of points. */
export interface LineFit {
  readonly slope: number;
  /** Share of the scatter that the line explains, 0 to 1. */
  readonly explained: number;
  /** Whether the slope differs from nothing at the confidence asked for. */
  readonly significant: boolean;
  /** Undefined: its interval is not bounded, so that nothing can be said. */
  readonly crossing: ZeroCrossing | undefined;
}

/**
 * Least squares through (x, y) and the zero of the line with its interval (Fieller 1954: all x at which the confidence band of the
 * line contains zero; bounded only when the slope is significant). Needs three points at least, not all at one x.
 */
export function fitLine(x: readonly number[], y: readonly number[], confidence: number): LineFit {
  const n = x.length;
  const meanX = mean(x);
  const meanY = mean(y);
  let [sxx, sxy, syy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    sxx += dx * dx;
    sxy += dx * dy;
    syy += dy * dy;
  }
  const slope = sxy / sxx;
  let residual = 0;
  for (let i = 0; i < n; i++) residual += (y[i]! - meanY - slope * (x[i]! - meanX)) ** 2;
  const explained = syy > 0 ? 1 - residual / syy : 0;
  const t = studentT(confidence, n - 2);
  // t² s²: s² is the variance about the line.
  const spread = (t * t * residual) / (n - 2);
  const g = spread / (slope * slope * sxx);
  const significant = slope !== 0 && g < 1;
  if (!significant) return { slope, explained, significant, crossing: undefined };
  // (ȳ + b·d)² ≤ t²s² (1/n + d²/Sxx), for d from the mean of x.
  const a = slope * slope * (1 - g);
  const b = meanY * slope;
  // b² − a·c, with what cancels taken out.
  const root = Math.sqrt(
    Math.max(0, spread * ((slope * slope) / n + (meanY * meanY) / sxx - spread / (n * sxx))),
  );
  const at = meanX - meanY / slope;
  return {
    slope,
    explained,
    significant,
    // Where the points lie on the line to the last bit, rounding must not put its zero outside.
    crossing: {
      at,
      earliest: Math.min(at, meanX + (-b - root) / a),
      latest: Math.max(at, meanX + (-b + root) / a),
    },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
