import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { type Episode, Episodes } from "./episodes.ts";
import { JournalSource } from "./journal-source.ts";
import { Playback, type PlaybackListener, type PlayedConfiguration, unattended } from "./playback.ts";
import type { Remark, Source } from "./source.ts";
import { watchingOnly } from "./watched-site.ts";

/** What a replay is told. */
export interface ReplayOptions {
  readonly configuration: PlayedConfiguration;
  readonly source: Source;
  /** What is before this instant only fills windows and memories; it is not reported. µs; -Infinity: everything is. */
  readonly since: Micros;
  /** How much is done, 0 to 1, and readings so far. */
  readonly progress?: (done: number, readings: number) => void;
  /** Every event from `since` on, in order. */
  readonly event?: (event: AlarmEvent) => void;
  readonly readings?: PlaybackListener["readings"];
}

/** What a replay has found. */
export interface Outcome {
  readonly source: string;
  readonly revision: string;
  /** First and last instant that was played from `since` on; NaN when there was nothing. */
  readonly from: Micros;
  readonly to: Micros;
  readonly readings: number;
  readonly late: number;
  readonly repeatedBad: number;
  /** How long it took, wall seconds. */
  readonly seconds: number;
  readonly events: number;
  /** In order of their raise: those that had ended before `since` are not among them. */
  readonly episodes: readonly Episode[];
  /** Episodes beyond what is kept one by one. */
  readonly beyond: number;
  /** Exceedances found in late data. */
  readonly historical: number;
  /** Channels of the site that the recording does not have: their silence was not watched. */
  readonly unwatched: number;
  readonly remarks: readonly Remark[];
  /** For a journal that was written under this very configuration: events that came out as they were published. */
  readonly sameAsLive: number | undefined;
}

/** Turns between two words about the progress. */
const PROGRESS_EVERY_MS = 100;

/**
 * Plays a recording through the rules of a configuration. Synchronous and at full speed; memory does not grow with the recording,
 * but for alarms.
 * @throws what the source throws
 */
export function replay(options: ReplayOptions): Outcome {
  const { source, since } = options;
  const recorded = source.channels(options.configuration.site);
  const watching = watchingOnly(options.configuration, recorded);
  const configuration = source instanceof JournalSource ? watching : unattended(watching);
  const episodes = new Episodes();
  let events = 0;
  const playback: Playback = new Playback(configuration, {
    event: (event) => {
      if (source instanceof JournalSource) source.replayed(event);
      episodes.add(event);
      if (event.time < since) return;
      events++;
      options.event?.(event);
    },
    ...(options.readings === undefined ? {} : { readings: options.readings }),
  });
  const began = performance.now();
  let next = began;
  for (const done of source.play(playback)) {
    const now = performance.now();
    if (now < next) continue;
    next = now + PROGRESS_EVERY_MS;
    options.progress?.(done, playback.evaluated);
  }
  options.progress?.(1, playback.evaluated);
  const seconds = (performance.now() - began) / 1_000;
  const inside = episodes.list().filter(({ ended }) => ended === undefined || ended >= since);
  return {
    source: source.name,
    revision: configuration.site.revision,
    from: Math.max(since, playback.first),
    to: playback.last,
    readings: playback.evaluated,
    ...playback.left,
    seconds,
    events,
    episodes: inside,
    beyond: episodes.beyond,
    historical: episodes.historical,
    unwatched: configuration.site.channels.length - recorded.size,
    remarks: source.remarks(),
    sameAsLive: source instanceof JournalSource ? source.sameAsLive : undefined,
  };
}
