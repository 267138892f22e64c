import { DeviceError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import { readTime, TIME_BYTES } from "./timestamp.ts";

/*
 * The application unit (8.1): type, number of objects, objects. Up-going types 1 to 28 tell, down-going types 61 to 91 ask and
 * command. Types 9 to 20, 22, 23, 27, 29 to 60 and some above are reserved; 128 to 254 belong to users.
 */

/** Types of application units (table 3). */
export const TYPE = {
  systemState: 1,
  componentState: 2,
  componentAnalog: 3,
  systemOperation: 4,
  systemVersion: 5,
  systemConfiguration: 6,
  componentConfiguration: 7,
  systemTime: 8,
  deviceState: 21,
  deviceOperation: 24,
  deviceVersion: 25,
  deviceConfiguration: 26,
  deviceTime: 28,
  readSystemState: 61,
  readComponentState: 62,
  readComponentAnalog: 63,
  readSystemOperation: 64,
  readSystemVersion: 65,
  readSystemConfiguration: 66,
  readComponentConfiguration: 67,
  readSystemTime: 68,
  readDeviceState: 81,
  readDeviceOperation: 84,
  readDeviceVersion: 85,
  readDeviceConfiguration: 86,
  readDeviceTime: 88,
  initialise: 89,
  setClock: 90,
  dutyCheck: 91,
} as const;
export type UnitType = (typeof TYPE)[keyof typeof TYPE];

/** First type that belongs to users. */
export const FIRST_USER_TYPE = 128;
/** Bytes of a component's description (8.2.1.2). */
export const DESCRIPTION_BYTES = 31;
/** Type and number of objects. */
export const UNIT_HEADER_BYTES = 2;

/** One object of a unit. Fields that its type does not have are 0, empty or NaN. */
export interface InformationObject {
  readonly system: number;
  readonly systemAddress: number;
  readonly component: number;
  /** Address of the component, its four bytes little-endian: commonly zone in the lower and point in the upper half. */
  readonly address: number;
  /** State word, operation flags, or (type 91) minutes. */
  readonly flags: number;
  /** Kind of analog value. */
  readonly analog: number;
  /** The analog value's raw number. */
  readonly raw: number;
  readonly operator: number;
  /** Version, before and after the point. */
  readonly major: number;
  readonly minor: number;
  /** Records asked for. */
  readonly records: number;
  /** GB18030, filled up. A window on the receiver's buffer. */
  readonly text: Buffer;
  /** When it happened, or what the clock says; NaN when it is not set. */
  readonly time: Micros;
}

export interface Unit {
  readonly type: UnitType;
  readonly objects: readonly InformationObject[];
}

export interface UnitOptions {
  /** Offset of the device's clock from UTC. */
  readonly zone: Micros;
  /** Component states without their description are accepted (a deviation of vendors). */
  readonly shortComponents: boolean;
}

type Field =
  | "system"
  | "systemAddress"
  | "component"
  | "address"
  | "flags"
  | "state"
  | "analog"
  | "raw"
  | "operator"
  | "major"
  | "minor"
  | "records"
  | "reserved"
  | "description"
  | "text"
  | "time";

const FIELD_BYTES: Readonly<Record<Exclude<Field, "text">, number>> = {
  system: 1,
  systemAddress: 1,
  component: 1,
  address: 4,
  flags: 1,
  state: 2,
  analog: 1,
  raw: 2,
  operator: 1,
  major: 1,
  minor: 1,
  records: 1,
  reserved: 1,
  description: DESCRIPTION_BYTES,
  time: TIME_BYTES,
};

const SYSTEM: readonly Field[] = ["system", "systemAddress"];
const COMPONENT: readonly Field[] = [...SYSTEM, "component", "address"];

/** What an object of each type is made of, in order. `text` has its length before it. */
export const OBJECT_FIELDS: Readonly<Record<UnitType, readonly Field[]>> = {
  [TYPE.systemState]: [...SYSTEM, "state", "time"],
  [TYPE.componentState]: [...COMPONENT, "state", "description", "time"],
  [TYPE.componentAnalog]: [...COMPONENT, "analog", "raw", "time"],
  [TYPE.systemOperation]: [...SYSTEM, "flags", "operator", "time"],
  [TYPE.systemVersion]: [...SYSTEM, "major", "minor"],
  [TYPE.systemConfiguration]: [...SYSTEM, "text"],
  [TYPE.componentConfiguration]: [...COMPONENT, "description"],
  [TYPE.systemTime]: [...SYSTEM, "time"],
  [TYPE.deviceState]: ["flags", "time"],
  [TYPE.deviceOperation]: ["flags", "operator", "time"],
  [TYPE.deviceVersion]: ["major", "minor"],
  [TYPE.deviceConfiguration]: ["text"],
  [TYPE.deviceTime]: ["time"],
  [TYPE.readSystemState]: SYSTEM,
  [TYPE.readComponentState]: [...SYSTEM, "address"],
  [TYPE.readComponentAnalog]: [...SYSTEM, "address"],
  [TYPE.readSystemOperation]: [...SYSTEM, "records", "time"],
  [TYPE.readSystemVersion]: SYSTEM,
  [TYPE.readSystemConfiguration]: SYSTEM,
  [TYPE.readComponentConfiguration]: [...SYSTEM, "address"],
  [TYPE.readSystemTime]: SYSTEM,
  [TYPE.readDeviceState]: ["reserved"],
  [TYPE.readDeviceOperation]: ["records", "time"],
  [TYPE.readDeviceVersion]: ["reserved"],
  [TYPE.readDeviceConfiguration]: ["reserved"],
  [TYPE.readDeviceTime]: ["reserved"],
  [TYPE.initialise]: ["reserved"],
  [TYPE.setClock]: ["time"],
  [TYPE.dutyCheck]: ["flags"],
};

const SHORT_COMPONENT_STATE = OBJECT_FIELDS[TYPE.componentState].filter((field) => field !== "description");

/** Bytes of an object; undefined when that depends on its text. */
export function objectBytes(fields: readonly Field[]): number | undefined {
  let bytes = 0;
  for (const field of fields) {
    if (field === "text") return undefined;
    bytes += FIELD_BYTES[field];
  }
  return bytes;
}

const SIZES: ReadonlyMap<readonly Field[], number | undefined> = new Map(
  [...Object.values(OBJECT_FIELDS), SHORT_COMPONENT_STATE].map((fields) => [fields, objectBytes(fields)]),
);

const NOTHING = Buffer.alloc(0);

/**
 * Takes an application unit apart.
 * @throws DeviceError DEVICE_UNDECODABLE when its type is not in the standard, or its length does not fit its objects.
 */
export function decodeUnit(unit: Buffer, options: UnitOptions): Unit {
  if (unit.length < UNIT_HEADER_BYTES) throw undecodable(`a unit of ${unit.length} bytes has no objects`);
  const type = unit[0]!;
  const count = unit[1]!;
  if (!isUnitType(type)) {
    throw undecodable(
      `unit type ${type} is ${type >= FIRST_USER_TYPE ? "the vendor's own" : "not in the standard"}`,
    );
  }
  if (count === 0) throw undecodable(`unit type ${type} without any object`);
  const fields = fieldsOf(type, unit, options);
  const objects: InformationObject[] = [];
  let at = UNIT_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const object = blank();
    at = readObject(unit, at, { fields, object, zone: options.zone });
    objects.push(object);
  }
  if (at !== unit.length) {
    throw undecodable(`unit type ${type}: ${unit.length - at} bytes behind its ${count} objects`);
  }
  return { type, objects };
}

/** Whether a type is one of the standard's. */
export function isUnitType(type: number): type is UnitType {
  return type in OBJECT_FIELDS;
}

/** The fields of this unit's objects: by the type, or by the size where vendors leave the description out. */
function fieldsOf(type: UnitType, unit: Buffer, { shortComponents }: UnitOptions): readonly Field[] {
  const fields = OBJECT_FIELDS[type];
  const size = SIZES.get(fields);
  const bytes = unit.length - UNIT_HEADER_BYTES;
  const count = unit[1]!;
  if (size === undefined || bytes === size * count) return fields;
  if (
    type === TYPE.componentState &&
    shortComponents &&
    bytes === SIZES.get(SHORT_COMPONENT_STATE)! * count
  ) {
    return SHORT_COMPONENT_STATE;
  }
  throw undecodable(`unit type ${type}: ${count} objects of ${size} bytes do not fit into ${bytes}`);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function blank(): Writable<InformationObject> {
  return {
    system: 0,
    systemAddress: 0,
    component: 0,
    address: 0,
    flags: 0,
    analog: 0,
    raw: 0,
    operator: 0,
    major: 0,
    minor: 0,
    records: 0,
    text: NOTHING,
    time: Number.NaN,
  };
}

function readObject(
  unit: Buffer,
  from: number,
  to: { fields: readonly Field[]; object: Writable<InformationObject>; zone: Micros },
): number {
  const { fields, object } = to;
  let at = from;
  for (const field of fields) {
    switch (field) {
      case "address":
        object.address = unit.readUInt32LE(at);
        break;
      case "state":
        object.flags = unit.readUInt16LE(at);
        break;
      case "raw":
        object.raw = unit.readInt16LE(at);
        break;
      case "description":
        object.text = unit.subarray(at, at + DESCRIPTION_BYTES);
        break;
      case "time":
        object.time = readTime(unit, at, to.zone);
        break;
      case "reserved":
        break;
      case "text": {
        const length = unit[at];
        if (length === undefined || at + 1 + length > unit.length)
          throw undecodable("a text is longer than its unit");
        object.text = unit.subarray(at + 1, at + 1 + length);
        at += length + 1;
        continue;
      }
      default: {
        const byte = unit[at];
        // Types of variable length only: the others were measured before.
        if (byte === undefined) throw undecodable("the last object is cut short");
        object[field] = byte;
      }
    }
    at += FIELD_BYTES[field];
  }
  return at;
}

function undecodable(message: string): DeviceError {
  return new DeviceError("DEVICE_UNDECODABLE", message);
}
