import { describe, expect, test } from "vitest";
import { missing } from "./available.ts";
import { startMosquitto } from "./mosquitto.ts";
import { publish, publishLines, subscribe } from "./mosquitto-clients.ts";

const absent = missing("mosquitto", "mosquitto_passwd", "mosquitto_pub", "mosquitto_sub");

describe.skipIf(absent)("a real broker with foreign clients", () => {
  test("a message comes through whole: topic, payload, QoS, retained flag", async () => {
    await using broker = await startMosquitto();
    await publish(broker, { topic: "tocsin/温 度", payload: "严重 1", retain: true });
    await using subscription = await subscribe(broker, ["tocsin/#"]);
    await publish(broker, { topic: "tocsin/empty", payload: "", qos: 0 });
    await subscription.waitForCount(2);
    expect(subscription.messages).toEqual([
      { topic: "tocsin/温 度", payload: Buffer.from("严重 1"), qos: 1, retained: true },
      { topic: "tocsin/empty", payload: Buffer.from(""), qos: 0, retained: false },
    ]);
  });

  test("many messages arrive in their order", async () => {
    await using broker = await startMosquitto({ maxInflight: 100, lines: ["max_queued_messages 0"] });
    await using subscription = await subscribe(broker, ["many"]);
    const lines = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    await publishLines(broker, { topic: "many", lines });
    const messages = await subscription.waitForCount(lines.length);
    expect(messages.map(({ payload }) => payload.toString())).toEqual(lines);
  });

  test("a stranger is refused, and a user only does what the access list allows", async () => {
    await using broker = await startMosquitto({
      users: { gateway: "right", device: "also right" },
      access: ["user gateway", "topic readwrite tocsin/#", "user device", "topic write devices/#"],
    });
    const gateway = { ...broker, user: "gateway", password: "right" };
    const device = { ...broker, user: "device", password: "also right" };
    await expect(publish(broker, { topic: "tocsin/x", payload: "anonymous" })).rejects.toThrow(
      /not authorised/i,
    );
    await expect(subscribe({ ...gateway, password: "wrong" }, ["#"])).rejects.toThrow(/not authorised/i);
    await using subscription = await subscribe(gateway, ["tocsin/#"]);
    await publish(device, { topic: "tocsin/x", payload: "forged" });
    await publish(gateway, { topic: "tocsin/x", payload: "genuine" });
    const first = await subscription.waitFor(() => true);
    expect(first.payload.toString()).toBe("genuine");
  });

  test("with persistence, what was queued for a sleeping session is there after a restart", async () => {
    await using broker = await startMosquitto({ persistence: true });
    const sleeper = { ...broker, id: "sleeper" };
    await (await subscribe(sleeper, ["queue"], { keepSession: true })).stop();
    await publish(broker, { topic: "queue", payload: "while you slept" });
    await broker.restart();
    await using awake = await subscribe(sleeper, ["queue"], { keepSession: true });
    const message = await awake.waitFor(({ topic }) => topic === "queue");
    expect(message.payload.toString()).toBe("while you slept");
  });

  test("a frozen broker answers nobody until it thaws", async () => {
    await using broker = await startMosquitto();
    broker.server.pause();
    await expect(publish(broker, { topic: "frozen", payload: "x", withinMs: 300 })).rejects.toThrow(
      /in vain/,
    );
    broker.server.resume();
    await publish(broker, { topic: "thawed", payload: "x" });
  });
});
