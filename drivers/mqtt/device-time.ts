import { MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { type TimeOption, ZONE_PATTERN } from "./profile.ts";

/**
 * Stands for a time that is there and cannot be read. It is 1970, which the gateway refuses like any implausible time
 * (semantics.md 13): the reading is kept at its arrival, can raise and cannot clear, and the device gets a clock fault.
 */
export const UNREADABLE_TIME: Micros = 0;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?([Zz]|[+-]\d\d:?\d\d)$/;
/** Some devices write a Z behind their local time. Also without separators, as counters and Chinese NB-IoT platforms write it: 20260521143005. */
const LOCAL = /^(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)[Tt ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?[Zz]?$/;

const NUMBER = /^\s*\d+(\.\d*)?\s*$/;

/** Reads a device's time; never NaN. */
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
        return match === null ? UNREADABLE_TIME : instant(match, offsetOf(match[8]!));
      };
    case "local": {
      const offset = offsetOf(option.zone ?? "+00:00");
      return (raw) => {
        const match = LOCAL.exec(String(raw));
        return match === null ? UNREADABLE_TIME : instant(match, offset);
      };
    }
  }
}

function scaled(raw: string | number, unit: Micros): Micros {
  const number = typeof raw === "number" ? raw : NUMBER.test(raw) ? Number(raw) : Number.NaN;
  const time = Math.round(number * unit);
  return Number.isSafeInteger(time) && time >= 0 ? time : UNREADABLE_TIME;
}

function offsetOf(zone: string): Micros {
  const match = ZONE_PATTERN.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * MINUTE;
}

function instant(match: RegExpExecArray, offset: Micros): Micros {
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? 0);
  // A leap second is written as 60 (RFC 3339, 5.6).
  if (hour > 23 || minute > 59 || second > 60) return UNREADABLE_TIME;
  const date = new Date(Date.UTC(Number(match[1]), month - 1, day, hour, minute, 0));
  // 31 February would roll over into March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return UNREADABLE_TIME;
  const fraction = match[7] === undefined ? 0 : Math.round(Number(`0.${match[7]}`) * SECOND);
  return Math.max(0, date.getTime() * MILLISECOND + second * SECOND + fraction - offset);
}
