import { describe, expect, test } from "vitest";
import { REASON } from "../../model/quality.ts";
import { FLAG_CLOCK_SUSPECT, FLAG_DEVICE_TIME } from "../../model/reading.ts";
import { SECOND } from "../../model/time.ts";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const DAY_LONG = 86_400 * SECOND;

test("telemetry lost while an alarm is active: it stays, and both resolve when data returns", () => {
  const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 5 * SECOND }] }] });
  const run = new EngineRun(site, {
    gas: { applies: { quantity: "gas_lel" }, above: { red: 50 }, deadband: 2, offDelay: "3s" },
  });
  run.at(0).read("gd.lel", 60).at(1).read("gd.lel", 10);
  for (let t = 2; t < 60; t++) run.at(t).read("gd.lel", Number.NaN, "no_communication");
  expect(run.told()).toEqual(["0 gas@gd.lel raise red", "6 monitoring-lost@gd raise yellow"]);
  expect(run.engine.alarm("gas", "gd.lel")).toMatchObject({ state: "unacknowledged", severity: "red" });
  for (let t = 60; t < 70; t++) run.at(t).read("gd.lel", 10);
  // The off-delay counts from the return of the data, not from the last reading before the gap.
  expect(run.told()).toEqual(["60 monitoring-lost@gd return yellow", "63 gas@gd.lel return red"]);
});

test("two detectors in one well have two alarms", () => {
  const site = siteOf({
    points: [{ id: "well-3" }],
    devices: ["gd-01", "gd-02"].map((id) => ({ id, channels: [{ id: "lel" }] })),
  });
  const run = new EngineRun(site, { gas: { applies: { point: "well-3" }, above: { red: 50 } } });
  run.at(1).message({ channel: "gd-01.lel", value: 60 }, { channel: "gd-02.lel", value: 70 });
  run.at(2).message({ channel: "gd-01.lel", value: 60 }, { channel: "gd-02.lel", value: 0 });
  expect(run.command("acknowledge", "gas", "gd-01.lel")).toEqual({ accepted: true });
  expect(
    run.events.map(({ subject, point, transition, occurrence }) => [subject, point, transition, occurrence]),
  ).toEqual([
    ["gd-01.lel", "well-3", "raise", 1],
    ["gd-02.lel", "well-3", "raise", 2],
    ["gd-02.lel", "well-3", "return", 2],
    ["gd-01.lel", "well-3", "acknowledge", 1],
  ]);
  expect([...run.engine.alarms()].map(({ subject, state }) => [subject, state])).toEqual([
    ["gd-01.lel", "acknowledged"],
    ["gd-02.lel", "returned"],
  ]);
});

test("a fire bit with a fault bit is a fire, and a fault beside it", () => {
  const site = siteOf({
    points: [{ id: "lobby", domain: "fire" }],
    devices: [{ id: "panel", channels: [{ id: "fire", quantity: "fire", stale: DAY_LONG }] }],
  });
  const run = new EngineRun(site, { fire: { applies: { quantity: "fire" }, equals: { red: "active" } } });
  run.at(1).read("panel.fire", 1, "device_failure").until(60);
  expect(run.told()).toEqual(["1 fire@panel.fire raise red", "6 instrument-fault@panel raise yellow"]);
  expect(run.events[0]).toMatchObject({ value: 1, reason: REASON.device_failure });
});

describe("instrument faults of panels", () => {
  const panel = siteOf({
    points: [{ id: "lobby", domain: "fire" }],
    devices: [
      {
        id: "panel",
        components: ["d1", "d2"],
        channels: [
          { id: "smoke", component: "d1", quantity: "smoke_obscuration", stale: DAY_LONG },
          { id: "heat", component: "d1", quantity: "temperature", stale: DAY_LONG },
          { id: "smoke", component: "d2", quantity: "smoke_obscuration", stale: DAY_LONG },
          { id: "voltage", quantity: "battery_voltage", stale: DAY_LONG },
        ],
      },
    ],
  });
  const failing = (...channels: string[]) => {
    const run = new EngineRun(panel, {});
    run
      .at(0)
      .message(
        ...channels.map((channel) => ({ channel, value: Number.NaN, reason: "sensor_failure" as const })),
      );
    return run.until(60).told();
  };

  test("one channel of a component", () => {
    expect(failing("panel:d1.smoke")).toEqual(["5 instrument-fault@panel:d1.smoke raise yellow"]);
  });

  test("two detectors that fail by themselves are two faults", () => {
    expect(failing("panel:d1.heat", "panel:d1.smoke", "panel.voltage")).toEqual([
      "5 instrument-fault@panel:d1 raise yellow",
      "5 instrument-fault@panel.voltage raise yellow",
    ]);
  });

  test("all components at once are the panel", () => {
    expect(failing("panel:d1.smoke", "panel:d2.smoke")).toEqual(["5 instrument-fault@panel raise yellow"]);
  });

  test("a second channel that fails much later is told for itself", () => {
    const run = new EngineRun(panel, {});
    run.at(0).read("panel:d1.smoke", Number.NaN, "sensor_failure").until(100);
    run.at(100).read("panel:d1.heat", Number.NaN, "sensor_failure").until(200);
    expect(run.told()).toEqual([
      "5 instrument-fault@panel:d1.smoke raise yellow",
      "105 instrument-fault@panel:d1.heat raise yellow",
    ]);
  });
});

test("a detector that has nothing to say but its fault: its own silence does not hold the fault back", () => {
  const site = siteOf({
    devices: [
      {
        id: "gd",
        channels: [
          { id: "lel", stale: 3 * SECOND },
          { id: "temp", quantity: "temperature" },
        ],
      },
    ],
  });
  const run = new EngineRun(site, {});
  run.at(0).message({ channel: "gd.lel", value: 1 }, { channel: "gd.temp", value: 20 });
  run.at(1).read("gd.lel", Number.NaN, "sensor_failure");
  for (let t = 1; t < 20; t++) run.at(t).read("gd.temp", 20);
  expect(run.told()).toEqual([
    "3 monitoring-lost@gd.lel raise yellow",
    "6 instrument-fault@gd.lel raise yellow",
  ]);
  run.at(20).read("gd.lel", 1);
  expect(run.told()).toEqual([
    "20 monitoring-lost@gd.lel return yellow",
    "20 instrument-fault@gd.lel return yellow",
  ]);
});

test("a device clock is one alarm, until every channel has given a credible time", () => {
  const site = siteOf({
    devices: [
      { id: "d", channels: [{ id: "a" }, { id: "b" }].map((channel) => ({ ...channel, stale: DAY_LONG })) },
    ],
  });
  const run = new EngineRun(site, {}, { clockFault: { severity: "orange" } });
  const say = (t: number, a: number, b: number) =>
    run
      .at(t)
      .message(
        { channel: "d.a", value: 1, time: t, flags: FLAG_DEVICE_TIME | a },
        { channel: "d.b", value: 1, time: t, flags: FLAG_DEVICE_TIME | b },
      );
  say(1, FLAG_CLOCK_SUSPECT, FLAG_CLOCK_SUSPECT);
  say(2, FLAG_CLOCK_SUSPECT, 0);
  say(3, FLAG_CLOCK_SUSPECT, FLAG_CLOCK_SUSPECT);
  say(4, 0, FLAG_CLOCK_SUSPECT);
  expect(run.told()).toEqual(["1 clock-fault@d raise orange"]);
  // A reading without a time of its own says nothing about the clock.
  run.at(5).read("d.b", 1);
  expect(run.told()).toEqual([]);
  say(6, 0, 0);
  expect(run.told()).toEqual(["6 clock-fault@d return orange"]);
});

test("a chattering detector: with deadband and off-delay one alarm, without them many", () => {
  const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel" }] }] });
  const play = (more: object) => {
    const run = new EngineRun(site, {
      gas: { applies: { quantity: "gas_lel" }, above: { yellow: 10 }, ...more },
    });
    for (let t = 0; t < 120; t++) run.at(t).read("gd.lel", 10 + Math.sin(t) * 0.8);
    return run.events.length;
  };
  expect(play({})).toBeGreaterThan(30);
  expect(play({ deadband: 2 })).toBe(1);
  expect(play({ offDelay: "10s" })).toBe(1);
});
