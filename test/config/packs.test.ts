import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expandPacks } from "../../gateway/config/expand-packs.ts";
import { loadConfiguration, loadSite } from "../../gateway/config/load.ts";
import { isTree, type Tree, valueAt } from "../../gateway/config/located.ts";
import { loadPack } from "../../gateway/config/pack-file.ts";
import { Problems, renderProblem } from "../../gateway/config/problem.ts";
import { SourceText } from "../../gateway/config/source.ts";
import { parseYaml } from "../../gateway/config/yaml-source.ts";
import { Playback } from "../../gateway/replay/playback.ts";
import { REASON } from "../../model/quality.ts";
import { NO_TIME, ReadingBatch } from "../../model/reading.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { ROOT } from "../docs/pages.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function treeOf(text: string): Tree {
  const tree = parseYaml(new SourceText("site.yaml", text), new Problems());
  if (!isTree(tree)) throw new Error("no map");
  return tree;
}

/** The rules that a site comes to have, as they would stand in its file. */
function rulesOf(text: string): Tree {
  const problems = new Problems();
  const { root } = expandPacks(treeOf(text), problems);
  expect(problems.list().map((problem) => renderProblem(problem))).toEqual([]);
  return root.rules as Tree;
}

describe("a site that uses a pack", () => {
  test("has its rules under the name of the entry, beside its own", () => {
    const rules = rulesOf("rules: { mine: { enabled: true } }\npacks: { gas: {} }");
    expect(Object.keys(rules).slice(0, 2)).toEqual(["mine", "gas-leak"]);
    const two = Object.keys(rulesOf("packs: { a: { pack: vibration }, b: { pack: vibration } }"));
    expect(two).toContain("a-event");
    expect(two).toContain("b-event");
  });

  test("has no level for an optional parameter that it does not give, and the one that it gives", () => {
    expect(valueAt(rulesOf("packs: { gas: {} }"), ["gas-leak", "above"])).toStrictEqual({
      orange: 25,
      red: 50,
    });
    expect(valueAt(rulesOf("packs: { gas: { set: { preAlarm: 8 } } }"), ["gas-leak", "above"])).toEqual({
      yellow: 8,
      orange: 25,
      red: 50,
    });
  });

  test("has the default of a parameter that has one, a map as a whole", () => {
    const standard = rulesOf("packs: { water: {} }")["water-flash-flood"];
    expect(valueAt(standard, ["accumulation", "windows", "3", "above", "red"])).toBe(200);
    const own = rulesOf("packs: { water: { set: { flashFlood: [{ window: 1h, above: { red: 60 } }] } } }");
    expect(valueAt(own, ["water-flash-flood", "accumulation", "windows"])).toEqual([
      { window: "1h", above: { red: 60 } },
    ]);
  });

  test("changes one level of one limit, and leaves the others as they are", () => {
    const rules = rulesOf(
      "packs: { gas: { rules: { leak: { above: { orange: { limit: 20, onDelay: 5s } }, deadband: 3, latching: true } } } }",
    );
    expect(rules["gas-leak"]).toMatchObject({
      above: { orange: { limit: 20, onDelay: "5s" }, red: 50 },
      deadband: 3,
      offDelay: "30s",
      latching: true,
    });
  });

  test("takes out what it says null of", () => {
    const rules = rulesOf("packs: { gas: { rules: { leak: { above: { orange: null }, offDelay: null } } } }");
    expect(valueAt(rules, ["gas-leak", "above"])).toEqual({ red: 50 });
    expect(rules["gas-leak"]).not.toHaveProperty("offDelay");
  });

  test("does not have a rule that it does not want, and is asked for none of its parameters", () => {
    const { root, uses } = expandPacks(
      treeOf("packs: { vibration: { rules: { machine: { enabled: false } } } }"),
      new Problems(),
    );
    expect(Object.keys(root.rules as Tree)).toEqual(["vibration-event", "vibration-device-fault"]);
    expect(uses[0]?.rules.filter(({ missing }) => missing.length > 0).map(({ name }) => name)).toEqual([
      "building",
    ]);
  });

  test("may write what a parameter would fill itself", () => {
    const rules = rulesOf("packs: { water: { rules: { stage: { stages: { historic: 12 } } } } }");
    expect(valueAt(rules, ["water-stage", "stages"])).toEqual({ historic: 12 });
    const boundaries = rulesOf(
      "packs: { vibration: { rules: { machine: { machineZones: { class: null, boundaries: { bc: 2.3, cd: 4.5 } } } } } }",
    );
    expect(valueAt(boundaries, ["vibration-machine", "machineZones"])).toEqual({
      boundaries: { bc: 2.3, cd: 4.5 },
    });
  });

  test("gets a rule that needs an optional parameter only with it", () => {
    expect(rulesOf("packs: { water: {} }")).not.toHaveProperty("water-ponding");
    expect(rulesOf("packs: { water: { set: { ponding: { red: 0.4 } } } }")).toHaveProperty(
      "water-ponding.above.red",
      0.4,
    );
  });

  test("narrows all of it, and single rules further; its own file is left as it is", () => {
    const text =
      "packs: { gas: { applies: { group: [old] }, rules: { leak: { applies: { device: gd-1 } }, detector-fault: { applies: { domain: null } } } } }";
    const tree = treeOf(text);
    const before = JSON.stringify(tree);
    const rules = expandPacks(tree, new Problems()).root.rules as Tree;
    expect(valueAt(rules, ["gas-leak", "applies"])).toEqual({
      quantity: "gas_lel",
      device: "gd-1",
      group: ["old"],
    });
    expect(valueAt(rules, ["gas-open-path", "applies"])).toEqual({ quantity: "gas_path", group: ["old"] });
    expect(valueAt(rules, ["gas-detector-fault", "applies"])).toEqual({ quantity: "fault", group: ["old"] });
    expect(JSON.stringify(tree)).toBe(before);
  });
});

const SITE = `
site: { id: t, name: 试验 }
links: { bus: { type: modbus-rtu-over-tcp, host: 192.0.2.1, port: 4001 } }
points: { well: { name: 井, domain: gas } }
devices: { gd-1: { profile: generic-lel, link: bus, point: well, address: { unit: 1 } } }
`;

function load(text: string, files: Readonly<Record<string, string>> = {}) {
  using folder = temporaryFolder("packs");
  for (const [name, content] of Object.entries(files)) writeFileSync(folder.join(name), content);
  writeFileSync(folder.join("site.yaml"), text);
  const { configuration, problems } = loadSite(folder.join("site.yaml"), { environment: {} });
  return { configuration, said: problems.map((problem) => renderProblem(problem, { folder: folder.path })) };
}

test("rules of a pack that look at nothing of the site are not there, and nothing is said of them", () => {
  const { configuration, said } = load(`${SITE}packs: { gas: {} }`);
  expect(said).toEqual([]);
  expect(configuration?.rules.map(({ id }) => id)).toEqual([
    "gas-leak",
    "gas-detector-alarm",
    "gas-detector-fault",
  ]);
});

test("a number of a pack is part of the revision of a site", () => {
  const revision = (packs: string) => load(`${SITE}packs: ${packs}`).configuration?.site.revision;
  const standard = revision("{ gas: {} }");
  expect(standard).toBeDefined();
  expect(revision("{ gas: { set: { preAlarm: 8 } } }")).not.toBe(standard);
});

test("a template uses a pack for each row of its table, with parameters of its own", () => {
  const { configuration, said } = load(
    `
site: { id: t, name: 试验 }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:1883" } }
templates:
  river:
    points: { "\${id}": { name: "\${id}", domain: water } }
    devices:
      "wl-\${id}":
        profile: json-gauge
        link: broker
        point: "\${id}"
        derived: { level: { quantity: water_level, linear: { input: depth, offset: 0 } } }
    packs: { "\${id}": { pack: water, applies: { point: "\${id}" }, set: { stages: { warning: "\${warning}" } } } }
instances: [{ template: river, from: rivers.csv }]
`,
    { "rivers.csv": "id,warning\nnorth,4.5\nsouth,12\n" },
  );
  expect(said).toEqual([]);
  const stages = configuration?.rules.filter(({ id }) => id.endsWith("-stage")) ?? [];
  expect(stages.map(({ id }) => id)).toEqual(["north-stage", "south-stage"]);
  expect(stages.map(({ subjects }) => configuration?.site.channels[subjects[0]!.channel]?.key)).toEqual([
    "wl-north.level",
    "wl-south.level",
  ]);
});

test("a mistake that many rows of a template bring into a pack is one problem", () => {
  const { said } = load(
    `
site: { id: t, name: 试验 }
links: { bus: { type: modbus-rtu-over-tcp, host: 192.0.2.1, port: 4001 } }
templates:
  well:
    points: { "\${id}": { name: "\${id}", domain: gas } }
    devices: { "gd-\${id}": { profile: generic-lel, link: bus, point: "\${id}", address: { unit: "\${unit}" } } }
    packs: { "\${id}": { pack: gas, applies: { point: "\${id}" }, rules: { leak: { abov: { red: 40 } } } } }
instances: [{ template: well, from: wells.csv }]
`,
    { "wells.csv": "id,unit\na,1\nb,2\nc,3\n" },
  );
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^site\.yaml:8:\d+: error CONFIG_INVALID: unknown key "abov" .*and 2 more like this/,
  );
});

test("a folder of packs that is damaged is a problem at its line, and no exception", () => {
  using folder = temporaryFolder("packs");
  writeFileSync(folder.join("odd.yaml"), "id: odd\nname: Odd\nsummary: odd\nrules: { a: { rul: {} } }\n");
  const problems = new Problems();
  expect(loadPack("odd", problems, folder.path)).toBeUndefined();
  expect(problems.list()[0]).toMatchObject({ code: "CONFIG_INVALID", line: 4 });
});

describe("smoke in the home of an elderly person", () => {
  /** Channel of the first home's smoke alarm in the example, with what happens after it has called. */
  function home() {
    const configuration = loadConfiguration(join(ROOT, "examples/high-rise-fire"), { environment: {} });
    const smoke = configuration.site.channels.find(({ key }) => key === "home-001-smoke.smoke");
    if (smoke === undefined) throw new Error("the example has no such channel");
    const events: AlarmEvent[] = [];
    const playback = new Playback(configuration, { event: (event) => events.push(event) });
    playback.boot(0);
    const batch = new ReadingBatch();
    batch.add(smoke.index, 1, REASON.good, NO_TIME);
    playback.enter(batch, SECOND);
    const about = (transition: string) =>
      events.filter((event) => event.rule === "fire-smoke" && event.transition === transition);
    return { playback, about };
  }

  test("is red at once, and told to the next group when nobody has acknowledged it after 3 minutes", () => {
    const { playback, about } = home();
    expect(about("raise")).toMatchObject([{ severity: "red", time: SECOND }]);
    playback.advance(3 * MINUTE);
    expect(about("overrun")).toEqual([]);
    playback.advance(3 * MINUTE + SECOND);
    expect(about("overrun")).toMatchObject([{ overdue: "acknowledge", escalateTo: "community-grid" }]);
  });

  test("is not told further when somebody has", () => {
    const { playback, about } = home();
    const [raised] = about("raise");
    const outcome = playback.input({
      kind: "command",
      at: MINUTE,
      id: "1",
      verb: "acknowledge",
      user: "duty",
      rule: "fire-smoke",
      subject: "home-001-smoke.smoke",
      occurrence: raised?.occurrence ?? 0,
    });
    expect(outcome?.accepted).toBe(true);
    playback.advance(5 * MINUTE);
    expect(about("overrun")).toEqual([]);
  });
});
