import { describe, expect, test } from "vitest";
import { HOUR, SECOND } from "../../model/time.ts";
import { compileInhibitions, inhibitionSchema } from "../../rules/life-cycle/inhibition.ts";
import { EngineRun, rulesOf } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const LONG = 3_600 * SECOND;
const site = siteOf({
  points: [{ id: "hall" }, { id: "well" }],
  devices: [
    {
      id: "panel",
      point: "hall",
      components: ["d1"],
      channels: [
        { id: "test", quantity: "switch", states: { 0: "off", 1: "on" }, stale: 10 * SECOND },
        { id: "temp", quantity: "temperature", component: "d1", stale: LONG },
      ],
    },
    {
      id: "valve",
      point: "well",
      channels: [{ id: "position", quantity: "switch", states: { 0: "open", 1: "closed" }, stale: LONG }],
    },
    { id: "gd", point: "well", channels: [{ id: "lel", stale: LONG }] },
    { id: "ge", point: "hall", channels: [{ id: "lel", stale: LONG }] },
  ],
});
const RULES = {
  heat: { applies: { quantity: "temperature" }, above: { yellow: 40, red: 60 } },
  closed: { class: "supervisory", applies: { channel: "valve.position" }, equals: { blue: "closed" } },
  gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10, orange: 25, red: 50 } },
};
const IN_TEST = {
  "panel-in-test": {
    while: { channel: "panel.test", is: "on" },
    suppresses: { rules: ["heat"], same: "device" },
  },
};
const CLOSED = {
  "valve-closed": { while: { rule: "closed" }, suppresses: { rules: ["gas"], same: "point" } },
};

function run(inhibitions: object): EngineRun {
  return new EngineRun(site, RULES, { inhibitions }).at(0).boot();
}

describe("a panel in test suppresses its detectors", () => {
  test("while it says so; what is active then is told anew", () => {
    const engine = run(IN_TEST);
    engine.at(1).read("panel:d1.temp", 45).command("acknowledge", "heat", "panel:d1.temp");
    engine.at(2).read("panel.test", 1).at(3).read("panel:d1.temp", 20).at(4).read("panel:d1.temp", 45);
    engine.at(5).read("panel.test", 0);
    expect(engine.told().slice(2)).toEqual([
      "2 heat@panel:d1.temp suppress yellow (suppressed)",
      "2 inhibition@inhibition@panel-in-test@panel.test suppress blue",
      "3 heat@panel:d1.temp return yellow (suppressed)",
      "4 heat@panel:d1.temp raise yellow (suppressed)",
      "5 heat@panel:d1.temp unsuppress yellow",
      "5 inhibition@inhibition@panel-in-test@panel.test unsuppress blue",
    ]);
    expect(engine.engine.alarm("heat", "panel:d1.temp")?.state).toBe("unacknowledged");
  });

  test("nothing hides a red: it is told, also when it becomes red meanwhile, and to its end", () => {
    const engine = run(IN_TEST);
    engine.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 45).at(3).read("panel:d1.temp", 70);
    engine.at(4).read("panel:d1.temp", 45).at(5).read("panel:d1.temp", 20);
    expect(engine.told().slice(1)).toEqual([
      "2 heat@panel:d1.temp raise yellow (suppressed)",
      "3 heat@panel:d1.temp upgrade red",
      "4 heat@panel:d1.temp downgrade yellow",
      "5 heat@panel:d1.temp return yellow",
    ]);
    expect(engine.engine.alarm("heat", "panel:d1.temp")?.state).toBe("returned");
  });

  test("unless the site says that it may", () => {
    const engine = run({ t: { ...IN_TEST["panel-in-test"], exceptRed: false } });
    engine.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 70);
    expect(engine.told().at(-1)).toBe("2 heat@panel:d1.temp raise red (suppressed)");
  });

  test.each([
    ["bad", (engine: EngineRun) => engine.read("panel.test", Number.NaN, "no_communication")],
    ["bad though it shows a value", (engine: EngineRun) => engine.read("panel.test", 1, "device_failure")],
    ["uncertain", (engine: EngineRun) => engine.read("panel.test", 1, "not_accurate")],
    [
      "out of service",
      (engine: EngineRun) =>
        engine.give({ verb: "out-of-service", subject: "panel.test", span: HOUR, work: "maintenance" }),
    ],
  ])("a word that is %s suppresses nothing", (_, becomes) => {
    const engine = run(IN_TEST);
    engine.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 45);
    becomes(engine.at(3));
    expect(engine.engine.alarm("heat", "panel:d1.temp")).toMatchObject({
      state: "unacknowledged",
      silence: undefined,
    });
    expect(engine.told()).toContain("3 heat@panel:d1.temp unsuppress yellow");
  });

  test("nor one that has fallen silent, nor one of before a restart", () => {
    const engine = run(IN_TEST);
    engine.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 45).until(11);
    expect(engine.told()).toContain("11 heat@panel:d1.temp unsuppress yellow");
    const first = run(IN_TEST);
    first.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 45);
    const second = first.restored();
    second.at(3).read("panel:d1.temp", 46);
    expect(second.told()).toEqual([]);
    second.at(4).boot({ boot: "b2" });
    expect(second.told()).toEqual([
      "4 heat@panel:d1.temp unsuppress yellow",
      "4 inhibition@inhibition@panel-in-test@panel.test unsuppress blue",
    ]);
    second.at(5).read("panel.test", 1);
    expect(second.told()).toContain("5 heat@panel:d1.temp suppress yellow (suppressed)");
  });

  test("ends after its longest time, however often the word fails in between, until the test has ended once", () => {
    const engine = run({ t: { ...IN_TEST["panel-in-test"], longest: "1m" } });
    engine.at(1).read("panel.test", 1).at(2).read("panel:d1.temp", 45);
    for (let second = 9; second < 60; second += 9) engine.at(second).read("panel.test", 1);
    engine.at(58).read("panel.test", Number.NaN, "no_communication").at(59).read("panel.test", 1).until(61);
    expect(engine.told().slice(-2)).toEqual([
      "61 heat@panel:d1.temp unsuppress yellow",
      "61 inhibition@inhibition@t@panel.test unsuppress blue",
    ]);
    engine.at(62).read("panel.test", 1);
    expect(engine.told()).toEqual([]);
    engine.at(63).read("panel.test", 0).at(64).read("panel.test", 1);
    expect(engine.told()).toContain("64 heat@panel:d1.temp suppress yellow (suppressed)");
  });

  test("an alarm that was told before, and returned meanwhile, still waits for a person", () => {
    const engine = run(IN_TEST);
    engine.at(1).read("panel:d1.temp", 45).at(2).read("panel.test", 1);
    engine.at(3).read("panel:d1.temp", 20).at(4).read("panel.test", 0);
    expect(engine.engine.alarm("heat", "panel:d1.temp")?.state).toBe("returned");
  });
});

describe("an alarm suppresses others", () => {
  test("at the same point, and nowhere else", () => {
    const engine = run(CLOSED);
    engine.at(1).read("valve.position", 1).at(2).read("gd.lel", 12).at(3).read("ge.lel", 12);
    expect(engine.told()).toEqual([
      "1 closed@valve.position raise blue",
      "1 inhibition@inhibition@valve-closed@valve.position suppress blue",
      "2 gas@gd.lel raise yellow (suppressed)",
      "3 gas@ge.lel raise yellow",
    ]);
    engine.at(4).read("valve.position", 0);
    expect(engine.told()).toContain("4 gas@gd.lel unsuppress yellow");
  });

  test("not while it is held by bad data, nor when a person has silenced it", () => {
    const engine = run(CLOSED);
    engine.at(1).read("valve.position", 1).at(2).read("gd.lel", 12);
    engine.at(3).read("valve.position", Number.NaN, "no_communication");
    expect(engine.told()).toContain("3 gas@gd.lel unsuppress yellow");
    engine.at(4).read("valve.position", 1);
    expect(engine.told()).toContain("4 gas@gd.lel suppress yellow (suppressed)");
    engine
      .at(5)
      .give({ verb: "shelve", rule: "closed", subject: "valve.position", occurrence: 1, span: LONG });
    expect(engine.told()).toContain("5 gas@gd.lel unsuppress yellow");
  });

  test("a checkpoint in the middle changes nothing", () => {
    const first = run(CLOSED);
    first.at(1).read("valve.position", 1).at(2).read("gd.lel", 12);
    const second = first.restored();
    for (const engine of [first, second]) engine.at(3).read("gd.lel", 30).at(4).read("valve.position", 0);
    expect(second.events).toEqual(first.events.slice(3));
  });
});

describe("check", () => {
  const problems = (inhibitions: Record<string, object>, rules: Record<string, object> = RULES) => {
    const found: string[] = [];
    compileInhibitions(site, rulesOf(site, rules as Record<string, Record<string, unknown>>), {
      inhibitions: Object.fromEntries(
        Object.entries(inhibitions).map(([id, sketch]) => [
          id,
          inhibitionSchema.parse({ name: id, ...sketch }),
        ]),
      ),
      report: ({ inhibition, path, message }) => found.push(`${inhibition} ${path.join(".")}: ${message}`),
    });
    return found;
  };

  test.each([
    [
      { channel: "panel.tset", is: "on" },
      { rules: ["heat"] },
      "while.channel: there is no channel “panel.tset”",
    ],
    [{ channel: "panel.test", is: "onn" }, { rules: ["heat"] }, "while.is: switch has no state named “onn”"],
    [{ rule: "open" }, { rules: ["heat"] }, "while.rule: there is no rule “open”"],
    [
      { rule: "closed", subject: "gd.lel" },
      { rules: ["heat"] },
      "while.subject: rule “closed” has no such alarm",
    ],
    [
      { rule: "closed", severity: "red" },
      { rules: ["heat"] },
      "while.severity: rule “closed” has no such alarm",
    ],
    [{ rule: "closed" }, { rules: ["hot"] }, "suppresses.rules.0: there is no rule “hot”"],
    [
      { rule: "closed" },
      { rules: ["monitoring-lost"] },
      "suppresses.rules.0: “monitoring-lost” of the whole site",
    ],
    [{ rule: "closed" }, { rules: ["heat"], same: "point" }, "suppresses: it suppresses nothing"],
    [
      { rule: "closed" },
      { rules: ["gas"], applies: { point: "nowhere" } },
      "suppresses.applies.point: there is no point “nowhere”",
    ],
  ])("%j, %j", (condition, suppresses, message) => {
    expect(problems({ i: { while: condition, suppresses } })).toEqual([
      expect.stringContaining(`i ${message}`),
    ]);
  });

  test("circles are refused, short and long", () => {
    const gas = { while: { rule: "gas" }, suppresses: { rules: ["gas"] } };
    expect(problems({ a: gas })[0]).toContain("in a circle: a@gd.lel → a@ge.lel → a@gd.lel");
    expect(
      problems({
        a: { while: { rule: "closed" }, suppresses: { rules: ["gas"], same: "point" } },
        b: { while: { rule: "gas" }, suppresses: { rules: ["heat"], applies: { point: "hall" } } },
        c: { while: { rule: "heat" }, suppresses: { rules: ["closed"] } },
      }),
    ).toEqual([expect.stringMatching(/in a circle: .*a@valve.position/)]);
    expect(problems({ ...IN_TEST, ...CLOSED })).toEqual([]);
  });
});
