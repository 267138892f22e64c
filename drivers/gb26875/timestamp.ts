import { MILLISECOND, type Micros, SECOND } from "../../model/time.ts";

/** Bytes of an instant: second, minute, hour, day, month, year less 2000, each a binary number (6.3.5). */
export const TIME_BYTES = 6;

const FIRST_YEAR = 2_000;
const LAST_BYTE = 0xff;

/** An instant that is not known. */
export const UNSET = new Uint8Array(TIME_BYTES);

/**
 * The instant that six bytes say, in a clock whose offset from UTC is `zone`. NaN when they say none: all zero, or a date
 * that is not in the calendar.
 */
export function readTime(bytes: Uint8Array, at: number, zone: Micros): Micros {
  const second = bytes[at]!;
  const minute = bytes[at + 1]!;
  const hour = bytes[at + 2]!;
  const day = bytes[at + 3]!;
  const month = bytes[at + 4]!;
  const year = FIRST_YEAR + bytes[at + 5]!;
  // A second of 60 is a leap second; a device that counts it means the instant after it.
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return Number.NaN;
  return Date.UTC(year, month - 1, day, hour, minute, second) * MILLISECOND - zone;
}

/**
 * An instant as a device's clock shows it, in whole seconds.
 * @throws RangeError before 2000 and after 2255, which six bytes cannot say.
 */
export function writeTime(time: Micros, zone: Micros): Uint8Array {
  const local = new Date(Math.floor((time + zone) / SECOND) * (SECOND / MILLISECOND));
  const year = local.getUTCFullYear() - FIRST_YEAR;
  if (!(year >= 0 && year <= LAST_BYTE)) throw new RangeError(`no such time in this protocol: ${time} µs`);
  return Uint8Array.of(
    local.getUTCSeconds(),
    local.getUTCMinutes(),
    local.getUTCHours(),
    local.getUTCDate(),
    local.getUTCMonth() + 1,
    year,
  );
}
