/*
 * The frame of GB/T 26875.3-2011 (6.3): start characters, serial number, versions, time, addresses, length, command,
 * application unit, checksum, end characters. All numbers are little-endian.
 */

/** Start character, twice: `@@`. */
export const START = 0x40;
/** End character, twice: `##`. */
export const END = 0x23;
/** Bytes before the application unit. */
export const HEADER_BYTES = 27;
/** Checksum and end characters. */
export const TRAILER_BYTES = 3;
/** Largest application unit. */
export const UNIT_MAX = 1_024;
export const FRAME_MAX = HEADER_BYTES + UNIT_MAX + TRAILER_BYTES;

const SERIAL_AT = 2;
const MAIN_VERSION_AT = 4;
const USER_VERSION_AT = 5;
export const TIME_AT = 6;
const SOURCE_AT = 12;
const DESTINATION_AT = 18;
const LENGTH_AT = 24;
const COMMAND_AT = 26;
const ADDRESS_BYTES = 6;
/** Serial numbers begin again after this. */
export const SERIAL_MAX = 0xffff;
/** Largest address: six bytes. */
export const ADDRESS_MAX = 0xffff_ffff_ffff;
/** The main version of the standard's edition of 2011. */
export const MAIN_VERSION = 1;

/** Commands (table 2). 7 to 127 are reserved, 128 to 255 belong to users. */
export const COMMAND = {
  control: 1,
  send: 2,
  confirm: 3,
  request: 4,
  reply: 5,
  deny: 6,
} as const;

/** A frame, taken apart. `unit` may be a window on the receiver's buffer: copy what must last. */
export interface Frame {
  readonly serial: number;
  readonly mainVersion: number;
  readonly userVersion: number;
  /** Six bytes as in `timestamp.ts`: when it was sent. */
  readonly time: Uint8Array;
  readonly source: number;
  readonly destination: number;
  readonly command: number;
  readonly unit: Buffer;
}

/** Sum of the bytes after the start characters up to the application unit's end, modulo 256. */
export function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return sum & 0xff;
}

/** Length of the application unit of a frame whose header is at `at`. */
export function unitLength(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + LENGTH_AT);
}

/** What a header says, whatever follows it: enough to answer a frame that is broken. The unit is as long as it claims. */
export function readFrame(bytes: Buffer, at: number): Frame {
  const unitAt = at + HEADER_BYTES;
  return {
    serial: bytes.readUInt16LE(at + SERIAL_AT),
    mainVersion: bytes[at + MAIN_VERSION_AT]!,
    userVersion: bytes[at + USER_VERSION_AT]!,
    time: bytes.subarray(at + TIME_AT, at + SOURCE_AT),
    source: bytes.readUIntLE(at + SOURCE_AT, ADDRESS_BYTES),
    destination: bytes.readUIntLE(at + DESTINATION_AT, ADDRESS_BYTES),
    command: bytes[at + COMMAND_AT]!,
    unit: bytes.subarray(unitAt, unitAt + unitLength(bytes, at)),
  };
}

/**
 * The frame as it goes over the wire.
 * @throws RangeError when the application unit is longer than UNIT_MAX, or a number does not fit its field.
 */
export function encodeFrame(frame: Frame): Buffer {
  const n = frame.unit.length;
  if (n > UNIT_MAX) throw new RangeError(`an application unit has at most ${UNIT_MAX} bytes, not ${n}`);
  const out = Buffer.alloc(HEADER_BYTES + n + TRAILER_BYTES);
  out.fill(START, 0, SERIAL_AT);
  out.writeUInt16LE(frame.serial, SERIAL_AT);
  out.writeUInt8(frame.mainVersion, MAIN_VERSION_AT);
  out.writeUInt8(frame.userVersion, USER_VERSION_AT);
  out.set(frame.time, TIME_AT);
  out.writeUIntLE(frame.source, SOURCE_AT, ADDRESS_BYTES);
  out.writeUIntLE(frame.destination, DESTINATION_AT, ADDRESS_BYTES);
  out.writeUInt16LE(n, LENGTH_AT);
  out.writeUInt8(frame.command, COMMAND_AT);
  out.set(frame.unit, HEADER_BYTES);
  const end = HEADER_BYTES + n;
  out[end] = checksum(out, SERIAL_AT, end);
  out.fill(END, end + 1);
  return out;
}

/** Where the sum of a frame at `at` begins. */
export function summedFrom(at: number): number {
  return at + SERIAL_AT;
}
