import { afterEach, describe, expect, test } from "vitest";
import { ORDERS } from "../../drivers/modbus/codec.ts";
import { encode } from "../../drivers/modbus/encode.ts";
import { missing } from "../servers/available.ts";
import { startPymodbus } from "../servers/pymodbus.ts";
import { startSerialPair } from "../servers/serial-pair.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function run(devices: readonly TestDevice[], type: string, options: object) {
  const site = new ModbusSite(devices);
  const intake = new RecordingIntake();
  const driver = await site.driver(type, { timeout: "500ms", ...options });
  await driver.start(intake);
  cleanUp.push(() => driver.stop());
  return {
    site,
    intake,
    value: (device: string, channel: string) =>
      until(`${device}.${channel} is read`, () => {
        const index = site.index(device, channel);
        const found = intake.readings.findLast((reading) => reading.channel === index);
        return found?.reason === "good" || found?.reason === "over_range" ? found : undefined;
      }),
  };
}

/** One value in the four orders, one after the other from address 100. */
const inFourOrders: TestDevice["profile"] = {
  modbus: {
    channels: Object.fromEntries(
      ORDERS.map((order, i) => [order.toLowerCase(), { address: 100 + 2 * i, type: "f32" as const, order }]),
    ),
  },
};
const fourOrders = ORDERS.flatMap((order) => encode(-273.25, { type: "f32", order }));

describe.skipIf(missing("pymodbus"))("a server that is not ours, over TCP", () => {
  test("detectors of two profiles behind one gateway", async () => {
    const server = await startPymodbus({
      units: {
        // Locked over range beside a fault: the value counts.
        1: { holding: { values: { 0: [1037, 0b0100_0110, 3, 9] } } },
        2: {
          holding: {
            values: {
              2: encode(0.75, { type: "f32", order: "ABCD" }),
              8: encode(11.5, { type: "f32", order: "ABCD" }),
            },
          },
        },
      },
    });
    cleanUp.push(() => server.stop());
    const { value } = await run(
      [
        { id: "gd", profile: "generic-lel", unit: 1, period: 50_000 },
        { id: "probe", profile: "keller-series30", unit: 2, period: 50_000 },
      ],
      "modbus-tcp",
      { host: server.host, port: server.port },
    );
    expect(await value("gd", "lel")).toMatchObject({ value: 103.7, reason: "over_range" });
    expect(await value("gd", "fault")).toMatchObject({ value: 1 });
    expect(await value("gd", "fault_code")).toMatchObject({ value: 3 });
    expect(await value("probe", "pressure")).toMatchObject({ value: 75 });
    expect(await value("probe", "temperature")).toMatchObject({ value: 11.5 });
    await server.set({ unit: 1, table: "holding", address: 0, values: [205, 0] });
    await until("the new value", async () => (await value("gd", "lel")).value === 20.5);
  });

  test("registers that do not exist are left out", async () => {
    const server = await startPymodbus({ units: { 1: { holding: { holes: [[105, 2]] } } } });
    cleanUp.push(() => server.stop());
    const addresses = Array.from({ length: 40 }, (_, i) => 90 + i);
    const { intake, site, value } = await run(
      [
        {
          id: "a",
          profile: {
            modbus: { channels: Object.fromEntries(addresses.map((at) => [`r${at}`, { address: at }])) },
          },
          period: 50_000,
        },
      ],
      "modbus-tcp",
      { host: server.host, port: server.port },
    );
    await value("a", "r129");
    const [first] = intake.messages;
    expect(first!.readings.filter(({ reason }) => reason !== "good").map(({ channel }) => channel)).toEqual([
      site.index("a", "r105"),
      site.index("a", "r106"),
    ]);
    expect(first!.readings.filter(({ reason }) => reason === "good").map(({ value }) => value)).toEqual(
      addresses.filter((at) => at !== 105 && at !== 106),
    );
  });

  test("one number in the four byte orders", async () => {
    const server = await startPymodbus({ units: { 1: { holding: { values: { 100: fourOrders } } } } });
    cleanUp.push(() => server.stop());
    const { value } = await run([{ id: "a", profile: inFourOrders }], "modbus-tcp", {
      host: server.host,
      port: server.port,
    });
    for (const order of ORDERS)
      expect(await value("a", order.toLowerCase())).toMatchObject({ value: -273.25 });
  });

  test("is stopped and started again", async () => {
    const server = await startPymodbus({ units: { 1: {} } });
    cleanUp.push(() => server.stop());
    const { intake, value } = await run(
      [{ id: "a", profile: { modbus: { period: "50ms", channels: { r7: { address: 7 } } } } }],
      "modbus-tcp",
      { host: server.host, port: server.port, reconnect: "200ms" },
    );
    await value("a", "r7");
    await server.kill();
    await until("the link is down", () => intake.health.some(({ thing, up }) => thing === "link" && !up));
    await server.start();
    const from = intake.messages.length;
    await until("readings again", () =>
      intake.messages.slice(from).some(({ readings }) => readings.some(({ reason }) => reason === "good")),
    );
    expect(intake.health.filter(({ thing }) => thing === "link").map(({ up }) => up)).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe.skipIf(missing("pymodbus")).each([
  ["rtu", "modbus-rtu-over-tcp"],
  ["ascii", "modbus-ascii-over-tcp"],
] as const)("a server that is not ours, %s over TCP", (framer, type) => {
  test("is read frame by frame", async () => {
    const server = await startPymodbus({
      framer,
      units: { 7: { holding: { values: { 100: fourOrders } } } },
    });
    cleanUp.push(() => server.stop());
    const { value } = await run([{ id: "a", profile: inFourOrders, unit: 7 }], type, {
      host: server.host,
      port: server.port,
    });
    for (const order of ORDERS)
      expect(await value("a", order.toLowerCase())).toMatchObject({ value: -273.25 });
  });
});

describe.skipIf(missing("pymodbus", "socat"))("a server that is not ours, on a serial line", () => {
  test("answers its units, while one that is not there costs its neighbours nothing", async () => {
    const cable = await startSerialPair();
    cleanUp.push(() => cable.stop());
    const server = await startPymodbus({
      serial: cable.right,
      units: { 1: {}, 2: { input: { values: { 0: [2345] } }, coils: {} } },
    });
    cleanUp.push(() => server.stop());
    const { value, intake } = await run(
      [
        { id: "a", unit: 1, profile: { modbus: { period: "100ms", channels: { r7: { address: 7 } } } } },
        { id: "absent", unit: 3, profile: { modbus: { period: "100ms", channels: { r7: { address: 7 } } } } },
        {
          id: "b",
          unit: 2,
          profile: {
            channels: { t: { quantity: "temperature" } },
            modbus: {
              period: "100ms",
              channels: {
                t: { table: "input", address: 0, scale: 0.01 },
                c9: { table: "coil", address: 9 },
              },
            },
          },
        },
      ],
      "modbus-rtu",
      { path: cable.left, baudRate: 19_200 },
    );
    expect(await value("a", "r7")).toMatchObject({ value: 7 });
    expect((await value("b", "t")).value).toBeCloseTo(23.45, 9);
    expect(await value("b", "c9")).toMatchObject({ value: 1 });
    await until("the absent one is reported", () =>
      intake.health.some(({ thing, index, up }) => thing === "device" && index === 1 && !up),
    );
  });

  test("answers in ASCII", async () => {
    const cable = await startSerialPair();
    cleanUp.push(() => cable.stop());
    const server = await startPymodbus({
      serial: cable.right,
      framer: "ascii",
      units: { 9: { holding: { values: { 100: fourOrders } } } },
    });
    cleanUp.push(() => server.stop());
    const { value } = await run([{ id: "a", profile: inFourOrders, unit: 9 }], "modbus-ascii", {
      path: cable.left,
    });
    for (const order of ORDERS)
      expect(await value("a", order.toLowerCase())).toMatchObject({ value: -273.25 });
  });

  test("a cable that is pulled is a link that is lost", async () => {
    const cable = await startSerialPair();
    cleanUp.push(() => cable.stop());
    const server = await startPymodbus({ serial: cable.right, units: { 1: {} } });
    cleanUp.push(() => server.stop());
    const { value, intake } = await run(
      [{ id: "a", unit: 1, profile: { modbus: { period: "50ms", channels: { r7: { address: 7 } } } } }],
      "modbus-rtu",
      { path: cable.left, reconnect: "200ms" },
    );
    await value("a", "r7");
    await cable.stop();
    await until("the link is down", () => intake.health.some(({ thing, up }) => thing === "link" && !up));
    expect(intake.readings.at(-1)).toMatchObject({ reason: "not_connected" });
  });
});
