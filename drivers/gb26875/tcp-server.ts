import type { BlockList } from "node:net";
import type { ListenAddress } from "../../model/listen.ts";
import type { Clock } from "../../model/time.ts";
import type { Connection, Dialogue } from "../tcp/connection.ts";
import { TcpServer, type TcpWitness } from "../tcp/server.ts";
import type { FrameFault } from "./frame-reader.ts";
import type { Gb26875Options } from "./options.ts";
import { type Judge, Session } from "./session.ts";
import type { Wire } from "./wire.ts";

/** Bytes that may wait for a peer who does not read what we send. */
const OUTGOING_MAX = 65_536;

export interface ServerOptions {
  readonly address: ListenAddress;
  readonly limits: Gb26875Options["limits"];
  readonly permitted: BlockList | undefined;
  readonly centre: Judge;
  readonly clock: Clock;
  readonly witness: TcpWitness;
}

/** The server for devices that connect over TCP. */
export function tcpServer({ address, limits, permitted, centre, clock, witness }: ServerOptions): TcpServer {
  return new TcpServer({
    address,
    permitted,
    // A fire that cannot be confirmed yet is heard all the same: the disk holds no frame back.
    limits: { ...limits, held: Number.POSITIVE_INFINITY, outgoing: OUTGOING_MAX },
    clock,
    open: (connection) => new Talk(connection, { centre, clock, limits }),
    witness,
  });
}

/** A session over one TCP connection. */
class Talk implements Dialogue {
  readonly #session: Session;
  readonly #connection: Connection;

  constructor(
    connection: Connection,
    { centre, clock, limits }: { centre: Judge; clock: Clock; limits: Gb26875Options["limits"] },
  ) {
    this.#connection = connection;
    const wire: Wire = {
      peer: connection.peer,
      address: connection.address,
      get open() {
        return connection.open;
      },
      connected: true,
      send: (bytes) => connection.send(bytes),
      known: () => void connection.introduce(),
      released: () => connection.resume(),
    };
    this.#session = new Session({
      wire,
      centre,
      clock,
      limits,
      onFrame: () => connection.heard(),
      onFault: (fault: FrameFault) => {
        // One that was not finished is told from a broken one by the connection itself.
        if (fault !== "cut short") connection.spoiled();
      },
      onSkipped: (bytes) => connection.noise(bytes),
    });
  }

  get pending(): number {
    return this.#session.pending;
  }

  get held(): number {
    return this.#session.held;
  }

  push(chunk: Buffer): void {
    // What stands behind the frame that had us end the connection is not heard.
    if (this.#connection.open) this.#session.feed(chunk);
  }

  abandon(): void {
    this.#session.giveUp();
  }

  closed(): void {
    this.#session.end();
  }
}
