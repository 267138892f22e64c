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
const EMPTY = Buffer.alloc(0);

/** What is known of the bytes at a place. */
type Extent =
  | { readonly kind: "none" }
  | { readonly kind: "frame"; readonly length: number; readonly known: boolean };
const NONE: Extent = { kind: "none" };

/**
 * Finds frames in a stream of bytes, by their length: start and end bytes occur within data. After something spoiled the search goes
 * on behind its first byte. Keeps at most one unfinished frame.
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
      const start = bytes.indexOf(START, at);
      if (start < 0) {
        this.skipped += bytes.length - at;
        return;
      }
      this.skipped += start - at;
      at = start;
      const extent = extentOf(bytes, at);
      if (extent.kind === "none") {
        this.skipped++;
        at++;
      } else if (!extent.known || at + extent.length > bytes.length) {
        // Copied: the chunk is the socket's.
        this.#rest = Buffer.from(bytes.subarray(at));
        return;
      } else at += this.#take(bytes.subarray(at, at + extent.length));
    }
  }

  /** Bytes to go on by: the whole frame, or one when it is spoiled. */
  #take(raw: Buffer): number {
    const crcAt = raw.length - TAIL_BYTES;
    const why =
      raw[crcAt + 1] !== END ? "end" : crc8(raw, HEAD_BYTES, crcAt) !== raw[crcAt] ? "crc" : undefined;
    if (why === undefined) {
      this.#handler.frame(parse(raw), raw);
      return raw.length;
    }
    this.#handler.spoiled(why, raw);
    this.skipped++;
    return 1;
  }
}

/** How far the frame that begins at `at` reaches; not known as long as its head is not there. */
function extentOf(bytes: Uint8Array, at: number): Extent {
  const have = bytes.length - at;
  if (have < 2) return { kind: "frame", length: 0, known: false };
  const length = bytes[at + 1]!;
  if (length !== LONG && length < LEAST_LENGTH) return NONE;
  if (have < HEAD_BYTES) return { kind: "frame", length: 0, known: false };
  if (bytes[at + 2] !== START) return NONE;
  if (length !== LONG) return { kind: "frame", length: length + HEAD_BYTES + TAIL_BYTES, known: true };
  if (have < HEAD_BYTES + 1) return { kind: "frame", length: 0, known: false };
  const lengthAt = HEAD_BYTES + headOf(bytes[at + HEAD_BYTES]!);
  if (have < lengthAt + LONG_LENGTH_BYTES) return { kind: "frame", length: 0, known: false };
  const data = bytes[at + lengthAt]! | (bytes[at + lengthAt + 1]! << 8);
  if (data > LONG_MOST) return NONE;
  return { kind: "frame", length: lengthAt + LONG_LENGTH_BYTES + data + TAIL_BYTES, known: true };
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
