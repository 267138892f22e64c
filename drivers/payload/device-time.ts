import { MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { localZone, zoneOffset } from "./local-zone.ts";
import type { TimeOption } from "./profile.ts";

/**
 * Stands for a time that is there and cannot be read. It is 1970, which the gateway refuses like any implausible time
 * (semantics.md 13): the reading is kept at its arrival, can raise and cannot clear, and the device gets a clock fault.
 */
export const UNREADABLE_TIME: Micros = 0;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?([Zz]|[+-]\d\d:?\d\d)$/;
/** Some devices write a Z behind their local time. Also without separators, as counters and Chinese NB-IoT platforms write it: 20260521143005. */
const LOCAL = /^(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)[Tt ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?[Zz]?$/;

const NUMBER = /^\s*\d+(\.\d*)?\s*$/;

/**
 * Reads a device's time. NaN: it may be either of two, an hour apart, because the clocks were set back; for what comes as it happens the
 * moment of arrival is then nearer the truth than either.
 */
export type TimeReader = (raw: string | number) => Micros;

/** Compiles how a device writes its time. */
export function compileTime(option: TimeOption): TimeReader {
  switch (option.format) {
    case "unix":
      return (raw) => scaled(raw, SECOND);
    case "unix-ms":
      return (raw) => scaled(raw, MILLISECOND);
    case "unix-us":
      return (raw) => scaled(raw, 1);
    case "rfc3339":
      return (raw) => {
        const match = typeof raw === "string" ? RFC3339.exec(raw) : null;
        return match === null
          ? UNREADABLE_TIME
          : instant(match, zoneOffset(match[8] === "Z" || match[8] === "z" ? "+00:00" : match[8]!, 0));
      };
    case "local": {
      const utc = localZone(option.zone ?? "+00:00");
      return (raw) => {
        const match = LOCAL.exec(String(raw));
        const local = match === null ? undefined : wallTime(match);
        const time = local === undefined ? undefined : utc(local);
        return time === undefined ? UNREADABLE_TIME : Math.max(0, time);
      };
    }
  }
}

function scaled(raw: string | number, unit: Micros): Micros {
  const number = typeof raw === "number" ? raw : NUMBER.test(raw) ? Number(raw) : Number.NaN;
  const time = Math.round(number * unit);
  return Number.isSafeInteger(time) && time >= 0 ? time : UNREADABLE_TIME;
}

function instant(match: RegExpExecArray, offset: Micros): Micros {
  const local = wallTime(match);
  return local === undefined ? UNREADABLE_TIME : Math.max(0, local - offset);
}

/** A date and time as if it were UTC; undefined when there is no such time. */
function wallTime(match: RegExpExecArray): Micros | undefined {
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? 0);
  // A leap second is written as 60 (RFC 3339, 5.6).
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(Number(match[1]), month - 1, day, hour, minute, 0));
  // 31 February would roll over into March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const fraction = match[7] === undefined ? 0 : Math.round(Number(`0.${match[7]}`) * SECOND);
  return date.getTime() * MILLISECOND + second * SECOND + fraction;
}
