import { afterEach, describe, expect, test } from "vitest";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { mbap, ownAddresses, RawServer } from "./raw-server.ts";
import { RegisterBank } from "./register-bank.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

const controller: TestDevice["profile"] = {
  modbus: {
    period: "50ms",
    channels: { level: { address: 0 } },
    outputs: {
      horn: { table: "coil", address: 3 },
      horns: { table: "coil", address: 5, function: 15 },
      fan: { address: 10, states: { off: 0, slow: 1, fast: 2 } },
      limit: { address: 20, type: "f32", order: "CDAB", range: { low: 0, high: 100 }, unit: "%LEL" },
      setpoint: { address: 30, type: "i16", scale: 0.1, range: { low: -50, high: 50 } },
      many: { address: 35, function: 16, range: { low: 0, high: 9 } },
      reset: { address: 40, states: { go: 0x5a5a }, verify: "none" },
      pulse: {
        table: "coil",
        address: 0x0200,
        word: true,
        scale: 0.1,
        unit: "s",
        range: { low: 0.1, high: 3276.7 },
        verify: { table: "coil", address: 3 },
      },
      valve: { address: 50, states: { open: 1, shut: 0 }, verify: { address: 51 } },
    },
  },
};
const ALL = ["horn", "horns", "fan", "limit", "setpoint", "many", "reset", "valve", "pulse"];

async function running(writes: readonly string[] = ALL) {
  const bank = new RegisterBank();
  const server = await RawServer.start("mbap", bank.answer);
  cleanUp.push(() => server.close());
  const site = new ModbusSite([{ id: "c", profile: controller, writes }]);
  const driver = await site.driver("modbus-tcp", { host: "127.0.0.1", port: server.port, timeout: "300ms" });
  const intake = new RecordingIntake();
  await driver.start(intake);
  cleanUp.push(() => driver.stop());
  await until("it is read", () => intake.readings.some(({ reason }) => reason === "good"));
  const write = (output: string, value: number) => driver.write!({ device: 0, output, value });
  return { bank, server, driver, intake, write };
}

describe("an output that the site allows", () => {
  test.each([
    ["horn", 1, { code: 5, address: 3, values: [1] }],
    ["horn", 0, { code: 5, address: 3, values: [0] }],
    ["horns", 1, { code: 15, address: 5, values: [1] }],
    ["fan", 2, { code: 6, address: 10, values: [2] }],
    ["limit", 20.5, { code: 16, address: 20, values: [0x0000, 0x41a4] }],
    ["setpoint", -12.3, { code: 6, address: 30, values: [0x1_0000 - 123] }],
    ["many", 7, { code: 16, address: 35, values: [7] }],
  ] as const)("%s is set to %d and read back", async (output, value, wire) => {
    const { write, bank } = await running();
    expect(await write(output, value)).toMatchObject({ verified: true });
    expect(bank.writes).toEqual([wire]);
  });

  test("of which a coil takes the time of a pulse is told so in one word", async () => {
    const { write, bank } = await running();
    bank.takesWord = (address) => address === 0x0200;
    bank.onWrite = () => bank.coils.set(3, 1);
    expect(await write("pulse", 30)).toEqual({ verified: true, to: "unit 1, coil 512", raw: "300" });
    expect(bank.writes).toEqual([{ code: 5, address: 0x0200, values: [300] }]);
    bank.onWrite = () => bank.coils.set(3, 0);
    await expect(write("pulse", 30)).rejects.toMatchObject({ code: "WRITE_UNVERIFIED" });
    await expect(write("pulse", 0)).rejects.toMatchObject({ code: "WRITE_REFUSED" });
  });

  test("that resets itself is not read back, and that is said", async () => {
    const { write, bank } = await running();
    bank.onWrite = () => bank.set(40, 0);
    expect(await write("reset", 0x5a5a)).toEqual({
      verified: false,
      to: "unit 1, holding 40",
      raw: "0x5A5A",
    });
  });

  test("is read back where the profile says the state stands", async () => {
    const { write, bank } = await running();
    bank.onWrite = (_, [value = 0]) => bank.set(51, value);
    expect(await write("valve", 1)).toMatchObject({ verified: true });
    // The command was taken, the valve is stuck.
    bank.onWrite = () => {};
    await expect(write("valve", 0)).rejects.toMatchObject({ code: "WRITE_UNVERIFIED" });
  });

  test("that does not change is a write that failed, though the device confirmed it", async () => {
    const { write, bank } = await running();
    bank.onWrite = () => bank.set(10, 0);
    await expect(write("fan", 2)).rejects.toMatchObject({ code: "WRITE_UNVERIFIED" });
  });

  test("that the device refuses is told with its exception", async () => {
    const { write, bank } = await running();
    bank.locked.add(10);
    await expect(write("fan", 2)).rejects.toMatchObject({ code: "DEVICE_EXCEPTION", exception: 4 });
  });

  test("whose confirmation is lost has been written when it stands there", async () => {
    const { write, bank, server } = await running();
    server.answer = (request, socket) => {
      const mute = request.code === 6;
      bank.answer(request, mute ? ({ write: () => true } as never) : socket);
    };
    expect(await write("fan", 1)).toMatchObject({ verified: true });
    bank.onWrite = () => bank.set(10, 9);
    await expect(write("fan", 2)).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
  });
});

describe("nothing is written", () => {
  test.each([
    ["that the site file does not list", ["horn"], "fan", 1],
    ["that the profile does not have", ALL, "pump", 1],
    ["that is none of the states", ALL, "fan", 3],
    ["that is outside the range", ALL, "limit", 100.5],
    ["that is no number", ALL, "limit", Number.NaN],
    ["that would have to be rounded", ALL, "setpoint", 1.23],
    ["to a coil but off and on", ALL, "horn", 2],
  ])("%s", async (_, allowed, output, value) => {
    const { write, bank } = await running(allowed.filter((id) => id !== output || id !== "pump"));
    await expect(write(output, value)).rejects.toMatchObject({ code: "WRITE_REFUSED" });
    expect(bank.writes).toEqual([]);
  });

  test("while the link is down, and the caller is told at once", async () => {
    const { write, server, intake } = await running();
    await server.close();
    await until("the link is down", () => intake.health.some(({ thing, up }) => thing === "link" && !up));
    await expect(write("horn", 1)).rejects.toMatchObject({ code: "LINK_REFUSED" });
  });
});

describe("a bus with a long queue of reads", () => {
  test("an output is switched before the reads that wait, and no read is lost by it", async () => {
    const server = await RawServer.start("mbap");
    cleanUp.push(() => server.close());
    const held: (() => void)[] = [];
    server.answer = (request, socket) => {
      held.push(() =>
        socket.write(mbap(request, request.code === 1 ? Buffer.from([1]) : ownAddresses(request))),
      );
      if (request.code === 5) server.answer = original;
    };
    const bank = new RegisterBank();
    const original: RawServer["answer"] = (request, socket) => bank.answer(request, socket);
    const site = new ModbusSite([
      {
        id: "c",
        writes: ["horn"],
        profile: {
          modbus: {
            period: "10s",
            channels: Object.fromEntries(
              Array.from({ length: 20 }, (_, i) => [`r${i}`, { address: i * 100 + 1000 }]),
            ),
            outputs: { horn: { table: "coil", address: 3 } },
          },
        },
      },
    ]);
    const driver = await site.driver("modbus-tcp", { host: "127.0.0.1", port: server.port, timeout: "5s" });
    const intake = new RecordingIntake();
    await driver.start(intake);
    cleanUp.push(() => driver.stop());
    await until("the first read is under way", () => server.requests.length === 1);
    server.answer = original;
    const written = driver.write!({ device: 0, output: "horn", value: 1 });
    held[0]!();
    expect(await written).toMatchObject({ verified: true });
    const codes = server.requests.map(({ code }) => code);
    expect(codes.slice(0, 2)).toEqual([3, 5]);
    await until(
      "all are read",
      () => intake.readings.filter(({ reason }) => reason === "good").length === 20,
    );
  });
});
