import type { Counter, Counters } from "../../model/counter.ts";

/** Everything a link counts. */
export interface Counts {
  readonly frames: Counter;
  readonly readings: Counter;
  readonly confirmed: Counter;
  readonly repeats: Counter;
  readonly denied: Counter;
  readonly unconfirmed: Counter;
  readonly refused: Counter;
  readonly undecodable: Counter;
  readonly unknownSources: Counter;
  readonly twins: Counter;
  readonly unlisted: Counter;
  readonly unmapped: Counter;
  readonly unasked: Counter;
  readonly clocksSet: Counter;
  readonly clocksNotSet: Counter;
  readonly skippedBytes: Counter;
  readonly turnedAway: Counter;
  readonly slowed: Counter;
  readonly dropped: Counter;
  /** Broken frames by what is wrong with them. */
  fault(why: string): void;
  /** Connections that we ended, by the reason. */
  cut(why: string): void;
}

/** The counters of one link, by their names in `/metrics`. */
export function countsOf(counters: Counters, link: string): Counts {
  const labels = { link };
  const counter = (name: string, help: string) => counters.counter({ name, help, labels });
  return {
    frames: counter("gb26875_frames", "Whole frames with a right checksum."),
    readings: counter("gb26875_readings", "Readings decoded from frames."),
    confirmed: counter(
      "gb26875_confirmed",
      "Frames confirmed to their devices, their readings being on disk.",
    ),
    repeats: counter("gb26875_repeats", "Frames sent again that had been accepted before."),
    denied: counter(
      "gb26875_denied",
      "Frames answered with a denial: broken, or with a command that is not one.",
    ),
    unconfirmed: counter(
      "gb26875_unconfirmed",
      "Frames never confirmed, because too many confirmations waited.",
    ),
    refused: counter("gb26875_refused", "Frames the intake did not keep: evaluated, not confirmed."),
    undecodable: counter(
      "gb26875_undecodable",
      "Frames whose application unit could not be decoded: quarantined.",
    ),
    unknownSources: counter("gb26875_unknown_sources", "Frames of devices that the site does not have."),
    twins: counter("gb26875_twins", "Turns of two devices that call themselves the same, from two places."),
    unlisted: counter("gb26875_unlisted", "Objects of systems and components that the site does not list."),
    unmapped: counter("gb26875_unmapped", "Values and operations that no channel takes."),
    unasked: counter("gb26875_unasked", "Answers to requests that nobody had made, or waited for any more."),
    clocksSet: counter("gb26875_clocks_set", "Clocks of devices that were set."),
    clocksNotSet: counter("gb26875_clocks_not_set", "Clocks of devices that were to be set and were not."),
    skippedBytes: counter("gb26875_skipped_bytes", "Bytes between frames."),
    turnedAway: counter(
      "gb26875_connections_turned_away",
      "Connections closed at once: not permitted, or too many.",
    ),
    slowed: counter("gb26875_slowed", "Times that a peer was slowed down because it sent too fast."),
    dropped: counter(
      "gb26875_datagrams_dropped",
      "Datagrams of peers not permitted, too many, too fast, or too large.",
    ),
    fault: (why) =>
      counters.counter({ name: "gb26875_broken", help: "Broken frames.", labels: { ...labels, why } }).add(),
    cut: (why) =>
      counters
        .counter({
          name: "gb26875_connections_cut",
          help: "Connections that we ended.",
          labels: { ...labels, why },
        })
        .add(),
  };
}
