import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { renderProblem } from "../../gateway/config/problem.ts";
import type { Configuration } from "../../gateway/configuration.ts";
import { distance } from "../../model/coordinates.ts";
import { isId } from "../../model/id.ts";
import { exampleSites } from "../support/example-sites.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");
const names = exampleSites;
/** The county's seat; every place of the examples is within a day's walk. */
const WUSHAN = { longitude: 109.875, latitude: 31.078 };
const NEAR = 30_000;

function load(name: string): { configuration: Configuration | undefined; said: string[] } {
  const { configuration, problems } = loadSite(join(EXAMPLES, name), { environment: {} });
  return { configuration, said: problems.map((problem) => renderProblem(problem)) };
}

test("there is an example for each kind of site", () => {
  expect(names.toSorted()).toEqual(["demo", "gas-pipeline", "geohazard", "high-rise-fire"]);
});

describe.each(names)("the example %s", (name) => {
  const { configuration, said } = load(name);
  const site = configuration?.site;

  test("passes `tocsin check` with nothing to say", () => {
    expect(said).toEqual([]);
    expect(configuration).toBeDefined();
  });

  test("has names in both languages, and ids that may stand in topics", () => {
    for (const thing of [...(site?.points ?? []), ...(site?.devices ?? []), ...(site?.groups ?? [])]) {
      expect(isId(thing.id), thing.id).toBe(true);
      expect(thing.name.zh, thing.id).toMatch(/[\u4e00-\u9fff]/);
    }
  });

  test("has its places in the county", () => {
    for (const { id, location } of site?.points ?? []) {
      const { longitude, latitude } = location;
      if (longitude === undefined || latitude === undefined) throw new Error(`${id} has no coordinates`);
      expect(distance({ longitude, latitude }, WUSHAN), id).toBeLessThan(NEAR);
    }
  });

  test("has rules that say where their limits come from and what to do", () => {
    expect(configuration?.rules.length).toBeGreaterThan(4);
    for (const rule of configuration?.rules ?? []) {
      expect(rule.basis, rule.id).toBeDefined();
      expect(rule.guidance, rule.id).toBeDefined();
      expect(rule.name.zh, rule.id).toMatch(/[\u4e00-\u9fff]/);
      expect(rule.subjects.length, rule.id).toBeGreaterThan(0);
    }
  });

  test("holds no secret and no telephone number", () => {
    const text = readFileSync(join(EXAMPLES, name, "site.yaml"), "utf8");
    expect(text).not.toMatch(/\b1[3-9]\d{9}\b/);
    expect(text).not.toMatch(/^[^#]*\b(password|token):\s*(?!env:|file:|"?scrypt:)\S/m);
  });
});

test("three hundred homes of the high-rise example have a smoke alarm and an electrical-fire detector each", () => {
  const { configuration } = load("high-rise-fire");
  const homes = configuration?.site.groups.find(({ id }) => id === "elderly")?.points ?? [];
  expect(homes.length).toBe(300);
  const devices = configuration?.site.devices ?? [];
  for (const home of homes) {
    const profiles = devices.filter(({ point }) => point === home).map(({ profile }) => profile);
    expect(profiles.toSorted()).toEqual(["home-electrical-fire", "nb-iot-smoke"]);
  }
});

test("the demo has one place of each kind, and two detectors in one well", () => {
  const { configuration } = load("demo");
  const domains = new Set(configuration?.site.points.map(({ domain }) => domain));
  expect([...domains].toSorted()).toEqual(["fire", "gas", "machine", "water"]);
  const well = configuration?.site.points.find(({ id }) => id === "well-3")?.index;
  expect(configuration?.site.devices.filter(({ point }) => point === well).length).toBe(2);
});
