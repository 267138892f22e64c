import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfiguration, loadSite } from "../../gateway/config/load.ts";
import { loadPack, packIds, RULE_PACKS } from "../../gateway/config/pack-file.ts";
import { packNumbers } from "../../gateway/config/pack-numbers.ts";
import { Problems, renderProblem } from "../../gateway/config/problem.ts";
import { loadRuleTests, ruleTestsOf } from "../../gateway/replay/rule-test-file.ts";
import { runRuleTest } from "../../gateway/replay/rule-test-run.ts";

/*
 * A pack is data that people trust: every number says where it comes from, and every rule is shown by a test to do what it says.
 * `tocsin test-rules rules/packs/<pack>` runs the same tests.
 */

test("there is a pack for each field, and a folder of tests for each pack", () => {
  expect(packIds()).toEqual(["fire", "gas", "geohazard", "vibration", "water"]);
  const folders = readdirSync(RULE_PACKS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(packIds());
});

describe.each(packIds())("the pack %s", (id) => {
  const problems = new Problems();
  const loaded = loadPack(id, problems);
  const pack = () => {
    if (loaded === undefined)
      throw new Error(
        problems
          .list()
          .map((each) => renderProblem(each))
          .join("\n"),
      );
    return loaded;
  };
  const rules = () => Object.entries(pack().rules);
  const folder = join(RULE_PACKS, id);

  test("is sound, and called as its file", () => {
    expect(problems.list()).toEqual([]);
    expect(pack().id).toBe(id);
  });

  test("says of every number where it comes from, and of nothing else", () => {
    for (const [name, packed] of rules()) {
      const numbers = packNumbers(packed);
      expect(
        numbers.filter(({ source }) => source === undefined),
        name,
      ).toEqual([]);
      for (const path of Object.keys(packed.sources)) {
        const stands = numbers.some((number) => number.path === path || number.path.startsWith(`${path}.`));
        expect(stands, `${name}: ${path} is the source of no number`).toBe(true);
      }
    }
  });

  test("calls nothing a standard without naming it", () => {
    const named = /GB|GBZ|ISO|DIN|中国气象局/;
    const sources = [
      ...rules().flatMap(([, { sources: of }]) => Object.values(of)),
      ...Object.values(pack().parameters).flatMap(({ source }) => source ?? []),
    ];
    for (const { maturity, basis } of sources) if (maturity === "standard") expect(basis).toMatch(named);
  });

  test("has rules with words in both languages, a basis and what to do", () => {
    for (const [name, { rule }] of rules()) {
      expect(rule.name, name).toMatchObject({
        zh: expect.stringMatching(/[\u4e00-\u9fff]/),
        en: expect.any(String),
      });
      expect(rule.guidance, name).toMatchObject({
        zh: expect.stringMatching(/[\u4e00-\u9fff]/),
        en: expect.any(String),
      });
      expect(rule.basis, name).toEqual(expect.any(String));
    }
  });

  test("has parameters that its rules take, and no others", () => {
    const taken = new Set<string>();
    for (const [name, { rule, needs }] of rules()) {
      const own = new Set(JSON.stringify(rule).match(/(?<=\$\{)\w+(?=\})/g) ?? []);
      for (const parameter of own) taken.add(parameter);
      for (const parameter of needs) {
        expect(own, `${name} needs ${parameter}`).toContain(parameter);
        expect(pack().parameters[parameter]?.need, `${name} needs ${parameter}`).toBe("optional");
      }
    }
    expect([...taken].toSorted()).toEqual(Object.keys(pack().parameters).toSorted());
  });

  test("passes `tocsin check` on the site of its tests", () => {
    const { problems: said } = loadSite(folder, { environment: {} });
    expect(said.map((problem) => renderProblem(problem))).toEqual([]);
  });

  const files = loadRuleTests(ruleTestsOf(folder));
  const tests = files.flatMap(({ content }) => Object.entries(content.tests));

  test.each(tests)("%s", (_, ruleTest) => {
    const { mismatches } = runRuleTest(loadConfiguration(folder, { environment: {} }), ruleTest);
    expect(mismatches).toEqual([]);
  });

  test("has a test that sees each of its rules raise", () => {
    const raised = new Set(tests.flatMap(([, { expect: events }]) => events.map(({ rule }) => rule)));
    const quiet = rules().filter(([name]) => ![...raised].some((rule) => rule.endsWith(`-${name}`)));
    expect(quiet.map(([name]) => name)).toEqual([]);
  });
});
