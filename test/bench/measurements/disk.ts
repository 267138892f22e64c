import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startChild } from "../../support/child.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { leftOut, type Measurement, type Row, verdict } from "../measurement.ts";
import { Metrics } from "../metrics.ts";
import { usageOf } from "../process-usage.ts";
import { writeModbusSite } from "../site.ts";
import { round3 } from "../table.ts";

const WHAT = "bytes written to disk a reading at 1,000 polled readings/s";
const GOAL_TEXT = "≤ 150";
const GOAL = 150;

const DEVICES = 10;
const CHANNELS = 100;
const SETTLE_MS = 4_000;
const SECONDS = 15;

/**
 * What the kernel counts as written for the whole process. Twice at the same time: as it is set up by itself, and with segments
 * so small that several are rewritten for history meanwhile, which happens rarely otherwise.
 */
export const disk: Measurement = {
  id: "disk",
  run: async (progress) => {
    progress(`${SECONDS} s of polling`);
    const [usual, sealing] = await Promise.all([
      written({}),
      written({ journal: "{ segment: { size: 256KiB } }" }),
    ]);
    // A folder in memory costs no disk, and says nothing about one.
    if (usual === 0) return [leftOut(WHAT, GOAL_TEXT, "the temporary folder is in memory")];
    return [
      row(WHAT, usual, verdict(usual <= GOAL)),
      row(`${WHAT}, 256 KiB segments rewritten meanwhile`, sealing, "for comparison"),
    ];
  },
};

function row(what: string, bytes: number, outcome: Row["verdict"]): Row {
  return {
    what,
    goal: outcome === "for comparison" ? "" : GOAL_TEXT,
    measured: round3(bytes),
    verdict: outcome,
    figures: { bytes_a_reading: bytes },
  };
}

async function written(options: { journal?: string }): Promise<number> {
  await using plant = startChild(process.execPath, [join(import.meta.dirname, "../load/plant.ts"), "1"]);
  const [, port] = await plant.waitForLine(/^listening (\d+)$/);
  using folder = temporaryFolder("bench");
  const site = writeModbusSite(folder, {
    ports: [Number(port)],
    devices: DEVICES,
    channels: CHANNELS,
    ...options,
  });
  await using gateway = await startGateway(site);
  const http = gateway.http!;
  const pid = gateway.child.process.pid!;
  await until("readings arrive", async () => (await Metrics.of(http)).get("readings_entered") > 0);
  await pause(SETTLE_MS);
  const before = { readings: (await Metrics.of(http)).get("readings_entered"), bytes: usageOf(pid).written };
  await pause(SECONDS * 1_000);
  const readings = (await Metrics.of(http)).get("readings_entered") - before.readings;
  return (usageOf(pid).written - before.bytes) / readings;
}
