import { crc16 } from "../crc16.ts";
import { ACK, ENQ, EOT, ESC, ETB, ETX, NAK, SOH, STX, SYN } from "./control.ts";
import { hexValue } from "./digits.ts";
import {
  DOWN_BIT,
  type Encoding,
  type Frame,
  LAYOUT,
  PACKETS_MAX,
  type Packet,
  type Spoiled,
} from "./frame.ts";
import { readStationAddress } from "./station-address.ts";

/** What a reader finds in a stream. */
export interface FrameHandler {
  frame(frame: Frame, raw: Uint8Array): void;
  /** Something began like a frame and is none; the reader looks for the next one behind its first byte. */
  spoiled(why: Spoiled, raw: Uint8Array): void;
}

const START = 0x7e;
const EMPTY = Buffer.alloc(0);

const NOT_A_FRAME = -1;
const INCOMPLETE = 0;

/** Of both directions: some stations answer with the end of the question, and the CRC tells a frame from noise. */
const ENDS: readonly number[] = [ETX, ETB, ENQ, ACK, NAK, EOT, ESC];

/**
 * Finds frames in a stream of bytes. 7E7E may occur inside a body, so a frame is found by its length; after something
 * spoiled the search goes on behind its first byte, so that a wrong length swallows nothing that follows. Keeps at most one
 * unfinished frame.
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
      const found = this.#next(bytes, at);
      this.skipped += found - at;
      at = found;
      if (at === bytes.length) return;
      const length = frameLength(bytes, at);
      if (length === NOT_A_FRAME) {
        this.skipped++;
        at++;
      } else if (length === INCOMPLETE || at + length > bytes.length) {
        // Copied: the chunk is the socket's, and a body's views must not keep it.
        this.#rest = Buffer.from(bytes.subarray(at));
        return;
      } else {
        at += this.#take(bytes.subarray(at, at + length));
      }
    }
  }

  /** Where the next frame may begin. */
  #next(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === SOH) return at;
      if (byte === START && (at + 1 === bytes.length || bytes[at + 1] === START)) return at;
    }
    return bytes.length;
  }

  /** Bytes to go on by: the whole frame, or one when it is spoiled. */
  #take(raw: Buffer): number {
    const outcome = parseFrame(raw);
    if (typeof outcome === "string") {
      this.#handler.spoiled(outcome, raw);
      this.skipped++;
      return 1;
    }
    this.#handler.frame(outcome, raw);
    return raw.length;
  }
}

/** Length of the frame that begins at `at` by its head, INCOMPLETE while that is not there, or NOT_A_FRAME. */
function frameLength(bytes: Uint8Array, at: number): number {
  const encoding: Encoding = bytes[at] === SOH ? "ascii" : "hex";
  const layout = LAYOUT[encoding];
  const have = bytes.length - at;
  if (encoding === "ascii") {
    // The fields are hex characters: a stray 01 is told from a start at once.
    for (let i = 1; i < Math.min(have, layout.startAt); i++) {
      if (hexValue(bytes[at + i]!) < 0) return NOT_A_FRAME;
    }
  }
  if (have < layout.lengthAt + (encoding === "ascii" ? 4 : 2)) return INCOMPLETE;
  const field = lengthField(bytes, at, encoding);
  const direction = field & 0xf000;
  const length = field & 0x0fff;
  if ((direction !== 0 && direction !== DOWN_BIT) || length === 0) return NOT_A_FRAME;
  if (have <= layout.startAt) return INCOMPLETE;
  const start = bytes[at + layout.startAt];
  if (start !== STX && start !== SYN) return NOT_A_FRAME;
  if (start === SYN && length < layout.packet) return NOT_A_FRAME;
  return layout.head + length + layout.tail;
}

function lengthField(bytes: Uint8Array, at: number, encoding: Encoding): number {
  const place = at + LAYOUT[encoding].lengthAt;
  return encoding === "hex" ? (bytes[place]! << 8) | bytes[place + 1]! : asciiHex(bytes, place, 4);
}

/** Reads `characters` hex characters; the caller has seen that they are. */
function asciiHex(bytes: Uint8Array, at: number, characters: number): number {
  let value = 0;
  for (let i = 0; i < characters; i++) value = value * 16 + Math.max(0, hexValue(bytes[at + i]!));
  return value;
}

/** Reads one frame of exactly these bytes, whose head is known to be one. */
function parseFrame(raw: Buffer): Frame | Spoiled {
  const encoding: Encoding = raw[0] === SOH ? "ascii" : "hex";
  const layout = LAYOUT[encoding];
  const endAt = raw.length - layout.tail;
  const up = (lengthField(raw, 0, encoding) & DOWN_BIT) === 0;
  const end = raw[endAt]!;
  if (!ENDS.includes(end)) return "end";
  // The CRC goes high byte first, unlike Modbus, whose polynomial it has.
  const claimed =
    encoding === "hex" ? (raw[endAt + 1]! << 8) | raw[endAt + 2]! : crcCharacters(raw, endAt + 1);
  if (crc16(raw, 0, endAt + 1) !== claimed) return "crc";
  const packet = raw[layout.startAt] === SYN ? readPacket(raw, encoding) : undefined;
  const body = raw.subarray(layout.head + (packet === undefined ? 0 : layout.packet), endAt);
  return { ...readHead(raw, encoding, up), encoding, up, packet, body, end };
}

function crcCharacters(raw: Buffer, at: number): number {
  for (let i = 0; i < 4; i++) if (hexValue(raw[at + i]!) < 0) return NOT_A_FRAME;
  return asciiHex(raw, at, 4);
}

function readPacket(raw: Buffer, encoding: Encoding): Packet {
  const at = LAYOUT[encoding].head;
  const both =
    encoding === "hex" ? (raw[at]! << 16) | (raw[at + 1]! << 8) | raw[at + 2]! : asciiHex(raw, at, 6);
  return { total: both >>> 12, sequence: both & PACKETS_MAX };
}

/** The addresses change places on the way down (tables 11 and 12). */
function readHead(
  raw: Buffer,
  encoding: Encoding,
  up: boolean,
): Pick<Frame, "centre" | "station" | "password" | "code"> {
  const { addresses, centre, station } = LAYOUT[encoding];
  const centreAt = addresses + (up ? 0 : station);
  const stationAt = addresses + (up ? centre : 0);
  const after = addresses + centre + station;
  if (encoding === "hex") {
    return {
      centre: raw[centreAt]!,
      station: readStationAddress(raw, stationAt),
      password: (raw[after]! << 8) | raw[after + 1]!,
      code: raw[after + 2]!,
    };
  }
  return {
    centre: asciiHex(raw, centreAt, 2),
    station: asciiHex(raw, stationAt, 10),
    password: asciiHex(raw, after, 4),
    code: asciiHex(raw, after + 4, 2),
  };
}
