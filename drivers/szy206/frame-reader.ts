import { FrameFinder, NO_FRAME, NOT_YET } from "../tcp/frame-finder.ts";
import { crc8 } from "./crc8.ts";
import {
  ADDRESS_BYTES,
  CONTROL,
  END,
  type Frame,
  HEAD_BYTES,
  LEAST_LENGTH,
  LONG,
  START,
  TAIL_BYTES,
} from "./frame.ts";

/** Why bytes that began like a frame are none. */
export type Spoiled = "end" | "crc" | "unfinished";

/** What a reader finds in a stream. */
export interface FrameHandler {
  frame(frame: Frame, raw: Buffer): void;
  /** Something began like a frame and is none; the reader looks for the next one behind its first byte. */
  spoiled(why: Spoiled, raw: Buffer): void;
}

/** Longest data of a long frame: pictures come in pieces of 1,024 bytes. */
const LONG_MOST = 8_192;
const LONG_LENGTH_BYTES = 2;

/** Finds frames by their length: start and end bytes occur within data. */
export class FrameReader extends FrameFinder<Spoiled> {
  constructor(handler: FrameHandler) {
    super({
      start: frameStart,
      extent: frameLength,
      take: (raw) => {
        const crcAt = raw.length - TAIL_BYTES;
        if (raw[crcAt + 1] !== END) return "end";
        if (crc8(raw, HEAD_BYTES, crcAt) !== raw[crcAt]) return "crc";
        handler.frame(parse(raw), raw);
        return undefined;
      },
      spoiled: (why, raw) => handler.spoiled(why, raw),
      unfinished: "unfinished",
    });
  }
}

function frameStart(bytes: Buffer, from: number): number {
  const start = bytes.indexOf(START, from);
  return start < 0 ? bytes.length : start;
}

/** Length of the frame that begins at `at`. */
function frameLength(bytes: Uint8Array, at: number): number {
  const have = bytes.length - at;
  if (have < 2) return NOT_YET;
  const length = bytes[at + 1]!;
  if (length !== LONG && length < LEAST_LENGTH) return NO_FRAME;
  if (have < HEAD_BYTES) return NOT_YET;
  if (bytes[at + 2] !== START) return NO_FRAME;
  if (length !== LONG) return length + HEAD_BYTES + TAIL_BYTES;
  if (have < HEAD_BYTES + 1) return NOT_YET;
  const lengthAt = HEAD_BYTES + headOf(bytes[at + HEAD_BYTES]!);
  if (have < lengthAt + LONG_LENGTH_BYTES) return NOT_YET;
  const data = bytes[at + lengthAt]! | (bytes[at + lengthAt + 1]! << 8);
  if (data > LONG_MOST) return NO_FRAME;
  return lengthAt + LONG_LENGTH_BYTES + data + TAIL_BYTES;
}

/** Bytes from the control byte up to the data. */
function headOf(control: number): number {
  return ((control & CONTROL.split) === 0 ? 1 : 2) + ADDRESS_BYTES + 1;
}

function parse(raw: Buffer): Frame {
  const control = raw[HEAD_BYTES]!;
  const isSplit = (control & CONTROL.split) !== 0;
  const addressAt = HEAD_BYTES + (isSplit ? 2 : 1);
  const afnAt = addressAt + ADDRESS_BYTES;
  const long = raw[1] === LONG;
  return {
    up: (control & CONTROL.up) !== 0,
    split: isSplit ? raw[HEAD_BYTES + 1]! : undefined,
    count: (control >> 4) & 0b11,
    code: control & CONTROL.function,
    address: raw.toString("hex", addressAt, afnAt).toUpperCase(),
    afn: raw[afnAt]!,
    data: raw.subarray(afnAt + 1 + (long ? LONG_LENGTH_BYTES : 0), raw.length - TAIL_BYTES),
    long,
  };
}
