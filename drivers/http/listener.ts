import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { ConfigurationError, describe } from "../../model/error.ts";
import { formatListen, type ListenAddress } from "../../model/listen.ts";
import { MILLISECOND } from "../../model/time.ts";
import { listenError } from "../tcp/listen-error.ts";
import type { HttpOptions } from "./options.ts";

/** How often the library looks for requests that take too long. */
const LOOK_EVERY_MS = 500;
/** Longest headers of a request. */
const HEADER_BYTES = 16 * 2 ** 10;

/** Accepts connections under bounds: so many, so many of one address, each request within its time. */
export class Listener {
  readonly #address: ListenAddress;
  readonly #options: HttpOptions;
  readonly #onRequest: RequestListener;
  readonly #onTurnedAway: (peer: string) => void;
  readonly #onNoRequest: (peer: string, error: Error) => void;
  readonly #perAddress = new Map<string, number>();
  #server: Server | undefined;

  constructor(
    options: HttpOptions,
    to: {
      address: ListenAddress;
      request: RequestListener;
      turnedAway: (peer: string) => void;
      /** What came was no request: the error of the library. */
      noRequest: (peer: string, error: Error) => void;
    },
  ) {
    this.#options = options;
    this.#address = to.address;
    this.#onRequest = to.request;
    this.#onTurnedAway = to.turnedAway;
    this.#onNoRequest = to.noRequest;
  }

  /** `host:port`, the real one once it listens. */
  get listening(): string {
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    return formatListen({ host: this.#address.host, port: bound?.port ?? this.#address.port });
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
  async start(): Promise<void> {
    const { limits } = this.#options;
    const server = this.#create();
    server.maxConnections = limits.connections;
    server.keepAliveTimeout = limits.idle / MILLISECOND;
    server.on("drop", (dropped) => this.#onTurnedAway(dropped?.remoteAddress ?? ""));
    server.on("connection", (socket: Socket) => this.#arrived(socket));
    server.on("clientError", (error, socket) => {
      this.#onNoRequest((socket as Socket).remoteAddress ?? "", error);
      socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(this.#address, error)));
      server.listen(this.#address.port, this.#address.host, resolve);
    });
    // A failure of a listener that stands, such as too many open files, is no reason to end.
    server.on("error", () => {});
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  #create(): Server {
    const { tls, limits } = this.#options;
    const bounds = {
      requestTimeout: limits.request / MILLISECOND,
      headersTimeout: limits.request / MILLISECOND,
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, limits.request / MILLISECOND),
      maxHeaderSize: HEADER_BYTES,
      noDelay: true,
    };
    if (tls === undefined) return createServer(bounds, this.#onRequest);
    const server = createTlsServer(
      {
        ...bounds,
        cert: read(tls.certificate),
        key: read(tls.key),
        handshakeTimeout: limits.request / MILLISECOND,
      },
      this.#onRequest,
    );
    server.on("tlsClientError", (error, socket) => {
      this.#onNoRequest(socket.remoteAddress ?? "", error);
      socket.destroy();
    });
    return server;
  }

  #arrived(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const count = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, count);
    socket.once("close", () => {
      const left = this.#perAddress.get(address)! - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
    if (count <= this.#options.limits.perAddress) return;
    this.#onTurnedAway(address);
    socket.destroy();
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `cannot read ${path}: ${describe(cause)}`, { cause });
  }
}
