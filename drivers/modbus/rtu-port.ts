import { crc16 } from "./crc.ts";
import { FramePort } from "./frame-port.ts";

/*
 * Modbus RTU on any stream of bytes: a serial line, or a serial server that passes it through TCP as it is. There are no
 * transaction ids and, after a network or a USB converter, no usable silence between frames either: an answer is known by
 * its unit, its function, its length and its CRC, wherever in the stream it begins.
 */

/** Unit, function, exception code, CRC. */
const EXCEPTION_BYTES = 5;
/** Unit, function, byte count before the data; CRC behind. */
const OVERHEAD_BYTES = 5;
const CRC_BYTES = 2;
/** The longest frame is 256 bytes; noise before it may be as long again. */
const MOST_KEPT_BYTES = 512;
const EXCEPTION_FLAG = 0x80;

interface Expected {
  readonly slot: number;
  readonly unit: number;
  readonly code: number;
  /** Data bytes of a good answer. */
  readonly bytes: number;
  /** The question: two-wire converters often echo it. */
  readonly request: Buffer;
}

/** Finds the one answer that is expected and skips everything else: noise, our own echo, late answers of other units. */
export class RtuPort extends FramePort {
  #expected: Expected | undefined;
  #received: Buffer = Buffer.alloc(0);

  override write(request: Buffer): void {
    this.#discard();
    const code = request[1]!;
    const count = request.readUInt16BE(4);
    // FC 1 and 2 answer eight bits a byte, FC 3 and 4 two bytes a register.
    const bytes = code <= 2 ? Math.ceil(count / 8) : count * 2;
    this.#expected = { slot: this._transactionIdWrite, unit: request[0]!, code, bytes, request };
    this.send(request);
  }

  override forget(slot: number): void {
    if (this.#expected?.slot !== slot) return;
    this.#expected = undefined;
    this.#discard();
  }

  protected override receive(bytes: Buffer): void {
    if (this.#expected === undefined) {
      this.events.stray(bytes.length);
      return;
    }
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (this.#received.length > MOST_KEPT_BYTES) this.#drop(this.#received.length - MOST_KEPT_BYTES);
    const { request } = this.#expected;
    if (
      this.#received.length >= request.length &&
      request.equals(this.#received.subarray(0, request.length))
    ) {
      this.#received = this.#received.subarray(request.length);
    }
    const found = this.#find(this.#expected);
    if (found === undefined) return;
    const { slot } = this.#expected;
    const answer = this.#received.subarray(found.from, found.end);
    if (found.from > 0) this.events.stray(found.from);
    this.#received = this.#received.subarray(found.end);
    this.#expected = undefined;
    this.#discard();
    this.deliver(slot, answer);
  }

  #find(expected: Expected): { from: number; end: number } | undefined {
    const buffer = this.#received;
    for (let from = 0; from + EXCEPTION_BYTES <= buffer.length; from++) {
      if (buffer[from] !== expected.unit) continue;
      const code = buffer[from + 1]!;
      let end: number;
      if (code === expected.code && buffer[from + 2] === expected.bytes)
        end = from + OVERHEAD_BYTES + expected.bytes;
      else if (code === (expected.code | EXCEPTION_FLAG)) end = from + EXCEPTION_BYTES;
      else continue;
      if (end > buffer.length) continue;
      // Behind noise our own echo may have the form of an answer (three bytes of coils from 768 on).
      if (from > 0 && expected.request.equals(buffer.subarray(from, end))) continue;
      if (buffer.readUInt16LE(end - CRC_BYTES) === crc16(buffer, from, end - CRC_BYTES)) return { from, end };
    }
    return undefined;
  }

  #discard(): void {
    if (this.#received.length > 0) this.#drop(this.#received.length);
  }

  #drop(bytes: number): void {
    this.#received = this.#received.subarray(bytes);
    this.events.stray(bytes);
  }
}
