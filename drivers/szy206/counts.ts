import type { Counter, Counters } from "../../model/counter.ts";
import type { PeerCounts } from "../tcp/complaints.ts";

/** Everything a link counts. */
export interface Counts {
  readonly peers: PeerCounts;
  readonly frames: Counter;
  readonly twins: Counter;
  readonly reports: Counter;
  readonly readings: Counter;
  readonly confirmed: Counter;
  readonly repeats: Counter;
  readonly refused: Counter;
  readonly undecodable: Counter;
  readonly unmapped: Counter;
  readonly unread: Counter;
  readonly pictures: Counter;
  readonly split: Counter;
  readonly unknownTerminals: Counter;
  readonly unasked: Counter;
  readonly echoes: Counter;
  /** Broken frames by what is wrong with them. */
  spoiled(why: string): void;
}

/** The counters of one link, by their names in `/metrics`. */
export function countsOf(counters: Counters, link: string): Counts {
  const counter = (name: string, help: string, labels: Record<string, string> = {}) =>
    counters.counter({ name, help, labels: { link, ...labels } });
  return {
    peers: {
      cut: (why) => counter("szy206_connections_cut", "Connections ended by the server.", { why }).add(),
      turnedAway: (why) =>
        counter("szy206_connections_turned_away", "Connections not accepted.", { why }).add(),
      slowed: () =>
        counter("szy206_slowed", "Times that a peer was slowed down because it sent too fast.").add(),
    },
    frames: counter("szy206_frames", "Frames of terminals of the site."),
    twins: counter("szy206_twins", "Turns of two terminals that call themselves the same, from two places."),
    reports: counter("szy206_reports", "Reports (C0H) and alarms (81H) of terminals of the site."),
    readings: counter("szy206_readings", "Readings decoded from reports."),
    confirmed: counter("szy206_confirmed", "Confirmations: of reports that are on disk, and of link frames."),
    repeats: counter("szy206_repeats", "Reports sent again that had been accepted before."),
    refused: counter("szy206_refused", "Reports the intake did not keep: evaluated, not confirmed."),
    undecodable: counter("szy206_undecodable", "Reports that could not be read: quarantined."),
    unmapped: counter("szy206_unmapped", "Values that no channel wants."),
    unread: counter("szy206_unread_bytes", "Bytes of reports whose layout nobody says."),
    pictures: counter("szy206_pictures", "Frames of pictures; they are not kept."),
    split: counter("szy206_split", "Frames of split reports, which are not put together: quarantined."),
    unknownTerminals: counter("szy206_unknown_terminals", "Frames of terminals that the site does not have."),
    unasked: counter("szy206_unasked", "Answers to questions that nobody has asked."),
    echoes: counter("szy206_downlinks_received", "Frames of the way down that came up: echoes."),
    spoiled: (why) =>
      counter("szy206_frames_spoiled", "What began like a frame and was none.", { why }).add(),
  };
}
