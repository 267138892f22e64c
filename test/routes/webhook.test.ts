import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { eventMessageSchema } from "../../gateway/alerts/message-schemas.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { SITE } from "../alerts/support/site.ts";
import { until } from "../support/until.ts";
import { RouteDesk } from "./desk.ts";
import { Receiver } from "./receiver.ts";

const GAS = "gd-01.lel";
const OTHER_GAS = "gd-02.lel";
const RIVER = "gauge-1.level";

const seqs = (receiver: Receiver) =>
  receiver.taken.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
const hook = (receiver: Receiver, more: object = {}) => ({
  routes: { hook: { type: "webhook", url: `${receiver.url}/alarms?of=wushan`, ...more } },
});

/** Real answers need real time, and the clock is the test's: moves it until something has come. */

describe("a webhook", () => {
  test("posts the message of the topic, signed, with a key by which a repetition is known", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start({
      ...hook(receiver, { secret: "env:HOOK", token: "env:TOKEN", headers: { "x-county": "wushan" } }),
      secrets: { "env:HOOK": "s3cret", "env:TOKEN": "t0ken" },
    });
    desk.raise(GAS, "red");
    await until("the event", () => receiver.taken.length === 1);
    const [{ path, query, headers, body }] = receiver.taken as [Receiver["taken"][number]];
    const message = eventMessageSchema.parse(JSON.parse(body));
    expect(message).toMatchObject({ seq: 1, transition: "raise", severity: "red", resent: false });
    expect(path).toBe("/alarms");
    expect(query.get("of")).toBe("wushan");
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "idempotency-key": message.id,
      authorization: "Bearer t0ken",
      "x-county": "wushan",
    });
    // As a receiver verifies it, with nothing of ours.
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["tocsin-signature"]))!;
    expect(createHmac("sha256", "s3cret").update(`${seconds}.${body}`).digest("hex")).toBe(mac);
    expect(Number(seconds)).toBe(Math.floor(desk.clock.wall() / SECOND));
    await until("the cursor", () => desk.disk.get("route:hook:red") === 2);
  });

  test("signs nothing as long as the clock is not set, and sends it then", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { secret: "env:HOOK" }));
    desk.timeTrusted = false;
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("hook").state === "failing");
    expect(receiver.received).toEqual([]);
    desk.timeTrusted = true;
    await desk.eventually("the event", () => receiver.taken.length === 1);
  });

  test("sends again what was not taken: errors, broken connections, silence; nothing is missed", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { parallel: 1 }));
    const reactions: ReturnType<Receiver["react"]>[] = [
      { status: 500 },
      "reset",
      "hang",
      { status: 302, headers: { location: "/x" } },
      { status: 401 },
    ];
    receiver.react = () => reactions.shift() ?? { status: 200, body: "ok" };
    desk.raise(GAS, "yellow");
    desk.raise(GAS, "orange");
    desk.clear(GAS);
    await desk.eventually("all events", () => receiver.taken.length === 3);
    expect(seqs(receiver)).toEqual([1, 2, 3]);
    expect(new Set(receiver.received.slice(0, 6).map(({ headers }) => headers["idempotency-key"])).size).toBe(
      1,
    );
    expect(receiver.received.every(({ path }) => path === "/alarms")).toBe(true);
    // A kept connection that breaks is tried once more on a fresh one: no failure.
    expect(desk.count("route_failures")).toBe(4);
    expect(desk.quarantined).toEqual([]);
  });

  test("obeys a server that asks it to wait", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver));
    receiver.react = () => ({ status: 429, headers: { "retry-after": "120" } });
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("hook").state === "failing");
    desk.raise(OTHER_GAS, "red");
    await desk.pass(119 * SECOND, SECOND);
    expect(receiver.received.length).toBe(1);
    receiver.react = () => ({ status: 200 });
    await desk.eventually("both", () => receiver.taken.length === 2);
  });

  test("sets a message aside that is refused again and again, keeps it, says so, and goes on", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver));
    receiver.react = ({ body }) =>
      body.includes("gd-01") ? { status: 422, body: "no such place" } : { status: 200 };
    desk.raise(GAS, "red");
    desk.raise(OTHER_GAS, "red");
    await desk.eventually("the quarantine", () => desk.quarantined.length === 1);
    expect(receiver.received.filter(({ body }) => body.includes("gd-01")).length).toBe(3);
    expect(desk.quarantined[0]).toMatchObject({
      route: "hook",
      event: { seq: 1 },
      words: "HTTP 422: no such place",
    });
    expect(seqs(receiver)).toEqual([2]);
    expect(desk.count("route_events_refused")).toBe(1);
    expect(desk.lost).toEqual(["hook lost: hook: 1: HTTP 422: no such place"]);
    await until("the cursor", () => desk.disk.get("route:hook:red") === 3);
    await desk.pass(10 * MINUTE, 10 * SECOND);
    expect(desk.lost.at(-1)).toBe("hook works");
  });

  test("is not held up for ever by one message on which the server breaks", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { parallel: 1 }));
    receiver.react = ({ body }) => ({ status: body.includes("gd-01") ? 500 : 200 });
    desk.raise(GAS, "red");
    desk.raise(OTHER_GAS, "red");
    desk.raise(RIVER, "red");
    await desk.eventually("the others", () => receiver.taken.length === 2);
    desk.clear(RIVER);
    await desk.eventually("the quarantine", () => desk.quarantined.length === 1);
    expect(desk.quarantined[0]!.event.seq).toBe(1);
    expect(seqs(receiver)).toEqual([2, 3, 4]);
  });

  test("keeps everything while the server is only broken, however long", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver));
    receiver.react = () => ({ status: 503 });
    for (let i = 0; i < 5; i++) desk.swing(GAS, "yellow");
    await desk.pass(60 * MINUTE, 5 * SECOND);
    expect(desk.quarantined).toEqual([]);
    receiver.react = () => ({ status: 200 });
    await desk.eventually("all", () => receiver.taken.length === 15);
    // The events of one occurrence stay in order.
    const sent = receiver.taken.map(({ body }) => JSON.parse(body) as { seq: number; occurrence: string });
    for (const { occurrence } of sent) {
      const own = sent.filter((one) => one.occurrence === occurrence).map(({ seq }) => seq);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test("that fails for longer than its time is an alarm, and not any more when it works", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { lostAfter: "2m" }));
    receiver.react = () => ({ status: 500, body: "down" });
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("hook").state === "failing");
    await desk.pass(118 * SECOND, SECOND);
    expect(desk.lost).toEqual([]);
    await desk.pass(3 * SECOND, SECOND);
    expect(desk.lost).toEqual(["hook lost: hook: HTTP 500: down"]);
    expect(desk.routes.covering(pointOf("well-3"))).toBe(0);
    receiver.react = () => ({ status: 200 });
    await desk.eventually("the event", () => receiver.taken.length === 1);
    expect(desk.lost.at(-1)).toBe("hook works");
    expect(desk.status("hook")).toMatchObject({ state: "up", backlog: 0, waiting: 0, delivered: 1 });
    expect(desk.routes.covering(pointOf("well-3"))).toBe(1);
  });

  test("that is dead holds up no other", async () => {
    await using dead = await Receiver.start();
    await using alive = await Receiver.start();
    dead.react = () => "hang";
    await using desk = await RouteDesk.start({
      routes: {
        dead: { type: "webhook", url: dead.url },
        alive: { type: "webhook", url: alive.url, parallel: 1 },
      },
    });
    for (let i = 0; i < 50; i++) desk.swing(i % 2 === 0 ? GAS : RIVER, "red");
    await until("all events at the other", () => alive.taken.length === 150);
    expect(seqs(alive)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    expect(desk.status("dead").waiting).toBeLessThanOrEqual(4 * 64);
  });

  test("goes on after a kill where it had stopped: at least once, nothing missed", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver));
    const held: (() => void)[] = [];
    receiver.react = () =>
      receiver.received.length % 7 === 0
        ? new Promise((resolve) => held.push(() => resolve({ status: 200 })))
        : { status: 200 };
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 10; i++)
        desk.swing([GAS, OTHER_GAS, RIVER][i % 3]!, (["yellow", "red"] as const)[i % 2]!);
      await until("some of them", () => receiver.received.length > round * 10);
      await desk.restart({ cut: true });
    }
    receiver.react = () => ({ status: 200 });
    for (const release of held) release();
    const all = Array.from({ length: 180 }, (_, i) => i + 1);
    await desk.eventually("all events", () => all.every((seq) => seqs(receiver).includes(seq)));
  });
});

describe("red", () => {
  test("does not wait behind a thousand yellow ones", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { parallel: 1 }));
    receiver.react = () => ({ status: 503 });
    for (let i = 0; i < 400; i++) desk.swing(RIVER, "yellow");
    await until("the failure", () => desk.status("hook").state === "failing");
    desk.raise(GAS, "red");
    receiver.react = () => ({ status: 200 });
    await desk.eventually("something", () => receiver.taken.length > 0);
    expect(JSON.parse(receiver.taken[0]!.body)).toMatchObject({ severity: "red" });
    await desk.eventually("all", () => receiver.taken.length === 1_201);
    expect(seqs(receiver).slice(1)).toEqual(Array.from({ length: 1_200 }, (_, i) => i + 1));
  });

  test("tries a route at once that is in a pause of its own choosing", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { retry: { first: "1s", longest: "1h" } }));
    receiver.react = () => ({ status: 503 });
    desk.raise(RIVER, "yellow");
    await until("the failure", () => desk.status("hook").state === "failing");
    await desk.pass(30 * MINUTE, 10 * SECOND);
    const before = receiver.received.length;
    receiver.react = () => ({ status: 200 });
    desk.raise(GAS, "red");
    await until("the red one", () => receiver.taken.length > 0);
    expect(receiver.received.length).toBeGreaterThan(before);
    expect(JSON.parse(receiver.taken[0]!.body)).toMatchObject({ severity: "red" });
  });

  test("takes along what its own occurrence was before", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start(hook(receiver, { parallel: 1 }));
    receiver.react = () => ({ status: 503 });
    for (let i = 0; i < 10; i++) desk.swing(RIVER, "orange");
    desk.raise(GAS, "yellow");
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("hook").state === "failing");
    receiver.react = () => ({ status: 200 });
    await desk.eventually("all", () => receiver.taken.length === 32);
    expect(seqs(receiver).slice(0, 2)).toEqual([31, 32]);
  });
});

function pointOf(id: string) {
  return SITE.points.find((point) => point.id === id)!;
}
