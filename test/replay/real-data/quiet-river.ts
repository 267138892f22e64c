import { DAY } from "../../../model/time.ts";
import { datasetPath } from "../../servers/datasets.ts";
import { configurationOf, idOf, playTable } from "./recorded-site.ts";
import { rowsOf } from "./rows.ts";

/*
 * The river Calder in four weeks without a flood: whatever a rule raises there is a false alarm.
 */

export const QUIET = "ea-calder-2025-quiet";

/** False alarms of a rate of rise over one hour, in m/h, and the days of gauges that were heard. */
export function quietRiver(limit: number): { alarms: number; sensorDays: number } {
  const rows = rowsOf(QUIET, "levels_15min.csv");
  const [timeColumn, stationColumn, levelColumn] = Object.keys(rows[0] ?? {});
  const stations = [...new Set(rows.map((row) => row[stationColumn!]!))];
  const configuration = configurationOf({
    domain: "water",
    devices: Object.fromEntries(
      stations.map((station) => [
        idOf(station),
        { level: { quantity: "water_level", period: "15m", stale: "45m" } },
      ]),
    ),
    rules: {
      rise: {
        applies: { quantity: "water_level" },
        rate: { window: "1h", per: "hour", above: { yellow: limit } },
        deadband: limit / 4,
      },
    },
  });
  const { outcome } = playTable(configuration, datasetPath(QUIET, "levels_15min.csv"), {
    time: { column: timeColumn! },
    order: "by-time",
    long: {
      channel: stationColumn!,
      value: levelColumn!,
      channels: Object.fromEntries(stations.map((station) => [station, `${idOf(station)}.level`])),
    },
  });
  return {
    alarms: outcome.episodes.filter(({ rule }) => rule === "rise").length,
    sensorDays: (stations.length * (outcome.to - outcome.from)) / DAY,
  };
}
