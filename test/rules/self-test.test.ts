import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 10 ** 6 * SECOND }] }] });
const RULES = { gas: { applies: { channel: "gd.lel" }, above: { red: 50 } } };

function run(): EngineRun {
  return new EngineRun(site, RULES, { cases: {} }).at(0).boot();
}

function begin(engine: EngineRun) {
  return engine.give({ verb: "self-test", within: 10 * MINUTE });
}

describe("a self-test", () => {
  test("passes with an acknowledgement, and says how long it took and who it was", () => {
    const engine = run();
    expect(begin(engine.at(1))).toEqual({ accepted: true });
    expect(engine.at(31).command("acknowledge", "self-test", "gateway")).toEqual({ accepted: true });
    expect(engine.told()).toEqual([
      "1 self-test@gateway raise yellow",
      "31 self-test@gateway acknowledge yellow",
      "31 self-test@gateway return yellow",
    ]);
    expect(engine.events.map(({ mode }) => mode)).toEqual(["test", "test", "test"]);
    expect(engine.events[0]).toMatchObject({
      class: "supervisory",
      until: START + 601 * SECOND,
      user: "wang",
    });
    expect(engine.events[2]).toMatchObject({ from: "acknowledged", to: "normal", since: START + SECOND });
    expect(engine.engine.selfTest.last).toEqual({
      began: START + SECOND,
      passed: true,
      took: 30 * SECOND,
      by: "wang",
    });
    expect(engine.until(5_000).told()).toEqual([]);
  });

  test("that nobody acknowledges in time fails, which is an alarm until one passes", () => {
    const engine = run();
    begin(engine.at(0));
    engine.until(700);
    expect(engine.told()).toEqual([
      "0 self-test@gateway raise yellow",
      "600 self-test-failed@gateway raise orange",
      "600 self-test@gateway return yellow",
    ]);
    expect(engine.engine.selfTest).toMatchObject({ running: undefined, last: { passed: false } });
    expect(engine.events[1]).toMatchObject({ mode: "live", class: "fault" });
    // Too late is too late: the acknowledgement ends the test alarm and not the failure.
    expect(engine.at(701).command("acknowledge", "self-test", "gateway")).toEqual({ accepted: true });
    expect(engine.engine.alarm("self-test-failed", "gateway")?.active).toBe(true);
    begin(engine.at(800));
    engine.at(801).command("acknowledge", "self-test", "gateway");
    expect(engine.told()).toContain("801 self-test-failed@gateway return orange");
  });

  test("is one at a time; what an earlier one has left makes room, so that each is an occurrence of its own", () => {
    const engine = run();
    begin(engine.at(0));
    expect(begin(engine.at(1))).toEqual({ accepted: false, refusal: "self-test-running" });
    engine.engine.apply({ kind: "self-test", at: engine.at(2).now, within: MINUTE });
    engine.until(600).told();
    engine.engine.apply({ kind: "self-test", at: engine.at(900).now, within: MINUTE });
    expect(engine.told()).toEqual([
      "900 self-test@gateway withdraw yellow",
      "900 self-test@gateway raise yellow",
    ]);
    expect(engine.engine.alarm("self-test", "gateway")?.occurrence).toBe(3);
    expect(engine.events.at(-1)).not.toHaveProperty("user");
  });

  test("touches no alarm, opens no case, and is acknowledged by nothing but itself", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 60);
    const before = { ...engine.engine.alarm("gas", "gd.lel")! };
    begin(engine.at(2));
    engine.at(3).command("acknowledge", "gas", "gd.lel");
    expect(engine.engine.selfTest.running).toBeDefined();
    engine.at(4).command("acknowledge", "self-test", "gateway");
    expect(engine.engine.alarm("gas", "gd.lel")).toMatchObject({
      occurrence: before.occurrence,
      state: "acknowledged",
      mode: "live",
    });
    expect(
      engine.events.filter((event) => event.rule === "self-test").every((event) => event.case === undefined),
    ).toBe(true);
    expect(engine.engine.cases!.case(1)?.gathered).toBe(1);
  });

  test("a checkpoint anywhere changes nothing; a restart gives it its whole time anew", () => {
    const whole = run();
    begin(whole.at(0));
    whole.until(100);
    const same = whole.restored();
    same.until(700);
    expect(same.events.map(({ seq, time }) => [seq, time])).toEqual(
      whole
        .until(700)
        .events.slice(1)
        .map(({ seq, time }) => [seq, time]),
    );
    expect(same.engine.checkpoint()).toEqual(whole.engine.checkpoint());

    const begun = run();
    begin(begun.at(0));
    const restarted = begun.restored().at(500).boot({ boot: "b2" });
    expect(restarted.until(1_099).told()).toEqual([]);
    expect(restarted.until(1_100).told()).toHaveLength(2);
  });

  test("the failure outlives a restart and a changed site", () => {
    const engine = run();
    begin(engine.at(0));
    engine.until(600);
    const restarted = engine.restored().at(700).boot({ boot: "b2" });
    expect(restarted.engine.alarm("self-test-failed", "gateway")?.state).toBe("unacknowledged");
    // The test alarm that nobody acknowledged is of a test that is over.
    expect(restarted.told()).toEqual(["700 self-test@gateway withdraw yellow"]);
  });
});
