import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { describe } from "../../model/error.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { DATA_TYPE, fromInt, fromLong } from "./data-type.ts";

/*
 * Reads the wire by the field numbers of sparkplug.proto, without an object for each metric: one `Metric` is overwritten from
 * metric to metric, and templates and datasets stay where they are until somebody wants them.
 */

/** Metrics in one payload, templates' members not counted. Beyond it the payload is refused, so that none stalls the gateway. */
export const METRICS_MAX = 100_000;
/** Columns of a dataset and properties of a metric that are looked at. */
const COLUMNS_MAX = 1_000;
const PROPERTIES_MAX = 100;

/** What a metric carries. */
export const KIND = {
  none: 0,
  int: 1,
  long: 2,
  real: 3,
  boolean: 4,
  text: 5,
  bytes: 6,
  dataSet: 7,
  template: 8,
} as const;

/** A stretch of the payload. */
export interface Stretch {
  from: number;
  to: number;
}

/** One metric as the wire has it. Overwritten by each `readMetric`. */
export interface Metric {
  name: string;
  /** Undefined when it has none. Above 2^53 a bigint. */
  alias: number | bigint | undefined;
  /** NaN when it has none. */
  time: Micros;
  /** 0 when it says none, as data messages may. */
  dataType: number;
  historical: boolean;
  isNull: boolean;
  /** The property `Quality`; NaN when it is not there. */
  quality: number;
  kind: number;
  /** Of `int`, `real` and `boolean`. */
  number: number;
  long: bigint;
  text: string;
  /** Of `bytes`, `dataSet` and `template`. */
  inside: Stretch;
}

/** A fresh metric to read into. */
export function emptyMetric(): Metric {
  return {
    name: "",
    alias: undefined,
    time: Number.NaN,
    dataType: 0,
    historical: false,
    isNull: false,
    quality: Number.NaN,
    kind: KIND.none,
    number: Number.NaN,
    long: 0n,
    text: "",
    inside: { from: 0, to: 0 },
  };
}

/** A payload that is none. Caught where messages arrive; never leaves the driver. */
export class PayloadError extends Error {}

/** The outline of a payload: its metrics are read one by one. */
export class Payload {
  /** NaN when it has none. */
  readonly time: Micros;
  /** NaN when it has none. */
  readonly seq: number;
  readonly #reader: BinaryReader;
  /** From and to of each metric. */
  readonly #places: number[] = [];

  /** @throws PayloadError when the bytes are no payload, or a metric does not lie within it. */
  constructor(bytes: Uint8Array) {
    const reader = new BinaryReader(bytes);
    this.#reader = reader;
    let time = Number.NaN;
    let seq = Number.NaN;
    sensibly(() => {
      while (reader.pos < bytes.length) {
        const [field, wire] = reader.tag();
        if (field === 1 && wire === WireType.Varint) time = milliseconds(uint64(reader));
        else if (field === 3 && wire === WireType.Varint) seq = Number(reader.uint64());
        else if (field === 2 && wire === WireType.LengthDelimited) {
          const inside = stretch(reader, bytes.length);
          this.#places.push(inside.from, inside.to);
          if (this.#places.length > 2 * METRICS_MAX)
            throw new PayloadError(`more than ${METRICS_MAX} metrics`);
        } else pass(reader, { field, wire }, bytes.length);
      }
    });
    this.time = time;
    this.seq = seq;
  }

  get length(): number {
    return this.#places.length / 2;
  }

  /** Reads one of its metrics. @throws PayloadError */
  metric(index: number, into: Metric): void {
    const from = this.#places[2 * index]!;
    const to = this.#places[2 * index + 1]!;
    sensibly(() => readMetric(this.#reader, { from, to }, into));
  }

  /** Calls `member` for every metric of a template; it is overwritten from one to the next. @throws PayloadError */
  members(template: Stretch, member: Metric, each: () => void): void {
    const { from, to } = template;
    sensibly(() => {
      const reader = this.#reader;
      let at = from;
      while (at < to) {
        reader.pos = at;
        const [field, wire] = reader.tag();
        if (field === 2 && wire === WireType.LengthDelimited) {
          const inside = stretch(reader, to);
          at = inside.to;
          readMetric(reader, inside, member);
          each();
        } else {
          pass(reader, { field, wire }, to);
          at = reader.pos;
        }
      }
    });
  }

  /**
   * The value of a column in a row of a dataset, as a metric's value; false when it has no such column or row. @throws PayloadError
   */
  cell(dataSet: Stretch, wanted: { column: string; row: number }, into: Metric): boolean {
    const { from, to } = dataSet;
    return sensibly(() => {
      const reader = this.#reader;
      reader.pos = from;
      let column = -1;
      let columns = 0;
      let rows = 0;
      const types: number[] = [];
      let row: Stretch | undefined;
      while (reader.pos < to) {
        const [field, wire] = reader.tag();
        if (field === 2 && wire === WireType.LengthDelimited) {
          if (columns >= COLUMNS_MAX) throw new PayloadError(`more than ${COLUMNS_MAX} columns`);
          if (reader.string() === wanted.column) column = columns;
          columns++;
        } else if (field === 3 && wire === WireType.Varint) types.push(reader.uint32());
        else if (field === 3 && wire === WireType.LengthDelimited) {
          const packed = stretch(reader, to);
          reader.pos = packed.from;
          while (reader.pos < packed.to) types.push(reader.uint32());
        } else if (field === 4 && wire === WireType.LengthDelimited) {
          const inside = stretch(reader, to);
          if (rows++ === wanted.row) row = inside;
          reader.pos = inside.to;
        } else pass(reader, { field, wire }, to);
      }
      if (column < 0 || row === undefined) return false;
      return readCell(reader, { row, column }, Object.assign(into, { dataType: types[column] ?? 0 }));
    });
  }
}

/** The number a metric carries under a data type; NaN when it is none. */
export function numberOf(metric: Metric, dataType: number): number {
  switch (metric.kind) {
    case KIND.int:
      return dataType === DATA_TYPE.boolean ? Number(metric.number !== 0) : fromInt(metric.number, dataType);
    case KIND.long:
      return dataType === DATA_TYPE.boolean ? Number(metric.long !== 0n) : fromLong(metric.long, dataType);
    default:
      return metric.number;
  }
}

/** Runs what reads the wire; whatever it trips over is a payload that is none. */
function sensibly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PayloadError) throw error;
    throw new PayloadError(describe(error), { cause: error });
  }
}

/** The library gives a text where there is no BigInt; here there is. */
function uint64(reader: BinaryReader): bigint {
  return BigInt(reader.uint64());
}

function milliseconds(raw: bigint): Micros {
  return Number(raw) * MILLISECOND;
}

/** The place of a length-delimited field, left behind. */
function stretch(reader: BinaryReader, end: number): Stretch {
  const length = reader.uint32();
  const from = reader.pos;
  const to = from + length;
  if (to > end) throw new PayloadError("a field is longer than what it stands in");
  reader.pos = to;
  return { from, to };
}

function pass(reader: BinaryReader, { field, wire }: { field: number; wire: WireType }, end: number): void {
  // Sparkplug has no groups; reading them would go as deep as a hostile payload wants.
  if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw new PayloadError("a group");
  reader.skip(wire, field);
  if (reader.pos > end) throw new PayloadError("a field is longer than what it stands in");
}

function readMetric(reader: BinaryReader, { from, to }: Stretch, into: Metric): void {
  into.name = "";
  into.alias = undefined;
  into.time = Number.NaN;
  into.dataType = DATA_TYPE.unknown;
  into.historical = false;
  into.isNull = false;
  into.quality = Number.NaN;
  clearValue(into);
  reader.pos = from;
  while (reader.pos < to) {
    const [field, wire] = reader.tag();
    const form = METRIC_WIRES[field];
    if (form === undefined || form !== wire) {
      if (form !== undefined) throw new PayloadError(`field ${field} of a metric is of another type`);
      pass(reader, { field, wire }, to);
      continue;
    }
    switch (field) {
      case 1:
        into.name = reader.string();
        break;
      case 2:
        into.alias = aliasOf(uint64(reader));
        break;
      case 3:
        into.time = milliseconds(uint64(reader));
        break;
      case 4:
        into.dataType = reader.uint32();
        break;
      case 5:
        into.historical = reader.bool();
        break;
      case 7:
        into.isNull = reader.bool();
        break;
      case 9:
        into.quality = readQuality(reader, stretch(reader, to));
        break;
      default:
        readValue(reader, { value: field - 9, end: to }, into);
    }
  }
  if (reader.pos !== to) throw new PayloadError("a field is longer than the metric it stands in");
}

/** Wire types of the fields of a metric that are read. */
const METRIC_WIRES: readonly (WireType | undefined)[] = [
  undefined,
  WireType.LengthDelimited,
  WireType.Varint,
  WireType.Varint,
  WireType.Varint,
  WireType.Varint,
  undefined,
  WireType.Varint,
  undefined,
  WireType.LengthDelimited,
  WireType.Varint,
  WireType.Varint,
  WireType.Bit32,
  WireType.Bit64,
  WireType.Varint,
  WireType.LengthDelimited,
  WireType.LengthDelimited,
  WireType.LengthDelimited,
  WireType.LengthDelimited,
];

/** Wire types of an element of a dataset. */
const CELL_WIRES = [undefined, ...METRIC_WIRES.slice(10, 16)];

function clearValue(into: Metric): void {
  into.kind = KIND.none;
  into.number = Number.NaN;
  into.text = "";
}

/** `value`: 1 int, 2 long, 3 float, 4 double, 5 boolean, 6 string, 7 bytes, 8 dataset, 9 template. */
function readValue(reader: BinaryReader, { value, end }: { value: number; end: number }, into: Metric): void {
  clearValue(into);
  switch (value) {
    case 1:
      into.kind = KIND.int;
      into.number = reader.uint32();
      break;
    case 2:
      into.kind = KIND.long;
      into.long = uint64(reader);
      break;
    case 3:
      into.kind = KIND.real;
      into.number = reader.float();
      break;
    case 4:
      into.kind = KIND.real;
      into.number = reader.double();
      break;
    case 5:
      into.kind = KIND.boolean;
      into.number = Number(reader.bool());
      break;
    case 6:
      into.kind = KIND.text;
      into.text = reader.string();
      break;
    default:
      into.kind = value === 7 ? KIND.bytes : value === 8 ? KIND.dataSet : KIND.template;
      into.inside = stretch(reader, end);
  }
}

function aliasOf(raw: bigint): number | bigint {
  return raw <= Number.MAX_SAFE_INTEGER ? Number(raw) : raw;
}

/** The integer under the key `Quality` of a property set; NaN when it is not there or null. */
function readQuality(reader: BinaryReader, { from, to }: Stretch): number {
  reader.pos = from;
  let keys = 0;
  let values = 0;
  let wanted = -1;
  const found: number[] = [];
  while (reader.pos < to) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.LengthDelimited) {
      if (reader.string() === "Quality") wanted = keys;
      keys++;
    } else if (field === 2 && wire === WireType.LengthDelimited) {
      const inside = stretch(reader, to);
      if (values < PROPERTIES_MAX) found[values] = readProperty(reader, inside);
      values++;
      reader.pos = inside.to;
    } else pass(reader, { field, wire }, to);
    if (keys > PROPERTIES_MAX) break;
  }
  reader.pos = to;
  return wanted < 0 ? Number.NaN : (found[wanted] ?? Number.NaN);
}

function readProperty(reader: BinaryReader, { from, to }: Stretch): number {
  reader.pos = from;
  let number = Number.NaN;
  let isNull = false;
  while (reader.pos < to) {
    const [field, wire] = reader.tag();
    if (field === 2 && wire === WireType.Varint) isNull = reader.bool();
    else if (field === 3 && wire === WireType.Varint) number = reader.uint32();
    else if (field === 4 && wire === WireType.Varint) number = Number(reader.uint64());
    else pass(reader, { field, wire }, to);
  }
  return isNull ? Number.NaN : number;
}

function readCell(
  reader: BinaryReader,
  { row, column }: { row: Stretch; column: number },
  into: Metric,
): boolean {
  reader.pos = row.from;
  for (let at = 0; reader.pos < row.to; at++) {
    const [field, wire] = reader.tag();
    if (field !== 1 || wire !== WireType.LengthDelimited) {
      pass(reader, { field, wire }, row.to);
      at--;
      continue;
    }
    const element = stretch(reader, row.to);
    if (at !== column) continue;
    clearValue(into);
    reader.pos = element.from;
    while (reader.pos < element.to) {
      const [value, form] = reader.tag();
      if (CELL_WIRES[value] === form && form !== undefined)
        readValue(reader, { value, end: element.to }, into);
      else pass(reader, { field: value, wire: form }, element.to);
    }
    return true;
  }
  return false;
}
