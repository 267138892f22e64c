import { describe, expect, test } from "vitest";
import { ModbusLink } from "../../drivers/modbus/link.ts";
import { MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { ModbusSite, type TestDevice } from "./site.ts";
import { VirtualBus } from "./virtual-bus.ts";

const STEP = 5 * MILLISECOND;

function bus(devices: number, answerTime: Micros) {
  const site = new ModbusSite(
    Array.from(
      { length: devices },
      (_, i): TestDevice => ({
        id: `d${i + 1}`,
        unit: i + 1,
        profile: { modbus: { period: "1s", channels: { value: { address: 0 } } } },
      }),
    ),
  );
  const clock = new ManualClock();
  const intake = new RecordingIntake();
  const virtual = new VirtualBus(clock, answerTime);
  const link = new ModbusLink(
    site.context("modbus-rtu", { path: "virtual", timeout: "1s" }, { clock }),
    { open: () => Promise.resolve(virtual), inFlight: 1, untagged: true, frameGap: 0, mayBeDeaf: false },
    () => 0.5,
  );
  const good = (device: number) =>
    intake.readings.filter(
      ({ channel, reason }) => channel === site.index(`d${device}`, "value") && reason === "good",
    ).length;
  return { site, clock, intake, virtual, link, good };
}

describe("3 of 30 devices dead on one bus", () => {
  test("the others keep at least 95 % of their polls", async () => {
    const { clock, virtual, link, good, intake } = bus(30, 20 * MILLISECOND);
    for (const unit of [5, 15, 25]) virtual.dead.add(unit);
    await link.start(intake);
    const minutes = 5;
    await clock.run(minutes * MINUTE, STEP);
    const alive = Array.from({ length: 30 }, (_, i) => i + 1).filter((unit) => !virtual.dead.has(unit));
    const cycles = (minutes * MINUTE) / SECOND;
    expect(Math.min(...alive.map(good))).toBeGreaterThanOrEqual(0.95 * cycles);
    for (const unit of virtual.dead) {
      expect(virtual.asked.get(unit)).toBeLessThan(cycles / 10);
      expect(good(unit)).toBe(0);
    }
    expect(intake.health.filter(({ up, thing }) => thing === "device" && !up)).toHaveLength(3);
    await link.stop();
  });

  test("a dead device that comes back is polled again within the longest pause", async () => {
    const { clock, virtual, link, good, intake } = bus(30, 20 * MILLISECOND);
    virtual.dead.add(7);
    await link.start(intake);
    await clock.run(3 * MINUTE, STEP);
    virtual.dead.clear();
    await clock.run(90 * SECOND, STEP);
    expect(good(7)).toBeGreaterThan(10);
    expect(
      intake.health.filter(({ thing, index }) => thing === "device" && index === 6).map(({ up }) => up),
    ).toEqual([false, true]);
    await link.stop();
  });

  test("devices that fall silent later lose their polls, not their neighbours'", async () => {
    const { clock, virtual, link, good, intake, site } = bus(30, 20 * MILLISECOND);
    await link.start(intake);
    await clock.run(MINUTE, STEP);
    const before = good(1);
    expect(before).toBeGreaterThanOrEqual(59);
    expect(site.count("modbus_missed_cycles")).toBe(0);
    for (const unit of [5, 15, 25]) virtual.dead.add(unit);
    await clock.run(5 * MINUTE, STEP);
    expect(good(1) - before).toBeGreaterThanOrEqual(0.95 * 300);
    await link.stop();
  });
});

describe("a bus that is asked for more than it can carry", () => {
  test("counts the cycles it misses and treats its devices alike", async () => {
    // 30 devices at 50 ms take 1.5 s a cycle, and the period is 1 s.
    const { clock, link, good, intake, site } = bus(30, 50 * MILLISECOND);
    await link.start(intake);
    await clock.run(2 * MINUTE, STEP);
    const counts = Array.from({ length: 30 }, (_, i) => good(i + 1));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    const polled = counts.reduce((sum, count) => sum + count, 0);
    const due = 30 * 121;
    expect(polled + site.count("modbus_missed_cycles")).toBeGreaterThanOrEqual(due - 60);
    expect(polled + site.count("modbus_missed_cycles")).toBeLessThanOrEqual(due);
    await link.stop();
  });
});

describe("polling does not drift", () => {
  test("a minute at one second is sixty polls, though each takes a while", async () => {
    const { clock, link, good, intake } = bus(1, 130 * MILLISECOND);
    await link.start(intake);
    await clock.run(MINUTE, STEP);
    expect(good(1)).toBe(60);
    await link.stop();
    const entered = intake.messages.length;
    await clock.run(10 * SECOND, STEP);
    expect(intake.messages).toHaveLength(entered);
    expect(clock.pending).toBe(0);
  });
});
