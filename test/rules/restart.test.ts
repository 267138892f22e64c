import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import type { EngineState } from "../../rules/engine.ts";
import type { Rule } from "../../rules/rule.ts";
import { EngineRun, line } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  devices: [
    {
      id: "gd",
      channels: [
        { id: "a", stale: 10 * SECOND },
        { id: "b", stale: 10 * SECOND },
      ],
    },
  ],
});
const above = (levels: object, more: object = {}) => ({
  gas: { applies: { channel: "gd.a" }, above: levels, ...more },
});

/** A second process with perhaps another configuration, after a first one's checkpoint. */
function afterRestart(first: EngineRun, second: EngineRun): EngineRun {
  second.engine.restore(JSON.parse(JSON.stringify(first.engine.checkpoint())) as EngineState);
  return second;
}

describe("a restart", () => {
  test("time that the gateway was down starts no stale alarm", () => {
    const first = new EngineRun(site, {});
    first.at(0).boot().message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 });
    const second = afterRestart(first, new EngineRun(site, {}));
    second.at(5_000).boot({ boot: "b2" }).until(5_009.9);
    expect(second.told()).toEqual([]);
    second.until(5_010);
    expect(second.told()).toEqual(["5010 monitoring-lost@gd raise yellow"]);
  });

  test("an active alarm stays active, is not raised twice, and returns under its own occurrence", () => {
    const first = new EngineRun(site, above({ red: 50 }));
    first.at(0).boot().read("gd.a", 60);
    const second = afterRestart(first, new EngineRun(site, above({ red: 50 })));
    second.at(20).boot({ boot: "b2", seq: 2 }).at(21).read("gd.a", 60);
    expect(second.told()).toEqual([]);
    second.at(22).read("gd.a", 0);
    expect(second.told()).toEqual(["22 gas@gd.a return red"]);
    expect(second.events[0]).toMatchObject({ seq: 2, prev: 1, occurrence: 1 });
  });

  test("an on-delay ends in the gap at its own time: doubt goes to the alarm", () => {
    const first = new EngineRun(site, above({ red: 50 }, { onDelay: "30s" }));
    first.at(0).boot().read("gd.a", 60);
    const second = afterRestart(first, new EngineRun(site, above({ red: 50 }, { onDelay: "30s" })));
    second.at(100).boot({ boot: "b2" });
    expect(second.told()).toEqual(["30 gas@gd.a raise red"]);
  });

  test("an off-delay does not end in the gap: nobody was listening", () => {
    const home = siteOf({
      devices: [{ id: "s", channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }] }],
    });
    const rules = { smoke: { applies: { quantity: "smoke" }, equals: { red: "active" }, offDelay: "10s" } };
    const first = new EngineRun(home, rules);
    first.at(0).boot().read("s.smoke", 1).at(1).read("s.smoke", 0);
    const second = afterRestart(first, new EngineRun(home, rules));
    second.at(100).boot({ boot: "b2" }).until(1_000);
    expect(second.told()).toEqual([]);
    second.at(1_001).read("s.smoke", 0).until(1_011);
    expect(second.told()).toEqual(["1011 smoke@s.smoke return red"]);
  });

  test("a clock that is set during the off-delay of a channel that will not speak again: the delay starts anew", () => {
    const home = siteOf({
      devices: [{ id: "s", channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }] }],
    });
    const rules = { smoke: { applies: { quantity: "smoke" }, equals: { red: "active" }, offDelay: "10s" } };
    const run = new EngineRun(home, rules);
    run.at(0).boot({ boot: "b1" }).read("s.smoke", 1).at(1).read("s.smoke", 0);
    run.at(100).boot({ boot: "b1" }).until(109.9);
    expect(run.told()).toEqual(["0 smoke@s.smoke raise red"]);
    run.until(110);
    expect(run.told()).toEqual(["110 smoke@s.smoke return red"]);
  });

  test("event numbers that were reserved and lost are announced void, under a fresh number", () => {
    const first = new EngineRun(site, above({ red: 50 }));
    first.at(0).boot({ seq: 1 }).read("gd.a", 60);
    const second = afterRestart(first, new EngineRun(site, above({ red: 50 })));
    second.at(20).boot({ boot: "b2", seq: 1_001, occurrence: 501 });
    expect(second.events).toMatchObject([
      { transition: "void", seq: 1_001, voidFrom: 2, voidTo: 1_000, occurrence: 0 },
    ]);
    second.at(21).read("gd.a", 0).at(22).command("acknowledge", "gas", "gd.a");
    second.at(23).read("gd.a", 60);
    expect(second.events.slice(1).map(({ seq, occurrence }) => [seq, occurrence])).toEqual([
      [1_002, 1],
      [1_003, 1],
      [1_004, 501],
    ]);
  });

  test("a clean stop leaves no gap, and the first start of all announces none", () => {
    const first = new EngineRun(site, above({ red: 50 }));
    first.at(0).boot({ seq: 7_001 }).read("gd.a", 60);
    expect(first.events.map(({ seq }) => seq)).toEqual([7_001]);
    const second = afterRestart(first, new EngineRun(site, above({ red: 50 })));
    second.at(1).boot({ boot: "b2", seq: 7_002 });
    expect(second.events).toEqual([]);
  });

  test("an alarm whose rule has gone ends with `withdraw`", () => {
    const first = new EngineRun(site, above({ red: 50 }));
    first.at(0).boot().read("gd.a", 60);
    const second = afterRestart(first, new EngineRun(site, {}));
    expect(second.engine.checkpoint().alarms).toMatchObject([{ state: "unacknowledged" }]);
    second.at(20).boot({ boot: "b2" });
    expect(second.events).toMatchObject([
      {
        transition: "withdraw",
        rule: "gas",
        subject: "gd.a",
        from: "unacknowledged",
        to: "normal",
        occurrence: 1,
      },
    ]);
    expect([...second.engine.alarms()]).toEqual([]);
  });

  test("so does *monitoring lost* of a point that is no longer live", () => {
    const first = new EngineRun(site, {});
    first.at(0).boot().until(60);
    expect(first.told()).toEqual(["10 monitoring-lost@gd raise yellow"]);
    const retired = siteOf({
      points: [{ id: "p", stage: "retired" }],
      devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b" }] }],
    });
    const second = afterRestart(first, new EngineRun(retired, {}));
    second.at(100).boot({ boot: "b2" });
    expect(second.told()).toEqual(["100 monitoring-lost@gd withdraw yellow"]);
  });

  test("a rule edited while its alarm is active: the alarm takes the grade that it has now", () => {
    const first = new EngineRun(site, above({ yellow: 10, red: 50 }));
    first.at(0).boot().read("gd.a", 60);
    const second = afterRestart(first, new EngineRun(site, above({ yellow: 10 })));
    second.at(20).boot({ boot: "b2" });
    expect(second.told()).toEqual(["20 gas@gd.a downgrade yellow"]);
    second.at(21).read("gd.a", 0);
    expect(second.told()).toEqual(["21 gas@gd.a return yellow"]);
  });

  test("the wall clock was set ahead: a gap, but drivers need not say again what is down", () => {
    const run = new EngineRun(site, {});
    run.at(0).boot().message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 });
    run.at(1).health("link", 0, false);
    run.at(3_600).boot({ boot: "b1" }).until(3_609);
    expect(run.told()).toEqual([]);
    run.until(3_610);
    expect(run.told()).toEqual(["3610 monitoring-lost@link@bus raise yellow"]);
  });
});

describe("a rule that throws", () => {
  /** A compiled rule whose condition breaks on one value. */
  function fragile(broken: () => boolean): Rule {
    const levels = [{ severity: "red" as const, onDelay: 0, offDelay: 0 }];
    return {
      id: "fragile",
      name: { zh: "脆弱", en: "fragile" },
      class: "danger",
      latching: false,
      subjects: [0, 1].map((channel) => ({
        channel,
        condition: {
          levels,
          create: () => ({
            levels,
            judge: (sample: { value: number }) => {
              if (channel === 0 && broken() && sample.value === 13) throw new RangeError("thirteen");
              return sample.value > 50 ? 1 : 1 << 4;
            },
            limit: () => 50,
          }),
        },
      })),
    };
  }

  test("is isolated and raises an alarm that names it; the others go on", () => {
    let broken = true;
    const sound = new EngineRun(site, above({ red: 50 })).rules;
    const rules = [fragile(() => broken), ...sound];
    const run = new EngineRun(site, rules);
    run.at(1).read("gd.a", 13);
    expect(run.told()).toEqual(["1 rule-failed@rule@fragile raise orange"]);
    expect(run.events[0]).toMatchObject({ note: "gd.a: thirteen", domain: "system", covers: 1 });
    run.at(2).read("gd.a", 60).at(3).read("gd.b", 60);
    expect(run.told()).toEqual(["2 gas@gd.a raise red", "3 fragile@gd.b raise red"]);
    // After a restart it is tried again, and the alarm returns with the first evaluation that works.
    const again = new EngineRun(site, rules);
    again.engine.restore(JSON.parse(JSON.stringify(run.engine.checkpoint())) as EngineState);
    again.at(10).boot({ boot: "b2" });
    again.at(11).read("gd.a", 13);
    expect(again.told()).toEqual(["11 gas@gd.a return red"]);
    broken = false;
    again.at(12).boot({ boot: "b3" }).at(13).read("gd.a", 13);
    expect(again.told()).toEqual(["13 rule-failed@rule@fragile return orange"]);
  });
});

describe("what the gateway says of itself", () => {
  test("journal failed is an alarm, once, and returns", () => {
    const run = new EngineRun(site, {});
    const say = (at: number, active: boolean) =>
      run
        .at(at)
        .engine.apply({ kind: "system", at: run.now, rule: "journal-failed", active, note: "disk full" });
    say(1, true);
    say(2, true);
    say(3, false);
    expect(run.told()).toEqual([
      "1 journal-failed@gateway raise orange",
      "3 journal-failed@gateway return orange",
    ]);
    expect(run.events[0]).toMatchObject({ point: "gateway", domain: "system", note: "disk full" });
    expect(run.command("acknowledge", "journal-failed", "gateway")).toEqual({ accepted: true });
  });

  test("it told of a process that is gone: a restart ends it", () => {
    const run = new EngineRun(site, {});
    run.at(1).boot();
    run.engine.apply({
      kind: "system",
      at: run.now,
      rule: "sink-lost",
      subject: "sink@influx",
      active: true,
    });
    run.at(5).boot({ boot: "b2" });
    expect(run.told()).toEqual([
      "1 sink-lost@sink@influx raise yellow",
      "5 sink-lost@sink@influx return yellow",
    ]);
    expect(run.engine.alarm("sink-lost", "sink@influx")?.state).toBe("returned");
  });
});

test("an engine does not go back in time", () => {
  const run = new EngineRun(site, above({ red: 50 }, { onDelay: "10s" }));
  run.at(100).read("gd.a", 60).at(50).read("gd.a", 60).at(110).engine.advance(run.now);
  expect(run.events.map(line)).toEqual(["110 gas@gd.a raise red", "110 monitoring-lost@gd raise yellow"]);
});

describe("a restart after damage, when only the alarm log knows what was told", () => {
  const rules = above({ orange: 25, red: 50 });
  /** An engine that remembers nothing, told what a former one had published. */
  const recalledFrom = (first: EngineRun, more: Parameters<EngineRun["boot"]>[0] = {}) => {
    const last = new Map(first.events.map((event) => [event.occurrence, event]));
    const recalled = {
      lastSeq: first.events.at(-1)!.seq,
      standing: [...last.values()].filter(({ to }) => to !== "normal"),
    };
    const second = new EngineRun(site, rules);
    second.at(100).boot({ boot: "b2", seq: 1_001, occurrence: 501, recalled, ...more });
    return second;
  };

  test("an active alarm stands, and a reading decides under its own occurrence", () => {
    const first = new EngineRun(site, rules);
    first.at(0).boot().read("gd.a", 60).at(1).command("acknowledge", "gas", "gd.a");
    const second = recalledFrom(first);
    expect(second.events).toMatchObject([{ transition: "void", voidFrom: 3, voidTo: 1_000, seq: 1_001 }]);
    expect(second.engine.alarm("gas", "gd.a")).toMatchObject({
      state: "acknowledged",
      severity: "red",
      occurrence: 1,
      acknowledgedBy: "wang",
      value: 60,
    });
    second.told();
    second.at(101).read("gd.a", 60).at(102).read("gd.a", 30).at(103).read("gd.a", 0);
    expect(second.told()).toEqual(["102 gas@gd.a downgrade orange", "103 gas@gd.a return orange"]);
    expect(second.events.at(-1)).toMatchObject({ occurrence: 1 });
  });

  test("one that had returned is not taken for active: when the condition comes back, that is told", () => {
    const first = new EngineRun(site, rules);
    first.at(0).boot().read("gd.a", 60).at(1).read("gd.a", 0);
    const second = recalledFrom(first);
    expect(second.engine.alarm("gas", "gd.a")).toMatchObject({ state: "returned", occurrence: 1 });
    second.told();
    second.at(101).read("gd.a", 60);
    expect(second.told()).toEqual(["101 gas@gd.a again red"]);
  });

  test("lost monitoring stays lost until something is heard", () => {
    const first = new EngineRun(site, {});
    first.at(0).boot().message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 }).until(20);
    expect(first.told()).toEqual(["10 monitoring-lost@gd raise yellow"]);
    const second = recalledFrom(first);
    second.told();
    expect(second.engine.alarm("monitoring-lost", "gd")).toMatchObject({ state: "unacknowledged" });
    second.at(101).read("gd.b", 1);
    expect(second.told()).toEqual(["101 monitoring-lost@gd return yellow"]);
  });

  test("what no rule stands behind any more ends with a word", () => {
    const first = new EngineRun(site, rules);
    first.at(0).boot().read("gd.a", 60);
    const second = new EngineRun(site, {});
    second.at(100).boot({ boot: "b2", seq: 1_001, recalled: { lastSeq: 1, standing: first.events } });
    expect(second.told().at(-1)).toEqual("100 gas@gd.a withdraw red");
  });
});
