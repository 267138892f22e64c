import { expect, test } from "vitest";
import { encodeUnit } from "../../drivers/gb26875/encode-unit.ts";
import { COMMAND } from "../../drivers/gb26875/frame.ts";
import { TYPE } from "../../drivers/gb26875/unit.ts";
import { zoneOf } from "../../drivers/zone.ts";
import { auditLog } from "../../gateway/journal/audit.ts";
import type { CommandRecord } from "../../gateway/journal/command-record.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { parseEndpoint } from "../../simulators/endpoint.ts";
import { SimulatedTransmitter, type SimulatedTransmitterOptions } from "../../simulators/gb26875-device.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

/*
 * Two transmission devices that dial in, a whole gateway, and people who ask them.
 */

const SITE = `
site: { id: bench, name: 试验台 }
http: { listen: "127.0.0.1:0" }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  fire: { type: gb26875-server, listen: "127.0.0.1:0" }
points: { tower: { name: 江天大厦, domain: fire } }
devices:
  uitd-1: { profile: gb26875-device, link: fire, point: tower, address: { source: 889 }, requests: { allow: [duty-check, set-clock] } }
  uitd-2: { profile: gb26875-device, link: fire, point: tower, address: { source: 890 } }
rules:
  away: { name: 查岗无应答, class: supervisory, applies: { channel: duty }, equals: { orange: not answered }, basis: site, guidance: 电话联系值班员 }
`;

async function connected(
  stand: Stand,
  options: Partial<SimulatedTransmitterOptions> = {},
): Promise<SimulatedTransmitter> {
  const device = new SimulatedTransmitter({
    clock: stand.clock,
    centre: parseEndpoint(stand.gateway.drivers.get("fire")!.listening!),
    source: 889,
    destination: 1,
    ...options,
  });
  await device.connect();
  await device.heartbeat();
  return device;
}

/** What the alarm log has of `ask`, as soon as there are so many. */
function written(stand: Stand, count: number): Promise<CommandRecord[]> {
  return until("all are in the alarm log", () => {
    const commands: CommandRecord[] = [];
    auditLog({
      folder: stand.data,
      digests: [],
      onRow: ({ command }) => {
        if (command?.verb === "ask") commands.push(command);
      },
    });
    return commands.length >= count ? commands : undefined;
  });
}

test("nobody answers a duty check: it is delivered, then told to all, and written down with who had asked", {
  timeout: 60_000,
}, async () => {
  await using stand = await Stand.start(SITE);
  const device = await connected(stand, { onDuty: false });
  const check = { device: "uitd-1", request: "duty-check", parameters: { minutes: 10 } };
  expect(await stand.staff.command("bench", "ask", check)).toMatchObject({ reason: "invalid" });
  const asked = await stand.staff.command("bench", "ask", { ...check, reason: "夜间抽查" });
  expect(asked).toMatchObject({
    accepted: true,
    user: "local",
    answer: { facts: [{ id: "minutes", value: 10, text: { zh: "10分钟" } }] },
  });
  expect(device.asked).toEqual([TYPE.dutyCheck]);
  stand.clock.jump(9 * MINUTE);
  expect(stand.standing()).not.toContain("away uitd-1.duty unacknowledged");
  stand.clock.jump(MINUTE + SECOND);
  await stand.staff.hears("raise away uitd-1.duty orange");
  const commands = await written(stand, 3);
  expect(commands.map(({ user, accepted, said }) => [user, accepted, said?.duty])).toEqual([
    ["local", false, undefined],
    ["local", true, undefined],
    ["local", true, "unanswered"],
  ]);
  expect(commands[1]!.said).toMatchObject({ ...check, reason: "夜间抽查" });
  await device.disconnect();

  // The next shift answers, and the alarm is over.
  const awake = await connected(stand);
  await stand.staff.command("bench", "ask", { ...check, reason: "复查" });
  await stand.staff.hears("return away uitd-1.duty orange");
  const answered = (await written(stand, 5)).find(({ said }) => said?.duty === "answered");
  expect(answered?.said).toMatchObject({ device: "uitd-1", time: expect.any(String) });
  await awake.disconnect();
});

test("what is asked of one device is answered by that device or by nobody, and acts only where the site says so", {
  timeout: 60_000,
}, async () => {
  await using stand = await Stand.start(SITE);
  const silent = await connected(stand, { misbehaves: () => "silent" });
  const other = await connected(stand, { source: 890 });
  const version = (device: string, more: object = {}) =>
    stand.staff.command("bench", "ask", { device, request: "device-version", ...more });

  const first = version("uitd-1");
  await until("it is asked", () => silent.asked.length === 1);
  // The other's answer under the very serial number that is waited for.
  const unit = encodeUnit(TYPE.deviceVersion, [{ major: 6, minor: 6 }], { zone: zoneOf("+08:00") });
  for (let serial = 0; serial < 4; serial++) other.raw(other.frame({ serial, command: COMMAND.reply, unit }));
  await until("nobody had asked it", () => stand.counted("gb26875_unasked") === 4);
  // While one is waited for, another device is asked, and a second question to the first waits its turn.
  expect(await version("uitd-2")).toMatchObject({
    accepted: true,
    answer: { facts: [{ id: "version", value: "1.1", name: { zh: "软件版本" } }] },
  });
  const line = [1, 2, 3].map(() => version("uitd-1"));
  const outcomes = Promise.all([first, ...line]);
  expect(await version("uitd-1")).toMatchObject({ accepted: false, reason: "busy" });
  expect(silent.asked).toHaveLength(1);
  let over = false;
  void outcomes.then(() => {
    over = true;
  });
  await until("all are over", () => {
    stand.clock.jump(5 * SECOND);
    return over;
  });
  for (const result of await outcomes) {
    expect(result).toMatchObject({ accepted: false, reason: "device-failed", code: "DEVICE_TIMEOUT" });
  }

  const refused = { device: "uitd-2", request: "set-clock", reason: "时钟慢" };
  expect(await stand.staff.command("bench", "ask", refused)).toMatchObject({ reason: "not-allowed" });
  expect(other.clockSetTo).toBeUndefined();
  for (const [body, reason] of [
    [{ device: "uitd-3", request: "device-version" }, "not-allowed"],
    [{ device: "uitd-2", request: "initialise" }, "not-allowed"],
    [{ device: "uitd-2", request: "system-state", parameters: { system: 256 } }, "invalid"],
    [{ device: "uitd-2", request: "component-state" }, "invalid"],
  ] as const) {
    expect(await stand.staff.command("bench", "ask", body)).toMatchObject({ accepted: false, reason });
  }
  expect(other.asked).toEqual([TYPE.readDeviceVersion]);

  const base = `http://${stand.gateway.addresses.http}`;
  const posted = await fetch(`${base}/api/command/ask`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: "h-1", device: "uitd-2", request: "device-state" }),
  });
  expect(posted.status).toBe(200);
  expect(await posted.json()).toMatchObject({
    answer: { facts: [{ id: "state", value: 1 }, { id: "time" }] },
  });
  const listed = await fetch(`${base}/api/requests/uitd-2`);
  const { requests } = (await listed.json()) as {
    requests: { id: string; acts: boolean; allowed: boolean }[];
  };
  expect(requests.filter(({ acts }) => acts).map(({ id, allowed }) => [id, allowed])).toEqual([
    ["set-clock", false],
    ["duty-check", false],
  ]);
  await silent.disconnect();
  await other.disconnect();
});
