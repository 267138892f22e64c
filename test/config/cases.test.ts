import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { renderProblem } from "../../gateway/config/problem.ts";

/*
 * A folder a situation: `site.yaml` or the folder `site/`, and in `expected.txt` all that `tocsin check` says of it. A new
 * situation is a new folder; TOCSIN_WRITE_CASES=1 writes what is said now, for a person to read before it is kept.
 */
const CASES = resolve(import.meta.dirname, "../cases/config");
const situations = readdirSync(CASES).sort();

test.each(situations)("a site file with: %s", (situation) => {
  const folder = join(CASES, situation);
  const expected = join(folder, "expected.txt");
  const several = join(folder, "site");
  const { configuration, problems } = loadSite(existsSync(several) ? several : join(folder, "site.yaml"), {
    environment: {},
  });
  const said = `${problems.map((problem) => renderProblem(problem, { folder })).join("\n")}\n`;
  if (process.env.TOCSIN_WRITE_CASES === "1") writeFileSync(expected, said);
  expect(said).toBe(readFileSync(expected, "utf8"));
  const failed = problems.some(({ severity }) => severity === "error");
  expect(configuration === undefined).toBe(failed);
});

test("every situation has something wrong, at a place where a person can look", () => {
  expect(situations.length).toBeGreaterThanOrEqual(25);
  for (const situation of situations) {
    const [first] = readFileSync(join(CASES, situation, "expected.txt"), "utf8").split("\n");
    expect(first, situation).toMatch(/^[\w./-]+(:\d+:\d+)?: (error|warning) [A-Z_]+: \S/);
  }
});
