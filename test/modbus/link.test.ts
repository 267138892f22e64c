import { ServerTCP } from "modbus-serial";
import { afterEach, describe, expect, test } from "vitest";
import { type Driver, STOP_BOUND } from "../../drivers/driver.ts";
import { LinkDown } from "../../drivers/modbus/failure.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { exception, mbap, ownAddresses, type RawRequest, RawServer, rtu } from "./raw-server.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

/*
 * Real traffic against a server that does what it should not. Registers hold their own address, so that a value in the wrong
 * channel shows.
 */

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** Channels `r<address>` of single holding registers. */
function registers(addresses: readonly number[], more: object = {}): Exclude<TestDevice["profile"], string> {
  return {
    modbus: {
      period: "50ms",
      channels: Object.fromEntries(addresses.map((address) => [`r${address}`, { address }])),
      ...more,
    },
  };
}

async function server(framing: "mbap" | "rtu"): Promise<RawServer> {
  const raw = await RawServer.start(framing);
  cleanUp.push(() => raw.close());
  return raw;
}

interface Running {
  readonly site: ModbusSite;
  readonly intake: RecordingIntake;
  readonly driver: Driver;
  /** Last value and reason of a channel, `undefined` before the first. */
  last(device: string, channel: string): { value: number; reason: string } | undefined;
  /** Waits for a reading newer than now. */
  fresh(device: string, channel: string): Promise<{ value: number; reason: string }>;
}

async function run(devices: readonly TestDevice[], type: string, options: object): Promise<Running> {
  const site = new ModbusSite(devices);
  const intake = new RecordingIntake();
  const driver = await site.driver(type, { host: "127.0.0.1", timeout: "150ms", ...options });
  await driver.start(intake);
  cleanUp.push(() => driver.stop());
  const last = (device: string, channel: string) => {
    const index = site.index(device, channel);
    return intake.readings.findLast((reading) => reading.channel === index);
  };
  return {
    site,
    intake,
    driver,
    last,
    fresh: async (device, channel) => {
      const index = site.index(device, channel);
      const from = intake.messages.length;
      return await until(`${device}.${channel} is read again`, () =>
        intake.messages
          .slice(from)
          .flatMap(({ readings }) => readings)
          .find((reading) => reading.channel === index),
      );
    },
  };
}

const both = [
  ["modbus-tcp", "mbap"],
  ["modbus-rtu-over-tcp", "rtu"],
] as const;

describe.each(both)("%s: a server that misbehaves", (type, framing) => {
  const answer = (request: RawRequest, data?: Buffer) =>
    framing === "mbap" ? mbap(request, data) : rtu(request, data);
  const good = { value: 7, reason: "good" };

  test("answers in fragments of one byte", async () => {
    const raw = await server(framing);
    raw.answer = (request, socket) => {
      const bytes = [...answer(request)];
      const next = () => {
        const byte = bytes.shift();
        if (byte === undefined || socket.destroyed) return;
        socket.write(Buffer.from([byte]));
        setImmediate(next);
      };
      next();
    };
    const { fresh } = await run([{ id: "a", profile: registers([7, 8]) }], type, { port: raw.port });
    expect(await fresh("a", "r7")).toMatchObject(good);
  });

  test("sends stray bytes before and after its answers", async () => {
    const raw = await server(framing);
    raw.answer = (request, socket) =>
      socket.write(
        Buffer.concat([Buffer.from([0x00, 0xff, 0x01]), answer(request), Buffer.from([0x55, 0, 0])]),
      );
    const { fresh, site } = await run([{ id: "a", profile: registers([7]) }], type, { port: raw.port });
    await fresh("a", "r7");
    expect(await fresh("a", "r7")).toMatchObject(good);
    expect(site.count("modbus_stray_bytes")).toBeGreaterThan(0);
    expect(site.count("modbus_failures")).toBe(0);
  });

  test("sends noise that looks like a header promising more", async () => {
    const raw = await server(framing);
    // As MBAP: an unknown transaction, 250 bytes to come. As RTU: unit 1, FC 3, 200 bytes to come.
    const noise = framing === "mbap" ? [0x77, 0x77, 0, 0, 0, 250] : [1, 3, 200];
    raw.answer = (request, socket) => socket.write(Buffer.concat([Buffer.from(noise), answer(request)]));
    const { fresh } = await run([{ id: "a", profile: registers([7]) }], type, { port: raw.port });
    expect(await fresh("a", "r7")).toMatchObject(good);
  });

  test("answers as another unit: that request fails, the other device is read", async () => {
    const raw = await server(framing);
    raw.answer = (request, socket) =>
      socket.write(answer(request.unit === 1 ? { ...request, unit: 9 } : request));
    const { fresh, intake, site } = await run(
      [
        { id: "wrong", profile: registers([7]), unit: 1 },
        { id: "right", profile: registers([7]), unit: 2 },
      ],
      type,
      { port: raw.port },
    );
    expect(await fresh("right", "r7")).toMatchObject(good);
    await until("the device is reported", () =>
      intake.health.some(({ thing, index }) => thing === "device" && index === 0),
    );
    expect(await fresh("wrong", "r7")).toMatchObject({ value: Number.NaN, reason: "communication_error" });
    expect(intake.health).toContainEqual({
      thing: "device",
      index: 0,
      up: false,
      reason: "communication_error",
    });
    expect(intake.health).toContainEqual({ thing: "device", index: 1, up: true, reason: "good" });
    expect(site.count("modbus_failures", { code: "DEVICE_ANSWER" })).toBeGreaterThan(0);
    expect(raw.connections).toBe(1);
  });

  test("never answers one block: only its channels suffer", async () => {
    const raw = await server(framing);
    raw.answer = (request, socket) => {
      if (request.address !== 100) socket.write(answer(request));
    };
    const { fresh, last, intake } = await run([{ id: "a", profile: registers([7, 100, 200]) }], type, {
      port: raw.port,
    });
    expect(await fresh("a", "r7")).toMatchObject(good);
    expect(last("a", "r100")).toMatchObject({ reason: "no_communication" });
    expect(last("a", "r200")).toMatchObject({ value: 200, reason: "good" });
    await until("the silent block is asked less often", () => {
      const asked = (address: number) => raw.requests.filter((request) => request.address === address).length;
      return asked(7) > 20 && asked(100) < asked(7) / 2;
    });
    expect(intake.health.filter(({ thing }) => thing === "device")).toEqual([
      { thing: "device", index: 0, up: true, reason: "good" },
    ]);
  });

  test("refuses one register of a block: it is named and left out, the rest goes on", async () => {
    const raw = await server(framing);
    const illegal = 12;
    raw.answer = (request, socket) => {
      const touched = request.address <= illegal && illegal < request.address + request.count;
      socket.write(touched ? exception(framing, request, 2) : answer(request));
    };
    const addresses = Array.from({ length: 20 }, (_, i) => i);
    const { intake, fresh, last, site } = await run([{ id: "a", profile: registers(addresses) }], type, {
      port: raw.port,
    });
    await until("the first message", () => intake.messages[0]);
    // Already the first message has every other register.
    const [first] = intake.messages;
    expect(first!.readings.filter(({ reason }) => reason === "good")).toHaveLength(19);
    expect(first!.readings[illegal]).toMatchObject({ value: Number.NaN, reason: "configuration_error" });
    expect(await fresh("a", "r19")).toMatchObject({ value: 19, reason: "good" });
    expect(last("a", `r${illegal}`)).toMatchObject({ reason: "configuration_error" });
    expect(site.count("modbus_excluded_registers")).toBe(1);
    raw.requests.length = 0;
    await fresh("a", "r19");
    await fresh("a", "r19");
    // Only on its own is it ever asked for again, now and then.
    const touching = raw.requests.filter(
      ({ address, count }) => address <= illegal && illegal < address + count,
    );
    expect(touching.every(({ count }) => count === 1)).toBe(true);
    raw.answer = (request, socket) => socket.write(answer(request));
    await until("it is read again once the device has it", () => last("a", `r${illegal}`)?.reason === "good");
    expect(last("a", `r${illegal}`)).toMatchObject({ value: illegal });
  });

  test.each([
    [1, "configuration_error", "不支持的功能码"],
    [2, "configuration_error", "寄存器地址不存在"],
    [3, "configuration_error", "数据值或数量不合法"],
    [4, "device_failure", "从站设备故障"],
    [5, "communication_error", "已受理"],
    [6, "communication_error", "从站忙"],
    [7, "device_failure", "否定应答"],
    [8, "device_failure", "奇偶校验"],
    [9, "communication_error", "未定义"],
    [10, "communication_error", "网关通路不可用"],
    [11, "no_communication", "目标设备无应答"],
    [200, "communication_error", "未定义"],
  ])("answers with exception %i: its meaning is said", async (code, reason, words) => {
    const raw = await server(framing);
    raw.answer = (request, socket) => socket.write(exception(framing, request, code));
    const { fresh, driver } = await run([{ id: "a", profile: registers([7]) }], type, { port: raw.port });
    expect(await fresh("a", "r7")).toMatchObject({ value: Number.NaN, reason });
    const told = await driver
      .read(0, AbortSignal.timeout(5000))
      .catch((error: Error) => [{ raw: String(error) }]);
    expect(told[0]!.raw).toContain(words);
  });

  test("resets the connection over one block: the others are read on a new one", async () => {
    const raw = await server(framing);
    raw.answer = (request, socket) => {
      if (request.address === 100) socket.resetAndDestroy();
      else socket.write(answer(request));
    };
    const { fresh, intake, last, site } = await run([{ id: "a", profile: registers([7, 100, 200]) }], type, {
      port: raw.port,
    });
    expect(await fresh("a", "r200")).toMatchObject({ value: 200, reason: "good" });
    expect(await fresh("a", "r7")).toMatchObject(good);
    expect(last("a", "r100")).toMatchObject({ reason: "communication_error" });
    expect(site.count("modbus_reconnects")).toBeGreaterThan(0);
    expect(intake.health.filter(({ thing, up }) => thing === "link" && !up)).toEqual([]);
  });

  test("stalls: every request settles and the device is reported once", async () => {
    const raw = await server(framing);
    raw.answer = () => {};
    const { fresh, intake } = await run([{ id: "a", profile: registers([7]) }], type, { port: raw.port });
    expect(await fresh("a", "r7")).toMatchObject({ value: Number.NaN, reason: "no_communication" });
    await fresh("a", "r7");
    expect(intake.health.filter(({ thing }) => thing === "device")).toEqual([
      { thing: "device", index: 0, up: false, reason: "no_communication" },
    ]);
    raw.answer = (request, socket) => socket.write(answer(request));
    await until("it is back", () => intake.health.some(({ thing, up }) => thing === "device" && up));
    expect(await fresh("a", "r7")).toMatchObject(good);
  });

  test("is switched off and on: the link is lost once, all channels are bad once, and it all comes back", async () => {
    const raw = await server(framing);
    const { fresh, intake, site } = await run(
      [
        { id: "a", profile: registers([7, 8]), unit: 1 },
        { id: "b", profile: registers([7]), unit: 2 },
      ],
      type,
      { port: raw.port, reconnect: "200ms" },
    );
    await fresh("b", "r7");
    const before = intake.messages.length;
    await raw.close();
    await until("the link is down", () => intake.health.find(({ thing, up }) => thing === "link" && !up));
    const lost = intake.messages.slice(before).flatMap(({ readings }) => readings);
    for (const [device, channel] of [
      ["a", "r7"],
      ["a", "r8"],
      ["b", "r7"],
    ] as const) {
      const index = site.index(device, channel);
      const bad = lost.filter((reading) => reading.channel === index && reading.reason === "not_connected");
      expect(bad).toHaveLength(1);
      expect(bad[0]!.value).toBeNaN();
    }
    await raw.listen();
    expect(await fresh("b", "r7")).toMatchObject(good);
    expect(intake.health.filter(({ thing }) => thing === "link").map(({ up }) => up)).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("is not there at the start: the link is down, and up when it comes", async () => {
    const raw = await server(framing);
    await raw.close();
    const { fresh, intake, last } = await run([{ id: "a", profile: registers([7]) }], type, {
      port: raw.port,
      reconnect: "200ms",
    });
    await until("the link is down", () => intake.health.length > 0);
    expect(intake.health).toEqual([{ thing: "link", index: 0, up: false, reason: "not_connected" }]);
    expect(last("a", "r7")).toMatchObject({ reason: "not_connected" });
    await raw.listen();
    expect(await fresh("a", "r7")).toMatchObject(good);
    expect(intake.health[1]).toEqual({ thing: "link", index: 0, up: true, reason: "good" });
  });

  test("nothing enters after stop, though an answer is on its way, and stop is bounded", async () => {
    const raw = await server(framing);
    const { intake, driver, fresh } = await run([{ id: "a", profile: registers([7]) }], type, {
      port: raw.port,
      timeout: "10s",
    });
    await fresh("a", "r7");
    const held: (() => void)[] = [];
    raw.answer = (request, socket) => held.push(() => socket.write(answer(request)));
    await until("a request is under way", () => held.length > 0);
    await within("stop", driver.stop(), STOP_BOUND / 1000);
    const entered = intake.messages.length;
    const health = intake.health.length;
    for (const write of held) write();
    raw.disconnect();
    // A driver that went on would have polled several times by then.
    const { connections } = raw;
    await until("a peer that came later is served", async () => {
      const other = await run([{ id: "b", profile: registers([8]) }], type, { port: raw.port });
      raw.answer = (request, socket) => socket.write(answer(request));
      return (await other.fresh("b", "r8")).value === 8;
    });
    expect(raw.connections).toBe(connections + 1);
    expect(intake.messages).toHaveLength(entered);
    expect(intake.health).toHaveLength(health);
  });
});

describe("Modbus TCP", () => {
  test("a connection on which nothing is heard any more is made anew, and the link is not lost by that", async () => {
    const raw = await server("mbap");
    const { fresh, intake } = await run([{ id: "a", profile: registers([7]) }], "modbus-tcp", {
      port: raw.port,
    });
    await fresh("a", "r7");
    // The peer has lost its state: it takes the bytes and never answers on this connection.
    const deaf = raw.connections;
    raw.answer = (request, socket) => {
      if (raw.connections > deaf) socket.write(mbap(request));
    };
    await until("another connection", () => raw.connections > deaf);
    await until("it is read again", () => intake.readings.at(-1)?.reason === "good");
    expect(intake.health.filter(({ thing }) => thing === "link").map(({ up }) => up)).toEqual([true]);
  });

  test("an answer with another transaction id is not ours, and a late one is not the next one's", async () => {
    const raw = await server("mbap");
    const late: Buffer[] = [];
    raw.answer = (request, socket) => {
      if (request.number % 3 === 2) {
        // Too late: it comes together with the next answer, glued in front of it.
        late.push(mbap({ ...request }, Buffer.from([0xde, 0xad])));
        return;
      }
      socket.write(
        Buffer.concat([...late.splice(0), mbap({ ...request, transaction: 0xfffe }), mbap(request)]),
      );
    };
    const { intake } = await run([{ id: "a", profile: registers([7]) }], "modbus-tcp", { port: raw.port });
    await until("answers", () => intake.readings.filter(({ reason }) => reason === "good").length >= 2);
    expect(intake.readings.filter(({ value }) => value === 0xdead)).toEqual([]);
  });

  test("an instrument that always answers as unit 255 is read where the workaround says so", async () => {
    const raw = await server("mbap");
    raw.answer = (request, socket) => socket.write(mbap({ ...request, unit: 255 }));
    const { fresh } = await run(
      [{ id: "a", profile: registers([7], { workarounds: { acceptAnyUnit: true } }) }],
      "modbus-tcp",
      { port: raw.port },
    );
    expect(await fresh("a", "r7")).toMatchObject({ value: 7, reason: "good" });
  });

  test("several requests under way are told apart though answered in reverse", async () => {
    const raw = await server("mbap");
    const held: (() => void)[] = [];
    raw.answer = (request, socket) => {
      held.push(() => socket.write(mbap(request)));
      if (held.length === 4) for (const write of held.splice(0).reverse()) write();
    };
    const { fresh, last } = await run([{ id: "a", profile: registers([0, 100, 200, 300]) }], "modbus-tcp", {
      port: raw.port,
      inFlight: 4,
    });
    await fresh("a", "r0");
    for (const address of [0, 100, 200, 300]) {
      expect(last("a", `r${address}`)).toMatchObject({ value: address, reason: "good" });
    }
  });

  test("coils and discrete inputs of modbus-serial's own server", async () => {
    const served = new ServerTCP(
      {
        getCoil: (address: number) => address % 3 === 0,
        getDiscreteInput: (address: number) => address % 2 === 1,
        getInputRegister: (address: number) => address + 1000,
        getHoldingRegister: (address: number) => address,
      },
      { host: "127.0.0.1", port: 0, unitID: 1 },
    );
    cleanUp.push(() => new Promise((resolve) => served.close(resolve)));
    const port = await new Promise<number>((resolve) =>
      served.on("initialized", () => {
        const { _server } = served as unknown as { _server: { address(): { port: number } } };
        resolve(_server.address().port);
      }),
    );
    const { fresh, last } = await run(
      [
        {
          id: "a",
          profile: {
            modbus: {
              channels: {
                c9: { table: "coil", address: 9 },
                c10: { table: "coil", address: 10 },
                d5: { table: "discrete", address: 5 },
                i7: { table: "input", address: 7 },
                h8: { address: 8 },
              },
            },
          },
        },
      ],
      "modbus-tcp",
      { port },
    );
    await fresh("a", "h8");
    expect(["c9", "c10", "d5", "i7", "h8"].map((channel) => last("a", channel)?.value)).toEqual([
      1, 0, 1, 1007, 8,
    ]);
  });
});

describe("RTU over TCP", () => {
  test("a late answer is never taken for that of another register", async () => {
    const raw = await server("rtu");
    // The first comes after its deadline of 150 ms, when the next question of the same shape would be under way.
    raw.answer = (request, socket) => {
      setTimeout(() => socket.write(rtu(request)), request.address === 100 ? 230 : 60);
    };
    const { intake, site } = await run(
      [{ id: "a", profile: registers([100, 200, 300], { workarounds: { oneRequestPerChannel: true } }) }],
      "modbus-rtu-over-tcp",
      { port: raw.port },
    );
    const good = () => intake.readings.filter(({ reason }) => reason === "good");
    await until("several cycles", () => good().length >= 8);
    for (const { channel, value } of good()) {
      expect(value).toBe(channel === site.index("a", "r200") ? 200 : 300);
    }
  });

  test("a two-wire converter that echoes our own question is no noise", async () => {
    const raw = await server("rtu");
    raw.answer = (request, socket) => socket.write(Buffer.concat([request.frame, rtu(request)]));
    const { fresh, site } = await run([{ id: "a", profile: registers([7]) }], "modbus-rtu-over-tcp", {
      port: raw.port,
    });
    expect(await fresh("a", "r7")).toMatchObject({ value: 7, reason: "good" });
    expect(site.count("modbus_stray_bytes")).toBe(0);
  });

  test("a damaged answer is asked for once more at once", async () => {
    const raw = await server("rtu");
    raw.answer = (request, socket) => {
      const bytes = rtu(request);
      if (request.number % 2 === 1) bytes[3]! ^= 0x10;
      socket.write(bytes);
    };
    const { intake } = await run([{ id: "a", profile: registers([7]) }], "modbus-rtu-over-tcp", {
      port: raw.port,
    });
    await until("readings", () => intake.readings.length >= 3);
    expect(intake.readings.every(({ value, reason }) => value === 7 && reason === "good")).toBe(true);
  });
});

describe("what a device says now", () => {
  test("raw registers stand beside decoded values", async () => {
    const raw = await server("mbap");
    raw.answer = (request, socket) => {
      const data = ownAddresses(request);
      // Midas: monitoring, 12.5 ppm in CDAB at 2 and 3, unit ppm at 6.
      const words: Record<number, number> = { 0: 0x0001, 2: 0x0000, 3: 0x4148, 6: 0x0001 };
      for (const [address, word] of Object.entries(words)) {
        const at = Number(address) - request.address;
        if (at >= 0 && at < request.count) data.writeUInt16BE(word, at * 2);
      }
      socket.write(mbap(request, data));
    };
    const { driver } = await run([{ id: "a", profile: "honeywell-midas" }], "modbus-tcp", { port: raw.port });
    const values = await driver.read(0, AbortSignal.timeout(5000));
    expect(values.find(({ channel }) => channel === "concentration")).toMatchObject({
      raw: "0x0000 0x4148",
      from: "holding 2..3",
      value: 12.5,
      reason: 0,
    });
    expect(values.find(({ channel }) => channel === "alarm2")).toMatchObject({
      from: "holding 0 bit 7",
      value: 0,
    });
  });

  test("a device that does not answer is an error with a code", async () => {
    const raw = await server("mbap");
    raw.answer = () => {};
    const { driver } = await run([{ id: "a", profile: registers([7]) }], "modbus-tcp", { port: raw.port });
    await expect(driver.read(0, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
  });

  test("a link that is down is an error that names the peer", async () => {
    const raw = await server("mbap");
    await raw.close();
    const { driver, intake } = await run([{ id: "a", profile: registers([7]) }], "modbus-tcp", {
      port: raw.port,
    });
    await until("the link is down", () => intake.health.length > 0);
    const failure = driver.read(0, AbortSignal.timeout(5000));
    await expect(failure).rejects.toBeInstanceOf(LinkDown);
    await expect(failure).rejects.toMatchObject({ code: "LINK_REFUSED" });
  });
});
