import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { COMMANDS_SUPPORTED, REFUSALS } from "../../gateway/alerts/command-schemas.ts";
import { EXIT } from "../../gateway/command/exit.ts";
import { routeKinds } from "../../gateway/routes/registry.ts";
import { influxdb1Schema, influxdb2Schema } from "../../gateway/sinks/options.ts";
import { sparkplugSinkSchema } from "../../gateway/sinks/sparkplug/options.ts";
import { QUALITY_NAMES, REASONS } from "../../model/quality.ts";
import { BUILT_IN_RULES } from "../../rules/built-in.ts";
import { ALARM_STATES, TRANSITIONS } from "../../rules/event.ts";
import { CONDITION_KEYS } from "../../rules/rule.ts";
import { FAULT_TEXT } from "../../simulators/fault.ts";
import { firstColumn, page, prose, ROOT, tables } from "./pages.ts";

/*
 * Tables that name what there is name all of it, and nothing else: who adds a thing to the code is told which table to mend.
 */

const SINK_TYPES = [influxdb1Schema, influxdb2Schema, sparkplugSinkSchema].map(
  ({ shape }) => shape.type.value,
);

const english = page("README.md");
const chinese = page("README.zh-CN.md");
const sorted = (names: Iterable<string>) => [...names].toSorted();

const READMES = [
  {
    readme: english,
    heads: { link: "type", profile: "profile", condition: "condition", sink: "type", code: "code" },
  },
  {
    readme: chinese,
    heads: { link: "类型", profile: "型号文件", condition: "条件", sink: "类型", code: "码" },
  },
];

describe.each(READMES)("$readme.name", ({ readme, heads }) => {
  test("names every type of link and of sink", () => {
    const types = tables(readme)
      .filter(({ head }) => head[0] === heads.link)
      .flatMap(({ rows }) => rows.map(([cell = ""]) => cell.replaceAll("`", "")));
    expect(sorted(types)).toEqual(sorted([...driverKinds.keys(), ...SINK_TYPES]));
  });

  test("names every profile", () => {
    const { profiles } = loadProfiles([BUILT_IN_PROFILES]);
    expect(firstColumn(readme, heads.profile)).toEqual(sorted(profiles.keys()));
  });

  test("says that no profile was confirmed on an instrument as long as that is so", () => {
    const { profiles } = loadProfiles([BUILT_IN_PROFILES]);
    expect([...profiles.values()].filter(({ maturity }) => maturity === "confirmed")).toEqual([]);
    expect(readme.text).toMatch(/No profile has been confirmed|没有一个型号文件在实物上验证过/);
  });

  test("names every condition of rules", () => {
    expect(firstColumn(readme, heads.condition)).toEqual([...CONDITION_KEYS]);
  });

  test("names the commands that are carried out over MQTT", () => {
    const row = tables(readme)
      .flatMap(({ rows }) => rows)
      .find(([topic]) => topic?.startsWith("`command/"));
    expect(Array.from(row?.at(-1)?.matchAll(/`([a-z-]+)`/g) ?? [], ([, verb]) => verb)).toEqual([
      ...COMMANDS_SUPPORTED,
    ]);
  });

  test("names every exit code", () => {
    const codes = tables(readme).find(({ head }) => head[0] === heads.code);
    expect(codes?.rows.map(([code]) => Number(code))).toEqual(Object.values(EXIT));
  });
});

test("the READMEs name every built-in rule", () => {
  for (const { name } of Object.values(BUILT_IN_RULES)) {
    expect(prose(english).replaceAll("\n", " ")).toContain(name.en);
    expect(prose(chinese)).toContain(name.zh);
  }
});

describe("docs/topics.md", () => {
  const topics = page("docs/topics.md");

  test("explains every transition, and every refusal", () => {
    expect(sorted(firstColumn(topics, "transition"))).toEqual(sorted(TRANSITIONS));
    expect(sorted(firstColumn(topics, "refused as"))).toEqual(sorted(REFUSALS));
  });
});

test("docs/rules.md explains every condition and every state of an alarm", () => {
  const rules = page("docs/rules.md");
  expect(firstColumn(rules, "condition")).toEqual([...CONDITION_KEYS]);
  expect(["normal", ...firstColumn(rules, "state")]).toEqual([...ALARM_STATES]);
});

test("docs/routes.md names every type of route", () => {
  expect(firstColumn(page("docs/routes.md"), "type")).toEqual([...routeKinds.keys()]);
});

test("docs/influxdb.md has every reason with its quality, code and NE107 category", () => {
  const table = tables(page("docs/influxdb.md")).find(({ head }) => head[0] === "reason");
  expect(table?.rows.map((row) => row.slice(0, 4))).toEqual(
    REASONS.map(({ name, quality, opcua, ne107 }) => [
      `\`${name}\``,
      QUALITY_NAMES[quality],
      String(opcua),
      ne107 ?? "",
    ]),
  );
});

test("docs/simulators.md has every kind of fault", () => {
  expect(firstColumn(page("docs/simulators.md"), "kind")).toEqual(Object.keys(FAULT_TEXT));
});

/** Kinds of link whose devices can be asked, and the page that says what. */
const ASKED: Readonly<Record<string, string>> = {
  "gb26875-server": "docs/gb26875.md",
  "sl651-server": "docs/sl651.md",
  "hj212-server": "docs/hj212.md",
};

test("the page of a protocol has every request that its devices know", () => {
  const kinds = [...driverKinds.values()].filter(({ requests }) => requests !== undefined);
  expect(sorted(kinds.map(({ type }) => type))).toEqual(sorted(Object.keys(ASKED)));
  for (const { type, requests = [] } of kinds) {
    expect(firstColumn(page(ASKED[type]!), "request")).toEqual(requests.map(({ id }) => id));
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
  }
});

test("docs/http.md has every path", () => {
  const source = ["routes.ts", "outside-routes.ts"]
    .map((name) => readFileSync(join(ROOT, "gateway/api", name), "utf8"))
    .join("\n");
  const paths = Array.from(source.matchAll(/app\.(?:get|post)\("([^"]+)"/g), ([, path]) => path!);
  const told = firstColumn(page("docs/http.md"), "path").map((path) => path.split("?")[0]!);
  expect(told).toEqual(paths);
});

/** Protocols with a page and counters of their own. */
const PROTOCOLS = [
  ...["gb26875", "sl651", "hj212", "szy206", "sparkplug", "lorawan"].map((protocol) => ({
    folder: protocol,
    told: protocol,
    prefix: protocol,
  })),
  { folder: "http", told: "http-intake", prefix: "http_intake" },
];

test.each(PROTOCOLS)("docs/$told.md explains every counter of its driver", ({ folder, told, prefix }) => {
  const named = new RegExp(`"(${prefix}_[a-z_]+)"`, "g");
  const names = globSync(`drivers/${folder}/**/*.ts`, { cwd: ROOT }).flatMap((file) =>
    Array.from(readFileSync(join(ROOT, file), "utf8").matchAll(named), ([, name]) => name!),
  );
  expect(names.length).toBeGreaterThan(5);
  expect(sorted(firstColumn(page(`docs/${told}.md`), "counter"))).toEqual(sorted(new Set(names)));
});

describe("docs/operations.md", () => {
  const operations = page("docs/operations.md");
  // What a protocol with a page of its own counts stands there.
  const sources = globSync("{drivers,gateway,rules}/**/*.ts", { cwd: ROOT })
    .filter((file) => !PROTOCOLS.some(({ folder }) => file.startsWith(`drivers/${folder}/`)))
    .map((file) => readFileSync(join(ROOT, file), "utf8"));

  test("explains every counter", () => {
    // Counters are made in three ways: with an object, and by two shorthands that fill in the labels.
    const made = /(?:\bcounter|#count)\(\s*(?:\{\s*name:\s*)?"([a-z_]+)"/g;
    const names = sources.flatMap((source) => Array.from(source.matchAll(made), ([, name]) => name!));
    expect(new Set(names).size).toBeGreaterThan(40);
    expect(sorted(firstColumn(operations, "counter"))).toEqual(sorted(new Set(names)));
  });

  test("names every gauge", () => {
    const source = readFileSync(join(ROOT, "gateway/api/gauges.ts"), "utf8");
    const names = Array.from(source.matchAll(/\bname: "([a-z_]+)"/g), ([, name]) => name!);
    const [, sentence] = /^Gauges, with the prefix only: ([^.]+)\./m.exec(operations.text) ?? [];
    const told = Array.from(sentence?.matchAll(/`([a-z_]+)`/g) ?? [], ([, name]) => name!);
    expect(sorted(told)).toEqual(sorted(names));
  });
});
