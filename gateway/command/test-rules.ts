import { dirname, resolve } from "node:path";
import { ConfigurationError } from "../../model/error.ts";
import { loadConfiguration } from "../config/load.ts";
import { displayName } from "../config/problem.ts";
import type { Configuration } from "../configuration.ts";
import { loadRuleTests, type RuleTestFile, ruleTestsOf } from "../replay/rule-test-file.ts";
import { type Mismatch, runRuleTest } from "../replay/rule-test-run.ts";
import { DIFFERENT, EXIT, type ExitCode } from "./exit.ts";
import { hasColour, print, printJson } from "./output.ts";

/** Options of `tocsin test-rules SITE`, as they come from the command line. */
export interface TestRulesOptions {
  /** Folder or file of tests. Default: `rule-tests` beside the site file. */
  readonly tests?: string;
  readonly json: boolean;
}

/** One test that was run. */
interface Ran {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly name: string | undefined;
  readonly ok: boolean;
  readonly mismatches: readonly (Mismatch & { readonly line: number })[];
  readonly events: readonly string[];
}

/**
 * Runs the rule tests of a site or a rule pack and says what differs. A file of tests that names a `site` is run with that one.
 * @throws ConfigurationError for a site or a file of tests that has errors, or when there are no tests
 */
export function testRules(site: string, options: TestRulesOptions): ExitCode {
  const files = loadRuleTests(options.tests ?? ruleTestsOf(site));
  const configurations = new Map<string, Configuration>();
  const configurationFor = (file: RuleTestFile): Configuration => {
    const own = file.content.site;
    const path = own === undefined ? site : resolve(dirname(file.path), own);
    const known = configurations.get(path) ?? loadConfiguration(path);
    configurations.set(path, known);
    return known;
  };
  const ran = files.flatMap((file) => runFile(file, configurationFor(file)));
  if (ran.length === 0) {
    throw new ConfigurationError("CONFIG_INVALID", "there is not one test in these files");
  }
  const failed = ran.filter(({ ok }) => !ok).length;
  if (options.json) printJson({ ok: failed === 0, tests: ran.length, failed, results: ran });
  else {
    for (const one of ran) print(words(one));
    print(`${ran.length} tests, ${failed} failed · ${ran.length} 项测试，${failed} 项未通过`);
  }
  return failed === 0 ? EXIT.ok : DIFFERENT;
}

function runFile({ path, content, tree }: RuleTestFile, configuration: Configuration): Ran[] {
  const lineOf = (at: readonly PropertyKey[]) => {
    const { source, offset } = tree.spot(at, "key");
    return source.position(offset).line;
  };
  return Object.entries(content.tests).map(([id, test]) => {
    const { mismatches, events } = runRuleTest(configuration, test);
    const place = ({ kind, index }: Mismatch) => {
      if (index === undefined) return lineOf(["tests", id]);
      return lineOf(["tests", id, kind === "missing" ? "expect" : "given", index]);
    };
    return {
      file: displayName(path),
      line: lineOf(["tests", id]),
      id,
      name: test.name === undefined ? undefined : `${test.name.zh} ${test.name.en}`,
      ok: mismatches.length === 0,
      mismatches: mismatches.map((mismatch) => ({ ...mismatch, line: place(mismatch) })),
      events,
    };
  });
}

const SIGNS: Readonly<Record<Mismatch["kind"], string>> = { missing: "-", unexpected: "+", wrong: "!" };

function words({ file, line, id, ok, mismatches, events }: Ran): string {
  const paint = (code: number, text: string) =>
    hasColour(process.stdout) ? `\u001b[${code}m${text}\u001b[0m` : text;
  if (ok) return `${paint(32, "ok")}   ${id}`;
  const lines = [`${paint(31, "FAIL")} ${id} (${file}:${line})`];
  for (const { kind, text, line: at } of mismatches) {
    lines.push(
      `     ${paint(kind === "unexpected" ? 33 : 31, SIGNS[kind])} ${text} (line ${at}, ${WHAT[kind]})`,
    );
  }
  lines.push(
    ...(events.length === 0 ? ["       nothing happened · 没有事件"] : ["       what happened · 实际事件:"]),
  );
  lines.push(...events.map((event) => `         ${event}`));
  return lines.join("\n");
}

const WHAT: Readonly<Record<Mismatch["kind"], string>> = {
  missing: "expected, did not happen · 应有而未发生",
  unexpected: "not expected · 意外发生",
  wrong: "the test itself · 测试有误",
};
