import { describe, expect, test } from "vitest";
import { DAY, HOUR, SECOND } from "../../model/time.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  points: [{ id: "well" }, { id: "hall" }],
  groups: [{ id: "all", points: ["well", "hall"] }],
  devices: [
    { id: "gd", point: "well", channels: [{ id: "lel", stale: 10 * SECOND }] },
    { id: "g2", point: "well", channels: [{ id: "lel", stale: 3_600 * SECOND }] },
    {
      id: "panel",
      point: "hall",
      components: ["d1"],
      channels: [{ id: "fire", component: "d1", quantity: "fire", report: "on-change" }],
    },
  ],
});
const RULES = {
  gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10, red: 50 } },
  fire: { applies: { quantity: "fire" }, equals: { red: "active" } },
};

function run(rules: Record<string, Record<string, unknown>> = RULES): EngineRun {
  return new EngineRun(site, rules).at(0).boot();
}

/** What was told but for lost monitoring. */
const withoutLoss = (engine: EngineRun) => engine.told().filter((one) => !one.includes("monitoring-lost"));

const out = (subject: string, more: object = {}) =>
  ({
    verb: "out-of-service",
    subject,
    span: 100 * SECOND,
    work: "calibration",
    note: "月度标定",
    ...more,
  }) as const;

describe("a detector taken away for calibration", () => {
  test("its alarms and its lost monitoring are silent, recorded, and told when it returns by itself", () => {
    const engine = run();
    engine.at(1).message({ channel: "gd.lel", value: 1 }, { channel: "g2.lel", value: 1 });
    expect(engine.at(2).give(out("gd"))).toEqual({ accepted: true });
    engine.at(3).read("gd.lel", 60).at(4).read("g2.lel", 12).until(102);
    expect(engine.told()).toEqual([
      "2 out-of-service@gd out-of-service blue",
      "3 gas@gd.lel raise red (out-of-service)",
      "4 gas@g2.lel raise yellow",
      "13 monitoring-lost@gd raise yellow (out-of-service)",
      "102 gas@gd.lel return-to-service red",
      "102 monitoring-lost@gd return-to-service yellow",
      "102 out-of-service@gd return-to-service blue",
    ]);
    expect(engine.events[0]).toMatchObject({
      user: "wang",
      note: "calibration: 月度标定",
      until: START + 102 * SECOND,
      occurrence: 1,
      from: "normal",
      to: "acknowledged",
      class: "supervisory",
    });
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("unacknowledged");
    expect(engine.engine.alarm("out-of-service", "gd")?.state).toBe("normal");
  });

  test("what stood before is told to be silent, and what came and went meanwhile leaves nothing to acknowledge", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12).command("acknowledge", "gas", "gd.lel");
    engine.at(2).give(out("gd.lel"));
    engine.at(3).read("gd.lel", 0).at(4).read("gd.lel", 12).at(5).read("gd.lel", 0);
    engine.at(6).give({ verb: "return-to-service", subject: "gd.lel", user: "li" });
    expect(engine.told().slice(2)).toEqual([
      "2 gas@gd.lel out-of-service yellow (out-of-service)",
      "2 out-of-service@gd.lel out-of-service blue",
      "3 gas@gd.lel return yellow (out-of-service)",
      "4 gas@gd.lel raise yellow (out-of-service)",
      "5 gas@gd.lel return yellow (out-of-service)",
      "6 gas@gd.lel return-to-service yellow",
      "6 out-of-service@gd.lel return-to-service blue",
    ]);
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("normal");
    expect(engine.events.at(-1)).toMatchObject({ user: "li" });
  });

  test("what was told before and has returned meanwhile still waits for a person", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 60);
    engine.at(2).give(out("gd"));
    engine.at(3).read("gd.lel", 0).at(4).give({ verb: "return-to-service", subject: "gd" });
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("returned");
  });
});

describe("what is out", () => {
  test.each([
    ["point@hall", "a point"],
    ["panel", "a panel with its components"],
    ["panel:d1", "a component"],
    ["panel:d1.fire", "a channel"],
  ])("%s: %s", (subject) => {
    const engine = run();
    engine.at(1).give(out(subject));
    engine.at(2).read("panel:d1.fire", 1);
    expect(engine.told().at(-1)).toBe("2 fire@panel:d1.fire raise red (out-of-service)");
    engine.at(3).read("gd.lel", 60);
    expect(engine.told().at(-1)).toBe("3 gas@gd.lel raise red");
  });

  test("one alarm alone", () => {
    const engine = run({ ...RULES, low: { applies: { channel: "gd.lel" }, below: { yellow: 0.5 } } });
    engine.at(1).give(out("gd.lel", { rule: "gas" }));
    engine.at(2).read("gd.lel", 60).at(3).read("gd.lel", 0.2);
    expect(engine.told()).toEqual([
      "1 out-of-service@alarm@gas@gd.lel out-of-service blue",
      "2 gas@gd.lel raise red (out-of-service)",
      "3 gas@gd.lel return red (out-of-service)",
      "3 low@gd.lel raise yellow",
    ]);
  });

  test("a part within what is out: the alarm is told only when both are back", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 60);
    engine.give(out("point@well"));
    engine.give(out("gd", { span: 50 * SECOND }));
    engine.until(51);
    expect(engine.told().at(-1)).toBe("51 out-of-service@gd return-to-service blue");
    engine.until(101);
    expect(engine.told().slice(0, 1)).toEqual(["101 gas@gd.lel return-to-service red"]);
  });

  test("a shelved alarm below it: the end of the shelving is heard and changes nothing", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 60);
    engine.give({ verb: "shelve", rule: "gas", subject: "gd.lel", occurrence: 1, span: 10 * SECOND });
    engine.at(2).give(out("gd"));
    engine.at(5).read("gd.lel", 60).until(11);
    expect(engine.told().slice(2)).toEqual([
      "2 gas@gd.lel out-of-service red (out-of-service)",
      "2 out-of-service@gd out-of-service blue",
      "11 gas@gd.lel unshelve red (out-of-service)",
    ]);
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("unacknowledged");
  });

  test("an upgrade does not end it", () => {
    const engine = run();
    engine.at(1).give(out("gd"));
    engine.at(2).read("gd.lel", 12).at(3).read("gd.lel", 60);
    expect(engine.told().at(-1)).toBe("3 gas@gd.lel upgrade red (out-of-service)");
  });

  test("test gas at a detector that is out is no vote", () => {
    const engine = run({
      leak: { applies: { quantity: "gas_lel" }, votes: { across: "point", above: 20, need: { red: 1 } } },
    });
    engine.at(1).message({ channel: "gd.lel", value: 1 }, { channel: "g2.lel", value: 1 });
    engine.at(2).give(out("gd"));
    engine.at(3).read("gd.lel", 60).at(4).read("g2.lel", 2);
    expect(engine.told()).toEqual(["2 out-of-service@gd out-of-service blue"]);
    engine.at(5).read("g2.lel", 60);
    expect(engine.told()).toEqual(["5 leak@point@well raise red"]);
  });
});

test("refused with the reason", () => {
  const engine = run();
  engine.at(1);
  expect(engine.give(out("nothing")).refusal).toBe("unknown-subject");
  expect(engine.give(out("group@all")).refusal).toBe("unknown-subject");
  expect(engine.give(out("gd.lel", { rule: "fire" })).refusal).toBe("unknown-alarm");
  expect(engine.give(out("gd", { span: 7 * DAY + HOUR })).refusal).toBe("too-long");
  expect(engine.give({ verb: "return-to-service", subject: "gd" }).refusal).toBe("not-out-of-service");
  expect(engine.events).toEqual([]);
});

describe("over a restart", () => {
  test("it stays out for its time, from a checkpoint", () => {
    const first = run();
    first.at(1).give(out("gd"));
    const second = first.restored();
    second.at(20).boot({ boot: "b2" }).at(21).read("gd.lel", 60).until(101);
    expect(withoutLoss(second)).toEqual([
      "21 gas@gd.lel raise red (out-of-service)",
      "101 gas@gd.lel return-to-service red",
      "101 out-of-service@gd return-to-service blue",
    ]);
  });

  test("and from the alarm log alone; the alarm below it as well", () => {
    const first = run();
    first.at(1).give(out("gd"));
    first.at(2).read("gd.lel", 60);
    const second = new EngineRun(site, RULES);
    second.at(20).boot({ boot: "b2", recalled: { lastSeq: 2, standing: first.events } });
    expect(second.told()).toEqual([]);
    expect(second.engine.alarm("out-of-service", "gd")).toMatchObject({
      acknowledgedBy: "wang",
      note: "calibration: 月度标定",
      until: START + 101 * SECOND,
    });
    second.until(101);
    expect(withoutLoss(second)).toEqual([
      "101 gas@gd.lel return-to-service red",
      "101 out-of-service@gd return-to-service blue",
    ]);
  });

  test("a device that the configuration no longer has ends with `withdraw`", () => {
    const first = run();
    first.at(1).give(out("gd"));
    const smaller = siteOf({
      points: [{ id: "well" }],
      devices: [{ id: "g2", point: "well", channels: [{ id: "lel" }] }],
    });
    const second = new EngineRun(smaller, {});
    second.engine.restore(first.engine.checkpoint());
    second.at(20).boot({ boot: "b2" });
    expect(second.told()).toEqual(["20 out-of-service@gd withdraw blue"]);
  });
});
