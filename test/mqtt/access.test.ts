import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { BusMessage } from "../../drivers/driver.ts";
import { type BrokerDriver, create } from "../../drivers/mqtt/broker/driver.ts";
import type { BrokerOptions } from "../../drivers/mqtt/broker/options.ts";
import { brokerOptionsSchema } from "../../drivers/mqtt/broker/options.ts";
import {
  checkHash,
  hashPassword,
  PasswordVerifier,
  verifyPassword,
} from "../../drivers/mqtt/broker/password.ts";
import type { Log } from "../../model/log.ts";
import { SILENT } from "../../model/log.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { RawClient } from "./raw-client.ts";
import { brokerContext, type TestContext, TestSite, total } from "./site.ts";

const SHARED = {
  channels: { depth: { quantity: "water_depth" } },
  payload: { topic: "shared/up", messages: [{ device: "id", channels: { depth: {} } }] },
} as const;

let hash = "";
beforeAll(async () => {
  hash = await hashPassword("right");
});

/** A county's broker: two gauges with a user each, a bridge, one of the staff, an observer. */
class Stage {
  readonly context: TestContext<BrokerOptions>;
  readonly driver: BrokerDriver;
  readonly intake = new RecordingIntake();
  readonly warnings: string[] = [];
  readonly #clients: RawClient[] = [];

  constructor(options: Parameters<typeof brokerContext>[0] = {}) {
    const log: Log = {
      ...SILENT,
      warn: (fields, message) => this.warnings.push(`${message} ${JSON.stringify(fields)}`),
    };
    const site = new TestSite([
      { id: "g1", profile: "plain-value" },
      { id: "g2", profile: "plain-value" },
      {
        id: "s1",
        profile: {
          channels: { ...SHARED.channels },
          payload: { topic: SHARED.payload.topic, messages: [{ device: "id", channels: { depth: {} } }] },
        },
      },
      {
        id: "s2",
        profile: {
          channels: { ...SHARED.channels },
          payload: { topic: SHARED.payload.topic, messages: [{ device: "id", channels: { depth: {} } }] },
        },
      },
    ]);
    const users = {
      gauge1: { password: hash, role: "device" as const, devices: ["g1"] },
      gauge2: { password: hash, role: "device" as const, devices: ["g2"] },
      bridge: { password: hash, role: "device" as const, devices: ["s1"], topics: ["bridge/#"] },
      wang: { password: hash, role: "staff" as const },
      screen: { password: hash, role: "observer" as const },
    };
    this.context = brokerContext({ users, ...options }, { site, log });
    this.driver = create(this.context);
  }

  async as(
    username: string | undefined,
    packet: Parameters<typeof RawClient.connect>[1] = {},
  ): Promise<RawClient> {
    const login = username === undefined ? {} : { username, password: Buffer.from("right") };
    const client = await RawClient.connect(this.driver.address.port, {
      clientId: username ?? "nobody",
      ...login,
      ...packet,
    });
    this.#clients.push(client);
    return client;
  }

  get denied(): number {
    return total(this.context.counters, "mqtt_denied");
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.break();
    await this.driver.stop();
  }
}

let stage: Stage | undefined;
const open = async (options: Parameters<typeof brokerContext>[0] = {}) => {
  stage = new Stage(options);
  await stage.driver.start(stage.intake);
  return stage;
};
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

/** The broker takes it: it is acknowledged and the connection stays. */
async function accepted(client: RawClient, topic: string, payload = "1"): Promise<void> {
  const before = client.of("puback").length;
  client.publish(topic, payload);
  await client.waitFor("puback", before + 1);
}

/** The broker does not: no acknowledgement that would be a lie, and the connection ends. */
async function refused(
  client: RawClient,
  topic: string,
  options: Parameters<RawClient["publish"]>[2] = {},
): Promise<void> {
  client.publish(topic, "1", options);
  await client.waitForClose();
  expect(client.acknowledged).toEqual([]);
}

async function granted(client: RawClient, filter: string): Promise<boolean> {
  const before = client.of("suback").length;
  client.send({ cmd: "subscribe", messageId: before + 1, subscriptions: [{ topic: filter, qos: 1 }] });
  await client.waitFor("suback", before + 1);
  return client.of("suback").at(-1)!.granted[0] !== 0x80;
}

describe("logging in", () => {
  test("needs a name and its password", async () => {
    const { as } = { as: (await open()).as.bind(stage) };
    expect((await as(undefined)).returnCode).toBe(4);
    expect((await as("gauge1", { password: Buffer.from("wrong") })).returnCode).toBe(4);
    expect((await as("stranger")).returnCode).toBe(4);
    expect((await as("__proto__")).returnCode).toBe(4);
    expect((await as("gauge1")).returnCode).toBe(0);
    expect(total(stage!.context.counters, "mqtt_logins_failed")).toBe(4);
  });

  test("nobody takes over the client id of another user, a sleeping session included", async () => {
    const county = await open();
    const wang = await county.as("wang", { clientId: "desk", clean: false });
    expect(await granted(wang, "tocsin/#")).toBe(true);
    expect((await county.as("gauge1", { clientId: "desk" })).returnCode).toBe(2);
    await wang.ping();
    await wang.break();
    expect((await county.as("gauge1", { clientId: "desk" })).returnCode).toBe(2);
    const back = await county.as("wang", { clientId: "desk", clean: false });
    expect(back.of("connack")[0]).toMatchObject({ returnCode: 0, sessionPresent: true });
  });

  test("beyond the loopback there is no listener without users", () => {
    const parsed = brokerOptionsSchema.safeParse({ listen: "0.0.0.0:1883" });
    expect(parsed.error?.issues[0]?.path).toEqual(["users"]);
    expect(brokerOptionsSchema.safeParse({ listen: "[::]:1883" }).success).toBe(false);
    expect(brokerOptionsSchema.safeParse({ listen: "127.example.org:1883" }).success).toBe(false);
    expect(brokerOptionsSchema.safeParse({ listen: "127.0.0.1:1883" }).success).toBe(true);
    expect(brokerOptionsSchema.safeParse({ listen: "[::1]:1883" }).success).toBe(true);
    expect(
      brokerOptionsSchema.safeParse({
        listen: "0.0.0.0:1883",
        users: { a: { password: "secret", role: "staff" } },
      }).success,
    ).toBe(false);
  });

  test("a user who speaks for a device that is not there is a mistake of the site file", () => {
    expect(() => new Stage({ users: { a: { password: hash, role: "device", devices: ["g9"] } } })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});

describe("a device", () => {
  test("publishes its own topics and what lies below them", async () => {
    const county = await open();
    const gauge = await county.as("gauge1");
    await accepted(gauge, "devices/g1/depth");
    await accepted(gauge, "devices/g1/log");
    expect(county.intake.readings).toHaveLength(1);
  });

  test.each([
    ["another's topic", "devices/g2/depth"],
    ["what lies beside its topic", "devices/g1x/depth"],
    ["an alarm", "tocsin/demo/alarm/gas/well-3/gd-01/leak"],
    ["the status", "tocsin/demo/status"],
    ["a command", "tocsin/demo/command/acknowledge"],
    ["the bare first level", "tocsin"],
    ["the broker's own", "$SYS/broker/uptime"],
    ["anything else", "elsewhere"],
    ["a topic it does not share", "shared/up"],
  ])("cannot publish %s", async (_, topic) => {
    const county = await open();
    for (const qos of [0, 1, 2] as const) await refused(await county.as("gauge1"), topic, { qos });
    expect(county.denied).toBe(3);
    expect(county.intake.readings).toEqual([]);
    // Once by name; then only the count grows.
    expect(county.warnings).toHaveLength(1);
    expect(county.warnings[0]).toContain("gauge1");
  });

  test("cannot speak for another on a topic they share", async () => {
    const county = await open();
    const bridge = await county.as("bridge");
    await accepted(bridge, "shared/up", '{"id":"s1","depth":1}');
    bridge.publish("shared/up", '{"id":"s2","depth":1}', { id: 2 });
    await bridge.waitForClose();
    expect(county.intake.readings).toHaveLength(1);
    expect(county.denied).toBe(1);
  });

  test("subscribes to its own topics only", async () => {
    const gauge = await (await open()).as("gauge1");
    expect(await granted(gauge, "devices/g1/#")).toBe(true);
    expect(await granted(gauge, "devices/g1/set")).toBe(true);
    for (const filter of [
      "#",
      "devices/#",
      "devices/+/depth",
      "devices/g2/depth",
      "tocsin/#",
      "$SYS/#",
      "+/g1/depth",
    ]) {
      expect(await granted(gauge, filter), filter).toBe(false);
    }
  });

  test("may use the extra topics of its user, and those only", async () => {
    const county = await open();
    const bridge = await county.as("bridge");
    await accepted(bridge, "bridge/state");
    expect(await granted(bridge, "bridge/set/#")).toBe(true);
    await refused(await county.as("bridge"), "devices/g1/depth");
  });

  test("a will under tocsin/ is refused with the connection", async () => {
    const county = await open();
    const topics = ["tocsin/demo/status", "tocsin/demo/command/acknowledge", "devices/g2/depth", "$SYS/x"];
    for (const topic of topics) {
      const client = await county.as("gauge1", {
        will: { topic, payload: Buffer.from("1"), qos: 1, retain: true },
      });
      expect(client.returnCode, topic).toBe(5);
    }
    expect(county.denied).toBe(topics.length);
  });

  test("its own will is heard when it is gone, and is no message while it is there", async () => {
    const county = await open();
    const will = { topic: "devices/g1/depth", payload: Buffer.from("42"), qos: 1 as const, retain: false };
    const gauge = await county.as("gauge1", { will });
    await gauge.ping();
    expect(county.intake.readings).toEqual([]);
    await gauge.break();
    await until("the will enters", () => county.intake.readings.length === 1);
    // It was written before whatever happened since: it may raise an alarm and clears none.
    expect(county.intake.readings[0]).toMatchObject({ value: 42, reason: "last_usable" });
  });
});

describe("staff", () => {
  test("command, and are known by the name they logged in with", async () => {
    const county = await open();
    const heard: BusMessage[] = [];
    county.driver.bus.subscribe("tocsin/demo/command/#", (message) => heard.push(message));
    const wang = await county.as("wang", { clientId: "desk" });
    await accepted(wang, "tocsin/demo/command/acknowledge", '{"user":"li"}');
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({
      topic: "tocsin/demo/command/acknowledge",
      retained: false,
      sender: { client: "desk", user: "wang" },
    });
    expect(Buffer.from(heard[0]!.payload).toString()).toBe('{"user":"li"}');
  });

  test("cannot leave a command behind for later", async () => {
    const county = await open();
    await refused(await county.as("wang"), "tocsin/demo/command/acknowledge", { retain: true });
    const screen = await county.as("screen");
    expect(await granted(screen, "tocsin/#")).toBe(true);
    await screen.ping();
    expect(screen.of("publish")).toEqual([]);
  });

  test.each([
    "tocsin/demo/command/result",
    "tocsin/demo/command/result/1",
    "tocsin/demo/command/",
    "tocsin/demo/command",
    "tocsin/demo/command/acknowledge\u0000",
  ])("cannot answer a command, nor give one without a name: %j", async (topic) => {
    const county = await open();
    await refused(await county.as("wang"), topic);
  });

  test("cannot command by vanishing", async () => {
    const county = await open();
    const will = {
      topic: "tocsin/demo/command/acknowledge",
      payload: Buffer.from("1"),
      qos: 1 as const,
      retain: false,
    };
    expect((await county.as("wang", { will })).returnCode).toBe(5);
  });

  test("are heard although another listener on the bus fails", async () => {
    const county = await open();
    const heard: string[] = [];
    county.driver.bus.subscribe("tocsin/demo/command/+", () => {
      throw new Error("a bug");
    });
    county.driver.bus.subscribe("tocsin/demo/command/+", ({ topic }) => heard.push(topic));
    await accepted(await county.as("wang"), "tocsin/demo/command/reset");
    expect(heard).toEqual(["tocsin/demo/command/reset"]);
  });

  test("cannot forge results, alarms or readings", async () => {
    const county = await open();
    for (const topic of [
      "tocsin/demo/command/result/7",
      "tocsin/demo/alarm/x",
      "tocsin/demo/command",
      "devices/g1/depth",
    ]) {
      await refused(await county.as("wang"), topic);
    }
  });

  test("subscribe to everything under tocsin/ and nothing beside it", async () => {
    const wang = await (await open()).as("wang");
    expect(await granted(wang, "tocsin/demo/event/red/#")).toBe(true);
    expect(await granted(wang, "#")).toBe(false);
    expect(await granted(wang, "devices/#")).toBe(false);
  });
});

describe("an observer", () => {
  test("subscribes to anything but the broker's own topics, and publishes nothing", async () => {
    const county = await open();
    const screen = await county.as("screen");
    expect(await granted(screen, "#")).toBe(true);
    expect(await granted(screen, "$SYS/#")).toBe(false);
    await refused(screen, "tocsin/demo/command/acknowledge");
    await refused(await county.as("screen"), "elsewhere");
  });
});

describe("an open listener on the loopback", () => {
  const site = () => new TestSite([{ id: "g1", profile: "plain-value" }]);
  let driver: BrokerDriver | undefined;
  afterEach(async () => {
    await driver?.stop();
  });

  test("takes device topics and commands, and guards what is the gateway's", async () => {
    const intake = new RecordingIntake();
    const context = brokerContext({}, { site: site() });
    driver = create(context);
    await driver.start(intake);
    const heard: BusMessage[] = [];
    driver.bus.subscribe("tocsin/+/command/+", (message) => heard.push(message));
    const { port } = driver.address;
    await using client = await RawClient.connect(port, { clientId: "cli" });
    await accepted(client, "devices/g1/depth");
    await accepted(client, "tocsin/demo/command/reset");
    await accepted(client, "elsewhere");
    expect(await granted(client, "#")).toBe(true);
    expect(heard.map(({ sender }) => sender)).toEqual([{ client: "cli", user: undefined }]);
    for (const topic of ["tocsin/demo/status", "tocsin/demo/event/red/x", "$SYS/x"]) {
      await refused(await RawClient.connect(port, { clientId: `bad ${topic}` }), topic);
    }
    await refused(await RawClient.connect(port, { clientId: "retains" }), "tocsin/demo/command/reset", {
      retain: true,
    });
    expect(total(context.counters, "mqtt_denied")).toBe(4);
  });
});

describe("passwords", () => {
  test("a hash knows its password and no other, in either composition of an accent", async () => {
    const made = await hashPassword("caf\u00e9 密码");
    expect(await verifyPassword("cafe\u0301 密码", made)).toBe(true);
    expect(await verifyPassword("caf\u00e9 密码 ", made)).toBe(false);
    expect(await hashPassword("caf\u00e9 密码")).not.toBe(made);
  });

  test.each([
    "scrypt:16384:8:1:AAAA:AAAA",
    "scrypt:1000:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "scrypt:1073741824:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "plain",
  ])("%s is refused before anybody logs in", (text) => {
    expect(() => checkHash(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  test("a flood of log-ins is bounded, and whoever has logged in before comes in past it", async () => {
    const verifier = new PasswordVerifier();
    expect(await verifier.verify("right", hash)).toBe(true);
    const attempts = Array.from({ length: 600 }, (_, n) =>
      verifier.verify(`guess ${n}`, hash).catch((error: unknown) => error),
    );
    // Remembered: no turn needed, though more than five hundred wait.
    expect(await verifier.verify("right", hash)).toBe(true);
    const late = await Promise.all(attempts.slice(-50));
    expect(late.every((outcome) => outcome instanceof Error)).toBe(true);
    expect(await attempts[0]).toBe(false);
  });
});
