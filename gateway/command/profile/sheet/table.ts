import type { Table } from "../../../../drivers/modbus/place-schema.ts";
import type { SheetAddress } from "./address.ts";
import type { RowCells, SheetHints } from "./cells.ts";
import { folded } from "./text.ts";

/** In which table a row stands, and whether it can be read and written there. */
export interface SheetTable {
  readonly table: Table;
  /** Nothing says so: most instruments have holding registers. */
  readonly assumed: boolean;
  readonly writable: boolean;
  readonly writeOnly: boolean;
}

/** Tables by the function codes that read them (Modbus Application Protocol 1.1b3, 6.1 to 6.4), and write them. */
const READS: Readonly<Record<number, Table>> = { 1: "coil", 2: "discrete", 3: "holding", 4: "input" };
const WRITES: Readonly<Record<number, Table>> = { 5: "coil", 6: "holding", 15: "coil", 16: "holding" };

const WORDS: readonly (readonly [RegExp, Table])[] = [
  [/discrete|input\s?(status|bit)|离散/, "discrete"],
  [/coil|线圈/, "coil"],
  [/input|输入/, "input"],
  [/holding|保持/, "holding"],
];

/** From the function codes, a column of tables, and the first digit of the address; they must agree. */
export function tablesOf({
  cells,
  address,
  hints,
}: {
  cells: RowCells;
  address: SheetAddress;
  hints: SheetHints;
}): SheetTable | { readonly why: string; readonly todo: string } {
  const codes = [...folded(cells.get("function")).matchAll(/(?:0x|fc)?0*(\d{1,2})h?/g)].map(([, digits]) =>
    Number(digits),
  );
  // 0x10 is what the standard prints for 16.
  if (/0x10|\b10h/.test(folded(cells.get("function")))) codes.push(16);
  const reads = new Set(codes.map((code) => READS[code]).filter((table) => table !== undefined));
  const writes = codes.map((code) => WRITES[code]).filter((table) => table !== undefined);
  const word = folded(cells.get("table"));
  const named = WORDS.find(([pattern]) => pattern.test(word))?.[1];
  const access = folded(cells.get("access")).replaceAll(/[\s/&+,]/g, "");
  const writeOnly =
    /^(w|wo|write|writeonly|只写|写)$/.test(access) ||
    (codes.length > 0 && reads.size === 0 && writes.length > 0);
  const writable = writeOnly || writes.length > 0 || /w|写/.test(access);
  const said = new Set([address.table, named, ...reads].filter((table) => table !== undefined));
  if (said.size > 1) {
    return {
      why: `it would be in two tables: ${[...said].join(" and ")} (address, function code and table disagree)`,
      todo: "say which of them is right",
    };
  }
  if (codes.length > 0 && reads.size === 0 && writes.length === 0)
    return { why: `"${cells.get("function")}" is no function that reads`, todo: "say 1, 2, 3 or 4" };
  const [table] = said;
  const fallback = hints.table ?? writes[0];
  return {
    table: table ?? fallback ?? "holding",
    assumed: table === undefined && fallback === undefined,
    writable,
    writeOnly,
  };
}
