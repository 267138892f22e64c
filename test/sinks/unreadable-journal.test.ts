import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { HostError } from "../../model/error.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { until } from "../support/until.ts";
import { DeliveryBench } from "./delivery-bench.ts";
import { edgeOptions } from "./edge-bench.ts";
import { MisbehavingServer } from "./misbehaving-server.ts";

/** Commits while the journal cannot be read; each wakes the delivery. */
const COMMITS = 50;

/** A sink whose journal cannot be read tells so, and again after a pause, whatever is recorded meanwhile. */
async function pauses(options: Record<string, unknown>): Promise<void> {
  await using bench = await DeliveryBench.start({ start: "from-oldest", ...options });
  bench.source.failure = new HostError("JOURNAL_DAMAGED", "the disk gives an error");
  bench.record(1);
  const said = () => bench.log.lines.filter(({ message }) => message.startsWith("delivery pauses"));
  await until("it is told", () => said().length > 0);
  for (let i = 0; i < COMMITS; i++) {
    bench.record(1);
    await turn();
  }
  // Once a lane.
  expect(said().length).toBeLessThanOrEqual(2);
  expect(bench.status).toMatchObject({ delivered: 0, lost: 0, pending: COMMITS + 1 });
}

test("InfluxDB: a journal that cannot be read is told once in a while, and nothing of it is given up", async () => {
  await using server = await MisbehavingServer.start();
  await pauses({ type: "influxdb1", url: server.url, database: "tocsin", linger: "0s" });
});

test.skipIf(missing("mosquitto"))("an edge node: the same", async () => {
  await using mosquitto = await startMosquitto();
  await pauses(edgeOptions(mosquitto.url));
});
