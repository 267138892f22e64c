import { MILLISECOND, type Micros } from "../../model/time.ts";
import { instantShown } from "../../model/zone.ts";

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
  return instantShown(shown, timeZone) * MILLISECOND;
}
