import modbus from "modbus-serial";
import { DeviceError, describe, InternalError, NetworkError, type TocsinError } from "../../model/error.ts";
import type { Clock, Micros, Timer } from "../../model/time.ts";
import type { ByteLine } from "./byte-line.ts";
import { ModbusException } from "./failure.ts";
import type { FramePort, PortEvents } from "./frame-port.ts";
import { type Span, where } from "./planner.ts";
import { isBitTable } from "./registers.ts";

/** One read on the wire. */
export interface Request extends Span {
  readonly unit: number;
  readonly anyUnit: boolean;
}

/** A connection that requests can be made on, once. After it is lost a new one takes its place. */
export interface Session {
  /**
   * Reads and resolves with the data bytes. Settles within `timeout`, always.
   * @throws DeviceError DEVICE_TIMEOUT (nothing came), DEVICE_ANSWER (something else came), DEVICE_EXCEPTION.
   * @throws NetworkError LINK_DOWN when the connection ends meanwhile.
   */
  read(request: Request, timeout: Micros): Promise<Uint8Array>;
  /** Bytes that belonged to no answer, so far. */
  readonly strays: number;
  /** Bytes received, so far: a sign that somebody is at the other end. */
  readonly heard: number;
  /** It has ended, for whatever reason. */
  readonly over: boolean;
  /** Calls `listener` once, when the connection has ended for whatever reason but `close`. */
  onLost(listener: (error: TocsinError) => void): void;
  close(): Promise<void>;
}

/** What modbus-serial gives its callbacks; its errors are not always instances of Error. */
type Callback = (error: unknown, answer: { buffer: Buffer } | undefined) => void;

/** A request in flight. */
interface InFlight {
  readonly request: Request;
  readonly settle: (error: TocsinError | undefined, bytes: Uint8Array | undefined) => void;
}

/** Makes a port on a line: one of the two framings of Modbus. */
export type MakePort = (line: ByteLine, events: PortEvents) => FramePort;

/**
 * modbus-serial on one connection, with what it lacks: a deadline for every request, real errors, word of a lost
 * connection, and requests that settle when it is closed. Its own time-outs stay off; units are given with every call.
 */
export class ModbusSession implements Session {
  strays = 0;
  heard = 0;
  readonly #port: FramePort;
  readonly #client: InstanceType<typeof modbus.default>;
  readonly #clock: Clock;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #free: number[];
  readonly #ended: Promise<void>;
  #lost: TocsinError | undefined;
  #closing = false;
  #listener: ((error: TocsinError) => void) | undefined;

  constructor(line: ByteLine, make: MakePort, options: { clock: Clock; inFlight: number; name: string }) {
    this.#clock = options.clock;
    this.#free = Array.from({ length: options.inFlight }, (_, slot) => slot + 1);
    line.stream.on("data", (bytes: Buffer) => {
      this.heard += bytes.length;
    });
    this.#port = make(line, {
      refused: (slot, error) => this.#inFlight.get(slot)?.settle(error, undefined),
      stray: (bytes) => {
        this.strays += bytes;
      },
    });
    this.#ended = line.ended.then((cause) => {
      const because = cause === undefined || cause === null ? "" : `: ${describe(cause)}`;
      this.#end(
        new NetworkError("LINK_DOWN", `${options.name}: the connection has ended${because}`, { cause }),
      );
    });
    this.#client = new modbus.default(this.#port);
    this.#client.open();
  }

  get over(): boolean {
    return this.#lost !== undefined;
  }

  onLost(listener: (error: TocsinError) => void): void {
    this.#listener = listener;
    if (this.#lost !== undefined && !this.#closing) listener(this.#lost);
  }

  read(request: Request, timeout: Micros): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const slot = this.#lost === undefined ? this.#free.pop() : undefined;
      if (slot === undefined) {
        reject(
          this.#lost ?? new InternalError("INTERNAL", "more requests in flight than the session allows"),
        );
        return;
      }
      const strays = this.strays;
      let timer: Timer | undefined;
      let settled = false;
      const settle = (error: TocsinError | undefined, bytes: Uint8Array | undefined) => {
        if (settled) return;
        settled = true;
        timer?.cancel();
        this.#inFlight.delete(slot);
        this.#port.forget(slot);
        this.#free.push(slot);
        if (bytes !== undefined) resolve(bytes);
        else reject(error ?? new InternalError("INTERNAL", "a request ended without an outcome"));
      };
      this.#inFlight.set(slot, { request, settle });
      timer = this.#clock.after(timeout, () => {
        // What the port still keeps of an answer that never became one is noise from here on.
        this.#port.forget(slot);
        const garbled = this.strays - strays;
        settle(
          garbled > 0
            ? new DeviceError(
                "DEVICE_ANSWER",
                `${where(request)}: ${garbled} bytes came, none an answer to it`,
              )
            : new DeviceError("DEVICE_TIMEOUT", `${where(request)}: no answer within ${timeout / 1000} ms`),
          undefined,
        );
      });
      try {
        this.#send(slot, request, (error, answer) => {
          const bytes = answer?.buffer;
          if (error !== null && error !== undefined) settle(asError(error, request), undefined);
          else if (bytes === undefined || bytes.length !== dataBytes(request)) {
            settle(
              new DeviceError(
                "DEVICE_ANSWER",
                `${where(request)}: ${bytes?.length ?? 0} bytes, not ${dataBytes(request)}`,
              ),
              undefined,
            );
          } else settle(undefined, bytes);
        });
      } catch (error) {
        settle(
          new InternalError("INTERNAL", `${where(request)}: ${describe(error)}`, { cause: error }),
          undefined,
        );
      }
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#end(new NetworkError("LINK_DOWN", "the link was closed"));
    this.#port.destroy();
    await this.#ended;
  }

  #send(slot: number, request: Request, callback: Callback): void {
    this.#port._transactionIdWrite = slot;
    this.#port.anyUnit = request.anyUnit;
    const { unit, address, count } = request;
    switch (request.table) {
      case "coil":
        this.#client.writeFC1(unit, address, count, callback);
        break;
      case "discrete":
        this.#client.writeFC2(unit, address, count, callback);
        break;
      case "holding":
        this.#client.writeFC3(unit, address, count, callback);
        break;
      case "input":
        this.#client.writeFC4(unit, address, count, callback);
        break;
    }
  }

  #end(error: TocsinError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const { settle } of [...this.#inFlight.values()]) settle(error, undefined);
    if (!this.#closing) this.#listener?.(error);
  }
}

function dataBytes(request: Span): number {
  return isBitTable(request.table) ? Math.ceil(request.count / 8) : request.count * 2;
}

/** What modbus-serial reports, as an error of ours. It also rejects with objects that are no Errors. */
function asError(thrown: unknown, request: Request): TocsinError {
  const { modbusCode, errno } = thrown as { modbusCode?: unknown; errno?: unknown };
  if (typeof modbusCode === "number") return new ModbusException(modbusCode, where(request), thrown);
  if (errno === "ECONNREFUSED") {
    return new NetworkError("LINK_DOWN", `${where(request)}: ${describe(thrown)}`, { cause: thrown });
  }
  return new DeviceError("DEVICE_ANSWER", `${where(request)}: ${describe(thrown)}`, { cause: thrown });
}
