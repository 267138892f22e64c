import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { EXIT } from "../../gateway/command/exit.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

function tocsin(...args: string[]) {
  return runChild(process.execPath, [LAUNCHER, ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined },
    withinMs: 20_000,
  });
}

const SITE = (port: number) => `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { yellow: 5 }, basis: site, guidance: 巡查 }
`;

test("who did what is shown and verified while the gateway runs; a row altered afterwards is found", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("audit");
  const file = folder.join("site.yaml");
  const port = await freePort();
  writeFileSync(file, SITE(port));
  {
    await using gateway = await startGateway(file);
    const client = await connectAsync(`mqtt://${gateway.mqtt}`, { reconnectPeriod: 0 });
    const results: { id: string; accepted: boolean }[] = [];
    client.on("message", (_, payload) => results.push(JSON.parse(payload.toString())));
    await client.subscribeAsync("tocsin/bench/command/result/+", { qos: 1 });
    await client.publishAsync("devices/wl-1/depth", "6", { qos: 1 });
    const ask = async (id: string, command: object) => {
      await client.publishAsync("tocsin/bench/command/acknowledge", JSON.stringify({ id, ...command }), {
        qos: 1,
      });
      return await until(`an answer to ${id}`, () => results.find((result) => result.id === id));
    };
    const named = { rule: "high", subject: "wl-1.depth" };
    let occurrence = 0;
    await until("the alarm is acknowledged", async () => {
      occurrence++;
      return (await ask(`r-${occurrence}`, { ...named, occurrence, note: "巡查中" })).accepted;
    });
    expect((await ask("again", { ...named, occurrence })).accepted).toBe(false);

    const running = await tocsin("audit", file);
    expect(running.stderr).toEqual([]);
    expect(running.code).toBe(EXIT.ok);
    const lines = running.stdout;
    expect(lines[0]).toMatch(/^time 时间 +who 用户 +by 途径 +what 操作 +on 对象 +result 结果 +note 备注$/);
    expect(lines.find((line) => line.includes(" ok "))).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +local +broker +acknowledge +high wl-1\.depth o\d+ +ok +巡查中$/,
    );
    expect(lines.find((line) => line.includes("already-acknowledged"))).toMatch(/refused 拒绝/);
    expect(lines.at(-1)).toMatch(/^intact 校验一致: [0-9a-f]{64}$/);
    await client.endAsync();
    expect(await gateway.stop()).toBe(EXIT.ok);
  }
  const data = folder.join("data");
  const json = await tocsin("audit", data, "--json");
  expect(json.code).toBe(EXIT.ok);
  const report = JSON.parse(json.stdout.join("\n")) as {
    ok: boolean;
    head: { position: number; chain: string };
    actions: { user: string }[];
  };
  expect(report).toMatchObject({ ok: true, faultsInAll: 0, start: { why: "new" } });
  expect(report.actions.every(({ user }) => user === "local")).toBe(true);

  // As a subscriber that keeps what comes has it: `mosquitto_sub -v` says the topic first.
  const digest = (chain: string) =>
    `tocsin/bench/audit/2026-05-21 ${JSON.stringify({
      format: "tocsin.digest.1",
      site: "bench",
      date: "2026-05-21",
      time: "2026-05-21T16:00:20.000000Z",
      position: report.head.position,
      chain,
      seq: 1,
      trimmed: 0,
    })}\n`;
  writeFileSync(folder.join("kept"), digest(report.head.chain));
  const confirmed = await tocsin("audit", data, "--digest", folder.join("kept"));
  expect(confirmed.code).toBe(EXIT.ok);
  expect(confirmed.stdout.join("\n")).toMatch(/digest of 2026-05-21, position \d+: verified/);
  writeFileSync(folder.join("other"), digest("0".repeat(64)));
  const denied = await tocsin("audit", data, "--digest", folder.join("other"));
  expect(denied.code).toBe(EXIT.broken);
  expect(denied.stdout.join("\n")).toMatch(/BROKEN 校验不符: position \d+: the digest of 2026-05-21/);

  const db = new DatabaseSync(folder.join("data", "alarms.db"));
  db.exec("UPDATE entries SET body = replace(body, '巡查中', '误报，勿管') WHERE kind = 'command'");
  db.close();
  const broken = await tocsin("audit", data);
  expect(broken.code).toBe(EXIT.broken);
  expect(broken.stdout.join("\n")).toMatch(
    /BROKEN 校验不符: position \d+: its content is not what was chained/,
  );

  expect((await tocsin("audit", data, "--digest", folder.join("nothing"))).code).toBe(EXIT.configuration);
  expect((await tocsin("audit", data, "--digest", file)).code).toBe(EXIT.usage);
  expect((await tocsin("audit", file, "--data", folder.join("empty"))).code).toBe(EXIT.host);
});
