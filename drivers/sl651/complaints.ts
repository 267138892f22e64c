import type { Counters } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import type { Intake } from "../driver.ts";
import type { Frame, Spoiled } from "./frame.ts";
import type { TurnedAway } from "./listener.ts";
import { OnceInAWhile } from "./once-in-a-while.ts";
import type { Cut, Session } from "./session.ts";
import { formatStationAddress } from "./station-address.ts";
import { Strangers } from "./strangers.ts";

const QUARANTINED_BYTES = 256;

export interface ComplaintOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Strangers that are remembered. */
  readonly strangers: number;
}

/**
 * What is wrong with callers: every case is counted, its source named in the log once in a while, and a sample kept for a person
 * to look at.
 */
export class Complaints {
  readonly #o: ComplaintOptions;
  readonly #told = new OnceInAWhile();
  readonly strangers: Strangers;
  intake: Pick<Intake, "quarantine"> | undefined;

  constructor(options: ComplaintOptions) {
    this.#o = options;
    const { link, log, counters } = options;
    this.strangers = new Strangers({ link, bound: options.strangers, log, counters });
  }

  /** A station that the site does not have. */
  stranger(address: number, from: { session: Session; frame: Frame; raw: Uint8Array }): void {
    const { peer } = from.session;
    const station = formatStationAddress(address);
    const now = this.#o.clock.now();
    if (!this.strangers.note(address, { peer, code: from.frame.code, now })) return;
    this.#quarantine(`station ${station} at ${peer}`, `the site has no station ${station}`, from.raw);
  }

  /** Another centre's frame, or one with a wrong password. */
  refused(why: "centre" | "password", session: Session, frame: Frame): void {
    this.#count("sl651_frames_refused", "Frames with another centre's address or a wrong password.", { why });
    const station = formatStationAddress(frame.station);
    if (!this.#due(`${why} ${station}`)) return;
    const fields = { link: this.#o.link, peer: session.peer, station, centre: frame.centre };
    this.#o.log.warn(fields, `frame refused: wrong ${why}`);
  }

  /** A frame of the way down that came up: our own words come back from modems that echo. */
  echoed(): void {
    this.#count("sl651_downlinks_received", "Frames of the way down that came up: echoes.");
  }

  spoiled(session: Session, why: Spoiled, raw: Uint8Array): void {
    this.#count("sl651_frames_spoiled", "What began like a frame and was none.", { why });
    if (this.#due(`spoiled ${addressOf(session)}`)) {
      this.#quarantine(session.peer, `spoiled frame: ${why}`, raw);
    }
  }

  cut(session: Session, why: Cut): void {
    this.#count("sl651_connections_cut", "Connections ended by the server.", { why });
    if (this.#due(`cut ${why} ${addressOf(session)}`)) {
      this.#o.log.warn({ link: this.#o.link, peer: session.peer, why }, "connection cut");
    }
  }

  turnedAway(why: TurnedAway, peer: string): void {
    this.#count("sl651_connections_turned_away", "Connections not accepted.", { why });
    if (this.#due(`${why} ${peer}`)) {
      this.#o.log.warn({ link: this.#o.link, peer, why }, "connection turned away");
    }
  }

  #due(what: string): boolean {
    return this.#told.due(what, this.#o.clock.now());
  }

  #quarantine(source: string, error: string, raw: Uint8Array): void {
    const payload = raw.subarray(0, QUARANTINED_BYTES);
    this.intake?.quarantine({ link: this.#o.link, source, error, payload });
  }

  #count(name: string, help: string, labels: Record<string, string> = {}): void {
    this.#o.counters.counter({ name, help, labels: { link: this.#o.link, ...labels } }).add();
  }
}

/** Without the port, which a caller has anew every time. */
function addressOf(session: Session): string {
  return session.peer.slice(0, session.peer.lastIndexOf(":"));
}
