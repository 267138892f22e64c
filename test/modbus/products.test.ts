import { afterEach, describe, expect, test } from "vitest";
import type { SnapshotValue } from "../../drivers/driver.ts";
import { encode } from "../../drivers/modbus/encode.ts";
import { inFourOrders } from "../../drivers/modbus/raw-read.ts";
import { placedComponentChannels } from "../../drivers/modbus/registers.ts";
import { REASON_NAMES } from "../../model/quality.ts";
import { profiles } from "../simulators/play.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { RawServer } from "./raw-server.ts";
import { RegisterBank } from "./register-bank.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

/*
 * Registers as the makers' documents show them, read through the built-in profiles.
 */

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

const f32 = (value: number, order: "ABCD" | "CDAB" | "BADC" | "DCBA" = "ABCD") =>
  encode(value, { type: "f32", order });

/** An instrument with these registers, and what `tocsin read` shows of it. */
async function instrument(profile: string, more: Partial<TestDevice> = {}) {
  const bank = new RegisterBank();
  const server = await RawServer.start("mbap", bank.answer);
  cleanUp.push(() => server.close());
  const site = new ModbusSite([{ id: "dut", profile, ...more }]);
  const driver = await site.driver("modbus-tcp", { host: "127.0.0.1", port: server.port });
  await driver.start(new RecordingIntake());
  cleanUp.push(() => driver.stop());
  const read = async (...channels: string[]) => {
    const values = await driver.read(0, AbortSignal.timeout(10_000));
    return Object.fromEntries(
      values
        .filter(({ channel }) => channels.includes(channel))
        .map((value) => [value.channel, says(value)] as const),
    );
  };
  return { bank, read };
}

function says({ value, reason }: SnapshotValue): string {
  return `${Number(value.toPrecision(7))} ${REASON_NAMES[reason]}`;
}

describe("Honeywell XNX", () => {
  /** Set to %LEL, measuring, 12 %LEL. */
  async function xnx(state: number, gas: number, alarms = 0) {
    const detector = await instrument("honeywell-xnx", { exclude: ["ppm", "vol", "mass", "path"] });
    detector.bank.set(0, 0x2407, 0x2407, ...f32(gas), 0, alarms, state, 5);
    detector.bank.set(10, 5);
    return detector;
  }

  test("measuring", async () => {
    const { read } = await xnx(1, 12, 0b01);
    expect(await read("lel", "alarm1", "alarm2")).toEqual({
      lel: "12 good",
      alarm1: "1 good",
      alarm2: "0 good",
    });
  });

  test.each([
    [2, "warming_up"],
    [3, "inhibited"],
    [11, "inhibited"],
    [12, "calibrating"],
    [19, "calibrating"],
    [8, "device_failure"],
    [9, "sensor_failure"],
    [0, "bad"],
    [200, "bad"],
  ])('the zero that it shows in state %i is not "no gas" but %s', async (state, reason) => {
    const { read } = await xnx(state, 0);
    const { lel, alarm2 } = await read("lel", "alarm2");
    expect(lel).toMatch(new RegExp(` ${reason}$`));
    expect(alarm2).toMatch(new RegExp(` ${reason}$`));
  });

  test("an alarm that stands while it is inhibited stays an alarm", async () => {
    const { read } = await xnx(3, 0, 0b11);
    expect((await read("alarm2")).alarm2).toBe("1 inhibited");
  });

  test("set to another unit, the channel of %LEL refuses the number", async () => {
    const { bank, read } = await xnx(1, 12);
    bank.set(10, 4);
    expect((await read("lel")).lel).toBe("NaN configuration_error");
  });

  test("another family answers at the address: nothing of it is believed", async () => {
    const { bank, read } = await xnx(1, 12);
    bank.set(0, 0x2507);
    expect((await read("lel")).lel).toMatch(/configuration_error$/);
  });
});

test("Midas: 25.5 ppm with the low word first, state, alarms and faults bit by bit", async () => {
  const { bank, read } = await instrument("honeywell-midas");
  bank.set(0, 0b0100_0001, 0, ...f32(25.5, "CDAB"), 26, 0, 0x0001, 21, 17_000, 3, 480);
  const channels = ["concentration", "alarm1", "alarm2", "fault", "state"];
  expect(await read(...channels)).toEqual({
    concentration: "25.5 good",
    alarm1: "1 good",
    alarm2: "0 good",
    fault: "0 good",
    state: "1 good",
  });
  // Instrument fault beside both alarms: what it asserts stays.
  bank.set(0, 0b1110_0001);
  expect(await read("alarm1", "alarm2", "fault")).toEqual({
    alarm1: "1 device_failure",
    alarm2: "1 device_failure",
    fault: "1 good",
  });
  // Warm-up.
  bank.set(0, 0, 0, 0, 0, 0);
  expect((await read("concentration")).concentration).toMatch(/warming_up$/);
});

test("KELLER: 1.5 bar and 12.5 degrees; a channel error is NaN, overflow infinite", async () => {
  const { bank, read } = await instrument("keller-series30");
  bank.set(2, 0x3fc0, 0);
  bank.set(8, 0x4148, 0);
  expect(await read("pressure", "temperature")).toEqual({ pressure: "150 good", temperature: "12.5 good" });
  bank.set(2, 0x7fc0, 0);
  bank.set(8, 0x7f80, 0);
  expect(await read("pressure", "temperature")).toEqual({
    pressure: "NaN not_a_number",
    temperature: "Infinity over_range",
  });
});

describe("VEGA", () => {
  test("a level of 3.25 m, and invalid when bit 0 of the status says so", async () => {
    const { bank, read } = await instrument("vega-level");
    bank.set(104, 45);
    bank.set(106, ...f32(3.25, "CDAB"));
    expect(await read("level")).toEqual({ level: "3.25 good" });
    bank.set(104, 48);
    expect(await read("level")).toEqual({ level: "0.0325 good" });
    bank.set(104, 32);
    expect(await read("level")).toEqual({ level: "NaN configuration_error" });
    bank.set(104, 45);
    bank.set(100, 1);
    expect((await read("level")).level).toMatch(/sensor_failure$/);
  });

  test("the primary value stands in all four orders, and each is found by its own", () => {
    for (const order of ["CDAB", "ABCD", "DCBA", "BADC"] as const) {
      const words = f32(3.25, order);
      const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
      const found = inFourOrders(bytes);
      expect(found[order].f32).toBe(3.25);
      expect(Object.values(found).filter(({ f32: value }) => value === 3.25)).toHaveLength(1);
    }
  });
});

test("WitMotion: the requests of its manual, byte for byte", async () => {
  const server = await RawServer.start("rtu");
  cleanUp.push(() => server.close());
  const site = new ModbusSite([{ id: "dut", profile: "witmotion-wtvb01", unit: 0x50 }]);
  const driver = await site.driver("modbus-rtu-over-tcp", { host: "127.0.0.1", port: server.port });
  await driver.start(new RecordingIntake());
  cleanUp.push(() => driver.stop());
  await driver.read(0, AbortSignal.timeout(10_000));
  const asked = async (address: number, count: number) => {
    const from = server.requests.length;
    await driver.readRaw!({ unit: 0x50, table: "holding", address, count });
    const found = server.requests
      .slice(from)
      .find((request) => request.address === address && request.count === count);
    return found?.frame.toString("hex");
  };
  expect(await asked(0x34, 3)).toBe("5003003400034984");
  expect(await asked(0x3a, 3)).toBe("5003003a00032847");
  expect(await asked(0x40, 1)).toBe("500300400001885f");
  expect(await asked(0x41, 3)).toBe("500300410003585e");
  expect(await asked(0x44, 3)).toBe("500300440003485f");
});

test("Polytron 8000: 40.00 is 0x42200000, high byte in the first register", async () => {
  const { bank, read } = await instrument("draeger-polytron8000-ppm");
  bank.set(506, 0x4220, 0x0000);
  expect(await read("gas")).toEqual({ gas: "40 good" });
});

test("iTrans 2: 5 ppm is 5, 20.9 % of oxygen is 209, and each channel only speaks for its own kind of sensor", async () => {
  const { bank, read } = await instrument("oldham-itrans2", {
    components: { s1: { sensor: 1 }, s2: { sensor: 2 } },
  });
  bank.set(100, 0x0401, 5);
  bank.set(200, 0x0501, 209);
  expect(await read("s1.lel", "s1.ppm", "s2.oxygen", "s2.ppm")).toEqual({
    "s1.lel": "NaN configuration_error",
    "s1.ppm": "5 good",
    "s2.oxygen": "20.9 good",
    "s2.ppm": "NaN configuration_error",
  });
});

test("TOC-635: 0 is -10 %LEL, 350 is 25 %LEL; a sensor fault is no reading, an alarm bit beside it is", async () => {
  const { bank, read } = await instrument("igd-toc635", { components: { n7: { sensor: 7 } } });
  bank.set(6, 350);
  expect(await read("n7.lel", "n7.alarm1")).toEqual({ "n7.lel": "25 good", "n7.alarm1": "0 good" });
  bank.set(3006, 0b10_0001);
  expect(await read("n7.alarm1")).toEqual({ "n7.alarm1": "1 sensor_failure" });
  bank.set(6, 0);
  bank.set(3006, 0);
  expect((await read("n7.lel"))["n7.lel"]).toBe("-10 under_range");
});

test("RCMB300 with its words swapped shows it at register 1000", async () => {
  const { bank, read } = await instrument("bender-rcmb300");
  bank.set(1000, 0x1234, 0x5678);
  bank.set(8004, ...f32(0.031));
  bank.set(8006, ...f32(1022));
  expect(await read("rms", "alarm")).toEqual({ rms: "31 good", alarm: "0 good" });
  bank.set(8009, 1);
  expect((await read("alarm")).alarm).toBe("1 good");
  bank.set(1000, 0x5678, 0x1234);
  expect((await read("rms")).rms).toMatch(/configuration_error$/);
});

test("Sensepoint XCD has its fault in bit 5, where the XNX has it in bit 6", async () => {
  const { bank, read } = await instrument("honeywell-sensepoint-xcd", { exclude: ["ppm", "vol"] });
  bank.set(0, 0x2507, 0, ...f32(3), 0, 1 << 5, 1);
  expect(await read("lel", "fault")).toEqual({ lel: "NaN device_failure", fault: "1 good" });
  bank.set(5, 1 << 6);
  expect(await read("lel", "fault")).toEqual({ lel: "3 good", fault: "0 good" });
});

test("points of panels stand where their documents put them", () => {
  const at = (id: string, address: Record<string, number>, local: string) => {
    const placed = placedComponentChannels(profiles.get(id)!.modbus!, address);
    const { address: register, format } = placed.find((channel) => channel.local === local)!;
    return format.bit === undefined ? register : [register, format.bit];
  };
  // yg0101 = 257, sb0133 = 307 with the address written as hexadecimal digits, yg0229 = 553.
  expect(at("jade-bird-panel", { loop: 1, number: 1 }, "state")).toBe(257);
  expect(at("jade-bird-panel", { loop: 1, number: 0x33 }, "state")).toBe(307);
  expect(at("jade-bird-panel", { loop: 2, number: 0x29 }, "state")).toBe(553);
  // 400001 L1D1, 400301 L1M1, 600 further the next loop.
  expect(at("honeywell-clss-gateway", { loop: 1, module: 0, number: 300 }, "event")).toBe(299);
  expect(at("honeywell-clss-gateway", { loop: 1, module: 1, number: 1 }, "event")).toBe(300);
  expect(at("honeywell-clss-gateway", { loop: 2, module: 0, number: 1 }, "event")).toBe(600);
  // 400031 is the gas of the first wireless sensor.
  expect(at("pemtech-pt2008", { sensor: 1 }, "lel")).toBe(30);
  expect(at("siemens-dms8000-zones", { zone: 17 }, "fire")).toEqual([21_001, 0]);
  expect(at("fonrich-frdcmg", { input: 16 }, "arc")).toEqual([0x41, 15]);
  expect(at("fonrich-frdcmg", { input: 17 }, "arc")).toEqual([0x42, 0]);
});
