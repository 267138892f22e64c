import { connect, type Socket } from "node:net";
import { type Micros, SECOND, type Timer } from "../model/time.ts";
import type { Endpoint } from "./endpoint.ts";
import { type ModbusLine, ModbusSession } from "./modbus-session.ts";

export interface ModemSettings {
  /** Where it dials. */
  readonly server: Endpoint;
  /** What it says when it is connected. */
  readonly registration: Buffer;
  /** What it sends to keep the connection open, and how often. */
  readonly heartbeat: { readonly bytes: Buffer; readonly every: Micros } | undefined;
  /** Pause before it dials again. */
  readonly redial: Micros;
  readonly onConnection?: (connected: boolean) => void;
}

/** Modems dial again after this when nothing else is said. */
export const REDIAL: Micros = 5 * SECOND;

/** A 4G modem in front of a serial line: dials the server, says who it is, and passes frames through both ways. */
export class ModbusModem {
  readonly #line: ModbusLine;
  readonly #settings: ModemSettings;
  #socket: Socket | undefined;
  #session: ModbusSession | undefined;
  #timer: Timer | undefined;
  #beat: Timer | undefined;
  #wanted = false;
  readonly #vanished = new Set<Socket>();
  /** Times that it has connected. */
  connections = 0;

  constructor(line: ModbusLine, settings: ModemSettings) {
    this.#line = line;
    this.#settings = settings;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  /** Begins to dial, and goes on until it is switched off. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#dial();
  }

  /** Loses its network without a word: the server hears nothing more and is told nothing. A dial follows. */
  vanish(): void {
    const socket = this.#socket;
    this.#leave();
    // The system would say that it is gone; a modem without power does not.
    socket?.removeAllListeners();
    socket?.on("error", () => {});
    socket?.pause();
    if (socket !== undefined) this.#vanished.add(socket);
    if (this.#wanted) this.#dial();
  }

  /** Resets its connection, as a router does whose table was lost, and dials again. */
  reset(): void {
    this.#socket?.resetAndDestroy();
  }

  /** Is switched off. */
  stop(): void {
    this.#wanted = false;
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#leave();
    socket?.destroy();
    for (const vanished of this.#vanished) vanished.destroy();
    this.#vanished.clear();
  }

  #dial(): void {
    const { server, registration, onConnection } = this.#settings;
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("connect", () => {
      this.connections++;
      onConnection?.(true);
      socket.write(registration);
      const session = new ModbusSession(this.#line, {
        send: (bytes) => socket.write(bytes),
        reset: () => socket.resetAndDestroy(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      });
      this.#session = session;
      socket.on("data", (bytes: Buffer) => session.receive(bytes));
      this.#beatAfter(socket);
    });
    socket.on("close", () => {
      if (this.#session !== undefined) onConnection?.(false);
      this.#leave();
      if (!this.#wanted) return;
      this.#timer = this.#line.stage.clock.after(this.#settings.redial, () => this.#dial());
    });
  }

  #beatAfter(socket: Socket): void {
    const { heartbeat } = this.#settings;
    if (heartbeat === undefined) return;
    this.#beat = this.#line.stage.clock.after(heartbeat.every, () => {
      if (socket.destroyed) return;
      socket.write(heartbeat.bytes);
      this.#beatAfter(socket);
    });
  }

  #leave(): void {
    this.#beat?.cancel();
    this.#session?.close();
    this.#session = undefined;
    this.#socket = undefined;
  }
}
