import { DeviceError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import { AFN, type Frame } from "./frame.ts";
import type { Place } from "./layouts.ts";
import { LABEL_BYTES, type MISSING, readLabel, readNumber, type UNREADABLE } from "./numbers.ts";

/** Bytes of the alarm word, and of the status word. */
const WORD_BYTES = 2;

/** What a report says. */
export interface Report {
  /** In the order of the report; empty when nobody says how they stand. */
  readonly values: readonly (number | typeof MISSING | typeof UNREADABLE)[];
  /** Undefined: the report has none. */
  readonly alarm: number | undefined;
  readonly status: number | undefined;
  /** When it was sent by the terminal's clock; NaN when it has no time label. */
  readonly time: Micros;
  /** Bytes that nobody reads. */
  readonly unread: number;
}

export interface ReportReading {
  /** How the values stand; undefined: nobody says. */
  readonly layout: readonly Place[] | undefined;
  /** Whether reports end with a time label. */
  readonly label: boolean;
  /** Which byte of the words comes first. */
  readonly highFirst: boolean;
  readonly zone: Micros;
  readonly now: Micros;
}

/**
 * Reads what a terminal reports by itself: values, alarm word, status word, time label (C0H); of an alarm report (81H) the alarm
 * word, with which it begins.
 * @throws DeviceError DEVICE_UNDECODABLE
 */
export function readReport({ afn, data }: Pick<Frame, "afn" | "data">, how: ReportReading): Report {
  const labelAt = data.length - (how.label ? LABEL_BYTES : 0);
  if (afn === AFN.alarm) {
    if (labelAt < WORD_BYTES) throw undecodable("it is too short for an alarm word");
    return {
      values: [],
      alarm: readWord(data, 0, how.highFirst),
      status: undefined,
      time: how.label ? readLabel(data, labelAt, how) : Number.NaN,
      unread: labelAt - WORD_BYTES,
    };
  }
  const wordsAt = labelAt - 2 * WORD_BYTES;
  if (wordsAt < 0) throw undecodable("it is too short for its alarm and status words");
  return {
    values: how.layout === undefined ? [] : readValues(data, wordsAt, how.layout),
    alarm: readWord(data, wordsAt, how.highFirst),
    status: readWord(data, wordsAt + WORD_BYTES, how.highFirst),
    time: how.label ? readLabel(data, labelAt, how) : Number.NaN,
    unread: how.layout === undefined ? wordsAt : 0,
  };
}

function readValues(data: Uint8Array, end: number, layout: readonly Place[]): Report["values"] {
  const values: Report["values"][number][] = [];
  let at = 0;
  while (at < end) {
    const place = layout[values.length % layout.length]!;
    if (at + place.bytes > end) throw undecodable(`${end} bytes are no whole number of values`);
    values.push(readNumber(data, at, place));
    at += place.bytes;
  }
  return values;
}

function readWord(data: Uint8Array, at: number, highFirst: boolean): number {
  const first = data[at]!;
  const second = data[at + 1]!;
  return highFirst ? (first << 8) | second : (second << 8) | first;
}

function undecodable(why: string): DeviceError {
  return new DeviceError("DEVICE_UNDECODABLE", `the report cannot be read: ${why}`);
}
