import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import type { CaseMessage } from "../../gateway/alerts/case-message.ts";
import type { EventMessage } from "../../gateway/alerts/message-schemas.ts";
import { MINUTE } from "../../model/time.ts";
import { expectValid } from "../alerts/support/published.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { Staff } from "./staff.ts";
import { Stand } from "./stand.ts";

/*
 * Cases on the way out: topics, escalation, API; and what they go through: kill -9, a changed site, damage.
 */

const site = (more = "", http = "{ enabled: false }", mqtt = 0) => `
site: { id: bench, name: 试验台 }
http: ${http}
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${mqtt}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { yellow: 5 }, basis: site, guidance: 巡查 }
cases:
  deadlines: { yellow: { acknowledge: 2m, respond: 10m } }
  escalation: { yellow: [duty, chief] }
${more}`;

/** What comes on `case/#` and `escalation/#`, the last of each topic; empty ones are gone. */
async function listen(address: string) {
  const client = await connectAsync(`mqtt://${address}`, { reconnectPeriod: 0 });
  const heard = new Map<string, string>();
  client.on("message", (topic, payload) => {
    if (payload.length === 0) heard.delete(topic);
    else heard.set(topic, payload.toString());
  });
  await client.subscribeAsync(["tocsin/bench/case/#", "tocsin/bench/escalation/#"], { qos: 1 });
  const json = <T>(topic: string): T | undefined => {
    const payload = heard.get(topic);
    if (payload === undefined) return undefined;
    if (topic.includes("/case/")) expectValid({ topic, payload });
    return JSON.parse(payload) as T;
  };
  return { topics: () => [...heard.keys()], json, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

test("an open case stands retained, its overruns go to the group's topic, and the API shows it, closed ones too", async () => {
  await using stand = await Stand.start(site("", '{ listen: "127.0.0.1:0" }'));
  const { staff, gateway } = stand;
  await using heard = await listen(gateway.addresses.mqtt!);
  await staff.publish("devices/wl-1/depth", "6");
  await staff.hears("raise high wl-1.depth yellow");
  const number = Number(staff.event("raise high wl-1.depth yellow").case!.split("-c")[1]);
  const topic = `tocsin/bench/case/${number}`;
  const open = await until("the case stands", () => heard.json<CaseMessage>(topic));
  expect(open).toMatchObject({
    case: `bench-c${number}`,
    point: { id: "weir" },
    severity: "yellow",
    active: true,
    unacknowledged: true,
    acknowledged: null,
    overdue: [],
    gathered: 1,
    occurrences: [{ subject: "wl-1.depth", rule: { id: "high", name: { zh: "高水位" } } }],
  });
  expect(open.text.zh).toContain("请确认报警");
  stand.clock.jump(3 * MINUTE);
  const group = `tocsin/bench/escalation/duty/yellow/weir/${number}`;
  const escalated = await until("duty is told", () => heard.json<EventMessage>(group));
  expect(escalated).toMatchObject({
    transition: "overrun",
    overdue: "acknowledge",
    escalateTo: "duty",
    case: `bench-c${number}`,
  });
  expect(escalated.text.zh).toMatch(/黄色·处置·超时升级.*处置单\d+，超时未确认，现升级通知duty/);
  expect(
    (
      await until("it is overdue", () => {
        const now = heard.json<CaseMessage>(topic);
        return now?.overdue.length === 1 ? now : undefined;
      })
    ).overdue,
  ).toEqual(["acknowledge"]);

  const named = {
    rule: "high",
    subject: "wl-1.depth",
    occurrence: staff.event("raise high wl-1.depth yellow").occurrence,
  };
  expect((await staff.command("bench", "acknowledge", named)).accepted).toBe(true);
  expect(
    (await staff.command("bench", "respond", { case: `bench-c${number}`, note: "李工带队" })).accepted,
  ).toBe(true);
  await staff.publish("devices/wl-1/depth", "1");
  await staff.hears("return high wl-1.depth yellow");
  const report = { case: number, cause: "real", report: "上游放水，已通知下游" };
  expect(await staff.command("bench", "close", report)).toMatchObject({ accepted: true, durable: true });
  await until("the topic is cleared", () => !heard.topics().includes(topic));
  const api = (await (await fetch(`http://${gateway.addresses.http}/api/cases`)).json()) as {
    open: CaseMessage[];
    closed: CaseMessage[];
  };
  expect(api.open).toEqual([]);
  expect(api.closed).toMatchObject([
    { number, responded: { user: "local" }, closed: { cause: "real", report: report.report } },
  ]);
});

test("a changed site, and damage to what the rules remember, leave cases open with all that was done about them", {
  timeout: 60_000,
}, async () => {
  await using stand = await Stand.start(site());
  await stand.staff.publish("devices/wl-1/depth", "6");
  await stand.staff.hears("raise high wl-1.depth yellow");
  const raised = stand.staff.event("raise high wl-1.depth yellow");
  expect((await stand.staff.command("bench", "respond", { case: raised.case })).accepted).toBe(true);
  const open = () =>
    Array.from(stand.gateway.engine.cases!.open(), ({ number, responded, gathered }) => ({
      case: `bench-c${number}`,
      responded: responded?.user,
      gathered,
    }));
  const expected = [{ case: raised.case, responded: "local", gathered: 1 }];
  expect(open()).toEqual(expected);

  await stand.stop();
  writeFileSync(stand.folder.join("site.yaml"), site().replace("yellow: 5", "yellow: 5.5"));
  await stand.start();
  expect(open()).toEqual(expected);

  await stand.stop();
  writeFileSync(stand.folder.join("site.yaml"), site().replace(/rules:\n.*\n/, ""));
  for (const name of readdirSync(stand.data)) {
    if (/^checkpoint-|^segments$/.test(name)) rmSync(`${stand.data}/${name}`, { recursive: true });
  }
  await stand.start();
  // The rule has gone with the rest, and its alarm with it; the case is people's.
  expect(stand.standing()).toEqual([]);
  expect(open()).toEqual(expected);
  const close = { case: raised.case, cause: "unknown", report: "规则已删除" };
  expect((await stand.staff.command("bench", "close", close)).accepted).toBe(true);
  expect(open()).toEqual([]);
  await stand.stop();
  await stand.start();
  expect(open()).toEqual([]);
});

test("kill -9 leaves a case as it was", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("cases");
  const file = folder.join("site.yaml");
  writeFileSync(file, site("", "{ enabled: false }", await freePort()));
  let number: string | undefined;
  {
    await using gateway = await startGateway(file);
    await using staff = await Staff.connect(gateway.mqtt!);
    await staff.publish("devices/wl-1/depth", "6");
    await staff.hears("raise high wl-1.depth yellow");
    number = staff.event("raise high wl-1.depth yellow").case;
    expect(await staff.command("bench", "respond", { case: number })).toMatchObject({ durable: true });
    expect(await staff.command("bench", "act", { case: number, note: "已到场" })).toMatchObject({
      durable: true,
    });
    gateway.child.signal("SIGKILL");
    await gateway.child.exited;
  }
  await using gateway = await startGateway(file);
  await using heard = await listen(gateway.mqtt!);
  const standing = await until("the case stands again", () =>
    heard.json<CaseMessage>(`tocsin/bench/case/${number!.split("-c")[1]}`),
  );
  expect(standing).toMatchObject({ case: number, responded: { user: "local" }, notes: 1, gathered: 1 });
});
