import type { Counter, Counters } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import type { Intake } from "../driver.ts";
import { Strangers } from "../strangers.ts";
import { Complaints as PeerComplaints } from "../tcp/complaints.ts";
import type { Connection } from "../tcp/connection.ts";
import type { Session } from "../tcp/session.ts";
import { functionName } from "./control.ts";
import type { Frame, Spoiled } from "./frame.ts";
import { formatStationAddress } from "./station-address.ts";

export interface ComplaintOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Strangers that are remembered. */
  readonly strangers: number;
}

/** What is wrong with callers: counted, named in the log once in a while, and a sample kept for a person to look at. */
export class Complaints {
  readonly #o: ComplaintOptions;
  readonly #unknown: Counter;
  readonly #twins: Counter;
  /** What is wrong with connections. */
  readonly peers: PeerComplaints;

  constructor(options: ComplaintOptions) {
    this.#o = options;
    const { link, clock, log, counters, strangers: bound } = options;
    this.#unknown = counters.counter({
      name: "sl651_unknown_stations",
      help: "Frames of stations that the site does not have: neither kept nor confirmed.",
      labels: { link },
    });
    this.#twins = counters.counter({
      name: "sl651_twins",
      help: "Turns of two stations that call themselves the same, from two places.",
      labels: { link },
    });
    this.peers = new PeerComplaints({
      link,
      clock,
      log,
      strangers: new Strangers({ link, protocol: "SL 651-2014", bound, clock, log }),
      counts: {
        cut: (why) => this.#count("sl651_connections_cut", "Connections ended by the server.", { why }),
        turnedAway: (why) =>
          this.#count("sl651_connections_turned_away", "Connections not accepted.", { why }),
        slowed: () =>
          this.#count("sl651_slowed", "Times that a peer was slowed down because it sent too fast."),
      },
    });
  }

  set intake(intake: Pick<Intake, "quarantine"> | undefined) {
    this.peers.intake = intake;
  }

  /** A station of the site has spoken; another one may call itself the same. */
  heard(device: string, address: number, from: { session: Session; raw: Uint8Array }): void {
    const called = { address: `{ station: "${formatStationAddress(address)}" }`, raw: from.raw };
    if (this.peers.isTwin(device, from.session.connection, called)) this.#twins.add();
  }

  /** A station that the site does not have. */
  stranger(address: number, from: { session: Session; frame: Frame; raw: Uint8Array }): void {
    this.#unknown.add();
    const { session, frame, raw } = from;
    this.peers.stranger(`{ station: "${formatStationAddress(address)}" }`, {
      peer: session.connection.peer,
      said: functionName(frame.code).en,
      raw,
    });
  }

  /** Another centre's frame, or one with a wrong password. */
  refused(why: "centre" | "password", session: Session, frame: Frame): void {
    this.#count("sl651_frames_refused", "Frames with another centre's address or a wrong password.", { why });
    const station = formatStationAddress(frame.station);
    if (!this.peers.due(`${why} ${station}`)) return;
    const fields = { link: this.#o.link, peer: session.connection.peer, station, centre: frame.centre };
    this.#o.log.warn(fields, `frame refused: wrong ${why}`);
  }

  /** A frame of the way down that came up: our own words come back from modems that echo. */
  echoed(): void {
    this.#count("sl651_downlinks_received", "Frames of the way down that came up: echoes.");
  }

  spoiled(connection: Connection, why: Spoiled, raw: Uint8Array): void {
    this.#count("sl651_frames_spoiled", "What began like a frame and was none.", { why });
    this.peers.spoiled(connection, why, raw);
  }

  #count(name: string, help: string, labels: Record<string, string> = {}): void {
    this.#o.counters.counter({ name, help, labels: { link: this.#o.link, ...labels } }).add();
  }
}
