import { crc16 } from "../crc16.ts";
import { FrameFinder, NO_FRAME, NOT_YET } from "../tcp/frame-finder.ts";
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
/** The line end behind a frame is not waited for, because there are makers who leave it out. */
const LINE_END = [0x0d, 0x0a];
const LENGTH_DIGITS = 4;
const CRC_DIGITS = 4;
/** Bytes before and behind the data segment. */
const HEAD = 2 + LENGTH_DIGITS;

/** Finds frames by their length, which counts bytes: a Chinese character of a text is two. */
export class FrameReader extends FrameFinder<Spoiled> {
  constructor(handler: FrameHandler) {
    super({
      start: frameStart,
      extent: frameLength,
      take: (raw) => {
        const crcAt = raw.length - CRC_DIGITS;
        const claimed = hexNumber(raw, crcAt);
        if (claimed === undefined) return "crc";
        const check = checkOf(raw, crcAt, claimed);
        return handler.frame(raw.subarray(HEAD, crcAt), check, raw) ? undefined : "crc";
      },
      spoiled: (why, raw) => handler.spoiled(why, raw),
      unfinished: "unfinished",
      between: LINE_END,
    });
  }
}

function frameStart(bytes: Buffer, from: number): number {
  const start = bytes.indexOf(HASH, from);
  return start < 0 ? bytes.length : start;
}

/** Length of the frame that begins at `at`, without its line end. */
function frameLength(bytes: Uint8Array, at: number): number {
  let segment = 0;
  for (let i = 1; i < HEAD; i++) {
    if (at + i >= bytes.length) return NOT_YET;
    const byte = bytes[at + i]!;
    if (i === 1) {
      if (byte !== HASH) return NO_FRAME;
    } else if (byte < 0x30 || byte > 0x39) return NO_FRAME;
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
