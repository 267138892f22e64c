import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "../../gateway/command/exit.ts";
import { SystemClock } from "../../model/time.ts";
import { SimulatedTransmitter } from "../../simulators/gb26875-device.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

function tocsin(...args: string[]) {
  return runChild(process.execPath, [LAUNCHER, ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined, WANG_TOKEN: "wang's own secret" },
    withinMs: 20_000,
  });
}

const SITE = (ports: { http: number; fire: number }) => `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:${ports.http}", users: { wang: { token: env:WANG_TOKEN } } }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  fire: { type: gb26875-server, listen: "127.0.0.1:${ports.fire}" }
points: { tower: { name: 江天大厦, domain: fire } }
devices:
  uitd-1: { profile: gb26875-device, link: fire, point: tower, address: { source: 889 }, requests: { allow: [set-clock] } }
rules: { fire: { name: 火警, applies: { quantity: fire }, equals: { red: active }, basis: site, guidance: 立即核实 } }
`;

test("a fire-control room asked from the command line", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("ask");
  const file = folder.join("site.yaml");
  const ports = { http: await freePort(), fire: await freePort() };
  writeFileSync(file, SITE(ports));

  const list = await tocsin("ask", file, "uitd-1");
  expect(list.code).toBe(EXIT.ok);
  const lines = list.stdout.join("\n");
  expect(lines).toMatch(/duty-check .*查岗.*minutes=….*未允许/);
  expect(lines).toMatch(/set-clock .*已允许/);
  expect(await tocsin("ask", file, "uitd-1", "device-versio")).toMatchObject({ code: EXIT.usage });
  expect(await tocsin("ask", file, "uitd-2")).toMatchObject({ code: EXIT.usage });
  expect(await tocsin("ask", file, "uitd-1", "device-version")).toMatchObject({ code: EXIT.unreachable });

  await using gateway = await startGateway(file, { environment: { WANG_TOKEN: "wang's own secret" } });
  const asked = (...args: string[]) => tocsin("ask", file, "uitd-1", ...args, "--user", "wang");
  const absent = await asked("device-version");
  expect(absent.code).toBe(EXIT.unreachable);
  expect(absent.stdout.join("\n")).toContain("[LINK_DOWN]");

  const device = new SimulatedTransmitter({
    clock: new SystemClock(),
    centre: { host: "127.0.0.1", port: ports.fire },
    source: 889,
  });
  await device.connect();
  await device.heartbeat();
  const version = await asked("device-version");
  expect(version).toMatchObject({ code: EXIT.ok });
  expect(version.stdout[0]).toMatch(/软件版本 version +1\.1/);
  const state = await asked("system-state", "system=1", "--json");
  expect(JSON.parse(state.stdout.join("\n"))).toMatchObject({
    accepted: true,
    user: "wang",
    answer: { facts: [{ id: "state", text: { zh: "正常监视" } }, { id: "time" }] },
  });
  expect((await asked("set-clock")).stdout.join("\n")).toContain("reason");
  expect(device.clockSetTo).toBeUndefined();
  expect(await asked("set-clock", "--reason", "时钟慢")).toMatchObject({ code: EXIT.ok });
  expect(device.clockSetTo).toBeDefined();
  await device.disconnect();
  expect(await gateway.stop()).toBe(EXIT.ok);
});
