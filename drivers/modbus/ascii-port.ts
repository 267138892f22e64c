import type { Clock } from "../../model/time.ts";
import { crc16 } from "../crc16.ts";
import type { ByteLine } from "./byte-line.ts";
import { ForeignQuestions } from "./foreign-questions.ts";
import { FramePort, type PortEvents } from "./frame-port.ts";
import { BROADCAST, type ExpectedAnswer, expectedAnswer, overhear, shapeOfAnswer } from "./request.ts";

/*
 * Modbus ASCII (Serial Line 1.02, 2.5.2): a colon, two hexadecimal digits a byte of unit, PDU and LRC, CR LF. A colon always
 * begins a new frame, whatever came before.
 */

const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const CRC_BYTES = 2;
/** Colon, 255 bytes in two digits each, CR, LF (2.5.2.1): what is longer without an end is noise. */
const LONGEST_FRAME = 513;
/** Unit, function and one byte, LRC. */
const SHORTEST_BYTES = 4;
const FIRST_WRITE_CODE = 5;

/** Longitudinal redundancy check: the two's complement of the sum (6.2.1). */
export function lrc(bytes: Uint8Array, to = bytes.length): number {
  let sum = 0;
  for (let i = 0; i < to; i++) sum += bytes[i]!;
  return -sum & 0xff;
}

/** A frame on the line from unit and PDU. */
export function asciiFrame(bytes: Buffer): Buffer {
  const hex = bytes.toString("hex").toUpperCase();
  return Buffer.from(`:${hex}${lrc(bytes).toString(16).toUpperCase().padStart(2, "0")}\r\n`, "latin1");
}

/** Unit and PDU of a frame without colon and end; undefined when it is damaged. */
export function parseAsciiFrame(text: string): Buffer | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]+$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "hex");
  const last = bytes.length - 1;
  if (bytes.length < SHORTEST_BYTES || lrc(bytes, last) !== bytes[last]) return undefined;
  return bytes.subarray(0, last);
}

interface Expected {
  readonly slot: number;
  readonly answer: ExpectedAnswer;
  /** Unit and PDU of the question. */
  readonly request: Buffer;
  echoed: boolean;
}

/** Finds the one answer that is expected between colons, and skips noise, echo, late answers and other masters' talk. */
export class AsciiPort extends FramePort {
  readonly broadcasts = true;
  readonly #foreign: ForeignQuestions;
  #expected: Expected | undefined;
  #received: Buffer = Buffer.alloc(0);
  #echoes = false;

  constructor(line: ByteLine, events: PortEvents, { clock }: { clock: Clock }) {
    super(line, events);
    this.#foreign = new ForeignQuestions(clock);
  }

  override write(request: Buffer): void {
    const bytes = request.subarray(0, -CRC_BYTES);
    if (bytes[0] !== BROADCAST) {
      const answer = expectedAnswer(bytes);
      this.#expected = {
        slot: this._transactionIdWrite,
        answer,
        request: Buffer.from(bytes),
        echoed: false,
      };
    }
    this.send(asciiFrame(bytes));
  }

  override forget(slot: number): void {
    if (this.#expected?.slot !== slot) return;
    this.#expected = undefined;
    // The beginning of a frame that never ended.
    this.#stray(this.#received.length);
    this.#received = Buffer.alloc(0);
  }

  protected override receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(COLON);
      if (colon < 0) {
        this.#skip(this.#received.length);
        return;
      }
      this.#skip(colon);
      const next = this.#received.indexOf(COLON, 1);
      const end = this.#received.indexOf(LF);
      if (next > 0 && (end < 0 || next < end)) this.#skip(next);
      else if (end >= 0) {
        const text = this.#received.toString("latin1", 1, this.#received[end - 1] === CR ? end - 1 : end);
        this.#received = this.#received.subarray(end + 1);
        this.#frame(parseAsciiFrame(text), end + 1);
      } else {
        if (this.#received.length > LONGEST_FRAME) this.#skip(this.#received.length);
        return;
      }
    }
  }

  /** Judges a whole frame of `length` bytes on the line. */
  #frame(frame: Buffer | undefined, length: number): void {
    const expected = this.#expected;
    if (frame === undefined) this.#stray(length);
    else if (expected === undefined) {
      this.#stray(length);
      this.#overheard(frame);
    } else if (this.#isEcho(expected, frame)) {
      expected.echoed = true;
      this.#echoes = true;
    } else if (expected.answer.lengthAt(frame, 0) !== frame.length) {
      this.#stray(length);
      this.#overheard(frame);
    } else {
      const shape = shapeOfAnswer(frame);
      if (shape !== undefined && this.#foreign.claim(shape)) this.#stray(length);
      else this.#deliver(expected, frame);
    }
  }

  /** The answer to FC 5 and 6 is the question again: it is an echo only where the line is known to echo. */
  #isEcho({ echoed, request }: Expected, frame: Buffer): boolean {
    if (echoed || !request.equals(frame)) return false;
    return this.#echoes || (request[1] !== FIRST_WRITE_CODE && request[1] !== 6);
  }

  #deliver({ slot }: Expected, frame: Buffer): void {
    this.#expected = undefined;
    const answer = Buffer.allocUnsafe(frame.length + CRC_BYTES);
    frame.copy(answer);
    // The library checks a CRC on every port; here the LRC has been checked.
    answer.writeUInt16LE(crc16(answer, 0, frame.length), frame.length);
    this.deliver(slot, answer);
  }

  #overheard(frame: Buffer): void {
    const { kind, shape } = overhear(frame);
    if (shape === undefined) return;
    if (kind === "question") this.#foreign.asked(shape);
    else if (!this.#foreign.claim(shape)) this.events.unasked(shape);
  }

  #skip(bytes: number): void {
    if (bytes === 0) return;
    this.#received = this.#received.subarray(bytes);
    this.#stray(bytes);
  }

  #stray(bytes: number): void {
    if (bytes > 0) this.events.stray(bytes);
  }
}
