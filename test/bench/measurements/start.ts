import { join } from "node:path";
import { startChild } from "../../support/child.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { type Measurement, type Progress, verdict } from "../measurement.ts";
import { Metrics } from "../metrics.ts";
import { Samples } from "../samples.ts";
import { writeModbusSite } from "../site.ts";
import { round3 } from "../table.ts";

const GOAL_SECONDS = 2;
const WARM_STARTS = 5;

/** From the start of the process to the first reading in the intake, the first time on a machine and later ones. */
export const start: Measurement = {
  id: "start",
  run: async (progress: Progress) => {
    await using plant = startChild(process.execPath, [join(import.meta.dirname, "../load/plant.ts"), "1"]);
    const [, port] = await plant.waitForLine(/^listening (\d+)$/);
    using folder = temporaryFolder("bench");
    const site = writeModbusSite(folder, { ports: [Number(port)], devices: 10, channels: 10 });
    // An empty compile cache is what the first start after an installation finds.
    const environment = { NODE_COMPILE_CACHE: folder.join("compile-cache") };
    progress("first start");
    const cold = await startOnce(site, environment);
    progress("later starts");
    const warm = [];
    for (let n = 0; n < WARM_STARTS; n++) warm.push(await startOnce(site, environment));
    const reading = new Samples(warm.map(({ reading }) => reading)).median;
    const ready = new Samples(warm.map(({ ready }) => ready)).median;
    return [
      {
        what: "start to first reading",
        goal: "≤ 2 s",
        measured:
          `${round3(reading)} s (ready after ${round3(ready)} s); ` +
          `the very first time ${round3(cold.reading)} s`,
        verdict: verdict(reading <= GOAL_SECONDS && cold.reading <= GOAL_SECONDS),
        figures: {
          first_reading_seconds: reading,
          ready_seconds: ready,
          cold_first_reading_seconds: cold.reading,
          cold_ready_seconds: cold.ready,
        },
      },
    ];
  },
};

async function startOnce(
  site: string,
  environment: Record<string, string>,
): Promise<{ ready: number; reading: number }> {
  const began = performance.now();
  await using gateway = await startGateway(site, { environment });
  const ready = (performance.now() - began) / 1_000;
  await until(
    "the first reading",
    async () => (await Metrics.of(gateway.http!)).get("readings_entered") > 0,
    { everyMs: 2 },
  );
  const reading = (performance.now() - began) / 1_000;
  return { ready, reading };
}
