import type { Text } from "../../model/text.ts";
import { crc8 } from "./crc8.ts";

/*
 * Frames of SZY 206-2016: 68H, length, 68H, control, [split count], address, function of the application, data, check sum, 16H.
 * The length counts from the control byte to the byte before the check sum.
 */

export const START = 0x68;
export const END = 0x16;
/** Start, length, start. */
export const HEAD_BYTES = 3;
/** Check sum and end. */
export const TAIL_BYTES = 2;
export const ADDRESS_BYTES = 5;
/** Control, address, function of the application. */
export const LEAST_LENGTH = 1 + ADDRESS_BYTES + 1;
/** This length announces a long frame: its data begins with its own length in two bytes. */
export const LONG = 1;

/** Bits of the control byte. */
export const CONTROL = { up: 0x80, split: 0x40, function: 0x0f } as const;

/** Functions of the application (AFN). */
export const AFN = {
  link: 0x02,
  picture: 0x61,
  alarm: 0x81,
  manual: 0x82,
  now: 0xb0,
  stored: 0xb1,
  report: 0xc0,
} as const;

/** What a station says with the link function. */
export const LINK = { login: 0xf0, logout: 0xf1, keepAlive: 0xf2 } as const;

/** One frame. `data` is a view, valid as long as the bytes it was read from. */
export interface Frame {
  /** From a station to the centre. */
  readonly up: boolean;
  /** Number of a split frame, counting down to 1; undefined: not split. */
  readonly split: number | undefined;
  /** Bits 5 and 4 of the control byte: a count of frames. */
  readonly count: number;
  /** What kind of values the data is: 1 rain, 2 level, 3 flow and volume, … */
  readonly code: number;
  /** Five bytes as ten hex digits. */
  readonly address: string;
  readonly afn: number;
  readonly data: Uint8Array;
  /** A frame with a length of its own, for pictures. */
  readonly long: boolean;
}

/** The bytes of a frame. @throws RangeError when its data is longer than one length byte can say. */
export function writeFrame(frame: Omit<Frame, "long">): Buffer {
  const { up, split, count, code, address, afn, data } = frame;
  const control =
    (up ? CONTROL.up : 0) | (split === undefined ? 0 : CONTROL.split) | ((count & 0b11) << 4) | code;
  const body = Buffer.concat([
    split === undefined ? Buffer.of(control) : Buffer.of(control, split),
    Buffer.from(address, "hex"),
    Buffer.of(afn),
    data,
  ]);
  if (body.length > 0xff) throw new RangeError(`${body.length} bytes are too many for one frame`);
  return Buffer.concat([
    Buffer.of(START, body.length, START),
    body,
    Buffer.of(crc8(body, 0, body.length), END),
  ]);
}

const NAMES: Readonly<Record<number, Text>> = {
  [AFN.link]: { zh: "链路检测", en: "link" },
  [AFN.picture]: { zh: "图像", en: "picture" },
  [AFN.alarm]: { zh: "报警", en: "alarm" },
  [AFN.manual]: { zh: "人工置数", en: "manual values" },
  [AFN.now]: { zh: "实时值", en: "present values" },
  [AFN.stored]: { zh: "固态存储", en: "stored values" },
  [AFN.report]: { zh: "自报", en: "report" },
};

/** A function of the application in words. */
export function afnName(afn: number): Text {
  const hex = `${afn.toString(16).toUpperCase().padStart(2, "0")}H`;
  return NAMES[afn] ?? { zh: `功能码${hex}`, en: `function ${hex}` };
}
