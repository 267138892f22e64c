import { HOUR, type Micros } from "../../model/time.ts";
import { fitLine } from "./zero-crossing.ts";

/** What a forecast is asked to rest on. */
export interface ForecastTerms {
  readonly minPoints: number;
  /** Share of the scatter of 1/v that the line must explain. */
  readonly minExplained: number;
  readonly confidence: number;
  /** Velocities per day: below the first the slope rests; the line is laid from the second on; up to the third, where enough are. */
  readonly rests: number;
  readonly from: number;
  readonly upTo: number;
}

/** When 1/v reaches zero, µs, with its interval. */
export interface Failure {
  readonly kind: "failure";
  readonly at: Micros;
  readonly earliest: Micros;
  readonly latest: Micros;
  readonly points: number;
  /** All its points are from good readings alone. */
  readonly good: boolean;
}

/** A forecast; nothing can be said; or the slope is known not to accelerate. */
export type Outlook = Failure | { readonly kind: "unknown" } | { readonly kind: "harmless" };

const UNKNOWN: Outlook = { kind: "unknown" };
const HARMLESS: Outlook = { kind: "harmless" };

interface Points {
  readonly time: readonly number[];
  /** Along the slope, per day. */
  readonly velocity: readonly number[];
  readonly good: readonly number[];
}

/**
 * Inverse velocity (Fukuzono 1985, α = 2): 1/v falls on a straight line to zero at failure. Only points of the present movement
 * count: back from the newest as far as it does not rest.
 */
export function outlookOf(points: Points, terms: ForecastTerms): Outlook {
  const { time, velocity } = points;
  const newest = time.length - 1;
  if (newest < 0) return UNKNOWN;
  if (velocity[newest]! < terms.rests) return HARMLESS;
  let begin = newest;
  while (begin > 0 && velocity[begin - 1]! >= terms.rests) begin--;
  const run = Array.from({ length: newest - begin + 1 }, (_, i) => begin + i);
  if (run.length < terms.minPoints) return UNKNOWN;

  const inverse = (of: readonly number[]) => {
    const origin = time[newest]!;
    return fitLine(
      of.map((i) => (time[i]! - origin) / HOUR),
      of.map((i) => 1 / velocity[i]!),
      terms.confidence,
    );
  };
  // It must be accelerating now, whatever the line through all of it says.
  const lately = inverse(run.slice(-terms.minPoints));
  if (lately.slope >= 0) return lately.significant ? HARMLESS : UNKNOWN;

  const fast = run.filter((i) => velocity[i]! >= terms.from);
  const preferred = fast.filter((i) => velocity[i]! <= terms.upTo);
  const used = preferred.length >= terms.minPoints ? preferred : fast;
  if (used.length < terms.minPoints) return UNKNOWN;
  const { slope, explained, crossing } = inverse(used);
  if (crossing === undefined || slope >= 0 || explained < terms.minExplained) return UNKNOWN;
  const instant = (hours: number): Micros => time[newest]! + Math.round(hours * HOUR);
  return {
    kind: "failure",
    at: instant(crossing.at),
    earliest: instant(crossing.earliest),
    latest: instant(crossing.latest),
    points: used.length,
    good: used.every((i) => points.good[i] === 1),
  };
}
