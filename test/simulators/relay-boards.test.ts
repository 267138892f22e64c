import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { ModbusSite } from "../modbus/site.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { play } from "./play.ts";

/*
 * Relay boards with timers of their own, and the driver that begins them anew.
 */

describe.each([
  ["waveshare-relay-8", "modbus-tcp"],
  ["waveshare-relay-8", "modbus-rtu-over-tcp"],
  ["waveshare-relay-8", "modbus-ascii-over-tcp"],
  ["lc-technology-relay-8", "modbus-rtu-over-tcp"],
])("%s on %s", (profile, type) => {
  test("a pulse ends by itself, is begun anew while it runs, and is cut short by switching off", async () => {
    await using board = await play(
      `links: { bus: { type: ${type}, listen: "127.0.0.1:0" } }
devices: { relays: { profile: ${profile}, link: bus, address: { unit: 2 } } }`,
    );
    const site = new ModbusSite([
      { id: "relays", unit: 2, profile, writes: ["relay_3", "pulse_3", "pulse_4"] },
    ]);
    const driver = await site.driver(type, { host: "127.0.0.1", port: board.port("bus"), timeout: "500ms" });
    const intake = new RecordingIntake();
    await driver.start(intake);
    try {
      await until("it is read", () => intake.readings.some(({ reason }) => reason === "good"));
      const write = (output: string, value: number) => driver.write!({ device: 0, output, value });
      const relays = async () => (await driver.readRaw!({ unit: 2, table: "coil", address: 0, count: 8 }))[0];
      const passes = (seconds: number) => board.clock.advance(seconds * SECOND);

      expect(await write("pulse_3", 30)).toMatchObject({ verified: true });
      expect(await relays()).toBe(0b100);
      passes(20);
      expect(await write("pulse_3", 30)).toMatchObject({ verified: true });
      passes(20);
      expect(await relays()).toBe(0b100);
      passes(11);
      expect(await relays()).toBe(0);

      await write("pulse_3", 30);
      await write("pulse_4", 2.5);
      expect(await relays()).toBe(0b1100);
      expect(await write("relay_3", 0)).toMatchObject({ verified: true });
      expect(await relays()).toBe(0b1000);
      passes(5);
      expect(await relays()).toBe(0);
      // Switched on without a pulse it stays.
      await write("relay_3", 1);
      passes(3600);
      expect(await relays()).toBe(0b100);
    } finally {
      await driver.stop();
    }
  });
});
