import { HOUR, MILLISECOND, type Micros } from "../../../model/time.ts";
import { datasetPath } from "../../servers/datasets.ts";
import { configurationOf, playTable } from "./recorded-site.ts";
import { rowsOf } from "./rows.ts";

/*
 * Mukilteo, Washington: hourly rain of 17 months, the published 3-day/15-day threshold, and eleven days with landslides.
 */

export const RAIN = "usgs-mukilteo-rain-2010-2011";

/** Days, as `2011-03-28`; local times are taken as UTC: only their distances and dates matter. */
export interface RainResult {
  /** Days on which the rule stood at any time. */
  readonly active: ReadonlySet<string>;
  readonly slides: readonly string[];
  /** Days beyond the threshold when windows are numbers of records, as the published figure counts them. */
  readonly counted: ReadonlySet<string>;
}

/** The threshold at Paine Field: P3 > 3.5 − 0.67 × P15 inches, P15 being the 15 days before the 3 (thresh_in.txt). */
export function rain(): RainResult {
  const configuration = configurationOf({
    domain: "geohazard",
    devices: { kpae: { rain: { quantity: "rain_increment", period: "1h", stale: "3h" } } },
    rules: {
      slide: {
        applies: { channel: "kpae.rain" },
        unit: "in(rain)",
        basis: "USGS OFR 2006-1064: P3 = 3.5 − 0.67 P15",
        accumulation: {
          windows: [
            {
              window: "3d",
              before: { window: "15d", share: 0.67 },
              above: { orange: { limit: 3.5, strict: true } },
            },
          ],
        },
      },
    },
  });
  const { outcome } = playTable(configuration, datasetPath(RAIN, "rain_hourly.csv"), {
    time: { column: "time_local", zone: "UTC" },
    // 27 hours have no value: the gauge gave nothing.
    missing: [""],
    channels: { KPAE_in: { channel: "kpae.rain", unit: "in(rain)" } },
  });
  const active = new Set<string>();
  for (const { rule, raised, ended } of outcome.episodes) {
    if (rule !== "slide") continue;
    // A day counts when the alarm stood at the reading of any of its hours.
    for (let at = raised; at < (ended ?? outcome.to + 1); at += HOUR) active.add(day(at));
  }
  return {
    active,
    slides: rowsOf(RAIN, "landslide_dates.csv").map(({ date }) => date!),
    counted: daysByRecords(),
  };
}

function daysByRecords(): Set<string> {
  const hours = rowsOf(RAIN, "rain_hourly.csv").map(({ time_local, KPAE_in }) => ({
    time: Date.parse(`${time_local}:00Z`) * MILLISECOND,
    inches: Number(KPAE_in),
  }));
  const days = new Set<string>();
  const sum = (from: number, to: number) =>
    hours.slice(Math.max(0, from), Math.max(0, to)).reduce((total, { inches }) => total + inches, 0);
  for (const [i, { time }] of hours.entries()) {
    const recent = sum(i - 71, i + 1);
    const before = sum(i - 71 - 360, i - 71);
    if (recent + 0.67 * before > 3.5 + 1e-9) days.add(day(time));
  }
  return days;
}

function day(time: Micros): string {
  return new Date(time / MILLISECOND).toISOString().slice(0, 10);
}

/** The result in a sentence. */
export function rainText({ active, slides, counted }: RainResult): string {
  const hit = slides.filter((date) => active.has(date));
  const only = [...counted].filter((date) => !active.has(date));
  return `The rule stands on ${active.size} days, ${hit.length} of the ${slides.length} days with landslides among them (${hit.join(", ")}). Counting 72 and 360 records instead of time gives ${counted.size} days, the published figure; the difference is ${only.join(", ")}.`;
}
