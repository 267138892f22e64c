import { beforeEach, describe, expect, test } from "vitest";
import { COMMAND_VERBS, COMMANDS_SUPPORTED } from "../../gateway/alerts/command-schemas.ts";
import { resend } from "../../gateway/alerts/resend.ts";
import type { Requested } from "../../gateway/requests.ts";
import { SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { AlertDesk, settled } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";

const ACKNOWLEDGE = "tocsin/demo/command/acknowledge";
const RESET = "tocsin/demo/command/reset";
const RESEND = "tocsin/demo/command/resend";

let desk: AlertDesk;

beforeEach(async () => {
  desk = await AlertDesk.start();
  desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
});

/** Sends a command and gives the result that came for it. */
async function send(
  topic: string,
  payload: unknown,
  options: Parameters<typeof desk.bus.receive>[2] = {},
): Promise<Record<string, unknown> | undefined> {
  const before = desk.bus.json("tocsin/demo/command/result/#").length;
  desk.bus.receive(topic, payload, options);
  await settled();
  for (const publication of desk.bus.published) expectValid(publication);
  return desk.bus.json("tocsin/demo/command/result/#")[before];
}

describe("acknowledging and resetting", () => {
  test("by the occurrence alone; the result comes on the request's own topic", async () => {
    const result = await send(ACKNOWLEDGE, { id: "r-1", occurrence: "demo-o1", note: "已派人" });
    expect(result).toMatchObject({ id: "r-1", accepted: true, reason: null, user: "wang", durable: true });
    expect(desk.bus.published.at(-1)).toMatchObject({
      topic: "tocsin/demo/command/result/r-1",
      qos: 1,
      retain: false,
    });
    expect(desk.plant.log.at(-1)).toMatchObject({ transition: "acknowledge", user: "wang", note: "已派人" });
    expect(desk.count("commands")).toBe(1);
  });

  test("the user is the authenticated sender; on an open loopback it is nobody in particular", async () => {
    const result = await send(
      ACKNOWLEDGE,
      { id: "r-1", occurrence: 1 },
      { sender: { client: "boss", user: undefined } },
    );
    expect(result).toMatchObject({ accepted: true, user: "local" });
  });

  test("a payload that claims a user is malformed", async () => {
    const result = await send(ACKNOWLEDGE, { id: "r-1", occurrence: 1, user: "boss" });
    expect(result).toMatchObject({ accepted: false, reason: "invalid" });
    expect(desk.plant.log).toHaveLength(1);
  });

  test("the result waits for the disk", async () => {
    let onDisk = () => {};
    desk = await AlertDesk.start({ whenDurable: () => new Promise((resolve) => (onDisk = resolve)) });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    expect(await send(ACKNOWLEDGE, { id: "r-1", occurrence: 1 })).toBeUndefined();
    onDisk();
    await settled();
    expect(desk.bus.json("tocsin/demo/command/result/r-1")).toMatchObject([
      { accepted: true, durable: true },
    ]);
  });

  test("when the disk fails the person still gets an answer, which says so", async () => {
    desk = await AlertDesk.start({ whenDurable: () => new Promise(() => {}) });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await send(ACKNOWLEDGE, { id: "r-1", occurrence: 1 });
    await (desk.clock as ManualClock).run(3 * SECOND);
    expect(desk.bus.json("tocsin/demo/command/result/r-1")).toMatchObject([
      { accepted: true, durable: false, text: { zh: "确认已生效，但尚未存盘，断电后可能失效。" } },
    ]);
  });

  test("a second delivery of one request never acknowledges what has become worse since", async () => {
    const request = { id: "r-1", occurrence: 1 };
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    desk.plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 12, limit: 10 });
    expect(await send(ACKNOWLEDGE, { ...request, occurrence: 2 })).toMatchObject({
      accepted: true,
      repeated: false,
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    expect(await send(ACKNOWLEDGE, { ...request, occurrence: 2 })).toMatchObject({
      accepted: true,
      repeated: true,
    });
    expect(desk.plant.alarm("gas-leak", "gd-01.lel").state).toBe("unacknowledged");
    expect(await send(ACKNOWLEDGE, { id: "r-2", occurrence: 2 })).toMatchObject({
      accepted: true,
      repeated: false,
    });
    expect(desk.plant.alarm("gas-leak", "gd-01.lel").state).toBe("acknowledged");
  });

  test("a request that was refused may be tried again as it stands", async () => {
    desk.plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    await send(ACKNOWLEDGE, { id: "a", occurrence: 2 });
    expect(await send(RESET, { id: "r", occurrence: 2 })).toMatchObject({
      reason: "condition-still-present",
    });
    desk.plant.clear("fire", "smoke-7.smoke", { value: 0 });
    expect(await send(RESET, { id: "r", occurrence: 2 })).toMatchObject({ accepted: true, repeated: false });
  });

  test("delivered three times while it is under way, and it fails: tried once more, and not by each of them", async () => {
    const tries: ((outcome: Requested) => void)[] = [];
    await using asking = await AlertDesk.start({
      request: () => new Promise((resolve) => tries.push(resolve)),
    });
    const ring = { id: "ring", device: "uitd-1", request: "duty-check", reason: "抽查" };
    for (let i = 0; i < 3; i++) asking.bus.receive("tocsin/demo/command/ask", ring);
    await settled();
    expect(tries).toHaveLength(1);
    tries[0]!({ outcome: "device-failed", code: "DEVICE_TIMEOUT", detail: "" });
    await settled();
    expect(tries).toHaveLength(2);
    tries[1]!({ outcome: "answered", answer: { facts: [], raw: "" } });
    await settled();
    const results = asking.bus.json("tocsin/demo/command/result/#");
    expect(results.map(({ accepted, repeated }) => [accepted, repeated])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
    expect(tries).toHaveLength(2);
  });

  test("an answer of megabytes is told as far as a result can be long", async () => {
    const words = "人".repeat(2_000_000);
    const fact = { id: "content", name: { zh: "内容", en: "contents" }, value: words };
    await using asking = await AlertDesk.start({
      request: () =>
        Promise.resolve({
          outcome: "answered",
          answer: { facts: [{ ...fact, text: { zh: words, en: words } }], raw: words },
        }),
    });
    asking.bus.receive("tocsin/demo/command/ask", { id: "q", device: "station", request: "manual" });
    await settled();
    for (const publication of asking.bus.published) expectValid(publication);
    expect(JSON.stringify(asking.bus.json("tocsin/demo/command/result/#")).length).toBeLessThan(100_000);
  });

  test.each([
    [100, 1],
    [101, 2],
  ])("an answer of %i facts: the same question again is asked %i times in all", async (many, times) => {
    const fact = { id: "v", name: { zh: "值", en: "value" }, value: 1, text: { zh: "1", en: "1" } };
    let asked = 0;
    await using asking = await AlertDesk.start({
      request: () => {
        asked++;
        const facts = Array.from({ length: many }, () => fact);
        return Promise.resolve({ outcome: "answered", answer: { facts, raw: "" } });
      },
    });
    for (let i = 0; i < 2; i++) {
      asking.bus.receive("tocsin/demo/command/ask", { id: "q", device: "logger", request: "minutes" });
      await settled();
    }
    expect(asked).toBe(times);
    expect(asking.bus.json("tocsin/demo/command/result/#")).toHaveLength(2);
  });

  test("a latched alarm is reset once it is acknowledged and its condition has gone", async () => {
    const { plant } = desk;
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    expect(await send(RESET, { id: "1", occurrence: 2 })).toMatchObject({
      reason: "condition-still-present",
    });
    plant.clear("fire", "smoke-7.smoke", { value: 0 });
    expect(await send(RESET, { id: "2", occurrence: 2 })).toMatchObject({ reason: "not-acknowledged" });
    expect(await send(ACKNOWLEDGE, { id: "3", occurrence: 2 })).toMatchObject({ accepted: true });
    expect(await send(RESET, { id: "4", occurrence: 2 })).toMatchObject({ accepted: true });
    expect([...plant.alarms()].map(({ rule }) => rule)).toEqual(["gas-leak"]);
  });
});

describe("commands that are refused", () => {
  test("for another occurrence than the one that is there", async () => {
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    const named = { rule: "gas-leak", subject: "gd-01.lel" };
    expect(await send(ACKNOWLEDGE, { id: "1", occurrence: "demo-o1", ...named })).toMatchObject({
      reason: "wrong-occurrence",
    });
    expect(await send(ACKNOWLEDGE, { id: "2", occurrence: "other-o2", ...named })).toMatchObject({
      reason: "wrong-occurrence",
    });
    expect(await send(ACKNOWLEDGE, { id: "3", occurrence: 99 })).toMatchObject({ reason: "unknown-alarm" });
    expect(desk.plant.alarm("gas-leak", "gd-01.lel").state).toBe("unacknowledged");
    expect(desk.count("commands_refused")).toBe(3);
  });

  test("when retained, expired or twice", async () => {
    expect(await send(ACKNOWLEDGE, { id: "1", occurrence: 1 }, { retained: true })).toMatchObject({
      reason: "retained",
    });
    expect(
      await send(ACKNOWLEDGE, { id: "2", occurrence: 1, expires: "2026-05-21T14:29:59+08:00" }),
    ).toMatchObject({ reason: "expired" });
    expect(
      await send(ACKNOWLEDGE, { id: "3", occurrence: 1, expires: "2026-05-21T14:31:00+08:00" }),
    ).toMatchObject({ accepted: true });
    expect(await send(ACKNOWLEDGE, { id: "4", occurrence: 1 })).toMatchObject({
      reason: "already-acknowledged",
    });
  });

  describe("too late", () => {
    const shelving = { id: "s", occurrence: 1, minutes: 30, reason: "送检" };
    const states = () => [...desk.plant.alarms()].map(({ state }) => state);
    /** The rules of this desk know no shelving: whatever reaches them is refused with these words. */
    const REACHED = "not-supported";

    test.each([
      ["six hours ago", "2026-05-21T08:30:00+08:00"],
      ["a second more than five minutes ago", "2026-05-21T14:24:59+08:00"],
      ["in a future of other clocks", "2026-05-21T14:35:01+08:00"],
    ])("silence that was asked for %s does not begin now", async (_, issued) => {
      expect(await send("tocsin/demo/command/shelve", { ...shelving, issued })).toMatchObject({
        accepted: false,
        reason: "too-old",
        // Whose clock is wrong, if it was given just now.
        text: { zh: expect.stringContaining(`${issued} / 2026-05-21T06:30:00`) },
      });
      expect(await send(ACKNOWLEDGE, { id: "a", occurrence: 1, issued })).toMatchObject({
        reason: "too-old",
      });
      expect(states()).toEqual(["unacknowledged"]);
    });

    test("of an age that nobody knows, when the broker may have kept it: refused, and told so", async () => {
      for (const [verb, body] of [
        ["shelve", shelving],
        ["acknowledge", { id: "a", occurrence: 1 }],
        ["reset", { id: "r", occurrence: 1 }],
        ["out-of-service", { id: "o", subject: "gd-01", hours: 4, reason: "送检" }],
        ["write", { id: "w", device: "gd-01", output: "horn", value: "off", reason: "误报" }],
      ] as const) {
        expect(await send(`tocsin/demo/command/${verb}`, body, { waited: true })).toMatchObject({
          reason: "unknown-age",
        });
      }
      expect(states()).toEqual(["unacknowledged"]);
      expect(desk.count("commands_refused")).toBe(5);
    });

    test("a sender who says when, or until when, is heard through the same broker", async () => {
      const known = { ...shelving, expires: "2026-05-21T14:31:00+08:00" };
      expect(await send("tocsin/demo/command/shelve", known, { waited: true })).toMatchObject({
        reason: REACHED,
      });
      const issued = "2026-05-21T14:25:01+08:00";
      expect(await send(ACKNOWLEDGE, { id: "a", occurrence: 1, issued }, { waited: true })).toMatchObject({
        accepted: true,
      });
    });

    test("what brings an alarm back is welcome however late", async () => {
      const late = { id: "u", occurrence: 1, issued: "2026-05-20T14:30:00+08:00" };
      expect(await send("tocsin/demo/command/unshelve", late, { waited: true })).toMatchObject({
        reason: REACHED,
      });
    });
  });

  test.each([
    ["no JSON", "acknowledge it!"],
    ["an array", []],
    ["no id", { occurrence: 1 }],
    ["an empty id", { id: "", occurrence: 1 }],
    ["no occurrence", { id: "1" }],
    ["an expiry that is no instant", { id: "1", occurrence: 1, expires: "soon" }],
    ["a rule without a subject", { id: "1", occurrence: 1, rule: "gas-leak" }],
    ["a book for a note", { id: "1", occurrence: 1, note: "x".repeat(501) }],
    ["an ocean", `{"id":"1","note":"${"x".repeat(10_000)}"}`],
    ["broken UTF-8", "\ud800"],
  ])("with %s for a payload", async (_, payload) => {
    expect(await send(ACKNOWLEDGE, payload)).toMatchObject({ accepted: false, reason: "invalid" });
    expect(desk.plant.log).toHaveLength(1);
  });

  test.each([
    ...COMMAND_VERBS.filter((verb) => !(COMMANDS_SUPPORTED as readonly string[]).includes(verb)),
    "explode",
  ])("%s: not supported", async (verb) => {
    expect(await send(`tocsin/demo/command/${verb}`, { id: "1" })).toMatchObject({
      verb,
      reason: "not-supported",
    });
  });

  test("beyond what a person would send; others are not kept waiting", async () => {
    const flood = { client: "loop", user: "li" };
    for (let i = 0; i < 50; i++)
      desk.bus.receive(ACKNOWLEDGE, { id: `f-${i}`, occurrence: 99 }, { sender: flood });
    await settled();
    const reasons = desk.bus.json("tocsin/demo/command/result/#").map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === "too-many")).toHaveLength(30);
    expect(await send(ACKNOWLEDGE, { id: "r-1", occurrence: 1 })).toMatchObject({ accepted: true });
    (desk.clock as ManualClock).advance(SECOND);
    expect(await send(ACKNOWLEDGE, { id: "later", occurrence: 99 }, { sender: flood })).toMatchObject({
      reason: "unknown-alarm",
    });
  });

  test("an empty message clears a retained one and asks for nothing", async () => {
    expect(await send(ACKNOWLEDGE, "")).toBeUndefined();
    expect(desk.count("commands_refused")).toBe(0);
  });

  test("what is on result topics is no command", async () => {
    expect(await send("tocsin/demo/command/result/x", { id: "x" })).toBeUndefined();
  });
});

test.each([
  ["a/b#+", "a_b__"],
  ["../../status", ".._.._status"],
  ["请求1", "__1"],
  ["x".repeat(64), "x".repeat(64)],
])("the id %s is answered on a topic of its own level", async (id, level) => {
  await send(ACKNOWLEDGE, { id, occurrence: 1 });
  expect(desk.bus.published.at(-1)!.topic).toBe(`tocsin/demo/command/result/${level}`);
});

test("a request without an id is answered where anybody can see why", async () => {
  await send(ACKNOWLEDGE, "hello");
  expect(desk.bus.published.at(-1)).toMatchObject({ topic: "tocsin/demo/command/result/-" });
});

describe("resend", () => {
  test("publishes the missed events again on their own topics, in order, marked", async () => {
    const { plant, bus } = desk;
    plant.assert("flood", "gauge-1.level", "yellow", { value: 175.3, limit: 175.2 });
    plant.clear("gas-leak", "gd-01.lel", { value: 1 });
    const live = bus.json("tocsin/demo/event/#");
    const result = await send(RESEND, { id: "r-1", from: 1, to: 2 });
    const again = bus.json("tocsin/demo/event/#").slice(live.length);
    expect(again).toEqual(live.slice(0, 2).map((event) => ({ ...event, resent: true })));
    expect(result).toMatchObject({
      accepted: true,
      resent: { from: 1, to: 2, messages: 2, missing: 0, next: null },
    });
  });

  test("a span of lost numbers is covered by its void message, wherever the span is cut", async () => {
    const { plant, bus } = desk;
    plant.boot(2);
    plant.boot(50);
    const before = bus.json("tocsin/demo/event/#").length;
    const result = await send(RESEND, { id: "r-1", from: 1, to: 20 });
    expect(
      bus
        .json("tocsin/demo/event/#")
        .slice(before)
        .map(({ seq, voidFrom }) => [seq, voidFrom]),
    ).toEqual([
      [1, undefined],
      [50, 2],
    ]);
    expect(result).toMatchObject({ resent: { messages: 2, missing: 0 } });
  });

  test("numbers that the alarm log does not hold any more are told", async () => {
    const { plant } = desk;
    plant.assert("flood", "gauge-1.level", "yellow", { value: 175.3, limit: 175.2 });
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    // The event is gone from the log and from memory, as after months.
    desk = await AlertDesk.start({ plant });
    plant.log.splice(0, 2);
    expect(await send(RESEND, { id: "r-1", from: 1, to: 3 })).toMatchObject({
      resent: { messages: 1, missing: 2 },
    });
  });

  test("a million numbers that a crash has lost come back as the one message that says so", async () => {
    desk.plant.boot(1);
    desk.plant.boot(1_000_000);
    expect(await send(RESEND, { id: "r-1", from: 2, to: 1_000_000 })).toMatchObject({
      resent: { to: 1_000_000, next: null, messages: 1, missing: 0 },
    });
  });

  test("more events than one request may bring: the result says where to go on", async () => {
    const log = Array.from({ length: 10_250 }, (_, i) => ({ seq: i + 1, transition: "raise" }) as AlarmEvent);
    const sent: number[] = [];
    const request = (from: number) =>
      resend({
        from,
        to: 20_000,
        last: log.length,
        events: ({ from: first, to, limit }) =>
          Promise.resolve(log.filter(({ seq }) => seq >= first && seq < to).slice(0, limit)),
        recent: () => undefined,
        publish: ({ seq }) => Promise.resolve(void sent.push(seq)),
      });
    const first = await request(1);
    expect(first).toMatchObject({ to: 10_000, next: 10_001, messages: 10_000, missing: 0 });
    expect(await request(first.next!)).toMatchObject({ to: 10_250, next: null, messages: 250, missing: 0 });
    expect(sent).toEqual(log.map(({ seq }) => seq));
  });

  test("numbers to come are nothing to wait for", async () => {
    expect(await send(RESEND, { id: "r-1", from: 2, to: 5 })).toMatchObject({
      resent: { messages: 0, missing: 0, next: null },
    });
    expect(await send(RESEND, { id: "r-2", from: 5, to: 2 })).toMatchObject({ reason: "invalid" });
  });

  test("an event that is not on disk yet can be asked for too", async () => {
    desk.committed = false;
    desk.plant.assert("flood", "gauge-1.level", "red", { value: 178, limit: 177 });
    desk.plant.log.pop();
    const before = desk.bus.json("tocsin/demo/event/#").length;
    await send(RESEND, { id: "r-1", from: 1, to: 2 });
    expect(desk.bus.json("tocsin/demo/event/#").slice(before)).toMatchObject([
      { seq: 1, uncommitted: false },
      { seq: 2, uncommitted: true, resent: true },
    ]);
  });
});

describe("the alarm log keeps what people asked for", () => {
  test("what was carried out and what was refused, by whom, on which way and why", async () => {
    await send(ACKNOWLEDGE, { id: "r-1", occurrence: "demo-o1", note: "已派人" });
    await send(ACKNOWLEDGE, { id: "r-2", occurrence: "demo-o1" });
    await send(RESET, { id: "r-3", occurrence: 99 });
    await send(RESEND, { id: "r-4", from: 1, to: 1 });
    await send("tocsin/demo/command/dance", { id: "r-5" });
    await send(ACKNOWLEDGE, { id: "r-6", occurrence: 1, user: "boss" });
    expect(desk.records).toMatchObject([
      {
        ...{ id: "r-1", verb: "acknowledge", user: "wang", route: "broker", accepted: true },
        ...{ rule: "gas-leak", subject: "gd-01.lel", occurrence: 1, note: "已派人" },
      },
      { id: "r-2", accepted: false, reason: "already-acknowledged" },
      { id: "r-3", verb: "reset", accepted: false, reason: "unknown-alarm", said: { occurrence: 99 } },
      { id: "r-4", verb: "resend", accepted: true, said: { from: 1, to: 1 } },
      { id: "r-5", verb: "dance", accepted: false, reason: "not-supported" },
      { id: "r-6", accepted: false, reason: "invalid", detail: expect.stringContaining("user") },
    ]);
    expect(desk.records).toHaveLength(6);
  });

  test("a client gone wild does not fill it: beyond a bound refusals are counted into the next record", async () => {
    for (let i = 0; i < 200; i++) desk.bus.receive(ACKNOWLEDGE, { id: `w-${i}` });
    await settled();
    expect(desk.records).toHaveLength(60);
    await send(ACKNOWLEDGE, { id: "r-1", occurrence: 1 }, { sender: { client: "desk-2", user: "li" } });
    expect(desk.records.at(-1)).toMatchObject({ id: "r-1", user: "li", accepted: true, unrecorded: 140 });
  });
});
