import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { Stand } from "../gateway/stand.ts";
import { until } from "../support/until.ts";
import { published, replayed } from "./replayed.ts";

const site = (limit: number) => `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
points:
  weir: { name: 拦河堰, domain: water }
devices:
  wl-1: { profile: json-gauge, link: broker, point: weir }
  wl-2: { profile: json-gauge, link: broker, point: weir }
rules:
  high:
    name: 水位超限
    applies: { channel: depth }
    above: { yellow: ${limit}, orange: { limit: 3, onDelay: 30s }, red: 4 }
    deadband: 0.2
    offDelay: 2m
    basis: site
    guidance: 巡查
  rise: { name: 上涨过快, applies: { channel: depth }, rate: { window: 30m, per: hour, minCoverage: 0.1, above: { orange: 6 } }, basis: site, guidance: 巡查 }
`;

/** A flood with everything that can come between: delays, late readings, a command, silence, a restart. */
async function flood(stand: Stand): Promise<void> {
  const level = async (device: string, metres: number, age = 0) => {
    const time = new Date((stand.clock.wall() - age) / 1_000).toISOString();
    await stand.staff.publish(`devices/${device}/level`, {
      level: metres,
      battery: 3.6,
      temperature: 12,
      time,
    });
  };
  for (const metres of [1, 1.2, 1.9, 2.1, 2.6, 3.1]) {
    await level("wl-1", metres);
    await level("wl-2", metres / 2);
    stand.clock.jump(MINUTE);
  }
  await stand.staff.hears("raise high wl-1.depth yellow", "upgrade high wl-1.depth orange");
  // What comes late is history, and an exceedance in it is told as such.
  await level("wl-2", 4.5, 3 * MINUTE);
  const { occurrence } = stand.staff.event("raise high wl-1.depth yellow");
  const result = await stand.staff.command("bench", "acknowledge", {
    rule: "high",
    subject: "wl-1.depth",
    occurrence,
  });
  expect(result.accepted).toBe(true);
  await level("wl-1", 4.2);
  await stand.staff.hears("upgrade high wl-1.depth red");
  await stand.stop();
  stand.clock.jump(7 * MINUTE);
  await stand.start();
  // It falls by steps, and comes to rest; an off-delay ends with a reading.
  for (const metres of [3.5, 3.5, 2.5, 2.5, 1, 1]) {
    await level("wl-1", metres);
    stand.clock.jump(2 * MINUTE + 10 * SECOND);
  }
  // Then nothing more is heard of either.
  stand.clock.jump(3 * 60 * MINUTE);
  await until("silence is noticed", () =>
    stand.standing().some((line) => line.startsWith("monitoring-lost")),
  );
  await level("wl-2", 0.4);
}

test("what a gateway went through live, replayed from its journal: the same events at the same microsecond with the same numbers", async () => {
  await using stand = await Stand.start(site(2));
  await flood(stand);
  await stand.stop();
  const live = published(stand.data);
  // The story has something of everything, or it proves little.
  expect([...new Set(live.map(({ transition }) => transition))].sort()).toEqual([
    "acknowledge",
    "downgrade",
    "historical",
    "overrun",
    "raise",
    "return",
    "upgrade",
  ]);
  expect(live.map(({ rule }) => rule)).toEqual(expect.arrayContaining(["monitoring-lost", "high", "rise"]));

  const { outcome, events } = replayed(stand.folder.join("site.yaml"), stand.data);
  expect(events).toEqual(live);
  expect(outcome.sameAsLive).toBe(live.length);
  expect(outcome.remarks).toEqual([]);

  // The journal is as it was, and another look gives the same.
  expect(replayed(stand.folder.join("site.yaml"), stand.data).events).toEqual(live);

  // Under another limit the flood is another one; the person's command counts for what stands in place of what they saw.
  writeFileSync(stand.folder.join("other.yaml"), site(1.5));
  const other = replayed(stand.folder.join("other.yaml"), stand.data);
  expect(other.outcome.sameAsLive).toBeUndefined();
  const raised = (all: readonly AlarmEvent[]) =>
    all.find(
      ({ rule, subject, transition }) => `${transition} ${rule} ${subject}` === "raise high wl-1.depth",
    );
  expect(raised(other.events)!.time).toBeLessThan(raised(live)!.time);
  expect(other.events.filter(({ transition }) => transition === "acknowledge")).toMatchObject([
    { rule: "high", subject: "wl-1.depth" },
  ]);
  expect(other.events.filter(({ transition }) => transition === "void")).toEqual([]);
  await stand.start();
});
