import { type AddressInfo, BlockList, createServer, isIPv6, type Server, type Socket } from "node:net";
import { HostError } from "../../model/error.ts";
import type { ListenAddress } from "../../model/listen.ts";

/** A peer that vanished without a word is noticed by TCP after this time. */
const TCP_KEEPALIVE_MS = 60_000;

/** Why a socket was turned away. */
export type TurnedAway = "too many" | "too many waiting" | "not from here" | "failed";

export interface ListenerOptions {
  readonly address: ListenAddress;
  /** Networks that may connect; undefined: any. */
  readonly from: readonly string[] | undefined;
  /** Sockets in all, and sockets that have not introduced themselves. */
  readonly connections: number;
  readonly waiting: number;
  readonly onSocket: (socket: Socket) => void;
  readonly onTurnedAway: (why: TurnedAway, peer: string) => void;
}

/** Accepts sockets under bounds. One that says nothing is pushed out by others before a talking one is turned away. */
export class Listener {
  readonly #o: ListenerOptions;
  readonly #allowed: BlockList | undefined;
  readonly #all = new Set<Socket>();
  /** Those that have not introduced themselves, oldest first. */
  readonly #waiting = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: ListenerOptions) {
    this.#o = options;
    this.#allowed = options.from === undefined ? undefined : blockList(options.from);
  }

  /** Where it listens: the real port when any was asked for. */
  get address(): ListenAddress {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : this.#o.address;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(): Promise<void> {
    const { host, port } = this.#o.address;
    const server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS, allowHalfOpen: true },
      (socket) => this.#arrived(socket),
    );
    server.maxConnections = this.#o.connections + this.#o.waiting;
    server.on("drop", (drop) => this.#o.onTurnedAway("too many", drop?.remoteAddress ?? "?"));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(this.#o.address, error)));
      server.listen({ host, port }, resolve);
    });
    server.removeAllListeners("error");
    // Accepting one socket may fail (too many open files); the next one may not.
    server.on("error", () => this.#o.onTurnedAway("failed", "?"));
    this.#server = server;
  }

  /** A socket has introduced itself; it counts among the connections now, or goes when they are too many. */
  introduced(socket: Socket): boolean {
    if (!this.#waiting.delete(socket)) return true;
    if (this.#all.size - this.#waiting.size <= this.#o.connections) return true;
    this.#o.onTurnedAway("too many", socket.remoteAddress ?? "?");
    return false;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#all) socket.destroy();
    await closed;
  }

  #arrived(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    // Until somebody reads the socket an error must not end the process.
    socket.on("error", () => socket.destroy());
    if (!this.#may(address)) {
      this.#o.onTurnedAway("not from here", address);
      socket.destroy();
      return;
    }
    this.#all.add(socket);
    this.#waiting.add(socket);
    socket.once("close", () => {
      this.#all.delete(socket);
      this.#waiting.delete(socket);
    });
    if (this.#waiting.size > this.#o.waiting) {
      const oldest = this.#oldestOfCrowd();
      this.#waiting.delete(oldest);
      this.#o.onTurnedAway("too many waiting", oldest.remoteAddress ?? "?");
      oldest.destroy();
      if (oldest === socket) return;
    }
    this.#o.onSocket(socket);
  }

  #may(address: string): boolean {
    if (this.#allowed === undefined) return true;
    // A listener on :: sees IPv4 as ::ffff:192.0.2.7.
    const plain = address.replace(/^::ffff:/, "");
    return this.#allowed.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  }

  /** The socket that has waited longest among those of the address that has most of them. */
  #oldestOfCrowd(): Socket {
    const counts = new Map<string, number>();
    let crowd = "";
    for (const { remoteAddress = "" } of this.#waiting) {
      const count = (counts.get(remoteAddress) ?? 0) + 1;
      counts.set(remoteAddress, count);
      if (count > (counts.get(crowd) ?? 0)) crowd = remoteAddress;
    }
    for (const socket of this.#waiting) if ((socket.remoteAddress ?? "") === crowd) return socket;
    throw new RangeError("nobody waits");
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function listenError({ host, port }: ListenAddress, error: NodeJS.ErrnoException): HostError {
  if (error.code === "EADDRINUSE") {
    return new HostError("ADDRESS_IN_USE", `${host}:${port} is taken by another program`, {
      cause: error,
      hint: "give the link another port, and the stations with it",
    });
  }
  return new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
    hint:
      error.code === "EACCES" ? "ports below 1024 need a privilege" : "is this an address of this machine?",
  });
}
