import type { Table } from "../../../../drivers/modbus/place-schema.ts";
import { folded } from "./text.ts";

/** An address as a sheet has it. */
export interface SheetAddress {
  /** `document`: with the table's digit in front; `plain`: a bare number, from 0 or from 1; `hex`: written as hexadecimal. */
  readonly form: "document" | "plain" | "hex";
  /** As a document numbers it (40001), or the bare number. */
  readonly number: number;
  /** The table that its first digit names. */
  readonly table: Table | undefined;
  /** Registers of a span such as 40003-40004. */
  readonly count: number | undefined;
  readonly bit: number | undefined;
}

const TABLE_OF: Readonly<Record<string, Table>> = {
  "0": "coil",
  "1": "discrete",
  "3": "input",
  "4": "holding",
};
const FIRST: Readonly<Record<Table, number>> = { coil: 1, discrete: 10_001, input: 30_001, holding: 40_001 };
const LARGEST = 0xffff;

/**
 * Reads 40001, 400001, 4x0001, 30001, 0x0010, 10H, 16, 40003-40004, 40006.3, 40006 bit 3, 0x0005:0. Undefined: it is no address.
 * 0x0010 is hexadecimal: coils as 0x0010 are not written so by anybody who also writes 4x0001.
 */
export function parseAddress(text: string): SheetAddress | undefined {
  const bare = folded(text)
    .replaceAll(/(?:fc|功能码)\s*\d+/g, "")
    .trim();
  const bitted = /^(?<first>\S+?)(?:\s*(?:\.|:|bit|位|[([]\s*bit)\s*(?<bit>\d{1,2})\s*[)\]]?)$/.exec(bare);
  const bit = bitted?.groups?.bit === undefined ? undefined : Number(bitted.groups.bit);
  const place = bitted?.groups?.first ?? bare;
  const [from, to, more] = place.split(
    /\s*(?:-(?!\d{4}$)|~|–|—|\.\.\.?|至|to|,|、|\/|\+)\s*|(?<=\d{4,6})-(?=\d)/,
  );
  if (from === undefined || more !== undefined) return undefined;
  const first = single(from);
  if (first === undefined || (bit !== undefined && bit > 15)) return undefined;
  if (to === undefined) return { ...first, count: undefined, bit };
  const last = single(to);
  if (last === undefined || last.table !== first.table || last.number < first.number) return undefined;
  return { ...first, count: last.number - first.number + 1, bit };
}

function single(text: string): Pick<SheetAddress, "form" | "number" | "table"> | undefined {
  const modicon = /^([134])[x-]0*(\d{1,5})$/.exec(text);
  if (modicon !== null) {
    const table = TABLE_OF[modicon[1]!]!;
    const number = Number(modicon[2]);
    return number >= 1 && number <= LARGEST + 1
      ? { form: "document", number: numbered(table, number), table }
      : undefined;
  }
  const hexadecimal = /^(?:0x|\$|#)([0-9a-f]{1,4})h?$|^([0-9][0-9a-f]{0,4})h$/.exec(text);
  if (hexadecimal !== null) {
    const number = Number.parseInt(hexadecimal[1] ?? hexadecimal[2]!, 16);
    return number <= LARGEST ? { form: "hex", number, table: undefined } : undefined;
  }
  if (!/^\d{1,6}$/.test(text)) return undefined;
  const number = Number(text);
  const table = text.length >= 5 ? TABLE_OF[text[0]!] : undefined;
  if (table !== undefined && inDocument(table, text)) return { form: "document", number, table };
  return number <= LARGEST ? { form: "plain", number, table: undefined } : undefined;
}

/** 40001 to 49999, and with six digits 400001 to 465536: numbers from 1 behind the table's digit. */
function inDocument(table: Table, text: string): boolean {
  const within = Number(text.slice(1));
  return within >= 1 && within <= LARGEST + 1 && (table !== "coil" || text.startsWith("0"));
}

/** The number of a document for the n-th of a table, from 1: five digits where they suffice. */
function numbered(table: Table, n: number): number {
  return n <= 9_999 ? FIRST[table] - 1 + n : Number(`${FIRST[table]}`[0]) * 100_000 + n;
}

/** The address on the wire of a document's number. */
export function onWire(table: Table, number: number): number {
  const digits = `${number}`;
  if (table === "coil") return number - 1;
  return digits.length === 6 ? Number(digits.slice(1)) - 1 : number - FIRST[table];
}
