import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { EdgeHost } from "../sinks/edge-bench.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { SWINGING_PROFILE, Swinging } from "./swinging.ts";

const MESSAGES = 1_500;
/** It is killed when so many are acknowledged. */
const BEFORE_KILL = 700;

const site = (url: string, port: number) => `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:${port}" } }
points: { weir: { name: 堰, domain: water } }
devices: { wl-1: { profile: swinging, link: broker, point: weir } }
sinks: { scada: { type: sparkplug, url: "${url}", group: county, primaryHost: scada, overlap: 5s } }
`;

describe.skipIf(missing("mosquitto"))("a gateway that is an edge node and is killed under load", () => {
  test("tells its host every acknowledged reading, what it had not told as historical", {
    timeout: 60_000,
  }, async () => {
    await using mosquitto = await startMosquitto();
    await using host = await EdgeHost.start(mosquitto.url, {
      node: "bench",
      devices: ["wl-1"],
      metric: "number",
    });
    using folder = temporaryFolder("edge-node");
    const port = await freePort();
    mkdirSync(folder.join("profiles"));
    writeFileSync(folder.join("profiles/swinging.yaml"), SWINGING_PROFILE);
    writeFileSync(folder.join("site.yaml"), site(mosquitto.url, port));
    const start = () => startGateway(folder.join("site.yaml"));

    let gateway = await start();
    await using instrument = new Swinging(`127.0.0.1:${port}`, "wl-1");
    instrument.go(MESSAGES);
    await until("it is under load", () => instrument.acknowledged.size >= BEFORE_KILL, {
      withinMs: 30_000,
      detail: () => gateway.child.tail(),
    });
    await gateway.kill();
    gateway = await start();
    await instrument.settled(() => gateway.child.tail());
    await host.hears(Array.from({ length: MESSAGES }, (_, n) => n));
    expect(host.count("deaths")).toBeGreaterThanOrEqual(1);
    expect(host.count("historical")).toBeGreaterThan(0);
    expect(await gateway.stop()).toBe(0);
  });
});
