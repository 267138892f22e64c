import { DeviceError } from "../../model/error.ts";
import { crc16 } from "../crc16.ts";
import type { ByteLine } from "./byte-line.ts";
import { FramePort, type PortEvents } from "./frame-port.ts";
import { type Heartbeats, NO_HEARTBEATS } from "./heartbeats.ts";

/*
 * Modbus on TCP/IP (Messaging Implementation Guide 1.0b, 3.1.3): transaction id, protocol id 0, length, unit, PDU.
 */

const HEADER_BYTES = 6;
const CRC_BYTES = 2;
/** Unit, function and one byte: an exception. */
const SHORTEST_LENGTH = 3;
/** Unit and the largest PDU (253). */
const LONGEST_LENGTH = 254;
const TRANSACTIONS = 0x1_0000;

interface Pending {
  readonly slot: number;
  readonly unit: number;
  readonly code: number;
  readonly anyUnit: boolean;
}

/**
 * Frames by length, over any fragmentation. Transaction ids on the wire run through all 65536, so that an answer that
 * comes late is never taken for another; what matches no request in flight is skipped, byte by byte if it has no header.
 */
export class MbapPort extends FramePort {
  readonly broadcasts = false;
  readonly #pending = new Map<number, Pending>();
  readonly #heartbeats: Heartbeats;
  #received: Buffer = Buffer.alloc(0);
  #next = 1;

  constructor(line: ByteLine, events: PortEvents, heartbeats: Heartbeats = NO_HEARTBEATS) {
    super(line, events);
    this.#heartbeats = heartbeats;
  }

  override write(request: Buffer): void {
    const transaction = this.#next;
    this.#next = (this.#next + 1) % TRANSACTIONS;
    const length = request.length - CRC_BYTES;
    const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
    frame.writeUInt16BE(transaction, 0);
    frame.writeUInt16BE(0, 2);
    frame.writeUInt16BE(length, 4);
    request.copy(frame, HEADER_BYTES, 0, length);
    this.#pending.set(transaction, {
      slot: this._transactionIdWrite,
      unit: request[0]!,
      code: request[1]!,
      anyUnit: this.anyUnit,
    });
    this.send(frame);
  }

  override forget(slot: number): void {
    for (const [transaction, pending] of this.#pending) {
      if (pending.slot === slot) this.#pending.delete(transaction);
    }
    // A header that promised more than came must not swallow the next answer.
    if (this.#pending.size === 0 && this.#received.length > 0) this.#drop(this.#received.length);
  }

  protected override receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const buffer = this.#received;
      const beat = this.#isAnswerAt(0) ? 0 : this.#heartbeats.at(buffer, 0);
      if (beat > 0) {
        this.#received = buffer.subarray(beat);
        this.events.heartbeat(beat);
        continue;
      }
      if (buffer.length < HEADER_BYTES) return;
      const length = buffer.readUInt16BE(4);
      if (buffer.readUInt16BE(2) !== 0 || length < SHORTEST_LENGTH || length > LONGEST_LENGTH) {
        this.#drop(1);
        continue;
      }
      const end = HEADER_BYTES + length;
      const pending = this.#pending.get(buffer.readUInt16BE(0));
      if (buffer.length < end) {
        // Noise may look like a header and promise bytes that are the real answer.
        const known = pending === undefined ? this.#nextAnswer() : 0;
        if (known === 0) return;
        this.#drop(known);
        continue;
      }
      if (pending === undefined) {
        this.#drop(end);
        continue;
      }
      this.#received = buffer.subarray(end);
      this.#answer(pending, buffer.subarray(HEADER_BYTES, end));
    }
  }

  #answer(pending: Pending, answer: Buffer): void {
    const unit = answer[0]!;
    if (unit !== pending.unit && !pending.anyUnit) {
      this.events.refused(
        pending.slot,
        new DeviceError("DEVICE_ANSWER", `unit ${pending.unit} was asked and unit ${unit} answered`, {
          hint: "some instruments answer with a fixed unit id: workarounds: { acceptAnyUnit: true }",
        }),
      );
      return;
    }
    const frame = Buffer.allocUnsafe(answer.length + CRC_BYTES);
    answer.copy(frame);
    frame[0] = pending.unit;
    // The library checks a CRC on every port; on TCP there is none.
    frame.writeUInt16LE(crc16(frame, 0, answer.length), answer.length);
    this.deliver(pending.slot, frame);
  }

  /** Where the header of an answer in flight begins in what came, beyond the first byte; 0 when nowhere. */
  #nextAnswer(): number {
    const buffer = this.#received;
    for (let at = 1; at + HEADER_BYTES + 2 <= buffer.length; at++) if (this.#isAnswerAt(at)) return at;
    return 0;
  }

  /** Whether the header of an answer in flight begins here. */
  #isAnswerAt(at: number): boolean {
    const buffer = this.#received;
    if (at + HEADER_BYTES + 2 > buffer.length) return false;
    const pending = this.#pending.get(buffer.readUInt16BE(at));
    if (pending === undefined || buffer.readUInt16BE(at + 2) !== 0) return false;
    const length = buffer.readUInt16BE(at + 4);
    if (length < SHORTEST_LENGTH || length > LONGEST_LENGTH) return false;
    return (buffer[at + 7]! & 0x7f) === pending.code;
  }

  #drop(bytes: number): void {
    this.#received = this.#received.subarray(bytes);
    this.events.stray(bytes);
  }
}
