import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import type { Intake } from "../driver.ts";
import type { Strangers } from "../strangers.ts";
import type { Connection, Cut } from "./connection.ts";
import { dialectOf } from "./dialect.ts";
import { OnceInAWhile } from "./once-in-a-while.ts";
import type { TcpWitness, TurnedAway } from "./server.ts";
import { Twins, type Way } from "./twins.ts";

/** The way of somebody whom one can name. */
export interface Speaking extends Way {
  /** `address:port`. */
  readonly peer: string;
}

/** First bytes of what is no frame, or a stranger's, that are kept for a person to look at. */
const QUARANTINED_BYTES = 256;

/** The counters of a protocol for what is wrong with those that connect. */
export interface PeerCounts {
  /** Connections that we ended. */
  cut(why: Cut): void;
  /** Connections not accepted. */
  turnedAway(why: TurnedAway): void;
  /** Times that a peer was slowed down because it sent too fast. */
  slowed(): void;
}

export interface ComplaintOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: PeerCounts;
  readonly strangers: Strangers;
}

/**
 * What is wrong with those that connect: every case is counted, its source named in the log once in a while, and a sample kept for
 * a person to look at.
 */
export class Complaints implements TcpWitness {
  readonly #o: ComplaintOptions;
  readonly #told = new OnceInAWhile();
  readonly #twins = new Twins<Speaking>();
  /** Set while the link is open. */
  intake: Pick<Intake, "quarantine"> | undefined;

  constructor(options: ComplaintOptions) {
    this.#o = options;
  }

  get strangers(): Strangers {
    return this.#o.strangers;
  }

  /** Somebody whom the site does not have; `address` as it goes into the site file. */
  stranger(address: string, from: { peer: string; said: string; raw: Uint8Array }): void {
    if (!this.#o.strangers.note(address, from)) return;
    this.quarantine(from.peer, `no device of this site has the address ${address}`, from.raw);
  }

  /**
   * A device of the site has spoken; `address` as it stands in the site file. Whether another one, that calls itself the same, speaks
   * from elsewhere: then both are named.
   */
  isTwin(device: string, way: Speaking, { address, raw }: { address: string; raw: Uint8Array }): boolean {
    const other = this.#twins.heard(device, way);
    if (other === undefined) return false;
    const said = `calls itself ${device}, as ${other.address} does`;
    if (this.#o.strangers.note(address, { peer: way.peer, said, twin: device })) {
      this.quarantine(way.peer, `two devices have the address ${address}: ${said}`, raw);
    }
    return true;
  }

  /** What began like a frame and is none. */
  spoiled(connection: Connection, why: string, raw: Uint8Array): void {
    if (!this.due(`spoiled ${connection.address}`)) return;
    this.quarantine(connection.peer, `spoiled frame: ${why}`, raw);
  }

  cut(connection: Connection, why: Cut): void {
    const { counts, log, link } = this.#o;
    counts.cut(why);
    if (!this.due(`cut ${why} ${connection.address}`)) return;
    const { peer, introduced, began } = connection;
    if (introduced) {
      log.warn({ link, peer, why }, "connection cut");
      return;
    }
    const speaks = dialectOf(began);
    log.warn(
      { link, peer, why, began: Buffer.from(began).toString("hex") },
      speaks === undefined ? "connection cut" : `connection cut: what it says looks like ${speaks}`,
    );
  }

  turnedAway(why: TurnedAway, peer: string): void {
    const { counts, log, link } = this.#o;
    counts.turnedAway(why);
    if (this.due(`${why} ${peer}`)) log.warn({ link, peer, why }, "connection turned away");
  }

  slowed(connection: Connection): void {
    const { counts, log, link } = this.#o;
    counts.slowed();
    if (!this.due(`slowed ${connection.address}`)) return;
    log.warn({ link, peer: connection.peer }, "a peer sends more than it may and is slowed down");
  }

  /** Whether to tell something now that may be so again and again. */
  due(what: string): boolean {
    return this.#told.due(what, this.#o.clock.now());
  }

  /** Keeps the beginning of something for a person to look at. */
  quarantine(source: string, error: string, raw: Uint8Array): void {
    // A copy: a view would keep the socket's whole buffer.
    const payload = Uint8Array.prototype.slice.call(raw, 0, QUARANTINED_BYTES);
    this.intake?.quarantine({ link: this.#o.link, source, error, payload });
  }
}
