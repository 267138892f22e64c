import { type AddressInfo, type BlockList, createServer, type Server, type Socket } from "node:net";
import type { ListenAddress } from "../../model/listen.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { listenError } from "./listen-error.ts";
import { type Gb26875Options, isPermitted } from "./options.ts";
import { type Judge, Session } from "./session.ts";
import type { Wire } from "./wire.ts";

/** A peer that vanished without a word is noticed by TCP after this time. */
const KEEPALIVE_MS = 60_000;
/** Bytes that may wait for a peer who does not read what we send. */
const OUTGOING_MAX = 65_536;

export interface ServerOptions {
  readonly link: string;
  readonly address: ListenAddress;
  readonly limits: Gb26875Options["limits"];
  readonly permitted: BlockList | undefined;
  readonly centre: Judge;
  readonly clock: Clock;
  readonly log: Log;
}

/** One TCP connection, with what bounds it. */
class Connection implements Wire {
  readonly peer: string;
  readonly connected = true;
  readonly session: Session;
  readonly socket: Socket;
  readonly #o: ServerOptions;
  #ended = false;
  /** Frames in the second that began at `#second`. */
  #second = 0;
  #framesBefore = 0;
  #resume: Timer | undefined;
  #watch: Timer | undefined;
  readonly #began: Micros;

  constructor(socket: Socket, options: ServerOptions) {
    this.socket = socket;
    this.#o = options;
    this.#began = options.clock.now();
    this.peer = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? ""}`;
    const { centre, clock, limits } = options;
    this.session = new Session({ wire: this, centre, clock, limits });
    socket.on("data", (bytes: Buffer) => this.#data(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.end());
    this.#watchSilence();
  }

  send(bytes: Buffer): void {
    if (this.#ended) return;
    this.socket.write(bytes);
    if (this.socket.writableLength > OUTGOING_MAX) this.cut("reads too slowly");
  }

  cut(why: string): void {
    if (this.#ended) return;
    const { centre, link, log } = this.#o;
    centre.counts.cut(why);
    log.debug({ link, peer: this.peer, why }, "GB/T 26875.3 connection cut");
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#resume?.cancel();
    this.#watch?.cancel();
    this.session.end();
    this.socket.destroy();
  }

  #data(bytes: Buffer): void {
    if (this.#ended) return;
    this.session.feed(bytes);
    if (this.#ended) return;
    const now = this.#o.clock.now();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#framesBefore = this.session.frames;
      return;
    }
    if (this.session.frames - this.#framesBefore <= this.#o.limits.rate || this.#resume !== undefined) return;
    this.#o.centre.counts.slowed.add();
    this.socket.pause();
    this.#resume = this.#o.clock.after(this.#second + SECOND - now, () => {
      this.#resume = undefined;
      this.socket.resume();
    });
  }

  /** Closes what says nothing we know in time, and what has fallen silent. */
  #watchSilence(): void {
    const { clock, limits } = this.#o;
    const bound = this.session.known ? limits.idle : limits.hello;
    const since = this.session.known ? this.session.heardAt : this.#began;
    this.#watch = clock.after(since + bound - clock.now(), () => {
      const { known, heardAt } = this.session;
      const silent = clock.now() - heardAt;
      if (!known) this.cut("no device we know");
      else if (silent >= limits.idle) this.cut("idle");
      else this.#watchSilence();
    });
  }
}

/** Accepts devices under bounds; a flood of sockets that say nothing pushes out the oldest of the address that has most. */
export class TcpServer {
  readonly #o: ServerOptions;
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;

  constructor(options: ServerOptions) {
    this.#o = options;
  }

  /** Where it listens, once it does. */
  get address(): ListenAddress {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : this.#o.address;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(): Promise<void> {
    const { address, limits, centre } = this.#o;
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
    server.maxConnections = limits.connections;
    server.on("drop", () => centre.counts.turnedAway.add());
    server.on("connection", (socket) => this.#arrived(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ host: address.host, port: address.port }, resolve);
    });
    server.removeAllListeners("error");
    // Accepting one socket may fail (too many open files); the next one may not.
    server.on("error", () => centre.counts.turnedAway.add());
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections) connection.end();
    await closed;
  }

  #arrived(socket: Socket): void {
    const { centre, permitted, limits } = this.#o;
    if (!isPermitted(permitted, socket.remoteAddress ?? "")) {
      centre.counts.turnedAway.add();
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#o);
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
    const waiting = [...this.#connections].filter(({ session }) => !session.known);
    if (waiting.length > limits.waiting) this.#pushOut(waiting);
  }

  #pushOut(waiting: readonly Connection[]): void {
    const counts = new Map<string, number>();
    let most = "";
    for (const { socket } of waiting) {
      const address = socket.remoteAddress ?? "";
      counts.set(address, (counts.get(address) ?? 0) + 1);
      if (counts.get(address)! > (counts.get(most) ?? 0)) most = address;
    }
    waiting.find(({ socket }) => (socket.remoteAddress ?? "") === most)?.cut("too many waiting");
  }
}
