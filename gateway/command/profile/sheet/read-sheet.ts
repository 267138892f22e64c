import { readFileSync } from "node:fs";
import { ConfigurationError, describe } from "../../../../model/error.ts";
import { TableRows } from "../../../replay/table-rows.ts";
import { type ColumnKind, columnsOf, type SheetColumns } from "./columns.ts";

/** One row below the heading. */
export interface SheetRow {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A register sheet, with what its columns are. */
export interface Sheet {
  readonly columns: SheetColumns;
  readonly rows: readonly SheetRow[];
  readonly encoding: string;
  readonly separator: string;
}

export interface SheetOptions {
  readonly encoding?: string;
  readonly separator?: string;
  readonly mapped: ReadonlyMap<string, ColumnKind>;
}

/** A sheet of registers is no recording: one larger than this is something else. */
const MOST_BYTES = 4_000_000;
const MOST_ROWS = 10_000;
/** Titles and notes stand above the heading; not more than this. */
const HEADING_WITHIN = 30;

const SEPARATORS = [",", ";", "\t"] as const;
const NAMED: Readonly<Record<string, string>> = { tab: "\t" };

/**
 * Reads a sheet, whatever program has written it: encoding and separator are found unless they are said, and so is the heading
 * below a title.
 * @throws ConfigurationError CONFIG_NOT_FOUND, CONFIG_SYNTAX; CONFIG_INVALID without a heading that names addresses
 */
export function readSheet(path: string, options: SheetOptions): Sheet {
  const bytes = read(path);
  const encoding = options.encoding ?? encodingOf(bytes);
  const separator =
    NAMED[options.separator ?? ""] ??
    options.separator ??
    separatorOf(new TextDecoder(encoding).decode(bytes));
  const rows: SheetRow[] = [];
  for (const row of new TableRows(path, { encoding, separator }).rows()) {
    if (row.cells.every((cell) => cell.trim() === "")) continue;
    if (rows.push(row) > MOST_ROWS)
      throw new ConfigurationError(
        "CONFIG_INVALID",
        `${path}: more than ${MOST_ROWS} rows: that is no register sheet`,
      );
  }
  for (const [index, { cells }] of rows.slice(0, HEADING_WITHIN).entries()) {
    const found = columnsOf(cells);
    const named = cells.some((cell) => options.mapped.has(cell.trim()));
    if (!named && (!found.of.has("address") || found.of.size < 2)) continue;
    const columns = columnsOf(cells, options.mapped);
    if (!columns.of.has("address")) throw noAddress(path, columns.headings);
    return { columns, rows: rows.slice(index + 1), encoding, separator };
  }
  throw noAddress(path, rows[0]?.cells ?? []);
}

function noAddress(path: string, headings: readonly string[]): ConfigurationError {
  const seen = headings.map((heading) => heading.trim()).filter((heading) => heading !== "");
  return new ConfigurationError("CONFIG_INVALID", `${path}: no column is recognised as the address`, {
    hint:
      seen.length < 2
        ? "is the separator right? --separator ';', or tab"
        : `its first row is: ${seen.join(" | ")}. Name the columns: --map "${seen[0]}=address" "${seen[1]}=name"`,
  });
}

function read(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(
      "CONFIG_NOT_FOUND",
      `${path}: the sheet cannot be read: ${describe(cause)}`,
      {
        cause,
      },
    );
  }
  if (bytes.length > MOST_BYTES)
    throw new ConfigurationError(
      "CONFIG_INVALID",
      `${path}: more than ${MOST_BYTES / 1e6} MB: that is no register sheet`,
    );
  if (bytes.subarray(0, 4).toString("latin1").startsWith("PK")) {
    throw new ConfigurationError("CONFIG_SYNTAX", `${path} is a workbook, not CSV`, {
      hint: "save the sheet as CSV (UTF-8), or as text with tabs",
    });
  }
  return bytes;
}

/** UTF-16 by its mark (Excel's "Unicode text"), UTF-8 when it is that, else what Chinese Windows programs write. */
function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf-8";
  } catch {
    return "gb18030";
  }
}

/** The separator that cuts most lines into the same number of cells, two at least; what stands in quotes does not count. */
function separatorOf(text: string): string {
  const lines = text
    .replaceAll(/"[^"]*"/g, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  let best: string = SEPARATORS[0];
  let most = 0;
  for (const separator of SEPARATORS) {
    const counts = new Map<number, number>();
    for (const line of lines) {
      const count = line.split(separator).length;
      if (count > 1) counts.set(count, (counts.get(count) ?? 0) + 1);
    }
    const same = Math.max(0, ...counts.values());
    if (same <= most) continue;
    most = same;
    best = separator;
  }
  return best;
}
