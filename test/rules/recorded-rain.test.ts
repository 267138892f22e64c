import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../model/time.ts";
import { datasetPath, missingDataset } from "../servers/datasets.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

function rows(dataset: string, file: string): string[][] {
  const lines = readFileSync(datasetPath(dataset, file), "utf8").trim().split(/\r?\n/);
  return lines.slice(1).map((line) => line.split(","));
}

const CALDER = "ea-calder-2025-quiet";

test.skipIf(missingDataset(CALDER))(
  "a quiet month at the Calder: no rain signal of the national table",
  () => {
    const readings = rows(CALDER, "rain_15min.csv").map(([time, station, mm]) => ({
      time: Date.parse(time!) * 1_000,
      station: station!.toLowerCase().replace(/[^a-z0-9]+/g, "-"),
      mm: Number(mm),
    }));
    readings.sort((a, b) => a.time - b.time);
    const stations = [...new Set(readings.map(({ station }) => station))];
    const site = siteOf({
      points: [{ id: "calder", domain: "water" }],
      devices: stations.map((id) => ({
        id,
        channels: [{ id: "rain", quantity: "rain_increment", period: 15 * MINUTE, stale: 45 * MINUTE }],
      })),
    });
    const run = new EngineRun(site, {
      rain: {
        applies: { quantity: "rain_increment" },
        basis: "中国气象局暴雨预警信号",
        accumulation: {
          windows: [
            { window: "12h", above: { blue: 50 } },
            { window: "6h", above: { yellow: 50 } },
            { window: "3h", above: { orange: 50, red: 100 } },
          ],
        },
      },
    });
    for (const { time, station, mm } of readings) run.at((time - START) / SECOND).read(`${station}.rain`, mm);
    expect(readings.length).toBeGreaterThan(10_000);
    expect(run.events.filter(({ rule }) => rule === "rain")).toEqual([]);
  },
);
