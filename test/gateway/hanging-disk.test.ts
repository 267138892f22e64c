import { cpSync } from "node:fs";
import { expect, test } from "vitest";
import { REFUSED } from "../../drivers/driver.ts";
import { SILENT } from "../../model/log.ts";
import { REASON } from "../../model/quality.ts";
import { SECOND } from "../../model/time.ts";
import { until } from "../support/until.ts";
import { enter, onDisk } from "./enter.ts";
import { Stand, standing, startGatewayHere } from "./stand.ts";

const BOUND = 1_000;
const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
journal: { bound: ${BOUND}, checkpoint: 1h }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { well: { name: 3号阀门井, domain: gas } }
devices:
  gd-1: { profile: json-gas, link: broker, point: well }
  gd-2: { profile: json-gas, link: broker, point: well }
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { red: 50 }, basis: site, guidance: 处置 }
`;

async function hangs({ gateway }: Stand): Promise<void> {
  await onDisk(gateway);
  gateway.journal.pause();
  await until("the disk hangs", () => gateway.journal.paused);
}

/** Time passes, and main looks at its messages in between. */
async function pass(stand: Stand, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 3) {
    stand.clock.jump(3 * SECOND);
    await new Promise(setImmediate);
  }
}

test("a disk that hangs says nothing; after half a minute people are told, and again when it works", async () => {
  await using stand = await Stand.start(SITE);
  await hangs(stand);
  enter(stand.gateway, "gd-1.lel", { value: 1 });
  await pass(stand, 33);
  await stand.staff.hears("raise journal-failed gateway orange");
  stand.gateway.journal.resume();
  await stand.staff.hears("return journal-failed gateway orange");
});

test("a pause of our own is no hanging disk: one jump of an hour tells nobody", async () => {
  await using stand = await Stand.start(SITE);
  enter(stand.gateway, "gd-1.lel", { value: 1 });
  stand.gateway.intake.flush();
  stand.clock.jump(3_600 * SECOND);
  await onDisk(stand.gateway);
  expect(stand.staff.lines().filter((line) => line.includes("journal-failed"))).toEqual([]);
});

test("a bad reading that found no room and is sent again is no repeat: it is kept", async () => {
  await using stand = await Stand.start(SITE);
  const { gateway } = stand;
  await hangs(stand);
  enter(gateway, "gd-2.lel", { value: 1, times: BOUND });
  const fault = { reason: REASON.sensor_failure };
  expect(enter(gateway, "gd-1.lel", fault)).toBe(REFUSED);
  gateway.journal.resume();
  await onDisk(gateway);
  const before = gateway.intake.last;
  expect(enter(gateway, "gd-1.lel", fault)).toBe(before + 1);
});

test("hours of alarms on a hanging disk take the memory of one page, and a command is not called durable", async () => {
  await using stand = await Stand.start(SITE);
  const { gateway } = stand;
  await hangs(stand);
  enter(gateway, "gd-1.lel", { value: 60 });
  await pass(stand, 33);
  const { pages } = gateway.journal.inFlight;
  for (let i = 0; i < 8_000; i++) enter(gateway, "gd-1.lel", { value: i % 2 === 0 ? 1 : 60 });
  expect(gateway.journal.inFlight.pages).toBe(pages);
  expect(stand.counted("records_unrecorded")).toBe(0);
  for (let i = 0; i < 8_000; i++) enter(gateway, "gd-1.lel", { value: i % 2 === 0 ? 1 : 60 });
  expect(stand.counted("records_unrecorded")).toBeGreaterThan(0);
  const leak = gateway.engine.alarm("leak", "gd-1.lel")!;
  const { rule, subject, occurrence } = leak;
  const command = { verb: "acknowledge", id: "1", user: "duty", rule, subject, occurrence } as const;
  const { outcome, ticket } = gateway.intake.command(command);
  expect(outcome).toEqual({ accepted: true });
  await expect(gateway.intake.whenDurable(ticket)).rejects.toMatchObject({ code: "INTAKE_FULL" });
});

test("an alarm whose reading found no room survives a power cut, under its own number", async () => {
  await using stand = await Stand.start(SITE);
  const { gateway } = stand;
  await hangs(stand);
  enter(gateway, "gd-2.lel", { value: 1, times: BOUND });
  expect(enter(gateway, "gd-1.lel", { value: 60 })).toBe(REFUSED);
  await stand.staff.hears("raise leak gd-1.lel red");
  const { occurrence } = gateway.engine.alarm("leak", "gd-1.lel")!;
  gateway.journal.resume();
  await onDisk(gateway);
  await hangs(stand);
  const copy = stand.folder.join("after the power cut");
  cpSync(stand.data, copy, { recursive: true });
  gateway.journal.resume();
  const next = await startGatewayHere(stand.folder.join("site.yaml"), {
    clock: stand.clock,
    log: SILENT,
    data: copy,
  });
  expect(standing(next)).toEqual(["leak gd-1.lel unacknowledged"]);
  expect(next.engine.alarm("leak", "gd-1.lel")?.occurrence).toBe(occurrence);
  await next.stop();
});
