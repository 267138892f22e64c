import { MILLISECOND, type Micros } from "../../../model/time.ts";

/** An instant on a site's clock on the wall. */
interface LocalTime {
  /** `2026-05-21`. */
  readonly date: string;
  /** `14:30:05`. */
  readonly clock: string;
  /** `+08:00`. */
  readonly offset: string;
}

function localTime(time: Micros, timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "longOffset",
  });
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(Math.floor(time / MILLISECOND))) parts[type] = value;
  const offset = /[+-]\d{2}:\d{2}/.exec(parts.timeZoneName ?? "")?.[0] ?? "";
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    clock: `${parts.hour}:${parts.minute}:${parts.second}`,
    // CAP 1.2, 3.3.2: `Z` must not be used; UTC is written as -00:00.
    offset: offset === "" || offset === "+00:00" ? "-00:00" : offset,
  };
}

/** The dateTime of CAP: whole seconds with a numeric offset, `2026-05-21T14:30:05+08:00`. */
export function capTime(time: Micros, timeZone: string): string {
  const { date, clock, offset } = localTime(time, timeZone);
  return `${date}T${clock}${offset}`;
}

/** `20260521143005`, as in the identifiers of GB/T 35965.1. */
export function compactTime(time: Micros, timeZone: string): string {
  const { date, clock } = localTime(time, timeZone);
  return `${date}${clock}`.replaceAll(/[-:]/g, "");
}
