import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readProfile } from "../../drivers/profile-store.ts";
import { isSound, makeProfile, toSay } from "../../gateway/command/profile/new.ts";
import { parseAddress } from "../../gateway/command/profile/sheet/address.ts";
import { COLUMN_KINDS, columnsOf } from "../../gateway/command/profile/sheet/columns.ts";
import { draftOf } from "../../gateway/command/profile/sheet/draft.ts";
import { profileText } from "../../gateway/command/profile/sheet/profile-text.ts";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * A folder a register sheet: `sheet.csv`, what the command line says besides (`options.json`), the profile that is made of it, and
 * what is said row by row. TOCSIN_WRITE_CASES=1 writes both, for a person to read before they are kept.
 */
const CASES = resolve(import.meta.dirname, "../cases/profile-sheets");
const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");
const tocsin = (...words: string[]) => runChild(process.execPath, [LAUNCHER, ...words]);

describe("a register sheet", () => {
  test.each(readdirSync(CASES).sort())("%s", (situation) => {
    const folder = join(CASES, situation);
    const given = join(folder, "options.json");
    const options: object = existsSync(given) ? JSON.parse(readFileSync(given, "utf8")) : {};
    const made = makeProfile(join(folder, "sheet.csv"), {
      id: situation,
      vendor: "Example",
      source: "Example manual, page 3",
      ...options,
    });
    const said = `${toSay(made, { file: "sheet.csv" }).join("\n")}\n`;
    for (const [name, text] of [
      ["expected.yaml", made.text],
      ["expected.txt", said],
    ] as const) {
      if (process.env.TOCSIN_WRITE_CASES === "1") writeFileSync(join(folder, name), text);
      expect(text).toBe(readFileSync(join(folder, name), "utf8"));
    }
    expect(made.problems).toEqual([]);
    // Nothing of the sheet is lost: every row is a channel, or is named with its line.
    expect(made.draft.channels.length + made.draft.left.length).toBe(made.sheet.rows.length);
    for (const { line } of made.draft.left) expect(said).toContain(`sheet.csv:${line}:`);
    expect(isSound(made)).toBe(!said.includes("not understood"));
  });
});

test.each([
  ["40001", "document", "holding", 40_001],
  ["400001", "document", "holding", 400_001],
  ["4x0001", "document", "holding", 40_001],
  ["4X10000", "document", "holding", 410_000],
  ["30011", "document", "input", 30_011],
  ["3x0001", "document", "input", 30_001],
  ["10001", "document", "discrete", 10_001],
  ["00017", "document", "coil", 17],
  ["0x0010", "hex", undefined, 16],
  ["10H", "hex", undefined, 16],
  ["16", "plain", undefined, 16],
  ["４０００１", "document", "holding", 40_001],
])("the address %s", (text, form, table, number) => {
  expect(parseAddress(text)).toEqual({ form, table, number, count: undefined, bit: undefined });
});

test.each([
  ["40003-40004", { number: 40_003, count: 2 }],
  ["0x0002~0x0003", { number: 2, count: 2 }],
  ["40001/40002", { number: 40_001, count: 2 }],
  ["40006.3", { number: 40_006, bit: 3 }],
  ["0x0005:0", { number: 5, bit: 0 }],
  ["40006 bit 12", { number: 40_006, bit: 12 }],
])("the address %s, of several registers or a bit", (text, parts) => {
  expect(parseAddress(text)).toMatchObject(parts);
});

test.each(["", "forty", "0x", "0x12345", "40002-40001", "30001-40002", "70000", "40006.16", "1,2,3"])(
  '"%s" is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

const heading = ["Address", "Name", "Type", "Length", "Unit", "Scale", "Range", "Bit", "Order", "Remark"];
const WORDS: readonly string[][] = [
  ["40001", "0x10", "7", "30001-30002", "x", ""],
  ["Gas 气体", 'a "quoted": name', "# no", "温度 (℃)", "- fault", "yes", "{", ""],
  ["float", "int", "uint16", "bit", "双精度", "?", ""],
  ["1", "2", "4 bytes", "x", ""],
  ["ppm", "%LEL", "℃", "mm", "?", ""],
  ["0.1", "÷10", "10", "x", ""],
  ["0-100", "-40~85℃", "±5", "?", ""],
  ["0", "bit3", "4-7", "99", ""],
  ["ABCD", "little endian", ""],
  ["0:ok 1:alarm", "0:正常，1:报警", "32767=fault", ": # ] }", "a\nb", ""],
];

test("whatever stands in a sheet, the profile is YAML that can be read, and no row is lost", () => {
  const row = fc.tuple(
    ...WORDS.map((words) => fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 }))),
  );
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), (cells) => {
      const sheet = {
        columns: columnsOf(heading),
        rows: cells.map((of, index) => ({ line: index + 2, cells: of })),
        encoding: "utf-8",
        separator: ",",
      };
      const hints = { order: undefined, table: undefined, scaleAbove: undefined, deviceClass: undefined };
      const draft = draftOf(sheet, { ...hints, numbering: undefined });
      expect(draft.channels.length + draft.left.length).toBe(cells.length);
      if (draft.channels.length === 0) return;
      const head = { id: "x", vendor: "a: b", product: "#1", source: "p. 3", sheet: "s.csv" };
      expect(readProfile(profileText(draft, head), "x.yaml").problems).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("headings in both languages, with brackets, and what they are not", () => {
  const kinds = (headings: string[]) => {
    const { of, unknown } = columnsOf(headings);
    return [[...of].map(([kind, at]) => `${kind} ${at}`), unknown];
  };
  expect(
    kinds(["序号", "地址 Address", "参数名称", "Description", "长度（字节）", "读/写", "Colour"]),
  ).toEqual([["address 1", "name 2", "remark 3", "length 4", "access 5"], ["Colour"]]);
  expect(COLUMN_KINDS).toContain("order");
});

describe("tocsin profile new", () => {
  const sheet = (text: string) => {
    const folder = temporaryFolder("sheet");
    writeFileSync(folder.join("gauge-7.csv"), text);
    return folder;
  };
  const GOOD = "Register,Name,Type,Unit\n40001,Water depth,uint16,mm\n";

  test("a profile that passes its own check; it is not written over without --force", async () => {
    using folder = sheet(GOOD);
    const out = folder.join("gauge-7.yaml");
    const words = ["profile", "new", folder.join("gauge-7.csv"), "--source", "manual, page 3", "--out", out];
    const made = await tocsin(...words);
    expect(made.stdout[0]).toMatch(/written.*gauge-7\.yaml: 1 channels/);
    expect(made.code).toBe(0);
    expect((await tocsin("profile", "check", out)).code).toBe(0);
    const again = await tocsin(...words);
    expect(again.code).toBe(2);
    expect(again.stderr.join("\n")).toMatch(/COMMAND_USAGE.*there already/);
    const forced = await tocsin(...words, "--force", "--json");
    expect(forced.code).toBe(0);
    expect(JSON.parse(forced.stdout.join("\n"))).toMatchObject({
      ok: true,
      channels: [{ line: 2, channel: "water_depth", quantity: "water_depth" }],
    });
  });

  test("a row that needs a person: exit code 1, and the profile alone on standard output", async () => {
    using folder = sheet(`${GOOD}40002,Temperature,int16,ppm\n`);
    const { code, stdout, stderr } = await tocsin(
      "profile",
      "new",
      folder.join("gauge-7.csv"),
      "--source",
      "manual, page 3",
    );
    expect(code).toBe(1);
    expect(readProfile(stdout.join("\n"), "gauge-7.yaml").profile?.id).toBe("gauge-7");
    expect(stderr.join("\n")).toMatch(/gauge-7\.csv:3: not understood/);
  });

  test.each([
    ["a workbook", "PK\u0003\u0004", "CONFIG_SYNTAX"],
    ["no address", "Farbe,Form\nrot,rund\n", "CONFIG_INVALID"],
    ["a heading alone", "Address,Name\n", "CONFIG_INVALID"],
    ["nothing", "", "CONFIG_INVALID"],
    ["an open quote", 'Address,Name\n40001,"Gas\n', "CONFIG_SYNTAX"],
  ])("of %s: named, and no profile", (_, text, code) => {
    using folder = sheet(text);
    const options = { vendor: "v", source: "s" };
    expect(() => makeProfile(folder.join("gauge-7.csv"), options)).toThrow(expect.objectContaining({ code }));
  });

  test("of a file that is not there, and with words that are none", () => {
    using folder = sheet(GOOD);
    const file = folder.join("gauge-7.csv");
    const options = { vendor: "v", source: "s" };
    const code = (wanted: string) => expect.objectContaining({ code: wanted });
    expect(() => makeProfile(folder.join("no.csv"), options)).toThrow(code("CONFIG_NOT_FOUND"));
    expect(() => makeProfile(file, { ...options, order: "DABC" })).toThrow(code("COMMAND_USAGE"));
    expect(() => makeProfile(file, { ...options, map: ["Name=colour"] })).toThrow(code("COMMAND_USAGE"));
    expect(() => makeProfile(file, { ...options, map: ["Nam=name"] })).toThrow(code("CONFIG_INVALID"));
  });
});
