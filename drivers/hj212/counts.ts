import type { Counter, Counters } from "../../model/counter.ts";
import type { PeerCounts } from "../tcp/complaints.ts";

/** Everything a link counts. */
export interface Counts {
  readonly peers: PeerCounts;
  readonly frames: Counter;
  readonly twins: Counter;
  readonly reports: Counter;
  readonly readings: Counter;
  readonly answered: Counter;
  readonly repeats: Counter;
  readonly refused: Counter;
  readonly undecodable: Counter;
  readonly unmapped: Counter;
  readonly unknownFlags: Counter;
  readonly unknownDevices: Counter;
  readonly wrongPassword: Counter;
  readonly unasked: Counter;
  readonly clocksSet: Counter;
  readonly clocksNotSet: Counter;
  readonly packetsRepeated: Counter;
  /** Frames with a wrong check sum that were taken all the same, by what it was. */
  tolerated(check: string): void;
  /** Broken frames by what is wrong with them. */
  spoiled(why: string): void;
  packetsGivenUp(why: string): void;
}

/** The counters of one link, by their names in `/metrics`. */
export function countsOf(counters: Counters, link: string): Counts {
  const counter = (name: string, help: string, labels: Record<string, string> = {}) =>
    counters.counter({ name, help, labels: { link, ...labels } });
  return {
    peers: {
      cut: (why) => counter("hj212_connections_cut", "Connections ended by the server.", { why }).add(),
      turnedAway: (why) =>
        counter("hj212_connections_turned_away", "Connections not accepted.", { why }).add(),
      slowed: () =>
        counter("hj212_slowed", "Times that a peer was slowed down because it sent too fast.").add(),
    },
    frames: counter("hj212_frames", "Frames of devices of the site that were taken."),
    twins: counter("hj212_twins", "Turns of two loggers that call themselves the same, from two places."),
    reports: counter("hj212_reports", "Whole reports of devices of the site."),
    readings: counter("hj212_readings", "Readings decoded from reports."),
    answered: counter("hj212_answers", "Data answers (9014), each to a report that is on disk."),
    repeats: counter("hj212_repeats", "Reports sent again that had been accepted before."),
    refused: counter("hj212_refused", "Reports the intake did not keep: evaluated, not answered."),
    undecodable: counter("hj212_undecodable", "Segments or parameters that could not be read: quarantined."),
    unmapped: counter("hj212_unmapped", "Values that no channel wants."),
    unknownFlags: counter("hj212_unknown_flags", "Values with a data flag that nobody explains: uncertain."),
    unknownDevices: counter("hj212_unknown_devices", "Frames of devices that the site does not have."),
    wrongPassword: counter("hj212_wrong_password", "Frames with a wrong password."),
    unasked: counter("hj212_unasked", "Answers to requests that nobody has made."),
    clocksSet: counter("hj212_clocks_set", "Clocks of loggers that were set."),
    clocksNotSet: counter("hj212_clocks_not_set", "Clocks of loggers that were to be set and were not."),
    packetsRepeated: counter("hj212_packets_repeated", "Packets that had come before."),
    tolerated: (check) =>
      counter("hj212_crc_tolerated", "Frames with a wrong check sum, taken as the site wants it.", {
        check,
      }).add(),
    spoiled: (why) => counter("hj212_frames_spoiled", "What began like a frame and was none.", { why }).add(),
    packetsGivenUp: (why) =>
      counter("hj212_packets_given_up", "Reports in packets that never became whole.", { why }).add(),
  };
}
