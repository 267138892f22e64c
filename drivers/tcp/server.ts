import { type AddressInfo, type BlockList, createServer, type Server, type Socket } from "node:net";
import { formatListen, type ListenAddress } from "../../model/listen.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import {
  Connection,
  type ConnectionHost,
  type ConnectionLimits,
  type Cut,
  type Dialogue,
} from "./connection.ts";
import { listenError } from "./listen-error.ts";
import { isPermitted } from "./networks.ts";

/** A peer that vanished without a word is noticed by TCP after this time. */
const KEEPALIVE_MS = 60_000;
/** How often time-outs are looked after. */
const WATCH_EVERY: Micros = 1 * SECOND;

/** Why a socket was turned away. */
export type TurnedAway = "too many" | "not from here" | "failed";

/** Who hears of what is wrong with those that connect. */
export interface TcpWitness {
  cut(connection: Connection, why: Cut): void;
  turnedAway(why: TurnedAway, peer: string): void;
  /** A peer sent too fast. */
  slowed(connection: Connection): void;
}

export interface TcpServerOptions {
  readonly address: ListenAddress;
  /** Who may connect; undefined: anybody. */
  readonly permitted: BlockList | undefined;
  readonly limits: ConnectionLimits & {
    /** Connections that have introduced themselves, and those that have not. */
    readonly connections: number;
    readonly waiting: number;
  };
  readonly clock: Clock;
  /** A connection was accepted: who talks over it. */
  readonly open: (connection: Connection) => Dialogue;
  /** Whether nothing more may be taken now; then `resume` follows. Default: never. */
  readonly congested?: () => boolean;
  readonly witness: TcpWitness;
}

/**
 * Accepts connections under bounds. One that has not introduced itself is pushed out by others like it before one that has is
 * turned away: of a crowd from one address its own oldest goes.
 */
export class TcpServer {
  readonly #o: TcpServerOptions;
  readonly #host: ConnectionHost;
  readonly #all = new Set<Connection>();
  /** Those that have not introduced themselves, oldest first. */
  readonly #waiting = new Set<Connection>();
  #server: Server | undefined;
  #watch: Timer | undefined;

  constructor(options: TcpServerOptions) {
    this.#o = options;
    const { clock, limits, witness, congested } = options;
    this.#host = {
      limits,
      now: () => clock.now(),
      congested: () => congested?.() ?? false,
      introduced: (connection) => this.#introduced(connection),
      cut: (connection, why) => {
        this.#waiting.delete(connection);
        witness.cut(connection, why);
      },
      slowed: (connection) => witness.slowed(connection),
      closed: (connection) => {
        this.#all.delete(connection);
        this.#waiting.delete(connection);
      },
    };
  }

  /** Where it listens: the real port when any was asked for. */
  get address(): ListenAddress {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : this.#o.address;
  }

  /** The same as text. */
  get listening(): string {
    return formatListen(this.address);
  }

  /** Connections open now. */
  get connections(): number {
    return this.#all.size;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(): Promise<void> {
    const { address, limits, witness } = this.#o;
    const server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS, allowHalfOpen: true },
      (socket) => this.#arrived(socket),
    );
    server.maxConnections = limits.connections + limits.waiting;
    server.on("drop", (drop) => witness.turnedAway("too many", drop?.remoteAddress ?? "?"));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ host: address.host, port: address.port }, resolve);
    });
    server.removeAllListeners("error");
    // Accepting one socket may fail (too many open files); the next one may not.
    server.on("error", () => witness.turnedAway("failed", "?"));
    this.#server = server;
    this.#watchAfter();
  }

  /** Reads on where it had to stop. */
  resume(): void {
    for (const connection of this.#all) connection.resume();
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    this.#watch?.cancel();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#all) connection.destroy();
    await closed;
    this.#all.clear();
    this.#waiting.clear();
  }

  #arrived(socket: Socket): void {
    const { permitted, witness, limits } = this.#o;
    const address = socket.remoteAddress ?? "";
    // Whatever happens to it must not end the process.
    socket.on("error", () => socket.destroy());
    if (!isPermitted(permitted, address)) {
      witness.turnedAway("not from here", address);
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#host);
    this.#all.add(connection);
    this.#waiting.add(connection);
    connection.begin(this.#o.open(connection));
    if (this.#waiting.size > limits.waiting) this.#oldestOfCrowd()?.cut("too many waiting");
  }

  #introduced(connection: Connection): boolean {
    this.#waiting.delete(connection);
    if (this.#all.size - this.#waiting.size <= this.#o.limits.connections) return true;
    this.#o.witness.turnedAway("too many", connection.address);
    return false;
  }

  /** The connection that has waited longest among those of the address that has most of them. */
  #oldestOfCrowd(): Connection | undefined {
    const counts = new Map<string, number>();
    let crowd = "";
    for (const { address } of this.#waiting) {
      const count = (counts.get(address) ?? 0) + 1;
      counts.set(address, count);
      if (count > (counts.get(crowd) ?? 0)) crowd = address;
    }
    for (const connection of this.#waiting) if (connection.address === crowd) return connection;
    return undefined;
  }

  #watchAfter(): void {
    const { clock } = this.#o;
    this.#watch = clock.after(WATCH_EVERY, () => {
      const now = clock.now();
      for (const connection of this.#all) connection.watch(now);
      this.#watchAfter();
    });
  }
}
