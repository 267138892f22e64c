import { isDiscrete, type Quantity } from "../model/quantity.ts";
import { SECOND } from "../model/time.ts";
import type { SignalPart } from "./signal-schema.ts";

/** What an instrument shows on an ordinary day, in the quantity's own unit, where that is not nothing. */
const ORDINARY: Partial<Record<Quantity, number>> = {
  temperature: 18,
  humidity: 55,
  pressure: 101.3,
  water_level: 1,
  water_depth: 1,
  sample_flow: 0.5,
  frequency: 25,
  rotation: 1_480,
  // A sine has a crest factor of √2 and a kurtosis of 1.5; a healthy machine lies a little above.
  ratio: 3,
  loop_current: 4,
  voltage: 220,
  battery: 95,
  battery_voltage: 3.6,
  signal: -71,
  conductivity: 400,
  particulate: 35,
  water_mass: 2,
  ph: 7.2,
  wind_direction: 180,
  soil_moisture: 20,
  sound_level: 40,
  service_time: 1_200,
};

/** Chance that instruments show in rest, in the quantity's own unit. */
const FLICKER: Partial<Record<Quantity, number>> = {
  temperature: 0.1,
  humidity: 0.3,
  water_level: 0.002,
  water_depth: 0.002,
  sample_flow: 0.01,
  frequency: 0.2,
};

/** Gas instruments of the county's kind count up about every two seconds (devices.md: Midas 2 s, XNX 5 s). */
const HEARTBEAT_EVERY = 2 * SECOND;

/**
 * What a channel measures when its scenario says nothing of it: an ordinary day. `greatest` is the largest value that
 * fits where it stands, for counters.
 */
export function calmSignal(
  channel: {
    quantity: Quantity;
    report: "periodic" | "on-change";
    range?: { low: number; high: number } | undefined;
  },
  greatest: number,
): SignalPart[] {
  const { quantity, range } = channel;
  if (quantity === "heartbeat") {
    return [{ counter: { from: 0, by: 1, every: HEARTBEAT_EVERY, wraps: greatest + 1 } }];
  }
  if (isDiscrete(quantity)) return [{ constant: 0 }];
  let value = ORDINARY[quantity] ?? 0;
  if (range !== undefined) value = Math.min(range.high, Math.max(range.low, value));
  const parts: SignalPart[] = [{ constant: value }];
  const amplitude = FLICKER[quantity];
  // What is only told when it changes does not flicker.
  if (amplitude !== undefined && channel.report === "periodic")
    parts.push({ noise: { amplitude, shape: "gaussian", every: SECOND } });
  return parts;
}
