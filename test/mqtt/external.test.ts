import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import mqttPacket, { type Packet } from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import { MqttBus } from "../../drivers/mqtt/client/bus.ts";
import { type ClientDriver, create } from "../../drivers/mqtt/client/driver.ts";
import { clientOptionsSchema, connectionOptionsSchema } from "../../drivers/mqtt/client/options.ts";
import { SILENT } from "../../model/log.ts";
import { MINUTE, SystemClock } from "../../model/time.ts";
import { missing } from "../servers/available.ts";
import { type Mosquitto, startMosquitto } from "../servers/mosquitto.ts";
import { publish, publishLines, subscribe } from "../servers/mosquitto-clients.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { clientContext, TestSite, total } from "./site.ts";

const TOPIC = "devices/g/depth";
const site = () =>
  new TestSite([
    { id: "g", profile: "plain-value" },
    { id: "z", profile: "zigbee2mqtt-smoke" },
  ]);
const FAST = { backoff: { first: "50ms", greatest: "200ms" } } as const;

/** Everything that a test opened, closed in the opposite order. */
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function broker(options: Parameters<typeof startMosquitto>[0] = {}): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(options);
  opened.push(() => mosquitto.close());
  return mosquitto;
}

async function gateway(
  url: string,
  options: Partial<Parameters<typeof clientContext>[0]> = {},
  instant = true,
) {
  const context = clientContext({ url, ...FAST, ...options }, { site: site() });
  const driver: ClientDriver = create(context);
  const intake = new RecordingIntake({ instant });
  await driver.start(intake);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await driver.stop();
  };
  opened.push(stop);
  return { context, driver, intake, stop, values: () => intake.readings.map(({ value }) => value) };
}

/** The subscription is there when a message comes through. */
async function listening({ intake }: { intake: RecordingIntake }, mosquitto: Mosquitto): Promise<void> {
  await until("it listens", async () => {
    await publish(mosquitto, { topic: TOPIC, payload: "0" });
    return intake.readings.length > 0;
  });
  intake.messages.length = 0;
}

describe.skipIf(missing("mosquitto", "mosquitto_pub"))("devices behind Mosquitto", () => {
  describe.each([4, 5] as const)("protocol %s", (protocol) => {
    test("are heard, and the broker keeps what is not on disk", async () => {
      const mosquitto = await broker();
      const first = await gateway(mosquitto.url, { protocol });
      await listening(first, mosquitto);
      first.intake.instant = false;
      await publishLines(mosquitto, { topic: TOPIC, lines: ["1", "2", "3"] });
      await until("all have entered", () => first.values().length === 3);
      expect(first.driver.held).toBe(3);
      const durable = first.intake.messages[0]!.ticket;
      first.intake.makeDurable(durable);
      await until("one is acknowledged", () => first.driver.held === 2);
      // The disk is dead; so is the gateway.
      await first.stop();
      const second = await gateway(mosquitto.url, { protocol });
      await until("the broker sends the rest again", () => second.values().length === 2);
      expect(second.values()).toEqual([2, 3]);
    });

    test("messages that arrive while the gateway is away are kept for it", async () => {
      const mosquitto = await broker();
      const first = await gateway(mosquitto.url, { protocol });
      await listening(first, mosquitto);
      await first.stop();
      await publishLines(mosquitto, { topic: TOPIC, lines: ["1", "2", "3"] });
      const second = await gateway(mosquitto.url, { protocol });
      await until("they arrive", () => second.values().length === 3);
      expect(second.values()).toEqual([1, 2, 3]);
    });

    test.each([0, 1, 2] as const)("QoS %s is one reading", async (qos) => {
      const mosquitto = await broker();
      const gate = await gateway(mosquitto.url, { protocol, qos: 2 });
      await listening(gate, mosquitto);
      await publish(mosquitto, { topic: TOPIC, payload: "5", qos });
      await publish(mosquitto, { topic: TOPIC, payload: "6", qos });
      await until("both have entered", () => gate.values().length >= 2);
      expect(gate.values()).toEqual([5, 6]);
    });

    test("a restarted broker is found again, and the link says both", async () => {
      const mosquitto = await broker({ persistence: true });
      const gate = await gateway(mosquitto.url, { protocol });
      await listening(gate, mosquitto);
      await mosquitto.restart();
      await until("the link is back", () => gate.intake.health.length === 3);
      expect(gate.intake.health.map(({ up, reason }) => `${up} ${reason}`)).toEqual([
        "true good",
        "false not_connected",
        "true good",
      ]);
      await listening(gate, mosquitto);
      await publish(mosquitto, { topic: TOPIC, payload: "7" });
      await until("it is heard", () => gate.values().includes(7));
    });

    test("a broker that lost its memory is subscribed to again", async () => {
      const mosquitto = await broker();
      const gate = await gateway(mosquitto.url, { protocol });
      await listening(gate, mosquitto);
      await mosquitto.kill();
      await mosquitto.start();
      await listening(gate, mosquitto);
    });
  });

  test("an unacknowledged message that comes again after a broken connection is counted once", async () => {
    const mosquitto = await broker({ persistence: true });
    const gate = await gateway(mosquitto.url);
    await listening(gate, mosquitto);
    gate.intake.instant = false;
    await publish(mosquitto, { topic: TOPIC, payload: "1" });
    await until("it has entered", () => gate.values().length === 1);
    await mosquitto.restart();
    await until("it has come again", () => total(gate.context.counters, "mqtt_repeats") === 1);
    gate.intake.makeDurable();
    await until("it is acknowledged", () => gate.driver.held === 0);
    expect(gate.values()).toEqual([1]);
  });

  test("MQTT 5 lifts the broker's limit of twenty messages in flight", async () => {
    const mosquitto = await broker({ maxInflight: 0 });
    const gate = await gateway(mosquitto.url, { protocol: 5, limits: { inFlight: 200 } });
    await listening(gate, mosquitto);
    gate.intake.instant = false;
    await publishLines(mosquitto, { topic: TOPIC, lines: Array.from({ length: 300 }, (_, n) => `${n}`) });
    await until("two hundred are in flight", () => gate.driver.held === 200);
    gate.intake.instant = true;
    gate.intake.makeDurable();
    await until("all have entered", () => gate.values().length === 300);
  });

  test("retained messages without a time are uncertain: they can raise, never clear", async () => {
    const mosquitto = await broker();
    await publish(mosquitto, { topic: "zigbee2mqtt/z", payload: '{"smoke":false}', retain: true });
    const gate = await gateway(mosquitto.url);
    await until("it has entered", () => gate.intake.readings.length === 1);
    expect(gate.intake.readings[0]).toMatchObject({ value: 0, reason: "last_usable" });
    await publish(mosquitto, { topic: "zigbee2mqtt/z", payload: '{"smoke":false}', retain: true });
    await until("the live one has entered", () => gate.intake.readings.length === 2);
    expect(gate.intake.readings[1]).toMatchObject({ value: 0, reason: "good" });
  });

  test("retained messages are left alone when the site says so; retained availability counts", async () => {
    const mosquitto = await broker();
    await publish(mosquitto, { topic: "zigbee2mqtt/z", payload: '{"smoke":true}', retain: true });
    const gate = await gateway(mosquitto.url, { retained: "ignore" });
    await listening(gate, mosquitto);
    expect(gate.intake.readings).toEqual([]);
  });

  test("wrong credentials are a link that is down; the secret named in the site file opens it", async () => {
    const mosquitto = await broker({ users: { gateway: "value-of-env-PASSWORD" } });
    const wrong = await gateway(mosquitto.url, { username: "gateway", password: "env:OTHER" });
    await until("it is refused", () => wrong.intake.health.length === 1);
    expect(wrong.intake.health[0]).toMatchObject({ up: false, reason: "not_connected" });
    const right = await gateway(mosquitto.url, {
      username: "gateway",
      password: "env:PASSWORD",
      clientId: "right",
    });
    await until("it is in", () => right.intake.health[0]?.up === true);
  });
});

describe("a broker that is not there", () => {
  test("is a normal situation: the driver starts, reports it once, and stops at once", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const gate = await gateway(`mqtt://127.0.0.1:${port}`);
    await until("it is reported", () => gate.intake.health.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(gate.intake.health).toEqual([{ thing: "link", index: 0, up: false, reason: "not_connected" }]);
    await within("the driver stops", gate.stop(), 2_000);
  });
});

/** A broker that says only what a test tells it to. */
class ScriptedBroker {
  readonly packets: Packet[] = [];
  connections = 0;
  socket: Socket | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      this.connections++;
      this.socket = socket;
      const parser = mqttPacket.parser({ protocolVersion: 4 });
      parser.on("packet", (packet: Packet) => {
        this.packets.push(packet);
        if (packet.cmd === "connect") this.send({ cmd: "connack", returnCode: 0, sessionPresent: true });
        if (packet.cmd === "subscribe") {
          this.send({
            cmd: "suback",
            messageId: packet.messageId!,
            granted: packet.subscriptions.map(() => 0x80),
          });
        }
      });
      parser.on("error", () => socket.destroy());
      socket.on("data", (bytes) => parser.parse(bytes));
      socket.on("error", () => {});
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    opened.push(async () => {
      this.socket?.destroy();
      await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    });
    return `mqtt://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  send(packet: Packet): void {
    this.socket?.write(mqttPacket.generate(packet));
  }

  publish(
    payload: string,
    { qos = 1, id = 1, dup = false }: { qos?: 0 | 1 | 2; id?: number; dup?: boolean } = {},
  ): void {
    this.send({
      cmd: "publish",
      topic: TOPIC,
      payload,
      qos,
      dup,
      retain: false,
      ...(qos === 0 ? {} : { messageId: id }),
    });
  }

  of(command: Packet["cmd"]): Packet[] {
    return this.packets.filter(({ cmd }) => cmd === command);
  }
}

describe("what an external broker can do to us", () => {
  test("a refused subscription is said, not swallowed", async () => {
    const scripted = new ScriptedBroker();
    const gate = await gateway(await scripted.listen(), { protocol: 4 });
    await until("it is counted", () => total(gate.context.counters, "mqtt_subscriptions_refused") > 0);
  });

  test("connects with a stable id and a session that is kept, unless told otherwise", async () => {
    const scripted = new ScriptedBroker();
    await gateway(await scripted.listen(), { protocol: 4 });
    await until("CONNECT arrives", () => scripted.of("connect").length === 1);
    expect(scripted.of("connect")[0]).toMatchObject({
      clientId: "tocsin-broker",
      clean: false,
      keepalive: 30,
    });
  });

  test("QoS 2: one reading per packet identifier, PUBREC when it is on disk", async () => {
    const scripted = new ScriptedBroker();
    const gate = await gateway(await scripted.listen(), { protocol: 4 }, false);
    await until("SUBSCRIBE arrives", () => scripted.of("subscribe").length > 0);
    scripted.publish("1", { qos: 2, id: 4 });
    scripted.publish("1", { qos: 2, id: 4, dup: true });
    scripted.publish("2", { qos: 0 });
    await until("the later one has entered", () => gate.values().includes(2));
    expect(gate.values()).toEqual([1, 2]);
    expect(scripted.of("pubrec")).toEqual([]);
    gate.intake.makeDurable();
    await until("PUBREC arrives", () => scripted.of("pubrec").length === 2);
    scripted.send({ cmd: "pubrel", messageId: 4 });
    await until("PUBCOMP arrives", () => scripted.of("pubcomp").length === 1);
    scripted.publish("3", { qos: 2, id: 4 });
    await until("the next has entered", () => gate.values().includes(3));
  });

  test("a packet beyond the limit, or nonsense, ends the connection; a new one follows", async () => {
    const scripted = new ScriptedBroker();
    const gate = await gateway(await scripted.listen(), { protocol: 4, limits: { packet: "4KiB" } });
    await until("it is in", () => scripted.of("connect").length === 1);
    scripted.socket!.write(Buffer.from("30ffffff7f", "hex"));
    await until("it comes again", () => scripted.of("connect").length === 2);
    scripted.socket!.write(Buffer.from("0000ff", "hex"));
    await until("and again", () => scripted.of("connect").length === 3);
    scripted.publish("1");
    await until("and listens", () => gate.values().includes(1));
  });

  test("a broker that accepts and says nothing is given up in time", async () => {
    const server = createServer(() => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => sockets.add(socket));
    opened.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    const { port } = server.address() as { port: number };
    const gate = await gateway(`mqtt://127.0.0.1:${port}`, { connectTimeout: "100ms" });
    await until("it has tried again", () => sockets.size >= 3);
    expect(gate.intake.health).toHaveLength(1);
  });

  test("an address with a password in it is a mistake of the site file", () => {
    for (const url of [
      "mqtt://user:secret@host",
      "http://host",
      "mqtt://",
      "mqtt://host/path",
      "host:1883",
    ]) {
      expect(clientOptionsSchema.safeParse({ url }).success, url).toBe(false);
    }
    expect(clientOptionsSchema.safeParse({ url: "mqtts://[2001:db8::1]:8883" }).success).toBe(true);
    expect(clientOptionsSchema.safeParse({ url: "mqtt://h", password: "secret" }).success).toBe(false);
  });
});

/** A line to a broker that can be cut. */
async function relayTo(port: number): Promise<{ url: string; cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ port, host: "127.0.0.1" });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      sockets.add(socket);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  opened.push(async () => {
    cut();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, cut };
}

function bus(url: string, options: Partial<ConstructorParameters<typeof MqttBus>[0]> = {}): MqttBus {
  const made = new MqttBus({
    name: "county",
    connection: connectionOptionsSchema.parse({ url, ...FAST, protocol: 5 }),
    clientId: "gateway-7",
    clock: new SystemClock(),
    log: SILENT,
    ...options,
  });
  opened.push(() => made.stop());
  made.start();
  return made;
}

describe.skipIf(missing("mosquitto", "mosquitto_pub", "mosquitto_sub"))(
  "a message bus over Mosquitto",
  () => {
    test("publishes with QoS 1 in order, resolving when the broker has it", async () => {
      const mosquitto = await broker();
      const uplink = bus(mosquitto.url, { window: 5 });
      await until("it is connected", () => uplink.connected);
      await using subscription = await subscribe(mosquitto, ["tocsin/#"]);
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          uplink.publish("tocsin/s/event", `${n}`, { qos: 1, retain: false }),
        ),
      );
      const messages = await subscription.waitForCount(100);
      expect(messages.map(({ payload }) => Number(payload))).toEqual(
        Array.from({ length: 100 }, (_, n) => n),
      );
    });

    test("hears commands, and not its own publications", async () => {
      const mosquitto = await broker();
      const uplink = bus(mosquitto.url);
      const heard: string[] = [];
      uplink.subscribe("tocsin/s/command/#", ({ topic, payload, sender }) =>
        heard.push(`${topic} ${Buffer.from(payload)} ${sender.client} ${sender.user}`),
      );
      await until("it is connected", () => uplink.connected);
      await until("it hears", async () => {
        await publish(mosquitto, { topic: "tocsin/s/command/reset", payload: "x" });
        return heard.length > 0;
      });
      expect(heard[0]).toBe("tocsin/s/command/reset x county undefined");
      const before = heard.length;
      await uplink.publish("tocsin/s/command/result/1", "done", { qos: 1, retain: false });
      await publish(mosquitto, { topic: "tocsin/s/command/end", payload: "x" });
      await until("the last one is heard", () => heard.at(-1)?.includes("end") === true);
      expect(heard.slice(before).some((line) => line.includes("result"))).toBe(false);
    });

    test("what the broker kept while it was away is marked, what is new again is not", async () => {
      const mosquitto = await broker();
      const relay = await relayTo(mosquitto.port);
      const clock = new JumpingClock();
      const uplink = bus(relay.url, { clock });
      const heard: string[] = [];
      uplink.subscribe("tocsin/s/command/#", ({ payload, waited }) =>
        heard.push(`${Buffer.from(payload)} ${waited}`),
      );
      const say = (payload: string) => publish(mosquitto, { topic: "tocsin/s/command/shelve", payload });
      await until("it hears", async () => {
        await say("first");
        return heard.includes("first false");
      });
      relay.cut();
      await until("it is away", () => !uplink.connected);
      await say("kept");
      await until("it has what was kept", () => heard.includes("kept true"));
      clock.jump(MINUTE);
      await say("new");
      await until("it has what is new", () => heard.includes("new false"));
    });

    test("rejects what a lost connection leaves open, and comes back by itself", async () => {
      const mosquitto = await broker();
      const uplink = bus(mosquitto.url);
      const seen: boolean[] = [];
      uplink.onConnected((connected) => seen.push(connected));
      await until("it is connected", () => uplink.connected);
      mosquitto.server.pause();
      const open = uplink.publish("tocsin/s/event", "1", { qos: 1, retain: false });
      const rejected = expect(open).rejects.toMatchObject({ code: "LINK_DOWN" });
      await mosquitto.kill();
      await rejected;
      await expect(uplink.publish("tocsin/s/event", "2", { qos: 1, retain: false })).rejects.toMatchObject({
        code: "LINK_DOWN",
      });
      await mosquitto.start();
      await until("it is back", () => uplink.connected);
      await uplink.publish("tocsin/s/event", "3", { qos: 1, retain: false });
      expect(seen).toEqual([true, false, true]);
    });

    test("its will is published when it vanishes, not when it says goodbye", async () => {
      const mosquitto = await broker();
      const will = { topic: "tocsin/s/status", payload: "offline", retain: true };
      await using subscription = await subscribe(mosquitto, ["tocsin/s/status"]);
      const polite = bus(mosquitto.url, { will, clientId: "polite" });
      await until("it is connected", () => polite.connected);
      await polite.stop();
      const relay = await relayTo(mosquitto.port);
      const vanishing = bus(relay.url, { will: { ...will, payload: "gone" }, clientId: "vanishing" });
      await until("it is connected", () => vanishing.connected);
      relay.cut();
      const first = await subscription.waitFor(() => true);
      expect(first.payload.toString()).toBe("gone");
    });
  },
);
