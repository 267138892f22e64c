import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { create } from "../../drivers/mqtt/broker/driver.ts";
import { SystemClock } from "../../model/time.ts";
import { brokerContext, TestSite } from "../mqtt/site.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { publish, subscribe } from "../servers/mosquitto-clients.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { AlarmPlant } from "./support/alarm-plant.ts";
import { AlertDesk, type DeskOptions } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";

const LEAK = "tocsin/demo/alarm/gas/well-3/gd-01.lel/gas-leak";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Alerts on a real embedded broker. */
async function embedded(options: DeskOptions = {}): Promise<{ desk: AlertDesk; port: number }> {
  const driver = create(brokerContext({}, { site: new TestSite([]) }));
  await driver.start(new RecordingIntake());
  cleanups.push(() => driver.stop());
  const desk = await AlertDesk.start({ clock: new SystemClock(), attach: driver.bus!, ...options });
  cleanups.push(() => desk.alerts.stop());
  return { desk, port: driver.address.port };
}

interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
}

/** A client as monitoring staff use them. */
async function subscriber(
  port: number,
  filter: string,
): Promise<{ client: MqttClient; received: Received[] }> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  cleanups.push(() => client.endAsync(true));
  const received: Received[] = [];
  client.on("message", (topic, payload, { retain }) => {
    const message = { topic, payload: payload.toString(), retained: retain };
    if (!topic.includes("/command/") || topic.includes("/result/")) expectValid(message);
    received.push(message);
  });
  await client.subscribeAsync(filter, { qos: 1 });
  return { client, received };
}

function parsed(
  received: readonly { topic: string; payload: string | Buffer }[],
  part: string,
): Record<string, unknown>[] {
  return received
    .filter(({ topic, payload }) => topic.includes(part) && payload.length > 0)
    .map(({ payload }) => JSON.parse(payload.toString()) as Record<string, unknown>);
}

describe("on the embedded broker", () => {
  test("a late subscriber sees the present alarms, all points and the status, and no history", async () => {
    const { desk, port } = await embedded();
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    desk.plant.assert("flood", "gauge-1.level", "yellow", { value: 175.3, limit: 175.2 });
    desk.plant.withdraw("flood", "gauge-1.level");
    const { received } = await subscriber(port, "tocsin/#");
    await until("the retained topics arrive", () => received.length >= 6);
    expect(received.every(({ retained }) => retained)).toBe(true);
    expect(received.map(({ topic }) => topic).sort()).toEqual([
      LEAK,
      "tocsin/demo/point/home-7",
      "tocsin/demo/point/river",
      "tocsin/demo/point/shed",
      "tocsin/demo/point/well-3",
      "tocsin/demo/status",
    ]);
  });

  test("staff follow an alarm live, acknowledge it, get the result, and see it end", async () => {
    const { desk, port } = await embedded();
    const { client, received } = await subscriber(port, "tocsin/#");
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await until("the raise arrives", () => parsed(received, "/event/red/").length === 1);
    const occurrence = parsed(received, "/event/red/")[0]!.occurrence;
    await client.publishAsync("tocsin/demo/command/acknowledge", JSON.stringify({ id: "r-1", occurrence }), {
      qos: 1,
    });
    await until("the result arrives", () => parsed(received, "/command/result/r-1").length === 1);
    expect(parsed(received, "/command/result/r-1")[0]).toMatchObject({ accepted: true, user: "local" });
    desk.plant.clear("gas-leak", "gd-01.lel", { value: 1 });
    await until("the topic is cleared", () =>
      received.some(({ topic, payload }) => topic === LEAK && payload === ""),
    );
    expect(parsed(received, "/event/").map(({ seq, transition }) => [seq, transition])).toEqual([
      [1, "raise"],
      [2, "acknowledge"],
      [3, "return"],
    ]);
  });

  test("whoever missed something asks for it and has everything", async () => {
    const { desk, port } = await embedded();
    for (let i = 0; i < 10; i++) {
      desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
      desk.plant.withdraw("gas-leak", "gd-01.lel");
    }
    const { client, received } = await subscriber(port, "tocsin/demo/#");
    await until("the status arrives", () => parsed(received, "/status").length > 0);
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await until("a live event arrives", () => parsed(received, "/event/").length === 1);
    const seen = Number(parsed(received, "/event/")[0]!.seq);
    await client.publishAsync(
      "tocsin/demo/command/resend",
      JSON.stringify({ id: "gap", from: 1, to: seen - 1 }),
      { qos: 1 },
    );
    await until("the result arrives", () => parsed(received, "/command/result/gap").length === 1);
    const numbers = parsed(received, "/event/").map(({ seq }) => Number(seq));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  });
});

const absent = missing("mosquitto", "mosquitto_pub", "mosquitto_sub");

describe.skipIf(absent)("on an external broker", () => {
  /** Sessions outlive a restart and queue without a bound. */
  const KEEPING = { persistence: true, lines: ["max_queued_messages 0"] };
  const quick = { backoff: { first: "50ms", greatest: "200ms" } };

  test("states are retained there, the heartbeat says online, and the last will offline when the gateway is gone", async () => {
    await using broker = await startMosquitto();
    const desk = await AlertDesk.start({
      clock: new SystemClock(),
      bus: null,
      uplinks: { county: { url: broker.url, ...quick } },
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await using subscription = await subscribe(broker, ["tocsin/#"]);
    const alarm = await subscription.waitFor(({ topic }) => topic === LEAK);
    expect(JSON.parse(alarm.payload.toString())).toMatchObject({ severity: "red", state: "unacknowledged" });
    await subscription.waitFor(
      ({ topic, payload }) => topic.endsWith("/status") && payload.includes('"online"'),
    );
    await desk.alerts.stop();
    const goodbye = await subscription.waitFor(
      ({ topic, payload }) => topic.endsWith("/status") && payload.includes('"offline"'),
    );
    expect(JSON.parse(goodbye.payload.toString())).toMatchObject({ reason: "stopped" });
    for (const { topic, payload } of subscription.messages)
      expectValid({ topic, payload: payload.toString() });
  });

  test("after an outage of the broker all events of it arrive in order, and the states are those of now", async () => {
    await using broker = await startMosquitto(KEEPING);
    const station = { ...broker, id: "station" };
    await (await subscribe(station, ["tocsin/demo/event/#"], { keepSession: true })).stop();
    const desk = await AlertDesk.start({
      clock: new SystemClock(),
      bus: null,
      uplinks: { county: { url: broker.url, ...quick } },
    });
    cleanups.push(() => desk.alerts.stop());
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await until("it is acknowledged", () => desk.disk.cursors.get("uplink:county") === 2);
    await broker.stop();
    for (let i = 0; i < 300; i++) {
      desk.plant.withdraw("gas-leak", "gd-01.lel");
      desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    }
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    expect(desk.disk.cursors.get("uplink:county")).toBe(2);
    await broker.start();
    await until("all is delivered", () => desk.disk.cursors.get("uplink:county") === desk.plant.nextSeq);
    await using subscription = await subscribe(station, ["tocsin/demo/event/#"], { keepSession: true });
    await subscription.waitFor(({ payload }) => payload.includes('"demo-602"'));
    const numbers = parsed(subscription.messages, "/event/").map(({ seq }) => seq);
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 602 }, (_, i) => i + 1));
    await using late = await subscribe(broker, ["tocsin/demo/alarm/#", "tocsin/demo/point/#"]);
    await late.waitForCount(4);
    expect(late.messages.filter(({ topic }) => topic.includes("/alarm/"))).toEqual([]);
  });

  test("a subscriber with a session misses nothing over outages of broker and gateway", async () => {
    await using broker = await startMosquitto(KEEPING);
    const station = { ...broker, id: "station" };
    const uplinks = { county: { url: broker.url, ...quick } };
    await (await subscribe(station, ["tocsin/demo/event/#"], { keepSession: true })).stop();
    const first = await AlertDesk.start({ clock: new SystemClock(), bus: null, uplinks });
    first.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await until("the first event is delivered", () => first.disk.cursors.get("uplink:county") === 2);
    await broker.stop();
    first.plant.withdraw("gas-leak", "gd-01.lel");
    const { plant, disk, clock } = first;
    // The process ends while the broker is away; the next one knows only what is on disk.
    await first.alerts.stop();
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    await broker.start();
    const second = await AlertDesk.start({ clock, bus: null, uplinks, plant, disk });
    cleanups.push(() => second.alerts.stop());
    plant.clear("fire", "smoke-7.smoke", { value: 0 });
    await until("all is delivered", () => disk.cursors.get("uplink:county") === plant.nextSeq);
    await using subscription = await subscribe(station, ["tocsin/demo/event/#"], { keepSession: true });
    await subscription.waitFor(({ payload }) => payload.includes('"demo-4"'));
    const numbers = parsed(subscription.messages, "/event/").map(({ seq }) => seq);
    expect([...new Set(numbers)]).toEqual([1, 2, 3, 4]);
    expect(parsed(subscription.messages, "/event/").at(1)).toMatchObject({ seq: 2, resent: true });
  });

  test("an event reaches the broker's subscribers from memory, in MQTT 5 as in 3.1.1", async () => {
    await using broker = await startMosquitto();
    const desk = await AlertDesk.start({
      clock: new SystemClock(),
      bus: null,
      uplinks: {
        four: { url: broker.url, ...quick, prefix: "four" },
        five: { url: broker.url, ...quick, prefix: "five", protocol: 5 },
      },
    });
    cleanups.push(() => desk.alerts.stop());
    await using subscription = await subscribe(broker, ["+/demo/event/#", "+/demo/status"]);
    for (const prefix of ["four", "five"]) {
      await subscription.waitFor(
        ({ topic, payload }) => topic === `${prefix}/demo/status` && payload.includes('"online"'),
      );
    }
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    for (const prefix of ["four", "five"]) {
      const event = await subscription.waitFor(({ topic }) => topic.startsWith(`${prefix}/demo/event/red/`));
      expect(JSON.parse(event.payload.toString())).toMatchObject({ seq: 1, resent: false });
    }
  });

  test("a command left retained by somebody is refused when the gateway comes, and the alarm stays", async () => {
    await using broker = await startMosquitto();
    const payload = JSON.stringify({ id: "old", occurrence: 1 });
    await publish(broker, { topic: "tocsin/demo/command/acknowledge", payload, retain: true });
    await using subscription = await subscribe(broker, ["tocsin/demo/command/result/#"]);
    const clock = new SystemClock();
    const plant = new AlarmPlant(() => clock.now());
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    const desk = await AlertDesk.start({
      clock,
      plant,
      bus: null,
      uplinks: { county: { url: broker.url, ...quick, commands: true } },
    });
    cleanups.push(() => desk.alerts.stop());
    const { payload: result } = await subscription.waitFor(({ topic }) => topic.endsWith("/result/old"));
    expect(JSON.parse(result.toString())).toMatchObject({ accepted: false, reason: "retained" });
    expect(plant.alarm("gas-leak", "gd-01.lel").state).toBe("unacknowledged");
  });

  test("commands come from there only where the site allows it", async () => {
    await using broker = await startMosquitto();
    const desk = await AlertDesk.start({
      clock: new SystemClock(),
      bus: null,
      uplinks: {
        open: { url: broker.url, ...quick, prefix: "open", commands: true },
        shut: { url: broker.url, ...quick, prefix: "shut" },
      },
    });
    cleanups.push(() => desk.alerts.stop());
    await using subscription = await subscribe(broker, ["+/demo/#"]);
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await subscription.waitFor(({ topic }) => topic.startsWith("open/demo/event/"));
    await subscription.waitFor(({ topic }) => topic.startsWith("shut/demo/event/"));
    const payload = JSON.stringify({ id: "r-1", occurrence: 1 });
    await publish(broker, { topic: "shut/demo/command/acknowledge", payload });
    await publish(broker, { topic: "open/demo/command/acknowledge", payload });
    const result = await subscription.waitFor(({ topic }) => topic === "open/demo/command/result/r-1");
    expect(JSON.parse(result.payload.toString())).toMatchObject({ accepted: true, user: "uplink:open" });
    expect(subscription.messages.some(({ topic }) => topic.startsWith("shut/demo/command/result"))).toBe(
      false,
    );
  });
});
