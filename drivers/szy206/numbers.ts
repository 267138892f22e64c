import { DAY, HOUR, MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";

/*
 * Numbers and times as SZY 206 writes them: BCD with the low byte first.
 */

/** A number of all A: there is no value. */
export const MISSING = Symbol("missing");
/** A digit that is none. */
export const UNREADABLE = Symbol("unreadable");

/**
 * How a number below zero is told. `bit`: the highest bit; the digit has the other three. `f`: F in the place of the highest digit.
 * `none`: there are none.
 */
export const SIGNS = ["bit", "f", "none"] as const;
export type Sign = (typeof SIGNS)[number];

const MISSING_BYTE = 0xaa;
const SIGN_BIT = 0x8;
const ALL_ONES = 0xf;

/** Reads `bytes` bytes at `at`, with so many decimals. */
export function readNumber(
  data: Uint8Array,
  at: number,
  { bytes, decimals, sign }: { readonly bytes: number; readonly decimals: number; readonly sign: Sign },
): number | typeof MISSING | typeof UNREADABLE {
  let missing = true;
  for (let i = 0; i < bytes && missing; i++) missing = data[at + i] === MISSING_BYTE;
  if (missing) return MISSING;
  let value = 0;
  let negative = false;
  for (let i = bytes - 1; i >= 0; i--) {
    let high = data[at + i]! >> 4;
    const low = data[at + i]! & 0xf;
    if (i === bytes - 1) {
      negative = sign === "bit" ? (high & SIGN_BIT) !== 0 : sign === "f" && high === ALL_ONES;
      if (negative) high = sign === "bit" ? high & ~SIGN_BIT : 0;
    }
    if (high > 9 || low > 9) return UNREADABLE;
    value = value * 100 + high * 10 + low;
  }
  // Divided, not multiplied by a tenth: people read these numbers.
  const number = value / 10 ** decimals;
  return negative ? -number : number;
}

/** Writes a number; `null` is no value. @throws RangeError when it has too many digits. */
export function writeNumber(
  value: number | null,
  { bytes, decimals, sign }: { readonly bytes: number; readonly decimals: number; readonly sign: Sign },
): Buffer {
  if (value === null) return Buffer.alloc(bytes, MISSING_BYTE);
  const digits = String(Math.round(Math.abs(value) * 10 ** decimals)).padStart(bytes * 2, "0");
  const raw = Buffer.from(digits, "hex").reverse();
  const top = raw[bytes - 1]! >> 4;
  const room = sign === "bit" ? top < SIGN_BIT : !(sign === "f" && value < 0) || top === 0;
  if (digits.length > bytes * 2 || !room || (sign === "none" && value < 0)) {
    throw new RangeError(`${value} does not fit into ${bytes} bytes`);
  }
  if (value < 0) raw[bytes - 1]! |= (sign === "bit" ? SIGN_BIT : ALL_ONES) << 4;
  return raw;
}

/** Bytes of a time label: second, minute, hour, day, permitted delay in minutes. */
export const LABEL_BYTES = 5;

/** Stands for a time that cannot be read: the intake refuses 1970, keeps the reading at its arrival and doubts it. */
export const UNREADABLE_TIME: Micros = 0;

/** Months looked at for a day without one: of two in a row one has 31 days. */
const MONTHS = [-2, -1, 0, 1];

/**
 * Reads a time label (Tp). It says no month: the one is meant that brings it nearest to `now`. `zone`: the station's offset from UTC.
 */
export function readLabel(
  data: Uint8Array,
  at: number,
  { now, zone }: { now: Micros; zone: Micros },
): Micros {
  const [second, minute, hour, day] = [0, 1, 2, 3].map((i) => bcdPair(data[at + i]!)) as [
    number,
    number,
    number,
    number,
  ];
  if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31) return UNREADABLE_TIME;
  const local = new Date((now + zone) / MILLISECOND);
  let nearest = UNREADABLE_TIME;
  for (const month of MONTHS) {
    const first = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + month, 1);
    const days = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + month + 1, 0)).getUTCDate();
    if (day > days) continue;
    const time =
      first * MILLISECOND + (day - 1) * DAY + hour * HOUR + minute * MINUTE + second * SECOND - zone;
    if (Math.abs(time - now) < Math.abs(nearest - now)) nearest = time;
  }
  return nearest;
}

/** Writes a time label; `delay` in minutes, 0: any. */
export function writeLabel(time: Micros, zone: Micros, delay = 0): Buffer {
  const local = new Date(Math.floor((time + zone) / MILLISECOND));
  const parts = [
    local.getUTCSeconds(),
    local.getUTCMinutes(),
    local.getUTCHours(),
    local.getUTCDate(),
    delay,
  ];
  return Buffer.from(parts.map((part) => String(part).padStart(2, "0")).join(""), "hex");
}

/** Two decimal digits, or more than any part of a time may be. */
function bcdPair(byte: number): number {
  const high = byte >> 4;
  const low = byte & 0xf;
  return high > 9 || low > 9 ? Number.POSITIVE_INFINITY : high * 10 + low;
}
