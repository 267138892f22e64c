import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { CATALOGUE, chineseOf, inBoth, SEE_ENGLISH } from "../../gateway/messages/chinese.ts";

/*
 * What is wrong with a configuration is said in Chinese as well. The words of drivers, rules, schemas and commands are English in the
 * code; their Chinese is found by them. These tests read the code: words without Chinese, and Chinese that nothing asks for any more, fail.
 */
const ROOT = resolve(import.meta.dirname, "../..");
const CASES = join(ROOT, "test/cases/config");

describe("the situations of wrong configuration", () => {
  const situations = readdirSync(CASES);
  const problems = situations.flatMap((situation) => {
    const folder = join(CASES, situation);
    const several = join(folder, "site");
    const path = existsSync(several) ? several : join(folder, "site.yaml");
    return loadSite(path, { environment: {} }).problems;
  });

  test("have Chinese of their own for every problem and every hint", () => {
    const without = problems.flatMap(({ message, hint }) =>
      [message, hint].filter((text) => text?.zh.includes(SEE_ENGLISH)).map((text) => text!.en),
    );
    expect(without).toEqual([]);
    expect(problems.length).toBeGreaterThan(situations.length);
  });

  test("have Chinese that is Chinese, and not the English once more", () => {
    for (const { message } of problems) {
      expect(message.zh, message.en).toMatch(/\p{Script=Han}/u);
      expect(message.zh).not.toBe(message.en);
    }
  });
});

/** Where schemas, rules, what is said of profiles and devices' entries, and what commands refuse with, stand. */
const SPEAKING = [
  "rules/**/*.ts",
  "model/{schema,listen,unit,gas}.ts",
  "drivers/**/{options,dial-in-options,kinds,profile,address,outputs,place-schema,lint,profile-check}.ts",
  "gateway/config/*-schema.ts",
  "gateway/{alerts,api,journal,outside,sinks}/options.ts",
  "gateway/routes/**/options.ts",
  "gateway/replay/*.ts",
  "gateway/command/**/*.ts",
  "gateway/{api/server,journal/lock}.ts",
  "drivers/tcp/listen-error.ts",
  "drivers/mqtt/broker/listener.ts",
];

/** A text of the code: in quotes, or a template. */
const LITERAL = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\`(?:[^\`\\]|\\.)*\``;
const SAYINGS = [
  new RegExp(String.raw`\b(?:message|hint):\s*(${LITERAL})`, "g"),
  // A pattern with its words behind it.
  new RegExp(String.raw`\.regex\(\s*/(?:[^/\n\\]|\\.)+/\w*,\s*(${LITERAL})`, "g"),
  new RegExp(String.raw`\bnew (?:Configuration|Device|Network|Host)Error\(\s*"[A-Z_]+",\s*(${LITERAL})`, "g"),
  // A check with its words behind it, on one line or on several.
  new RegExp(String.raw`\.refine\([^\n]*?,\s*(${LITERAL})\)`, "g"),
  new RegExp(String.raw`\.refine\(\n(?:.*\n){1,4}?\s*(${LITERAL}),?\n\s*\)`, "g"),
];
/** Calls whose texts all are words for people. */
const CALLS = /\b(?:report|fail)\(((?:[^;"'`]|"[^"\n]*"|`[^`]*`)*?)\);/g;

/** What stands for a value that a template fills in. */
const VALUE = "x7";
/** Sentences that are little more than what is filled in fit anything. */
const LEAST_OF_ITS_OWN = 4;

/** The text as somebody would read it; undefined where more than a value is filled in. */
function read(literal: string): string | undefined {
  const text = literal.slice(1, -1).replaceAll(/\$\{[^{}]*\}/g, VALUE);
  return text.includes("$" + "{") ? undefined : text.replaceAll(/\\(["'`])/g, "$1");
}

/** What the sentence may become, whatever is filled in. */
function shapeOf(text: string): RegExp {
  return new RegExp(`^${text.split(VALUE).map(RegExp.escape).join(".+")}$`, "s");
}

/** Whether there is Chinese for the sentence, or, where words are filled in, for each with its word. */
function hasChinese(text: string): boolean {
  // What is hung on at the end, as the range of an instrument, may be left out.
  if (chineseOf(text) !== undefined || chineseOf(text.replace(new RegExp(`${VALUE}$`), "")) !== undefined)
    return true;
  const shape = shapeOf(text);
  return text.includes(VALUE) && Object.keys(CATALOGUE).some((english) => shape.test(english));
}

const said = globSync(SPEAKING, { cwd: ROOT }).flatMap((file) => {
  const code = readFileSync(join(ROOT, file), "utf8");
  const literals = SAYINGS.flatMap((saying) => [...code.matchAll(saying)].map(([, literal = ""]) => literal));
  for (const [, call = ""] of code.matchAll(CALLS)) {
    literals.push(...(call.match(new RegExp(LITERAL, "g")) ?? []));
  }
  return (
    [...new Set(literals.map(read))]
      // What is in both languages at once, as help is, needs no other.
      .filter((text) => text?.includes(" ") && !/\p{Script=Han}/u.test(text))
      .map((text) => [file, text] as [string, string])
  );
});

describe("the words of drivers, rules, schemas and commands", () => {
  test("are found in the code", () => {
    expect(said.length).toBeGreaterThan(250);
  });

  test("all have Chinese", () => {
    expect(said.filter(([, text]) => !hasChinese(text))).toEqual([]);
  });
});

describe("the catalogue", () => {
  const code = globSync("{drivers,rules,model,gateway}/**/*.ts", { cwd: ROOT })
    .filter((file) => !file.startsWith("gateway/messages/chinese"))
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join("\n");
  const written = code.replaceAll(/\\(["'`])/g, "$1");
  const shapes = [...new Set(code.match(new RegExp(LITERAL, "g")))]
    .map(read)
    .filter((text) => text?.includes(VALUE) && text.replaceAll(VALUE, "").trim().length >= LEAST_OF_ITS_OWN)
    .map((text) => shapeOf(text!));

  /** Whether all of its own words stand in the code, or it may come of a template there. */
  function isSaid(english: string): boolean {
    const own = english.split(/\{\d\}/).map((part) => part.trim());
    return own.every((part) => written.includes(part)) || shapes.some((shape) => shape.test(english));
  }

  test("has no Chinese for words that nobody says any more", () => {
    // What zod, the expression language and the parser of the command line say stands in no file of ours.
    const foreign = /^(invalid |too (small|big)|unknown variable|error: )/;
    expect(Object.keys(CATALOGUE).filter((english) => !foreign.test(english) && !isSaid(english))).toEqual(
      [],
    );
  });

  test("fills in what is filled in, in the order of the Chinese", () => {
    expect(chineseOf("2 votes of 1 detectors: it could never raise")).toBe(
      "1 个探测器凑不出 2 票：永远不会报警",
    );
  });

  test("says in Chinese what is filled in where that is a sentence itself", () => {
    expect(
      chineseOf("the limits are in mm, which does not fit gas_lel in %LEL: mm cannot be converted to %LEL"),
    ).toBe("限值单位是 mm，与 gas_lel（%LEL）不符：mm 不能换算为 %LEL");
  });

  test("says of what it does not have that the English stands above", () => {
    expect(inBoth("a sentence of somebody's own driver")).toEqual({
      en: "a sentence of somebody's own driver",
      zh: SEE_ENGLISH,
    });
  });

  test("has every number of a sentence in its Chinese", () => {
    const places = (text: string) => new Set(text.match(/\{\d\}/g) ?? []);
    for (const [english, chinese] of Object.entries(CATALOGUE)) {
      const [wanted, given] = [places(english), places(chinese)];
      expect(wanted.isSupersetOf(given), english).toBe(true);
    }
  });
});
