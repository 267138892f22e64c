import { expect, test } from "vitest";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { JournalSource } from "../../gateway/replay/journal-source.ts";
import { replay } from "../../gateway/replay/run.ts";
import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import { onDisk } from "../gateway/enter.ts";
import { Stand } from "../gateway/stand.ts";

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
points:
  weir: { name: 拦河堰, domain: water }
devices:
  wl-1: { profile: json-gauge, link: broker, point: weir, channels: { depth: { stale: 1d }, temperature: { stale: 1d }, battery_voltage: { stale: 1d } } }
rules:
  high: { name: 水位超限, applies: { channel: depth }, above: { yellow: 2 }, basis: site, guidance: 巡查 }
`;

function alarms(stand: Stand, span: { since: Micros; until?: Micros; warmUp?: Micros }) {
  const { since, until = Number.POSITIVE_INFINITY, warmUp = 0 } = span;
  return replay({
    configuration: loadConfiguration(stand.folder.join("site.yaml")),
    source: new JournalSource(stand.data, { since: since - warmUp, until }),
    since,
  });
}

test("the journal of a running gateway, from the middle on: windows and alarms from the warm-up, the rest from there", async () => {
  await using stand = await Stand.start(SITE);
  const waves: Micros[] = [];
  for (const level of [1, 3, 1, 3, 1, 3, 3]) {
    waves.push(stand.gateway.now());
    await stand.staff.publish("devices/wl-1/level", { level, battery: 3.6, temperature: 12 });
    stand.clock.jump(HOUR);
  }
  await onDisk(stand.gateway);
  const raised = (outcome: ReturnType<typeof alarms>) =>
    outcome.episodes
      .filter(({ rule }) => rule === "high")
      .map(({ raised: at }) => Math.round((at - waves[0]!) / HOUR));

  const all = alarms(stand, { since: Number.NEGATIVE_INFINITY });
  expect(raised(all)).toEqual([1, 3, 5]);
  expect(all.sameAsLive).toBeGreaterThan(0);
  expect(all.remarks).toEqual([]);

  // From the middle on nothing can be compared with live: what led up to it is not known.
  const middle = alarms(stand, { since: waves[2]! - MINUTE, warmUp: 10 * MINUTE });
  expect(raised(middle)).toEqual([3, 5]);
  expect(middle.sameAsLive).toBeUndefined();
  expect(raised(alarms(stand, { since: waves[4]! - MINUTE, warmUp: 30 * MINUTE }))).toEqual([5]);
  // An alarm that stood already is told with its own beginning, if the warm-up reaches back to it.
  expect(raised(alarms(stand, { since: waves[6]! - MINUTE, warmUp: 2 * HOUR }))).toEqual([5]);
  expect(raised(alarms(stand, { since: Number.NEGATIVE_INFINITY, until: waves[3]! }))).toEqual([1]);

  // It goes on: the gateway was not disturbed.
  await stand.staff.publish("devices/wl-1/level", { level: 1, battery: 3.6, temperature: 12 });
  await stand.staff.hears(
    "return high wl-1.depth yellow",
    "return high wl-1.depth yellow",
    "return high wl-1.depth yellow",
  );
});
