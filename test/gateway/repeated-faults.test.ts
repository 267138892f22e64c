import { expect, test } from "vitest";
import { REASON } from "../../model/quality.ts";
import { SECOND } from "../../model/time.ts";
import { enter } from "./enter.ts";
import { Stand } from "./stand.ts";

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { well: { name: 3号阀门井, domain: gas }, home: { name: 三楼301室, domain: fire } }
devices:
  gd-1: { profile: json-gas, link: broker, point: well }
  sa-1: { profile: json-smoke-alarm, link: broker, point: home, liveness: 60s }
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { red: 50 }, offDelay: 10s, basis: site, guidance: 处置 }
`;
const broken = { reason: REASON.sensor_failure };

test("a fault out of the past does not make the present one a repeat: it is told, and ends the off-delay", async () => {
  await using stand = await Stand.start(SITE);
  const { gateway, clock } = stand;
  const t = gateway.now();
  enter(gateway, "gd-1.lel", { value: 60, time: t });
  clock.jump(SECOND);
  enter(gateway, "gd-1.lel", { value: 1, time: t + SECOND });
  enter(gateway, "gd-1.lel", { ...broken, time: t - 10 * SECOND });
  clock.jump(SECOND);
  enter(gateway, "gd-1.lel", { ...broken, time: t + 2 * SECOND });
  clock.jump(8 * SECOND);
  expect(stand.standing()).toEqual([
    "instrument-fault gd-1.lel unacknowledged",
    "leak gd-1.lel unacknowledged",
  ]);
  clock.jump(2 * SECOND);
  enter(gateway, "gd-1.lel", { value: 1, time: t + 12 * SECOND });
  expect(stand.standing()).toContain("leak gd-1.lel unacknowledged");
});

test("a device that says nothing but its fault is faulty, not silent", async () => {
  await using stand = await Stand.start(SITE);
  for (let i = 0; i < 20; i++) {
    enter(stand.gateway, "sa-1.smoke", broken);
    stand.clock.jump(10 * SECOND);
  }
  expect(stand.counted("readings_bad_repeated")).toBeGreaterThan(10);
  const ofTheAlarm = stand.standing().filter((line) => line.includes(" sa-1"));
  expect(ofTheAlarm).toEqual(["instrument-fault sa-1.smoke unacknowledged"]);
});
