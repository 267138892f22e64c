import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const MINUTES = 60 * SECOND;

describe("a shelved alarm that becomes worse than what was shelved", () => {
  const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel" }] }] });
  const rules = { gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10, red: 50 } } };
  const run = () => new EngineRun(site, rules).at(0).boot();
  const shelve = (engine: EngineRun) => {
    const { occurrence } = engine.engine.alarm("gas", "gd.lel")!;
    expect(
      engine.give({ verb: "shelve", rule: "gas", subject: "gd.lel", occurrence, span: 30 * MINUTES }),
    ).toEqual({ accepted: true });
    engine.told();
  };

  test("within the occurrence, after it had returned: red is told", () => {
    const engine = run().at(1).read("gd.lel", 12);
    shelve(engine);
    engine.at(2).read("gd.lel", 1).at(3).read("gd.lel", 80);
    expect(engine.told()).toEqual(["2 gas@gd.lel return yellow (shelved)", "3 gas@gd.lel again red"]);
    expect(engine.engine.alarm("gas", "gd.lel")).toMatchObject({ silence: undefined });
  });

  test("in an occurrence of its own: red is told", () => {
    const engine = run().at(1).read("gd.lel", 12);
    shelve(engine);
    engine.command("acknowledge", "gas", "gd.lel");
    engine.at(2).read("gd.lel", 1).at(3).read("gd.lel", 80);
    expect(engine.told().at(-1)).toBe("3 gas@gd.lel raise red");
  });

  test("what is no worse stays silent for the time", () => {
    const engine = run().at(1).read("gd.lel", 60);
    shelve(engine);
    engine.command("acknowledge", "gas", "gd.lel");
    engine.at(2).read("gd.lel", 1).at(3).read("gd.lel", 80);
    expect(engine.told().at(-1)).toBe("3 gas@gd.lel raise red (shelved)");
  });

  test("after a restart as well", () => {
    const engine = run().at(1).read("gd.lel", 12);
    shelve(engine);
    const after = engine.restored().at(2).boot({ boot: "b2" });
    after.at(3).read("gd.lel", 1).at(4).read("gd.lel", 80);
    expect(after.told().at(-1)).toBe("4 gas@gd.lel again red");
  });
});

describe("one point out of service", () => {
  const site = siteOf({
    points: [{ id: "a" }, { id: "b" }, { id: "c" }],
    groups: [{ id: "hall", points: ["a", "b", "c"] }],
    devices: [
      {
        id: "panel",
        point: "a",
        channels: [
          { id: "s1", quantity: "smoke", point: "a", report: "on-change" },
          { id: "s2", quantity: "smoke", point: "b", report: "on-change" },
          { id: "s3", quantity: "smoke", point: "c", report: "on-change" },
          { id: "t1", quantity: "temperature", point: "a", stale: 10 * SECOND },
          { id: "t2", quantity: "temperature", point: "b", stale: 10 * SECOND },
        ],
      },
    ],
  });
  const rules = {
    two: {
      applies: { quantity: "smoke" },
      votes: { across: "group", equals: "active", need: { red: 2 } },
    },
  };
  const run = () => new EngineRun(site, rules).at(0).boot();
  const out = (engine: EngineRun, subject: string) =>
    expect(
      engine.give({ verb: "out-of-service", subject, span: 3_600 * SECOND, work: "maintenance", note: "x" }),
    ).toEqual({ accepted: true });

  test("does not silence what detectors of other points decide together", () => {
    const engine = run();
    out(engine, "point@a");
    engine.at(1).read("panel.s2", 1).at(2).read("panel.s3", 1);
    expect(engine.told().at(-1)).toBe("2 two@group@hall raise red");
  });

  test("does not silence the loss of a panel that watches other points too", () => {
    const engine = run()
      .at(1)
      .message({ channel: "panel.t1", value: 20 }, { channel: "panel.t2", value: 20 });
    out(engine, "point@a");
    engine.until(30);
    expect(engine.told().filter((one) => one.includes("monitoring-lost"))).toEqual([
      "11 monitoring-lost@panel raise yellow",
    ]);
  });

  test("what a detector said while it was out counts as a vote as soon as it is back", () => {
    const engine = run();
    out(engine, "point@a");
    engine.at(1).read("panel.s1", 1).at(2).read("panel.s2", 0).read("panel.s3", 0);
    engine.at(3).give({ verb: "return-to-service", subject: "point@a" });
    engine.at(4).read("panel.s2", 1);
    expect(engine.told().at(-1)).toBe("4 two@group@hall raise red");
  });
});

describe("a clock that is set while a self-test waits", () => {
  test("the test fails in its time, and another can be begun", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel" }] }] });
    const engine = new EngineRun(site, {}).at(0).boot();
    engine.at(1).give({ verb: "self-test", within: 60 * SECOND });
    // The same process: its clock was set ahead by an hour.
    engine.at(3_600).boot();
    engine.until(4_000);
    expect(engine.told().some((one) => one.includes("self-test-failed@gateway raise"))).toBe(true);
    expect(engine.give({ verb: "self-test", within: 60 * SECOND })).toEqual({ accepted: true });
  });
});

describe("a rule whose time ends", () => {
  const site = siteOf({
    devices: [{ id: "gd", channels: [{ id: "lel", stale: 30 * SECOND }] }],
    outside: [{ id: "warning", levels: ["none", "red"] }],
  });
  const rules = {
    gas: { applies: { quantity: "gas_lel" }, above: { red: 50 }, given: { input: "warning", is: "red" } },
  };

  test("while nobody hears the instrument: its alarm stands until a good reading", () => {
    const engine = new EngineRun(site, rules).at(0).boot().outside("warning", 1);
    engine.at(1).read("gd.lel", 80).until(60);
    engine.told();
    engine.outside("warning", 0);
    expect(engine.told().filter((one) => one.includes("return"))).toEqual([]);
    engine.at(70).read("gd.lel", 80);
    expect(engine.told()).toContain("70 gas@gd.lel return red");
  });
});

describe("a sequence that stands", () => {
  const site = siteOf({
    devices: [{ id: "v", channels: [{ id: "lel" }, { id: "flow", quantity: "temperature" }] }],
  });
  const rules = {
    burst: {
      applies: { quantity: "gas_lel" },
      sequence: {
        first: { channel: "flow", above: 50 },
        next: { red: { channel: "lel", above: 25 } },
        within: "60s",
      },
    },
  };
  const standing = () => {
    const engine = new EngineRun(site, rules).at(0).boot();
    engine.at(1).message({ channel: "v.flow", value: 60 }, { channel: "v.lel", value: 1 });
    engine.at(2).message({ channel: "v.flow", value: 60 }, { channel: "v.lel", value: 30 });
    expect(engine.told()).toEqual(["2 burst@point@p raise red"]);
    return engine;
  };

  test("is not ended by two restarts before a reading", () => {
    const first = standing().restored().at(3).boot({ boot: "b2" });
    const second = first.restored().at(4).boot({ boot: "b3" });
    second.at(5).message({ channel: "v.flow", value: 1 }, { channel: "v.lel", value: 30 });
    expect(second.engine.alarm("burst", "point@p")?.active).toBe(true);
    second.at(6).message({ channel: "v.lel", value: 1 });
    expect(second.engine.alarm("burst", "point@p")?.active).toBe(false);
  });

  test("that only the alarm log remembers is ended by good data alone", () => {
    const before = standing();
    const after = new EngineRun(site, rules).at(3);
    after.boot({ boot: "b2", seq: 100, occurrence: 100, recalled: { lastSeq: 1, standing: before.events } });
    after.at(5).message({ channel: "v.flow", value: 1 }, { channel: "v.lel", value: 30 });
    expect(after.engine.alarm("burst", "point@p")?.active).toBe(true);
    after.at(6).message({ channel: "v.lel", value: 1 });
    expect(after.engine.alarm("burst", "point@p")?.active).toBe(false);
  });
});

describe("a panel at a point that is being set up, with a detector at a live one", () => {
  test("its loss is a real one", () => {
    const site = siteOf({
      points: [{ id: "new", stage: "commissioning", mode: "test" }, { id: "live" }],
      devices: [
        {
          id: "panel",
          point: "new",
          channels: [{ id: "t", quantity: "temperature", point: "live", stale: 10 * SECOND }],
        },
      ],
    });
    const engine = new EngineRun(site, {}).at(0).boot().at(1).read("panel.t", 20).until(30);
    expect(engine.events.at(-1)).toMatchObject({
      rule: "monitoring-lost",
      subject: "panel",
      point: "live",
      mode: "live",
    });
  });
});

describe("an inhibition whose word comes from an exercise", () => {
  const site = siteOf({
    devices: [{ id: "fp", channels: [{ id: "valve", quantity: "temperature" }, { id: "lel" }] }],
  });
  const rules = {
    closed: { applies: { quantity: "temperature" }, above: { blue: 50 } },
    gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10, orange: 20 } },
  };
  const suppresses = { rules: ["gas"] };

  test("silences nothing that is real", () => {
    const inhibitions = { shut: { while: { rule: "closed" }, suppresses } };
    const engine = new EngineRun(site, rules, { inhibitions }).at(0).boot();
    engine.at(1).message({ channel: "fp.valve", value: 60, mode: "exercise" });
    engine.at(2).read("fp.lel", 30);
    expect(engine.told().at(-1)).toBe("2 gas@fp.lel raise orange");
  });
});

describe("a switch that suppresses, moved in a test of the panel", () => {
  const site = siteOf({
    devices: [
      {
        id: "fp",
        channels: [{ id: "bypass", quantity: "switch", states: { 0: "off", 1: "on" } }, { id: "lel" }],
      },
    ],
  });
  const rules = { gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10, orange: 20 } } };
  const inhibitions = {
    bypass: { while: { channel: "fp.bypass", is: "on" }, suppresses: { rules: ["gas"] } },
  };
  const started = () => new EngineRun(site, rules, { inhibitions }).at(0).boot();

  test("silences nothing that is real, but what the test itself raises", () => {
    const engine = started().at(1).message({ channel: "fp.bypass", value: 1, mode: "test" });
    engine.at(2).message({ channel: "fp.lel", value: 15, mode: "test" });
    expect(engine.told().at(-1)).toBe("2 gas@fp.lel raise yellow (suppressed)");
    engine.at(3).message({ channel: "fp.lel", value: 1, mode: "test" }).at(4).read("fp.lel", 30);
    expect(engine.told().at(-1)).toBe("4 gas@fp.lel raise orange");
  });

  test("and what it had silenced in earnest is told anew", () => {
    const engine = started().at(1).read("fp.bypass", 1).at(2).read("fp.lel", 30);
    expect(engine.told().at(-1)).toBe("2 gas@fp.lel raise orange (suppressed)");
    engine.at(3).message({ channel: "fp.bypass", value: 1, mode: "test" });
    expect(engine.told().at(-1)).toBe("3 gas@fp.lel unsuppress orange");
    engine.at(4).read("fp.bypass", 1);
    expect(engine.told().at(-1)).toBe("4 gas@fp.lel suppress orange (suppressed)");
  });
});
