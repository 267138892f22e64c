import { MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";

/*
 * Numbers and times as SL 651-2014 writes them: BCD digits (two a byte), or the same digits as ASCII characters. A `Digits`
 * reads either, so that the rest of the codec does not care.
 */

/** Stands for a time that cannot be read: the intake refuses 1970, keeps the reading at its arrival and doubts it. */
export const UNREADABLE_TIME: Micros = 0;

/** Not a decimal digit. */
const NO_DIGIT = -1;
/** Two digits of the year; the standard is of 2014 and no instrument is older than 2000. */
const CENTURY = 2_000;

/** The value of an ASCII hex character, or -1. */
export function hexValue(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  if (character >= 0x41 && character <= 0x46) return character - 0x37;
  if (character >= 0x61 && character <= 0x66) return character - 0x57;
  return NO_DIGIT;
}

/** Two decimal digits of a BCD byte, or -1. */
function bcdPair(byte: number): number {
  const high = byte >> 4;
  const low = byte & 0x0f;
  return high > 9 || low > 9 ? NO_DIGIT : high * 10 + low;
}

/** Two decimal digits in ASCII, or -1. */
function asciiPair(bytes: Uint8Array, at: number): number {
  const high = bytes[at]! - 0x30;
  const low = bytes[at + 1]! - 0x30;
  return high < 0 || high > 9 || low < 0 || low > 9 ? NO_DIGIT : high * 10 + low;
}

/**
 * Reads YYMMDDHHmm or YYMMDDHHmmSS at `at`, `pairs` of two digits (5 or 6). `offset` is the zone's distance from UTC, µs.
 * What is no time (a month 13, a digit A) is UNREADABLE_TIME.
 */
export function readTime(
  bytes: Uint8Array,
  at: number,
  how: { readonly pairs: 5 | 6; readonly ascii: boolean; readonly offset: Micros },
): Micros {
  const pair = (i: number): number => (how.ascii ? asciiPair(bytes, at + 2 * i) : bcdPair(bytes[at + i]!));
  const year = pair(0);
  const month = pair(1);
  const day = pair(2);
  const hour = pair(3);
  const minute = pair(4);
  const second = how.pairs === 6 ? pair(5) : 0;
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return UNREADABLE_TIME;
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 59) return UNREADABLE_TIME;
  // Hydrologists write midnight at the end of a day as 24:00.
  if (hour === 24 && (minute !== 0 || second !== 0)) return UNREADABLE_TIME;
  return Date.UTC(CENTURY + year, month - 1, day, hour, minute) * MILLISECOND + second * SECOND - how.offset;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOf(year: number, month: number): number {
  // From 2000 to 2099 every fourth year is a leap year.
  return month === 2 && year % 4 === 0 ? 29 : DAYS[month - 1]!;
}

/** The digits YYMMDDHHmmSS of an instant in the zone that is `offset` µs ahead of UTC. */
export function timeDigits(time: Micros, offset: Micros): string {
  const iso = new Date(Math.floor((time + offset) / MILLISECOND)).toISOString();
  return iso.slice(2, 19).replaceAll(/[-:T]/g, "");
}

/** A step of time of three pairs: days, hours, minutes (table C.3); -1 when it is none. */
export function readStep(bytes: Uint8Array, at: number): Micros {
  const days = bcdPair(bytes[at]!);
  const hours = bcdPair(bytes[at + 1]!);
  const minutes = bcdPair(bytes[at + 2]!);
  if (days < 0 || hours < 0 || minutes < 0) return NO_DIGIT;
  return ((days * 24 + hours) * 60 + minutes) * MINUTE;
}

const POWERS = Float64Array.from({ length: 8 }, (_, i) => 10 ** i);

/** An element's number that could not be read. */
export const MISSING = Symbol("missing");
export const UNREADABLE = Symbol("unreadable");

/**
 * Reads a BCD number (6.6.3.3): all F is a missing value, a leading byte FF a minus sign.
 * Division by a power of ten, not multiplication by its reciprocal: 10490 / 1000 is the double nearest to 10.49.
 */
export function readBcd(
  bytes: Uint8Array,
  at: number,
  { length, decimals }: { readonly length: number; readonly decimals: number },
): number | typeof MISSING | typeof UNREADABLE {
  if (length === 0 || isFilled(bytes, at, length)) return MISSING;
  const negative = bytes[at] === 0xff;
  let value = 0;
  for (let i = negative ? 1 : 0; i < length; i++) {
    const pair = bcdPair(bytes[at + i]!);
    if (pair < 0) return UNREADABLE;
    value = value * 100 + pair;
  }
  value /= POWERS[decimals]!;
  return negative ? -value : value;
}

/** Reads an unsigned big-endian number; all F is a missing value. `length` is at most 6 bytes. */
export function readHex(
  bytes: Uint8Array,
  at: number,
  { length, decimals }: { readonly length: number; readonly decimals: number },
): number | typeof MISSING | typeof UNREADABLE {
  if (length === 0 || isFilled(bytes, at, length)) return MISSING;
  if (length > MOST_HEX_BYTES) return UNREADABLE;
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 0x100 + bytes[at + i]!;
  return value / POWERS[decimals]!;
}

/** A double holds integers of 53 bits. */
const MOST_HEX_BYTES = 6;

function isFilled(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0xff) return false;
  return true;
}
