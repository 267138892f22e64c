import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { startInfluxdb1 } from "../servers/influxdb1.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

/** In CI the gateway is killed this often; fewer where a person waits. */
const KILLS = process.env.CI === undefined ? 5 : 20;
/** Acknowledgements between two kills. */
const BETWEEN_KILLS = 400;
/** The level swings across the limit every so many messages: each swing is one occurrence. */
const SWING = 25;

const site = (influx: string, port: number) => `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: swinging, link: broker, point: weir } }
rules:
  high: { name: 高水位, applies: { channel: wl-1.level }, above: { blue: 5 }, basis: site, guidance: 巡查 }
sinks: { influx: { type: influxdb1, url: "${influx}", database: tocsin } }
`;

describe.skipIf(missing("influxd"))("a gateway that is killed again and again under load", () => {
  test("has every acknowledged reading in InfluxDB, once, and no alarm lost or doubled", {
    timeout: 300_000,
  }, async () => {
    await using influx = await startInfluxdb1();
    using folder = temporaryFolder("kill");
    const port = await freePort();
    mkdirSync(folder.join("profiles"));
    writeFileSync(folder.join("profiles/swinging.yaml"), SWINGING_PROFILE);
    writeFileSync(folder.join("site.yaml"), site(influx.url, port));
    const start = () => startGateway(folder.join("site.yaml"));

    let gateway = await start();
    await using instrument = new Swinging(`127.0.0.1:${port}`, "wl-1", {
      level: (n) => (n % (2 * SWING) < SWING ? 9 : 1),
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
    const total = instrument.published;
    expect(instrument.acknowledged.size).toBe(total);

    const rows = await until(
      `${total} readings in InfluxDB`,
      async () => {
        const found = await influx.query("SELECT value FROM count");
        return found.length >= total && found;
      },
      { withinMs: 60_000, everyMs: 200 },
    );
    expect(rows.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: total }, (_, n) => n),
    );

    // Every swing above the limit is one occurrence, raised once; all but perhaps the last have returned once.
    const swings = Math.ceil(total / (2 * SWING));
    const returned = Math.floor((total + SWING - 1) / (2 * SWING));
    const events = await until(
      `the events of ${swings} occurrences in InfluxDB`,
      async () => {
        const found = await influx.query(
          "SELECT seq, occurrence, transition FROM alarm_event WHERE rule = 'high'",
        );
        return found.length >= swings + returned && found;
      },
      { withinMs: 60_000, everyMs: 200 },
    );
    const of = (transition: string) =>
      events.filter((event) => event.transition === transition).map(({ occurrence }) => Number(occurrence));
    expect(new Set(of("raise")).size).toBe(swings);
    expect(of("raise")).toHaveLength(swings);
    expect(of("return")).toHaveLength(returned);
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(events.length);
    expect(await gateway.stop()).toBe(0);
  });
});
