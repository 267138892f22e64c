import { type ByteReader, type ByteWriter, damaged, VARINT_LIMIT } from "./bytes.ts";

/*
 * How columns of numbers become few bytes. Everything is lossless, bit for bit (all NaNs count as one).
 *
 *  - Values: instruments deliver decimals of few digits or single-precision floats. A value is stored as the shortest of: a
 *    whole number scaled by a power of ten (if dividing gives back the very same double), a float32, a float64. One tag
 *    byte per value says which; equal tags in a row cost nothing after compression.
 *  - Times and sequences: differences, or differences of differences, as varints.
 */

/** Tags 0 to 6: whole number divided by 10^tag. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6] as const;
/** Decimals tried before float32: more digits than these are rarer than single-precision registers. */
const COMMON_DECIMALS = 3;
const TAG_FLOAT32 = 13;
const TAG_FLOAT64 = 14;
const TAG_NAN = 15;

/** How a value is best stored. */
function tagOf(value: number): number {
  if (Number.isNaN(value)) return TAG_NAN;
  // -0 has no whole number of its own.
  if (value === 0) return Object.is(value, -0) ? TAG_FLOAT32 : 0;
  for (let tag = 0; tag <= COMMON_DECIMALS; tag++) if (isDecimal(value, tag)) return tag;
  if (Math.fround(value) === value) return TAG_FLOAT32;
  for (let tag = COMMON_DECIMALS + 1; tag < POWERS.length; tag++) if (isDecimal(value, tag)) return tag;
  return TAG_FLOAT64;
}

function isDecimal(value: number, tag: number): boolean {
  const power = POWERS[tag]!;
  const scaled = Math.round(value * power);
  // Half the limit: the difference of two must have a varint, too.
  return scaled / power === value && Math.abs(scaled) <= VARINT_LIMIT / 2;
}

/**
 * Writes `count` values. `delta`: neighbours belong to one channel, so they share one power of ten where they can, and whole
 * numbers are stored as differences from the one before.
 */
export function writeValues(
  out: ByteWriter,
  values: Float64Array,
  options: { count: number; delta: boolean },
): void {
  const { count, delta } = options;
  const tags = new Uint8Array(count);
  for (let i = 0; i < count; i++) tags[i] = tagOf(values[i]!);
  if (delta) unify(tags, values);
  writeBytes(out, tags, count);
  let tagBefore = -1;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const tag = tags[i]!;
    const value = values[i]!;
    if (tag < POWERS.length) {
      const scaled = Math.round(value * POWERS[tag]!);
      out.signed(delta && tag === tagBefore ? scaled - before : scaled);
      before = scaled;
    } else if (tag === TAG_FLOAT32) out.float32(value);
    else if (tag === TAG_FLOAT64) out.float64(value);
    tagBefore = tag;
  }
}

/** Gives all decimals the power of ten of the finest, where that is as exact. */
function unify(tags: Uint8Array, values: Float64Array): void {
  let finest = 0;
  for (const tag of tags) if (tag < POWERS.length && tag > finest) finest = tag;
  for (let i = 0; i < tags.length; i++) {
    if (tags[i]! < finest && isDecimal(values[i]!, finest)) tags[i] = finest;
  }
}

/** Reads what `writeValues` wrote with the same `delta`. @throws HostError JOURNAL_DAMAGED */
export function readValues(from: ByteReader, options: { count: number; delta: boolean }): Float64Array {
  const { count, delta } = options;
  const tags = readBytes(from, count);
  const values = new Float64Array(count);
  let tagBefore = -1;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const tag = tags[i]!;
    if (tag < POWERS.length) {
      const stored = from.signed();
      before = delta && tag === tagBefore ? before + stored : stored;
      values[i] = before / POWERS[tag]!;
    } else if (tag === TAG_FLOAT32) values[i] = from.float32();
    else if (tag === TAG_FLOAT64) values[i] = from.float64();
    else if (tag === TAG_NAN) values[i] = Number.NaN;
    else throw damaged(`unknown kind of value ${tag}`);
    tagBefore = tag;
  }
  return values;
}

const BYTES_EQUAL = 0;
const BYTES_PLAIN = 1;

/** Writes a column of bytes; one that repeats a single byte (all good, no flags) takes two. */
export function writeBytes(out: ByteWriter, bytes: Uint8Array, count: number): void {
  const first = count > 0 ? bytes[0]! : 0;
  let equal = true;
  for (let i = 1; i < count && equal; i++) equal = bytes[i] === first;
  if (equal) {
    out.byte(BYTES_EQUAL);
    out.byte(first);
  } else {
    out.byte(BYTES_PLAIN);
    out.bytes(bytes.subarray(0, count));
  }
}

/** Reads what `writeBytes` wrote. @throws HostError JOURNAL_DAMAGED */
export function readBytes(from: ByteReader, count: number): Uint8Array {
  const mode = from.byte();
  if (mode === BYTES_EQUAL) return new Uint8Array(count).fill(from.byte());
  if (mode === BYTES_PLAIN) return from.bytes(count).slice();
  throw damaged(`unknown kind of column ${mode}`);
}

const WHOLE = 0;
const RAW = 1;

/** The number that stands for entry i: a difference from the base, from the entry before, or between such differences. */
function stored(numbers: Float64Array, i: number, differences: Differences): number {
  const number = numbers[i]!;
  if (typeof differences === "object") return number - differences.base[i]!;
  if (i === 0) return number;
  const step = number - numbers[i - 1]!;
  if (differences === "first" || i === 1) return step;
  return step - (numbers[i - 1]! - numbers[i - 2]!);
}

/** Whether the entries are whole and close enough that all differences are exact and have a varint. */
function storable(numbers: Float64Array, { count, differences }: SteadyOptions): boolean {
  for (let i = 0; i < count; i++) {
    const number = numbers[i]!;
    if (!Number.isInteger(number) || Math.abs(number) > VARINT_LIMIT || Object.is(number, -0)) return false;
    const difference = stored(numbers, i, differences);
    if (!Number.isInteger(difference) || Math.abs(difference) > VARINT_LIMIT) return false;
  }
  return true;
}

/** Which differences are stored: from a given base column, from the number before, or between those differences. */
export type Differences = { readonly base: Float64Array } | "first" | "second";

/** Writes `count` numbers that are mostly whole and close to each other: times in µs, sequences. */
export function writeSteady(out: ByteWriter, numbers: Float64Array, options: SteadyOptions): void {
  const { count, differences } = options;
  if (!storable(numbers, options)) {
    out.byte(RAW);
    for (let i = 0; i < count; i++) out.float64(numbers[i]!);
    return;
  }
  out.byte(WHOLE);
  for (let i = 0; i < count; i++) out.signed(stored(numbers, i, differences));
}

/** Reads what `writeSteady` wrote with the same differences. @throws HostError JOURNAL_DAMAGED */
export function readSteady(from: ByteReader, options: SteadyOptions): Float64Array {
  const { count, differences } = options;
  const base = typeof differences === "object" ? differences.base : undefined;
  if (count > from.left) throw damaged("it ends too early");
  const numbers = new Float64Array(count);
  const mode = from.byte();
  if (mode === RAW) {
    for (let i = 0; i < count; i++) numbers[i] = from.float64();
    return numbers;
  }
  if (mode !== WHOLE) throw damaged(`unknown kind of column ${mode}`);
  let before = 0;
  let stepBefore = 0;
  for (let i = 0; i < count; i++) {
    const difference = from.signed();
    if (base !== undefined) {
      numbers[i] = base[i]! + difference;
      continue;
    }
    const step = differences === "second" && i > 1 ? stepBefore + difference : difference;
    before += step;
    stepBefore = step;
    numbers[i] = before;
  }
  return numbers;
}

export interface SteadyOptions {
  readonly count: number;
  readonly differences: Differences;
}

/** Writes whole numbers from 0 to 2^32 - 1 as differences: series of a page, ends of its messages. */
export function writeUint32(out: ByteWriter, numbers: Uint32Array, count: number): void {
  let before = 0;
  for (let i = 0; i < count; i++) {
    const number = numbers[i]!;
    out.signed(number - before);
    before = number;
  }
}

/** Reads what `writeUint32` wrote. @throws HostError JOURNAL_DAMAGED */
export function readUint32(from: ByteReader, count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    before += from.signed();
    if (before < 0 || before > 0xffff_ffff) throw damaged(`a number in it is out of range: ${before}`);
    numbers[i] = before;
  }
  return numbers;
}
