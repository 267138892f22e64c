import { describe, expect, test } from "vitest";
import { compileRules, type RuleProblem, ruleSchema } from "../../rules/rule.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";
import { parseRules, type RuleSketch } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  points: [
    { id: "well", domain: "gas" },
    { id: "room", domain: "fire" },
    { id: "old", stage: "retired" },
  ],
  groups: [{ id: "street", points: ["well"] }],
  devices: [
    {
      id: "gd",
      point: "well",
      profile: "generic-lel",
      channels: [
        { id: "lel", range: { low: 0, high: 100 }, gas: "CH4" },
        { id: "ppm", quantity: "gas_ppm" },
        { id: "temp", quantity: "temperature", range: { low: -40, high: 85 } },
      ],
    },
    {
      id: "panel",
      point: "room",
      profile: "panel",
      link: "serial",
      channels: [
        { id: "fire", quantity: "fire" },
        { id: "mode", quantity: "mode", states: { 0: "auto", 3: "manual" } },
        { id: "code", quantity: "code" },
      ],
    },
    { id: "gone", point: "old", channels: [{ id: "lel" }] },
  ],
});

function compile(rule: RuleSketch, id = "r"): { problems: RuleProblem[]; subjects: string[] } {
  const problems: RuleProblem[] = [];
  const [compiled] = compileRules(site, parseRules({ [id]: rule }), (problem) => problems.push(problem));
  const subjects = (compiled?.subjects ?? []).map(({ channel }) => site.channels[channel]!.key);
  return { problems, subjects };
}

/** The one problem of a rule: where, and what. */
function problem(rule: RuleSketch): string {
  const { problems } = compile(rule);
  expect(problems).toHaveLength(1);
  return `${problems[0]!.path.join(".")}: ${problems[0]!.message}`;
}

const lel = { applies: { channel: "gd.lel" } };

describe("which channels a rule looks at", () => {
  test.each<[object, string[]]>([
    [{ quantity: "gas_lel" }, ["gd.lel"]],
    [{ channel: "lel" }, ["gd.lel"]],
    [{ channel: "gd.lel" }, ["gd.lel"]],
    [{ gas: "CH4" }, ["gd.lel"]],
    [{ domain: "gas", quantity: ["gas_lel", "temperature"] }, ["gd.lel", "gd.temp"]],
    [{ point: "well", quantity: "temperature" }, ["gd.temp"]],
    [{ group: "street", quantity: "gas_ppm" }, ["gd.ppm"]],
    [{ device: "gd", quantity: "gas_ppm" }, ["gd.ppm"]],
    [{ profile: "generic-lel", quantity: "gas_ppm" }, ["gd.ppm"]],
    [{ link: "bus", quantity: "gas_ppm" }, ["gd.ppm"]],
  ])("%j", (applies, expected) => {
    expect(compile({ applies, above: { red: 50 } })).toEqual({ problems: [], subjects: expected });
  });

  test("a name that does not exist is named", () => {
    expect(problem({ applies: { channel: "gd.lle" }, above: { red: 5 } })).toBe(
      "applies.channel: there is no channel “gd.lle” in this site",
    );
    expect(problem({ applies: { group: "strete" }, above: { red: 5 } })).toContain("applies.group: ");
  });

  test("a selection that is empty watches nothing", () => {
    expect(problem({ applies: { device: "gd", quantity: "fire" }, equals: { red: "active" } })).toContain(
      "applies: no channel",
    );
  });

  test("a rule must say which channels, and have exactly one condition", () => {
    expect(() => parseRules({ r: { applies: {}, above: { red: 1 } } })).toThrow(/say which channels/);
    expect(() => parseRules({ r: lel })).toThrow(/exactly one condition/);
    expect(() => parseRules({ r: { ...lel, above: { red: 1 }, below: { red: 0 } } })).toThrow(
      /exactly one condition/,
    );
    expect(() => parseRules({ r: { ...lel, above: {} } })).toThrow(/at least one of/);
    expect(() => parseRules({ r: { ...lel, above: { purple: 1 } } })).toThrow(/purple/);
    expect(() => parseRules({ r: { ...lel, above: { red: 1 }, deadband: -1 } })).toThrow();
  });

  test("an id of a built-in rule is refused", () => {
    const { problems } = compile({ ...lel, above: { red: 50 } }, "monitoring-lost");
    expect(problems[0]?.message).toContain("built-in");
  });

  test("a disabled rule is checked and then left out", () => {
    expect(compile({ ...lel, above: { red: 50 }, enabled: false })).toEqual({ problems: [], subjects: [] });
    expect(problem({ ...lel, above: { red: 500 }, enabled: false })).toContain("could never raise");
  });
});

describe("rules that can never work are refused with the place and the reason", () => {
  test.each<[string, RuleSketch, RegExp]>([
    [
      "levels the wrong way round",
      { ...lel, above: { yellow: 50, red: 10 } },
      /^above.red: .*wrong way round/,
    ],
    ["the same, below", { ...lel, below: { yellow: 10, red: 20 } }, /^below.red: .*wrong way round/],
    ["a limit beyond the range", { ...lel, above: { red: 101 } }, /^above.red: .*could never raise/],
    [
      "at the end of the range, strictly",
      { ...lel, above: { red: { limit: 100, strict: true } } },
      /never raise/,
    ],
    ["below the range", { ...lel, below: { red: -1 } }, /^below.red: .*could never raise/],
    ["always active", { ...lel, above: { red: 0 } }, /always be active/],
    ["always active, below", { ...lel, below: { red: 100 } }, /always be active/],
    ["a deadband that never clears", { ...lel, above: { red: 10 }, deadband: 10 }, /could never clear/],
    ["the same, below", { ...lel, below: { red: 90 }, deadband: 10 }, /could never clear/],
    [
      "the same for what is never negative, without a range",
      { applies: { channel: "gd.ppm" }, above: { red: 10 }, deadband: 12 },
      /could never clear/,
    ],
    [
      "a deadband wider than the span",
      { ...lel, outside: { red: { low: 20, high: 23 } }, deadband: 2 },
      /could never clear/,
    ],
    ["low above high", { ...lel, outside: { red: { low: 23, high: 20 } } }, /exchange|not below high/],
    [
      "a higher level that holds longer than a lower one",
      { ...lel, above: { yellow: 10, red: { limit: 50, deadband: 45 } } },
      /would clear before red/,
    ],
    ["two levels at one limit", { ...lel, above: { yellow: 10, red: 10 } }, /could never be seen/],
    ["units that do not convert", { ...lel, above: { red: 10 }, unit: "mm" }, /does not fit gas_lel/],
    ["gas without its basis", { ...lel, above: { red: 100 }, unit: "ppm" }, /needs the LEL basis/],
    [
      "mg/m³ without temperature",
      { applies: { channel: "gd.ppm" }, above: { red: 10 }, unit: "mg/m3", conversion: { gas: "H2S" } },
      /needs the temperature/,
    ],
    [
      "a gas that is not the channel's",
      { ...lel, above: { red: 100 }, unit: "ppm", conversion: { gas: "C3H8", basis: "iso10156" } },
      /converts C3H8.*measures CH4/,
    ],
    [
      "no gas at all",
      { applies: { channel: "gd.ppm" }, above: { red: 100 }, unit: "mg/m3" },
      /names the gas/,
    ],
    ["a limit on a state", { applies: { channel: "panel.fire" }, above: { red: 1 } }, /is a state/],
    [
      "an unknown state",
      { applies: { channel: "panel.fire" }, equals: { red: "burning" } },
      /no state named “burning”/,
    ],
    [
      "a code that does not exist",
      { applies: { channel: "panel.mode" }, equals: { red: 2 } },
      /no state with the code 2/,
    ],
    [
      "a name on a channel without states",
      { applies: { channel: "panel.code" }, equals: { red: "x" } },
      /no state named/,
    ],
    [
      "a state of two severities",
      { applies: { channel: "panel.mode" }, equals: { yellow: "manual", red: 3 } },
      /is also yellow/,
    ],
  ])("%s", (_name, rule, expected) => {
    expect(problem(rule)).toMatch(expected);
  });

  test.each<[string, RuleSketch]>([
    [
      "temperatures below zero",
      { applies: { channel: "gd.temp" }, below: { yellow: -10, red: -30 }, deadband: 2 },
    ],
    [
      "a limit in another unit of the same kind",
      { applies: { channel: "gd.temp" }, above: { red: 140 }, unit: "degF" },
    ],
    [
      "one limit that escalates with time",
      { ...lel, above: { yellow: 10, red: { limit: 10, onDelay: "10m" } } },
    ],
    [
      "a side that only one level watches",
      { ...lel, outside: { yellow: { low: 19.5 }, red: { low: 18, high: 23.5 } } },
    ],
    ["states by name and code", { applies: { channel: "panel.mode" }, equals: { blue: ["manual"] } }],
    ["a code as a number", { applies: { channel: "panel.code" }, equals: { red: [17, 18] } }],
    ["at the end of the range", { ...lel, above: { red: 100 } }],
  ])("sound: %s", (_name, rule) => {
    expect(compile(rule).problems).toEqual([]);
  });

  test("many channels with one mistake are one problem that counts them", () => {
    const homes = siteOf({
      devices: Array.from({ length: 300 }, (_, i) => ({
        id: `home-${i}`,
        channels: [{ id: "smoke", quantity: "smoke" as const }],
      })),
    });
    const problems: RuleProblem[] = [];
    const rules = parseRules({ r: { applies: { quantity: "smoke" }, equals: { red: "smoky" } } });
    compileRules(homes, rules, (found) => problems.push(found));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain("home-0.smoke and 299 more");
  });
});

describe("schemas", () => {
  test("the settings have defaults for everything", () => {
    expect(alarmSettingsSchema.parse({})).toMatchObject({
      acknowledgeBlue: false,
      futureBound: 600_000_000,
      instrumentFault: { severity: "yellow", onDelay: 5_000_000, offDelay: 0 },
    });
    expect(() => alarmSettingsSchema.parse({ outage: "0s" })).toThrow(/at least 1s/);
    expect(() => alarmSettingsSchema.parse({ unknown: 1 })).toThrow(/unknown/);
  });

  test("a rule with all there is parses", () => {
    const parsed = ruleSchema.parse({
      name: { zh: "燃气泄漏", en: "gas leak" },
      class: "danger",
      applies: { quantity: "gas_lel" },
      above: { yellow: 10, orange: { limit: 25, onDelay: "5s", offDelay: "1m", deadband: 3 }, red: 50 },
      deadband: 2,
      onDelay: "0s",
      offDelay: "30s",
      latching: true,
      basis: "GB/T 50493-2019 5.5.2",
      guidance: { zh: "关阀、通风、撤人", en: "shut the valve, ventilate, evacuate" },
    });
    expect(parsed.above?.yellow).toEqual({ limit: 10 });
    expect(parsed.above?.orange).toMatchObject({ onDelay: 5_000_000, offDelay: 60_000_000 });
  });
});
