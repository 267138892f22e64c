import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AlarmMessage } from "../../gateway/alerts/message-schemas.ts";
import { freePort } from "../support/free-port.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { lineOf, Staff } from "./staff.ts";

const site = (port: number) => `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { home: { name: 三楼301室, domain: fire } }
devices:
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
  sa-2: { profile: json-smoke-alarm, link: broker, point: home }
  sa-3: { profile: json-smoke-alarm, link: broker, point: home }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
  opened: { name: 防拆, class: supervisory, applies: { quantity: tamper }, equals: { yellow: active }, latching: true, basis: site, guidance: 查看 }
`;

/** Retained alarms by subject and rule: state and occurrence. */
const retainedAlarms = (staff: Staff): Record<string, [state: string, occurrence: string]> =>
  Object.fromEntries(
    [...staff.retained]
      .filter(([path]) => path.startsWith("/bench/alarm/"))
      .map(
        ([path, message]) =>
          [
            path.split("/").slice(5).join(" "),
            [(message as AlarmMessage).state, (message as AlarmMessage).occurrence] as [string, string],
          ] as const,
      )
      .sort(),
  );

test("killed between alarm and acknowledgement, and again: no occurrence is lost or doubled, every number is accounted for, missed events are sent again", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("restart");
  writeFileSync(folder.join("site.yaml"), site(await freePort()));
  const start = async (): Promise<[GatewayProcess, Staff]> => {
    const process = await startGateway(folder.join("site.yaml"));
    return [process, await Staff.connect(process.mqtt!)];
  };

  // An active alarm, an acknowledged one, a latched one.
  let [process, staff] = await start();
  const first = staff;
  await staff.publish("devices/sa-1/state", { smoke: true });
  await staff.publish("devices/sa-2/state", { smoke: true });
  await staff.publish("devices/sa-3/state", { tamper: true });
  await staff.publish("devices/sa-3/state", { tamper: false });
  await staff.hears(
    "raise fire sa-1.smoke red",
    "raise fire sa-2.smoke red",
    "return opened sa-3.tamper yellow",
  );
  const occurrence = (line: string) => first.event(line).occurrence;
  const acknowledged = await staff.command("bench", "acknowledge", {
    occurrence: occurrence("raise fire sa-2.smoke red"),
  });
  expect(acknowledged).toMatchObject({ accepted: true, durable: true });
  await staff.hears("acknowledge fire sa-2.smoke red");
  const alarms = await until("the retained alarms say so", () => {
    const found = retainedAlarms(staff);
    return Object.values(found).some(([state]) => state === "acknowledged") && found;
  });
  expect(alarms).toEqual({
    "sa-1.smoke fire": ["unacknowledged", occurrence("raise fire sa-1.smoke red")],
    "sa-2.smoke fire": ["acknowledged", occurrence("raise fire sa-2.smoke red")],
    "sa-3.tamper opened": ["latched-unacknowledged", occurrence("raise opened sa-3.tamper yellow")],
  });

  await process.kill();
  [process, staff] = await start();
  const second = staff;
  await until("the retained alarms are there again", () => Object.keys(retainedAlarms(staff)).length === 3);
  expect(retainedAlarms(staff)).toEqual(alarms);

  // The instruments go on saying what they had said: nothing is raised a second time.
  await staff.publish("devices/sa-1/state", { smoke: true });
  await staff.publish("devices/sa-2/state", { smoke: false });
  await staff.hears("return fire sa-2.smoke red");
  expect(staff.event("return fire sa-2.smoke red").occurrence).toBe(occurrence("raise fire sa-2.smoke red"));
  expect(staff.lines().filter((line) => line.startsWith("raise"))).toEqual([]);
  const late = await staff.command("bench", "acknowledge", {
    occurrence: occurrence("raise fire sa-1.smoke red"),
  });
  expect(late).toMatchObject({ accepted: true, durable: true });
  await staff.hears("acknowledge fire sa-1.smoke red");
  const latch = { occurrence: occurrence("raise opened sa-3.tamper yellow") };
  expect(await staff.command("bench", "reset", latch)).toMatchObject({
    accepted: false,
    reason: "not-acknowledged",
  });
  expect(await staff.command("bench", "acknowledge", latch)).toMatchObject({ accepted: true });
  expect(await staff.command("bench", "reset", latch)).toMatchObject({ accepted: true });
  await staff.hears("reset opened sa-3.tamper yellow");

  await process.kill();
  [process, staff] = await start();
  await staff.publish("devices/sa-1/state", { smoke: false });
  await staff.hears("return fire sa-1.smoke red");

  // Whoever was away asks for everything again.
  const last = Math.max(...staff.events.map(({ seq }) => seq));
  const before = staff.events.length;
  let messages = 0;
  for (let from: number | null = 1; from !== null; ) {
    const result = await staff.command("bench", "resend", { from, to: last });
    expect(result).toMatchObject({ accepted: true, resent: { from, missing: 0 } });
    messages += result.resent!.messages;
    from = result.resent!.next;
  }
  const again = () => staff.events.slice(before).filter((event) => event.resent);
  await until(`${messages} events come again`, () => again().length >= messages);
  // A void span that two requests touch is told in both: receivers know a message by its id.
  const resent = [...new Map(again().map((event) => [event.id, event])).values()];
  expect(resent.map(lineOf).filter((line) => !line.startsWith("void"))).toEqual([
    "raise fire sa-1.smoke red",
    "raise fire sa-2.smoke red",
    "raise opened sa-3.tamper yellow",
    "return opened sa-3.tamper yellow",
    "acknowledge fire sa-2.smoke red",
    "return fire sa-2.smoke red",
    "acknowledge fire sa-1.smoke red",
    "acknowledge opened sa-3.tamper yellow",
    "reset opened sa-3.tamper yellow",
    "return fire sa-1.smoke red",
  ]);
  // No number without an explanation: an event, or a span that is declared void.
  let next = 1;
  for (const event of resent) {
    if (event.transition === "void") expect("voidFrom" in event && event.voidFrom).toBe(next);
    else expect(event.seq).toBe(next);
    next = event.seq + 1;
  }
  expect(next).toBe(last + 1);
  expect(resent.filter(({ transition }) => transition === "void").length).toBeGreaterThanOrEqual(1);
  // What was heard live and what came again are the same messages.
  for (const live of [...first.events, ...second.events]) {
    expect(resent.find(({ seq }) => seq === live.seq)).toMatchObject({
      id: live.id,
      transition: live.transition,
    });
  }
  for (const one of [first, second, staff]) await one.leave();
  expect(await process.stop()).toBe(0);
});
