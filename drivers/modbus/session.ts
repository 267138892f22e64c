import modbus from "modbus-serial";
import { DeviceError, describe, InternalError, NetworkError, type TocsinError } from "../../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { ByteLine } from "./byte-line.ts";
import { ModbusException } from "./failure.ts";
import type { FramePort, PortEvents } from "./frame-port.ts";
import { where } from "./planner.ts";
import { BROADCAST, dataBytes, isIdentify, isWrite, type Request, type WriteRequest } from "./request.ts";

/** A connection that requests can be made on, once. After it is lost a new one takes its place. */
export interface Session {
  /**
   * Asks, and resolves with the data bytes of a read, the objects of an identification as UTF-8 JSON, nothing of a write.
   * Settles within `timeout`, always. A broadcast is over when it is sent.
   * @throws DeviceError DEVICE_TIMEOUT (nothing came), DEVICE_ANSWER (something else came), DEVICE_EXCEPTION.
   * @throws NetworkError LINK_DOWN when the connection ends meanwhile.
   */
  ask(request: Request, timeout: Micros): Promise<Uint8Array>;
  /** Bytes that belonged to no answer, so far. */
  readonly strays: number;
  /** Bytes received, so far: a sign that somebody is at the other end. */
  readonly heard: number;
  /** When the last of them came; -Infinity before the first. */
  readonly heardAt: Micros;
  /** It has ended, for whatever reason. */
  readonly over: boolean;
  /** Calls `listener` once, when the connection has ended for whatever reason but `close`. */
  onLost(listener: (error: TocsinError) => void): void;
  /** Calls `listener` with the shape (request.ts) of every answer that came though nobody waited for it. */
  onUnasked(listener: (shape: string) => void): void;
  close(): Promise<void>;
}

/** A serial line of 921,600 bit/s full of others' frames brings a third of this. */
const MOST_STRAYS_A_SECOND = 256 * 1_024;

/** What modbus-serial gives its callbacks; its errors are not always instances of Error. */
type Callback = (error: unknown, answer: Answered | undefined) => void;
/** What it makes of answers: data bytes of reads; address and value of writes; objects of identifications. */
interface Answered {
  readonly buffer?: Buffer;
  readonly data?: unknown;
  readonly address?: number;
  readonly state?: boolean;
  readonly value?: number;
  readonly length?: number;
}

/** A request in flight. */
interface InFlight {
  readonly request: Request;
  readonly settle: (error: TocsinError | undefined, bytes: Uint8Array | undefined) => void;
}

/** Makes a port on a line: one of the two framings of Modbus. */
export type MakePort = (line: ByteLine, events: PortEvents) => FramePort;

export interface SessionOptions {
  readonly clock: Clock;
  /** Requests under way at the same time. */
  readonly inFlight: number;
  /** For messages: `192.0.2.10:502`. */
  readonly name: string;
  readonly onHeartbeat?: (bytes: number) => void;
}

/**
 * modbus-serial on one connection, with what it lacks: a deadline for every request, real errors, word of a lost
 * connection, and requests that settle when it is closed. Its own time-outs stay off; units are given with every call.
 */
export class ModbusSession implements Session {
  strays = 0;
  heard = 0;
  heardAt: Micros = Number.NEGATIVE_INFINITY;
  readonly #port: FramePort;
  readonly #client: InstanceType<typeof modbus.default>;
  readonly #clock: Clock;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #free: number[];
  readonly #ended: Promise<void>;
  /** Since when strays are counted, and how many there were before. */
  #second: Micros = Number.NEGATIVE_INFINITY;
  #straysBefore = 0;
  readonly #name: string;
  #lost: TocsinError | undefined;
  #closing = false;
  #listener: ((error: TocsinError) => void) | undefined;
  #unasked: (shape: string) => void = () => {};

  constructor(line: ByteLine, make: MakePort, options: SessionOptions) {
    this.#clock = options.clock;
    this.#name = options.name;
    this.#free = Array.from({ length: options.inFlight }, (_, slot) => slot + 1);
    line.stream.on("data", (bytes: Buffer) => {
      this.heard += bytes.length;
      this.heardAt = options.clock.now();
      this.#boundStrays();
    });
    this.#port = make(line, {
      refused: (slot, error) => this.#inFlight.get(slot)?.settle(error, undefined),
      stray: (bytes) => {
        this.strays += bytes;
      },
      unasked: (shape) => this.#unasked(shape),
      heartbeat: (bytes) => options.onHeartbeat?.(bytes),
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

  onUnasked(listener: (shape: string) => void): void {
    this.#unasked = listener;
  }

  ask(request: Request, timeout: Micros): Promise<Uint8Array> {
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
          if (error !== null && error !== undefined) {
            settle(asError(error, request), undefined);
            return;
          }
          const bytes = bytesOf(request, answer);
          if (bytes !== undefined && (isIdentify(request) || bytes.length === dataBytes(request))) {
            settle(undefined, bytes);
            return;
          }
          const words = isWrite(request)
            ? "the answer is not to what was written"
            : `${bytes?.length ?? 0} bytes, not ${dataBytes(request)}`;
          settle(new DeviceError("DEVICE_ANSWER", `${where(request)}: ${words}`), undefined);
        });
        if (request.unit === BROADCAST && this.#port.broadcasts) settle(undefined, NOTHING);
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
    if (isWrite(request)) {
      this.#sendWrite(request, callback);
      return;
    }
    if (isIdentify(request)) {
      // The library has it, and its types do not.
      const client = this.#client as unknown as IdentifyingClient;
      client.writeFC43(unit, BASIC_IDENTIFICATION, 0, callback);
      return;
    }
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

  #sendWrite(request: WriteRequest, callback: Callback): void {
    const { unit, table, address, values, single, word } = request;
    const [first = 0] = values;
    const bits = table === "coil";
    if (word) this.#client.writeCustomFC(unit, WRITE_COIL, bytesOfWords(address, first), callback);
    else if (single && bits) this.#client.writeFC5(unit, address, first !== 0, callback);
    else if (single) this.#client.writeFC6(unit, address, first, callback);
    else if (bits)
      this.#client.writeFC15(
        unit,
        address,
        values.map((value) => value !== 0),
        callback,
      );
    else this.#client.writeFC16(unit, address, [...values], callback);
  }

  /** Looking through what nobody asked for takes time from all others: a peer that floods is hung up on, when it goes on. */
  #boundStrays(): void {
    if (this.heardAt - this.#second >= SECOND) {
      this.#second = this.heardAt;
      this.#straysBefore = this.strays;
    }
    if (this.strays - this.#straysBefore <= MOST_STRAYS_A_SECOND || this.#lost !== undefined) return;
    const most = MOST_STRAYS_A_SECOND / 1_024;
    this.#end(
      new NetworkError(
        "LINK_DOWN",
        `${this.#name}: more than ${most} KiB a second come that nobody asked for`,
        {
          hint: "is this a Modbus device at all? look at its address and port",
        },
      ),
    );
    this.#port.destroy();
  }

  #end(error: TocsinError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const { settle } of [...this.#inFlight.values()]) settle(error, undefined);
    if (!this.#closing) this.#listener?.(error);
  }
}

const NOTHING = new Uint8Array(0);
/** Write single coil (1.1b3, 6.5). */
const WRITE_COIL = 5;

function bytesOfWords(...words: readonly number[]): number[] {
  return words.flatMap((word) => [word >> 8, word & 0xff]);
}
/** Read device identification, level 1: maker, product code, revision (1.1b3, 6.21). */
const BASIC_IDENTIFICATION = 1;

interface IdentifyingClient {
  writeFC43(unit: number, level: number, object: number, next: Callback): void;
}

/** What a good answer brings; undefined when it is none. */
function bytesOf(request: Request, answer: Answered | undefined): Uint8Array | undefined {
  if (isWrite(request)) return confirms(request, answer) ? NOTHING : undefined;
  if (isIdentify(request)) return new TextEncoder().encode(JSON.stringify(answer?.data ?? {}));
  return answer?.buffer;
}

/** The answer to a write names its address, and its value (FC 5, 6) or count (FC 15, 16). */
function confirms({ address, count, values: [first = 0], word }: WriteRequest, answer?: Answered): boolean {
  if (answer?.address !== address) return false;
  // The library knows on and off only; that the answer repeats the question was seen where it was found.
  if (word) return true;
  if (answer.state !== undefined) return answer.state === (first !== 0);
  return answer.value === undefined ? answer.length === count : answer.value === first;
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
