import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Counter, Counters } from "../../../model/counter.ts";
import { ConfigurationError, describe, HostError } from "../../../model/error.ts";
import type { ListenAddress } from "../../../model/listen.ts";
import { MILLISECOND } from "../../../model/time.ts";
import type { BrokerOptions } from "./options.ts";

/** A peer that vanished without a word is noticed by TCP after this time, whatever keep-alive it asked for. */
const TCP_KEEPALIVE_MS = 60_000;

export interface ListenerOptions {
  readonly link: string;
  readonly address: ListenAddress;
  readonly options: BrokerOptions;
  readonly counters: Counters;
  readonly onSocket: (socket: Socket) => void;
}

/**
 * Accepts sockets under bounds: so many clients, so many that have not logged in yet. A flood of sockets that say nothing
 * pushes out the oldest of its own address, and a client that says CONNECT at once comes in meanwhile.
 */
export class Listener {
  readonly #o: ListenerOptions;
  readonly #all = new Set<Socket>();
  /** Sockets that have not logged in by their peer, oldest first. */
  readonly #waiting = new Map<string, Socket>();
  readonly #turnedAway: Counter;
  #server: Server | undefined;

  constructor(options: ListenerOptions) {
    this.#o = options;
    this.#turnedAway = options.counters.counter({
      name: "mqtt_connections_turned_away",
      help: "Sockets closed because there were too many.",
      labels: { link: options.link },
    });
  }

  /** Where it listens, once it does. */
  get address(): ListenAddress {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : this.#o.address;
  }

  /**
   * @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read.
   */
  async start(): Promise<void> {
    const { address } = this.#o;
    const server = this.#create();
    const { limits } = this.#o.options;
    server.maxConnections = limits.connections + limits.waiting;
    server.on("drop", () => this.#turnedAway.add());
    // A raw TLS connection is known before its handshake, so a silent one counts, too.
    server.on("connection", (socket: Socket) => this.#arrived(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ host: address.host, port: address.port }, resolve);
    });
    server.removeAllListeners("error");
    // Accepting one socket may fail (too many open files); the next one may not.
    server.on("error", () => this.#turnedAway.add());
    this.#server = server;
  }

  /** A socket has logged in and no longer counts among the waiting. */
  settled(socket: Socket): void {
    this.#waiting.delete(peerOf(socket));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#all) socket.destroy();
    await closed;
  }

  #create(): Server {
    const { tls } = this.#o.options;
    const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
    if (tls === undefined) {
      const server = createServer(tcp);
      server.on("connection", this.#o.onSocket);
      return server;
    }
    const handshakeTimeout = this.#o.options.limits.connectTimeout / MILLISECOND;
    const server = createTlsServer({
      ...tcp,
      cert: read(tls.certificate),
      key: read(tls.key),
      handshakeTimeout,
    });
    server.on("secureConnection", (socket) => this.#o.onSocket(socket));
    // A handshake that failed, or took too long, leaves its socket open.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }

  #arrived(socket: Socket): void {
    // A socket that is closed already no longer knows its peer.
    const peer = peerOf(socket);
    this.#all.add(socket);
    this.#waiting.set(peer, socket);
    socket.once("close", () => {
      this.#all.delete(socket);
      if (this.#waiting.get(peer) === socket) this.#waiting.delete(peer);
    });
    // Whoever reads the socket has listeners of their own; until then an error must not end the process.
    socket.on("error", () => {});
    if (this.#waiting.size <= this.#o.options.limits.waiting) return;
    this.#turnedAway.add();
    this.#pushOut();
  }

  /** Ends the socket that has waited longest among those of the address that has most of them. */
  #pushOut(): void {
    const counts = new Map<string, number>();
    let most = "";
    for (const socket of this.#waiting.values()) {
      const address = socket.remoteAddress ?? "";
      counts.set(address, (counts.get(address) ?? 0) + 1);
      if (counts.get(address)! > (counts.get(most) ?? 0)) most = address;
    }
    for (const [peer, socket] of this.#waiting) {
      if ((socket.remoteAddress ?? "") !== most) continue;
      this.#waiting.delete(peer);
      socket.destroy();
      return;
    }
  }
}

/** Under TLS the listener counts raw sockets and the broker sees encrypted ones on top: the peer's address is the same. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `cannot read ${path}: ${describe(error)}`, {
      cause: error,
    });
  }
}

function listenError({ host, port }: ListenAddress, error: NodeJS.ErrnoException): HostError {
  if (error.code === "EADDRINUSE") {
    return new HostError("ADDRESS_IN_USE", `${host}:${port} is taken by another program`, {
      cause: error,
      hint: "another MQTT broker? stop it, or give the link another port: listen: 127.0.0.1:1884",
    });
  }
  return new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
    hint:
      error.code === "EACCES" ? "ports below 1024 need a privilege" : "is this an address of this machine?",
  });
}
