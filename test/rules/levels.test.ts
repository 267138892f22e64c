import { describe, expect, test } from "vitest";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const gas = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 3_600_000_000 }] }] });
const lel = "gd.lel";

function above(levels: object, more: object = {}): EngineRun {
  return new EngineRun(gas, { gas: { applies: { channel: lel }, above: levels, ...more } });
}

describe("semantics 1: limits and deadband", () => {
  test("above raises at the limit and not a hair below it", () => {
    const run = above({ red: 50 });
    run.at(1).read(lel, 49.999999);
    expect(run.told()).toEqual([]);
    run.at(2).read(lel, 50);
    expect(run.told()).toEqual(["2 gas@gd.lel raise red"]);
  });

  test("above clears strictly below limit − deadband", () => {
    const run = above({ red: 50 }, { deadband: 2 });
    run.at(1).read(lel, 50).at(2).read(lel, 48);
    expect(run.told()).toEqual(["1 gas@gd.lel raise red"]);
    run.at(3).read(lel, 47.999999);
    expect(run.told()).toEqual(["3 gas@gd.lel return red"]);
  });

  test("below raises at the limit and clears strictly above limit + deadband", () => {
    const run = new EngineRun(gas, { low: { applies: { channel: lel }, below: { red: 5 }, deadband: 1 } });
    run.at(1).read(lel, 5.000001).at(2).read(lel, 5).at(3).read(lel, 6).at(4).read(lel, 6.000001);
    expect(run.told()).toEqual(["2 low@gd.lel raise red", "4 low@gd.lel return red"]);
  });

  test("the strict form raises only beyond the limit", () => {
    const run = above({ red: { limit: 50, strict: true } });
    run.at(1).read(lel, 50);
    expect(run.told()).toEqual([]);
    run.at(2).read(lel, 50.000001);
    expect(run.told()).toEqual(["2 gas@gd.lel raise red"]);
  });

  test("outside raises on either side and clears inside by more than the deadband", () => {
    const run = new EngineRun(gas, {
      oxygen: { applies: { channel: lel }, outside: { yellow: { low: 19.5, high: 23.5 } }, deadband: 0.5 },
    });
    run.at(1).read(lel, 19.5).at(2).read(lel, 20).at(3).read(lel, 20.1);
    run.at(4).read(lel, 23.5).at(5).read(lel, 23).at(6).read(lel, 22.9);
    expect(run.told()).toEqual([
      "1 oxygen@gd.lel raise yellow",
      "3 oxygen@gd.lel return yellow",
      "4 oxygen@gd.lel again yellow",
      "6 oxygen@gd.lel return yellow",
    ]);
    expect(run.events.map((event) => event.limit)).toEqual([19.5, 19.5, 23.5, 23.5]);
  });

  test("the bound is limit − deadband computed once in double precision: 0.3 − 0.1 is not 0.2", () => {
    const run = above({ red: 0.3 }, { deadband: 0.1 });
    // 0.3 − 0.1 = 0.19999999999999998, and 0.2 is not below it.
    run.at(1).read(lel, 0.3).at(2).read(lel, 0.2);
    expect(run.told()).toEqual(["1 gas@gd.lel raise red"]);
    run.at(3).read(lel, 0.19999999999999996);
    expect(run.told()).toEqual(["3 gas@gd.lel return red"]);
  });

  test("a limit in another unit is converted before the bound is computed", () => {
    const methane = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", gas: "CH4" }] }] });
    const run = new EngineRun(methane, {
      gas: {
        applies: { channel: lel },
        above: { red: 25_000 },
        deadband: 500,
        unit: "ppm",
        conversion: { basis: "iso10156" },
      },
    });
    // 5 %vol is 100 %LEL: 25,000 ppm are 50 %LEL, 500 ppm are 1 %LEL.
    run.at(1).read(lel, 49.9).at(2).read(lel, 50).at(3).read(lel, 49).at(4).read(lel, 48.9);
    expect(run.told()).toEqual(["2 gas@gd.lel raise red", "4 gas@gd.lel return red"]);
    expect(run.events[0]?.limit).toBeCloseTo(50, 9);
  });
});

describe("semantics 2: inside the deadband", () => {
  test("a pending on-delay starts again", () => {
    const run = above({ red: 50 }, { deadband: 2, onDelay: "10s" });
    run.at(0).read(lel, 55).at(5).read(lel, 49).at(6).read(lel, 55).until(15.9);
    expect(run.told()).toEqual([]);
    run.until(16);
    expect(run.told()).toEqual(["16 gas@gd.lel raise red"]);
  });

  test("a running off-delay starts again with the next clearing reading", () => {
    const run = above({ red: 50 }, { deadband: 2, offDelay: "10s" });
    run.at(0).read(lel, 55).at(1).read(lel, 40).at(8).read(lel, 49).at(9).read(lel, 40).at(18).read(lel, 40);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
    run.at(19).read(lel, 40);
    expect(run.told()).toEqual(["19 gas@gd.lel return red"]);
  });
});

describe("semantics 3: levels", () => {
  test("red without delay over yellow with 60 s falls back to yellow", () => {
    const run = above({ yellow: { limit: 10, onDelay: "60s" }, red: 50 });
    run.at(1).read(lel, 60).at(2).read(lel, 20);
    expect(run.told()).toEqual(["1 gas@gd.lel raise red", "2 gas@gd.lel downgrade yellow"]);
  });

  test("a lower level cannot clear while a higher one is active", () => {
    const run = above({
      yellow: { limit: 10, offDelay: "5s" },
      red: { limit: 50, offDelay: "20s" },
    });
    run.at(0).read(lel, 60);
    for (let t = 1; t <= 20; t++) run.at(t).read(lel, 0);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
    run.at(21).read(lel, 0);
    expect(run.told()).toEqual(["21 gas@gd.lel return red"]);
  });

  test("a level whose off-delay is longer stays behind", () => {
    const run = above({
      yellow: { limit: 10, offDelay: "20s" },
      red: { limit: 50, offDelay: "5s" },
    });
    run.at(0).read(lel, 60);
    for (let t = 1; t <= 21; t++) run.at(t).read(lel, 0);
    expect(run.told()).toEqual([
      "0 gas@gd.lel raise red",
      "6 gas@gd.lel downgrade yellow",
      "21 gas@gd.lel return yellow",
    ]);
  });

  test("an upgrade forgets the off-delay that ran below it", () => {
    const run = above({ yellow: 10, red: 50 }, { offDelay: "10s" });
    run.at(0).read(lel, 20).at(1).read(lel, 5).at(5).read(lel, 60).at(6).read(lel, 5).at(11).read(lel, 5);
    expect(run.told()).toEqual(["0 gas@gd.lel raise yellow", "5 gas@gd.lel upgrade red"]);
    run.at(16).read(lel, 5);
    expect(run.told()).toEqual(["16 gas@gd.lel return red"]);
  });

  test("states of different severity: an alarm that becomes a pre-alarm is a downgrade", () => {
    const panel = siteOf({
      devices: [
        {
          id: "panel",
          channels: [{ id: "mode", quantity: "mode", states: { 0: "normal", 1: "pre", 2: "alarm" } }],
        },
      ],
    });
    const run = new EngineRun(panel, {
      fire: { applies: { quantity: "mode" }, equals: { yellow: "pre", red: "alarm" } },
    });
    run.at(1).read("panel.mode", 2).at(2).read("panel.mode", 1).at(3).read("panel.mode", 0);
    expect(run.told()).toEqual([
      "1 fire@panel.mode raise red",
      "2 fire@panel.mode downgrade yellow",
      "3 fire@panel.mode return yellow",
    ]);
  });
});

describe("semantics 3 and 4 with states instead of limits", () => {
  const panel = siteOf({
    devices: [
      {
        id: "panel",
        channels: [
          {
            id: "mode",
            quantity: "mode",
            states: { 0: "normal", 1: "pre", 2: "alarm" },
            stale: 3_600_000_000,
          },
        ],
      },
    ],
  });

  test("an alarm is a pre-alarm, too: the lower on-delay runs beside the higher one", () => {
    const run = new EngineRun(panel, {
      fire: {
        applies: { quantity: "mode" },
        equals: {
          blue: { state: "normal", onDelay: "3s" },
          yellow: { state: "pre", onDelay: "5s" },
          red: { state: "alarm", onDelay: "10s" },
        },
      },
    });
    run.at(0).read("panel.mode", 2).until(20);
    expect(run.told()).toEqual([
      "3 fire@panel.mode raise blue",
      "5 fire@panel.mode upgrade yellow",
      "10 fire@panel.mode upgrade red",
    ]);
  });

  test("the off-delay of the lower state does not run while the higher one lasts", () => {
    const run = new EngineRun(panel, {
      fire: {
        applies: { quantity: "mode" },
        equals: { yellow: { state: "pre", offDelay: "10s" }, red: "alarm" },
      },
    });
    for (let t = 0; t < 30; t++) run.at(t).read("panel.mode", 2);
    run.at(30).read("panel.mode", 0).at(39).read("panel.mode", 0);
    expect(run.told()).toEqual(["0 fire@panel.mode raise red", "30 fire@panel.mode downgrade yellow"]);
    run.at(40).read("panel.mode", 0);
    expect(run.told()).toEqual(["40 fire@panel.mode return yellow"]);
  });
});

describe("semantics 4: delays side by side", () => {
  test("on-delays that end in one instant give one event, the highest", () => {
    const run = above({ yellow: 10, orange: 25, red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).until(30);
    expect(run.told()).toEqual(["10 gas@gd.lel raise red"]);
  });

  test("on-delays of different length end one after the other", () => {
    const run = above({
      yellow: { limit: 10, onDelay: "5s" },
      orange: { limit: 25, onDelay: "10s" },
      red: { limit: 50, onDelay: "20s" },
    });
    run.at(0).read(lel, 60).until(30);
    expect(run.told()).toEqual([
      "5 gas@gd.lel raise yellow",
      "10 gas@gd.lel upgrade orange",
      "20 gas@gd.lel upgrade red",
    ]);
  });

  test("from red to normal is one return when the off-delays end together", () => {
    const run = above({ yellow: 10, orange: 25, red: 50 }, { offDelay: "10s" });
    run.at(0).read(lel, 60).at(1).read(lel, 0).at(11).read(lel, 0);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red", "11 gas@gd.lel return red"]);
  });
});

describe("semantics 5 to 7: time", () => {
  test("5: a timer fires before an input of the same instant, at its own logical time", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    // The reading at 10 s would forget the on-delay, had it not ended first.
    run.at(0).read(lel, 60).at(10).read(lel, 0);
    expect(run.told()).toEqual(["10 gas@gd.lel raise red", "10 gas@gd.lel return red"]);
  });

  test("5: an input long after the deadline finds the timer fired at its own time", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).at(100).read(lel, 60);
    expect(run.told()).toEqual(["10 gas@gd.lel raise red"]);
  });

  test("7: an on-delay ends with no further reading", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).until(11);
    expect(run.told()).toEqual(["10 gas@gd.lel raise red"]);
  });

  test("7: an off-delay of a sampled channel ends only with a good clearing reading at or after its deadline", () => {
    const run = above({ red: 50 }, { offDelay: "10s" });
    run.at(0).read(lel, 60).at(1).read(lel, 0).until(100);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
    run.at(101).read(lel, 0);
    expect(run.told()).toEqual(["101 gas@gd.lel return red"]);
  });

  test("7: a channel that reports on change keeps its state, so there the timer is enough", () => {
    const home = siteOf({
      devices: [{ id: "s", channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }] }],
    });
    const run = new EngineRun(home, {
      smoke: { applies: { quantity: "smoke" }, equals: { red: "active" }, offDelay: "10s" },
    });
    run.at(0).read("s.smoke", 1).at(1).read("s.smoke", 0).until(10.9);
    expect(run.told()).toEqual(["0 smoke@s.smoke raise red"]);
    run.until(11);
    expect(run.told()).toEqual(["11 smoke@s.smoke return red"]);
  });
});

describe("semantics 8: quality", () => {
  test("an uncertain reading raises", () => {
    const run = above({ red: 50 });
    run.at(1).read(lel, 60, "not_accurate");
    expect(run.told()).toEqual(["1 gas@gd.lel raise red"]);
  });

  test("an uncertain reading does not clear, and restarts the off-delay", () => {
    const run = above({ red: 50 }, { offDelay: "10s" });
    run.at(0).read(lel, 60).at(1).read(lel, 0).at(9).read(lel, 0, "not_accurate").at(12).read(lel, 0);
    run.at(21).read(lel, 0);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
    run.at(22).read(lel, 0);
    expect(run.told()).toEqual(["22 gas@gd.lel return red"]);
  });

  test("an uncertain reading that does not raise holds the on-delay where it is", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).at(4).read(lel, 0, "not_accurate").until(30);
    expect(run.told()).toEqual([]);
    // Four of ten seconds had passed; six are left.
    run.at(30).read(lel, 60).until(35.9);
    expect(run.told()).toEqual([]);
    run.until(36);
    expect(run.told()).toEqual(["36 gas@gd.lel raise red"]);
  });

  test("a bad reading holds the on-delay; it goes on with the next raising reading", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).at(7).read(lel, Number.NaN, "no_communication").until(100);
    run.at(100).read(lel, 60, "not_accurate").until(103);
    expect(run.told()).toEqual(["103 gas@gd.lel raise red"]);
  });

  test("a good reading below forgets a held on-delay", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).at(7).read(lel, Number.NaN, "no_communication");
    run.at(8).read(lel, 0).at(9).read(lel, 60).until(18.9);
    expect(run.told()).toEqual([]);
    run.until(19);
    expect(run.told()).toEqual(["19 gas@gd.lel raise red"]);
  });

  test("a bad reading cancels the off-delay, which starts anew with the next good clearing reading", () => {
    const run = above({ red: 50 }, { offDelay: "10s" });
    run.at(0).read(lel, 60).at(1).read(lel, 0).at(5).read(lel, Number.NaN, "no_communication");
    run.at(12).read(lel, 0).at(21).read(lel, 0);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
    run.at(22).read(lel, 0);
    expect(run.told()).toEqual(["22 gas@gd.lel return red"]);
  });

  test("silence, once noticed, holds the on-delay from its deadline on", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 5_000_000 }] }] });
    const run = new EngineRun(site, {
      gas: { applies: { channel: lel }, above: { red: 50 }, onDelay: "10s" },
    });
    run.at(0).read(lel, 60).until(60);
    expect(run.told()).toEqual(["5 monitoring-lost@gd raise yellow"]);
    run.at(60).read(lel, 60).at(64).read(lel, 60).until(65);
    // Five of ten seconds had passed when the silence was noticed.
    expect(run.told()).toEqual(["60 monitoring-lost@gd return yellow", "65 gas@gd.lel raise red"]);
  });

  test("silence cancels a running off-delay", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 5_000_000 }] }] });
    const run = new EngineRun(site, {
      gas: { applies: { channel: lel }, above: { red: 50 }, offDelay: "4s" },
    });
    run.at(0).read(lel, 60).at(1).read(lel, 0).until(10).at(10).read(lel, 0).at(13.9).read(lel, 0);
    expect(run.told().filter((line) => line.includes("gas@"))).toEqual(["0 gas@gd.lel raise red"]);
    run.at(14).read(lel, 0);
    expect(run.told()).toEqual(["14 gas@gd.lel return red"]);
  });

  test("a not-a-number marked good is bad", () => {
    const run = above({ red: 50 });
    run.at(0).read(lel, 60).at(1).read(lel, Number.NaN);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red"]);
  });
});

describe("semantics 9: values beyond the range, and danger that the instrument asserts", () => {
  test("a finite value marked bad never raises", () => {
    const run = above({ red: 50 });
    run.at(1).read(lel, 99, "sensor_failure").at(2).read(lel, 99, "inhibited");
    expect(run.told()).toEqual([]);
  });

  test("+inf raises, whatever is said of it", () => {
    for (const reason of ["over_range", "good", "bad"] as const) {
      const run = above({ yellow: 10, red: 50 });
      run.at(1).read(lel, Number.POSITIVE_INFINITY, reason);
      expect(run.told(), reason).toEqual(["1 gas@gd.lel raise red"]);
    }
  });

  test("an over-range marker in the direction of the alarm raises as uncertain", () => {
    const run = above({ yellow: 10, red: 50 });
    // A detector that locks above its range and repeats the last value it could measure.
    run.at(1).read(lel, 5, "over_range");
    expect(run.told()).toEqual(["1 gas@gd.lel raise red"]);
    run.at(2).read(lel, 0);
    expect(run.told()).toEqual(["2 gas@gd.lel return red"]);
  });

  test("away from the direction of the alarm it is bad: it neither raises nor clears", () => {
    const run = new EngineRun(gas, { low: { applies: { channel: lel }, below: { red: 5 } } });
    run.at(1).read(lel, Number.POSITIVE_INFINITY, "over_range");
    expect(run.told()).toEqual([]);
    run.at(2).read(lel, 4).at(3).read(lel, 120, "over_range");
    expect(run.told()).toEqual(["2 low@gd.lel raise red"]);
    const upwards = above({ red: 50 });
    upwards.at(1).read(lel, 60).at(2).read(lel, Number.NEGATIVE_INFINITY, "under_range");
    expect(upwards.told()).toEqual(["1 gas@gd.lel raise red"]);
  });

  test("outside takes both directions", () => {
    const run = new EngineRun(gas, {
      oxygen: { applies: { channel: lel }, outside: { red: { low: 19.5, high: 23.5 } } },
    });
    run.at(1).read(lel, Number.POSITIVE_INFINITY, "over_range").at(2).read(lel, 21);
    run.at(3).read(lel, 0, "under_range");
    expect(run.told()).toEqual([
      "1 oxygen@gd.lel raise red",
      "2 oxygen@gd.lel return red",
      "3 oxygen@gd.lel again red",
    ]);
  });

  test("a fire bit raises beside a fault; without fire, the fault neither raises nor clears", () => {
    const panel = siteOf({
      points: [{ id: "p", domain: "fire" }],
      devices: [{ id: "panel", channels: [{ id: "fire", quantity: "fire", stale: 60_000_000 }] }],
    });
    const rules = { fire: { applies: { quantity: "fire" }, equals: { red: "active" } } };
    const run = new EngineRun(panel, rules);
    run.at(1).read("panel.fire", 0, "device_failure");
    expect(run.told()).toEqual([]);
    run.at(2).read("panel.fire", 1, "device_failure");
    expect(run.told()).toEqual(["2 fire@panel.fire raise red"]);
    run.at(3).read("panel.fire", 0, "device_failure");
    expect(run.told()).toEqual([]);
    run.at(4).read("panel.fire", 0);
    expect(run.told()).toEqual(["4 fire@panel.fire return red"]);
  });

  test("a valve that is not asserted danger does not raise on a bad reading", () => {
    const site = siteOf({ devices: [{ id: "v", channels: [{ id: "valve", quantity: "valve" }] }] });
    const run = new EngineRun(site, { open: { applies: { quantity: "valve" }, equals: { red: "open" } } });
    run.at(1).read("v.valve", 1, "sensor_failure");
    expect(run.told()).toEqual([]);
  });
});

describe("semantics 23: events", () => {
  test("one event a transition, with value and quality of the deciding reading", () => {
    const run = above({ yellow: 10, red: 50 });
    run.at(1).read(lel, 12, "not_accurate").at(2).read(lel, 15).at(3).read(lel, 55);
    expect(run.events).toMatchObject([
      { transition: "raise", value: 12, limit: 10, from: "normal", to: "unacknowledged" },
      { transition: "upgrade", value: 55, limit: 50, severityBefore: "yellow", severity: "red" },
    ]);
  });

  test("for a timer they are those of the last usable reading before it", () => {
    const run = above({ red: 50 }, { onDelay: "10s" });
    run.at(0).read(lel, 60).at(2).read(lel, 71, "not_accurate").until(11);
    expect(run.events).toMatchObject([{ transition: "raise", value: 71 }]);
    expect(run.events[0]?.measured).toBe(run.at(2).now);
  });

  test("order in one instant: severity from high to low, then order of definition", () => {
    const two = siteOf({
      devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b" }, { id: "c" }] }],
    });
    const run = new EngineRun(two, {
      second: { applies: { channel: ["gd.a", "gd.b"] }, above: { yellow: 10, red: 50 } },
      first: { applies: { channel: ["gd.c", "gd.b"] }, above: { yellow: 10, red: 50 } },
    });
    run
      .at(1)
      .message(
        { channel: "gd.c", value: 20 },
        { channel: "gd.a", value: 20 },
        { channel: "gd.b", value: 60 },
      );
    expect(run.told()).toEqual([
      "1 second@gd.b raise red",
      "1 first@gd.b raise red",
      "1 second@gd.a raise yellow",
      "1 first@gd.c raise yellow",
    ]);
  });

  test("several samples of one channel in one message keep their order", () => {
    const run = above({ yellow: 10, red: 50 });
    run.at(1).message({ channel: lel, value: 20 }, { channel: lel, value: 60 }, { channel: lel, value: 0 });
    expect(run.told()).toEqual([
      "1 gas@gd.lel raise yellow",
      "1 gas@gd.lel upgrade red",
      "1 gas@gd.lel return red",
    ]);
  });

  test("timers of one instant: on-delays before silence", () => {
    const site = siteOf({
      devices: [
        { id: "a", channels: [{ id: "lel", stale: 3_000_000 }] },
        { id: "b", channels: [{ id: "lel", stale: 10_000_000 }] },
      ],
    });
    const run = new EngineRun(
      site,
      { gas: { applies: { channel: "b.lel" }, above: { yellow: 10 }, onDelay: "3s" } },
      { monitoringLost: { severity: "red" } },
    );
    run.at(0).message({ channel: "a.lel", value: 1 }, { channel: "b.lel", value: 20 }).until(3);
    expect(run.told()).toEqual(["3 gas@b.lel raise yellow", "3 monitoring-lost@a raise red"]);
  });
});
