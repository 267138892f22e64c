import { EventEmitter } from "node:events";
import type { DeviceError } from "../../model/error.ts";
import type { ByteLine } from "./byte-line.ts";

/** What a port tells its session beside the answers, which go to the protocol library. */
export interface PortEvents {
  /** An answer that cannot be the one asked for: the request in `slot` has failed. */
  refused(slot: number, error: DeviceError): void;
  /** Bytes that belong to no answer: noise, late answers, answers to others. */
  stray(bytes: number): void;
  /** A whole answer of this shape (request.ts) that nobody waits for: one that was given up comes after all. */
  unasked(shape: string): void;
  /** Bytes of a modem's heartbeat. */
  heartbeat(bytes: number): void;
}

/**
 * The seam to modbus-serial: a port in its sense, on any stream of bytes. The library builds requests and checks and parses
 * answers; the framing is ours, because its own ports wait for ever behind a stray byte (TCP), speak MBAP where RTU is
 * meant (RTU over TCP), and take a late answer for the next one.
 *
 * The library files a request under `_transactionIdWrite` when it writes it, and looks up an answer under
 * `_transactionIdRead` when the port emits `data`: that is its contract with every port, so the names are its own.
 */
export abstract class FramePort extends EventEmitter {
  _transactionIdRead = 1;
  _transactionIdWrite = 1;
  protected readonly events: PortEvents;
  readonly #line: ByteLine;
  #open = true;

  constructor(line: ByteLine, events: PortEvents) {
    super();
    this.#line = line;
    this.events = events;
    line.stream.on("data", (bytes: Buffer) => this.receive(bytes));
    line.stream.once("close", () => {
      this.#open = false;
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** The line is open already. */
  open(callback: () => void): void {
    callback();
  }

  close(callback: () => void): void {
    this.destroy();
    callback();
  }

  destroy(): void {
    this.#open = false;
    this.#line.close();
  }

  protected send(bytes: Buffer): void {
    this.#line.stream.write(bytes);
  }

  /** Sends a request that the library built: unit, PDU, CRC. */
  abstract write(request: Buffer): void;
  /** The request in `slot` is over: what still comes for it is stray. */
  abstract forget(slot: number): void;
  /** Whether the answer to the next request written may come from another unit (TCP). */
  anyUnit = false;
  /** Whether unit 0 means all units, and nobody answers: a serial line. */
  abstract readonly broadcasts: boolean;

  protected abstract receive(bytes: Buffer): void;

  /** Hands a complete answer (unit, PDU, CRC) to the library. */
  protected deliver(slot: number, answer: Buffer): void {
    this._transactionIdRead = slot;
    this.emit("data", answer);
  }
}
