import { describe, expect, test } from "vitest";
import type { DriverContext } from "../../drivers/driver.ts";
import { ModbusLink } from "../../drivers/modbus/link.ts";
import { frameGap } from "../../drivers/modbus/transports.ts";
import type { Log } from "../../model/log.ts";
import { MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { ManualClock, SOME_MORNING } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { ModbusSite, type TestDevice } from "./site.ts";
import { VirtualBus } from "./virtual-bus.ts";

const STEP: Micros = 5 * MILLISECOND;

class Lines implements Log {
  readonly warnings: string[] = [];
  readonly notes: string[] = [];
  debug(): void {}
  info(_: object, message: string): void {
    this.notes.push(message);
  }
  warn(_: object, message: string): void {
    this.warnings.push(message);
  }
  error(_: object, message: string): void {
    this.warnings.push(`error: ${message}`);
  }
}

function device(more: object = {}): TestDevice {
  return {
    id: "slow",
    profile: {
      modbus: { maxGap: 0, channels: { a: { address: 0 }, b: { address: 10 }, c: { address: 20 } }, ...more },
    },
  };
}

function linkOn(site: ModbusSite, options: object = {}) {
  const clock = new ManualClock();
  const log = new Lines();
  const bus = new VirtualBus(clock, 10 * MILLISECOND);
  const context: DriverContext = site.context(
    "modbus-rtu",
    { path: "virtual", timeout: "500ms", ...options },
    { clock, log },
  );
  const link = new ModbusLink(
    context,
    {
      open: () => Promise.resolve(bus),
      inFlight: 1,
      untagged: true,
      frameGap: 2 * MILLISECOND,
      mayBeDeaf: false,
    },
    () => 0.5,
  );
  return { clock, log, bus, link, intake: new RecordingIntake() };
}

describe("a slow instrument", () => {
  test("is left in peace after connecting and between requests", async () => {
    const workarounds = { pauseAfterConnect: "300ms", pauseBetweenRequests: "40ms" };
    const { clock, bus, link, intake } = linkOn(new ModbusSite([device({ workarounds })]));
    await link.start(intake);
    await clock.run(900 * MILLISECOND, STEP);
    await link.stop();
    const [first, second, third] = bus.times.map((time) => time - SOME_MORNING);
    expect(bus.times).toHaveLength(3);
    expect(first).toBeGreaterThanOrEqual(300 * MILLISECOND);
    // Ten milliseconds for the answer, then the pause.
    expect(second! - first!).toBeGreaterThanOrEqual(50 * MILLISECOND);
    expect(third! - second!).toBeGreaterThanOrEqual(50 * MILLISECOND);
  });

  test("behind a bus that needs longer pauses gets the longer ones", async () => {
    const site = new ModbusSite([device({ workarounds: { pauseBetweenRequests: "10ms" } })]);
    const { clock, bus, link, intake } = linkOn(site, { workarounds: { pauseBetweenRequests: "80ms" } });
    await link.start(intake);
    await clock.run(900 * MILLISECOND, STEP);
    await link.stop();
    expect(bus.times[1]! - bus.times[0]!).toBeGreaterThanOrEqual(90 * MILLISECOND);
  });

  test("is asked channel by channel where it wants that", async () => {
    const channels = { a: { address: 0 }, b: { address: 1 }, c: { address: 1 } };
    const site = new ModbusSite([device({ channels, workarounds: { oneRequestPerChannel: true } })]);
    const { clock, bus, link, intake } = linkOn(site);
    await link.start(intake);
    await clock.run(900 * MILLISECOND, STEP);
    await link.stop();
    expect(bus.times).toHaveLength(2);
  });
});

describe("a device that cannot be polled as its profile says", () => {
  test("is an error of the configuration that names it, before anything runs", async () => {
    const site = new ModbusSite([device({ forbidden: [{ from: 10, to: 12 }] })]);
    await expect(site.driver("modbus-tcp", { host: "192.0.2.1" })).rejects.toMatchObject({
      code: "PROFILE_INVALID",
      message: expect.stringContaining("device slow: holding 10"),
    });
  });
});

describe("silence between frames on a serial line", () => {
  test("is 3.5 characters, and fixed at high rates", () => {
    expect(frameGap(9_600)).toBe(4_011);
    expect(frameGap(19_200)).toBe(2_006);
    expect(frameGap(115_200)).toBe(1_750);
  });
});

describe("a trouble in the log", () => {
  test("is one line when it begins and one when it has ended, with the count and the time", async () => {
    const { clock, log, bus, link, intake } = linkOn(new ModbusSite([device()]));
    await link.start(intake);
    await clock.run(5 * SECOND, STEP);
    expect(log.warnings).toEqual([]);
    bus.dead.add(1);
    await clock.run(10 * MINUTE, 20 * MILLISECOND);
    expect(log.warnings.filter((line) => line.includes("does not answer"))).toEqual([
      "slow (unit 1) does not answer",
    ]);
    bus.dead.clear();
    await clock.run(5 * MINUTE, 20 * MILLISECOND);
    expect(log.notes.filter((line) => line.startsWith("slow answers again"))).toHaveLength(1);
    expect(log.notes.find((line) => line.startsWith("slow answers again"))).toMatch(/after \d+m/);
    // The requests that failed are troubles of their own: three at most.
    expect(log.warnings.length).toBeLessThanOrEqual(4);
    await link.stop();
  });
});
