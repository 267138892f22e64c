import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import { create, type SparkplugDriver } from "../../drivers/sparkplug/driver.ts";
import { SystemClock } from "../../model/time.ts";
import { SparkplugEdge, type SparkplugEdgeOptions } from "../../simulators/sparkplug-edge.ts";
import { missing } from "../servers/available.ts";
import { type Mosquitto, startMosquitto } from "../servers/mosquitto.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { BIRTH, contextOf, type LinkOptions } from "./site.ts";

/* The host application and edge nodes on a real broker. */

const clock = new SystemClock();
const FAST = { backoff: { first: "50ms", greatest: "200ms" }, rebirth: { interval: "1s" } } as const;
const LEL = { alias: 1, dataType: DATA_TYPE.double };

/** Everything that a test opened, closed in the opposite order. */
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function broker(): Promise<Mosquitto> {
  const mosquitto = await startMosquitto();
  opened.push(() => mosquitto.close());
  return mosquitto;
}

async function host(url: string, options: Partial<LinkOptions> = {}) {
  const context = contextOf({ url, ...FAST, ...options }, clock);
  const driver: SparkplugDriver = create(context);
  const intake = new RecordingIntake();
  await driver.start(intake);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await driver.stop();
  };
  opened.push(stop);
  const count = (name: string) =>
    [...context.counters].find((counter) => counter.name.name === `sparkplug_${name}`)?.total ?? 0;
  await until("it is connected", () => intake.health.some(({ thing, up }) => thing === "link" && up));
  return { driver, intake, stop, count, values: () => intake.readings.map(({ value }) => value) };
}

async function edge(url: string, options: Partial<SparkplugEdgeOptions> = {}): Promise<SparkplugEdge> {
  const devices = { panel: BIRTH, other: BIRTH };
  const node = new SparkplugEdge({ url, group: "plant", node: "edge", clock, devices, ...options });
  opened.push(() => node.close());
  await node.connect();
  return node;
}

/** Listens to a topic and keeps what is said there. */
async function listener(url: string, topic: string): Promise<{ client: MqttClient; said: string[] }> {
  const client = await connectAsync(url);
  opened.push(() => client.endAsync(true));
  const said: string[] = [];
  client.on("message", (_, payload) => said.push(payload.toString()));
  await client.subscribeAsync(topic, { qos: 1 });
  return { client, said };
}

describe.skipIf(missing("mosquitto"))("a host application on Mosquitto", () => {
  test.each([4, 5] as const)(
    "protocol %s: births, data, and the will of a node whose connection breaks",
    async (protocol) => {
      const { url } = await broker();
      const gateway = await host(url, { protocol });
      const node = await edge(url);
      const healthOf = () =>
        gateway.intake.health
          .filter(({ thing }) => thing === "device")
          .map(({ index, up }) => `${index} ${up}`);
      await until("its devices are there", () => healthOf().length === 2);
      await node.say("panel", [{ ...LEL, value: 21 }]);
      await until("it is heard", () => gateway.values().includes(21));
      node.drop();
      await until("it is gone", () => healthOf().length === 4);
      expect(healthOf()).toEqual(["0 true", "1 true", "0 false", "1 false"]);
      await node.connect();
      await until("it is back", () => healthOf().length === 6);
      const shown = await gateway.driver.read(0, AbortSignal.timeout(1_000));
      expect(shown[0]).toMatchObject({ channel: "lel", raw: "1.5", from: "Gas/LEL", value: 1.5 });
    },
  );

  test("who comes after its nodes asks them for their births", async () => {
    const { url } = await broker();
    const node = await edge(url);
    const gateway = await host(url);
    await until("it knows the devices", () => gateway.intake.readings.length === 10);
    expect(node.asked).toBe(1);
    node.lose();
    await node.say("panel", [{ ...LEL, value: 33 }]);
    await until("the gap is noticed, and mended", () => node.asked === 2);
    expect(gateway.count("gaps")).toBe(1);
    expect(gateway.intake.readings.find(({ value }) => value === 33)).toMatchObject({
      reason: "last_usable",
    });
    await until("the births have come", () => gateway.count("births") >= 6);
    await node.say("panel", [{ ...LEL, value: 34 }]);
    await until("it is heard", () => gateway.values().includes(34));
    expect(gateway.intake.readings.at(-1)).toMatchObject({ value: 34, reason: "good" });
  });

  test("says that it is there, and that it goes; its will says the same instant", async () => {
    const { url } = await broker();
    const { client, said } = await listener(url, "spBv1.0/STATE/tocsin-test");
    const gateway = await host(url);
    await until("it says so", () => said.length === 1);
    const first: unknown = JSON.parse(said[0]!);
    expect(first).toEqual({ online: true, timestamp: expect.any(Number) });
    // The will of an earlier connection, late.
    await client.publishAsync("spBv1.0/STATE/tocsin-test", '{"online":false,"timestamp":5}', {
      qos: 1,
      retain: true,
    });
    await until("it contradicts", () => said.length === 3);
    expect(JSON.parse(said[2]!)).toEqual(first);
    await within("it stops", gateway.stop(), 2_000);
    await until("it says goodbye", () => said.length === 4);
    const last = JSON.parse(said[3]!) as { online: boolean; timestamp: number };
    expect(last.online).toBe(false);
    expect(last.timestamp).toBeGreaterThanOrEqual((first as { timestamp: number }).timestamp);
  });

  test("in the manner of 2.2 it says ONLINE and OFFLINE", async () => {
    const { url } = await broker();
    const { said } = await listener(url, "STATE/scada");
    const gateway = await host(url, { state: "v2", hostId: "scada" });
    await until("it says so", () => said.length === 1);
    await gateway.stop();
    await until("it says goodbye", () => said.length === 2);
    expect(said).toEqual(["ONLINE", "OFFLINE"]);
  });

  test("acknowledges a death (QoS 1) once it is on disk", async () => {
    const { url } = await broker();
    const gateway = await host(url);
    const node = await edge(url);
    await until("its devices are there", () => gateway.intake.health.length === 3);
    gateway.intake.instant = false;
    await node.die();
    await until("the death is heard", () => gateway.driver.held === 1);
    gateway.intake.makeDurable();
    await until("it is acknowledged", () => gateway.driver.held === 0);
  });

  test("a lost connection is a link that is down; afterwards births are asked for again", async () => {
    const mosquitto = await broker();
    const gateway = await host(mosquitto.url);
    const node = await edge(mosquitto.url);
    await until("its devices are there", () => gateway.intake.health.length === 3);
    await mosquitto.restart();
    const link = () => gateway.intake.health.filter(({ thing }) => thing === "link").map(({ up }) => up);
    await until("the link is back", () => link().length === 3);
    expect(link()).toEqual([true, false, true]);
    await node.connect();
    await until("the births have come", () => gateway.count("births") === 6);
    await node.say("panel", [{ ...LEL, value: 8 }]);
    await until("it is heard", () => gateway.values().includes(8));
    expect(gateway.intake.readings.at(-1)).toMatchObject({ reason: "good" });
  });

  test("nodes of other groups are heard of where the site wants that", async () => {
    const { url } = await broker();
    const gateway = await host(url, { groups: "all" });
    await until("it listens", () => gateway.count("rebirth_requests") > 0);
    await edge(url, { group: "elsewhere" });
    await until("they are noticed", () => gateway.driver.strangers().length === 3);
    expect(gateway.driver.strangers().map(({ address }) => address)).toContain(
      '{ group: "elsewhere", node: "edge", device: "panel" }',
    );
  });
});
