import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BrokerDriver, create } from "../../drivers/mqtt/broker/driver.ts";
import { missing } from "../servers/available.ts";
import { publish, subscribe } from "../servers/mosquitto-clients.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { RawClient } from "./raw-client.ts";
import { brokerContext, TestSite } from "./site.ts";

const ALARM = "tocsin/demo/alarm/gas/well-3/gd-01/leak";

let driver: BrokerDriver;
let intake: RecordingIntake;

beforeEach(async () => {
  driver = create(brokerContext({}, { site: new TestSite([{ id: "g", profile: "plain-value" }]) }));
  intake = new RecordingIntake({ instant: false });
  await driver.start(intake);
});
afterEach(async () => {
  await driver.stop();
});

async function subscriber(filter: string, clientId = "desk", clean = true): Promise<RawClient> {
  const client = await RawClient.connect(driver.address.port, { clientId, clean });
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
  await client.waitFor("suback");
  return client;
}

const texts = (client: RawClient) =>
  client.of("publish").map(({ topic, payload, retain }) => `${topic} ${payload} ${retain}`);

describe("the embedded broker as a message bus", () => {
  test("what it publishes reaches whoever subscribes, retained for whoever comes later", async () => {
    const early = await subscriber("tocsin/#");
    await driver.bus.publish(ALARM, "raised", { qos: 1, retain: true });
    await early.waitFor("publish");
    expect(texts(early)).toEqual([`${ALARM} raised false`]);
    const late = await subscriber("tocsin/+/alarm/#", "late");
    await late.waitFor("publish");
    expect(texts(late)).toEqual([`${ALARM} raised true`]);
    await driver.bus.publish(ALARM, "", { qos: 1, retain: true });
    await late.waitFor("publish", 2);
    const last = await subscriber("tocsin/+/alarm/#", "last");
    await last.ping();
    expect(texts(last)).toEqual([]);
    for (const client of [early, late, last]) await client.break();
  });

  test("states and events of one instant all reach who listens to both, in order", async () => {
    const client = await subscriber("tocsin/#");
    const expected: string[] = [];
    for (let n = 0; n < 50; n++) {
      for (const [kind, retain] of [
        ["event", false],
        ["alarm", true],
        ["point", true],
      ] as const) {
        void driver.bus.publish(`tocsin/demo/${kind}/${n}`, "x", { qos: 1, retain });
        expected.push(`tocsin/demo/${kind}/${n} x false`);
      }
    }
    await client.waitFor("publish", expected.length);
    expect(texts(client)).toEqual(expected);
    await client.break();
  });

  test("a storm of alerts in one instant all goes out, whether anybody listens or not", async () => {
    const client = await subscriber("tocsin/demo/event/red/#");
    const storm = 20_000;
    const published = Array.from({ length: storm }, (_, n) =>
      driver.bus.publish(`tocsin/demo/event/${n % 100 === 0 ? "red" : "blue"}/${n}`, "x", {
        qos: 1,
        retain: false,
      }),
    );
    await Promise.all(published);
    await client.waitFor("publish", storm / 100);
    await client.break();
  });

  test("an alert does not wait for held acknowledgements of its subscriber", async () => {
    const client = await subscriber("tocsin/#");
    client.publish("devices/g/depth", "1", { id: 5 });
    await client.ping();
    await driver.bus.publish(ALARM, "raised", { qos: 1, retain: false });
    await client.waitFor("publish");
    expect(client.acknowledged).toEqual([]);
    intake.makeDurable();
    await client.waitFor("puback");
    await client.break();
  });

  test("counts the live clients whose subscriptions include a topic, and not itself", async () => {
    driver.bus.subscribe("tocsin/#", () => {});
    expect(driver.bus.subscribers(ALARM)).toBe(0);
    const desk = await subscriber("tocsin/+/alarm/#");
    const other = await subscriber("tocsin/demo/status", "other");
    const persistent = await subscriber("tocsin/#", "keeps", false);
    expect(driver.bus.subscribers(ALARM)).toBe(2);
    await desk.break();
    await until("it has noticed", () => driver.bus.subscribers(ALARM) === 1);
    await persistent.break();
    await until("a sleeping session is nobody", () => driver.bus.subscribers(ALARM) === 0);
    const again = await RawClient.connect(driver.address.port, { clientId: "keeps", clean: false });
    await until("a resumed one is somebody", () => driver.bus.subscribers(ALARM) === 1);
    await again.break();
    await other.break();
  });

  test("what a sleeping session missed is delivered when it returns", async () => {
    const keeper = await subscriber("tocsin/#", "keeps", false);
    await keeper.break();
    await until("it is away", () => driver.bus.subscribers(ALARM) === 0);
    await driver.bus.publish(ALARM, "raised", { qos: 1, retain: false });
    const again = await RawClient.connect(driver.address.port, { clientId: "keeps", clean: false });
    await again.waitFor("publish");
    expect(texts(again)).toEqual([`${ALARM} raised false`]);
    const [{ messageId } = {}] = again.of("publish");
    again.send({ cmd: "puback", messageId: messageId! });
    await again.ping();
    await again.break();
    const third = await RawClient.connect(driver.address.port, { clientId: "keeps", clean: false });
    await third.ping();
    expect(texts(third)).toEqual([]);
    await third.break();
  });

  test("a listener that has gone hears nothing more", async () => {
    const heard: string[] = [];
    const off = driver.bus.subscribe("tocsin/demo/command/+", ({ topic }) => heard.push(topic));
    const client = await RawClient.connect(driver.address.port);
    client.publish("tocsin/demo/command/a", "1");
    await client.waitFor("puback");
    off();
    client.publish("tocsin/demo/command/b", "1");
    await client.waitFor("puback", 2);
    expect(heard).toEqual(["tocsin/demo/command/a"]);
    await client.break();
  });

  test("says whether it is there, and rejects when it is not", async () => {
    const seen: boolean[] = [];
    driver.bus.onConnected((connected) => seen.push(connected));
    expect(driver.bus.connected).toBe(true);
    await driver.stop();
    expect(driver.bus.connected).toBe(false);
    expect(seen).toEqual([false]);
    await expect(driver.bus.publish(ALARM, "x", { qos: 1, retain: false })).rejects.toMatchObject({
      code: "LINK_DOWN",
    });
  });
});

describe.skipIf(missing("mosquitto_pub", "mosquitto_sub"))(
  "Debian's own clients on the embedded broker",
  () => {
    const address = () => ({ host: "127.0.0.1", port: driver.address.port });

    test("mosquitto_sub gets alerts, retained and live, in the order of publishing", async () => {
      await driver.bus.publish("tocsin/demo/status", "online", { qos: 1, retain: true });
      await using subscription = await subscribe(address(), ["tocsin/#"]);
      for (let n = 1; n <= 50; n++)
        await driver.bus.publish("tocsin/demo/event/red/x", `${n}`, { qos: 1, retain: false });
      const messages = await subscription.waitForCount(51);
      expect(messages[0]).toMatchObject({ topic: "tocsin/demo/status", retained: true });
      expect(messages.slice(1).map(({ payload }) => Number(payload))).toEqual(
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
    });

    test.each([0, 1, 2] as const)("mosquitto_pub with QoS %s is heard and let go", async (qos) => {
      intake.instant = true;
      await publish(address(), { topic: "devices/g/depth", payload: "1.5", qos });
      await until("it has entered", () => intake.readings.length === 1);
      expect(intake.readings[0]?.value).toBe(1.5);
    });

    test("mosquitto_pub waits as long as the disk does", async () => {
      let done = false;
      const publishing = publish(address(), { topic: "devices/g/depth", payload: "1" }).then(() => {
        done = true;
      });
      await until("it has entered", () => intake.readings.length === 1);
      expect(done).toBe(false);
      intake.makeDurable();
      await publishing;
    });

    test("mosquitto_pub that may not publish is not told a lie", async () => {
      await expect(
        publish(address(), { topic: "tocsin/demo/status", payload: "forged", withinMs: 2_000 }),
      ).rejects.toThrow();
    });
  },
);
