import { describe, expect, test } from "vitest";
import { ruleTestSchema } from "../../gateway/replay/rule-test-file.ts";
import { runRuleTest } from "../../gateway/replay/rule-test-run.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";
import { rulesOf } from "../rules/engine-run.ts";
import { siteOf } from "../rules/site-builder.ts";

const SITE = siteOf({
  devices: [
    {
      id: "gd",
      channels: [
        { id: "lel" },
        { id: "alarm", quantity: "gas_alarm", report: "on-change", states: { 0: "normal", 1: "active" } },
        { id: "beat", quantity: "heartbeat", heartbeat: 30 * SECOND, stale: MINUTE },
      ],
    },
  ],
});
const CONFIGURATION = {
  site: SITE,
  rules: rulesOf(SITE, {
    leak: {
      applies: { channel: "gd.lel" },
      above: { yellow: 10, red: { limit: 25, onDelay: "5s" } },
      deadband: 2,
      offDelay: "3s",
      latching: true,
    },
    detector: { applies: { channel: "gd.alarm" }, equals: { red: "active" } },
  }),
  alarms: alarmSettingsSchema.parse({ startupGrace: "0s" }),
};

function run(sketch: object) {
  return runRuleTest(CONFIGURATION, ruleTestSchema.parse(sketch));
}

function mismatches(sketch: object): string[] {
  return run(sketch).mismatches.map(({ kind, text, index }) => `${kind} ${index ?? "-"} ${text}`);
}

const LEAK = [
  { channel: "gd.lel", from: "0s", to: "10s", every: "1s", value: 3 },
  { channel: "gd.lel", from: "10s", to: "40s", every: "1s", ramp: [0, 30] },
  { channel: "gd.lel", from: "41s", to: "1m", every: "1s", value: 1 },
];
const EXPECTED = [
  { at: "20s", rule: "leak", subject: "gd.lel", severity: "yellow", value: 10 },
  { at: "40s", rule: "leak", subject: "gd.lel", transition: "upgrade", severity: "red" },
  { at: "44s", rule: "leak", subject: "gd.lel", transition: "return", severity: "red" },
];

describe("a rule test", () => {
  test("passes when every event comes at its time, and no other", () => {
    expect(run({ given: LEAK, expect: EXPECTED })).toEqual({
      mismatches: [],
      events: ["20s raise leak gd.lel yellow", "40s upgrade leak gd.lel red", "44s return leak gd.lel red"],
    });
  });

  test.each([
    ["rule", { rule: "detector" }, "20s raise detector gd.lel yellow, value 10"],
    ["subject", { subject: "gd.alarm" }, "20s raise leak gd.alarm yellow, value 10"],
    ["transition", { transition: "again" }, "20s again leak gd.lel yellow, value 10"],
    ["severity", { severity: "orange" }, "20s raise leak gd.lel orange, value 10"],
    ["time", { at: "20001ms" }, "20s1ms raise leak gd.lel yellow, value 10"],
    ["value", { value: 10.1 }, "20s raise leak gd.lel yellow, value 10.1"],
  ])("fails when the %s is another", (_, change, missing) => {
    const [first, ...rest] = EXPECTED;
    expect(mismatches({ given: LEAK, expect: [{ ...first, ...change }, ...rest] })).toEqual([
      `missing 0 ${missing}`,
      "unexpected - 20s raise leak gd.lel yellow, value 10",
    ]);
  });

  test("a time may be off by what `within` allows, not by more", () => {
    const late = (within: string) => [{ ...EXPECTED[0], at: "22s", within }, ...EXPECTED.slice(1)];
    expect(mismatches({ given: LEAK, expect: late("2s") })).toEqual([]);
    expect(mismatches({ given: LEAK, expect: late("1999ms") })).toHaveLength(2);
  });

  test("an event that was not expected fails it; one that is expected twice must come twice", () => {
    expect(mismatches({ given: LEAK, expect: [] })).toHaveLength(3);
    expect(mismatches({ given: LEAK, expect: [...EXPECTED, EXPECTED[0]] })).toEqual([
      "missing 3 20s raise leak gd.lel yellow, value 10",
    ]);
  });

  test("events of other rules do not matter where the test says so", () => {
    const given = [...LEAK, { at: "5s", channel: "gd.alarm", value: "active" }];
    expect(mismatches({ given, expect: EXPECTED })).toEqual([
      "unexpected - 5s raise detector gd.alarm red, value 1",
    ]);
    expect(mismatches({ given, only: ["leak"], expect: EXPECTED })).toEqual([]);
    expect(mismatches({ given, ignore: ["detector"], expect: EXPECTED })).toEqual([]);
  });

  test("silence, faults, states, links that go, restarts and commands can be given", () => {
    const given = [
      { channel: "gd.lel", from: "0s", to: "1m", every: "1s", value: 12 },
      { silent: "gd.lel", from: "20s", to: "30s" },
      { at: "2s", command: "acknowledge", rule: "leak", subject: "gd.lel" },
      {
        at: "3s",
        command: "acknowledge",
        rule: "leak",
        subject: "gd.lel",
        accepted: false,
        refusal: "already-acknowledged",
      },
      { channel: "gd.lel", values: { "1m": 1, "1m1s": 1, "1m2s": 1, "1m3s": 1 } },
      { at: "1m4s", restart: "10s" },
      { at: "1m16s", channel: "gd.lel", value: 1 },
      { at: "1m16s", command: "reset", rule: "leak", subject: "gd.lel" },
    ];
    expect(run({ given, until: "1m18s", expect: [] }).events).toEqual([
      "0s raise leak gd.lel yellow",
      "2s acknowledge leak gd.lel yellow",
      "22s raise monitoring-lost gd yellow",
      "30s return monitoring-lost gd yellow",
      "1m3s return leak gd.lel yellow",
      "1m16s reset leak gd.lel yellow",
    ]);
  });

  test("what is heard from outside can be given", () => {
    const site = siteOf({
      devices: [{ id: "wl", channels: [{ id: "level", quantity: "water_level", stale: 30 * MINUTE }] }],
      outside: [
        { id: "rain", levels: ["none", "orange"] },
        { id: "frost", unit: "Cel", standard: 20 },
      ],
    });
    const configuration = {
      site,
      rules: rulesOf(site, {
        high: {
          applies: { channel: "wl.level" },
          above: { red: 5 },
          instead: [{ given: { input: "rain", is: "orange" }, factor: 0.5 }],
        },
        ice: {
          applies: { channel: "wl.level" },
          below: { yellow: 9 },
          given: { input: "frost", atMost: -2 },
        },
      }),
      alarms: alarmSettingsSchema.parse({ startupGrace: "0s" }),
    };
    const given = [
      { at: "0s", outside: "rain", says: "none" },
      { at: "1s", channel: "wl.level", value: 3 },
      { at: "10s", outside: "rain", says: "orange", for: "10s" },
      { at: "30s", outside: "rain", says: "none" },
      { at: "40s", outside: "rain", says: null, for: "1m" },
      { at: "50s", outside: "frost", says: -5, for: "5s" },
      { at: "60s", outside: "rain", says: "pink" },
      { at: "60s", outside: "fog", says: 1 },
    ];
    const done = runRuleTest(configuration, ruleTestSchema.parse({ given, expect: [] }));
    expect(done.events.filter((line) => !line.includes("outside-unknown"))).toEqual([
      "10s raise high wl.level red",
      "30s return high wl.level red",
      "40s again high wl.level red",
      "50s raise ice wl.level yellow",
      "55s return ice wl.level yellow",
    ]);
    expect(done.mismatches.filter(({ kind }) => kind === "wrong").map(({ text }) => text)).toEqual([
      '"rain" cannot say pink',
      'no outside source "fog"',
    ]);
  });

  test("`until` lets timers run on; without it time ends with the last thing given", () => {
    const given = [{ at: "0s", channel: "gd.lel", value: 12 }];
    const events = (until?: string) =>
      run({ given, expect: [], ...(until === undefined ? {} : { until }) }).events;
    expect(events()).toEqual(["0s raise leak gd.lel yellow"]);
    expect(events("3s")).toEqual(["0s raise leak gd.lel yellow", "3s raise monitoring-lost gd yellow"]);
  });

  test("what the test itself says wrongly is told, with the step", () => {
    const given = [
      { at: "0s", channel: "gd.lell", value: 1 },
      { at: "0s", channel: "gd.alarm", value: "burning" },
      { at: "0s", down: "link@nowhere" },
      { at: "0s", command: "acknowledge", rule: "leak", subject: "gd.lel" },
    ];
    expect(mismatches({ given, expect: [] })).toEqual([
      'wrong 0 no channel "gd.lell"; did you mean "gd.lel"?',
      'wrong 1 gd.alarm has no state "burning"',
      'wrong 2 no device or link "link@nowhere"',
      expect.stringMatching(/^wrong 3 acknowledge was refused: /),
    ]);
  });
});
