/*
 * The other way of drivers/lorawan/codecs/milesight.js: what the products say, as bytes (channel, type, value; little-endian), from
 * the facts of their user guides.
 */

/** What a codec would make of the bytes. */
export type Decoded = Readonly<Record<string, unknown>>;

interface Part {
  /** Channel and type. */
  readonly head: number;
  /** The value's bytes; undefined: the device does not say this now. */
  readonly value: (data: Decoded) => Buffer | undefined;
}

const PARTS: readonly Part[] = [
  { head: 0x0175, value: ({ battery }) => unsigned(battery, 1) },
  { head: 0x058e, value: ({ gas }) => unsigned(gas, 1) },
  { head: 0x0601, value: ({ valve }) => unsigned(valve, 1) },
  { head: 0x0701, value: ({ relay }) => unsigned(relay, 1) },
  { head: 0x0890, value: ({ life_seconds }) => unsigned(life_seconds, 4) },
  { head: 0xff3f, value: ({ event }) => unsigned(event, 1) },
  { head: 0x03cf, value: tilt },
  { head: 0x0377, value: ({ depth_cm }) => unsigned(depth_cm, 2) },
  { head: 0x037b, value: ({ pressure_kpa }) => unsigned(pressure_kpa, 2) },
];

/** Hundredths of a degree in one. */
const TILT_SCALE = 100;
/** All three axes have moved. */
const ALL_AXES = 7;

/** The payload of one uplink. */
export function milesightPayload(data: Decoded): Buffer {
  const parts: Buffer[] = [];
  for (const { head, value } of PARTS) {
    const bytes = value(data);
    if (bytes !== undefined) parts.push(Buffer.from([head >> 8, head & 0xff]), bytes);
  }
  return Buffer.concat(parts);
}

function unsigned(value: unknown, length: 1 | 2 | 4): Buffer | undefined {
  if (typeof value !== "number") return undefined;
  const bytes = Buffer.alloc(length);
  bytes.writeUIntLE(Math.min(Math.max(Math.round(value), 0), 2 ** (8 * length) - 1), 0, length);
  return bytes;
}

function tilt({ tilt_x, tilt_y, tilt_z, moved }: Decoded): Buffer | undefined {
  const axes = [tilt_x, tilt_y, tilt_z];
  if (axes.every((axis) => typeof axis !== "number")) return undefined;
  const bytes = Buffer.alloc(7);
  for (const [index, axis] of axes.entries()) {
    const hundredths = Math.round((typeof axis === "number" ? axis : 0) * TILT_SCALE);
    bytes.writeInt16LE(Math.min(Math.max(hundredths, -(2 ** 15)), 2 ** 15 - 1), 2 * index);
  }
  bytes[6] = moved === 1 ? ALL_AXES : 0;
  return bytes;
}
