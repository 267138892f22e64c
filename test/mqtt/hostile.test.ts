import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import mqttPacket from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BrokerDriver, create } from "../../drivers/mqtt/broker/driver.ts";
import type { BrokerOptions } from "../../drivers/mqtt/broker/options.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { RawClient } from "./raw-client.ts";
import { brokerContext, type TestContext, TestSite, total } from "./site.ts";

const TOPIC = "devices/g/depth";

let context: TestContext<BrokerOptions>;
let driver: BrokerDriver;
let intake: RecordingIntake;
let honest: RawClient;
const sockets: Socket[] = [];

beforeEach(async () => {
  context = brokerContext(
    {
      limits: {
        packet: "8KiB",
        connections: 20,
        waiting: 10,
        connectTimeout: "300ms",
        outgoing: "256KiB",
        topicLevels: 8,
        keepalive: "60s",
      },
    },
    { site: new TestSite([{ id: "g", profile: "plain-value" }]) },
  );
  driver = create(context);
  intake = new RecordingIntake();
  await driver.start(intake);
  honest = await RawClient.connect(driver.address.port, { clientId: "honest" });
});

afterEach(async () => {
  // Whatever happened: the honest client was not harmed.
  const before = intake.readings.length;
  honest.publish(TOPIC, "7", { id: 7 });
  await honest.waitFor("puback");
  expect(intake.readings.length).toBe(before + 1);
  await honest.break();
  for (const socket of sockets.splice(0)) socket.destroy();
  await driver.stop();
});

function dial(): { socket: Socket; closed: () => boolean } {
  const socket = connect({ port: driver.address.port, host: "127.0.0.1" });
  let closed = false;
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  socket.resume();
  sockets.push(socket);
  return { socket, closed: () => closed };
}

const hello = (clientId: string) =>
  mqttPacket.generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId,
    clean: true,
    keepalive: 60,
  });

describe("bytes that are no MQTT", () => {
  test.each([
    ["a web browser", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["a TLS client", Buffer.from("16030100a5010000a10303", "hex")],
    ["a Modbus master", Buffer.from("000100000006010300000001", "hex")],
    ["noise", Buffer.from("ff00ff00ff00ff00", "hex")],
    [
      "a publication before CONNECT",
      mqttPacket.generate({ cmd: "publish", topic: TOPIC, payload: "1", qos: 0, dup: false, retain: false }),
    ],
  ])("%s is shown the door at once", async (_, bytes) => {
    const { socket, closed } = dial();
    socket.write(bytes);
    await until("it is closed", closed);
    expect(intake.readings).toEqual([]);
    expect(total(context.counters, "mqtt_connections_cut")).toBe(1);
  });

  test.each([
    ["an unknown protocol name", "100c00045151515104020000" + "0000"],
    ["reserved flags", "100c00044d51545404030000" + "0000"],
    ["a client id that runs past the packet", "100e00044d5154540402003c00ff6162"],
    ["an empty CONNECT", "1000"],
    ["a length of five bytes", "10ffffffff7f"],
  ])("a CONNECT with %s is closed", async (_, hex) => {
    const { socket, closed } = dial();
    socket.write(Buffer.from(hex, "hex"));
    await until("it is closed", closed);
  });

  test.each([
    ["QoS 3", "3606000174" + "000161"],
    ["a topic longer than the packet", "30050010616263"],
    ["a wildcard topic", "30040002612b"],
    ["an empty topic", "30020000"],
    ["a SUBSCRIBE without filters", "82020001"],
    ["a reserved packet type", "f000"],
    ["a second CONNECT", hello("again").toString("hex")],
  ])("a client that sends %s is closed", async (_, hex) => {
    const client = await RawClient.connect(driver.address.port, { clientId: "odd" });
    client.bytes(Buffer.from(hex, "hex"));
    await client.waitForClose();
    expect(intake.readings).toEqual([]);
  });

  test("an MQTT 5 client is told that its version is not spoken here", async () => {
    const client = new RawClient(driver.address.port);
    client.bytes(
      mqttPacket.generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 5,
        clientId: "five",
        clean: true,
        keepalive: 60,
      }),
    );
    await until("CONNACK arrives", () => client.returnCode === 1);
    await client.waitForClose();
  });
});

describe("too large", () => {
  test("an announced packet beyond the limit ends the connection before it is stored", async () => {
    const client = await RawClient.connect(driver.address.port, { clientId: "big" });
    client.bytes(Buffer.from("30ffffff7f", "hex"));
    await client.waitForClose();
    expect(total(context.counters, "mqtt_connections_cut")).toBe(1);
  });

  test("the largest packet that is allowed is taken", async () => {
    const client = await RawClient.connect(driver.address.port, { clientId: "big" });
    client.publish(TOPIC, "1".padStart(8_000, " "), { id: 1 });
    await client.waitFor("puback");
    expect(intake.readings.at(-1)?.value).toBe(1);
    await client.break();
  });

  test("a topic with too many levels ends the connection, in publications, subscriptions and wills", async () => {
    const deep = Array.from({ length: 50 }, () => "a").join("/");
    const publisher = await RawClient.connect(driver.address.port, { clientId: "p" });
    publisher.publish(deep, "1");
    await publisher.waitForClose();
    const subscriber = await RawClient.connect(driver.address.port, { clientId: "s" });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: deep, qos: 0 }] });
    await subscriber.waitForClose();
    const dying = await RawClient.connect(driver.address.port, {
      clientId: "w",
      will: { topic: deep, payload: Buffer.from("1"), qos: 0, retain: false },
    });
    await dying.break();
  });

  test("a keep-alive beyond the limit, or none, is refused", async () => {
    const client = await RawClient.connect(driver.address.port, { clientId: "lazy", keepalive: 0 });
    expect(client.returnCode).not.toBe(0);
    await client.waitForClose();
  });
});

describe("too many", () => {
  test("sockets that say nothing push each other out, and a client that speaks comes in meanwhile", async () => {
    const silent = Array.from({ length: 60 }, () => dial());
    await until("the oldest are gone", () => silent.filter(({ closed }) => closed()).length >= 50);
    const client = await RawClient.connect(driver.address.port, { clientId: "prompt" });
    expect(client.returnCode).toBe(0);
    await until("the others go when their time is over", () => silent.every(({ closed }) => closed()));
    await client.ping();
    await client.break();
  });

  test("a flood from one address pushes out its own, not what waits from another", async () => {
    const { port } = driver.address;
    const slow = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    sockets.push(slow);
    slow.on("error", () => {});
    await until("it is connected", () => slow.readyState === "open");
    const flood = Array.from({ length: 40 }, () => dial());
    await until("the flood is pushed out", () => flood.filter(({ closed }) => closed()).length >= 30);
    slow.write(hello("slow"));
    await until("CONNACK arrives", () => slow.bytesRead === 4);
  });

  test("half-open sockets that begin a CONNECT and never end it are closed in time", async () => {
    const { socket, closed } = dial();
    socket.write(hello("half").subarray(0, 6));
    await until("it is closed", closed);
  });

  test("clients beyond the limit are turned away, and one that leaves makes room", async () => {
    const clients: RawClient[] = [];
    for (let n = 0; n < 19; n++)
      clients.push(await RawClient.connect(driver.address.port, { clientId: `c${n}` }));
    expect(clients.every(({ returnCode }) => returnCode === 0)).toBe(true);
    const surplus = await RawClient.connect(driver.address.port, { clientId: "surplus" });
    expect(surplus.returnCode).toBeUndefined();
    expect(total(context.counters, "mqtt_connections_turned_away")).toBeGreaterThan(0);
    // One that comes again takes no new place.
    clients.push(await RawClient.connect(driver.address.port, { clientId: "c3" }));
    expect(clients.at(-1)!.returnCode).toBe(0);
    await clients.pop()!.break();
    await until("there is room", async () => {
      const next = await RawClient.connect(driver.address.port, { clientId: "next" });
      clients.push(next);
      return next.returnCode === 0;
    });
    for (const client of clients) await client.break();
  });

  test("a client that comes again under its id replaces its old connection", async () => {
    const old = await RawClient.connect(driver.address.port, { clientId: "same" });
    const young = await RawClient.connect(driver.address.port, { clientId: "same" });
    await old.waitForClose();
    await young.ping();
    await young.break();
  });
});

describe("a subscriber that reads nothing", () => {
  test("is cut off, and neither publishers nor other subscribers wait for it", async () => {
    const frozen = await RawClient.connect(driver.address.port, { clientId: "frozen" });
    frozen.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 0 }] });
    await frozen.waitFor("suback");
    frozen.socket.pause();
    const reader = await RawClient.connect(driver.address.port, { clientId: "reader" });
    reader.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "flood", qos: 0 }] });
    await reader.waitFor("suback");
    const publisher = await RawClient.connect(driver.address.port, { clientId: "publisher" });
    const text = "x".repeat(4_000);
    let sent = 0;
    await until(
      "the frozen one is cut off",
      async () => {
        for (let n = 0; n < 50; n++, sent++) publisher.publish("flood", text, { qos: 0 });
        // The bus, too, must get through.
        await driver.bus.publish("tocsin/demo/event", "alarm", { qos: 1, retain: false });
        await turn();
        return total(context.counters, "mqtt_connections_cut") === 1;
      },
      { everyMs: 1 },
    );
    await publisher.ping();
    await until("the other has everything", () => reader.of("publish").length === sent);
    await publisher.break();
    await reader.break();
  });
});
