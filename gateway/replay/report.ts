import type { Severity } from "../../model/severity.ts";
import type { Difference } from "./difference.ts";
import type { Episode } from "./episodes.ts";
import { type Chatter, chatter, type Flood, floods } from "./floods.ts";
import type { PlayedConfiguration } from "./playback.ts";
import type { Outcome } from "./run.ts";
import type { Score } from "./score.ts";
import type { Trace } from "./trace.ts";

/** What a replay found, summed up for people and scripts. */
export interface Report {
  readonly outcome: Outcome;
  /** How often each severity was the worst of an alarm, by class. */
  readonly counts: Readonly<Record<string, Readonly<Partial<Record<Severity, number>>>>>;
  readonly standing: number;
  readonly floods: readonly Flood[];
  readonly chatter: readonly Chatter[];
}

/** Everything that a replay and its comparisons have brought. */
export interface Findings {
  readonly configuration: PlayedConfiguration;
  readonly report: Report;
  readonly trace: Trace;
  /** Against another site file. */
  readonly difference?: Difference;
  /** Against known events. */
  readonly score?: Score;
}

/** Sums an outcome up. */
export function reportOf(outcome: Outcome): Report {
  const counts: Record<string, Partial<Record<Severity, number>>> = {};
  for (const { class: kind, severity } of outcome.episodes) {
    const own = counts[kind] ?? {};
    own[severity] = (own[severity] ?? 0) + 1;
    counts[kind] = own;
  }
  return {
    outcome,
    counts,
    standing: outcome.episodes.filter(({ ended }) => ended === undefined).length,
    floods: floods(outcome.episodes),
    chatter: chatter(outcome.episodes),
  };
}

/** An episode for scripts: instants in µs, no number where there is none. */
export function episodeJson(episode: Episode): object {
  const { value, limit, ended, ...rest } = episode;
  return { ...rest, ended: ended ?? null, value: finite(value), limit: finite(limit) };
}

/** The report for scripts. */
export function reportJson({ outcome, counts, standing, floods, chatter }: Report): object {
  const { episodes, from, to, seconds, sameAsLive, ...rest } = outcome;
  return {
    ...rest,
    from: finite(from),
    to: finite(to),
    seconds: Number(seconds.toFixed(3)),
    sameAsLive: sameAsLive ?? null,
    counts,
    standing,
    floods,
    chatter,
    alarms: episodes.map(episodeJson),
  };
}

/** Everything for scripts. */
export function findingsJson({ report, difference, score }: Findings): object {
  return {
    ...reportJson(report),
    ...(difference === undefined ? {} : { difference: differenceJson(difference) }),
    ...(score === undefined ? {} : { score: scoreJson(score) }),
  };
}

function differenceJson({ changes, same }: Difference): object {
  const episode = (one: Episode | undefined) => (one === undefined ? null : episodeJson(one));
  return {
    same,
    changes: changes.map((change) => ({
      ...change,
      own: "own" in change ? episode(change.own) : null,
      other: "other" in change ? episode(change.other) : null,
    })),
  };
}

function scoreJson({ labels, falseAlarms, medianDelay, falsePerSensorDay, ...rest }: Score): object {
  return {
    ...rest,
    medianDelay: finite(medianDelay),
    falsePerSensorDay: finite(falsePerSensorDay),
    labels: labels.map(({ label, alarm, delay, stood }) => ({
      ...label,
      detected: alarm !== undefined,
      delay: delay ?? null,
      stood,
      alarm: alarm === undefined ? null : episodeJson(alarm),
    })),
    falseAlarms: falseAlarms.map(episodeJson),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
