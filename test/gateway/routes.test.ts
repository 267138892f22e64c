import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { raiseFlood } from "../bench/load/flood.ts";
import { writeMqttSite } from "../bench/site.ts";
import { Receiver } from "../routes/receiver.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

/** In CI the gateway is killed this often; fewer where a person waits. */
const KILLS = process.env.CI === undefined ? 3 : 10;
/** Acknowledgements between two kills. */
const BETWEEN_KILLS = 300;
/** The level swings across a limit every so many messages. */
const SWING = 5;

interface Told {
  readonly seq: number;
  readonly highest: string;
  readonly occurrence: string;
}

const told = (receiver: Receiver) => receiver.taken.map(({ body }) => JSON.parse(body) as Told);

/** Every alarm event of a gateway, by its interface. */
async function eventsOf(http: string): Promise<{ seq: number; transition: string; highest: string }[]> {
  const all: { seq: number; transition: string; highest: string }[] = [];
  for (let from = 1; ; ) {
    const answer = await fetch(`http://${http}/api/events?from=${from}&limit=1000`);
    const { events } = (await answer.json()) as { events: typeof all };
    if (events.length === 0) return all;
    all.push(...events);
    from = events.at(-1)!.seq + 1;
  }
}

describe("routes of a gateway that is killed in the middle of deliveries", () => {
  test("miss no event; a route that is dead holds up neither the others nor the alarms", {
    timeout: 240_000,
  }, async () => {
    await using platform = await Receiver.start();
    await using dead = await Receiver.start();
    await using robot = await Receiver.start();
    dead.react = () => "hang";
    // Every third message is slow, so that kills meet some under way.
    platform.react = () =>
      platform.received.length % 3 === 0
        ? new Promise((resolve) => setTimeout(() => resolve({ status: 200 }), 20))
        : { status: 200 };
    robot.react = () => ({ status: 200, body: JSON.stringify({ errcode: 0, errmsg: "ok" }) });
    using folder = temporaryFolder("routes-kill");
    const port = await freePort();
    mkdirSync(folder.join("profiles"));
    writeFileSync(folder.join("profiles/swinging.yaml"), SWINGING_PROFILE);
    writeFileSync(
      folder.join("site.yaml"),
      `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { listen: "127.0.0.1:0" }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: swinging, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: wl-1.level }, above: { yellow: 5, red: 8 }, basis: site, guidance: 巡查 }
routes:
  platform: { type: webhook, url: "${platform.url}", secret: "env:HOOK" }
  dead: { type: webhook, url: "${dead.url}" }
  group: { type: wecom, url: "${robot.url}", token: "env:HOOK" }
`,
    );
    const start = () => startGateway(folder.join("site.yaml"), { environment: { HOOK: "s3cret" } });
    let gateway = await start();
    await using instrument = new Swinging(`127.0.0.1:${port}`, "wl-1", {
      // Below, yellow, red, yellow, below …
      level: (n) => [1, 6, 9, 6][Math.floor(n / SWING) % 4]!,
    });
    instrument.go(Number.POSITIVE_INFINITY);
    for (let kill = 0; kill < KILLS; kill++) {
      const target = instrument.acknowledged.size + BETWEEN_KILLS;
      await until(`${target} acknowledgements`, () => instrument.acknowledged.size >= target, {
        withinMs: 30_000,
        detail: () => gateway.child.tail(),
      });
      await gateway.kill();
      gateway = await start();
    }
    instrument.halt();
    await instrument.settled(() => gateway.child.tail());
    const events = await eventsOf(gateway.http!);
    const due = events.filter(({ transition }) => transition !== "void").map(({ seq }) => seq);
    expect(due.length).toBeGreaterThan((KILLS * BETWEEN_KILLS) / SWING / 2);
    await until(
      "the platform has every event",
      () => {
        const got = new Set(told(platform).map(({ seq }) => seq));
        return due.every((seq) => got.has(seq));
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    // What came for the first time came in the order of its occurrence; only what a kill had left open came twice.
    const firsts = [...new Map(told(platform).map((event) => [event.seq, event])).values()];
    const byOccurrence = Map.groupBy(firsts, ({ occurrence }) => occurrence);
    for (const own of byOccurrence.values()) {
      const seqs = own.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    }
    expect(robot.taken.length).toBeGreaterThan(0);
    expect(dead.taken.length).toBe(0);
    expect(await gateway.stop()).toBe(0);
  });
});

describe("5,000 alarms raised at once, while other instruments go on", () => {
  const DEVICES = 50;
  const CHANNELS = 100;

  test("are all published, in order, and all reach a webhook", { timeout: 180_000 }, async () => {
    await using platform = await Receiver.start();
    using folder = temporaryFolder("flood");
    const site = writeMqttSite(folder, {
      link: '{ type: mqtt-broker, listen: "127.0.0.1:0" }',
      devices: DEVICES + 1,
      channels: CHANNELS,
    });
    appendFileSync(site, `routes: { platform: { type: webhook, url: "${platform.url}", parallel: 16 } }\n`);
    await using gateway = await startGateway(site);
    const seen = await raiseFlood(gateway.mqtt!, { devices: DEVICES, channels: CHANNELS, withinMs: 60_000 });
    expect(seen.seqs.length).toBe(DEVICES * CHANNELS);
    expect(seen.seqs).toEqual(seen.seqs.toSorted((a, b) => a - b));
    expect(new Set(seen.subjects).size).toBe(DEVICES * CHANNELS);
    expect(seen.acknowledgedMeanwhile).toBeGreaterThan(0);
    await until(
      "all of them at the webhook",
      () => new Set(told(platform).map(({ seq }) => seq)).size >= DEVICES * CHANNELS,
      { withinMs: 90_000, everyMs: 200, detail: () => `${platform.taken.length} have come` },
    );
  });
});
