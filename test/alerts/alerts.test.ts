import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matches } from "../../drivers/mqtt/topic.ts";
import { SEVERITIES } from "../../model/severity.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { AlarmPlant } from "./support/alarm-plant.ts";
import { AlertDesk, type DeskOptions, settled } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";
import type { RecordingBus } from "./support/recording-bus.ts";
import { channelIndex, SITE_RULES } from "./support/site.ts";

const LEAK = "tocsin/demo/alarm/gas/well-3/gd-01.lel/gas-leak";

function clockOf(desk: AlertDesk): ManualClock {
  return desk.clock as ManualClock;
}

function allValid(bus: RecordingBus): void {
  for (const publication of bus.published) expectValid(publication);
}

/** The last message of a topic, parsed. */
function lastOf(bus: RecordingBus, topic: string): Record<string, unknown> {
  return bus.json(topic).at(-1)!;
}

describe("retained state of alarms", () => {
  test("appears when the alarm is raised, changes with it, and is cleared when it is normal again", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    await settled();
    expect(JSON.parse(desk.bus.retained.get(LEAK)!)).toMatchObject({
      state: "unacknowledged",
      severity: "yellow",
      occurrence: "demo-o1",
      value: 12,
      seq: 1,
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 55, limit: 50 });
    desk.plant.clear("gas-leak", "gd-01.lel", { value: 2, limit: 10 });
    await settled();
    expect(JSON.parse(desk.bus.retained.get(LEAK)!)).toMatchObject({
      state: "returned",
      highest: "red",
      value: 2,
    });
    desk.plant.command({
      verb: "acknowledge",
      id: "1",
      user: "wang",
      rule: "gas-leak",
      subject: "gd-01.lel",
      occurrence: 1,
    });
    await settled();
    expect(desk.bus.retained.has(LEAK)).toBe(false);
    expect(desk.bus.published.filter(({ topic }) => topic === LEAK).at(-1)).toEqual({
      topic: LEAK,
      payload: "",
      qos: 1,
      retain: true,
    });
    allValid(desk.bus);
  });

  test("two detectors in one well have two alarms", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    desk.plant.assert("gas-leak", "gd-02.lel", "yellow", { value: 11, limit: 10 });
    desk.plant.clear("gas-leak", "gd-01.lel");
    desk.plant.command({
      verb: "acknowledge",
      id: "1",
      user: "wang",
      rule: "gas-leak",
      subject: "gd-01.lel",
      occurrence: 1,
    });
    await settled();
    expect([...desk.bus.retained.keys()].filter((topic) => topic.includes("/alarm/"))).toEqual([
      "tocsin/demo/alarm/gas/well-3/gd-02.lel/gas-leak",
    ]);
  });

  test("an acknowledgement keeps the value that decided, and names who acknowledged", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    desk.plant.command({
      verb: "acknowledge",
      id: "1",
      user: "wang",
      rule: "gas-leak",
      subject: "gd-01.lel",
      occurrence: 1,
    });
    await settled();
    expect(JSON.parse(desk.bus.retained.get(LEAK)!)).toMatchObject({
      state: "acknowledged",
      value: 60,
      limit: 50,
      acknowledgedBy: "wang",
    });
  });

  test("what late data tells never touches the live alarm", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    await settled();
    const before = desk.bus.retained.get(LEAK);
    desk.plant.historical("gas-leak", "gd-01.lel", "red", { value: 70, limit: 50 });
    await settled();
    expect(desk.bus.retained.get(LEAK)).toBe(before);
    expect(lastOf(desk.bus, "tocsin/demo/event/#")).toMatchObject({
      transition: "historical",
      severity: "red",
    });
  });

  test("a gateway that starts with alarms publishes them from the engine's present state", async () => {
    const clock = new ManualClock();
    const plant = new AlarmPlant(() => clock.now());
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    plant.clear("fire", "smoke-7.smoke", { value: 0 });
    await using desk = await AlertDesk.start({ clock, plant });
    expect(JSON.parse(desk.bus.retained.get(LEAK)!)).toMatchObject({
      state: "unacknowledged",
      seq: null,
      value: 60,
    });
    expect(
      JSON.parse(desk.bus.retained.get("tocsin/demo/alarm/fire/home-7/smoke-7.smoke/fire")!),
    ).toMatchObject({
      state: "latched-unacknowledged",
    });
    expect(desk.bus.json("tocsin/demo/event/#")).toEqual([]);
    allValid(desk.bus);
  });

  test("events of the boot, before the brokers are open, go out after the start", async () => {
    const desk = new AlertDesk();
    desk.plant.boot(1);
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    expect(desk.bus.published).toEqual([]);
    await desk.alerts.start();
    expect(desk.bus.json("tocsin/demo/event/#").map(({ seq }) => seq)).toEqual([1]);
    await desk.alerts.stop();
  });

  test("after any sequence of steps what is retained is what the engine has", async () => {
    const alarms = [
      ["gas-leak", "gd-01.lel"],
      ["gas-leak", "gd-02.lel"],
      ["fire", "smoke-7.smoke"],
      ["monitoring-lost", "link@radio"],
      ["instrument-fault", "gauge-1"],
    ] as const;
    const step = fc.record({
      alarm: fc.constantFrom(...alarms),
      what: fc.constantFrom("assert", "clear", "acknowledge", "reset", "withdraw", "historical", "boot"),
      severity: fc.constantFrom(...SEVERITIES),
      value: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await using desk = await AlertDesk.start();
        for (const {
          alarm: [rule, subject],
          what,
          severity,
          value,
        } of steps) {
          const { plant } = desk;
          clockOf(desk).advance(SECOND);
          if (what === "assert") plant.assert(rule, subject, severity, { value, limit: 10 });
          else if (what === "clear") plant.clear(rule, subject, { value });
          else if (what === "withdraw") plant.withdraw(rule, subject);
          else if (what === "historical") plant.historical(rule, subject, severity, { value });
          else if (what === "boot") plant.boot(plant.nextSeq + 3);
          else
            plant.command({
              verb: what,
              id: "1",
              user: "wang",
              rule,
              subject,
              occurrence: plant.alarm(rule, subject).occurrence,
            });
        }
        await settled();
        allValid(desk.bus);
        // A second gateway that starts from the engine's state alone must say the same.
        const fresh = new AlertDesk({ clock: desk.clock, plant: desk.plant });
        await fresh.alerts.start();
        await settled();
        expect(standing(desk.bus)).toEqual(standing(fresh.bus));
        expect(lastSeqs(desk.bus)).toEqual(desk.plant.log.map(({ seq }) => seq));
        await fresh.alerts.stop();
      }),
      { numRuns: 60 },
    );
  });
});

/** Retained alarms and points, without what depends on when it was written. */
function standing(bus: RecordingBus): Record<string, unknown>[] {
  const messages = [...bus.retained.entries()]
    .filter(([topic]) => !topic.endsWith("/status"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return messages.map(([topic, payload]) => {
    const { seq, time, ...rest } = JSON.parse(payload);
    return { topic, ...rest };
  });
}

function lastSeqs(bus: RecordingBus): unknown[] {
  return bus.json("tocsin/demo/event/#").map(({ seq }) => seq);
}

describe("the event stream", () => {
  test("numbers are gapless on event/#, and prev chains the events of each severity", async () => {
    await using desk = await AlertDesk.start();
    const { plant } = desk;
    plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    plant.assert("flood", "gauge-1.level", "yellow", { value: 175.3, limit: 175.2 });
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    plant.clear("flood", "gauge-1.level", { value: 175 });
    plant.clear("gas-leak", "gd-01.lel", { value: 1 });
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    const all = desk.bus.json("tocsin/demo/event/#");
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const severity of SEVERITIES) {
      const chain = desk.bus.json(`tocsin/demo/event/${severity}/#`);
      expect(chain.map(({ prev }) => prev)).toEqual(
        [0, ...chain.map(({ seq }) => seq)].slice(0, chain.length),
      );
    }
    allValid(desk.bus);
  });

  test("who subscribes to red also sees the return of what was red", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    desk.plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    desk.plant.clear("gas-leak", "gd-01.lel", { value: 1 });
    expect(
      desk.bus.json("tocsin/demo/event/red/#").map(({ transition, severity }) => [transition, severity]),
    ).toEqual([
      ["raise", "red"],
      ["downgrade", "yellow"],
      ["return", "yellow"],
    ]);
  });

  test("numbers that a crash lost are announced, so that nobody waits for them", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.boot(1);
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    desk.plant.boot(100);
    desk.plant.clear("gas-leak", "gd-01.lel", { value: 1 });
    expect(
      desk.bus.published.filter(({ topic }) =>
        matches("tocsin/demo/event/blue/system/gateway/gateway/void", topic),
      ),
    ).toHaveLength(1);
    expect(
      desk.bus.json("tocsin/demo/event/#").map(({ seq, voidFrom, voidTo }) => [seq, voidFrom, voidTo]),
    ).toEqual([
      [1, undefined, undefined],
      [100, 2, 99],
      [101, undefined, undefined],
    ]);
    allValid(desk.bus);
  });

  test("an event that is not on disk yet says so and is counted", async () => {
    await using desk = await AlertDesk.start();
    desk.committed = false;
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    expect(lastOf(desk.bus, "tocsin/demo/event/#")).toMatchObject({ id: "demo-1", uncommitted: true });
    expect(desk.count("alarm_events_uncommitted")).toBe(1);
  });

  test("an alarm that cannot be put into words goes out all the same", async () => {
    const broken = SITE_RULES.map((rule) => ({
      ...rule,
      subjects: rule.subjects.map((subject) => ({
        ...subject,
        condition: {
          ...subject.condition,
          create: () => {
            throw new Error("this kind of condition is broken");
          },
        },
      })),
    }));
    await using desk = await AlertDesk.start({ rules: broken });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    expect(lastOf(desk.bus, "tocsin/demo/event/#")).toMatchObject({
      severity: "red",
      value: 60,
      text: { zh: "【红色】well-3 gd-01.lel gas-leak" },
    });
    expect(desk.bus.retained.has(LEAK)).toBe(true);
    expect(desk.count("alarm_messages_broken")).toBeGreaterThan(0);
    allValid(desk.bus);
  });

  test("a broker that refuses everything costs nobody anything but a count", async () => {
    await using desk = await AlertDesk.start();
    desk.bus.disconnect();
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    expect(desk.count("alerts_failed")).toBeGreaterThan(0);
    desk.bus.connect();
    await settled();
    expect(desk.bus.retained.has(LEAK)).toBe(true);
  });
});

describe("points", () => {
  const WELL = "tocsin/demo/point/well-3";

  test("every point is there, also when all is well", async () => {
    await using desk = await AlertDesk.start();
    const points = ["home-7", "river", "shed", "well-3"];
    for (const point of points) {
      expect(JSON.parse(desk.bus.retained.get(`tocsin/demo/point/${point}`)!)).toMatchObject({
        severity: null,
        alarms: 0,
      });
    }
    expect(JSON.parse(desk.bus.retained.get("tocsin/demo/point/shed")!)).toMatchObject({
      monitoring: "off",
      stage: "planned",
    });
  });

  test("the worst alarm shows, until all are normal again", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    desk.plant.assert("gas-leak", "gd-02.lel", "red", { value: 60, limit: 50 });
    await settled();
    expect(JSON.parse(desk.bus.retained.get(WELL)!)).toMatchObject({
      severity: "red",
      worst: { danger: "red", fault: null },
      alarms: 2,
      unacknowledged: 2,
      text: { zh: "老街3号阀井：红色报警，共 2 条。" },
    });
    desk.plant.withdraw("gas-leak", "gd-02.lel");
    await settled();
    expect(JSON.parse(desk.bus.retained.get(WELL)!)).toMatchObject({ severity: "yellow", alarms: 1 });
  });

  test("a dead link blinds every point behind it, and says so at each of them", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("monitoring-lost", "link@radio", "yellow", { reason: "not_connected", covers: 3 });
    await settled();
    const monitoring = (point: string) =>
      (JSON.parse(desk.bus.retained.get(`tocsin/demo/point/${point}`)!) as { monitoring: string }).monitoring;
    expect([monitoring("home-7"), monitoring("river"), monitoring("well-3"), monitoring("shed")]).toEqual([
      "lost",
      "lost",
      "waiting",
      "off",
    ]);
    desk.plant.clear("monitoring-lost", "link@radio");
    await settled();
    // Nothing has been heard yet: that nothing is wrong is not known either.
    expect(monitoring("home-7")).toBe("waiting");
    allValid(desk.bus);
  });

  test("one of two detectors silent is monitoring partly lost", async () => {
    await using desk = await AlertDesk.start();
    desk.plant.assert("monitoring-lost", "gd-02", "yellow", { reason: "no_communication" });
    await settled();
    expect(JSON.parse(desk.bus.retained.get(WELL)!)).toMatchObject({
      monitoring: "partial",
      channels: { total: 2, lost: 1 },
      severity: "yellow",
    });
  });

  test("data that comes in renews the point within the interval, and silence does not", async () => {
    await using desk = await AlertDesk.start({ alerts: { points: "10s" } });
    const clock = clockOf(desk);
    await clock.run(20 * SECOND, SECOND);
    const before = desk.bus.published.filter(({ topic }) => topic === WELL).length;
    const reading = { value: 1, reason: 0, time: clock.now(), received: clock.now() };
    desk.plant.readings.set(channelIndex("gd-01.lel"), reading);
    await clock.run(10 * SECOND, SECOND);
    expect(JSON.parse(desk.bus.retained.get(WELL)!)).toMatchObject({
      lastEvaluated: "2026-05-21T06:30:20.000000Z",
    });
    expect(desk.bus.published.filter(({ topic }) => topic === WELL)).toHaveLength(before + 1);
    await clock.run(30 * SECOND, SECOND);
    expect(desk.bus.published.filter(({ topic }) => topic === WELL)).toHaveLength(before + 1);
  });
});

describe("status", () => {
  const STATUS = "tocsin/demo/status";

  test("beats with the last number, and says goodbye", async () => {
    const desk = await AlertDesk.start({ alerts: { heartbeat: "10s" } });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    const before = desk.bus.json(STATUS).length;
    await clockOf(desk).run(25 * SECOND, SECOND);
    // Once more soon after the start, then at the interval.
    expect(desk.bus.json(STATUS)).toHaveLength(before + 3);
    expect(lastOf(desk.bus, STATUS)).toMatchObject({ state: "online", lastSeq: 1, heartbeat: 10, alarms: 1 });
    await desk.alerts.stop();
    expect(JSON.parse(desk.bus.retained.get(STATUS)!)).toMatchObject({ state: "offline", reason: "stopped" });
    allValid(desk.bus);
  });

  test("nothing is armed and nothing is said after the stop", async () => {
    const desk = await AlertDesk.start({ alerts: { readings: true } });
    await desk.alerts.stop();
    await settled();
    const said = desk.bus.published.length;
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await clockOf(desk).run(5 * MINUTE, SECOND * 10);
    expect(desk.bus.published).toHaveLength(said);
    expect(clockOf(desk).pending).toBe(0);
  });
});

describe("nobody listens", () => {
  const options: DeskOptions = { alerts: { noSubscriber: { after: "1m" } } };

  test("is told after the time set, once, and taken back as soon as somebody does", async () => {
    await using desk = await AlertDesk.start(options);
    // Told at once, for an alarm that may stand from before the start.
    expect(desk.subscribers.splice(0)).toEqual([1]);
    desk.bus.listening = 0;
    await clockOf(desk).run(50 * SECOND, SECOND);
    expect(desk.subscribers).toEqual([]);
    await clockOf(desk).run(5 * MINUTE, SECOND);
    expect(desk.subscribers.splice(0)).toEqual([0]);
    desk.bus.listening = undefined;
    await clockOf(desk).run(MINUTE, SECOND);
    expect(desk.subscribers).toEqual([]);
    desk.bus.listening = 2;
    await clockOf(desk).run(MINUTE, SECOND);
    expect(desk.subscribers).toHaveLength(1);
    expect(desk.subscribers[0]).toBeGreaterThan(0);
  });

  test("a route to people that works is somebody, for the points it is for; when it is lost too, nobody is left", async () => {
    let works = true;
    const routes = (point: string) => Number(works && point !== "river");
    await using desk = await AlertDesk.start({ ...options, routes });
    desk.bus.listening = 0;
    // Nobody would hear of the river.
    await clockOf(desk).run(2 * MINUTE, SECOND);
    expect(desk.subscribers).toEqual([1, 0]);
    await using other = await AlertDesk.start({ ...options, routes: () => Number(works) });
    other.bus.listening = 0;
    await clockOf(other).run(10 * MINUTE, SECOND);
    expect(other.subscribers).toEqual([2]);
    works = false;
    await clockOf(other).run(2 * MINUTE, SECOND);
    expect(other.subscribers).toEqual([2, 0]);
  });

  test("a site without any broker has nobody to tell", async () => {
    await using desk = await AlertDesk.start({ ...options, bus: null });
    await clockOf(desk).run(2 * MINUTE, SECOND);
    expect(desk.subscribers).toEqual([0]);
  });

  test("a broker that cannot tell gives no alarm", async () => {
    const desk = new AlertDesk(options);
    desk.bus.listening = undefined;
    await desk.alerts.start();
    await clockOf(desk).run(5 * MINUTE, SECOND);
    expect(desk.subscribers).toEqual([]);
    await desk.alerts.stop();
  });
});

describe("readings", () => {
  test("are published only when switched on, newest first and at most once an interval", async () => {
    await using off = await AlertDesk.start();
    await using desk = await AlertDesk.start({ alerts: { readings: true, readingsEvery: "1s" } });
    for (const value of [10, 11, 12]) {
      const received = clockOf(desk).now() + value;
      for (const plant of [off.plant, desk.plant]) {
        plant.readings.set(channelIndex("gd-01.lel"), { value, reason: 0, time: received, received });
      }
    }
    await clockOf(desk).run(3 * SECOND, SECOND);
    await clockOf(off).run(3 * SECOND, SECOND);
    expect(off.bus.json("tocsin/demo/reading/#")).toEqual([]);
    expect(desk.bus.json("tocsin/demo/reading/gd-01/lel").map(({ value }) => value)).toEqual([12]);
    allValid(desk.bus);
  });
});
