import { describe, expect, test } from "vitest";
import { REASON } from "../../model/quality.ts";
import { FLAG_DEVICE_TIME, FLAG_LATE } from "../../model/reading.ts";
import { SECOND } from "../../model/time.ts";
import { EngineRun } from "./engine-run.ts";
import { type DeviceSketch, siteOf } from "./site-builder.ts";

/** A device with one channel that goes stale after 3 s. */
function detector(id: string, more: Partial<DeviceSketch> = {}): DeviceSketch {
  return { id, channels: [{ id: "lel", stale: 3 * SECOND }], ...more };
}

function silentOnly(site: ReturnType<typeof siteOf>, settings: object = {}): EngineRun {
  return new EngineRun(site, {}, settings as Record<string, unknown>);
}

describe("semantics 10: monitoring lost", () => {
  test("a link whose instruments are all simulated is lost in a simulation; one live one among them makes it real", () => {
    const lost = (modes: readonly ("live" | "simulated")[]) => {
      const run = silentOnly(
        siteOf({
          points: modes.map((mode, i) => ({ id: `p${i}`, mode })),
          devices: modes.map((_, i) => detector(`gd${i}`, { point: `p${i}`, link: "bus" })),
        }),
      );
      run.at(0).health("link", 0, false).until(60);
      return run.events.map(({ subject, mode }) => `${subject} ${mode}`);
    };
    expect(lost(["simulated", "simulated"])).toEqual(["link@bus simulated"]);
    expect(lost(["simulated", "live"])).toEqual(["link@bus live"]);
  });

  test("no usable reading for the stale time raises, at its own logical time", () => {
    const run = silentOnly(siteOf({ devices: [detector("gd")] }));
    run.at(0).read("gd.lel", 1).at(2).read("gd.lel", 1).until(4.9);
    expect(run.told()).toEqual([]);
    run.until(60);
    expect(run.told()).toEqual(["5 monitoring-lost@gd raise yellow"]);
    expect(run.events[0]).toMatchObject({ class: "monitoring", point: "p", covers: 1 });
  });

  test("an uncertain reading is usable; the first usable one ends it", () => {
    const run = silentOnly(siteOf({ devices: [detector("gd")] }));
    run
      .at(0)
      .read("gd.lel", 1)
      .at(2)
      .read("gd.lel", 1, "not_accurate")
      .until(6)
      .at(9)
      .read("gd.lel", 1, "not_accurate");
    expect(run.told()).toEqual(["5 monitoring-lost@gd raise yellow", "9 monitoring-lost@gd return yellow"]);
  });

  test("bad readings caused by communication neither raise it sooner nor postpone it", () => {
    const run = silentOnly(siteOf({ devices: [detector("gd")] }));
    run.at(0).read("gd.lel", 1);
    for (const t of [0.5, 1, 2, 2.9]) run.at(t).read("gd.lel", Number.NaN, "no_communication");
    expect(run.told()).toEqual([]);
    run.until(3);
    expect(run.told()).toEqual(["3 monitoring-lost@gd raise yellow"]);
    run.at(4).read("gd.lel", Number.NaN, "no_communication");
    expect(run.told()).toEqual([]);
  });

  test("a process alarm stays active through it and resolves by data alone", () => {
    const run = new EngineRun(siteOf({ devices: [detector("gd")] }), {
      gas: { applies: { quantity: "gas_lel" }, above: { red: 50 } },
    });
    run.at(0).read("gd.lel", 60).until(100);
    expect(run.told()).toEqual(["0 gas@gd.lel raise red", "3 monitoring-lost@gd raise yellow"]);
    expect(run.engine.alarm("gas", "gd.lel")).toMatchObject({ active: true, state: "unacknowledged" });
    run.at(100).read("gd.lel", 60);
    expect(run.told()).toEqual(["100 monitoring-lost@gd return yellow"]);
    run.at(101).read("gd.lel", 1);
    expect(run.told()).toEqual(["101 gas@gd.lel return red"]);
  });

  test("a heartbeat that stands still is a failed device, whatever else it says", () => {
    const site = siteOf({
      devices: [
        {
          id: "plc",
          channels: [{ id: "lel" }, { id: "beat", quantity: "heartbeat", heartbeat: 10 * SECOND }],
        },
      ],
    });
    const run = new EngineRun(site, { gas: { applies: { quantity: "gas_lel" }, above: { red: 50 } } });
    const say = (t: number, lel: number, beat: number) =>
      run.at(t).message({ channel: "plc.lel", value: lel }, { channel: "plc.beat", value: beat });
    for (let t = 0; t <= 5; t++) say(t, 60, t);
    run.told();
    for (let t = 6; t <= 14; t++) say(t, 60, 5);
    expect(run.told()).toEqual([]);
    say(15, 60, 5);
    expect(run.told()).toEqual(["15 monitoring-lost@plc raise yellow"]);
    // What a frozen controller says may be frozen: it does not clear an alarm.
    say(16, 0, 5);
    expect(run.told()).toEqual([]);
    // The beat stands behind the value in the message and vouches for it all the same.
    say(17, 0, 6);
    expect(run.told()).toEqual(["17 gas@plc.lel return red", "17 monitoring-lost@plc return yellow"]);
  });

  test("a channel that only speaks when something happens is judged by its device's liveness", () => {
    const site = siteOf({
      devices: [
        {
          id: "smoke",
          liveness: 100 * SECOND,
          channels: [
            { id: "smoke", quantity: "smoke", report: "on-change" },
            { id: "battery", quantity: "battery", report: "on-change" },
          ],
        },
      ],
    });
    const run = silentOnly(site);
    run.at(0).read("smoke.smoke", 0).at(60).read("smoke.battery", 90).until(159);
    expect(run.told()).toEqual([]);
    run.until(160);
    expect(run.told()).toEqual(["160 monitoring-lost@smoke raise yellow"]);
    expect(run.engine.channel(0).monitoring).toBe("lost");
    run.at(170).read("smoke.battery", 89);
    expect(run.told()).toEqual(["170 monitoring-lost@smoke return yellow"]);
  });

  test("a derived channel is not told besides its input", () => {
    const site = siteOf({
      devices: [
        {
          id: "gauge",
          channels: [
            { id: "depth", quantity: "water_depth" },
            { id: "battery", quantity: "battery", stale: 600 * SECOND },
            {
              id: "level",
              quantity: "water_level",
              derived: { linear: "depth", scale: 1, offset: 175 },
            },
          ],
        },
      ],
    });
    const run = silentOnly(site);
    run
      .at(0)
      .message(
        { channel: "gauge.depth", value: 1 },
        { channel: "gauge.battery", value: 90 },
        { channel: "gauge.level", value: 176 },
      );
    run.until(10);
    expect(run.told()).toEqual(["3 monitoring-lost@gauge.depth raise yellow"]);
  });
});

describe("semantics 10: instrument fault", () => {
  const site = siteOf({
    devices: [
      {
        id: "gd",
        channels: [
          { id: "a", stale: 600 * SECOND },
          { id: "b", stale: 600 * SECOND },
        ],
      },
    ],
  });

  test("the instrument's own fault is an alarm of class fault after five seconds", () => {
    const run = silentOnly(site);
    run.at(0).read("gd.a", Number.NaN, "sensor_failure").until(4.9);
    expect(run.told()).toEqual([]);
    run.until(5);
    expect(run.told()).toEqual(["5 instrument-fault@gd.a raise yellow"]);
    expect(run.events[0]).toMatchObject({ class: "fault", reason: REASON.sensor_failure });
    run.at(9).read("gd.a", 1);
    expect(run.told()).toEqual(["9 instrument-fault@gd.a return yellow"]);
  });

  test("a fault that passes within its delay is none", () => {
    const run = silentOnly(site);
    run.at(0).read("gd.a", Number.NaN, "not_a_number").at(4).read("gd.a", 1).until(20);
    expect(run.told()).toEqual([]);
  });

  test("communication that fails during the delay holds it", () => {
    const run = silentOnly(site);
    run.at(0).read("gd.a", Number.NaN, "sensor_failure");
    run.at(3).read("gd.a", Number.NaN, "no_communication").until(60);
    expect(run.told()).toEqual([]);
    run.at(60).read("gd.a", Number.NaN, "sensor_failure").until(62);
    expect(run.told()).toEqual(["62 instrument-fault@gd.a raise yellow"]);
  });

  test("several channels that fail the same way within the delay are one alarm at the device", () => {
    const run = silentOnly(site);
    run
      .at(0)
      .read("gd.a", Number.NaN, "missing_value")
      .at(1)
      .read("gd.b", Number.NaN, "missing_value")
      .until(30);
    expect(run.told()).toEqual(["5 instrument-fault@gd raise yellow"]);
    expect(run.events[0]?.covers).toBe(2);
    run.at(31).read("gd.a", 1);
    expect(run.told()).toEqual([]);
    run.at(32).read("gd.b", 1);
    expect(run.told()).toEqual(["32 instrument-fault@gd return yellow"]);
  });

  test("channels that fail in different ways are told apart", () => {
    const run = silentOnly(site);
    run
      .at(0)
      .read("gd.a", Number.NaN, "sensor_failure")
      .at(0)
      .read("gd.b", Number.NaN, "not_a_number")
      .until(30);
    expect(run.told()).toEqual([
      "5 instrument-fault@gd.a raise yellow",
      "5 instrument-fault@gd.b raise yellow",
    ]);
  });

  test("a process alarm stays active through an instrument fault", () => {
    const run = new EngineRun(site, { gas: { applies: { channel: "gd.a" }, above: { red: 50 } } });
    run.at(0).read("gd.a", 60).at(1).read("gd.a", Number.NaN, "sensor_failure").until(60);
    expect(run.told()).toEqual(["0 gas@gd.a raise red", "6 instrument-fault@gd.a raise yellow"]);
    expect(run.engine.alarm("gas", "gd.a")?.active).toBe(true);
  });

  test("people at work on a detector are no instrument fault", () => {
    const run = silentOnly(site);
    run.at(0).read("gd.a", Number.NaN, "calibrating").until(60);
    expect(run.told()).toEqual([]);
  });
});

describe("semantics 11: never heard, and the highest failed thing", () => {
  test("a channel that was never heard is lost after its stale time plus the start-up grace", () => {
    const run = silentOnly(siteOf({ devices: [detector("gd")] }), { startupGrace: "20s" });
    run.at(0).boot().until(22.9);
    expect(run.told()).toEqual([]);
    run.until(23);
    expect(run.told()).toEqual(["23 monitoring-lost@gd raise yellow"]);
  });

  test("in a replay without a boot, the first input is the start", () => {
    const site = siteOf({ devices: [detector("a"), detector("b")] });
    const run = silentOnly(site, { startupGrace: "20s" });
    run.at(100);
    for (let t = 100; t <= 130; t++) run.at(t).read("a.lel", 1);
    expect(run.told()).toEqual(["123 monitoring-lost@b raise yellow"]);
  });

  test("a dead link with 50 devices is one alarm", () => {
    const devices = Array.from({ length: 50 }, (_, i) =>
      // Devices of different periods, so that they do not fall silent in one instant.
      detector(`d${i}`, { channels: [{ id: "lel", stale: (3 + i) * SECOND }] }),
    );
    const run = silentOnly(siteOf({ devices }));
    run.at(0).message(...devices.map(({ id }) => ({ channel: `${id}.lel`, value: 1 })));
    run.at(1).health("link", 0, false).until(1000);
    expect(run.told()).toEqual(["3 monitoring-lost@link@bus raise yellow"]);
    expect(run.events[0]).toMatchObject({ covers: 50, domain: "system" });
    // It carries again: the link's alarm returns with the first reading, and who stays silent is told for himself.
    run.at(1001).health("link", 0, true);
    expect(run.told()).toEqual([]);
    run.at(1002);
    for (let i = 0; i < 49; i++) run.read(`d${i}.lel`, 1);
    expect(run.told()).toEqual(["1002 monitoring-lost@link@bus return yellow"]);
    for (let t = 1003; t < 1060; t++) {
      run.at(t);
      for (let i = 0; i < 49; i++) run.read(`d${i}.lel`, 1);
    }
    expect(run.told()).toEqual(["1054 monitoring-lost@d49 raise yellow"]);
  });

  test("a link that is dead at start is one alarm, too", () => {
    const devices = Array.from({ length: 50 }, (_, i) => detector(`d${i}`));
    const run = silentOnly(siteOf({ devices }), { startupGrace: "60s" });
    run.at(0).boot().at(0.2).health("link", 0, false).until(1000);
    expect(run.told()).toEqual(["63 monitoring-lost@link@bus raise yellow"]);
  });

  test("a device all of whose channels fall silent is one alarm at the device", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b" }, { id: "c" }] }] });
    const run = silentOnly(site);
    run
      .at(0)
      .message(...["a", "b", "c"].map((id) => ({ channel: `gd.${id}`, value: 1 })))
      .until(60);
    expect(run.told()).toEqual(["3 monitoring-lost@gd raise yellow"]);
    expect(run.events[0]?.covers).toBe(3);
  });

  test("one silent channel of a living device is its own alarm", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b" }] }] });
    const run = silentOnly(site);
    for (let t = 0; t < 10; t++)
      run.at(t).message({ channel: "gd.a", value: 1 }, ...(t < 2 ? [{ channel: "gd.b", value: 1 }] : []));
    expect(run.told()).toEqual(["4 monitoring-lost@gd.b raise yellow"]);
  });

  test("a device that its driver cannot reach is told as a device, even with one channel due", () => {
    const site = siteOf({
      devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b", stale: 100 * SECOND }] }],
    });
    const run = silentOnly(site);
    run.at(0).message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 });
    run.at(1).health("device", 0, false).until(200);
    expect(run.told()).toEqual(["3 monitoring-lost@gd raise yellow"]);
    expect(run.events[0]?.reason).toBe(REASON.not_connected);
  });

  test("a component whose channels are all silent is told as a component", () => {
    const site = siteOf({
      devices: [
        {
          id: "panel",
          components: ["l1d1", "l1d2"],
          channels: [
            { id: "heat", component: "l1d1", quantity: "temperature" },
            { id: "smoke", component: "l1d1", quantity: "smoke_obscuration" },
            { id: "heat", component: "l1d2", quantity: "temperature" },
          ],
        },
      ],
    });
    const run = silentOnly(site);
    for (let t = 0; t < 10; t++) {
      run.at(t).message(
        { channel: "panel:l1d2.heat", value: 20 },
        ...(t === 0
          ? [
              { channel: "panel:l1d1.heat", value: 20 },
              { channel: "panel:l1d1.smoke", value: 0 },
            ]
          : []),
      );
    }
    expect(run.told()).toEqual(["3 monitoring-lost@panel:l1d1 raise yellow"]);
  });

  test("an alarm below one that is raised later stays: missing data clears nothing", () => {
    const site = siteOf({
      devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b", stale: 10 * SECOND }] }],
    });
    const run = silentOnly(site);
    run.at(0).message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 }).until(60);
    expect(run.told()).toEqual(["3 monitoring-lost@gd.a raise yellow", "10 monitoring-lost@gd raise yellow"]);
    run.at(61).read("gd.b", 1);
    expect(run.told()).toEqual(["61 monitoring-lost@gd return yellow"]);
    expect(run.engine.channel(0).monitoring).toBe("lost");
    run.at(62).read("gd.a", 1);
    expect(run.told()).toEqual(["62 monitoring-lost@gd.a return yellow"]);
  });

  test("after a recovery everything counts afresh: one silent channel is not the device again", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "a" }, { id: "b" }] }] });
    const run = silentOnly(site);
    const both = (t: number) =>
      run.at(t).message({ channel: "gd.a", value: 1 }, { channel: "gd.b", value: 1 });
    both(0).until(10);
    expect(run.engine.channel(0).monitoring).toBe("lost");
    both(10);
    expect(run.engine.channel(0).monitoring).toBe("ok");
    for (let t = 11; t < 20; t++) run.at(t).read("gd.b", 1);
    expect(run.told()).toEqual([
      "3 monitoring-lost@gd raise yellow",
      "10 monitoring-lost@gd return yellow",
      "13 monitoring-lost@gd.a raise yellow",
    ]);
    expect(run.engine.channel(0).monitoring).toBe("lost");
    run.at(20).read("gd.a", 1);
    expect(run.engine.channel(0).monitoring).toBe("ok");
  });

  test("a broker that is back does not vouch for a polled device behind it", () => {
    const site = siteOf({
      devices: [
        detector("gd"),
        {
          id: "s1",
          liveness: 90_000 * SECOND,
          channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }],
        },
      ],
    });
    const run = silentOnly(site, { outage: "60s" });
    run.at(0).message({ channel: "gd.lel", value: 1 }, { channel: "s1.smoke", value: 0 });
    run.at(1).health("link", 0, false).until(80).at(80).health("link", 0, true);
    expect(run.told()).toEqual(["3 monitoring-lost@link@bus raise yellow"]);
    run.at(90).read("gd.lel", 1);
    expect(run.told()).toEqual(["90 monitoring-lost@link@bus return yellow"]);
  });

  test("a link that is up again and not yet heard still covers what falls silent below it", () => {
    const site = siteOf({
      devices: [detector("a"), detector("b", { channels: [{ id: "lel", stale: 30 * SECOND }] })],
    });
    const run = silentOnly(site);
    run.at(0).message({ channel: "a.lel", value: 1 }, { channel: "b.lel", value: 1 });
    run.at(1).health("link", 0, false).until(5).at(5).health("link", 0, true).until(100);
    expect(run.told()).toEqual(["3 monitoring-lost@link@bus raise yellow"]);
  });

  test("a device that speaks through a channel which only reports events has not failed as a whole", () => {
    const site = siteOf({
      devices: [
        { id: "d", channels: [{ id: "lel" }, { id: "door", quantity: "door", report: "on-change" }] },
      ],
    });
    const run = silentOnly(site);
    run.at(0).message({ channel: "d.lel", value: 1 }).at(2).read("d.door", 1).until(10);
    expect(run.told()).toEqual(["3 monitoring-lost@d.lel raise yellow"]);
  });

  test("a not-a-number marked good is no sign that monitoring works", () => {
    const run = silentOnly(siteOf({ devices: [detector("gd")] }));
    run.at(0).read("gd.lel", 1).at(2).read("gd.lel", Number.NaN).until(4);
    expect(run.told()).toEqual(["3 monitoring-lost@gd raise yellow"]);
  });

  test("points that are planned, in commissioning or retired raise none", () => {
    for (const stage of ["planned", "commissioning", "retired"] as const) {
      const site = siteOf({
        points: [{ id: "p", stage }],
        devices: [detector("gd", { liveness: 10 * SECOND })],
      });
      const run = silentOnly(site);
      run.at(0).read("gd.lel", Number.NaN, "sensor_failure").at(1).health("link", 0, false).until(1000);
      expect(run.told(), stage).toEqual([]);
    }
  });

  test("a broker that is gone is told though its smoke alarms have nothing to say for a day", () => {
    const site = siteOf({
      devices: [
        {
          id: "s1",
          liveness: 90_000 * SECOND,
          channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }],
        },
      ],
    });
    const run = silentOnly(site, { outage: "60s" });
    run.at(0).read("s1.smoke", 0).at(10).health("link", 0, false).until(69.9);
    expect(run.told()).toEqual([]);
    run.until(70);
    expect(run.told()).toEqual(["70 monitoring-lost@link@bus raise yellow"]);
    run.at(90).health("link", 0, true);
    expect(run.told()).toEqual(["90 monitoring-lost@link@bus return yellow"]);
  });

  test("a link that flaps within the outage time is no alarm", () => {
    const site = siteOf({
      devices: [
        {
          id: "s1",
          liveness: 90_000 * SECOND,
          channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }],
        },
      ],
    });
    const run = silentOnly(site, { outage: "60s" });
    run.at(0).read("s1.smoke", 0);
    for (let t = 10; t < 500; t += 50)
      run
        .at(t)
        .health("link", 0, false)
        .at(t + 40)
        .health("link", 0, true);
    expect(run.told()).toEqual([]);
  });
});

describe("semantics 12: late readings", () => {
  test("a late reading leaves freshness alone and proves that the device lives", () => {
    const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "a" }] }] });
    const run = silentOnly(site);
    run.at(0).read("gd.a", 1);
    const late = (t: number) =>
      run.at(t).message({ channel: "gd.a", value: 1, time: -100 + t, flags: FLAG_LATE | FLAG_DEVICE_TIME });
    late(1);
    late(2);
    late(2.5);
    run.until(3);
    // The device speaks, so it is the channel that has failed.
    expect(run.told()).toEqual(["3 monitoring-lost@gd.a raise yellow"]);
    late(4);
    expect(run.told()).toEqual([]);
    run.at(5).read("gd.a", 1);
    expect(run.told()).toEqual(["5 monitoring-lost@gd.a return yellow"]);
  });

  test("a late reading keeps a device alive that is judged by its liveness", () => {
    const site = siteOf({
      devices: [
        {
          id: "s",
          liveness: 10 * SECOND,
          channels: [{ id: "smoke", quantity: "smoke", report: "on-change" }],
        },
      ],
    });
    const run = silentOnly(site);
    run.at(0).read("s.smoke", 0);
    run.at(9).message({ channel: "s.smoke", value: 0, time: -50, flags: FLAG_LATE | FLAG_DEVICE_TIME });
    run.until(18.9);
    expect(run.told()).toEqual([]);
    run.until(19);
    expect(run.told()).toEqual(["19 monitoring-lost@s raise yellow"]);
  });
});
