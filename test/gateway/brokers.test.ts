import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { subscribe } from "../servers/mosquitto-clients.ts";
import { runChild } from "../support/child.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");
const BACKOFF = "backoff: { first: 50ms, greatest: 200ms }";

describe.skipIf(missing("mosquitto", "mosquitto_sub"))("beside an external broker", () => {
  test("that is restarted under load, while the gateway is killed, every acknowledged reading is kept", {
    timeout: 90_000,
  }, async () => {
    await using mosquitto = await startMosquitto({
      persistence: true,
      lines: ["max_queued_messages 100000"],
    });
    using folder = temporaryFolder("brokers");
    mkdirSync(folder.join("profiles"));
    writeFileSync(folder.join("profiles/swinging.yaml"), SWINGING_PROFILE);
    writeFileSync(
      folder.join("site.yaml"),
      `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { listen: "127.0.0.1:0" }
links: { broker: { type: mqtt-client, url: "${mosquitto.url}", ${BACKOFF} } }
points: { weir: { name: 堰, domain: water } }
devices:
  wl-1: { profile: swinging, link: broker, point: weir }
  wl-2: { profile: swinging, link: broker, point: weir }
rules:
  high: { name: 高水位, applies: { channel: wl-1.level }, above: { blue: 5 }, basis: site, guidance: 巡查 }
`,
    );
    const start = () => startGateway(folder.join("site.yaml"));
    /** What is on disk, read beside the running gateway. */
    const recorded = async () => {
      const { code, stdout } = await runChild(
        process.execPath,
        [LAUNCHER, "export", folder.join("site.yaml"), "--channel", "wl-1.number"],
        { withinMs: 20_000 },
      );
      expect(code).toBe(0);
      return stdout.slice(1).map((line) => Number(line.split(",")[2]));
    };

    let gateway = await start();
    await using probe = new Swinging(`127.0.0.1:${mosquitto.port}`, "wl-2");
    await until("the gateway has subscribed", async () => {
      await probe.publish(1);
      const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
      return /^tocsin_readings_entered\S* [1-9]/m.test(metrics);
    });
    await using instrument = new Swinging(`127.0.0.1:${mosquitto.port}`, "wl-1");
    await instrument.publish(200);
    await until("the first readings are recorded", async () => (await recorded()).length === 200, {
      withinMs: 20_000,
      everyMs: 100,
    });

    instrument.go(1_500);
    await until("it is under way", () => instrument.acknowledged.size > 500);
    await mosquitto.restart();
    await until("it goes on", () => instrument.acknowledged.size > 900, { withinMs: 20_000 });
    await gateway.kill();
    await instrument.settled();
    gateway = await start();
    const total = 1_700;
    const numbers = await until(
      `${total} readings are recorded`,
      async () => {
        const found = await recorded();
        return new Set(found).size >= total && found;
      },
      { withinMs: 30_000, everyMs: 200, detail: () => gateway.child.tail() },
    );
    expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, n) => n));
    expect(await gateway.stop()).toBe(0);
  });

  test("that takes the alerts and is away, over a restart of the gateway too: all of them come, in order", {
    timeout: 60_000,
  }, async () => {
    await using mosquitto = await startMosquitto({ persistence: true });
    await using stand = await Stand.start(`
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { home: { name: 三楼301室, domain: fire } }
devices: { sa-1: { profile: json-smoke-alarm, link: broker, point: home } }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
uplinks: { county: { url: "${mosquitto.url}", prefix: county, ${BACKOFF} } }
`);
    await using county = await subscribe(
      { host: mosquitto.host, port: mosquitto.port, id: "county-desk" },
      ["county/bench/event/#"],
      { keepSession: true },
    );
    const came = () =>
      county.messages.map(({ payload }) => JSON.parse(payload.toString()) as { seq: number });
    const swing = async (times: number) => {
      for (let i = 0; i < times; i++) {
        await stand.staff.publish("devices/sa-1/state", { smoke: true });
        await stand.staff.publish("devices/sa-1/state", { smoke: false });
      }
    };
    await swing(1);
    await until("the first events come", () => came().length >= 2);
    await mosquitto.stop();
    await swing(10);
    // The alerts here waited for nothing.
    await until("they are told on the spot", () => stand.staff.events.length >= 22);
    await stand.stop();
    await stand.start();
    await swing(5);
    await mosquitto.start();

    const last = stand.gateway.engine.nextSeq - 1;
    await until(`the event ${last} comes`, () => came().some(({ seq }) => seq === last), {
      withinMs: 30_000,
    });
    const first = new Map<number, number>();
    came().forEach(({ seq }, i) => {
      if (!first.has(seq)) first.set(seq, i);
    });
    const order = [...first.keys()];
    expect(order).toEqual(Array.from({ length: last }, (_, i) => i + 1));
  });
});
