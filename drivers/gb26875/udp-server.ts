import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { ListenAddress } from "../../model/listen.ts";
import { type Micros, SECOND, type Timer } from "../../model/time.ts";
import { permittedEffort, SPOILED_EFFORT } from "../tcp/effort.ts";
import { listenError } from "../tcp/listen-error.ts";
import { isPermitted } from "../tcp/networks.ts";
import { FRAME_MAX } from "./frame.ts";
import { Session } from "./session.ts";
import type { ServerOptions } from "./tcp-server.ts";
import type { Wire } from "./wire.ts";

/** Senders are looked through this often for those that have fallen silent. */
const SWEEP_PERIOD: Micros = 30 * SECOND;
/** Datagrams that wait to be sent to all peers together, in bytes; beyond, answers are left out and the device asks again. */
const OUTGOING_MAX = 1_048_576;

/** A datagram is a frame, or a few. A larger one is not looked through: its sender's address may be anybody's. */
const DATAGRAM_MOST = 4 * FRAME_MAX;

/** One sender of datagrams. */
class Remote implements Wire {
  readonly peer: string;
  readonly address: string;
  readonly connected = false;
  readonly session: Session;
  readonly #send: (bytes: Buffer) => void;
  readonly #forget: () => void;
  second: Micros = 0;
  /** Work that its datagrams have been in this second. */
  effort = 0;
  #open = true;

  constructor(
    { address, port }: RemoteInfo,
    o: { options: ServerOptions; send: (bytes: Buffer) => void; forget: () => void },
  ) {
    this.peer = `udp ${address}:${port}`;
    this.address = address;
    this.#send = o.send;
    this.#forget = o.forget;
    const { centre, clock, limits } = o.options;
    this.session = new Session({
      wire: this,
      centre,
      clock,
      limits,
      onFrame: () => {
        this.effort++;
      },
      onFault: () => {
        this.effort += SPOILED_EFFORT;
      },
    });
  }

  /** Until it has been silent for too long. */
  get open(): boolean {
    return this.#open;
  }

  send(bytes: Buffer): void {
    this.#send(bytes);
  }

  known(): void {
    // Senders of datagrams push each other out by silence only.
  }

  released(): void {
    // Nothing waits for that.
  }

  cut(): void {
    this.#open = false;
    this.session.end();
    this.#forget();
  }
}

/** The same over UDP: a datagram is a frame, or several. Senders are remembered under a bound, the longest silent go first. */
export class UdpServer {
  readonly #o: ServerOptions;
  /** Longest silent first. */
  readonly #remotes = new Map<string, Remote>();
  #socket: Socket | undefined;
  #sweep: Timer | undefined;

  constructor(options: ServerOptions) {
    this.#o = options;
  }

  get address(): ListenAddress {
    const address = this.#socket?.address();
    return address === undefined ? this.#o.address : { host: address.address, port: address.port };
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(): Promise<void> {
    const { address } = this.#o;
    const socket = createSocket({ type: isIPv6(address.host) ? "udp6" : "udp4" });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      socket.bind({ address: address.host, port: address.port }, resolve);
    });
    socket.removeAllListeners("error");
    // An answer that could not be delivered: the device sends again.
    socket.on("error", () => this.#o.centre.counts.dropped.add());
    socket.on("message", (bytes, from) => this.#datagram(bytes, from));
    this.#socket = socket;
    this.#sweepLater();
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    for (const remote of [...this.#remotes.values()]) remote.cut();
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #datagram(bytes: Buffer, from: RemoteInfo): void {
    const { centre, permitted, clock, limits } = this.#o;
    if (!isPermitted(permitted, from.address) || bytes.length > DATAGRAM_MOST) {
      centre.counts.dropped.add();
      return;
    }
    const remote = this.#remote(from);
    const now = clock.now();
    if (now - remote.second >= SECOND) {
      remote.second = now;
      remote.effort = 0;
    } else if (remote.effort > permittedEffort(limits.rate, remote.session.known)) {
      centre.counts.dropped.add();
      return;
    }
    remote.session.datagram(bytes);
  }

  #remote(from: RemoteInfo): Remote {
    const key = `${from.address} ${from.port}`;
    const known = this.#remotes.get(key);
    this.#remotes.delete(key);
    const remote =
      known ??
      new Remote(from, {
        options: this.#o,
        send: (bytes) => this.#send(bytes, from),
        forget: () => this.#remotes.delete(key),
      });
    this.#remotes.set(key, remote);
    if (this.#remotes.size > this.#o.limits.connections) {
      for (const oldest of this.#remotes.values()) {
        oldest.cut();
        this.#o.centre.counts.turnedAway.add();
        break;
      }
    }
    return remote;
  }

  #send(bytes: Buffer, to: RemoteInfo): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.getSendQueueSize() > OUTGOING_MAX) this.#o.centre.counts.dropped.add();
    else socket.send(bytes, to.port, to.address);
  }

  #sweepLater(): void {
    const { clock, limits } = this.#o;
    this.#sweep = clock.after(SWEEP_PERIOD, () => {
      const now = clock.now();
      for (const remote of this.#remotes.values()) {
        const bound = remote.session.known ? limits.idle : limits.hello;
        if (now - remote.session.heardAt >= bound) remote.cut();
      }
      this.#sweepLater();
    });
  }
}
