import { describe, expect, test } from "vitest";
import { MINUTE } from "../../model/time.ts";
import { cannotMount, smallDisk } from "../support/small-disk.ts";
import { until } from "../support/until.ts";
import { Staff } from "./staff.ts";
import { Stand } from "./stand.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

const files = { "profiles/swinging.yaml": SWINGING_PROFILE };

const SITE = `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points:
  weir: { name: 堰, domain: water }
  home: { name: 三楼301室, domain: fire }
devices:
  wl-1: { profile: swinging, link: broker, point: weir }
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
`;

const BEFORE = 100;
const DURING = 4_000;

describe.skipIf(cannotMount())("a gateway whose disk is full", () => {
  test("acknowledges nothing and tells of every danger; with room again it goes on, and nothing acknowledged is lost", {
    timeout: 60_000,
  }, async () => {
    using disk = smallDisk(6);
    const data = disk.join("data");
    await using stand = await Stand.start(SITE, { files, data });
    const { staff } = stand;
    const { journal } = stand.gateway;
    await using instrument = new Swinging(stand.gateway.addresses.mqtt!, "wl-1");
    await instrument.publish(BEFORE);

    disk.fill();
    instrument.go(DURING);
    await staff.hears("raise journal-failed gateway orange");
    expect(journal.failure?.code).toBe("JOURNAL_UNAVAILABLE");
    expect(staff.event("raise journal-failed gateway orange").uncommitted).toBe(true);
    const durable = journal.durable;
    const acknowledged = instrument.acknowledged.size;

    // No acknowledgement comes, and in the end the connection goes: a detector would send it again.
    await using detector = await Staff.connect(stand.gateway.addresses.mqtt!);
    let confirmed = false;
    void detector.publish("devices/sa-1/state", { smoke: true }).then(
      () => {
        confirmed = true;
      },
      () => {},
    );
    await staff.hears("raise fire sa-1.smoke red");
    const raised = staff.event("raise fire sa-1.smoke red");
    expect(raised.uncommitted).toBe(true);
    expect(stand.standing()).toContain("fire sa-1.smoke unacknowledged");
    const seen = await staff.command("bench", "acknowledge", { occurrence: raised.occurrence });
    expect(seen).toMatchObject({ accepted: true, durable: false });
    expect(confirmed).toBe(false);
    expect(journal.durable).toBe(durable);
    expect(instrument.acknowledged.size).toBe(acknowledged);
    expect(acknowledged).toBeLessThan(BEFORE + DURING);

    disk.empty();
    await staff.hears("return journal-failed gateway orange");
    await instrument.settled();
    expect(journal.failure).toBeUndefined();
    await staff.publish("devices/sa-1/state", { smoke: false });
    await staff.hears("return fire sa-1.smoke red");
    expect(staff.event("return fire sa-1.smoke red").uncommitted).toBe(false);

    await stand.stop();
    await stand.start();
    const after = stand.gateway.journal;
    const page = await after.reader.history({
      series: [
        after.series[
          stand.gateway.configuration.site.channels.findIndex(({ key }) => key === "wl-1.number")
        ]!,
      ],
      from: 0,
      to: stand.clock.now() + MINUTE,
      order: "oldest",
      limit: 10_000,
    });
    const kept = new Set(page.value.subarray(0, page.length));
    expect([...instrument.acknowledged].filter((n) => !kept.has(n))).toEqual([]);
    const log = await after.reader.events({ from: 1, to: Number.MAX_SAFE_INTEGER, limit: 1_000 });
    const told = new Map(log.map((event) => [event.seq, event]));
    await until("the alarm log has what was told", () => told.size > 0);
    expect(told.get(raised.seq)).toMatchObject({ transition: "raise", rule: "fire", subject: "sa-1.smoke" });
    expect(log.filter(({ transition, rule }) => transition === "raise" && rule === "fire")).toHaveLength(1);
    expect(stand.standing().filter((line) => line.startsWith("fire"))).toEqual([]);
  });
});
