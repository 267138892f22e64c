import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { STOP_BOUND } from "../../drivers/driver.ts";
import { dialInSchema } from "../../drivers/modbus/dial-in-options.ts";
import { Heartbeats } from "../../drivers/modbus/heartbeats.ts";
import { Registrations } from "../../drivers/modbus/registrations.ts";
import { MILLISECOND, SystemClock } from "../../model/time.ts";
import { RTU_FRAMING, TCP_FRAMING } from "../../simulators/modbus-frame.ts";
import { ModbusModem } from "../../simulators/modbus-modem.ts";
import { modbusLine } from "../../simulators/modbus-session.ts";
import type { ModbusUnit } from "../../simulators/modbus-unit.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

const profile: Exclude<TestDevice["profile"], string> = {
  modbus: {
    period: "50ms",
    channels: { r7: { address: 7 } },
    outputs: { horn: { address: 9, states: { off: 0, on: 1 } } },
  },
};

interface Options {
  readonly devices?: readonly TestDevice[];
  readonly link?: object;
}

async function gateway({ devices, link = {} }: Options = {}) {
  const site = new ModbusSite(
    devices ?? [
      { id: "a1", unit: 1, address: { modem: "alpha" }, profile },
      { id: "a2", unit: 2, address: { modem: "alpha" }, profile, writes: ["horn"] },
      { id: "b1", unit: 1, address: { modem: "beta" }, profile },
    ],
  );
  const intake = new RecordingIntake();
  const driver = await site.driver("modbus-dial-in", {
    listen: "127.0.0.1:0",
    modems: { alpha: { text: "DTU-1" }, beta: { text: "DTU-12" } },
    heartbeats: [{ text: "PING" }, { hex: "00" }],
    timeout: "200ms",
    away: "1s",
    ...link,
  });
  await driver.start(intake);
  cleanUp.push(() => driver.stop());
  const port = Number(driver.listening!.split(":").at(-1));
  const last = (device: string) => {
    const index = site.index(device, "r7");
    return intake.readings.findLast((reading) => reading.channel === index);
  };
  const fresh = async (device: string) => {
    const from = intake.messages.length;
    const index = site.index(device, "r7");
    return await until(`${device} is read`, () =>
      intake.messages
        .slice(from)
        .flatMap(({ readings }) => readings)
        .find((reading) => reading.channel === index && reading.reason === "good"),
    );
  };
  const health = (thing: "link" | "device", index: number) =>
    intake.health.filter((row) => row.thing === thing && row.index === index).map(({ up }) => up);
  return { site, intake, driver, port, last, fresh, health };
}

/** A unit whose registers hold a number; FC 6 sets one. */
function unit(value: number, faults: ModbusUnit["faults"] = () => []): ModbusUnit {
  const written = new Map<number, number>();
  return {
    faults,
    memory: {
      writable: true,
      read: (_table, { address, count }) =>
        Uint16Array.from({ length: count }, (_, i) => written.get(address + i) ?? value),
      write: (_table, address, { values }) => {
        written.set(address, values[0]!);
        return true;
      },
    },
  };
}

const clock = new SystemClock();
const moment = { elapsed: 0, story: 0, round: 0 };

interface ModemOptions {
  readonly framing?: typeof RTU_FRAMING;
  readonly heartbeat?: { bytes: Buffer; every: number };
}

function modem(
  port: number,
  registration: string | Buffer,
  units: Readonly<Record<number, ModbusUnit>>,
  { framing = RTU_FRAMING, heartbeat }: ModemOptions = {},
) {
  const line = modbusLine({
    framing,
    units: new Map(Object.entries(units).map(([id, one]) => [Number(id), one])),
    unknownUnit: "silent",
    stage: { clock, moment: () => moment } as never,
  });
  const made = new ModbusModem(line, {
    server: { host: "127.0.0.1", port },
    registration: Buffer.from(registration),
    heartbeat,
    redial: 50 * MILLISECOND,
  });
  made.start();
  cleanUp.push(() => made.stop());
  return made;
}

async function socket(port: number): Promise<{ socket: Socket; closed: () => boolean }> {
  const made = connect(port, "127.0.0.1");
  let closed = false;
  made.on("error", () => {});
  made.on("close", () => {
    closed = true;
  });
  made.resume();
  cleanUp.push(() => made.destroy());
  await until("it is connected", () => !made.connecting);
  return { socket: made, closed: () => closed };
}

describe("modems that dial in", () => {
  test("are known by their packets, and each carries its own units", async () => {
    const { port, fresh, health, site } = await gateway();
    modem(port, "DTU-1\r\n", { 1: unit(11), 2: unit(12) });
    modem(port, "DTU-12", { 1: unit(21) });
    expect(await fresh("a1")).toMatchObject({ value: 11 });
    expect(await fresh("a2")).toMatchObject({ value: 12 });
    expect(await fresh("b1")).toMatchObject({ value: 21 });
    expect(health("link", 0)).toEqual([true]);
    expect(site.count("modbus_modems_registered")).toBe(2);
  });

  test("speak Modbus TCP where the link says so", async () => {
    const { port, fresh } = await gateway({ link: { framing: "mbap" } });
    modem(port, "DTU-12", { 1: unit(21) }, { framing: TCP_FRAMING });
    expect(await fresh("b1")).toMatchObject({ value: 21 });
  });

  test("send heartbeats anywhere between frames: no noise, no failure", async () => {
    const { port, fresh, site } = await gateway();
    const beat = { bytes: Buffer.from("PING\0"), every: 7 * MILLISECOND };
    modem(port, "PINGDTU-12\0", { 1: unit(21) }, { heartbeat: beat });
    for (let i = 0; i < 10; i++) expect(await fresh("b1")).toMatchObject({ value: 21 });
    await until("heartbeats were heard", () => site.count("modbus_heartbeat_bytes") > 20);
    expect(site.count("modbus_failures")).toBe(0);
    expect(site.count("modbus_stray_bytes")).toBe(0);
  });

  test("let an output behind them be switched", async () => {
    const { port, fresh, driver } = await gateway();
    modem(port, "DTU-1", { 1: unit(11), 2: unit(12) });
    await fresh("a2");
    expect(await driver.write!({ device: 1, output: "horn", value: 1 })).toMatchObject({ verified: true });
    await expect(driver.write!({ device: 0, output: "horn", value: 1 })).rejects.toMatchObject({
      code: "WRITE_REFUSED",
    });
    const bytes = await driver.readRaw!({ modem: "alpha", unit: 2, table: "holding", address: 9, count: 1 });
    expect([...bytes]).toEqual([0, 1]);
  });

  test("that never come leave their devices not connected, and the others are read", async () => {
    const { port, fresh, health, last, driver } = await gateway();
    modem(port, "DTU-12", { 1: unit(21) });
    await fresh("b1");
    await until("its devices are reported", () => health("device", 0).length > 0);
    expect(health("device", 0)).toEqual([false]);
    expect(last("a1")).toMatchObject({ reason: "not_connected" });
    await expect(driver.read(0, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: "LINK_DOWN" });
    expect((await fresh("b1")).value).toBe(21);
    expect(health("link", 0)).toEqual([true]);
  });

  test("that are reset dial in again, and nobody is told when it is quick", async () => {
    const { port, fresh, health } = await gateway();
    const alpha = modem(port, "DTU-1", { 1: unit(11), 2: unit(12) });
    await fresh("a1");
    alpha.reset();
    await until("it has dialled again", () => alpha.connections === 2);
    await fresh("a1");
    expect(health("device", 0)).toEqual([true]);
  });

  test("that vanish and dial in anew replace what was left of them", async () => {
    const { port, fresh, site } = await gateway();
    const alpha = modem(port, "DTU-1", { 1: unit(11), 2: unit(12) });
    await fresh("a1");
    alpha.vanish();
    await until("it has taken its old place", () => site.count("modbus_modems_replaced") === 1);
    await fresh("a1");
    await fresh("a2");
  });

  test("that are switched off are reported, and reported back", async () => {
    const { port, fresh, health } = await gateway();
    const alpha = modem(port, "DTU-1", { 1: unit(11), 2: unit(12) });
    await fresh("a1");
    alpha.stop();
    await until("its devices are lost", () => health("device", 0).at(-1) === false);
    alpha.start();
    await fresh("a1");
    expect(health("device", 0)).toEqual([true, false, true]);
  });

  test("with three of thirty units dead: the others keep their polls", async () => {
    const dead = new Set([5, 15, 25]);
    const devices = Array.from({ length: 30 }, (_, i) => ({
      id: `d${i + 1}`,
      unit: i + 1,
      address: { modem: "alpha" },
      profile: { modbus: { period: "500ms", channels: { r7: { address: 7 } } } },
    }));
    const { port, intake, site, health } = await gateway({ devices });
    const units = Object.fromEntries(
      devices.filter(({ unit: id }) => !dead.has(id)).map((device) => [device.unit, unit(device.unit)]),
    );
    modem(port, "DTU-1", units);
    for (const id of dead) await until(`d${id} is reported`, () => health("device", id - 1).length > 0);
    const count = (id: number) =>
      intake.readings.filter(
        ({ channel, reason }) => channel === site.index(`d${id}`, "r7") && reason === "good",
      ).length;
    const alive = devices.map(({ unit: id }) => id).filter((id) => !dead.has(id));
    const before = new Map(alive.map((id) => [id, count(id)]));
    const missed = site.count("modbus_missed_cycles");
    await until("one has been polled twenty times", () => count(1) - before.get(1)! >= 20, {
      withinMs: 60_000,
    });
    const polled = alive.map((id) => count(id) - before.get(id)!);
    expect(Math.min(...polled)).toBeGreaterThanOrEqual(19);
    expect(site.count("modbus_missed_cycles") - missed).toBeLessThanOrEqual(0.05 * 20 * alive.length);
  });
});

describe("those who dial in and are no modem of the site", () => {
  test("are ended, counted, and named with their packet and address", async () => {
    const { port, site, driver, intake } = await gateway();
    const stranger = await socket(port);
    stranger.socket.write("DTU-123\r\n");
    await until("it is ended", stranger.closed);
    expect(site.count("modbus_unknown_modems")).toBe(1);
    expect(driver.strangers!()).toMatchObject([
      { address: 'modems: { new: { text: "DTU-123" } }', said: "DTU-123", count: 1, link: "bus-1" },
    ]);
    expect(driver.strangers!()[0]!.peer).toContain("127.0.0.1");
    expect(intake.undecodable).toHaveLength(1);
    expect(intake.readings.filter(({ reason }) => reason === "good")).toEqual([]);
  });

  test("are shown in hexadecimal when they do not speak text, and remembered within a bound", async () => {
    const { port, driver } = await gateway({ link: { limits: { strangers: 2 } } });
    for (const byte of [1, 2, 3]) {
      const stranger = await socket(port);
      stranger.socket.write(Buffer.from([0xaa, byte]));
      await until("it is ended", stranger.closed);
    }
    expect(driver.strangers!().map(({ said }) => said)).toEqual(["aa02", "aa03"]);
  });

  test("are ended when they say nothing, or say it byte by byte for ever", async () => {
    const { port, site } = await gateway({ link: { limits: { registration: "1s" } } });
    const silent = await socket(port);
    const slow = await socket(port);
    const drip = setInterval(() => slow.socket.write("D"), 100);
    cleanUp.push(() => clearInterval(drip));
    await until("both are ended", () => silent.closed() && slow.closed());
    expect(site.count("modbus_modems_cut") + site.count("modbus_unknown_modems")).toBeGreaterThanOrEqual(2);
  });

  test("do not keep the modems of the site away, however many they are", async () => {
    const { port, fresh, site } = await gateway({ link: { limits: { waiting: 5 } } });
    for (let i = 0; i < 20; i++) await socket(port);
    modem(port, "DTU-12", { 1: unit(21) });
    expect(await fresh("b1")).toMatchObject({ value: 21 });
    expect(site.count("modbus_modems_cut", { why: "too many waiting" })).toBeGreaterThan(10);
  });

  test("are ended when what they say has no end", async () => {
    const { port, site } = await gateway();
    const flood = await socket(port);
    flood.socket.write(Buffer.alloc(100_000, 0x41));
    await until("it is ended", flood.closed);
    expect(site.count("modbus_unknown_modems")).toBe(1);
  });
});

test("stopping is bounded, also with modems connected, waited for and half known; nothing enters after it", async () => {
  const { port, fresh, driver, intake } = await gateway();
  modem(port, "DTU-12", { 1: unit(21) });
  await socket(port);
  await fresh("b1");
  await within("stop", driver.stop(), STOP_BOUND / 1000);
  const entered = intake.messages.length;
  await expect(
    new Promise((resolve, reject) =>
      connect(port, "127.0.0.1").once("connect", resolve).once("error", reject),
    ),
  ).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(intake.messages).toHaveLength(entered);
});

describe("a registration packet", () => {
  const registrations = (modems: Parameters<typeof dialInSchema.parse>[0]) => {
    const options = dialInSchema.parse({ modems, heartbeats: [{ text: "PING" }, { hex: "fe fe" }] });
    return new Registrations(
      options.modems,
      new Heartbeats([Buffer.from("PING"), Buffer.from([0xfe, 0xfe])]),
    );
  };
  const texts = registrations({
    one: { text: "DTU-1" },
    twelve: { text: "DTU-12" },
    bytes: { hex: "AA 55 01" },
  });
  const imeis = registrations({ one: { imei: "861234567890123" }, text: { text: "X" } });

  test.each([
    [texts, "DTU-1", { modem: "one" }],
    [texts, "DTU-12\r\n", { modem: "twelve" }],
    [texts, "PING\r\nDTU-1\0PINGPING", { modem: "one" }],
    [texts, "\xaa\x55\x01", { modem: "bytes" }],
    [texts, "\xfe\xfe\xaa\x55\x01\xfe\xfe", { modem: "bytes" }],
    [texts, "DT", "incomplete"],
    [texts, "PING", "incomplete"],
    [texts, "DTU-123", "unknown"],
    [texts, "DTU-1DTU-1", "unknown"],
    [texts, "dtu-1", "unknown"],
    [texts, "GET / HTTP/1.1\r\n\r\n", "unknown"],
    [imeis, "IMEI:861234567890123;V1.2", { modem: "one" }],
    [imeis, "861234567890123", { modem: "one" }],
    [imeis, "IMEI:8612345678901234", "incomplete"],
    [imeis, "IMEI:861234567890124;", "unknown"],
    [imeis, "X", { modem: "text" }],
  ] as const)("%#: %j", (known, packet, said) => {
    expect(known.judge(Buffer.from(packet, "latin1"))).toEqual(said);
  });

  test("that two modems send would not tell them apart", () => {
    const parsed = dialInSchema.safeParse({ modems: { a: { text: "A" }, b: { hex: "41" } } });
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([["modems", "b"]]);
  });

  test("protects nothing: a link that is open to the world says so itself", () => {
    const modems = { a: { text: "A" } };
    const tried = (more: object) =>
      dialInSchema.safeParse({ listen: "0.0.0.0:5020", modems, ...more }).success;
    expect([tried({}), tried({ from: ["10.20.0.0/16"] }), tried({ anybody: true })]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
