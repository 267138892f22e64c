import { crc16 } from "../crc16.ts";
import { FrameFinder, NO_FRAME, NOT_YET } from "../tcp/frame-finder.ts";
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

/** Of both directions: some stations answer with the end of the question, and the CRC tells a frame from noise. */
const ENDS: readonly number[] = [ETX, ETB, ENQ, ACK, NAK, EOT, ESC];

/** Finds frames by their length: 7E7E may occur inside a body. */
export class FrameReader extends FrameFinder<Spoiled> {
  constructor(handler: FrameHandler) {
    super({
      start: frameStart,
      extent: frameLength,
      take: (raw) => {
        const outcome = parseFrame(raw);
        if (typeof outcome === "string") return outcome;
        handler.frame(outcome, raw);
        return undefined;
      },
      spoiled: (why, raw) => handler.spoiled(why, raw),
      unfinished: "unfinished",
    });
  }
}

function frameStart(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === SOH) return at;
    if (byte === START && (at + 1 === bytes.length || bytes[at + 1] === START)) return at;
  }
  return bytes.length;
}

/** Length of the frame that begins at `at` by its head. */
function frameLength(bytes: Uint8Array, at: number): number {
  const encoding: Encoding = bytes[at] === SOH ? "ascii" : "hex";
  const layout = LAYOUT[encoding];
  const have = bytes.length - at;
  if (encoding === "ascii") {
    // The fields are hex characters: a stray 01 is told from a start at once.
    for (let i = 1; i < Math.min(have, layout.startAt); i++) {
      if (hexValue(bytes[at + i]!) < 0) return NO_FRAME;
    }
  }
  if (have < layout.lengthAt + (encoding === "ascii" ? 4 : 2)) return NOT_YET;
  const field = lengthField(bytes, at, encoding);
  const direction = field & 0xf000;
  const length = field & 0x0fff;
  if ((direction !== 0 && direction !== DOWN_BIT) || length === 0) return NO_FRAME;
  if (have <= layout.startAt) return NOT_YET;
  const start = bytes[at + layout.startAt];
  if (start !== STX && start !== SYN) return NO_FRAME;
  if (start === SYN && length < layout.packet) return NO_FRAME;
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

function crcCharacters(raw: Buffer, at: number): number | undefined {
  for (let i = 0; i < 4; i++) if (hexValue(raw[at + i]!) < 0) return undefined;
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
