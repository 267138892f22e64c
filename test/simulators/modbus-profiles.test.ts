import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { compileReader } from "../../drivers/modbus/codec.ts";
import { isBitTable } from "../../drivers/modbus/registers.ts";
import { profileSchema } from "../../drivers/profile.ts";
import { compileValue, type Decoded } from "../../drivers/value.ts";
import { REASON } from "../../model/quality.ts";
import { quantityRow } from "../../model/quantity.ts";
import { missing } from "../servers/available.ts";
import { mbpollRead } from "../servers/mbpoll.ts";
import { play, profiles } from "./play.ts";
import { mappingOf, placesOf, scenarioOf, stepOf, variants } from "./played-profile.ts";

/*
 * Every Modbus profile is played and read back by programs that are not ours. First register by register against numbers
 * worked out by hand from the makers' maps (devices.md), then all channels through the decoder against what was meant.
 */

const host = "127.0.0.1";
const link = `links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }`;

/** What no built-in product has: single bits in tables of their own, and the rarer types in every order. */
const everything = profileSchema.parse({
  id: "everything",
  vendor: "Tocsin",
  product: "test instrument",
  class: "controller",
  name: "test instrument",
  source: "this test",
  maturity: "documented",
  channels: {
    coil: { quantity: "relay" },
    input: { quantity: "door" },
    i32: { quantity: "temperature", range: { low: -40, high: 60 } },
    u32: { quantity: "service_time" },
    u64: { quantity: "count" },
    i64: { quantity: "displacement", range: { low: -90, high: -10 } },
    f64: { quantity: "flow" },
    bcd: { quantity: "voltage", range: { low: 0, high: 500 } },
    bits: { quantity: "count" },
    kelvin: { quantity: "temperature", range: { low: -40, high: 60 } },
  },
  modbus: {
    channels: {
      coil: { table: "coil", address: 17 },
      input: { table: "discrete", address: 9 },
      i32: { address: 0, type: "i32", order: "BADC", scale: 0.001 },
      u32: { address: 2, type: "u32", order: "DCBA" },
      u64: { table: "input", address: 0, type: "u64", order: "CDAB" },
      i64: { table: "input", address: 4, type: "i64", order: "BADC", scale: -0.01, offset: 3 },
      f64: { table: "input", address: 8, type: "f64", order: "CDAB", unit: "L/s" },
      bcd: { address: 4, type: "bcd32", scale: 0.1 },
      bits: { address: 6, type: "bits", shift: 3, width: 9, signed: true },
      kelvin: { address: 7, unit: "K", scale: 0.1 },
    },
  },
});
const all = new Map([...profiles, [everything.id, everything] as const]);

const cases = [...all.values()].flatMap(variants);

test("there are Modbus profiles at all", () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

describe.skipIf(missing("mbpoll"))("read with mbpoll", () => {
  test("registers by the makers' maps", async () => {
    await using played = await play(`${link}
devices:
  vb: { profile: banner-qm30vt2, link: bus, address: { unit: 1 }, channels: { z_velocity: 4.512, temperature: -3.25 } }
  wl: { profile: keller-series30, link: bus, address: { unit: 2 }, channels: { pressure: 150, temperature: 12.5 } }
  mi: { profile: honeywell-midas, link: bus, address: { unit: 3 }, channels: { concentration: 25.5, alarm1: active } }
  le: { profile: aquaread-leveline, link: bus, address: { unit: 4 }, channels: { pressure: 101.32, temperature: 7.31 } }
  gd: { profile: generic-lel, link: bus, address: { unit: 5 }, channels: { lel: 25.4, alarm1: active, fault: 1 } }
  fp:
    profile: notifier-modbus-gw
    link: bus
    address: { unit: 6 }
    components: { l2d12: { address: { loop: 2, number: 12 } }, l1m3: { address: { loop: 1, module: 1, number: 3 } } }
    channels: { l2d12.fire: active, l1m3.supervisory: active, l1m3.trouble: active }
`);
    const port = played.port("bus");
    const read = (unit: number, table: "holding" | "input", address: number, count: number) =>
      mbpollRead({ host, port }, { unit, table, address, count });
    // mm/s × 1000; °C × 100 in two's complement.
    expect(await read(1, "holding", 5201, 1)).toEqual([4512]);
    expect(await read(1, "holding", 5203, 1)).toEqual([0x1_0000 - 325]);
    // 150 kPa = 1.5 bar = 0x3FC00000, 12.5 = 0x41480000; high word first.
    expect(await read(2, "holding", 2, 2)).toEqual([0x3fc0, 0]);
    expect(await read(2, "holding", 8, 2)).toEqual([0x4148, 0]);
    // State 1 (monitoring) with alarm 1 in bit 6; 25.5 = 0x41CC0000 with the low word first; the unit is ppm.
    expect(await read(3, "holding", 0, 4)).toEqual([0b100_0001, expect.any(Number), 0, 0x41cc]);
    expect([0x0001, 0x0100]).toContain((await read(3, "holding", 6, 1))[0]);
    // Input registers: 7.31 °C × 100; 1013.2 mbar × 10 in 32 bits.
    expect(await read(4, "input", 0, 3)).toEqual([731, 0, 10_132]);
    expect(await read(5, "holding", 0, 2)).toEqual([254, 0b101]);
    // Detector 12 of loop 2: 400 × 1 + 12 − 1. Active with event 0x10. Module 3 of loop 1: 200 + 3 − 1; trouble is bit 13.
    expect(await read(6, "holding", 411, 1)).toEqual([0x0810]);
    expect(await read(6, "holding", 202, 1)).toEqual([0x2830]);
  });

  test("single bits, and patterns of bits", async () => {
    await using played = await play(
      `${link}
devices:
  ev: { profile: everything, link: bus, address: { unit: 1 }, channels: { coil: on, input: open, bits: -5, bcd: 220.5 } }
`,
      { profiles: all },
    );
    const port = played.port("bus");
    const read = (table: "coils" | "discrete" | "holding", address: number, count: number) =>
      mbpollRead({ host, port }, { unit: 1, table, address, count });
    expect(await read("coils", 17, 1)).toEqual([1]);
    expect(await read("discrete", 9, 1)).toEqual([1]);
    // −5 in nine bits is 0x1FB, three bits up: 0x0FD8. 2205 in decimal digits.
    expect(await read("holding", 6, 1)).toEqual([0x0fd8]);
    expect(await read("holding", 4, 2)).toEqual([0x0000, 0x2205]);
  });

  test("an address that the instrument does not have", async () => {
    await using played = await play(scenarioOf(variants(profiles.get("banner-qm30vt2")!)[0]!.profile, link));
    const reading = mbpollRead(
      { host, port: played.port("bus") },
      { unit: 3, table: "holding", address: 9000, count: 1 },
    );
    await expect(reading).rejects.toThrow(/illegal data address/i);
  });
});

interface ModbusClient {
  connectTCP(host: string, options: { port: number }): Promise<void>;
  setID(unit: number): void;
  setTimeout(milliseconds: number): void;
  close(done: () => void): void;
  readHoldingRegisters(address: number, count: number): Promise<{ buffer: Buffer }>;
  readInputRegisters(address: number, count: number): Promise<{ buffer: Buffer }>;
  readCoils(address: number, count: number): Promise<{ data: boolean[] }>;
  readDiscreteInputs(address: number, count: number): Promise<{ data: boolean[] }>;
}

const ModbusRtu = createRequire(import.meta.url)("modbus-serial") as new () => ModbusClient;

test.each(cases)("$title: every channel, read with modbus-serial, is what was meant", async ({ profile }) => {
  await using played = await play(scenarioOf(profile, link), { profiles: new Map([[profile.id, profile]]) });
  const client = new ModbusRtu();
  client.setTimeout(5_000);
  await client.connectTCP(host, { port: played.port("bus") });
  client.setID(3);
  try {
    for (const { key, place } of placesOf(profile)) {
      const { quantity, range } = profile.channels[place.local]!;
      const { unit } = quantityRow(quantity);
      const meant = played.simulation.value(key);
      expect(meant, key).toBeDefined();
      let raw: number;
      if (isBitTable(place.table)) {
        const answer =
          place.table === "coil"
            ? await client.readCoils(place.address, 1)
            : await client.readDiscreteInputs(place.address, 1);
        raw = answer.data[0] ? 1 : 0;
      } else {
        const answer =
          place.table === "holding"
            ? await client.readHoldingRegisters(place.address, place.count)
            : await client.readInputRegisters(place.address, place.count);
        raw = compileReader(place.format)(answer.buffer, 0);
      }
      const decoded: Decoded = { value: 0, reason: 0 };
      compileValue(mappingOf(place, unit), range === undefined ? { unit } : { unit, range })(raw, decoded);
      expect(decoded.reason, key).toBe(REASON.good);
      expect(
        Math.abs(decoded.value - meant!),
        `${key}: ${decoded.value} instead of ${meant}`,
      ).toBeLessThanOrEqual(stepOf(place, { unit, meant: meant! }));
    }
  } finally {
    await new Promise<void>((resolve) => client.close(resolve));
  }
});
