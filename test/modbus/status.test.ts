import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileDevice } from "../../drivers/modbus/compile.ts";
import { plan } from "../../drivers/modbus/planner.ts";
import { workaroundsSchema } from "../../drivers/modbus/workarounds.ts";
import { BAD, qualityOf, REASON, REASONS } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

/** What a device with these registers reads as, by channel: value and reason. Registers that are not given are 0. */
function read(device: TestDevice, registers: Record<number, number>, failing: number[] = []) {
  const site = new ModbusSite([device]);
  const compiled = compileDevice(site.devices[0]!, workaroundsSchema.parse({}));
  const found: Record<string, { value: number; reason: string }> = {};
  for (const group of compiled.groups) {
    group.begin(REASON.no_communication);
    for (const request of plan(group.values, compiled.limits)) {
      if (failing.some((at) => at >= request.address && at < request.address + request.count)) {
        group.fail(request, REASON.no_communication);
        continue;
      }
      const bytes = Buffer.alloc(request.count * 2);
      for (const [address, register] of Object.entries(registers)) {
        const at = Number(address) - request.address;
        if (at >= 0 && at < request.count) bytes.writeUInt16BE(register, at * 2);
      }
      group.take(request, bytes);
    }
    const batch = new ReadingBatch();
    group.finish(batch);
    for (let i = 0; i < batch.length; i++) {
      found[site.channels[batch.channel[i]!]!.id] = {
        value: batch.value[i]!,
        reason: REASONS[batch.reason[i]!]!.name,
      };
    }
  }
  return found;
}

const midas: TestDevice = { id: "m", profile: "honeywell-midas" };
/** 12.5 ppm in CDAB, unit ppm. */
const ppm = { 2: 0x0000, 3: 0x4148, 6: 0x0001 };
const lel: TestDevice = { id: "g", profile: "generic-lel" };

describe("a status word decides what a concentration is worth", () => {
  test.each([
    [0, "warming_up"],
    [2, "inhibited"],
    [4, "inhibited"],
    [6, "calibrating"],
    [8, "calibrating"],
    [12, "bad"],
  ])("a Midas in state %i shows no gas that counts", (state, reason) => {
    expect(read(midas, { ...ppm, 0: state }).concentration).toEqual({ value: Number.NaN, reason });
  });

  test("a Midas that monitors shows its concentration", () => {
    expect(read(midas, { ...ppm, 0: 1 }).concentration).toEqual({ value: 12.5, reason: "good" });
    expect(read(midas, { ...ppm, 0: 0b01_0001 }).concentration).toEqual({
      value: 12.5,
      reason: "maintenance_due",
    });
  });

  test("a Midas set to another unit is not read a thousand times too high", () => {
    expect(read(midas, { ...ppm, 0: 1, 6: 0x0002 }).concentration).toMatchObject({
      reason: "configuration_error",
    });
  });

  test("alarm bits of a faulty detector: a one is an alarm, a zero is not the absence of one", () => {
    const { alarm1, alarm2, fault, concentration } = read(midas, { ...ppm, 0: 0b0110_0001 });
    expect(alarm1).toEqual({ value: 1, reason: "device_failure" });
    expect(alarm2).toEqual({ value: Number.NaN, reason: "device_failure" });
    expect(fault).toEqual({ value: 1, reason: "good" });
    expect(concentration).toEqual({ value: Number.NaN, reason: "device_failure" });
  });

  test("a detector that is locked over range and reports a fault stays over range", () => {
    expect(read(lel, { 0: 640, 1: 0b100_0100 }).lel).toEqual({ value: 64, reason: "over_range" });
    expect(read(lel, { 0: 1040, 1: 0b000_0100 }).lel).toEqual({ value: 104, reason: "over_range" });
  });

  test("a detector that is locked over range and shows no number is over range all the same", () => {
    const locked = { value: Number.POSITIVE_INFINITY, reason: "over_range" };
    expect(read(lel, { 0: 0x8000, 1: 0b100_0000 }).lel).toEqual(locked);
    expect(read(lel, { 0: 0x8000, 1: 0b100_0100 }).lel).toEqual(locked);
    expect(read(lel, { 0: 0x8000, 1: 0b101_0000 }).lel).toEqual({ value: Number.NaN, reason: "inhibited" });
  });

  test("a status that is no number leaves the value uncertain, as one that could not be read", () => {
    const status = { register: { address: 1, type: "bcd16" as const }, affects: ["gas"] };
    const odd: TestDevice = {
      id: "a",
      profile: {
        channels: { gas: { quantity: "gas_lel" } },
        modbus: {
          channels: { gas: { address: 0 } },
          status: [{ ...status, when: [{ equals: 4, reason: "inhibited" as const }] }],
        },
      },
    };
    expect(read(odd, { 0: 0, 1: 0x0000 }).gas).toEqual({ value: 0, reason: "good" });
    expect(read(odd, { 0: 0, 1: 0x000f }).gas).toEqual({ value: 0, reason: "uncertain" });
  });

  test("but while people calibrate it, even over range is bad", () => {
    expect(read(lel, { 0: 1040, 1: 0b010_0000 }).lel).toEqual({ value: Number.NaN, reason: "calibrating" });
  });

  test("sentinels of the register itself", () => {
    expect(read(lel, { 0: 0x8000 }).lel).toEqual({ value: Number.NaN, reason: "sensor_failure" });
    expect(read(lel, { 0: 0xfffd }).lel).toEqual({ value: -0.3, reason: "good" });
  });

  test("a status that could not be read leaves the value uncertain: it may raise, not clear", () => {
    const apart: TestDevice = {
      id: "a",
      profile: {
        channels: { gas: { quantity: "gas_lel" } },
        modbus: {
          channels: { gas: { address: 0 } },
          status: [
            { register: { address: 500 }, when: [{ equals: 1, reason: "inhibited" }], affects: ["gas"] },
          ],
        },
      },
    };
    expect(read(apart, { 0: 60 }, [500]).gas).toEqual({ value: 60, reason: "uncertain" });
    expect(read(apart, { 0: 60 }).gas).toEqual({ value: 60, reason: "good" });
  });

  test("whatever the status word says, a set alarm bit stays set and a bad concentration has no value", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.integer({ min: -50, max: 1500 }), (status, tenths) => {
        const found = read(lel, { 0: tenths & 0xffff, 1: status });
        if (status & 1) expect(found.alarm1!.value).toBe(1);
        if (status & 2) expect(found.alarm2!.value).toBe(1);
        const reason = REASON[found.lel!.reason as keyof typeof REASON];
        expect(Number.isNaN(found.lel!.value)).toBe(qualityOf(reason) === BAD);
      }),
    );
  });
});

describe("the detectors of a panel", () => {
  const panel: TestDevice = {
    id: "p",
    profile: "notifier-modbus-gw",
    components: { l1d12: { loop: 1, number: 12 }, l2m3: { loop: 2, module: 1, number: 3 } },
  };
  const first = 11;
  const second = 400 + 200 + 2;

  test("a fire with a trouble on one, and nothing on the other", () => {
    const found = read(panel, { [first]: 0x2810, [second]: 0x0400 });
    expect(found["l1d12.fire"]).toEqual({ value: 1, reason: "device_failure" });
    expect(found["l1d12.trouble"]).toEqual({ value: 1, reason: "good" });
    expect(found["l1d12.co"]).toEqual({ value: Number.NaN, reason: "device_failure" });
    expect(found["l2m3.fire"]).toEqual({ value: 0, reason: "good" });
  });

  test("an event code without the active bit is no fire", () => {
    expect(read(panel, { [first]: 0x0010 })["l1d12.fire"]).toEqual({ value: 0, reason: "good" });
  });

  test("a device that the panel's program does not have is no detector that sees no fire", () => {
    const found = read(panel, { [first]: 0x00ff });
    expect(found["l1d12.fire"]).toEqual({ value: Number.NaN, reason: "configuration_error" });
    expect(found["l1d12.event"]).toEqual({ value: 255, reason: "good" });
  });

  test("a disabled detector watches nothing", () => {
    expect(read(panel, { [first]: 0x0200 })["l1d12.fire"]).toEqual({
      value: Number.NaN,
      reason: "out_of_service",
    });
  });
});

describe("instruments of level and vibration", () => {
  test("a KELLER: NaN is a fault, infinity is over range", () => {
    const keller: TestDevice = { id: "k", profile: "keller-series30" };
    expect(read(keller, { 2: 0x7fc0, 3: 0 }).pressure).toEqual({ value: Number.NaN, reason: "not_a_number" });
    expect(read(keller, { 2: 0x7f80, 3: 0 }).pressure).toEqual({
      value: Number.POSITIVE_INFINITY,
      reason: "over_range",
    });
    expect(read(keller, { 2: 0x3f80, 3: 0 }).pressure).toEqual({ value: 100, reason: "good" });
  });

  test("a Banner: velocities in mm/s, temperature below zero", () => {
    const found = read(
      { id: "b", profile: "banner-qm30vt2" },
      { 5201: 4512, 5203: 0x10000 - 1250, 5208: 498 },
    );
    expect(found.z_velocity!.value).toBeCloseTo(4.512, 12);
    expect(found.temperature!.value).toBeCloseTo(-12.5, 12);
    expect(found.z_frequency!.value).toBeCloseTo(49.8, 12);
  });

  test("an Aquaread: pressure from two input registers", () => {
    const found = read({ id: "a", profile: "aquaread-leveline" }, { 0: 1234, 1: 0, 2: 15_132 });
    expect(found.pressure!.value).toBeCloseTo(151.32, 9);
    expect(found.temperature!.value).toBeCloseTo(12.34, 9);
  });
});

describe("a register that holds a state", () => {
  const panel: TestDevice = {
    id: "p",
    profile: {
      channels: { fire: { quantity: "fire" }, smoke: { quantity: "smoke" }, mode: { quantity: "mode" } },
      modbus: {
        channels: {
          fire: { address: 0 },
          smoke: { address: 1, states: { "0": 0, "2": 1, "3": 1 } },
          mode: { address: 2 },
        },
      },
    },
  };

  test("says what its profile lists; a code that nobody listed is not the absence of fire", () => {
    const said = (fire: number, smoke: number) => read(panel, { 0: fire, 1: smoke, 2: 7 });
    expect(said(1, 2)).toMatchObject({
      fire: { value: 1, reason: "good" },
      smoke: { value: 1, reason: "good" },
    });
    expect(said(0, 0)).toMatchObject({
      fire: { value: 0, reason: "good" },
      smoke: { value: 0, reason: "good" },
    });
    const unknown = { value: Number.NaN, reason: "undecodable" };
    expect(said(2, 1)).toMatchObject({ fire: unknown, smoke: unknown, mode: { value: 7, reason: "good" } });
  });
});

describe("values that only the wire format can judge", () => {
  const odd: TestDevice = {
    id: "o",
    profile: {
      modbus: {
        channels: {
          total: { address: 0, type: "u64" },
          packed: { address: 4, type: "bcd16" },
          word: { address: 5, type: "string", length: 2, states: { OK: 0, FAIL: 1 } },
        },
      },
    },
  };

  test("a count beyond 2^53 is not accurate, wrong digits and unknown words cannot be decoded", () => {
    expect(read(odd, { 0: 0x0100, 3: 1 }).total).toMatchObject({ reason: "not_accurate" });
    expect(read(odd, { 3: 77 }).total).toEqual({ value: 77, reason: "good" });
    expect(read(odd, { 4: 0x12a4 }).packed).toMatchObject({ value: Number.NaN, reason: "undecodable" });
    expect(read(odd, { 5: 0x4f4b }).word).toEqual({ value: 0, reason: "good" });
    expect(read(odd, { 5: 0x4641, 6: 0x494c }).word).toEqual({ value: 1, reason: "good" });
    expect(read(odd, { 5: 0x4142 }).word).toMatchObject({ value: Number.NaN, reason: "undecodable" });
  });
});
