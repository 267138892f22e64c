import { createServer, type Server, type Socket } from "node:net";
import { asTocsinError, type TocsinError } from "../model/error.ts";
import { type Micros, SECOND, type Timer } from "../model/time.ts";
import { type Endpoint, listenError } from "./endpoint.ts";
import { type ModbusLine, ModbusSession } from "./modbus-session.ts";

/** Masters that may be connected at a time; instruments allow one to a few, gateways a few dozen. */
const CONNECTIONS_MAX = 64;

/** Wait before a port is tried again that somebody took while the instrument was dead. */
const REOPEN_AFTER: Micros = SECOND;

/** Instruments that answer over TCP: Modbus TCP, or RTU frames on a TCP connection, whichever the line's framing is. */
export class ModbusServer {
  readonly #line: ModbusLine;
  readonly #sessions = new Map<Socket, ModbusSession>();
  readonly #onTrouble: (trouble: TocsinError) => void;
  #endpoint: Endpoint;
  #server: Server | undefined;
  #changing: Promise<void> = Promise.resolve();
  #wanted = false;
  #retry: Timer | undefined;

  constructor(line: ModbusLine, endpoint: Endpoint, onTrouble: (trouble: TocsinError) => void = () => {}) {
    this.#line = line;
    this.#endpoint = endpoint;
    this.#onTrouble = onTrouble;
  }

  /** Where it listens; the port is the real one once `start` has resolved. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Masters connected now. */
  get connections(): number {
    return this.#sessions.size;
  }

  /**
   * Starts to listen.
   * @throws HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE
   */
  async start(): Promise<void> {
    this.#wanted = true;
    await this.#open();
  }

  /** Closes the port and resets every connection: the instrument has died. `revive` opens the same port again. */
  die(): void {
    this.#wanted = false;
    this.#retry?.cancel();
    this.#changing = this.#changing.then(() => this.#close());
  }

  /** Opens the port again after `die`; when it is taken meanwhile, tries until it is free. */
  revive(): void {
    this.#wanted = true;
    this.#changing = this.#changing.then(async () => {
      if (!this.#wanted || this.#server !== undefined) return;
      try {
        await this.#open();
      } catch (failure) {
        this.#onTrouble(asTocsinError(failure));
        this.#retry = this.#line.stage.clock.after(REOPEN_AFTER, () => this.revive());
      }
    });
  }

  /** Closes everything; resolves when the port is free. */
  async stop(): Promise<void> {
    this.die();
    await this.#changing;
  }

  async #open(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    server.maxConnections = CONNECTIONS_MAX;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ ...this.#endpoint }, resolve);
      });
    } catch (failure) {
      throw failure instanceof Error ? listenError(this.#endpoint, failure) : failure;
    }
    server.removeAllListeners("error");
    // What fails later is one connection that could not be accepted: the master tries again.
    server.on("error", () => {});
    const address = server.address();
    if (address !== null && typeof address === "object") {
      this.#endpoint = { host: this.#endpoint.host, port: address.port };
    }
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const [socket, session] of this.#sessions) {
      session.close();
      socket.resetAndDestroy();
    }
    this.#sessions.clear();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const session = new ModbusSession(this.#line, {
      send: (bytes) => socket.write(bytes),
      reset: () => socket.resetAndDestroy(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    });
    this.#sessions.set(socket, session);
    socket.on("data", (bytes: Buffer) => session.receive(bytes));
    // A master that breaks off is no trouble of ours; "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      session.close();
      this.#sessions.delete(socket);
    });
  }
}
