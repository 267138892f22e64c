/** A column of doubles as JSON can hold it, every bit kept: base64 of their bytes, little-endian. */
export type PackedColumn = string;

/** Written out by hand, because typed arrays have the byte order of the machine and a checkpoint may move to another. */
export function packColumn(column: Float64Array): PackedColumn {
  const view = new DataView(new ArrayBuffer(column.byteLength));
  for (let i = 0; i < column.length; i++)
    view.setFloat64(i * Float64Array.BYTES_PER_ELEMENT, column[i]!, true);
  return Buffer.from(view.buffer).toString("base64");
}

/** What `packColumn` was given. */
export function unpackColumn(packed: PackedColumn): Float64Array {
  const bytes = Buffer.from(packed, "base64");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from(
    { length: Math.floor(bytes.byteLength / Float64Array.BYTES_PER_ELEMENT) },
    (_, i) => view.getFloat64(i * Float64Array.BYTES_PER_ELEMENT, true),
  );
}
