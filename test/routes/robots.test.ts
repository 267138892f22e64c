import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { dingtalkSign } from "../../gateway/routes/robots/dingtalk.ts";
import { feishuSign } from "../../gateway/routes/robots/feishu.ts";
import { MILLISECOND, MINUTE, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { settled } from "../alerts/support/alert-desk.ts";
import { SITE } from "../alerts/support/site.ts";
import { until } from "../support/until.ts";
import { RouteDesk } from "./desk.ts";
import { type Received, Receiver } from "./receiver.ts";

const GAS = "gd-01.lel";
const OTHER_GAS = "gd-02.lel";
const RIVER = "gauge-1.level";

const DINGTALK_LIMIT = 20;

/** Answers as DingTalk does: 200 always, the code in the body; who sends more than 20 a minute is blocked for ten. */
class DingTalk {
  readonly receiver: Receiver;
  readonly #desk: () => RouteDesk;
  readonly #arrivals: number[] = [];
  /** What the group sees. */
  readonly texts: string[] = [];
  readonly times: number[] = [];
  blocked = 0;
  #until = 0;
  answer: { errcode: number; errmsg: string } | undefined;

  constructor(receiver: Receiver, desk: () => RouteDesk) {
    this.receiver = receiver;
    this.#desk = desk;
    receiver.react = (request) => ({ status: 200, body: JSON.stringify(this.#take(request)) });
  }

  #take({ body, query }: Received): object {
    const now = this.#desk().clock.now();
    if (query.get("access_token") !== "t0ken") return { errcode: 300001, errmsg: "token is not exist" };
    if (query.get("sign") !== null) {
      const mac = createHmac("sha256", "SEC1")
        .update(`${query.get("timestamp")}\nSEC1`)
        .digest("base64");
      if (query.get("sign") !== mac) return { errcode: 310000, errmsg: "sign not match" };
    }
    this.#arrivals.push(now);
    const lately = this.#arrivals.filter((at) => at > now - MINUTE).length;
    if (lately > DINGTALK_LIMIT) this.#until = now + 10 * MINUTE;
    if (now < this.#until) {
      this.blocked++;
      return { errcode: 130101, errmsg: "send too fast, exceed 20 times per minute" };
    }
    if (this.answer !== undefined) return this.answer;
    this.texts.push((JSON.parse(body) as { text: { content: string } }).text.content);
    this.times.push(now);
    return { errcode: 0, errmsg: "ok" };
  }
}

async function group(more: object = {}, run: (of: { desk: RouteDesk; robot: DingTalk }) => Promise<void>) {
  await using receiver = await Receiver.start();
  await using desk = await RouteDesk.start({
    routes: {
      group: { type: "dingtalk", url: receiver.url, token: "env:TOKEN", languages: ["zh"], ...more },
    },
    secrets: { "env:TOKEN": "t0ken", "env:SECRET": "SEC1" },
  });
  const robot = new DingTalk(receiver, () => desk);
  await run({ desk, robot });
}

/** The test's time passes as far as it takes, with room for real answers. */

describe("signatures", () => {
  const SECRET = "SECtest0123456789abcdef";

  test("of DingTalk are those that two other programs compute", () => {
    expect(dingtalkSign(SECRET, 1_700_000_000_000 * MILLISECOND)).toEqual({
      timestamp: "1700000000000",
      sign: "%2FlfnxUUu80FwVTsIlv2F1cMGBb%2BPxEKAwYh%2FbsRxXcc%3D",
    });
  });

  test("of Feishu are those that two other programs compute", () => {
    expect(feishuSign(SECRET, 1_700_000_000 * SECOND)).toEqual({
      timestamp: "1700000000",
      sign: "R9sugg1yeI3YQr9rgdGGtTPc1xPgB+4G136nVzRFCNg=",
    });
  });
});

describe("a robot in a DingTalk group", () => {
  test("says what has happened, signed, in the languages of the group", async () => {
    await group(
      { secret: "env:SECRET", languages: ["zh", "en"], keyword: "警钟" },
      async ({ desk, robot }) => {
        desk.raise(GAS, "red");
        await until("the message", () => robot.texts.length === 1);
        expect(robot.texts[0]).toMatch(
          /^警钟 【红色】老街3号阀井.*60 %LEL.*\n\[red\] Old Street well 3.*60 %LEL/s,
        );
      },
    );
  });

  test("stays below twenty in any minute, red first, and nobody is blocked", async () => {
    await group({}, async ({ desk, robot }) => {
      for (let i = 0; i < 400; i++) {
        desk.swing(RIVER, "yellow");
        if (i % 10 === 0) await desk.pass(SECOND);
      }
      desk.raise(GAS, "red");
      await desk.eventually("the red one", () => robot.texts.some((text) => text.includes("【红色】")));
      await desk.eventually("all of them", () => desk.status("group").backlog === 0);
      expect(robot.blocked).toBe(0);
      for (const at of robot.times) {
        expect(robot.times.filter((time) => time > at - MINUTE && time <= at).length).toBeLessThanOrEqual(18);
      }
    });
  });

  test("is not blocked either after a restart in the middle of a burst", async () => {
    await group({ digest: { quiet: "0s" } }, async ({ desk, robot }) => {
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 12; i++) desk.swing([GAS, OTHER_GAS][i % 2]!, "red");
        const before = robot.texts.length;
        await until("some", async () => {
          await desk.pass(SECOND / 2);
          return robot.texts.length > before + 3;
        });
        await desk.restart();
      }
      await desk.eventually("all", () => desk.status("group").backlog === 0);
      expect(robot.blocked).toBe(0);
    });
  });

  test("merges a flood from the fifteenth message of a minute on, and tells every one of them", async () => {
    await group({ digest: { quiet: "0s" } }, async ({ desk, robot }) => {
      for (let i = 0; i < 500; i++) {
        desk.raise(RIVER, "yellow");
        desk.clear(RIVER);
        desk.acknowledge(RIVER);
      }
      await desk.eventually("all", () => desk.status("group").backlog === 0);
      expect(robot.texts.slice(0, 14).every((text) => !text.startsWith("【汇总】"))).toBe(true);
      const digests = robot.texts.filter((text) => text.startsWith("【汇总】"));
      expect(digests[0]).toMatch(/^【汇总】.*：另有 \d+ 条（黄色 \d+）/);
      const told = digests.map((text) => Number(/另有 (\d+) 条/.exec(text)![1]));
      // Raised and returned, five hundred times; what people did themselves is no news.
      expect(14 + told.reduce((sum, count) => sum + count, 0)).toBe(1_000);
      expect(desk.count("route_events")).toBe(1_000);
      expect(digests.every((text) => Buffer.byteLength(text) <= 15_000)).toBe(true);
    });
  });

  test("never merges red, however many: first an outline, then each by itself", async () => {
    await group({}, async ({ desk, robot }) => {
      for (let i = 0; i < 30; i++) desk.swing([GAS, OTHER_GAS][i % 2]!, "red");
      await desk.eventually("all", () => desk.status("group").backlog === 0);
      expect(robot.texts[0]).toMatch(/^【红色 \d+】.*逐条发送/);
      const single = robot.texts.filter((text) => /^【(红色|恢复)/.test(text) && !text.includes("逐条发送"));
      expect(single.length).toBe(60);
      expect(robot.blocked).toBe(0);
    });
  });

  test("puts repetitions of the same alarm into the digest, and never a red one", async () => {
    await group({ digest: { quiet: "10m" } }, async ({ desk, robot }) => {
      desk.swing(RIVER, "yellow");
      await desk.eventually("the first", () => robot.texts.length === 2);
      desk.swing(RIVER, "yellow");
      desk.swing(RIVER, "yellow");
      await desk.pass(20 * SECOND, SECOND);
      expect(robot.texts.length).toBe(2);
      desk.swing(GAS, "red");
      desk.swing(GAS, "red");
      await until("the red ones", () => robot.texts.length === 6);
      await desk.eventually("the digest", () => robot.texts.length === 7);
      expect(robot.texts[6]).toMatch(/^【汇总】.*另有 4 条（黄色 4）/);
    });
  });

  test("that answers that we send too fast is left alone for ten minutes, by red as well", async () => {
    await group({}, async ({ desk, robot }) => {
      robot.answer = { errcode: 130101, errmsg: "send too fast, exceed 20 times per minute" };
      desk.raise(GAS, "red");
      await until("the failure", () => desk.status("group").state === "failing");
      robot.answer = undefined;
      desk.raise(OTHER_GAS, "red");
      await desk.pass(598 * SECOND, SECOND);
      expect(robot.receiver.received.length).toBe(1);
      await desk.eventually("both", () => robot.texts.length === 2);
    });
  });

  test("whose key is wrong fails aloud and loses nothing", async () => {
    await group({ lostAfter: "1m" }, async ({ desk, robot }) => {
      robot.answer = { errcode: 310000, errmsg: "keywords not in content" };
      desk.raise(GAS, "red");
      await desk.pass(2 * MINUTE, SECOND);
      expect(desk.lost[0]).toContain("keywords not in content");
      expect(desk.quarantined).toEqual([]);
      robot.answer = undefined;
      await desk.eventually("the message", () => robot.texts.length === 1);
      expect(desk.lost.at(-1)).toBe("group works");
    });
  });

  test("calls everybody for red only, when it begins", async () => {
    await group({ mentionAll: "red" }, async ({ desk, robot }) => {
      desk.swing(RIVER, "orange");
      desk.swing(GAS, "red");
      await until("all", () => robot.texts.length === 4);
      const called = robot.receiver.received.map(
        ({ body }) => (JSON.parse(body) as { at: { isAtAll: boolean } }).at.isAtAll,
      );
      expect(called.filter(Boolean).length).toBe(1);
    });
  });

  test("that is new to the gateway begins with what happens next; what is a day old comes in a digest", async () => {
    await group({}, async ({ desk, robot }) => {
      robot.answer = { errcode: -1, errmsg: "system busy" };
      desk.swing(GAS, "red");
      desk.swing(RIVER, "yellow");
      await desk.pass(25 * 60 * MINUTE, MINUTE);
      robot.answer = undefined;
      desk.raise(GAS, "red");
      await desk.eventually("all", () => desk.status("group").backlog === 0);
      expect(robot.texts.map((text) => text.slice(0, 4))).toEqual(["【红色】", "【汇总】"]);
      expect(robot.texts[1]).toContain("红色 2、黄色 2");
    });
  });
});

describe("what people are not called for", () => {
  test("is anything that is not live, silenced, or what they did themselves", async () => {
    await group({ select: { severity: "blue" } }, async ({ desk, robot }) => {
      desk.raise(GAS, "yellow");
      await until("the first", () => robot.texts.length === 1);
      desk.acknowledge(GAS);
      const [event] = desk.plant.log;
      const next = () => desk.plant.log.length + 1;
      for (const mode of ["test", "exercise", "simulated"] as const)
        desk.invent({ ...event!, seq: next(), mode });
      desk.invent({ ...event!, seq: next(), silence: "shelved", transition: "upgrade" });
      desk.invent({ ...event!, seq: next(), point: "shed", subject: "smoke-9.smoke" });
      await desk.pass(5 * MINUTE, SECOND);
      expect(robot.texts.length).toBe(1);
      // Only its falling silent is told, and its coming back.
      desk.invent({ ...event!, seq: next(), silence: "shelved", transition: "shelve" });
      desk.invent({ ...event!, seq: next(), silenceBefore: "shelved", transition: "unshelve" });
      await desk.eventually("both", () => robot.texts.length === 3);
    });
  });

  test("never danger that begins otherwise than by a raise, where raises are chosen", async () => {
    await group({ select: { severity: "red", transitions: ["raise"] } }, async ({ desk, robot }) => {
      desk.raise(GAS, "yellow");
      desk.raise(GAS, "red");
      await until("it got worse", () => robot.texts.length === 1);
      const event = desk.plant.log.at(-1)!;
      const invent = (more: Partial<AlarmEvent>) =>
        desk.invent({ ...event, seq: desk.plant.log.length + 1, from: "returned", ...more });
      invent({ transition: "again" });
      invent({ transition: "unsuppress", silenceBefore: "suppressed" });
      invent({ transition: "return-to-service", silenceBefore: "out-of-service" });
      invent({ transition: "return", to: "returned" });
      invent({ transition: "unshelve", silenceBefore: "shelved", to: "normal" });
      await desk.eventually("all that call people", () => robot.texts.length === 4);
      await desk.pass(5 * MINUTE, SECOND);
      expect(robot.texts.length).toBe(4);
    });
  });

  test("may be chosen: by point, group, field, class, severity, step and mode", async () => {
    await using receiver = await Receiver.start();
    receiver.react = () => ({ status: 200 });
    const hook = (select: object) => ({ type: "webhook", url: `${receiver.url}/`, select });
    const site = {
      ...SITE,
      points: SITE.points.map((point) =>
        point.id === "river" ? { ...point, notify: ["flood-team"] } : point,
      ),
    };
    const routes = {
      point: hook({ points: ["well-3"] }),
      notify: hook({ notify: ["flood-team"] }),
      field: hook({ domains: ["water"] }),
      severe: hook({ severity: "orange" }),
      step: hook({ transitions: ["return"] }),
      nobody: hook({ classes: ["fault"] }),
      exercise: hook({ modes: ["exercise"] }),
    };
    for (const [id, route] of Object.entries(routes)) route.url += id;
    await using desk = await RouteDesk.start({ routes, site });
    desk.raise(GAS, "red");
    desk.raise(RIVER, "yellow");
    desk.clear(RIVER);
    await settled();
    await until("all", () => receiver.taken.length === 7);
    const got = (id: string) =>
      receiver.taken
        .filter(({ path }) => path === `/${id}`)
        .map(({ body }) => (JSON.parse(body) as { seq: number }).seq)
        .toSorted();
    expect(Object.fromEntries(Object.keys(routes).map((id) => [id, got(id)]))).toEqual({
      point: [1],
      notify: [2, 3],
      field: [2, 3],
      severe: [1],
      step: [3],
      nobody: [],
      exercise: [],
    });
    expect(desk.routes.covering(site.points.find(({ id }) => id === "well-3")!)).toBe(2);
  });
});

describe("the other makers' robots", () => {
  test("Feishu: the signature stands in the body, keyed the other way round; its errors are understood", async () => {
    await using receiver = await Receiver.start();
    await using desk = await RouteDesk.start({
      routes: {
        group: {
          type: "feishu",
          url: receiver.url,
          token: "env:TOKEN",
          secret: "env:SECRET",
          mentionAll: "red",
        },
      },
      secrets: { "env:TOKEN": "t0ken", "env:SECRET": "SEC1" },
    });
    const answers = [
      { code: 11232, msg: "frequency limited" },
      { code: 9499, msg: "Bad Request" },
    ];
    receiver.react = () => ({
      status: 200,
      body: JSON.stringify(answers.shift() ?? { code: 0, msg: "success" }),
    });
    desk.raise(GAS, "red");
    await desk.eventually("the message", () => receiver.received.length === 3);
    const { path, body } = receiver.received[2]!;
    expect(path).toBe("/t0ken");
    const said = JSON.parse(body) as {
      timestamp: string;
      sign: string;
      msg_type: string;
      content: { text: string };
    };
    expect(createHmac("sha256", `${said.timestamp}\nSEC1`).digest("base64")).toBe(said.sign);
    expect(said.content.text).toMatch(/^<at user_id="all">所有人<\/at> 【红色】/);
    expect(desk.quarantined).toEqual([]);
    await until("the cursor", () => desk.disk.get("route:group:red") === 2);
  });

  test("WeCom: a text has 2,048 bytes at most, and no character is torn", async () => {
    await using receiver = await Receiver.start();
    receiver.react = () => ({ status: 200, body: JSON.stringify({ errcode: 0, errmsg: "ok" }) });
    await using desk = await RouteDesk.start({
      routes: { group: { type: "wecom", url: receiver.url, token: "env:TOKEN", digest: { quiet: "0s" } } },
      secrets: { "env:TOKEN": "t0ken" },
    });
    for (let i = 0; i < 100; i++) desk.swing(RIVER, "yellow");
    await desk.eventually("all", () => desk.status("group").backlog === 0);
    const texts = receiver.taken.map(
      ({ body }) => (JSON.parse(body) as { text: { content: string } }).text.content,
    );
    expect(receiver.taken[0]!.query.get("key")).toBe("t0ken");
    expect(Math.max(...texts.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(2_048);
    const digest = texts.find((text) => text.startsWith("【汇总】"))!;
    expect(digest).toMatch(/另有 186 条/);
    expect(digest).not.toContain("\ufffd");
    // What does not fit is counted: the lines and the rest make up all of it.
    const lines = digest.split("\n").filter((line) => line.startsWith("•")).length;
    expect(lines + Number(/……另有 (\d+) 条/.exec(digest)![1])).toBe(186);
  });

  test("an answer that is none of a robot's is a failure", async () => {
    await using receiver = await Receiver.start();
    receiver.react = () => ({ status: 200, body: "<html>portal</html>" });
    await using desk = await RouteDesk.start({
      routes: { group: { type: "wecom", url: receiver.url, token: "env:TOKEN" } },
    });
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("group").state === "failing");
    expect(desk.status("group").lastError).toContain("portal");
  });
});
