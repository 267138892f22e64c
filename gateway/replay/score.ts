import { DAY, type Micros } from "../../model/time.ts";
import type { Episode } from "./episodes.ts";
import type { Label } from "./labels.ts";
import type { PlayedConfiguration } from "./playback.ts";

/** What became of one known event. */
export interface ScoredLabel {
  readonly label: Label;
  /** First alarm of class danger there while it lasted; undefined: it was missed. */
  readonly alarm: Episode | undefined;
  /** From its start to the alarm, µs; 0 when the alarm already stood. */
  readonly delay: Micros | undefined;
  /** The alarm already stood when it began: it may be about something else. */
  readonly stood: boolean;
}

/** How well alarms agree with what is known to have happened. */
export interface Score {
  readonly labels: readonly ScoredLabel[];
  readonly detected: number;
  readonly missed: number;
  /** Half of the detected were so no later; NaN: none was. */
  readonly medianDelay: Micros;
  /** Alarms of class danger that overlap no known event there. */
  readonly falseAlarms: readonly Episode[];
  /** Channels under a rule of class danger, times the days that each was heard. */
  readonly sensorDays: number;
  /** NaN without a sensor-day. */
  readonly falsePerSensorDay: number;
}

/** When each channel was first and last heard, by index; NaN: never. */
export class Heard {
  readonly first: Float64Array;
  readonly last: Float64Array;

  constructor(channels: number) {
    this.first = new Float64Array(channels).fill(Number.NaN);
    this.last = new Float64Array(channels).fill(Number.NaN);
  }

  note(channel: number, received: Micros): void {
    if (Number.isNaN(this.first[channel]!)) this.first[channel] = received;
    this.last[channel] = received;
  }
}

/**
 * Scores alarms of class danger against known events. An alarm belongs to an event when it is about the event's channel, or at its
 * point (anywhere, if it names neither), and was active at any time from its start to its end.
 */
export function score(
  episodes: readonly Episode[],
  labels: readonly Label[],
  { configuration, heard, end }: { configuration: PlayedConfiguration; heard: Heard; end: Micros },
): Score {
  const dangers = episodes.filter(({ class: kind }) => kind === "danger");
  const about = (episode: Episode, { point, channel }: Label) =>
    (point === undefined || episode.point === point) &&
    (channel === undefined || episode.subject === channel);
  const overlaps = (episode: Episode, label: Label) =>
    episode.raised <= label.end && (episode.ended ?? end) >= label.start;
  const scored = labels.map((label): ScoredLabel => {
    const alarm = dangers.find((episode) => about(episode, label) && overlaps(episode, label));
    if (alarm === undefined) return { label, alarm, delay: undefined, stood: false };
    return {
      label,
      alarm,
      delay: Math.max(0, alarm.raised - label.start),
      stood: alarm.raised < label.start,
    };
  });
  const falseAlarms = dangers.filter(
    (episode) => !labels.some((label) => about(episode, label) && overlaps(episode, label)),
  );
  const delays = scored.flatMap(({ delay }) => (delay === undefined ? [] : [delay])).sort((a, b) => a - b);
  const sensorDays = daysOf(configuration, heard);
  return {
    labels: scored,
    detected: delays.length,
    missed: scored.length - delays.length,
    medianDelay: delays[Math.floor((delays.length - 1) / 2)] ?? Number.NaN,
    falseAlarms,
    sensorDays,
    falsePerSensorDay: sensorDays > 0 ? falseAlarms.length / sensorDays : Number.NaN,
  };
}

function daysOf({ rules }: PlayedConfiguration, { first, last }: Heard): number {
  const watched = new Set<number>();
  for (const rule of rules) {
    if (rule.class !== "danger") continue;
    for (const { channel, inputs } of rule.subjects) for (const one of inputs ?? [channel]) watched.add(one);
  }
  let span = 0;
  for (const channel of watched) {
    const own = last[channel]! - first[channel]!;
    if (!Number.isNaN(own)) span += own;
  }
  return span / DAY;
}
