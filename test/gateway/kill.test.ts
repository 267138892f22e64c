import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "mqtt";
import { describe, expect, test } from "vitest";
import { UnacknowledgedStore } from "../../simulators/mqtt-store.ts";
import { missing } from "../servers/available.ts";
import { startInfluxdb1 } from "../servers/influxdb1.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

/** In CI the gateway is killed this often; fewer where a person waits. */
const KILLS = process.env.CI === undefined ? 5 : 20;
/** Acknowledgements between two kills. */
const BETWEEN_KILLS = 400;
/** Publications under way at a time. */
const WINDOW = 64;
/** The level swings across the limit every so many messages: each swing is one occurrence. */
const SWING = 25;

const PROFILE = `
id: swinging
vendor: bench
product: swinging level
class: level
name: 摆动
source: test
maturity: documented
channels:
  number: { quantity: count, period: 1s, stale: 1d }
  level: { quantity: water_level, period: 1s, stale: 1d }
payload:
  topic: devices/{device}
  messages:
    - suffix: /up
      time: { path: t, format: unix-us }
      channels: { number: { path: n }, level: { path: v } }
`;

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

/** Publishes numbered messages with QoS 1 over a session that survives the gateway, like an instrument with a memory. */
class Instrument {
  readonly acknowledged = new Set<number>();
  readonly #client;
  readonly #began = Date.now() * 1000;
  #next = 0;
  #underWay = 0;
  #stopped = false;

  constructor(port: number) {
    this.#client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: "wl-1",
      clean: false,
      reconnectPeriod: 50,
      connectTimeout: 2_000,
      // The library resends without the DUP mark that the standard demands; this store sets it.
      outgoingStore: new UnacknowledgedStore(),
    });
    // A gateway that has just been killed refuses connections: the client tries again by itself.
    this.#client.on("error", () => {});
    this.#client.on("connect", () => this.#fill());
  }

  /** How many have been published; all of them once nothing is under way. */
  get published(): number {
    return this.#next;
  }

  async finish(): Promise<void> {
    this.#stopped = true;
    await until("everything published is acknowledged", () => this.#underWay === 0, { withinMs: 60_000 });
    await this.#client.endAsync();
  }

  #fill(): void {
    while (!this.#stopped && this.#underWay < WINDOW) {
      const n = this.#next++;
      this.#underWay++;
      const payload = JSON.stringify({ n, v: n % (2 * SWING) < SWING ? 9 : 1, t: this.#began + n * 1000 });
      this.#client.publish("devices/wl-1/up", payload, { qos: 1 }, (error) => {
        this.#underWay--;
        if (error) throw error;
        this.acknowledged.add(n);
        this.#fill();
      });
    }
  }
}

describe.skipIf(missing("influxd"))("a gateway that is killed again and again under load", () => {
  test("has every acknowledged reading in InfluxDB, once, and no alarm lost or doubled", {
    timeout: 300_000,
  }, async () => {
    await using influx = await startInfluxdb1();
    using folder = temporaryFolder("kill");
    const port = await freePort();
    mkdirSync(folder.join("profiles"));
    writeFileSync(folder.join("profiles/swinging.yaml"), PROFILE);
    writeFileSync(folder.join("site.yaml"), site(influx.url, port));
    const start = () => startGateway(folder.join("site.yaml"));

    let gateway = await start();
    const instrument = new Instrument(port);
    for (let kill = 0; kill < KILLS; kill++) {
      const target = instrument.acknowledged.size + BETWEEN_KILLS;
      await until(`${target} acknowledgements`, () => instrument.acknowledged.size >= target, {
        withinMs: 30_000,
        detail: () => gateway.child.tail(),
      });
      await gateway.kill();
      gateway = await start();
    }
    await instrument.finish();
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
