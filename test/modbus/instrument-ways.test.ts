import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { encode } from "../../drivers/modbus/encode.ts";
import { modbusSectionSchema } from "../../drivers/modbus/profile.ts";
import { inFourOrders } from "../../drivers/modbus/raw-read.ts";
import { placedComponentChannels } from "../../drivers/modbus/registers.ts";
import type { Log } from "../../model/log.ts";
import { SILENT } from "../../model/log.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { RawServer } from "./raw-server.ts";
import { RegisterBank } from "./register-bank.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

/*
 * The ways of real instruments that a profile must be able to say.
 */

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

interface Begun {
  readonly writes?: readonly string[];
  readonly log?: Log;
}

async function begun(profile: TestDevice["profile"], { writes = [], log = SILENT }: Begun = {}) {
  const bank = new RegisterBank();
  const server = await RawServer.start("mbap", bank.answer);
  cleanUp.push(() => server.close());
  const site = new ModbusSite([{ id: "a", profile, writes }]);
  const options = { host: "127.0.0.1", port: server.port, timeout: "300ms" };
  const driver = await site.driver("modbus-tcp", options, { log });
  const intake = new RecordingIntake();
  const start = async () => {
    await driver.start(intake);
    cleanUp.push(() => driver.stop());
  };
  const last = (channel: string) => {
    const index = site.index("a", channel);
    return intake.readings.findLast((reading) => reading.channel === index);
  };
  const fresh = async (channel: string) => {
    const from = intake.messages.length;
    const index = site.index("a", channel);
    // The second from now: the first may have been on its way.
    const found = await until(`${channel} is read`, () => {
      const readings = intake.messages.slice(from).flatMap(({ readings }) => readings);
      return readings.filter((reading) => reading.channel === index)[1];
    });
    return { value: found.value, reason: found.reason };
  };
  return { bank, server, site, driver, intake, start, last, fresh };
}

/** A concentration in the unit that register 10 names, as a float at 2. */
function xnx(more: object = {}): Exclude<TestDevice["profile"], string> {
  return {
    channels: {
      ppm: { quantity: "gas_ppm", range: { low: 0, high: 5000 } },
      lel: { quantity: "gas_lel", range: { low: 0, high: 100 } },
    },
    modbus: {
      period: "50ms",
      channels: {
        ppm: {
          address: 2,
          type: "f32",
          unitFrom: { register: { address: 10 }, units: { "3": "%vol", "4": "ppm" } },
        },
        lel: { address: 2, type: "f32", unitFrom: { register: { address: 10 }, units: { "5": "%LEL" } } },
      },
      ...more,
    },
  };
}

const f32 = (value: number) => encode(value, { type: "f32", order: "ABCD" });

describe.each([
  ["in one request with its value", {}],
  ["too far from its value for one request", { maxGap: 1 }],
  ["on an instrument that answers for exact registers only", { workarounds: { oneRequestPerChannel: true } }],
])("a unit that stands in another register, %s", (title, more) => {
  test("says what the number means; a channel of another kind has none then", async () => {
    const { bank, start, fresh } = await begun(xnx(more));
    bank.set(2, ...f32(12.5));
    bank.set(10, 4);
    await start();
    expect(await fresh("ppm")).toEqual({ value: 12.5, reason: "good" });
    expect(await fresh("lel")).toEqual({ value: Number.NaN, reason: "configuration_error" });
    bank.set(2, ...f32(0.125));
    bank.set(10, 3);
    await until("the new unit is in force", async () => (await fresh("ppm")).value === 1250);
    bank.set(10, 5);
    await until("it is %LEL now", async () => (await fresh("lel")).value === 0.125);
    expect(await fresh("ppm")).toEqual({ value: Number.NaN, reason: "configuration_error" });
  });

  test("that nobody knows is refused, not guessed", async () => {
    const { bank, start, fresh } = await begun(xnx(more));
    bank.set(2, ...f32(12.5));
    bank.set(10, 99);
    await start();
    expect(await fresh("ppm")).toEqual({ value: Number.NaN, reason: "configuration_error" });
  });

  test("and is changed every few requests never meets the value of another unit", async () => {
    const { bank, server, start, intake, site } = await begun(xnx(more));
    // 0.1 %vol and 1000 ppm are the same. A poll takes up to three requests: the change falls before, within and behind it.
    server.answer = (request, socket) => {
      const percent = Math.floor(request.number / 4) % 2 === 0;
      bank.set(2, ...f32(percent ? 0.1 : 1000));
      bank.set(10, percent ? 3 : 4);
      bank.answer(request, socket);
    };
    await start();
    const index = site.index("a", "ppm");
    const readings = () => intake.readings.filter(({ channel }) => channel === index);
    await until("twenty polls", () => readings().length >= 20);
    const good = readings().filter(({ reason }) => reason === "good");
    for (const { value } of good) expect(value).toBeCloseTo(1000, 3);
    expect(good.length).toBeGreaterThan(5);
    expect(new Set(readings().map(({ reason }) => reason))).toEqual(
      new Set(title.startsWith("in one") ? ["good"] : ["good", "undecodable"]),
    );
  });
});

describe("a register that always holds 0x12345678", () => {
  const profile: TestDevice["profile"] = {
    channels: { leakage: { quantity: "residual_current" }, alarm: { quantity: "electrical_alarm" } },
    modbus: {
      period: "50ms",
      channels: {
        leakage: { address: 100, type: "f32", unit: "A" },
        alarm: { address: 102, type: "bit", bit: 0 },
      },
      selfCheck: [{ register: { address: 50, type: "u32" }, equals: 0x1234_5678, affects: ["leakage"] }],
    },
  };

  test("is right: the values are good", async () => {
    const { bank, start, fresh, server } = await begun(profile);
    bank.set(50, 0x1234, 0x5678);
    bank.set(100, ...f32(0.03));
    await start();
    const { value, reason } = await fresh("leakage");
    expect(value).toBeCloseTo(30, 4);
    expect(reason).toBe("good");
    // It is not asked for in every poll.
    expect(server.requests.filter(({ address }) => address === 50)).toHaveLength(1);
  });

  test("comes with words swapped: the values are bad, and the order that would fit is named", async () => {
    const said: string[] = [];
    const log: Log = { ...SILENT, warn: (_fields: object, words: string) => said.push(words) };
    const { bank, start, fresh } = await begun(profile, { log });
    bank.set(50, 0x5678, 0x1234);
    bank.set(100, ...f32(0.03));
    bank.set(102, 1);
    await start();
    expect(await fresh("leakage")).toEqual({ value: Number.NaN, reason: "configuration_error" });
    expect(await fresh("alarm")).toEqual({ value: 1, reason: "good" });
    expect(said.join("\n")).toContain("CDAB");
  });

  test("cannot be read: the values may raise an alarm and not clear one", async () => {
    const { bank, server, start, fresh } = await begun(profile);
    bank.set(100, ...f32(0.03));
    server.answer = (request, socket) => {
      if (request.address !== 50) bank.answer(request, socket);
    };
    await start();
    expect(await fresh("leakage")).toMatchObject({ reason: "uncertain" });
  });

  test("what is read once on the spot is judged by it too", async () => {
    const { bank, start, driver } = await begun(profile);
    bank.set(50, 0x1234, 0x5678);
    await start();
    const values = await driver.read(0, AbortSignal.timeout(5_000));
    expect(values.map(({ reason }) => reason)).toEqual([0, 0]);
  });
});

describe("an instrument that measures when it is told to", () => {
  const profile: TestDevice["profile"] = {
    channels: { tilt: { quantity: "tilt" } },
    modbus: {
      period: "100ms",
      order: "CDAB",
      channels: { tilt: { address: 0x100, type: "f32" }, battery: { address: 0x200 } },
      outputs: { measure: { address: 0x118, states: { go: 1 }, verify: "none" } },
      trigger: { output: "measure", wait: "30ms", channels: ["tilt"] },
    },
  };

  test("is told before each reading, and only then read", async () => {
    const { bank, start, fresh, server } = await begun(profile, { writes: ["measure"] });
    let measured = 0;
    bank.onWrite = () => {
      measured++;
      bank.set(0x100, ...encode(measured, { type: "f32", order: "CDAB" }));
    };
    await start();
    const first = (await fresh("tilt")).value;
    const second = (await fresh("tilt")).value;
    expect(second).toBeGreaterThan(first);
    const order = server.requests
      .filter(({ address }) => address !== 0x200)
      .map(({ code, address }) => `${code} ${address.toString(16)}`);
    for (const [i, request] of order.entries()) expect(request).toBe(i % 2 === 0 ? "6 118" : "3 100");
  });

  test("that refuses to measure has no value: the one that stands there is old", async () => {
    const { bank, start, fresh } = await begun(profile, { writes: ["measure"] });
    bank.set(0x100, ...encode(7, { type: "f32", order: "CDAB" }));
    bank.set(0x200, 12);
    bank.locked.add(0x118);
    await start();
    expect(await fresh("tilt")).toEqual({ value: Number.NaN, reason: "device_failure" });
    expect(await fresh("battery")).toEqual({ value: 12, reason: "good" });
  });

  test("is not begun with while the site does not allow the write", async () => {
    await expect(begun(profile)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("a transmitter like XNX that is being worked on", () => {
  test.each([
    [2, "warming_up"],
    [3, "inhibited"],
    [12, "calibrating"],
  ])("state %i: its concentration, forced to 0, is no measurement", async (state, reason) => {
    const { bank, start, fresh } = await begun({
      channels: { lel: { quantity: "gas_lel" }, alarm: { quantity: "gas_alarm" } },
      modbus: {
        period: "50ms",
        channels: { lel: { address: 2, type: "f32" }, alarm: { address: 5, type: "bit", bit: 0 } },
        status: [
          {
            register: { address: 6 },
            when: [
              { equals: 2, reason: "warming_up" },
              { equals: [3, 11], reason: "inhibited" },
              { from: 12, to: 20, reason: "calibrating" },
            ],
            affects: ["lel", "alarm"],
          },
        ],
      },
    });
    bank.set(6, state);
    await start();
    expect(await fresh("lel")).toEqual({ value: Number.NaN, reason });
    expect(await fresh("alarm")).toEqual({ value: Number.NaN, reason });
    bank.set(6, 1);
    await until("it measures again", async () => (await fresh("lel")).reason === "good");
    expect((await fresh("lel")).value).toBe(0);
  });
});

describe("addresses by formula", () => {
  const panel = modbusSectionSchema.parse({
    table: "input",
    components: {
      address: {
        loop: { min: 1, max: 8, stride: 200 },
        number: { min: 1, max: 127, stride: 1 },
      },
      base: 0,
      channels: { value: { address: 0 }, status: { address: 3000, strides: { loop: 128 } } },
    },
  });

  test("loop × 200 + n, and a channel that is laid out with strides of its own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 127 }), (loop, number) => {
        const [value, status] = placedComponentChannels(panel, { loop, number });
        expect(value!.address).toBe(loop * 200 + number);
        expect(status!.address).toBe(3000 + loop * 128 + number);
      }),
    );
  });

  const packed = modbusSectionSchema.parse({
    table: "input",
    components: {
      address: { zone: { min: 1, max: 500, bits: 1 } },
      channels: {
        alarm: { address: 21_000, type: "bit", bit: 0 },
        fault: { address: 22_000, type: "bit", bit: 0 },
      },
    },
  });

  test("states packed into words: zone n is bit (n − 1) mod 16 of register (n − 1) div 16", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (zone) => {
        const [alarm, fault] = placedComponentChannels(packed, { zone });
        expect(alarm!.address).toBe(21_000 + Math.floor((zone - 1) / 16));
        expect(alarm!.format.bit).toBe((zone - 1) % 16);
        expect(fault!.address - alarm!.address).toBe(1000);
      }),
    );
  });

  test("packed states are read as they stand", async () => {
    const bank = new RegisterBank();
    const server = await RawServer.start("mbap", bank.answer);
    cleanUp.push(() => server.close());
    const zones = Object.fromEntries([1, 16, 17, 40].map((zone) => [`z${zone}`, { zone }]));
    const site = new ModbusSite([
      {
        id: "p",
        components: zones,
        profile: {
          channels: { alarm: { quantity: "fire" } },
          modbus: {
            period: "50ms",
            components: {
              address: { zone: { min: 1, max: 100, bits: 1 } },
              channels: { alarm: { address: 10, type: "bit", bit: 0 } },
            },
          },
        },
      },
    ]);
    bank.set(10, 0x8000, 0x0001, 0x0080);
    const driver = await site.driver("modbus-tcp", { host: "127.0.0.1", port: server.port });
    const intake = new RecordingIntake();
    await driver.start(intake);
    cleanUp.push(() => driver.stop());
    await until("it is read", () => intake.messages[0]);
    const values = Object.fromEntries(
      intake.messages[0]!.readings.map(({ channel, value }) => [site.channels[channel]!.id, value]),
    );
    expect(values).toEqual({ "z1.alarm": 0, "z16.alarm": 1, "z17.alarm": 1, "z40.alarm": 1 });
  });
});

describe("for those who write a profile", () => {
  test("registers are read as they are, and a 32-bit value in all four orders", async () => {
    const { bank, start, driver } = await begun({ modbus: { channels: { r0: { address: 0 } } } });
    bank.set(7, ...encode(21.5, { type: "f32", order: "CDAB" }));
    await start();
    const bytes = await driver.readRaw!({ unit: 1, table: "holding", address: 7, count: 2 });
    const orders = inFourOrders(bytes);
    expect(orders.CDAB.f32).toBe(21.5);
    expect(orders.ABCD.u32).toBe(0x0000_41ac);
    expect(orders.DCBA.u32).toBe(0xac41_0000);
    await expect(driver.readRaw!({ unit: 1, table: "holding", address: 0, count: 0 })).rejects.toMatchObject({
      code: "COMMAND_USAGE",
    });
  });
});
