import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { SerialPort } from "serialport";
import { describe, NetworkError, type TocsinError } from "../../model/error.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { SerialOptions } from "./options.ts";

/** An open connection as a stream of bytes, TCP or serial alike. */
export interface ByteLine {
  readonly stream: Duplex;
  /** Resolves when it is over, with the cause if there was one. */
  readonly ended: Promise<unknown>;
  /** Ends it. May be called again. */
  close(): void;
}

export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  readonly connectTimeout: Micros;
}

/** A TCP target as people write it. */
export function targetName({ host, port }: { host: string; port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** How long a connection may be silent before the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Connects to a TCP peer.
 * @throws NetworkError LINK_REFUSED when the peer refuses, LINK_DOWN otherwise.
 */
export function openTcp(target: TcpTarget, clock: Clock, signal: AbortSignal): Promise<ByteLine> {
  const name = targetName(target);
  const socket = new Socket();
  let cause: unknown;
  const ended = new Promise<unknown>((resolve) => socket.once("close", () => resolve(cause)));
  socket.on("error", (error) => {
    cause = error;
  });
  return new Promise((resolve, reject) => {
    const fail = (error: TocsinError) => {
      release();
      socket.destroy();
      reject(error);
    };
    const timer = clock.after(target.connectTimeout, () =>
      fail(new NetworkError("LINK_DOWN", `${name}: no connection within ${target.connectTimeout / 1000} ms`)),
    );
    const abort = () => fail(new NetworkError("LINK_DOWN", `${name}: given up`));
    const closed = () => fail(connectError(name, cause));
    const release = () => {
      timer.cancel();
      signal.removeEventListener("abort", abort);
      socket.removeListener("close", closed);
    };
    signal.addEventListener("abort", abort);
    socket.once("close", closed);
    socket.once("connect", () => {
      release();
      // A request is one small packet: waiting for more would cost 40 ms each.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve({ stream: socket, ended, close: () => socket.destroy() });
    });
    if (signal.aborted) abort();
    else socket.connect({ host: target.host, port: target.port });
  });
}

function connectError(name: string, cause: unknown): NetworkError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === "ECONNREFUSED") {
    return new NetworkError("LINK_REFUSED", `${name} refuses the connection`, {
      cause,
      hint: "is the device on, and is this its Modbus port?",
    });
  }
  return new NetworkError(
    "LINK_DOWN",
    `${name} cannot be reached: ${cause === undefined ? "closed at once" : describe(cause)}`,
    {
      cause,
    },
  );
}

/** How a serial port is set. */
export type SerialLine = Pick<SerialOptions, "path" | "baudRate" | "dataBits" | "parity" | "stopBits">;

/**
 * Opens a serial port.
 * @throws NetworkError LINK_DOWN when it cannot be opened.
 */
export function openSerial(options: SerialLine, signal: AbortSignal): Promise<ByteLine> {
  const { path, baudRate, dataBits, parity, stopBits } = options;
  const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
  let cause: unknown;
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    // Closing fails when the port has gone already; that is an end too.
    port.close(() => end(cause));
  };
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  port.once("close", (error: unknown) => end(error ?? cause));
  port.on("error", (error) => {
    cause = error;
  });
  // A pseudo-terminal or USB port that hangs up reads as an end of file, and stays open until it is closed.
  port.once("end", close);
  return new Promise((resolve, reject) => {
    port.open((error) => {
      if (error !== null && error !== undefined) {
        reject(
          new NetworkError("LINK_DOWN", `${path} cannot be opened: ${describe(error)}`, {
            cause: error,
            hint: "does the port exist, is it free, and may this user open it (group dialout)?",
          }),
        );
      } else if (signal.aborted) {
        close();
        reject(new NetworkError("LINK_DOWN", `${path}: given up`));
      } else resolve({ stream: port, ended, close });
    });
  });
}
