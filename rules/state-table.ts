import { type PackedNumber, unpack } from "./checkpoint-number.ts";
import { type PackedColumn, packColumn, unpackColumn } from "./window/packed-column.ts";

/**
 * Numbers of many keys as a checkpoint holds them, by column: the alarm lane stands still while they are written down, and a
 * list of its own for each of ten thousand channels takes ten times as long. JSON-safe.
 */
export interface StateTable {
  /** The keys of the rows, one a line. */
  readonly keys: string;
  readonly columns: readonly PackedColumn[];
}

/** The same as checkpoints of earlier editions hold it: a list a key. */
export type StateRows = Readonly<Record<string, readonly PackedNumber[]>>;

/** No key contains it (model/site.ts). */
const SEPARATOR = "\n";

/** The `rows` (indices) of columns, `keys` naming each row by its index. */
export function captureTable(
  keys: readonly string[],
  rows: readonly number[],
  columns: readonly ArrayLike<number>[],
): StateTable {
  const packed = new Float64Array(rows.length);
  return {
    keys: rows.map((row) => keys[row]).join(SEPARATOR),
    columns: columns.map((column) => {
      for (let i = 0; i < rows.length; i++) {
        const value = column[rows[i]!]!;
        // NaN has many bit patterns; the same state shall always be the same text.
        packed[i] = Number.isNaN(value) ? Number.NaN : value;
      }
      return packColumn(packed, rows.length);
    }),
  };
}

/** How the row of a key is found: its numbers in the order of the columns, undefined when there is none. */
export function rowsOf(table: StateTable | StateRows): (key: string) => readonly number[] | undefined {
  if (!isTable(table)) return (key) => table[key]?.map(unpack);
  if (table.keys === "") return () => undefined;
  const columns = table.columns.map(unpackColumn);
  const rows = new Map(table.keys.split(SEPARATOR).map((key, row) => [key, row] as const));
  return (key) => {
    const row = rows.get(key);
    return row === undefined ? undefined : columns.map((column) => column[row] ?? Number.NaN);
  };
}

/** Rows of earlier editions are lists, whatever their keys are called. */
function isTable(table: StateTable | StateRows): table is StateTable {
  return typeof table.keys === "string";
}
