import { createServer, type Socket } from "node:net";
import { generate, parser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import type { PayloadSection } from "../../drivers/mqtt/profile.ts";
import { SECOND } from "../../model/time.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { type MqttMessage, subscribe } from "../servers/mosquitto-clients.ts";
import { SOME_MORNING } from "../support/manual-clock.ts";
import { until } from "../support/until.ts";
import { type Played, play, profiles } from "./play.ts";

const air = (url: string) => `links: { air: { type: mqtt, url: "${url}" } }`;
const connected = (played: Played, device: string) =>
  until(`${device} is connected`, () =>
    played.events.some((event) => event.kind === "connection" && event.device === device && event.connected),
  );
const json = ({ payload }: MqttMessage): { level?: unknown; smoke?: unknown; time?: unknown } =>
  JSON.parse(payload.toString());

describe.skipIf(missing("mosquitto", "mosquitto_sub"))("on a real Mosquitto", () => {
  test("every payload profile publishes where and what its profile says", async () => {
    await using broker = await startMosquitto();
    const ids = [...profiles.values()].filter(({ payload }) => payload !== undefined).map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(3);
    // `#` leaves out topics that begin with a dollar sign (MQTT 3.1.1, 4.7.2).
    await using subscription = await subscribe(broker, ["#", "$dp"]);
    const devices = ids.map((id, i) => `d-${i}: { profile: ${id}, link: air }`).join("\n  ");
    await using played = await play(`${air(broker.url)}\ndevices:\n  ${devices}\n`);
    for (const [i, id] of ids.entries()) {
      await connected(played, `d-${i}`);
      const where = played.simulation.devices[i]!.where.split(" ")[1]!;
      const section = profiles.get(id)!.payload as PayloadSection;
      const [message] = section.messages;
      const got = await subscription.waitFor(({ topic }) => topic === where + message!.suffix);
      expect(got.qos).toBe(1);
      expect(got.retained).toBe(false);
      if (message!.format === "plain") expect(Number(got.payload.toString())).not.toBeNaN();
      else expect(Object.keys(json(got)).length).toBeGreaterThan(0);
    }
  });

  test("a smoke alarm tells a change at once, and its own time", async () => {
    await using broker = await startMosquitto();
    await using subscription = await subscribe(broker, ["devices/#"]);
    await using played = await play(`${air(broker.url)}
devices: { sa-301: { profile: json-smoke-alarm, link: air, every: 60s, channels: { battery: 87 } } }
story:
  - { at: 5s, set: { sa-301.smoke: active } }
  - { at: 8s, set: { sa-301.smoke: normal } }
`);
    await connected(played, "sa-301");
    const states = () =>
      subscription.messages.filter(({ topic }) => topic === "devices/sa-301/state").map(json);
    await until("the first message", () => states().length === 1);
    expect(states()[0]).toMatchObject({
      smoke: false,
      tamper: false,
      battery: 87,
      time: SOME_MORNING / 1_000,
    });
    for (let second = 1; second <= 60; second++) played.clock.advance(SECOND);
    await until("alarm, end of alarm and the regular message", () => states().length === 4);
    expect(
      states().map(({ smoke, time }) => [smoke, (Number(time) * 1_000 - SOME_MORNING) / SECOND]),
    ).toEqual([
      [false, 0],
      [true, 5],
      [false, 8],
      [false, 60],
    ]);
  });

  test("a clock that is wrong, a payload that is cut off, and a slow message", async () => {
    await using broker = await startMosquitto();
    await using subscription = await subscribe(broker, ["devices/#"]);
    await using played = await play(`${air(broker.url)}
devices: { sa-301: { profile: json-smoke-alarm, link: air, every: 1s } }
story:
  - { at: 1s, for: 1s, faults: [{ kind: clock, offset: -9000d, on: sa-301 }] }
  - { at: 2s, for: 1s, faults: [{ kind: malformed, on: sa-301 }] }
  - { at: 3s, for: 1s, faults: [{ kind: malformed, text: "<html>", on: sa-301 }] }
  - { at: 4s, for: 1s, faults: [{ kind: slow, delay: 500ms, on: sa-301 }] }
`);
    await connected(played, "sa-301");
    const payloads = () =>
      subscription.messages
        .filter(({ topic }) => topic.endsWith("/state"))
        .map(({ payload }) => payload.toString());
    await until("the first", () => payloads().length === 1);
    for (let second = 1; second <= 4; second++) played.clock.advance(SECOND);
    await until("three more", () => payloads().length === 4);
    const [good, old, cut, text] = payloads();
    expect(JSON.parse(good!).time - JSON.parse(old!).time).toBe(9_000 * 86_400_000 - 1_000);
    expect(() => JSON.parse(cut!)).toThrow();
    expect(JSON.parse(good!)).toMatchObject({ smoke: false });
    expect(cut).toBe(good!.replace(/\d{13}/, String(SOME_MORNING / 1_000 + 2_000)).slice(0, cut!.length));
    expect(text).toBe("<html>");
    played.clock.advance(SECOND / 2);
    await until("the slow one", () => payloads().length === 5);
    expect(JSON.parse(payloads()[4]!).time).toBe(SOME_MORNING / 1_000 + 4_000);
  });

  test("dead: the will is published; offline: it is not; both come back and greet", async () => {
    await using broker = await startMosquitto();
    await using subscription = await subscribe(broker, ["devices/#"]);
    await using played = await play(`${air(broker.url)}
devices: { sa-301: { profile: json-smoke-alarm, link: air, every: 60s } }
story:
  - { at: 10s, for: 10s, faults: [{ kind: dead, on: sa-301 }] }
  - { at: 30s, for: 10s, faults: [{ kind: offline, on: sa-301 }] }
`);
    const presence = () =>
      subscription.messages
        .filter(({ topic }) => topic.endsWith("/availability"))
        .map(({ payload }) => payload.toString());
    const connections = () =>
      played.events.flatMap((event) => (event.kind === "connection" ? [event.connected] : []));
    await until("it is there", () => presence().length === 1);
    played.clock.advance(10 * SECOND);
    await until("its will is published", () => presence().length === 2);
    played.clock.advance(10 * SECOND);
    await until("it is there again", () => presence().length === 3);
    played.clock.advance(10 * SECOND);
    await until("it has signed off", () => connections().length === 4);
    played.clock.advance(10 * SECOND);
    await until("it is there once more", () => presence().length === 4);
    expect(presence()).toEqual(["online", "offline", "online", "online"]);
    expect(connections()).toEqual([true, false, true, false, true]);
  });

  test("the broker goes away and comes back: what was measured meanwhile arrives, in order", async () => {
    await using broker = await startMosquitto({ persistence: true });
    await using subscription = await subscribe({ ...broker, id: "watcher" }, ["devices/#"], {
      keepSession: true,
    });
    await using played = await play(`${air(broker.url)}
devices: { wl-2: { profile: json-gauge, link: air, every: 1s, channels: { depth: [{ counter: { every: 1s } }] } } }
`);
    await connected(played, "wl-2");
    const depths = (messages: MqttMessage[]) =>
      messages.filter(({ topic }) => topic.endsWith("/level")).map((message) => json(message).level);
    await until("the first", () => depths(subscription.messages).length === 1);
    await subscription.stop();
    await broker.stop();
    await until("the device has noticed", () =>
      played.events.some((event) => event.kind === "connection" && !event.connected),
    );
    for (let second = 1; second <= 5; second++) played.clock.advance(SECOND);
    await broker.start();
    await using again = await subscribe({ ...broker, id: "watcher" }, ["devices/#"], { keepSession: true });
    await until("all are there", () => depths(again.messages).length === 5);
    expect(depths(again.messages)).toEqual([1, 2, 3, 4, 5]);
  });
});

/** A broker of a few lines that shows packets as they came: Mosquitto does not show DUP. */
async function listeningBroker(): Promise<{
  url: string;
  packets: { messageId: number; dup: boolean; payload: string }[];
  connections: () => number;
  close: () => Promise<void>;
}> {
  const packets: { messageId: number; dup: boolean; payload: string }[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    const reader = parser();
    socket.on("data", (bytes) => reader.parse(bytes));
    reader.on("packet", (packet) => {
      if (packet.cmd === "connect") {
        socket.write(generate({ cmd: "connack", returnCode: 0, sessionPresent: connections > 1 }));
      } else if (packet.cmd === "publish" && packet.qos === 1) {
        const { messageId = 0, dup, payload } = packet;
        packets.push({ messageId, dup, payload: payload.toString() });
        socket.write(generate({ cmd: "puback", messageId }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    packets,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

test("a lost acknowledgement: the same message comes again with DUP and its packet id, once", async () => {
  const broker = await listeningBroker();
  try {
    await using played = await play(`${air(broker.url)}
devices: { wl: { profile: plain-value, link: air, every: 1s, channels: { depth: [{ counter: { from: 1, every: 1s } }] } } }
story: [{ at: 1s, for: 1s, faults: [{ kind: duplicate, on: wl }] }]
`);
    await until("the first message", () => broker.packets.length === 1);
    played.clock.advance(SECOND);
    await until("the second message, twice", () => broker.packets.length === 3);
    await until("the device is connected again", () => broker.connections() === 2);
    played.clock.advance(SECOND);
    await until("the third message", () => broker.packets.length === 4);
    const [first, second, again, third] = broker.packets;
    expect([first, second, again, third].map((packet) => [packet?.payload, packet?.dup])).toEqual([
      ["1", false],
      ["2", false],
      ["2", true],
      ["3", false],
    ]);
    expect(again?.messageId).toBe(second?.messageId);
  } finally {
    await broker.close();
  }
});

test("the same seed gives the same messages", async () => {
  const run = async (seed: number): Promise<string[]> => {
    const broker = await listeningBroker();
    try {
      const text = `${air(broker.url)}
devices: { wl: { profile: json-gauge, link: air, every: 1s, channels: { depth: [{ constant: 3 }, { noise: { amplitude: 0.1 } }] } } }
`;
      await using played = await play(text, { seed });
      for (let count = 1; count <= 10; count++) {
        await until(`message ${count}`, () => broker.packets.length === count);
        played.clock.advance(SECOND);
      }
      return broker.packets.slice(0, 10).map(({ payload }) => payload);
    } finally {
      await broker.close();
    }
  };
  const first = await run(1);
  expect(new Set(first).size).toBe(10);
  expect(await run(1)).toEqual(first);
  expect(await run(2)).not.toEqual(first);
});

test("a broker that is not there is one trouble, told once, and stopping does not wait for it", async () => {
  const broker = await listeningBroker();
  await broker.close();
  const devices = Array.from({ length: 20 }, (_, i) => `sa-${i}: { profile: json-smoke-alarm, link: air }`);
  const played = await play(`${air(broker.url)}\ndevices: { ${devices.join(", ")} }\n`);
  await until("it is told", () => played.events.some(({ kind }) => kind === "trouble"));
  await played.simulation.stop();
  expect(played.events.filter(({ kind }) => kind === "trouble")).toHaveLength(1);
  expect(played.clock.pending).toBe(0);
});
