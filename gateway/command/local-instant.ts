import { MILLISECOND, type Micros } from "../../model/time.ts";

/** `2026-05-21`, `2026-05-21 08:00`, `2026-05-21T08:00:30`. */
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/**
 * A date, or a date with a time, as clocks in `timeZone` (an IANA name) show it; undefined when the text is neither. A time that a
 * change of clocks leaves out is taken as if the clock had not been changed yet.
 */
export function localInstant(text: string, timeZone: string): Micros | undefined {
  const match = LOCAL.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const shown = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  const back = new Date(shown);
  // The 30th of February is a mistake, not the 2nd of March.
  if (back.getUTCMonth() !== month! - 1 || back.getUTCDate() !== day! || back.getUTCHours() !== hour!) {
    return undefined;
  }
  // The offset at the instant itself, found in two steps: the first may be on the other side of a change of clocks.
  const first = shown - offset(shown, timeZone);
  return (shown - offset(first, timeZone)) * MILLISECOND;
}

/** How far clocks in the zone are ahead of UTC, ms. */
function offset(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const shown = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shown - Math.floor(instant / 1_000) * 1_000;
}
