import { HOUR, MILLISECOND, MINUTE, type Micros } from "../../model/time.ts";
import { offsetsOf } from "../../model/zone.ts";

/*
 * From a local date and time to an instant, where the zone has summer time: an hour of the year occurs twice, another not at all.
 */

/** A UTC offset such as `+08:00`. */
export const OFFSET_PATTERN = /^([+-])(\d\d):?(\d\d)$/;

/** A local time that occurs twice: which of the two nobody can tell. */
export const TWICE = Number.NaN;

/** The instant of a local time (as if it were UTC), `TWICE`, or undefined when the clocks skipped it. */
export type LocalZone = (local: Micros) => Micros | undefined;

/** Zones change by quarters of an hour, at whole quarters: the answer for one is the answer for all its seconds. */
const QUARTER: Micros = 15 * MINUTE;
/** Further apart than any offset from UTC (at most 14 hours): before it the old offset holds, after it the new. */
const DAY_AROUND: Micros = 24 * HOUR;

/** Whether a text names a zone: an offset, or a name of the IANA database. */
export function isZone(zone: string): boolean {
  if (OFFSET_PATTERN.test(zone)) return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Compiles a zone that `isZone` has accepted. */
export function localZone(zone: string): LocalZone {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return (local) => local - fixed;
  const offsetAt = inMicros(offsetsOf(zone));
  let quarter = Number.NaN;
  let found: Micros | undefined;
  return (local) => {
    const now = Math.floor(local / QUARTER) * QUARTER;
    if (now !== quarter) {
      quarter = now;
      found = offsetHere(now, offsetAt);
    }
    return found === undefined ? undefined : local - found;
  };
}

/** The offset of a zone at an instant, ahead of UTC. */
export function zoneOffset(zone: string, at: Micros): Micros {
  return fixedOffset(zone) ?? inMicros(offsetsOf(zone))(at);
}

function fixedOffset(zone: string): Micros | undefined {
  const match = OFFSET_PATTERN.exec(zone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * MINUTE;
}

function offsetHere(local: Micros, offsetAt: (at: Micros) => Micros): Micros | undefined {
  const before = offsetAt(local - DAY_AROUND);
  const after = offsetAt(local + DAY_AROUND);
  const fits = (offset: Micros) => offsetAt(local - offset) === offset;
  if (before === after) return before;
  if (fits(before)) return fits(after) ? TWICE : before;
  return fits(after) ? after : undefined;
}

function inMicros(offsetAt: (instant: number) => number): (at: Micros) => Micros {
  return (at) => offsetAt(at / MILLISECOND) * MILLISECOND;
}
