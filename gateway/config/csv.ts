import type { Text } from "../../model/text.ts";
import type { Problems } from "./problem.ts";
import type { SourceText, Spot } from "./source.ts";
import * as texts from "./texts/tables.ts";

/** One cell: its text, and where it stands. */
export interface Cell {
  readonly text: string;
  readonly spot: Spot;
}

/** One record of the table, by column name. */
export interface Row {
  readonly line: number;
  readonly spot: Spot;
  readonly cells: ReadonlyMap<string, Cell>;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Bounds of an instance table: some hundred times what the largest known site needs. */
export const MOST_ROWS = 50_000;
const MOST_COLUMNS = 200;
const LONGEST_CELL = 2_000;

interface RawCell {
  text: string;
  offset: number;
}

/**
 * Reads a table with a heading (RFC 4180: quotes, doubled quotes, line breaks inside quotes; BOM and CRLF are accepted).
 * Strict: a record with too few or too many cells, a stray quote or an open quote is a problem, never a guess.
 * Blank lines are skipped. Undefined when the heading itself is unusable.
 */
export function parseCsv(source: SourceText, problems: Problems): Table | undefined {
  const records = split(source, problems);
  const heading = records.shift();
  const complain = (offset: number, message: Text, hint?: Text) =>
    problems.at({ source, offset }, { code: "CONFIG_SYNTAX", message, hint });
  if (heading === undefined) {
    complain(0, texts.TABLE_EMPTY, texts.FIRST_LINE);
    return undefined;
  }
  const columns = heading.map((cell) => cell.text.trim());
  if (!validHeading(heading, columns, complain)) return undefined;

  const rows: Row[] = [];
  for (const record of records) {
    const first = record[0]!;
    if (record.length !== columns.length) {
      complain(first.offset, texts.cellsOfRow(record.length, columns.length), texts.COMMA_IN_CELL);
      continue;
    }
    if (rows.length === MOST_ROWS) {
      complain(first.offset, texts.tooManyRows(MOST_ROWS));
      break;
    }
    const cells = new Map<string, Cell>();
    record.forEach((cell, i) => {
      cells.set(columns[i]!, { text: cell.text.trim(), spot: { source, offset: cell.offset } });
    });
    rows.push({
      line: source.position(first.offset).line,
      spot: { source, offset: first.offset },
      cells,
    });
  }
  return { columns, rows };
}

function validHeading(
  heading: readonly RawCell[],
  columns: readonly string[],
  complain: (offset: number, message: Text, hint?: Text) => void,
): boolean {
  if (columns.length > MOST_COLUMNS) {
    complain(heading[0]!.offset, texts.tooManyColumns(MOST_COLUMNS));
    return false;
  }
  let valid = true;
  columns.forEach((name, i) => {
    if (name === "" || /[${}]/.test(name)) {
      complain(heading[i]!.offset, name === "" ? texts.columnWithoutName(i + 1) : texts.notAColumnName(name));
      valid = false;
    } else if (columns.indexOf(name) !== i) {
      complain(heading[i]!.offset, texts.columnTwice(name));
      valid = false;
    }
  });
  return valid;
}

/** Text to records of cells. Complains about quotes and oversized cells, and goes on. */
function split(source: SourceText, problems: Problems): RawCell[][] {
  const { text } = source;
  const records: RawCell[][] = [];
  let record: RawCell[] = [];
  let at = 0;
  const complain = (offset: number, message: Text, hint?: Text) =>
    problems.at({ source, offset }, { code: "CONFIG_SYNTAX", message, hint });

  while (at < text.length) {
    const start = at;
    let cell: string;
    if (text[at] === '"') {
      const quoted = readQuoted(text, at);
      if (quoted === undefined) {
        complain(start, texts.QUOTE_OPEN, texts.QUOTE_TWICE);
        return records;
      }
      ({ cell, at } = quoted);
      if (at < text.length && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") {
        complain(at, texts.TEXT_AFTER_QUOTE, texts.QUOTE_TWICE);
        at = endOfCell(text, at);
      }
    } else {
      at = endOfCell(text, at);
      cell = text.slice(start, at);
      const stray = cell.indexOf('"');
      if (stray >= 0) complain(start + stray, texts.STRAY_QUOTE);
    }
    if (cell.length > LONGEST_CELL) {
      complain(start, texts.cellTooLong(LONGEST_CELL));
      cell = cell.slice(0, LONGEST_CELL);
    }
    record.push({ text: cell, offset: start });
    if (text[at] === ",") {
      at++;
      // A comma at the very end opens one more, empty cell.
      if (at < text.length && text[at] !== "\n" && text[at] !== "\r") continue;
      record.push({ text: "", offset: at });
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    if (record.length > 1 || record[0]!.text.trim() !== "") records.push(record);
    record = [];
  }
  return records;
}

function endOfCell(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

function readQuoted(text: string, from: number): { cell: string; at: number } | undefined {
  let cell = "";
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return undefined;
    cell += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { cell, at: quote + 1 };
    cell += '"';
    at = quote + 2;
  }
}
