import type { Micros } from "../../model/time.ts";
import { type Blob, pack, unpack } from "./block.ts";
import { ByteWriter, damaged } from "./bytes.ts";
import { readBytes, readSteady, readValues, writeBytes, writeSteady, writeValues } from "./columns.ts";

/** Readings of one series, in the order of their sequence. */
export interface SeriesReadings {
  readonly series: number;
  readonly length: number;
  readonly sequence: Float64Array;
  /** µs. Ascending but for late readings. */
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly flags: Uint8Array;
}

/** Readings of a chunk and the bounds of their times. */
export interface Chunk extends SeriesReadings {
  readonly timeFrom: Micros;
  readonly timeTo: Micros;
}

/** Bound on what a length field may ask for. */
const MAX_CHUNK = 2 ** 24;

const body = new ByteWriter();

/**
 * One series in a sealed segment as a blob: series, count, sequences and times as second differences (a polled channel comes
 * round at equal distances), values as differences, reasons, flags.
 */
export function encodeChunk(chunk: SeriesReadings): Blob {
  const count = chunk.length;
  body.clear();
  body.varint(chunk.series);
  body.varint(count);
  writeSteady(body, chunk.sequence, { count, differences: "second" });
  writeSteady(body, chunk.time, { count, differences: "second" });
  writeValues(body, chunk.value, { count, delta: true });
  writeBytes(body, chunk.reason, count);
  writeBytes(body, chunk.flags, count);
  return pack(body);
}

/** The readings that `encodeChunk` was given. @throws HostError JOURNAL_DAMAGED */
export function decodeChunk(bytes: Uint8Array, crc: number): SeriesReadings {
  const from = unpack(bytes, crc);
  const series = from.varint();
  const length = from.count(MAX_CHUNK);
  const sequence = readSteady(from, { count: length, differences: "second" });
  const time = readSteady(from, { count: length, differences: "second" });
  const value = readValues(from, { count: length, delta: true });
  const reason = readBytes(from, length);
  const flags = readBytes(from, length);
  if (from.left !== 0) throw damaged(`${from.left} bytes are left over`);
  return { series, length, sequence, time, value, reason, flags };
}
