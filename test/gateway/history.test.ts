import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MINUTE } from "../../model/time.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: plain-value, link: broker, point: weir } }
rules:
  high: { name: 水位超限, applies: { channel: depth }, above: { red: 100 }, basis: site, guidance: 巡查 }
journal: { segment: { age: 1m } }
`;

const SEGMENTS = 5;

test("segments that are closed and rewritten keep every reading until their retention is over", async () => {
  await using stand = await Stand.start(SITE);
  const { staff, gateway, clock } = stand;
  const sealed = () =>
    readdirSync(join(stand.data, "segments")).filter((name) => name.endsWith(".sealed.db")).length;
  for (let n = 0; n < SEGMENTS; n++) {
    await staff.publish("devices/wl-1/depth", `${n}`);
    await until("it is on disk", () => gateway.journal.inFlight.pages === 0);
    clock.jump(2 * MINUTE);
  }
  await staff.publish("devices/wl-1/depth", `${SEGMENTS}`);
  await until("the segments are rewritten", () => sealed() >= SEGMENTS);
  expect(existsSync(join(stand.data, "damaged"))).toBe(false);
  expect(stand.counted("journal_trimmed")).toBe(0);

  const page = await gateway.journal.reader.history({
    series: [gateway.journal.series[0]!],
    from: 0,
    to: clock.now() + MINUTE,
    order: "oldest",
    limit: 100,
  });
  expect([...page.value.subarray(0, page.length)]).toEqual([0, 1, 2, 3, 4, 5]);
});
