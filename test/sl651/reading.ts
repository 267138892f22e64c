import { decodeBody } from "../../drivers/sl651/body.ts";
import type { Body, BodyVisitor } from "../../drivers/sl651/body-visitor.ts";
import { MISSING, UNREADABLE } from "../../drivers/sl651/digits.ts";
import { elementOf, formatGuide } from "../../drivers/sl651/elements.ts";
import { fieldNumber } from "../../drivers/sl651/field.ts";
import type { Frame, Spoiled } from "../../drivers/sl651/frame.ts";
import { FrameReader } from "../../drivers/sl651/frame-reader.ts";
import { formatStationAddress } from "../../drivers/sl651/station-address.ts";
import { HOUR, MILLISECOND, type Micros } from "../../model/time.ts";

/** Stations write Beijing time. */
export const BEIJING: Micros = 8 * HOUR;

/** Everything that a stream of bytes holds. */
export interface Stream {
  readonly frames: Frame[];
  readonly spoiled: Spoiled[];
  readonly reader: FrameReader;
}

/** Reads chunks; bodies are copied, so that they may be looked at later. */
export function readStream(...chunks: Buffer[]): Stream {
  const frames: Frame[] = [];
  const spoiled: Spoiled[] = [];
  const reader = new FrameReader({
    frame: (frame) => frames.push({ ...frame, body: Buffer.from(frame.body) }),
    spoiled: (why) => spoiled.push(why),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { frames, spoiled, reader };
}

/** A body as a person would tell it. */
export interface Told {
  serial: number;
  sent: string;
  stations: string[];
  /** `Z 10.49 @2017-07-18 11:00`, with `-` for a missing and `?` for an unreadable number. */
  elements: string[];
  manual?: string;
  picture?: Buffer;
  content?: string;
}

/** Tells what a body says. @throws DeviceError DEVICE_UNDECODABLE */
export function tell(body: Body, told: Told = { serial: -1, sent: "", stations: [], elements: [] }): Told {
  const visitor: BodyVisitor = {
    head: ({ serial, sent }) => {
      told.serial = serial;
      told.sent = beijing(sent, 19);
    },
    station: (address, category) => {
      const kind = category === undefined ? "" : ` ${category.toString(16)}`;
      told.stations.push(formatStationAddress(address) + kind);
    },
    element: (field) => {
      const number = fieldNumber(field, elementOf(field.guide)?.hexBytes !== undefined);
      const text = number === MISSING ? "-" : number === UNREADABLE ? "?" : String(number as number);
      told.elements.push(`${formatGuide(field.guide)} ${text} @${beijing(field.time, 16)}`);
    },
    manual: (text) => {
      told.manual = Buffer.from(text).toString("latin1");
    },
    picture: (bytes) => {
      told.picture = Buffer.from(bytes);
    },
    content: (bytes) => {
      told.content = Buffer.from(bytes).toString("hex");
    },
  };
  decodeBody(body, BEIJING, visitor);
  return told;
}

/** An instant as Beijing's clocks show it, to so many characters. */
export function beijing(time: Micros, characters: number): string {
  return new Date((time + BEIJING) / MILLISECOND).toISOString().slice(0, characters).replace("T", " ");
}

/** An instant that Beijing's clocks show as `2026-05-21 14:30:00`. */
export function atBeijing(text: string): Micros {
  return Date.parse(`${text.replace(" ", "T")}Z`) * MILLISECOND - BEIJING;
}
