import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { annunciates } from "../../rules/life-cycle/annunciation.ts";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  devices: [
    {
      id: "gd",
      channels: Array.from({ length: 12 }, (_, i) => ({ id: `c${i}`, stale: 1_000_000 * SECOND })),
    },
  ],
});
const RULES = { gas: { applies: { device: "gd" }, above: { blue: 5, yellow: 10, red: 50 } } };

function run(settings: object = {}, rule: object = {}): EngineRun {
  const all = { chattering: {}, flood: {}, ...settings };
  return new EngineRun(site, { gas: { ...RULES.gas, ...rule } }, all).at(0).boot();
}
const of = (engine: EngineRun, rule: string) => engine.told().filter((line) => line.includes(` ${rule}@`));

describe("re-alarm", () => {
  const SETTINGS = { reAlarm: { yellow: "10m", red: "2m" } };

  test("acknowledged and still active after its time, it must be acknowledged again, and again", () => {
    const engine = run(SETTINGS);
    engine.at(1).read("gd.c0", 60).at(2).command("acknowledge", "gas", "gd.c0");
    engine.until(122).at(130).command("acknowledge", "gas", "gd.c0");
    engine.until(300);
    expect(of(engine, "gas")).toEqual([
      "1 gas@gd.c0 raise red",
      "2 gas@gd.c0 acknowledge red",
      "122 gas@gd.c0 re-alarm red",
      "130 gas@gd.c0 acknowledge red",
      "250 gas@gd.c0 re-alarm red",
    ]);
  });

  test("the rule's own time comes first; without any, never; blue never", () => {
    const own = run(SETTINGS, { reAlarm: "1m" });
    own.at(0).read("gd.c0", 60).command("acknowledge", "gas", "gd.c0");
    own.until(60);
    expect(own.told().at(-1)).toBe("60 gas@gd.c0 re-alarm red");
    const never = run();
    never.at(0).read("gd.c0", 60).command("acknowledge", "gas", "gd.c0");
    never.at(1).read("gd.c1", 6).until(900_000);
    expect(never.told()).toHaveLength(3);
  });

  test("not when it has returned; and a restart keeps the time", () => {
    const engine = run(SETTINGS);
    engine.at(1).read("gd.c0", 60).at(2).command("acknowledge", "gas", "gd.c0");
    const again = engine.restored();
    again.at(50).boot({ boot: "b2" }).until(122);
    expect(again.told()).toEqual(["122 gas@gd.c0 re-alarm red"]);
    engine.at(3).read("gd.c0", 0).until(1_000);
    expect(engine.told().at(-1)).toBe("3 gas@gd.c0 return red");
  });
});

describe("chattering", () => {
  const swing = (engine: EngineRun, seconds: number[]) => {
    for (const second of seconds)
      engine
        .at(second)
        .read("gd.c0", 12)
        .at(second + 1)
        .read("gd.c0", 0);
  };

  test("three raises within a minute are told once, and over when it has been quiet", () => {
    const engine = run();
    swing(engine, [0, 10, 20, 30, 40, 50]);
    engine.until(650);
    expect(of(engine, "chattering")).toEqual([
      "20 chattering@gd.c0 raise blue",
      "650 chattering@gd.c0 return blue",
    ]);
  });

  test("the minute counts: 60 s are within it, a moment more is not", () => {
    const just = run();
    swing(just, [0, 30, 60]);
    expect(of(just, "chattering")).toHaveLength(1);
    const slower = run();
    swing(slower, [0, 30, 60.1, 100, 130.2]);
    expect(of(slower, "chattering")).toEqual([]);
  });

  test("hides nothing: every raise is annunciated", () => {
    const engine = run();
    swing(engine, [0, 10, 20, 30]);
    const raises = engine.events.filter(({ rule, transition }) => rule === "gas" && transition !== "return");
    expect(raises).toHaveLength(4);
    expect(raises.every(annunciates)).toBe(true);
  });

  test("a shelved alarm chatters too: the instrument is as bad as it was", () => {
    const engine = run();
    engine.at(0).give({ verb: "shelve", rule: "gas", subject: "gd.c0", span: 600 * SECOND });
    swing(engine, [1, 2.5, 4]);
    expect(of(engine, "chattering")).toHaveLength(1);
  });

  test("a restart remembers", () => {
    const first = run();
    swing(first, [0, 10]);
    const second = first.restored();
    swing(second, [20]);
    expect(of(second, "chattering")).toHaveLength(1);
    const third = second.restored();
    third.until(620);
    expect(of(third, "chattering")).toEqual(["620 chattering@gd.c0 return blue"]);
  });
});

describe("alarm flood", () => {
  const raiseAll = (engine: EngineRun, from: number, n: number) => {
    for (let i = 0; i < n; i++) engine.at(from + i).read(`gd.c${i}`, 12);
  };

  test("the eleventh annunciation within ten minutes begins it; it ends when fewer than five are left", () => {
    const engine = run();
    raiseAll(engine, 1, 12);
    engine.until(2_000);
    // The annunciations at 8, 9, … 12 s are the last five: when that at 8 s leaves, four are left.
    expect(of(engine, "alarm-flood")).toEqual([
      "11 alarm-flood@gateway raise yellow",
      "608 alarm-flood@gateway return yellow",
    ]);
  });

  test("the span counts: one a minute for ever is none, one in 59 s is", () => {
    const every = (seconds: number) => {
      const engine = run();
      for (let i = 0; i < 12; i++) engine.at(i * seconds).read(`gd.c${i}`, 12);
      return of(engine, "alarm-flood");
    };
    expect(every(60)).toEqual([]);
    expect(every(59)).toEqual(["590 alarm-flood@gateway raise yellow"]);
  });

  test("ten are none, and blue, acknowledgements, returns and silenced alarms do not count", () => {
    const engine = run();
    engine
      .at(0)
      .give({ verb: "out-of-service", subject: "gd.c11", span: 10_000 * SECOND, work: "maintenance" });
    raiseAll(engine, 1, 10);
    engine.at(12).read("gd.c11", 60).at(13).read("gd.c10", 6);
    for (let i = 0; i < 10; i++) engine.at(20 + i).command("acknowledge", "gas", `gd.c${i}`);
    for (let i = 0; i < 10; i++) engine.at(40 + i).read(`gd.c${i}`, 0);
    expect(of(engine, "alarm-flood")).toEqual([]);
  });

  test("a restart in the middle changes nothing", () => {
    const first = run();
    raiseAll(first, 1, 12);
    const second = first.restored();
    second.until(2_000);
    expect(of(second, "alarm-flood")).toEqual(["608 alarm-flood@gateway return yellow"]);
  });
});
