import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { type Complaint, Problems, problemJson, renderProblem } from "../../gateway/config/problem.ts";
import { SourceText } from "../../gateway/config/source.ts";
import { inBoth, SEE_ENGLISH } from "../../gateway/messages/chinese.ts";
import type { Text } from "../../model/text.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const source = new SourceText("/etc/tocsin/site.yaml", "points:\n  well: { name: 阀门井, domian: gas }\n");
const at = source.text.indexOf("domian");

/** Words that are the same in both languages. */
function alike(words: string): Text {
  return { en: words, zh: words };
}

function one(complaint: Complaint) {
  const problems = new Problems();
  problems.at({ source, offset: at }, complaint);
  return problems.list()[0]!;
}

describe("a problem", () => {
  const problem = one({
    message: { en: 'unknown key "domian"', zh: "没有“domian”这个选项" },
    hint: { en: 'did you mean "domain"?', zh: "是否为“domain”？" },
  });

  test("is one line that an editor can jump to, the same in Chinese, and a hint in both languages", () => {
    expect(renderProblem(problem, { folder: "/etc/tocsin" })).toBe(
      [
        'site.yaml:2:22: error CONFIG_INVALID: unknown key "domian"',
        "  没有“domian”这个选项",
        '  hint: did you mean "domain"?',
        "  提示：是否为“domain”？",
      ].join("\n"),
    );
  });

  test("of which nobody has written the Chinese says at least what kind of mistake it is", () => {
    const { message } = one({ message: inBoth("words that are in no catalogue"), code: "RULE_INVALID" });
    expect(message.zh).toBe(`规则照此写法无法工作${SEE_ENGLISH}`);
  });

  test("shows at a terminal the line with a caret below the place, Chinese characters counted as two cells", () => {
    const lines = renderProblem(problem, { folder: "/etc/tocsin", excerpt: true }).split("\n");
    expect(lines[2]).toBe("  |   well: { name: 阀门井, domian: gas }");
    // 21 characters before it, three of them wide.
    expect(lines[3]).toBe(`  | ${" ".repeat(21 + 3)}^`);
  });

  test("shows of a very long line the part around the place", () => {
    const long = new SourceText("a.yaml", `${"x".repeat(500)}!${"y".repeat(500)}`);
    const problems = new Problems();
    problems.at({ source: long, offset: 500 }, { message: alike("here") });
    const [, , line, caret] = renderProblem(problems.list()[0]!, { excerpt: true }).split("\n");
    expect(line!.length).toBeLessThan(120);
    expect(line![caret!.indexOf("^")]).toBe("!");
  });

  test("is plain data for scripts, without the text of the file", () => {
    expect(problemJson(problem, "/etc/tocsin")).toEqual({
      file: "site.yaml",
      line: 2,
      column: 22,
      severity: "error",
      code: "CONFIG_INVALID",
      message: 'unknown key "domian"',
      hint: 'did you mean "domain"?',
      zh: { message: "没有“domian”这个选项", hint: "是否为“domain”？" },
    });
  });
});

describe("many problems", () => {
  test("come in the order of the file", () => {
    const problems = new Problems();
    for (const offset of [30, 3, 12]) problems.at({ source, offset }, { message: alike(`at ${offset}`) });
    expect(problems.list().map(({ message }) => message.en)).toEqual(["at 3", "at 12", "at 30"]);
  });

  test("of one template at one place are one, counted", () => {
    const problems = new Problems();
    for (let i = 0; i < 300; i++) {
      problems.at(
        { source, offset: at, origin: { en: `row "${i}"`, zh: `行“${i}”` } },
        { message: { en: `device ${i} is wrong`, zh: `设备 ${i} 有误` }, hint: alike("mend it") },
      );
    }
    expect(problems.list().map(({ message }) => message)).toEqual([
      {
        en: 'device 0 is wrong (row "0"), and 299 more like this',
        zh: "设备 0 有误（行“0”），另有 299 处相同",
      },
    ]);
    expect(problems.errors).toBe(1);
  });

  test("beyond a bound are counted, not kept", () => {
    const problems = new Problems();
    for (let i = 0; i < 10_000; i++)
      problems.ofFile("a.yaml", { message: alike(`no ${i}`) }, { line: i + 1, column: 1 });
    expect(problems.list().length).toBe(501);
    expect(problems.list().at(-1)?.message.en).toBe("9500 more errors are not shown");
    expect(problems.errors).toBe(10_000);
  });

  test("that are only warnings stop nothing", () => {
    const problems = new Problems();
    problems.ofFile("a.yaml", { message: alike("look here"), severity: "warning" });
    expect(problems.failed).toBe(false);
  });

  test("that are only warnings stop nothing, however many: a site of thousands of stations starts", () => {
    const problems = new Problems();
    for (let i = 0; i < 2_000; i++) {
      const at = { line: i + 1, column: 1 };
      problems.ofFile("a.yaml", { message: alike(`look at ${i}`), severity: "warning" }, at);
    }
    expect(problems.failed).toBe(false);
    expect(problems.list().length).toBe(501);
    expect(problems.list().every(({ severity }) => severity === "warning")).toBe(true);
    problems.ofFile("a.yaml", { message: alike("wrong") });
    expect(problems.errors).toBe(1);
    expect(problems.list().some(({ message }) => message.en === "wrong")).toBe(true);
  });
});

describe("a site file that somebody has damaged", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../examples/gas-pipeline/site.yaml"), "utf8");
  const lines = text.split("\n");
  const line = fc.nat({ max: lines.length - 1 });
  const damage = fc.oneof(
    line.map((i) => lines.toSpliced(i, 1)),
    line.map((i) => lines.toSpliced(i, 0, lines[i]!)),
    fc.tuple(line, line).map(([i, j]) => lines.with(i, lines[j]!)),
    fc
      .tuple(
        line,
        fc.string({ unit: fc.constantFrom(..."{}[]:,'\"#&*-? \t~中0"), maxLength: 3 }),
        fc.nat({ max: 60 }),
      )
      .map(([i, junk, at]) => lines.with(i, lines[i]!.slice(0, at) + junk + lines[i]!.slice(at))),
    line.map((i) => lines.with(i, lines[i]!.replace(/: .*$/, ":"))),
    fc
      .tuple(line, fc.constantFrom("null", "[]", "{}", "-1", "1e400", "true", "x y", "$" + "{id}"))
      .map(([i, value]) => lines.with(i, lines[i]!.replace(/: [^{]*$/, `: ${value}`))),
  );

  test("is sound, or every problem has a place in it; it never ends in an exception", () => {
    using folder = temporaryFolder("damage");
    const path = join(folder.path, "site.yaml");
    fc.assert(
      fc.property(damage, (damaged) => {
        writeFileSync(path, damaged.join("\n"));
        const { configuration, problems } = loadSite(path, { environment: {} });
        expect(configuration === undefined).toBe(problems.some(({ severity }) => severity === "error"));
        for (const { file, line, column, message } of problems) {
          expect(file).toBe(path);
          expect(line, message.en).toBeGreaterThan(0);
          expect(line, message.en).toBeLessThanOrEqual(damaged.length);
          expect(column, message.en).toBeGreaterThan(0);
          expect(column, message.en).toBeLessThanOrEqual((damaged[line - 1] ?? "").length + 1);
        }
      }),
      { numRuns: 150 },
    );
  });
});
