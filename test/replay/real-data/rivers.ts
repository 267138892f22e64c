import { rank, SEVERITIES, type Severity } from "../../../model/severity.ts";
import { HOUR, MILLISECOND, type Micros } from "../../../model/time.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import { datasetPath } from "../../servers/datasets.ts";
import { configurationOf, idOf, playTable } from "./recorded-site.ts";
import { markdown, median, rowsOf } from "./rows.ts";

/*
 * Sri Lanka, November 2025: 39 rivers with the official stages alert, minor and major flood.
 */

export const RIVERS = "lk-rivers-nov2025";
export const STAGES = { yellow: "alert_m", orange: "minor_flood_m", red: "major_flood_m" } as const;

/** What a station went through. */
export interface River {
  readonly station: string;
  /** When it first stood at each stage, or above it. */
  readonly first: Partial<Record<Severity, Micros>>;
  /** When the alarm began that became a major flood. */
  readonly began: Micros | undefined;
  readonly downgrades: number;
  readonly raises: number;
}

/** The flood through a rule of stages with explicit de-escalation. */
export function rivers(more: Readonly<Record<string, unknown>> = {}): {
  rivers: River[];
  events: AlarmEvent[];
} {
  const stations = rowsOf(RIVERS, "thresholds.csv").filter((row) => Number(row.alert_m) > 0);
  const configuration = configurationOf({
    domain: "water",
    devices: Object.fromEntries(
      rowsOf(RIVERS, "thresholds.csv").map(({ station }) => [
        idOf(station!),
        { level: { quantity: "water_level", period: "1h", stale: "6h" } },
      ]),
    ),
    rules: Object.fromEntries(
      stations.map((row) => [
        `stage-${idOf(row.station!)}`,
        {
          applies: { device: idOf(row.station!) },
          above: Object.fromEntries(
            Object.entries(STAGES).flatMap(([severity, column]) =>
              Number(row[column]) > 0 ? [[severity, Number(row[column])]] : [],
            ),
          ),
          deadband: 0.1,
          offDelay: "2h",
          ...more,
        },
      ]),
    ),
  });
  const { events } = playTable(configuration, datasetPath(RIVERS, "levels.csv"), {
    time: { column: "time_utc" },
    long: {
      channel: "station",
      value: "water_level_m",
      channels: Object.fromEntries(
        rowsOf(RIVERS, "thresholds.csv").map(({ station }) => [station!, `${idOf(station!)}.level`]),
      ),
    },
  });
  return { rivers: stations.map(({ station }) => riverOf(station!, events)), events };
}

function riverOf(station: string, events: readonly AlarmEvent[]): River {
  const own = events.filter(({ rule }) => rule === `stage-${idOf(station)}`);
  const first: Partial<Record<Severity, Micros>> = {};
  for (const { transition, severity, time } of own) {
    if (!["raise", "again", "upgrade"].includes(transition)) continue;
    for (const stage of SEVERITIES) if (rank(severity) >= rank(stage)) first[stage] ??= time;
  }
  const begin = own.findLast(
    ({ transition, time }) => ["raise", "again"].includes(transition) && time <= (first.red ?? 0),
  );
  const count = (...kinds: string[]) => own.filter(({ transition }) => kinds.includes(transition)).length;
  return {
    station,
    first,
    began: begin?.time,
    downgrades: count("downgrade"),
    raises: count("raise", "again"),
  };
}

/** Stations that reach the major flood level, with the time between. */
export function riversTable(all: readonly River[]): string {
  const rows = all
    .filter(({ first }) => first.red !== undefined)
    .map(({ station, first, began, downgrades, raises }) => [
      station,
      utc(first.yellow),
      utc(first.orange),
      utc(first.red),
      hours(first.red! - first.yellow!),
      hours(first.red! - began!),
      raises,
      downgrades,
    ]);
  return markdown(
    [
      "station",
      "alert",
      "minor flood",
      "major flood",
      "from the first alert, h",
      "within the same alarm, h",
      "alarms",
      "steps down",
    ],
    rows,
  );
}

/** Hours between alert and major flood, within the alarm that became one, over the rivers that reach it. */
export function gained(all: readonly River[]): {
  count: number;
  median: number;
  least: number;
  under3: number;
} {
  const spans = all.flatMap(({ first, began }) =>
    first.red === undefined || began === undefined ? [] : [(first.red - began) / HOUR],
  );
  return {
    count: spans.length,
    median: median(spans),
    least: Math.min(...spans),
    under3: spans.filter((span) => span <= 3).length,
  };
}

/** What was gained, in a sentence. */
export function gainedText(all: readonly River[]): string {
  const { count, median: middle, least, under3 } = gained(all);
  return `${count} of ${all.length} rivers with limits reach the major flood level. Within the alarm that became one, the alert came ${middle.toFixed(1)} h before it in the median, ${least.toFixed(1)} h at least; at ${under3} of them no more than 3 h.`;
}

function hours(span: Micros): string {
  return (span / HOUR).toFixed(1);
}

function utc(time: Micros | undefined): string {
  return time === undefined ? "–" : new Date(time / MILLISECOND).toISOString().slice(5, 16).replace("T", " ");
}
