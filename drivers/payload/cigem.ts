import { lookup, type Path } from "./path.ts";

/*
 * The wire format of 普适型 geohazard instruments (CIGEM, topic `$dp`): a type byte, the length of the JSON as two bytes
 * big-endian, JSON in UTF-8. Several devices may speak in one message, which is evaluated together.
 */

/** Values without times: `{device: {sensor: value}}`. */
const TYPE_PRESENT = 1;
/** Values with times: `{device: {sensor: {time: value}}}`. */
const TYPE_DATED = 2;
/** A file, and a part of firmware. */
const TYPE_LAST = 4;
const HEADER_BYTES = 3;
/** A brace: the variant without a header. */
const BRACE = 0x7b;
/** Devices in one message. */
const DEVICES_MAX = 1_000;

/** A payload that is not of the format. Caught where payloads arrive. */
export class CigemError extends Error {}

/** A message of the format. */
export interface CigemMessage {
  /** Undefined in the variant without a header: what looks like a time is one. */
  readonly dated: boolean | undefined;
  /** By the names of the devices. */
  readonly devices: Readonly<Record<string, unknown>>;
}

/** Takes a payload apart. @throws CigemError, or SyntaxError when its JSON is none. */
export function readCigem(payload: Buffer): CigemMessage {
  const type = payload[0] ?? 0;
  let dated: boolean | undefined;
  let json = payload;
  if (type >= TYPE_PRESENT && type <= TYPE_LAST) {
    if (type > TYPE_DATED) throw new CigemError(`type ${type} is a file or firmware, no data`);
    if (payload.length < HEADER_BYTES) throw new CigemError("the header is cut off");
    const length = payload.readUInt16BE(1);
    if (payload.length !== HEADER_BYTES + length) {
      throw new CigemError(`the header says ${length} bytes, ${payload.length - HEADER_BYTES} came`);
    }
    dated = type === TYPE_DATED;
    json = payload.subarray(HEADER_BYTES);
  } else if (json.toString("latin1", 0, 1).trim() !== "" && type !== BRACE) {
    throw new CigemError(`neither a type from 1 to 4 nor JSON: begins with ${type}`);
  }
  const devices: unknown = JSON.parse(json.toString("utf8"));
  if (typeof devices !== "object" || devices === null || Array.isArray(devices)) {
    throw new CigemError("the payload is no JSON object");
  }
  if (Object.hasOwn(devices, "bodies") && Object.hasOwn(devices, "header")) {
    throw new CigemError("the payload is encrypted (header and bodies); give the device the plain format");
  }
  if (Object.keys(devices).length > DEVICES_MAX) throw new CigemError(`more than ${DEVICES_MAX} devices`);
  return { dated, devices: devices as Record<string, unknown> };
}

/** What the sensors of one device said at one time. */
export interface CigemSample {
  /** As it was written; undefined: no time was given. */
  readonly time: string | undefined;
  readonly sensors: Record<string, unknown>;
}

/** Which sensors are wanted, and whether as one value or by fields. */
export type WantedSensors = ReadonlyMap<string, "value" | "fields">;

/** Finds out from the paths of channels and statuses which sensors are wanted. */
export function wantedSensors(paths: readonly Path[]): WantedSensors {
  const wanted = new Map<string, "value" | "fields">();
  for (const path of paths) {
    const sensor = String(path[0] ?? "");
    if (path.length === 1) wanted.set(sensor, "value");
    else if (!wanted.has(sensor)) wanted.set(sensor, "fields");
  }
  return wanted;
}

/** What one device said, time by time; undefined when it is not in the message. @throws CigemError */
export function samplesOf(
  message: CigemMessage,
  name: string,
  { wanted, bound }: { wanted: WantedSensors; bound: number },
): CigemSample[] | undefined {
  const device = lookup(message.devices, [name]);
  if (device === undefined) return undefined;
  if (typeof device !== "object" || device === null)
    throw new CigemError(`${name} says no object of sensors`);
  const samples = new Map<string | undefined, CigemSample>();
  const add = (time: string | undefined, sensor: string, value: unknown) => {
    const known = samples.get(time);
    if (known !== undefined) {
      known.sensors[sensor] = value;
      return;
    }
    if (samples.size >= bound) throw new CigemError(`more than ${bound} times in one message`);
    // A null prototype: a sensor called __proto__ is a sensor.
    const sensors: Record<string, unknown> = Object.assign(Object.create(null), { [sensor]: value });
    samples.set(time, { time, sensors });
  };
  for (const [sensor, said] of Object.entries(device)) {
    const shape = wanted.get(sensor);
    if (shape === undefined) continue;
    if (!isDated(said, message.dated)) {
      add(undefined, sensor, shaped(said, shape));
      continue;
    }
    for (const [time, value] of Object.entries(said)) add(time, sensor, shaped(value, shape));
  }
  return [...samples.values()];
}

function isDated(said: unknown, dated: boolean | undefined): said is object {
  if (typeof said !== "object" || said === null || Array.isArray(said)) return false;
  if (dated !== undefined) return dated;
  return Object.keys(said).some((key) => /^\d{4}-?\d\d-?\d\d/.test(key));
}

/** A value as the profile's paths find it: `X,Y,Z` is a list; one value is the field `value` where fields are wanted, and the reverse. */
function shaped(said: unknown, shape: "value" | "fields"): unknown {
  const value = typeof said === "string" && said.includes(",") ? said.split(",") : said;
  const isObject = typeof value === "object" && value !== null;
  if (shape === "value") return isObject && Object.hasOwn(value, "value") ? lookup(value, ["value"]) : value;
  return isObject || value === null ? value : { value };
}
