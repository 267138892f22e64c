import { isBitTable, type Place } from "./registers.ts";

const WHOLE: Readonly<Record<string, { low: number; high: number }>> = {
  u16: { low: 0, high: 0xffff },
  i16: { low: -0x8000, high: 0x7fff },
  u32: { low: 0, high: 0xffff_ffff },
  i32: { low: -0x8000_0000, high: 0x7fff_ffff },
  bcd16: { low: 0, high: 9_999 },
  bcd32: { low: 0, high: 99_999_999 },
  bit: { low: 0, high: 1 },
  match: { low: 0, high: 1 },
};

/** The least and the greatest raw number that can stand at a place; undefined for floats, 64 bits and texts. */
export function rawLimits({ table, format }: Place): { low: number; high: number } | undefined {
  if (isBitTable(table)) return WHOLE.bit;
  if (format.type !== "bits") return WHOLE[format.type];
  const values = 2 ** (format.width ?? 1);
  return format.signed === true ? { low: -values / 2, high: values / 2 - 1 } : { low: 0, high: values - 1 };
}
