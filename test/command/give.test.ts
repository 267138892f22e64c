import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
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
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined, WANG_TOKEN: "wang's own secret" },
    withinMs: 20_000,
  });
}

const SITE = (ports: { mqtt: number; http: number }) => `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:${ports.http}", users: { wang: { token: env:WANG_TOKEN } } }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${ports.mqtt}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { yellow: 5 }, basis: site, guidance: 巡查 }
  rise: { name: 上涨过快, applies: { channel: depth }, rate: { per: hour, window: 1h, above: { red: 50 } }, basis: site, guidance: 巡查 }
`;

test("an alarm acknowledged from the command line by a user known by name, and by nobody else", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("give");
  const file = folder.join("site.yaml");
  const ports = { mqtt: await freePort(), http: await freePort() };
  writeFileSync(file, SITE(ports));
  expect((await tocsin("command", file, "acknowledge", "occurrence=1", "--user", "wang")).code).toBe(
    EXIT.unreachable,
  );
  await using gateway = await startGateway(file, { environment: { WANG_TOKEN: "wang's own secret" } });
  const client = await connectAsync(`mqtt://${gateway.mqtt}`, { reconnectPeriod: 0 });
  await client.publishAsync("devices/wl-1/depth", "6", { qos: 1 });
  await client.endAsync();
  const headers = { authorization: "Bearer wang's own secret" };
  const alarm = await until("the alarm stands", async () => {
    const answer = await fetch(`http://${gateway.http}/api/alarms`, { headers });
    const { alarms } = (await answer.json()) as { alarms: { rule: string; occurrence: number }[] };
    return alarms.find(({ rule }) => rule === "high");
  });
  const computed = await fetch(`http://${gateway.http}/api/computed?rule=rise`, { headers });
  expect(await computed.json()).toMatchObject({
    computed: [
      {
        rule: "rise",
        subject: "wl-1.depth",
        levels: [{ severity: "red", of: "rate", value: null, unit: "m/h" }],
      },
    ],
  });
  const acknowledge = ["command", file, "acknowledge", `occurrence=${alarm.occurrence}`, "note=巡查中"];
  const nobody = await tocsin(...acknowledge);
  expect(nobody.code).toBe(EXIT.unreachable);
  expect(nobody.stderr.join("\n")).toContain("LINK_REFUSED");
  const done = await tocsin(...acknowledge, "--user", "wang", "--json");
  expect(done.code).toBe(EXIT.ok);
  expect(JSON.parse(done.stdout.join("\n"))).toMatchObject({ accepted: true, user: "wang", durable: true });
  const again = await tocsin(...acknowledge, "--user", "wang");
  expect(again.code).toBe(EXIT.unreachable);
  expect(again.stdout[0]).toContain("已有人确认");
  expect(await gateway.stop()).toBe(EXIT.ok);
});

test.each([
  [["acknowledg", "occurrence=1"], 'did you mean "acknowledge"'],
  [["acknowledge", "occurrence"], "name=value"],
  [["acknowledge", "occurrence=1", "--user", "wong"], 'did you mean "wang"'],
])("%j: the mistake is named", { timeout: 30_000 }, async (args, words) => {
  using folder = temporaryFolder("give");
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE({ mqtt: 1, http: 2 }));
  const { code, stderr } = await tocsin("command", file, ...args);
  expect(code).toBe(EXIT.usage);
  expect(stderr.join("\n").toLowerCase()).toContain(words);
});
