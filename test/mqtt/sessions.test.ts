import type { AedesPublishPacket } from "aedes";
import { describe, expect, test } from "vitest";
import { type Forgotten, type KeptPacket, Sessions } from "../../drivers/mqtt/broker/sessions.ts";

let counter = 0;
const packet = (topic: string, payload = "x"): AedesPublishPacket => ({
  cmd: "publish",
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  dup: false,
  retain: true,
  brokerId: "b",
  brokerCounter: ++counter,
});

function store(limits: Partial<{ sessions: number; queued: number; retained: number }> = {}) {
  const forgotten: Forgotten[] = [];
  const sessions = new Sessions({ sessions: 3, queued: 3, retained: 3, ...limits }, (what) =>
    forgotten.push(what),
  );
  return { sessions, forgotten };
}

async function collect(stream: AsyncIterable<KeptPacket>): Promise<KeptPacket[]> {
  const packets: KeptPacket[] = [];
  for await (const one of stream) packets.push(one);
  return packets;
}

const topics = (packets: readonly KeptPacket[]) => packets.map(({ topic }) => topic);

describe("what the broker keeps", () => {
  test("messages for a client that is away: the newest, and the rest is counted", async () => {
    const { sessions, forgotten } = store();
    sessions.claim("a", undefined);
    sessions.arrived("a", undefined);
    await sessions.addSubscriptions({ id: "a" }, [{ topic: "t/#", qos: 1 }]);
    sessions.left("a");
    for (const topic of ["t/1", "t/2", "t/3", "t/4"]) {
      const one = packet(topic);
      await sessions.outgoingEnqueueCombi(await sessions.subscriptionsByTopic(topic), one);
    }
    expect(topics(await collect(sessions.outgoingStream({ id: "a" })))).toEqual(["t/2", "t/3", "t/4"]);
    expect(forgotten).toEqual(["queued message"]);
  });

  test("a message is gone when it is acknowledged, and a PUBREL takes the place of its publication", async () => {
    const { sessions } = store();
    sessions.arrived("a", undefined);
    const one = { ...packet("t/1"), messageId: 11 };
    const two = { ...packet("t/2"), messageId: 12 };
    await sessions.outgoingEnqueue({ clientId: "a" }, one);
    await sessions.outgoingEnqueue({ clientId: "a" }, two);
    await sessions.outgoingUpdate({ id: "a" }, one);
    await sessions.outgoingUpdate({ id: "a" }, two);
    expect(
      await sessions.outgoingClearMessageId({ id: "a" }, { cmd: "puback", messageId: 11 }),
    ).toMatchObject({ topic: "t/1" });
    expect(
      await sessions.outgoingClearMessageId({ id: "a" }, { cmd: "puback", messageId: 11 }),
    ).toBeUndefined();
    await sessions.outgoingUpdate({ id: "a" }, { cmd: "pubrel", messageId: 12 });
    expect(await collect(sessions.outgoingStream({ id: "a" }))).toEqual([{ cmd: "pubrel", messageId: 12 }]);
    await expect(sessions.outgoingUpdate({ id: "a" }, { cmd: "pubrel", messageId: 99 })).rejects.toThrow();
  });

  test("sessions of clients that are away: the one longest away goes first, those present never", async () => {
    const { sessions, forgotten } = store({ sessions: 2 });
    for (const id of ["here", "a", "b", "c"]) {
      sessions.arrived(id, "user");
      await sessions.addSubscriptions({ id }, [{ topic: `t/${id}`, qos: 1 }]);
    }
    for (const id of ["a", "b", "c"]) sessions.left(id);
    expect(forgotten).toEqual(["session"]);
    expect(sessions.away).toBe(2);
    const left = await Promise.all(
      ["here", "a", "b", "c"].map((id) => sessions.subscriptionsByClient({ id })),
    );
    expect(left.map(({ length }) => length)).toEqual([1, 0, 1, 1]);
    expect(await sessions.subscriptionsByTopic("t/a")).toEqual([]);
  });

  test("a session without subscriptions is not kept, and its id is free again", () => {
    const { sessions } = store();
    expect(sessions.claim("a", "wang")).toBe(true);
    sessions.arrived("a", "wang");
    expect(sessions.claim("a", "li")).toBe(false);
    sessions.left("a");
    expect(sessions.claim("a", "li")).toBe(true);
  });

  test("a claim whose connection never came about is given back", () => {
    const { sessions } = store();
    sessions.claim("a", "wang");
    sessions.unclaim("a");
    expect(sessions.claim("a", "li")).toBe(true);
  });

  test("the present alarms of the gateway, however much clients have left behind", async () => {
    const { sessions, forgotten } = store({ retained: 2 });
    for (const topic of ["a", "b", "c"]) await sessions.storeRetained(packet(topic));
    const own = "tocsin/demo/alarm/gas/well-3/lel/leak";
    await sessions.storeRetained(packet(own, "red"));
    await sessions.storeRetained(packet(own, "orange"));
    expect(topics(await collect(sessions.createRetainedStreamCombi(["#"])))).toEqual(["a", "b", own]);
    expect(forgotten).toEqual(["retained message"]);
    await sessions.storeRetained(packet(own, ""));
    await sessions.storeRetained(packet("a", ""));
    for (const topic of ["d", "e"]) await sessions.storeRetained(packet(topic));
    expect(topics(await collect(sessions.createRetainedStreamCombi(["#"])))).toEqual(["b", "d"]);
  });

  test("retained messages up to the bound; those that are there can still change and go", async () => {
    const { sessions, forgotten } = store({ retained: 2 });
    for (const topic of ["a", "b", "c"]) await sessions.storeRetained(packet(topic));
    expect(forgotten).toEqual(["retained message"]);
    await sessions.storeRetained(packet("a", "new"));
    await sessions.storeRetained(packet("b", ""));
    await sessions.storeRetained(packet("c"));
    const kept = await collect(sessions.createRetainedStreamCombi(["#"]));
    expect(kept.map(({ topic, payload }) => `${topic} ${payload}`)).toEqual(["a new", "c x"]);
    expect(topics(await collect(sessions.createRetainedStreamCombi(["c", "x/+"])))).toEqual(["c"]);
  });

  test("a kept payload does not keep the buffer it came in", async () => {
    const { sessions } = store();
    const chunk = Buffer.alloc(65_536);
    await sessions.storeRetained({ ...packet("a"), payload: chunk.subarray(10, 20) });
    const [kept] = await collect(sessions.createRetainedStreamCombi(["a"]));
    expect((kept!.payload as Buffer).buffer).not.toBe(chunk.buffer);
    expect(kept!.payload).toHaveLength(10);
  });

  test("a subscription renewed with another quality replaces the old one", async () => {
    const { sessions } = store();
    sessions.arrived("a", undefined);
    await sessions.addSubscriptions({ id: "a" }, [{ topic: "t", qos: 1 }]);
    await sessions.addSubscriptions({ id: "a" }, [{ topic: "t", qos: 2 }]);
    expect(await sessions.subscriptionsByTopic("t")).toMatchObject([{ qos: 2 }]);
    await sessions.addSubscriptions({ id: "a" }, [{ topic: "t", qos: 0 }]);
    expect(await sessions.subscriptionsByTopic("t")).toEqual([]);
    expect(await sessions.subscriptionsByClient({ id: "a" })).toEqual([{ topic: "t", qos: 0 }]);
    await sessions.cleanSubscriptions({ id: "a" });
    expect(await sessions.subscriptionsByClient({ id: "a" })).toEqual([]);
  });
});
