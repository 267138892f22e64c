/** A column of doubles as JSON can hold it, every bit kept: base64 of their bytes, little-endian. */
export type PackedColumn = string;

const BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Typed arrays have the byte order of the machine; a checkpoint may move to another. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The elements [0, length) of a column. */
export function packColumn(column: Float64Array, length: number): PackedColumn {
  const bytes = Buffer.from(column.slice(0, length).buffer);
  return (LITTLE_ENDIAN ? bytes : bytes.swap64()).toString("base64");
}

/** What `packColumn` was given. */
export function unpackColumn(packed: PackedColumn): Float64Array {
  const bytes = Buffer.from(packed, "base64");
  if (!LITTLE_ENDIAN) bytes.swap64();
  // Bytes of a buffer may begin anywhere; doubles may not.
  const column = new Float64Array(Math.floor(bytes.byteLength / BYTES));
  new Uint8Array(column.buffer).set(bytes.subarray(0, column.byteLength));
  return column;
}
