import { ConfigurationError } from "../model/error.ts";
import { MILLISECOND, type Micros } from "../model/time.ts";

/** Before this our own clock was never set (no battery, no NTP yet), and nobody is told the time. */
const EARLIEST: Micros = Date.UTC(2020, 0, 1) * MILLISECOND;

/** Whether our own clock can be told to others; `wall` is what it shows. */
export function knowsTime(wall: Micros): boolean {
  return wall >= EARLIEST;
}

/** Our time, for a clock that somebody wants to be set. @throws ConfigurationError COMMAND_USAGE when ours was never set itself */
export function timeToTell(wall: Micros): Micros {
  if (knowsTime(wall)) return wall;
  throw new ConfigurationError(
    "COMMAND_USAGE",
    "the gateway's own clock was never set: nobody is told the time",
    {
      hint: "see that the machine gets its time by NTP, or set it",
    },
  );
}
