import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { EXIT } from "../../gateway/command/exit.ts";
import type { ReportJson } from "../../gateway/report/json.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

function tocsin(...args: string[]) {
  return runChild(process.execPath, [resolve(PROJECT, "gateway/tocsin.js"), ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined },
    withinMs: 20_000,
  });
}

const SITE = (ports: { mqtt: number; http: number }) => `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:${ports.http}" }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${ports.mqtt}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { yellow: 5, red: 8 }, basis: site, guidance: 巡查 }
`;

function schemaOf(name: string) {
  const ajv = new Ajv2020.default({ strict: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(resolve(PROJECT, "docs/schemas", name), "utf8")));
}

test("a month's report while the gateway runs: the command and the API count the same, as the schema says", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("report");
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE({ mqtt: await freePort(), http: await freePort() }));
  await using gateway = await startGateway(file);
  const client = await connectAsync(`mqtt://${gateway.mqtt}`, { reconnectPeriod: 0 });
  for (const level of ["6", "9", "1", "7"])
    await client.publishAsync("devices/wl-1/depth", level, { qos: 1 });
  await client.endAsync();

  const asked = async () => (await (await fetch(`http://${gateway.http}/api/report`)).json()) as ReportJson;
  // Raised, upgraded, returned, again: three of them call for somebody.
  const api = await until("the alarm log has them", async () => {
    const answer = await asked();
    return answer.current.bySeverity.yellow + answer.current.bySeverity.red === 3 ? answer : undefined;
  });
  const valid = schemaOf("report.schema.json");
  expect(valid(api), JSON.stringify(valid.errors)).toBe(true);

  const json = await tocsin("report", file, "--json");
  expect(json.code).toBe(EXIT.ok);
  const report = JSON.parse(json.stdout.join("\n")) as ReportJson;
  expect(report.current.bySeverity).toEqual({ blue: 0, yellow: 2, orange: 0, red: 1 });
  expect(report.current.byPoint).toEqual(api.current.byPoint);
  expect(report.current.top[0]).toMatchObject({ rule: "high", subject: "wl-1.depth", count: 3 });
  expect(report.previous.annunciations).toBe(0);

  const text = await tocsin("report", file, "--last", "1h");
  expect(text.stdout[0]).toBe("试验台 报警统计");
  expect(text.stdout.find((line) => line.startsWith("报警次数"))).toMatch(/^报警次数 +3 +—/);
  expect(text.stdout.find((line) => line.includes("高水位"))).toMatch(
    /^3 +100\.0 % +█+ +高水位 +wl-1\.depth$/,
  );

  const csv = await tocsin("report", file, "--csv");
  expect(csv.stdout.map((line) => line.trim())).toContain("load,total,count,3,");

  const page = folder.join("report.html");
  expect((await tocsin("report", file, "--html", page, "--language", "en")).code).toBe(EXIT.ok);
  const written = readFileSync(page, "utf8");
  expect(written).toContain('<td>annunciations</td><td class="number">3</td>');
  expect(written).not.toMatch(/<script|https?:|src=/);
  expect(await gateway.stop()).toBe(EXIT.ok);
});

test.each([
  [["--last", "soon"], "COMMAND_USAGE"],
  [["--from", "2026-05-02", "--to", "2026-05-01"], "COMMAND_USAGE"],
  [["--from", "2026-05-02", "--last", "1d"], "COMMAND_USAGE"],
  [["--mode", "earnest"], "COMMAND_USAGE"],
])("%j is refused by name", { timeout: 30_000 }, async (args, code) => {
  using folder = temporaryFolder("report");
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE({ mqtt: 1, http: 2 }));
  const ended = await tocsin("report", file, ...args);
  expect(ended.stderr.join("\n")).toContain(`error ${code}: `);
  expect(ended.code).toBe(EXIT.usage);
});

test("where nothing was recorded yet, that is said", { timeout: 30_000 }, async () => {
  using folder = temporaryFolder("report");
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE({ mqtt: 1, http: 2 }));
  const { code, stderr } = await tocsin("report", file);
  expect(code).toBe(EXIT.host);
  expect(stderr.join("\n")).toContain("holds no alarm log");
});
