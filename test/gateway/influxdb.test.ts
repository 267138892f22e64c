import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { type Influxdb1, startInfluxdb1 } from "../servers/influxdb1.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

const files = { "profiles/swinging.yaml": SWINGING_PROFILE };

const site = (sinks: string) => `
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
sinks: ${sinks}
`;

/** Passes requests on to InfluxDB and keeps those that it took, in order. While it is away, connections break. */
class Wiretap implements AsyncDisposable {
  /** Bodies of the writes that were taken. */
  readonly taken: string[] = [];
  readonly #server: Server;

  constructor(to: string) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks);
        fetch(`${to}${request.url}`, {
          method: request.method ?? "GET",
          ...(body.length === 0 ? {} : { body }),
        }).then(
          async (answer) => {
            if (answer.status === 204) this.taken.push(body.toString());
            response.writeHead(answer.status);
            response.end(await answer.text());
          },
          () => request.socket.destroy(),
        );
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function numbers(influx: Influxdb1): Promise<number[]> {
  const rows = await influx.query("SELECT value FROM count");
  return rows.map(({ value }) => Number(value)).sort((a, b) => a - b);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Readings a request at most: an outage then leaves many requests to catch up. */
const BATCH = 50;
const BEFORE = 300;
const DURING = 3_000;
const AFTER = 100;
/** In so many requests after an outage both lanes have had their turn. */
const FIRST = 10;

describe.skipIf(missing("influxd"))("a gateway whose InfluxDB comes and goes", () => {
  test("is absent at the start and away under load: nothing is lost, the newest goes first, alarms and the other sink take no notice", {
    timeout: 90_000,
  }, async () => {
    await using influx = await startInfluxdb1();
    await using wire = new Wiretap(influx.url);
    const common = `database: tocsin, batch: ${BATCH}, linger: 20ms, retry: { first: 50ms, longest: 200ms }`;
    await influx.stop();
    await using stand = await Stand.start(
      site(`
  influx: { type: influxdb1, url: "${await wire.listen()}", ${common} }
  gone: { type: influxdb1, url: "http://127.0.0.1:${await freePort()}", ${common} }`),
      { files },
    );
    const { staff, gateway } = stand;
    await using instrument = new Swinging(gateway.addresses.mqtt!, "wl-1");

    await instrument.publish(BEFORE);
    expect(gateway.ready).toBe(true);
    await influx.start();
    await until(`${BEFORE} readings arrive`, async () => (await numbers(influx)).length === BEFORE, {
      withinMs: 20_000,
      everyMs: 50,
    });

    instrument.go(DURING);
    await influx.kill();
    await staff.publish("devices/sa-1/state", { smoke: true });
    await staff.hears("raise fire sa-1.smoke red");
    await instrument.settled();
    const before = wire.taken.length;
    await influx.start();
    await instrument.publish(AFTER);
    await staff.publish("devices/sa-1/state", { smoke: false });
    await staff.hears("return fire sa-1.smoke red");

    const total = BEFORE + DURING + AFTER;
    await until(`${total} readings arrive`, async () => (await numbers(influx)).length >= total, {
      withinMs: 30_000,
      everyMs: 50,
    });
    expect(await numbers(influx)).toEqual(upTo(total));
    await until("both alarm events arrive", async () => {
      const rows = await influx.query("SELECT seq, transition FROM alarm_event WHERE rule = 'fire'");
      return rows.map(({ transition }) => transition).join(" ") === "raise return";
    });

    // What was raised, and what was read last, did not wait behind what had gathered.
    const [first, ...rest] = [wire.taken.slice(before, before + FIRST), wire.taken.slice(before + FIRST)].map(
      (bodies) => bodies.join("\n"),
    );
    expect(first).toMatch(/^alarm_event,.*transition="raise"/m);
    expect(Math.max(...numbersIn(first!))).toBeGreaterThanOrEqual(BEFORE + DURING - BATCH);
    expect(Math.max(...numbersIn(first!))).toBeGreaterThan(
      Math.min(...numbersIn(rest.join("\n"))) + DURING / 2,
    );

    const sinks = new Map((await gateway.journal.reader.sinkStatus()).map((sink) => [sink.id, sink]));
    expect(sinks.get("influx")).toMatchObject({ lost: 0, quarantined: 0, pending: 0 });
    const gone = sinks.get("gone")!;
    expect(gone).toMatchObject({ delivered: 0, lost: 0, quarantined: 0 });
    expect(gone.outage).toBeDefined();
    expect(gone.pending).toBeGreaterThanOrEqual(total);
    expect(stand.standing()).toEqual(["fire sa-1.smoke returned"]);
  });

  test("refuses one series for good: it is kept with the server's own words, and the others go on", async () => {
    await using influx = await startInfluxdb1();
    // Somebody else has written texts into this measurement: its field `value` takes no number any more.
    await influx.write([`count value="text" ${Date.now() * 1000}`]);
    await using stand = await Stand.start(
      site(`{ influx: { type: influxdb1, url: "${influx.url}", database: tocsin, linger: 20ms } }`),
      { files },
    );
    await using instrument = new Swinging(stand.gateway.addresses.mqtt!, "wl-1");
    const count = 40;
    await instrument.publish(count);
    await until("the levels arrive", async () => {
      return (await influx.query("SELECT value FROM water_level")).length === count;
    });
    const { reader } = stand.gateway.journal;
    const rows = await until(`${count} rows are set aside`, async () => {
      const found = await reader.quarantined({ limit: 1_000 });
      return found.length >= count && found;
    });
    expect(rows).toHaveLength(count);
    for (const row of rows) {
      expect(row).toMatchObject({ sink: "influx", words: expect.stringMatching(/field type conflict/) });
      expect(row.line).toMatch(/^count,.*device=wl-1/);
    }
    const [status] = await reader.sinkStatus();
    expect(status).toMatchObject({ quarantined: count, lost: 0, pending: 0 });
    expect(status?.outage).toBeUndefined();
  });
});

/** The numbers of the counted readings in writes. */
function numbersIn(body: string): number[] {
  return [...body.matchAll(/^count,\S* value=(\d+)/gm)].map(([, value]) => Number(value));
}
