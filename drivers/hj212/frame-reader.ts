import { crc16 } from "../crc16.ts";
import { crc212 } from "./crc.ts";

/** How a frame's check sum stands: the standard's own, that of Modbus instead, or neither. */
export type Check = "right" | "modbus" | "wrong";

/** Why bytes that began like a frame are none. */
export type Spoiled =
  /** The check sum is no four hex digits, or it is wrong and nobody tolerates that. */
  | "crc"
  /** The rest did not come in time. */
  | "unfinished";

/** What a reader finds in a stream. */
export interface FrameHandler {
  /**
   * The data segment of a frame, a view valid during the call. False: a frame with such a check sum is not taken; then the
   * search goes on behind its first byte.
   */
  frame(segment: Buffer, check: Check, raw: Buffer): boolean;
  spoiled(why: Spoiled, raw: Buffer): void;
}

const HASH = 0x23;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const LENGTH_DIGITS = 4;
const CRC_DIGITS = 4;
/** Bytes before and behind the data segment; the line end is looked at apart. */
const HEAD = 2 + LENGTH_DIGITS;
const EMPTY = Buffer.alloc(0);

/**
 * Finds frames in a stream of bytes by their length, which counts bytes: a Chinese character of a text is two. The line end behind
 * a frame is not waited for, because there are makers who leave it out. Keeps at most one unfinished frame.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  #rest: Buffer = EMPTY;
  /** Bytes that were no part of any frame. */
  skipped = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Bytes of a frame that has begun and is not complete. */
  get pending(): number {
    return this.#rest.length;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    this.#scan(bytes);
  }

  /** The frame that has begun will not be completed: what follows its start is looked at again. */
  abandon(): void {
    const bytes = this.#rest;
    if (bytes.length === 0) return;
    this.#rest = EMPTY;
    this.#handler.spoiled("unfinished", bytes);
    this.skipped++;
    this.#scan(bytes.subarray(1));
  }

  #scan(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] !== HASH) {
        if (bytes[at] !== CARRIAGE_RETURN && bytes[at] !== LINE_FEED) this.skipped++;
        at++;
        continue;
      }
      const length = frameLength(bytes, at);
      if (length === undefined) {
        this.skipped++;
        at++;
      } else if (at + length > bytes.length) {
        // Copied: the chunk is the socket's.
        this.#rest = Buffer.from(bytes.subarray(at));
        return;
      } else at += this.#take(bytes.subarray(at, at + length));
    }
  }

  /** Bytes to go on by: the whole frame, or one when it is spoiled. */
  #take(raw: Buffer): number {
    const crcAt = raw.length - CRC_DIGITS;
    const claimed = hexNumber(raw, crcAt);
    if (claimed !== undefined) {
      const check = checkOf(raw, crcAt, claimed);
      if (this.#handler.frame(raw.subarray(HEAD, crcAt), check, raw)) return raw.length;
    }
    this.#handler.spoiled("crc", raw);
    this.skipped++;
    return 1;
  }
}

/** Length of the frame that begins at `at`, without its line end; as long as that is not known the least; undefined: none begins. */
function frameLength(bytes: Uint8Array, at: number): number | undefined {
  let segment = 0;
  for (let i = 1; i < HEAD; i++) {
    if (at + i >= bytes.length) return HEAD + CRC_DIGITS;
    const byte = bytes[at + i]!;
    if (i === 1) {
      if (byte !== HASH) return undefined;
    } else if (byte < 0x30 || byte > 0x39) return undefined;
    else segment = segment * 10 + byte - 0x30;
  }
  return HEAD + segment + CRC_DIGITS;
}

function checkOf(raw: Buffer, crcAt: number, claimed: number): Check {
  if (crc212(raw, HEAD, crcAt) === claimed) return "right";
  return crc16(raw, HEAD, crcAt) === claimed ? "modbus" : "wrong";
}

function hexNumber(bytes: Uint8Array, at: number): number | undefined {
  let value = 0;
  for (let i = 0; i < CRC_DIGITS; i++) {
    const byte = bytes[at + i]!;
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return undefined;
  }
  return value;
}
