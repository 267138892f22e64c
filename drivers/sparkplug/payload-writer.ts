import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DATA_TYPE } from "./data-type.ts";

/** A cell of a dataset. */
export type Cell = number | boolean | string;

/** A metric to be written. Numbers go into the field that the specification gives their type. */
export interface WrittenMetric {
  readonly name?: string;
  readonly alias?: number | bigint;
  /** Milliseconds since 1970, UTC. */
  readonly timestamp?: number;
  readonly dataType?: number;
  /** Its birth has given its type, which is not repeated. */
  readonly announced?: boolean;
  readonly historical?: boolean;
  /** The property `Quality`. */
  readonly quality?: number;
  /** Further properties, all of them texts. */
  readonly properties?: Readonly<Record<string, string>>;
  /** null: the metric has no value. */
  readonly value?: number | bigint | boolean | string | Uint8Array | null;
  readonly template?: readonly WrittenMetric[];
  readonly dataSet?: {
    readonly columns: readonly string[];
    readonly types: readonly number[];
    readonly rows: readonly (readonly Cell[])[];
  };
}

/** A payload to be written. */
export interface WrittenPayload {
  /** Milliseconds since 1970, UTC. */
  readonly timestamp?: number;
  readonly seq?: number;
  readonly metrics?: readonly WrittenMetric[];
}

/** The bytes of a payload. */
export function writePayload({ timestamp, seq, metrics = [] }: WrittenPayload): Uint8Array {
  const writer = new BinaryWriter();
  if (timestamp !== undefined) writer.tag(1, WireType.Varint).uint64(timestamp);
  for (const metric of metrics) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writeMetric(writer, metric);
    writer.join();
  }
  if (seq !== undefined) writer.tag(3, WireType.Varint).uint64(seq);
  return writer.finish();
}

function writeMetric(writer: BinaryWriter, metric: WrittenMetric): void {
  const { name, alias, timestamp, dataType, historical, value } = metric;
  if (name !== undefined) writer.tag(1, WireType.LengthDelimited).string(name);
  if (alias !== undefined) writer.tag(2, WireType.Varint).uint64(alias);
  if (timestamp !== undefined) writer.tag(3, WireType.Varint).uint64(timestamp);
  if (dataType !== undefined && metric.announced !== true) writer.tag(4, WireType.Varint).uint32(dataType);
  if (historical === true) writer.tag(5, WireType.Varint).bool(true);
  if (value === null) writer.tag(7, WireType.Varint).bool(true);
  writeProperties(writer, metric);
  if (value !== undefined && value !== null)
    writeValue(writer, { value, dataType: dataType ?? 0, first: 10 });
  if (metric.dataSet !== undefined) writeDataSet(writer, metric.dataSet);
  if (metric.template !== undefined) {
    writer.tag(18, WireType.LengthDelimited).fork();
    for (const member of metric.template) {
      writer.tag(2, WireType.LengthDelimited).fork();
      writeMetric(writer, member);
      writer.join();
    }
    writer.join();
  }
}

function writeProperties(writer: BinaryWriter, { quality, properties = {} }: WrittenMetric): void {
  const texts = Object.entries(properties);
  if (quality === undefined && texts.length === 0) return;
  writer.tag(9, WireType.LengthDelimited).fork();
  if (quality !== undefined) {
    writer.tag(1, WireType.LengthDelimited).string("Quality");
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).uint32(DATA_TYPE.int32).tag(3, WireType.Varint).uint32(quality);
    writer.join();
  }
  for (const [name, text] of texts) {
    writer.tag(1, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).uint32(DATA_TYPE.string).tag(8, WireType.LengthDelimited).string(text);
    writer.join();
  }
  writer.join();
}

function writeDataSet(
  writer: BinaryWriter,
  { columns, types, rows }: NonNullable<WrittenMetric["dataSet"]>,
): void {
  writer.tag(17, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).uint64(columns.length);
  for (const column of columns) writer.tag(2, WireType.LengthDelimited).string(column);
  for (const type of types) writer.tag(3, WireType.Varint).uint32(type);
  for (const row of rows) {
    writer.tag(4, WireType.LengthDelimited).fork();
    for (const [at, value] of row.entries()) {
      writer.tag(1, WireType.LengthDelimited).fork();
      writeValue(writer, { value, dataType: types[at] ?? 0, first: 1 });
      writer.join();
    }
    writer.join();
  }
  writer.join();
}

/** `first`: the number of the field `int_value`; the others follow in their order. */
function writeValue(
  writer: BinaryWriter,
  { value, dataType, first }: { value: NonNullable<WrittenMetric["value"]>; dataType: number; first: number },
): void {
  if (typeof value === "boolean") writer.tag(first + 4, WireType.Varint).bool(value);
  else if (typeof value === "string") writer.tag(first + 5, WireType.LengthDelimited).string(value);
  else if (value instanceof Uint8Array) writer.tag(first + 6, WireType.LengthDelimited).bytes(value);
  else if (dataType === DATA_TYPE.float) writer.tag(first + 2, WireType.Bit32).float(Number(value));
  else if (dataType === DATA_TYPE.double) writer.tag(first + 3, WireType.Bit64).double(Number(value));
  else if (isLong(dataType)) writer.tag(first + 1, WireType.Varint).uint64(BigInt.asUintN(64, BigInt(value)));
  else writer.tag(first, WireType.Varint).uint32(Number(value) >>> 0);
}

function isLong(dataType: number): boolean {
  return dataType === DATA_TYPE.int64 || dataType === DATA_TYPE.uint64 || dataType === DATA_TYPE.dateTime;
}
