import { expect, test } from "vitest";
import { hashPassword } from "../../drivers/mqtt/broker/password.ts";
import { overlap } from "../../drivers/mqtt/topic.ts";
import { TocsinError } from "../../model/error.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { Both } from "./both.ts";

/* A network server on the same machine publishes to the gateway's own broker. */

const EUI = "24e124136b502217";
const UP = `application/1/device/${EUI}/event/up`;

const site = (options: { broker?: object; gauge?: object } = {}) => ({
  site: { id: "bench", name: "试验台" },
  http: { enabled: false },
  points: { weir: { name: "堰", domain: "water" } },
  links: {
    broker: { type: "mqtt-broker", listen: "127.0.0.1:0", ...options.broker },
    lora: { type: "lorawan", broker: "broker", ...(options.broker === undefined ? {} : { users: ["ns"] }) },
  },
  devices: {
    swl: { profile: "milesight-em500-swl", link: "lora", point: "weir", address: { devEui: EUI } },
    gauge: { profile: "plain-value", link: "broker", point: "weir", address: options.gauge ?? {} },
  },
});

function uplink(counter: number, depth: number): string {
  const data = Buffer.from([0x03, 0x77, depth, 0]).toString("base64");
  const time = new Date(Date.UTC(2026, 4, 1, 8, 0, counter)).toISOString();
  return JSON.stringify({
    time,
    deviceInfo: { devEui: EUI },
    devAddr: "01020304",
    fCnt: counter,
    fPort: 85,
    data,
  });
}

test("an uplink is acknowledged when it is on disk, in its turn, and its repeat is entered once", async () => {
  await using both = await Both.open(site());
  await both.lora.driver.start(both.intake);
  await using server = await both.connect();
  server.publish(UP, uplink(1, 20), { id: 1 });
  server.publish("devices/gauge/depth", "1.5", { id: 2 });
  server.publish(UP, uplink(2, 30), { id: 3 });
  await until("all have entered", () => both.intake.messages.length === 3);
  await server.ping();
  expect(server.acknowledged).toEqual([]);
  both.intake.makeDurable();
  await until("all are acknowledged", () => server.acknowledged.length === 3);
  expect(server.acknowledged).toEqual([1, 2, 3]);
  expect(both.lora.entered().sort()).toEqual([
    "gauge.depth 1.5 good",
    "swl.depth 0.2 good @2026-05-01 16:00:01",
    "swl.depth 0.3 good @2026-05-01 16:00:02",
  ]);
  server.publish(UP, uplink(2, 30), { id: 4, dup: true });
  await until("the repeat is acknowledged", () => server.acknowledged.length === 4);
  expect(both.lora.total("lorawan_repeats")).toBe(1);
  expect(both.intake.messages.length).toBe(3);
});

test("what comes before the link begins, or after it has stopped, is not acknowledged and comes again", async () => {
  await using both = await Both.open(site());
  await using early = await both.connect();
  early.publish(UP, uplink(1, 20), { id: 1 });
  await early.ping();
  await both.lora.driver.start(both.intake);
  both.intake.relieve();
  await early.waitForClose();
  expect(early.acknowledged).toEqual([]);
  await using again = await both.connect();
  again.publish(UP, uplink(1, 20), { id: 1, dup: true });
  await until("it has entered", () => both.intake.messages.length === 1);
  both.intake.makeDurable();
  await until("it is acknowledged", () => again.acknowledged.length === 1);
  await both.lora.driver.stop();
  again.publish(UP, uplink(2, 30), { id: 2 });
  await again.ping();
  expect(again.acknowledged).toEqual([1]);
  expect(both.intake.messages.length).toBe(1);
});

test("a device that floods: another instrument is heard at once, and nothing that was acknowledged is lost", async () => {
  const flood = 3_000;
  await using both = await Both.open(site());
  await both.lora.driver.start(both.intake);
  await using server = await both.connect();
  for (let n = 1; n <= flood; n++) server.publish(UP, uplink(n, n % 200), { id: n });
  await using other = await both.connect({ clientId: "gauge" });
  other.publish("devices/gauge/depth", "1.5", { id: 1 });
  await until("the other is heard", () => both.lora.entered().some((line) => line.startsWith("gauge.")));
  expect(server.acknowledged).toEqual([]);
  both.intake.instant = true;
  await until("all of the flood is acknowledged", () => {
    both.intake.makeDurable();
    return server.acknowledged.length === flood;
  });
  expect(both.lora.entered()).toHaveLength(flood + 1);
  expect(both.lora.total("lorawan_codec_faults")).toBe(0);
});

test("only the users that the link names publish uplinks, and none as a last will", async () => {
  const password = await hashPassword("right");
  const users = {
    ns: { role: "observer", password },
    meter: { role: "device", devices: ["gauge"], topics: ["application/#"], password },
  };
  await using both = await Both.open(site({ broker: { users } }), new RecordingIntake());
  await both.lora.driver.start(both.intake);
  const as = (username: string, more: object = {}) =>
    both.connect({ clientId: username, username, password: Buffer.from("right"), ...more });
  await using server = await as("ns");
  server.publish(UP, uplink(1, 20), { id: 1 });
  await until("it is acknowledged", () => server.acknowledged.length === 1);
  await using device = await as("meter");
  device.publish(UP, uplink(2, 30), { id: 1 });
  await device.waitForClose();
  const will = { topic: UP, payload: Buffer.from(uplink(3, 40)), qos: 1 as const, retain: false };
  await using willing = await as("ns", { clientId: "willing", will });
  await willing.break();
  server.publish(UP, uplink(4, 50), { id: 2 });
  await until("the next is acknowledged", () => server.acknowledged.length === 2);
  expect(both.lora.entered().map((line) => line.split(" ")[1])).toEqual(["0.2", "0.5"]);
});

test("a topic that a device of the broker speaks on cannot go to another link as well", async () => {
  const clash = Both.open(site({ gauge: { topic: "application/+/device/x/event" } }));
  await expect(clash).rejects.toSatisfy(
    (error) => error instanceof TocsinError && error.code === "CONFIG_INVALID",
  );
});

test.each([
  ["a/+/c", "a/b/c", true],
  ["a/#", "a", true],
  ["a/#", "+/b/c", true],
  ["+/b", "a/+", true],
  ["a/b", "a/b/c", false],
  ["a/+", "b/+", false],
  ["a/+/c", "a/b/d", false],
])("filters %s and %s have a topic in common: %s", (one, other, common) => {
  expect([overlap(one, other), overlap(other, one)]).toEqual([common, common]);
});
