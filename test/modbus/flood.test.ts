import { expect, test } from "vitest";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { mbap, RawServer, rtu } from "./raw-server.ts";
import { ModbusSite } from "./site.ts";

test.each([
  ["modbus-tcp", "mbap"],
  ["modbus-rtu-over-tcp", "rtu"],
] as const)(
  "%s: what floods us with what nobody asked for is hung up on, and read again when it answers",
  async (type, framing) => {
    const noise = Buffer.alloc(4 * 2 ** 20, 0xff);
    let calm = false;
    await using server = await RawServer.start(framing, (request, socket) => {
      if (!calm) socket.write(noise);
      socket.write(framing === "mbap" ? mbap(request) : rtu(request));
    });
    const profile = { modbus: { period: "20ms", channels: { level: { address: 7 } } } };
    const site = new ModbusSite([{ id: "d", unit: 1, profile }]);
    const intake = new RecordingIntake();
    const options = { host: "127.0.0.1", port: server.port, timeout: "200ms", reconnect: "100ms" };
    const driver = await site.driver(type, options);
    await driver.start(intake);
    try {
      await until("it was hung up on", () => server.connections > 1);
      calm = true;
      await until("it is read", () =>
        intake.readings.some(({ value, reason }) => value === 7 && reason === "good"),
      );
      expect(intake.readings.every(({ value }) => Number.isNaN(value) || value === 7)).toBe(true);
    } finally {
      await driver.stop();
    }
  },
);
