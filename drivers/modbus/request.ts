import type { Span } from "./planner.ts";
import { isBitTable } from "./registers.ts";

/*
 * What is asked of a device, and what its answer looks like on the wire (Modbus Application Protocol 1.1b3, 6).
 */

/** Reads registers or bits. */
export interface ReadRequest extends Span {
  readonly unit: number;
  /** Whether the answer may come from another unit (TCP). */
  readonly anyUnit: boolean;
}

/** Writes holding registers (words) or coils (0 and 1): as many as `count`. */
export interface WriteRequest extends ReadRequest {
  readonly table: "holding" | "coil";
  readonly values: readonly number[];
  /** FC 5 or 6 rather than 15 or 16; for one value only. */
  readonly single: boolean;
  /** FC 5 with the value itself instead of 0xFF00 for what is not 0. */
  readonly word?: boolean;
}

/** Asks who it is (FC 43/14, basic identification); the place of a span is not used. */
export interface IdentifyRequest extends ReadRequest {
  readonly identify: true;
}

export type Request = ReadRequest | WriteRequest | IdentifyRequest;

/** Every unit of a serial line obeys and none answers (Serial Line 1.02, 2.1). */
export const BROADCAST = 0;

export function isWrite(request: Request): request is WriteRequest {
  return "values" in request;
}

export function isIdentify(request: Request): request is IdentifyRequest {
  return "identify" in request;
}

/** Data bytes in a good answer to a read; 0 for a write. */
export function dataBytes(request: Request): number {
  if (isWrite(request) || isIdentify(request)) return 0;
  return isBitTable(request.table) ? Math.ceil(request.count / 8) : request.count * 2;
}

const READ_CODES = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

/** What makes two answers of a line look alike: unit, function and bytes. Writes and identifications never do. */
export function shapeOf(request: Request): string | undefined {
  if (isWrite(request) || isIdentify(request)) return undefined;
  return shapeText(request.unit, READ_CODES[request.table], dataBytes(request));
}

function shapeText(unit: number, code: number, bytes: number): string {
  return `${unit} ${code} ${bytes}`;
}

const EXCEPTION_FLAG = 0x80;
const EXCEPTION_BYTES = 3;
/** Unit, function and byte count before the data of a read. */
const READ_HEAD_BYTES = 3;
/** Unit, function, address and value or count: questions of one size, and answers to writes. */
const PLAIN_BYTES = 6;
const IDENTIFY_CODE = 0x2b;
/** Unit, function, MEI type, level, conformity, more, next object, objects (6.21). */
const IDENTIFY_HEAD_BYTES = 8;

/** What the answer to a question looks like: without CRC, LRC or header. */
export interface ExpectedAnswer {
  readonly unit: number;
  readonly code: number;
  /**
   * Bytes of the answer that begins at `at`: unit and PDU. 0: none begins there. Undefined: more must come before it can be
   * told, or it would be whole.
   */
  lengthAt(bytes: Uint8Array, at: number): number | undefined;
}

/** The answer that fits a question (unit and PDU). */
export function expectedAnswer(question: Uint8Array): ExpectedAnswer {
  const unit = question[0]!;
  const code = question[1]!;
  // FC 1 and 2 answer eight bits a byte, FC 3 and 4 two bytes a register.
  const count = (question[4]! << 8) | question[5]!;
  const data = code <= 2 ? Math.ceil(count / 8) : count * 2;
  const good =
    code === IDENTIFY_CODE
      ? identifyLength
      : code <= 4
        ? (bytes: Uint8Array, at: number) => (bytes[at + 2] === data ? READ_HEAD_BYTES + data : 0)
        : // Writes are answered by their own address and value, or count.
          (bytes: Uint8Array, at: number) => {
            for (let i = 2; i < PLAIN_BYTES && at + i < bytes.length; i++)
              if (bytes[at + i] !== question[i]) return 0;
            return PLAIN_BYTES;
          };
  return {
    unit,
    code,
    lengthAt(bytes, at) {
      if (bytes[at] !== unit) return 0;
      if (at + 2 >= bytes.length) return at + 1 < bytes.length && !isCode(bytes[at + 1]!) ? 0 : undefined;
      if (bytes[at + 1] === (code | EXCEPTION_FLAG)) return EXCEPTION_BYTES;
      return bytes[at + 1] === code ? good(bytes, at) : 0;
    },
  };

  function isCode(byte: number): boolean {
    return byte === code || byte === (code | EXCEPTION_FLAG);
  }
}

function identifyLength(bytes: Uint8Array, at: number): number | undefined {
  let end = at + IDENTIFY_HEAD_BYTES;
  if (bytes.length < end) return undefined;
  const objects = bytes[end - 1]!;
  for (let i = 0; i < objects; i++) {
    const length = bytes[end + 1];
    if (length === undefined) return undefined;
    end += 2 + length;
  }
  return end - at;
}

/** A whole frame (unit and PDU) that is nobody's answer here: another master's question, or an answer to somebody. */
export interface Overheard {
  readonly kind: "question" | "answer";
  /** Shape of the answer, or of the answer that the question will bring; undefined where it cannot be mistaken. */
  readonly shape: string | undefined;
}

/** The forms that a frame beginning at `at` may have, longest first, as bytes of unit and PDU. */
export function overheardLengths(bytes: Uint8Array, at: number): number[] {
  const code = bytes[at + 1];
  const third = bytes[at + 2];
  if (code === undefined || third === undefined) return [];
  const lengths: number[] = [];
  if (code === 15 || code === 16) {
    const data = bytes[at + PLAIN_BYTES];
    if (data !== undefined) lengths.push(PLAIN_BYTES + 1 + data);
    lengths.push(PLAIN_BYTES);
  } else if (code >= 1 && code <= 4) lengths.push(READ_HEAD_BYTES + third, PLAIN_BYTES);
  else if (code === 5 || code === 6) lengths.push(PLAIN_BYTES);
  else if (code > EXCEPTION_FLAG) lengths.push(EXCEPTION_BYTES);
  return lengths;
}

/** What a whole, intact frame is that was not asked for. */
export function overhear(frame: Uint8Array): Overheard {
  const [unit = 0, code = 0, third = 0] = frame;
  const reads = code >= 1 && code <= 4;
  if (reads && frame.length === READ_HEAD_BYTES + third)
    return { kind: "answer", shape: shapeText(unit, code, third) };
  if (reads && frame.length === PLAIN_BYTES) {
    const count = (frame[4]! << 8) | frame[5]!;
    const data = code <= 2 ? Math.ceil(count / 8) : count * 2;
    return { kind: "question", shape: shapeText(unit, code, data) };
  }
  return { kind: "answer", shape: undefined };
}

/** Shape of an answer to a read, as `shapeOf` gives it for its question; undefined for other answers. */
export function shapeOfAnswer(frame: Uint8Array): string | undefined {
  const [unit = 0, code = 0, third = 0] = frame;
  return code >= 1 && code <= 4 ? shapeText(unit, code, third) : undefined;
}
