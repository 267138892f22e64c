/** A number as JSON can hold it: NaN and the infinities, which JSON has no words for, are strings. */
export type PackedNumber = number | "NaN" | "Infinity" | "-Infinity";

/** For checkpoints; see `unpack`. */
export function pack(value: number): PackedNumber {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** What `pack` was given. */
export function unpack(packed: PackedNumber): number {
  return Number(packed);
}
