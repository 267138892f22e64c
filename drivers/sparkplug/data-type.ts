/** Data types of metrics by their numbers. 0 is unknown. */
export const DATA_TYPE = {
  unknown: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint16: 6,
  uint32: 7,
  uint64: 8,
  float: 9,
  double: 10,
  boolean: 11,
  string: 12,
  dateTime: 13,
  text: 14,
  uuid: 15,
  dataSet: 16,
  bytes: 17,
  file: 18,
  template: 19,
} as const;

/** The first and the last of the types that are arrays, packed into bytes. */
const ARRAYS_FROM = 22;
const ARRAYS_TO = 34;

/** Whether a type is an array: it stands for no single number. */
export function isArray(dataType: number): boolean {
  return dataType >= ARRAYS_FROM && dataType <= ARRAYS_TO;
}

/**
 * An `int_value` as the number its type means. A type that nobody has said leaves a number with the highest bit set undecided:
 * NaN.
 */
export function fromInt(raw: number, dataType: number): number {
  switch (dataType) {
    case DATA_TYPE.int8:
      return (raw << 24) >> 24;
    case DATA_TYPE.int16:
      return (raw << 16) >> 16;
    case DATA_TYPE.int32:
      return raw | 0;
    case DATA_TYPE.unknown:
      return raw >>> 31 === 0 ? raw : Number.NaN;
    default:
      return raw >>> 0;
  }
}

/** Bits of a `long_value`. */
const LONG = 64;

/** A `long_value` as the number its type means; beyond 2^53 to the nearest double. */
export function fromLong(raw: bigint, dataType: number): number {
  switch (dataType) {
    case DATA_TYPE.int8:
    case DATA_TYPE.int16:
    case DATA_TYPE.int32:
    case DATA_TYPE.int64:
      return Number(BigInt.asIntN(LONG, raw));
    case DATA_TYPE.unknown:
      return raw >> 63n === 0n ? Number(raw) : Number.NaN;
    default:
      return Number(raw);
  }
}
