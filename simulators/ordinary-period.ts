import { MINUTE, type Micros, SECOND } from "../model/time.ts";
import type { Instrument } from "./instrument.ts";

/** How often a device speaks whose profile says nothing about it. */
const DEFAULT_EVERY: Micros = 10 * SECOND;
/** A device that speaks when something happens still says so much, at most this rarely. */
const SELDOM: Micros = MINUTE;
/** Of its longest normal silence, a device uses this part. */
const LIVENESS_SHARE = 3;

/** How often a device speaks by its profile: its shortest period, else some part of its longest normal silence. */
export function ordinaryPeriod({ device }: Instrument): Micros {
  const periods = device.channels.filter(({ period }) => period > 0).map(({ period }) => period);
  if (periods.length > 0) return Math.min(...periods);
  if (device.liveness > 0) return Math.min(SELDOM, Math.ceil(device.liveness / LIVENESS_SHARE));
  return device.channels.every(({ report }) => report === "on-change") ? SELDOM : DEFAULT_EVERY;
}
