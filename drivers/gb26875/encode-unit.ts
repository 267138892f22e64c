import type { Micros } from "../../model/time.ts";
import { TIME_BYTES, UNSET, writeTime } from "./timestamp.ts";
import { DESCRIPTION_BYTES, type InformationObject, OBJECT_FIELDS, TYPE, type UnitType } from "./unit.ts";

const COUNT_MAX = 255;
const TEXT_MAX = 255;

/** An object to be written: what is left out is 0, empty or not set. */
export type WrittenObject = Partial<InformationObject>;

export interface EncodeOptions {
  /** Offset of the clock that times are written in. */
  readonly zone: Micros;
  /** Leave the description of component states out, as some vendors do. */
  readonly short?: boolean;
}

/**
 * An application unit as it goes over the wire.
 * @throws RangeError when there are no objects or too many, a text is too long, or a number does not fit its field.
 */
export function encodeUnit(
  type: UnitType,
  objects: readonly WrittenObject[],
  options: EncodeOptions,
): Buffer {
  if (objects.length === 0 || objects.length > COUNT_MAX) {
    throw new RangeError(`a unit has 1 to ${COUNT_MAX} objects, not ${objects.length}`);
  }
  const parts: Buffer[] = [Buffer.of(type, objects.length)];
  for (const object of objects) parts.push(encodeObject(type, object, options));
  return Buffer.concat(parts);
}

function encodeObject(type: UnitType, object: WrittenObject, options: EncodeOptions): Buffer {
  const out: Buffer[] = [];
  for (const field of OBJECT_FIELDS[type]) {
    switch (field) {
      case "address":
        out.push(number(4, (bytes) => bytes.writeUInt32LE(object.address ?? 0)));
        break;
      case "state":
        out.push(number(2, (bytes) => bytes.writeUInt16LE(object.flags ?? 0)));
        break;
      case "raw":
        out.push(number(2, (bytes) => bytes.writeInt16LE(object.raw ?? 0)));
        break;
      case "description":
        if (options.short !== true || type !== TYPE.componentState) out.push(description(object.text));
        break;
      case "text": {
        const text = object.text ?? Buffer.alloc(0);
        if (text.length > TEXT_MAX) throw new RangeError(`a text has at most ${TEXT_MAX} bytes`);
        out.push(Buffer.of(text.length), text);
        break;
      }
      case "time":
        out.push(time(object.time, options.zone));
        break;
      case "reserved":
        out.push(Buffer.alloc(1));
        break;
      default:
        out.push(number(1, (bytes) => bytes.writeUInt8(object[field] ?? 0)));
    }
  }
  return Buffer.concat(out);
}

function number(bytes: number, write: (to: Buffer) => void): Buffer {
  const to = Buffer.alloc(bytes);
  write(to);
  return to;
}

function description(text: Buffer | undefined): Buffer {
  const out = Buffer.alloc(DESCRIPTION_BYTES);
  if (text === undefined) return out;
  if (text.length > DESCRIPTION_BYTES)
    throw new RangeError(`a description has at most ${DESCRIPTION_BYTES} bytes`);
  out.set(text);
  return out;
}

function time(at: Micros | undefined, zone: Micros): Buffer {
  const bytes = at === undefined || Number.isNaN(at) ? UNSET : writeTime(at, zone);
  return Buffer.from(bytes.buffer, bytes.byteOffset, TIME_BYTES);
}
