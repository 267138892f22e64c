import { createServer } from "node:http";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { writeTime } from "../../drivers/hj212/parameters.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { Hj212Logger } from "../../simulators/hj212-logger.ts";
import { Stand } from "../gateway/stand.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { BEIJING } from "../tcp/driver-stand.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");
const MN = "010000A8900016F000169DC0";

const site = (port: number) => `
site: { id: county, name: { zh: 示范县, en: County } }
http: { listen: "127.0.0.1:${port}", token: "env:HTTP_TOKEN" }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  loggers: { type: hj212-server, listen: "127.0.0.1:0" }
points:
  yard: { name: 屠宰场, domain: gas }
devices:
  yard-1:
    profile: hj212-harmful-gas
    link: loggers
    point: yard
    address: { mn: ${MN} }
    channels: { nh3: { exclude: true }, h2s_hour: { exclude: true }, nh3_hour: { exclude: true }, temperature: { exclude: true }, humidity: { exclude: true }, pressure: { exclude: true }, wind_speed: { exclude: true }, wind_direction: { exclude: true } }
rules:
  h2s: { name: 硫化氢, applies: { device: yard-1, channel: h2s }, above: { red: 10 }, basis: GBZ 2.1, guidance: 撤离 }
alarms: { startupGrace: 1m }
`;

function status(folder: string, ...more: string[]) {
  const environment = { NO_COLOR: "1", HTTP_TOKEN: "secret", TOCSIN_DATA: undefined };
  return runChild(process.execPath, [LAUNCHER, "status", folder, ...more], { environment });
}

test("how a running gateway is: well, then with an alarm, a stranger and a device that fell silent", async () => {
  const port = await freePort();
  process.env.HTTP_TOKEN = "secret";
  await using stand = await Stand.start(site(port));
  const driver = stand.gateway.drivers.get("loggers")!;
  const options = {
    host: "127.0.0.1",
    port: Number(driver.listening!.split(":").at(-1)),
    clock: stand.clock,
  };
  const logger = new Hj212Logger({ ...options, mn: MN });
  await logger.connect();
  const report = (h2s: number) =>
    logger.report(2011, `DataTime=${writeTime(stand.clock.wall(), BEIJING)};a21028-Rtd=${h2s},a21028-Flag=N`);
  await report(0.4);

  const well = await status(stand.folder.path);
  expect(well.stderr).toEqual([]);
  expect(well.stdout[0]).toMatch(/^示范县 County \(county\) · \S+ · running \d+m?\d*s? .* · ready 就绪$/);
  expect(well.stdout).toContain("no alarm stands 无告警");
  expect(well.stdout).toContain("nothing needs a look 一切正常");
  expect(well.stdout.join("\n")).not.toContain("stranger");
  expect(well.code).toBe(0);
  const all = await status(stand.folder.path, "--all");
  expect(all.stdout.find((line) => line.startsWith("yard-1 "))).toMatch(
    /loggers +hj212-harmful-gas +ok 正常/,
  );

  await report(12);
  const stranger = new Hj212Logger({ ...options, mn: "Y80110010000010" });
  await stranger.connect();
  stranger.tell(2061, "DataTime=20260521140000;a21028-Avg=1");
  await until("the stranger was heard", () => driver.strangers?.().length === 1);
  for (let i = 0; i < 3; i++) stand.clock.jump(5 * MINUTE);
  await until("monitoring is lost", () => stand.standing().some((line) => line.startsWith("monitoring")));

  const { stdout, code } = await status(stand.folder.path);
  expect(stdout.find((line) => line.startsWith("yard-1 "))).toMatch(/LOST 失联/);
  expect(stdout.find((line) => line.startsWith("h2s "))).toMatch(/yard-1\.h2s +danger +red +unacknowledged/);
  expect(stdout.find((line) => line.startsWith("address: "))).toMatch(
    /^address: \{ mn: "Y80110010000010" \} +loggers +HJ 212 +127\.0\.0\.1:\d+ +hourly data +1 /,
  );
  expect(stdout.at(-1)).toMatch(/^needs a look 须处理: .*device-lost yard-1/);
  expect(code).toBe(6);

  const json = JSON.parse((await status(stand.folder.path, "--json")).stdout.join("\n"));
  expect(json).toMatchObject({
    site: "county",
    ready: true,
    links: [{ id: "broker" }, { id: "loggers", devices: 1, lostDevices: 1, listening: driver.listening }],
    strangers: [{ link: "loggers", address: '{ mn: "Y80110010000010" }', count: 1 }],
  });
  const answer = await fetch(`http://127.0.0.1:${port}/api/strangers`, {
    headers: { authorization: "Bearer secret" },
  });
  expect(await answer.json()).toEqual({ strangers: json.strangers });
  logger.close();
  stranger.close();
});

test("two devices that call themselves the same need a look", async () => {
  const port = await freePort();
  process.env.HTTP_TOKEN = "secret";
  await using stand = await Stand.start(site(port));
  const { clock } = stand;
  const listening = stand.gateway.drivers.get("loggers")!.listening!;
  const options = { host: "127.0.0.1", port: Number(listening.split(":").at(-1)), clock, mn: MN };
  const loggers = ["127.0.0.1", "127.0.0.2"].map((from) => new Hj212Logger({ ...options, from }));
  const [first, copy] = [loggers[0]!, loggers[1]!];
  for (const [turn, logger] of [first, copy, first].entries()) {
    if (turn < 2) await logger.connect();
    const at = writeTime(clock.wall() + turn * SECOND, BEIJING);
    await logger.report(2011, `DataTime=${at};a21028-Rtd=0.4,a21028-Flag=N`);
  }
  const { stdout, code } = await status(stand.folder.path);
  expect(stdout.find((line) => line.startsWith("address: "))).toMatch(
    /127\.0\.0\.1:\d+ +calls itself yard-1, as 127\.0\.0\.2 does/,
  );
  expect(stdout.at(-1)).toBe("needs a look 须处理: two-devices-called yard-1");
  expect(code).toBe(6);
  for (const logger of loggers) logger.close();
});

test("what cannot be reached is not well, long before that is an alarm; of many devices the first few are shown", async () => {
  const [http, closed] = [await freePort(), await freePort()];
  process.env.HTTP_TOKEN = "secret";
  const units = Array.from({ length: 40 }, (_, i) => i + 1);
  await using stand = await Stand.start(`
site: { id: county, name: { zh: 示范县, en: County } }
http: { listen: "127.0.0.1:${http}", token: "env:HTTP_TOKEN" }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  wells: { type: modbus-tcp, host: 127.0.0.1, port: ${closed} }
points: { well: { name: 阀门井, domain: gas } }
devices:
${units.map((unit) => `  gd-${unit}: { profile: generic-lel, link: wells, point: well, address: { unit: ${unit} } }`).join("\n")}
rules:
  gas: { name: 燃气, applies: { quantity: gas_lel }, above: { red: 50 }, guidance: 撤离 }
  alarm: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active }, guidance: 撤离 }
`);
  await until("the driver has tried", () => stand.gateway.engine.down({ kind: "link", index: 1 }));
  const { stdout, code } = await status(stand.folder.path);
  expect(stdout.find((line) => line.startsWith("wells "))).toMatch(/modbus-tcp +DOWN 不通/);
  expect(stdout.find((line) => line.startsWith("broker "))).toMatch(/mqtt-broker +ok 正常/);
  expect(stdout.filter((line) => line.startsWith("gd-"))).toHaveLength(30);
  expect(stdout).toContain("and 10 more 另有 10 台 (--all shows them 查看全部)");
  expect(stdout).toContain("no alarm stands 无告警");
  expect(stdout.at(-1)).toBe("needs a look 须处理: link-down wells");
  expect(code).toBe(6);
  const all = await status(stand.folder.path, "--all");
  expect(all.stdout.filter((line) => /^gd-\d+ .* DOWN 不通/.test(line))).toHaveLength(40);
});

test("no gateway, another's answer, and a site without HTTP are said, and end with 3", async () => {
  const port = await freePort();
  process.env.HTTP_TOKEN = "secret";
  const stand = await Stand.start(site(port));
  await stand.stop();
  const nobody = await status(stand.folder.path);
  expect(nobody.stderr[0]).toBe(
    `error LINK_DOWN: no gateway of site county answers at http://127.0.0.1:${port}`,
  );
  expect(nobody.code).toBe(3);

  const other = createServer((request, response) => {
    response.end(request.url === "/health" ? '{"site":"county"}' : '{"site":"county","links":7}');
  });
  await new Promise<void>((done) => other.listen(port, "127.0.0.1", done));
  const odd = await status(stand.folder.path, "--json");
  expect(JSON.parse(odd.stdout.join("\n"))).toMatchObject({ ok: false, error: { code: "LINK_REFUSED" } });
  expect(odd.code).toBe(3);
  other.close();
  stand.folder.remove();
});
