import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startChild } from "../../support/child.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import type { Measurement, Row } from "../measurement.ts";
import { verdict } from "../measurement.ts";
import { Metrics } from "../metrics.ts";
import { peakOf, usageOf } from "../process-usage.ts";
import { writeModbusSite } from "../site.ts";
import { mebibytes, percent, round3 } from "../table.ts";

/** design: resident bytes and share of one core for 10,000 channels. */
const GOAL_BYTES = 200 * 2 ** 20;
const GOAL_SHARE = 0.25;

/** One request reads a device: as many registers as a request may ask for would be 125. */
const CHANNELS = 100;
const DEVICES_A_PORT = 25;
/** A site of 100,000 channels is compiled, and its first cycle reads all of it at once. */
const READY_MS = 60_000;
const SETTLE_MS = 3_000;
const SECONDS = 10;

/** Modbus TCP devices that are read every second, 10,000 channels and 100,000. */
export const modbus: Measurement = {
  id: "modbus",
  run: async (progress) => {
    const rows: Row[] = [];
    for (const channels of [10_000, 100_000]) {
      progress(`${channels} channels every second`);
      rows.push(await poll(channels));
    }
    return rows;
  },
};

async function poll(channels: number): Promise<Row> {
  const count = channels / CHANNELS / DEVICES_A_PORT;
  await using plant = startChild(process.execPath, [
    join(import.meta.dirname, "../load/plant.ts"),
    String(count),
  ]);
  const [, listening] = await plant.waitForLine(/^listening (.*)$/);
  using folder = temporaryFolder("bench");
  const site = writeModbusSite(folder, {
    ports: listening!.split(" ").map(Number),
    devices: DEVICES_A_PORT,
    channels: CHANNELS,
  });
  const began = performance.now();
  await using gateway = await startGateway(site, { withinMs: READY_MS });
  const ready = (performance.now() - began) / 1_000;
  const http = gateway.http!;
  const pid = gateway.child.process.pid!;
  await until(
    "every channel has been read",
    async () => (await Metrics.of(http)).get("readings_entered") >= channels,
    { withinMs: READY_MS, everyMs: 100, detail: () => gateway.child.tail() },
  );
  await pause(SETTLE_MS);

  const before = { metrics: await Metrics.of(http), usage: usageOf(pid), at: performance.now() };
  await pause(SECONDS * 1_000);
  const after = { metrics: await Metrics.of(http), usage: usageOf(pid), at: performance.now() };
  const seconds = (after.at - before.at) / 1_000;
  const since = (name: string) => after.metrics.get(name) - before.metrics.get(name);
  const missed = since("modbus_missed_cycles");
  const failed = since("modbus_failures");
  const readings = since("readings_entered");
  const share = (after.usage.cpu - before.usage.cpu) / seconds;
  const peak = peakOf(pid);
  const few = channels === 10_000;
  return {
    what: `Modbus TCP, ${channels.toLocaleString("en")} channels every 1 s`,
    goal: few ? "no cycle missed, ≤ 200 MB, ≤ 25 % of a core" : "(wanted: ≤ 500 MB)",
    measured:
      `${missed} cycles missed, ${failed} failures, ${round3(readings / seconds)} readings/s, ` +
      `${mebibytes(after.usage.resident)} (peak ${mebibytes(peak)}), ${percent(share)} of a core, ready after ${round3(ready)} s`,
    verdict: few
      ? verdict(missed === 0 && failed === 0 && after.usage.resident <= GOAL_BYTES && share <= GOAL_SHARE)
      : "for comparison",
    figures: {
      channels,
      missed_cycles: missed,
      failures: failed,
      readings_per_second: readings / seconds,
      resident_bytes: after.usage.resident,
      peak_resident_bytes: peak,
      cpu_share_of_a_core: share,
      ready_seconds: ready,
    },
  };
}
