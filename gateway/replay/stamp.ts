import { formatDuration, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { zoneOffset } from "../../model/zone.ts";
import type { Episode } from "./episodes.ts";

/** `2026-05-21 08:00:00`, as clocks in the zone show it. */
export function stamp(time: Micros, timeZone: string): string {
  const instant = Math.floor(time / MILLISECOND);
  const shown = new Date(instant + zoneOffset(instant, timeZone)).toISOString();
  return `${shown.slice(0, 10)} ${shown.slice(11, 19)}`;
}

/** How long an alarm lasted, in full seconds; `end`: one that still stands has lasted until then. */
export function lasting({ raised, ended }: Pick<Episode, "raised" | "ended">, end: Micros): string {
  const span = Math.round(((ended ?? end) - raised) / SECOND) * SECOND;
  return ended === undefined ? `${formatDuration(span)}, stands 未恢复` : formatDuration(span);
}
