import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MOST_ROWS, parseCsv, type Table } from "../../gateway/config/csv.ts";
import { Problems } from "../../gateway/config/problem.ts";
import { SourceText } from "../../gateway/config/source.ts";

function parse(text: string): { table: Table | undefined; problems: string[] } {
  const problems = new Problems();
  const table = parseCsv(new SourceText("t.csv", text), problems);
  return { table, problems: problems.list().map((p) => `${p.line}:${p.column} ${p.code} ${p.message.en}`) };
}

function cells({ table }: { table: Table | undefined }): string[][] {
  return (table?.rows ?? []).map((row) => [...row.cells.values()].map(({ text }) => text));
}

describe("a table of instances", () => {
  test("with quotes, commas and line breaks inside quotes", () => {
    const parsed = parse('id,note\nh-1,"a, ""b""\nc"\nh-2,plain\n');
    expect(parsed.problems).toEqual([]);
    expect(cells(parsed)).toEqual([
      ["h-1", 'a, "b"\nc'],
      ["h-2", "plain"],
    ]);
    expect(parsed.table?.rows.map(({ line }) => line)).toEqual([2, 4]);
  });

  test("as Excel writes it: CRLF, no line break at the end, blank lines", () => {
    const parsed = parse("id,room\r\nh-1,101\r\n\r\nh-2,102");
    expect(cells(parsed)).toEqual([
      ["h-1", "101"],
      ["h-2", "102"],
    ]);
  });

  test("with an empty last cell", () => {
    expect(cells(parse("id,room\nh-1,\nh-2,"))).toEqual([
      ["h-1", ""],
      ["h-2", ""],
    ]);
  });

  test("with cells whose place is known", () => {
    const { table } = parse("id,房间\nh-1,101\n");
    const spot = table?.rows[0]?.cells.get("房间")?.spot;
    expect(spot?.source.position(spot.offset)).toEqual({ line: 2, column: 5 });
  });

  test.each([
    ["too few cells", "id,room\nh-1\n", "2:1 CONFIG_SYNTAX 1 cells, but the heading has 2"],
    ["too many cells", "id,room\nh-1,1,2\n", "2:1 CONFIG_SYNTAX 3 cells, but the heading has 2"],
    [
      "a stray quote",
      'id,room\nh-1,1"2\n',
      "2:6 CONFIG_SYNTAX a quote in a cell that does not begin with one",
    ],
    ["text after a quote", 'id,room\nh-1,"1"2\n', "2:8 CONFIG_SYNTAX text after the closing quote"],
    ["an open quote", 'id,room\nh-1,"12\nh-2,3\n', "2:5 CONFIG_SYNTAX the quote is never closed"],
    ["a nameless column", "id,,room\n", "1:4 CONFIG_SYNTAX column 2 has no name"],
    ["a column twice", "id,room,room\n", '1:9 CONFIG_SYNTAX two columns are called "room"'],
    ["nothing in it", "\n\n", "1:1 CONFIG_SYNTAX the table is empty"],
  ])("with %s is refused at the place", (_what, text, problem) => {
    expect(parse(text).problems).toEqual([problem]);
  });

  test("without end is cut off, loudly", () => {
    const { table, problems } = parse(`id\n${"x\n".repeat(MOST_ROWS + 5)}`);
    expect(table?.rows.length).toBe(MOST_ROWS);
    expect(problems).toEqual([`${MOST_ROWS + 2}:1 CONFIG_SYNTAX more than ${MOST_ROWS} rows`]);
  });

  test("written by the rules of RFC 4180 is read back as it was, whatever stands in it", () => {
    const cell = fc.string({ maxLength: 20 }).map((text) => text.trim());
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), (rows) => {
        const text = ["a,b", ...rows.map((row) => row.map(quoted).join(","))].join("\r\n");
        const parsed = parse(text);
        expect(parsed.problems).toEqual([]);
        expect(cells(parsed)).toEqual(rows.map((row) => [...row]));
      }),
    );
  });

  test("of any bytes at all ends in a table or in problems, never in an exception", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => void parse(text)));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a"), maxLength: 60 }), (text) => {
        const { table, problems } = parse(text);
        for (const row of table?.rows ?? []) expect(row.cells.size).toBe(table?.columns.length);
        expect(table !== undefined || problems.length > 0).toBe(true);
      }),
    );
  });
});
