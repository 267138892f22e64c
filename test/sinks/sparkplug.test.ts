import { setImmediate as turn } from "node:timers/promises";
import { connectAsync } from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { birthRequest } from "../../drivers/sparkplug/node-control.ts";
import { writePayload } from "../../drivers/sparkplug/payload-writer.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { DriverStand } from "../tcp/driver-stand.ts";
import { DeliveryBench } from "./delivery-bench.ts";
import { EdgeHost, edgeOptions } from "./edge-bench.ts";

/* The gateway as an edge node, a broker, and our own host application on the other side. */

/** Without a primary host it would speak before the host is back, to nobody. */
const WAITING = { primaryHost: "scada", overlap: "0s" };
const COMMANDS = "spBv1.0/county/NCMD/demo";

/** Everything that a test opened, closed in the opposite order. */
const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});
function opens<T extends AsyncDisposable>(thing: T): T {
  opened.push(thing);
  return thing;
}

const mosquitto = async () => opens(await startMosquitto());
const host = async (url: string, options: Parameters<typeof EdgeHost.start>[1] = {}) =>
  opens(await EdgeHost.start(url, options));
const edge = async (url: string, options: Record<string, unknown> = {}) =>
  opens(await DeliveryBench.start(edgeOptions(url, options)));

/** The broker that every gateway has in itself, on a port that stays. */
async function embedded() {
  const port = await freePort();
  const site = {
    site: { id: "broker", name: "内置" },
    http: { enabled: false },
    links: { broker: { type: "mqtt-broker", listen: `127.0.0.1:${port}` } },
    points: { hall: { name: "厂房", domain: "gas" } },
  };
  opens(await DriverStand.open(stringify(site)));
  return `mqtt://127.0.0.1:${port}`;
}

/** Publishes a command to the node. */
async function command(url: string, ...payloads: Uint8Array[]): Promise<void> {
  const client = await connectAsync(url);
  for (const payload of payloads) await client.publishAsync(COMMANDS, Buffer.from(payload), { qos: 1 });
  await client.endAsync();
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Confirmed to the last reading. */
const delivered = (bench: DeliveryBench) => until("all is delivered", () => bench.idle);

describe.each([
  ["Mosquitto, MQTT 5", 5, missing("mosquitto"), async () => (await mosquitto()).url],
  ["Mosquitto, MQTT 3.1.1", 4, missing("mosquitto"), async () => (await mosquitto()).url],
  ["the embedded broker", 4, false, embedded],
] as const)("on %s", (_, protocol, absent, broker) => {
  test.skipIf(absent)(
    "what the journal holds and what comes next is heard, by name and by alias",
    async () => {
      const url = await broker();
      const plant = await host(url, { protocol });
      const bench = await edge(url, { protocol });
      bench.record(120);
      await plant.hears(numbers(0, 120));
      await until("the births are heard", () => plant.count("births") === 51);
      bench.record(200);
      await plant.hears(numbers(0, 320));
      await delivered(bench);
      expect(bench.status).toMatchObject({ type: "sparkplug", delivered: 320, lost: 0, pending: 0 });
      for (const fault of ["gaps", "unknown_aliases", "ambiguous_aliases", "undecodable", "doubted"]) {
        expect(plant.count(fault), fault).toBe(0);
      }
      expect(plant.intake.readings.every(({ reason }) => reason === "good")).toBe(true);
    },
  );
});

describe.skipIf(missing("mosquitto"))("the gateway as an edge node", () => {
  test("recorded while the broker was away: sent as historical, and none is lost", async () => {
    const broker = await mosquitto();
    const plant = await host(broker.url);
    const bench = await edge(broker.url, WAITING);
    bench.record(50);
    await plant.hears(numbers(0, 50));
    await broker.stop();
    await until("the outage is seen", () => bench.status.outage !== undefined);
    bench.record(1_000);
    await broker.start();
    await plant.hears(numbers(0, 1_050));
    await delivered(bench);
    const before = plant.count("historical");
    expect(before).toBeGreaterThanOrEqual(1_000);
    bench.record(50);
    await plant.hears(numbers(0, 1_100));
    expect(plant.count("historical")).toBe(before);
    expect(bench.status.outage).toBeUndefined();
  });

  test("a broker that is not there at start, a clean end and another start lose nothing", async () => {
    const broker = await mosquitto();
    const plant = await host(broker.url);
    await broker.stop();
    const bench = await edge(broker.url, WAITING);
    bench.record(300);
    await until("it has tried", () => bench.status.outage !== undefined);
    await bench.restart(() => bench.record(300));
    await broker.start();
    await plant.hears(numbers(0, 600));
    await bench.restart();
    bench.record(100);
    await plant.hears(numbers(0, 700));
    // The end of the first session was told, and no late will of it counted for the second.
    await until("the node's death was heard", () => plant.count("deaths") >= 1);
    expect(plant.count("gaps")).toBe(0);
  });

  test("its primary host is waited for; what was sent just before it went is sent again", async () => {
    const { url } = await mosquitto();
    const watching = await connectAsync(url);
    const heard: string[] = [];
    watching.on("message", (topic) => heard.push(topic.split("/")[2]!));
    await watching.subscribeAsync("spBv1.0/county/+/demo/#");
    opens({ [Symbol.asyncDispose]: () => watching.endAsync() });

    const bench = await edge(url, { primaryHost: "scada", overlap: "1m" });
    bench.record(100);
    await until("the host is missed", () => bench.status.outage !== undefined);
    expect(bench.status.outage!.message).toContain("scada");
    expect(heard).toEqual([]);

    const first = await host(url);
    await first.hears(numbers(0, 100));
    bench.record(100);
    await first.hears(numbers(0, 200));
    expect(bench.status.delivered).toBe(0);
    await first.stop();
    await until("the node has died", () => heard.includes("NDEATH"));
    bench.record(100);

    const second = await host(url);
    await second.hears(numbers(0, 300));
    expect(second.count("historical")).toBeGreaterThanOrEqual(300);
    expect(bench.status.lost).toBe(0);
  });

  test("its primary host comes back with a clock that was set back: it is heard all the same", async () => {
    const { url } = await mosquitto();
    const plant = await connectAsync(url);
    opens({ [Symbol.asyncDispose]: () => plant.endAsync() });
    const says = (online: boolean, timestamp: number) =>
      plant.publishAsync("spBv1.0/STATE/scada", JSON.stringify({ online, timestamp }), {
        qos: 1,
        retain: true,
      });
    const bench = await edge(url, WAITING);
    await says(true, 2_000_000_000_000);
    bench.record(10);
    await delivered(bench);
    // A late word of an earlier connection ends nothing.
    await says(false, 1_999_999_999_999);
    bench.record(10);
    await delivered(bench);
    await says(false, 2_000_000_000_000);
    await until("the host is missed", () => bench.status.outage !== undefined);
    bench.record(10);
    await says(true, 1_000_000_000_000);
    await delivered(bench);
    expect(bench.status).toMatchObject({ delivered: 30, lost: 0 });
  });

  test("another host's coming and going is nothing to it", async () => {
    const { url } = await mosquitto();
    const bench = await edge(url, WAITING);
    const other = await host(url, { hostId: "other" });
    bench.record(10);
    await until("the host is missed", () => bench.status.outage !== undefined);
    expect(other.count("births")).toBe(0);
    const plant = await host(url);
    await plant.hears(numbers(0, 10));
    await other.stop();
    bench.record(10);
    await plant.hears(numbers(0, 20));
    await delivered(bench);
    expect(plant.count("deaths")).toBe(0);
  });

  test("births on request, once for a crowd of requests; other commands and nonsense are left and counted", async () => {
    const { url } = await mosquitto();
    const plant = await host(url);
    const bench = await edge(url);
    bench.record(50);
    await plant.hears(numbers(0, 50));
    await until("the births are heard", () => plant.count("births") === 51);
    const { births, rebirths } = bench.status.edge!;
    await command(
      url,
      Buffer.from([0x12, 0xff, 0x01]),
      Buffer.alloc(0),
      writePayload({ metrics: [{ name: "Relay", value: true }] }),
    );
    await until("they are counted", () => bench.status.edge!.refusedCommands === 3);
    await command(url, ...Array.from({ length: 40 }, () => birthRequest(0)));
    await until("the births are heard again", () => plant.count("births") >= 102);
    await until("all requests are counted", () => bench.status.edge!.rebirths === rebirths + 40);
    // One at once, and one for those that came after it.
    expect((bench.status.edge!.births - births) / 51).toBeLessThanOrEqual(2);
    bench.record(50);
    await plant.hears(numbers(0, 100));
    expect(plant.count("gaps")).toBe(0);
    expect(plant.count("deaths")).toBe(0);
  });

  test("a request that the broker has kept is of nobody knows when: it brings no births, however often it comes", async () => {
    const { url } = await mosquitto();
    const client = await connectAsync(url);
    await client.publishAsync(COMMANDS, Buffer.from(birthRequest(0)), { qos: 1, retain: true });
    await client.endAsync();
    const bench = await edge(url);
    for (let i = 0; i < 5; i++) {
      bench.record(50);
      await delivered(bench);
    }
    await until("it is counted", () => bench.status.edge!.refusedCommands > 1);
    expect(bench.status.edge).toMatchObject({ births: 51, rebirths: 0 });
  });

  test("a host that comes late asks, and has the present values", async () => {
    const { url } = await mosquitto();
    const bench = await edge(url);
    bench.record(500);
    await delivered(bench);
    const plant = await host(url);
    await plant.hears(numbers(450, 500));
    expect(plant.heard).toEqual(numbers(450, 500));
  });

  test("a long backlog of channels that are no longer what they were is passed over, and holds up no other sink", async () => {
    const { url } = await mosquitto();
    const bench = await edge(url);
    await until("it is born", () => bench.status.edge!.births > 50);
    bench.source.quantityOf = () => "water_depth";
    bench.record(100_000);
    let turns = 0;
    for (; !bench.idle; turns++) await turn();
    expect(bench.status.edge!.unmapped).toBe(100_000);
    // So many batches there were.
    expect(turns).toBeGreaterThan(500);
  });

  test("records that the journal let go first are lost to it, and counted", async () => {
    const broker = await mosquitto();
    await broker.stop();
    const bench = await edge(broker.url);
    bench.record(100);
    bench.delivery.trimmed(0, 40, 40);
    await broker.start();
    const plant = await host(broker.url);
    await plant.hears(numbers(40, 100));
    await delivered(bench);
    expect(bench.status).toMatchObject({ lost: 40, delivered: 60 });
  });
});
