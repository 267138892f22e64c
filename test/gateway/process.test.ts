import { readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { RawClient } from "../mqtt/raw-client.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

/*
 * The command line around a gateway that runs: what an engineer types on site, each as a process of its own.
 */

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

const EXIT = { ok: 0, configuration: 1, usage: 2, unreachable: 3, host: 4 };

const site = (ports: { mqtt: number; http: number }, more = "") => `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:${ports.http}" }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${ports.mqtt}" } }
points: { weir: { name: 堰, domain: water } }
devices:
  wl-1: { profile: plain-value, link: broker, point: weir }
  wl-2: { profile: plain-value, link: broker, point: weir }
rules:
  high: { name: 高水位, applies: { channel: depth }, above: { blue: 5 }, basis: site, guidance: 巡查 }
${more}`;

function tocsin(...args: string[]) {
  return runChild(process.execPath, [LAUNCHER, ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined, TOCSIN_NOT_SET: undefined },
    withinMs: 20_000,
  });
}

const ports = async () => ({ mqtt: await freePort(), http: await freePort() });

test("one gateway a data folder, one program a port: the second one says what is in its way and leaves", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("process");
  const taken = await ports();
  writeFileSync(folder.join("site.yaml"), site(taken));
  await using gateway = await startGateway(folder.join("site.yaml"));

  const again = await tocsin("run", folder.join("site.yaml"), "--log", "json");
  expect(again.code).toBe(EXIT.host);
  expect(again.stderr.join("\n")).toMatch(/ALREADY_RUNNING/);

  for (const [name, listen] of [
    ["mqtt", { mqtt: taken.mqtt, http: await freePort() }],
    ["http", { mqtt: await freePort(), http: taken.http }],
  ] as const) {
    writeFileSync(folder.join(`${name}.yaml`), site(listen));
    const { code, stderr } = await tocsin(
      "run",
      folder.join(`${name}.yaml`),
      "--data",
      folder.join(name),
      "--log",
      "json",
    );
    expect(code).toBe(EXIT.host);
    expect(stderr.join("\n")).toMatch(/ADDRESS_IN_USE/);
    expect(stderr.join("\n")).toContain(`127.0.0.1:${taken[name]}`);
    expect(stderr.join("\n")).not.toMatch(/^\s+at /m);
  }
  // The first one took no notice.
  expect((await fetch(`http://${gateway.http}/ready`)).status).toBe(200);
  expect(await gateway.stop()).toBe(EXIT.ok);
});

test("while it runs its devices are read through it and its history is exported; stopped, it ends in good order with everything accepted on disk", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("process");
  const file = folder.join("site.yaml");
  writeFileSync(file, site(await ports()));
  const count = 200;
  let acknowledged = 0;
  {
    await using gateway = await startGateway(file);
    const port = Number(gateway.mqtt!.split(":").at(-1));
    await using instrument = await RawClient.connect(port, { clientId: "wl-1" });
    instrument.publish("devices/wl-1/depth", "1.25", { id: 1 });
    await instrument.waitFor("puback");

    const read = await tocsin("read", file, "wl-1");
    expect(read.stderr).toEqual([]);
    expect(read.stdout[0]).toContain("through the running gateway");
    expect(read.stdout.find((line) => line.startsWith("depth "))).toMatch(/^depth +1\.25 m +good 正常/);
    expect(read.code).toBe(EXIT.ok);
    const silent = await tocsin("read", file, "wl-2", "--wait", "2s");
    expect(silent.code).toBe(EXIT.unreachable);
    expect(silent.stderr[0]).toMatch(/^error DEVICE_TIMEOUT: /);
    const unknown = await tocsin("read", file, "wl-9");
    expect(unknown.code).toBe(EXIT.usage);

    const exported = await tocsin("export", file, "--channel", "wl-1.*");
    expect(exported.code).toBe(EXIT.ok);
    expect(exported.stdout).toHaveLength(2);
    expect(exported.stdout[1]).toMatch(/,wl-1\.depth,1\.25,m,/);

    // In the middle of a load it is asked to end: what it has acknowledged is kept, and it ends by itself.
    for (let n = 0; n < count; n++) instrument.publish("devices/wl-1/depth", `${n}`, { id: 2 + n });
    await instrument.waitFor("puback", count / 4);
    gateway.child.signal("SIGTERM");
    const exit = await gateway.child.exited;
    expect(exit).toEqual({ code: EXIT.ok, signal: null });
    acknowledged = instrument.acknowledged.length;
    expect(gateway.child.lines("stdout").join("\n")).toMatch(/"msg":"stopped"/);
  }
  const after = await tocsin("export", file, "--channel", "wl-1.depth");
  expect(after.code).toBe(EXIT.ok);
  const values = after.stdout.slice(1).map((line) => Number(line.split(",")[2]));
  expect(values.length).toBeGreaterThanOrEqual(acknowledged);
  expect(values.slice(0, acknowledged)).toEqual([
    1.25,
    ...Array.from({ length: acknowledged - 1 }, (_, n) => n),
  ]);

  // Started again, it goes on behind what is there.
  await using gateway = await startGateway(file);
  const channels = await until("it knows its channels", async () => {
    const answer = (await (await fetch(`http://${gateway.http}/api/channels`)).json()) as {
      channels: unknown[];
    };
    return answer.channels;
  });
  expect(channels).toHaveLength(2);
  expect(await gateway.stop()).toBe(EXIT.ok);
});

test("what is missing is said by name: a secret, a site, a command", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("process");
  const file = folder.join("site.yaml");
  writeFileSync(
    file,
    site(
      await ports(),
      'sinks: { influx: { type: influxdb1, url: "http://127.0.0.1:1", database: x, username: u, password: env:TOCSIN_NOT_SET } }',
    ),
  );
  const secret = await tocsin("run", file, "--log", "json");
  expect(secret.code).toBe(EXIT.configuration);
  expect(secret.stderr.join("\n")).toMatch(/SECRET_MISSING/);
  expect(secret.stderr.join("\n")).toContain("TOCSIN_NOT_SET");

  const nowhere = await tocsin("run", folder.join("nowhere.yaml"), "--log", "json");
  expect(nowhere.code).toBe(EXIT.configuration);
  expect(nowhere.stderr.join("\n")).toMatch(/CONFIG_NOT_FOUND/);
  expect((await tocsin("ring")).code).toBe(EXIT.usage);
  const nothing = folder.join("nothing");
  expect((await tocsin("export", file, "--data", nothing)).code).toBe(EXIT.host);
  expect((await tocsin("export", file, "--from", "yesterday-ish")).code).toBe(EXIT.usage);
});

test("a gateway that is killed has kept what it compiled: the next start finds it", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("process");
  writeFileSync(folder.join("site.yaml"), site(await ports()));
  const kept = folder.join("compiled");
  const environment = { NODE_COMPILE_CACHE: kept };
  await using gateway = await startGateway(folder.join("site.yaml"), { environment });
  await gateway.kill();
  expect(
    readdirSync(kept, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length,
  ).toBeGreaterThan(100);
});
