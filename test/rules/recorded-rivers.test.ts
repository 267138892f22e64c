import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { rank, SEVERITIES, type Severity } from "../../model/severity.ts";
import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { datasetPath, missingDataset } from "../servers/datasets.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { resultsOf, slope } from "./window-oracle.ts";

/** Rows of a CSV without quotes, by column. */
function csv(dataset: string, file: string): Record<string, string>[] {
  const [head = "", ...lines] = readFileSync(datasetPath(dataset, file), "utf8").trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

function instant(text: string): Micros {
  return Date.parse(text) * 1_000;
}

function utc(time: Micros): string {
  return new Date(time / 1_000).toISOString().replace(".000", "");
}

function deviceId(station: string): string {
  return station
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-+$/, "");
}

interface Sample {
  station: string;
  time: Micros;
  level: number;
}

/** One gauge a station, as an RTU that reports `period` apart. */
function gauges(stations: readonly string[], stale: Micros) {
  return siteOf({
    points: [{ id: "river", domain: "water" }],
    devices: stations.map((station) => ({
      id: deviceId(station),
      channels: [{ id: "level", quantity: "water_level" as const, stale }],
    })),
  });
}

function play(run: EngineRun, samples: readonly Sample[]): void {
  for (const { station, time, level } of samples) {
    run.at((time - START) / 1_000_000).read(`${deviceId(station)}.level`, level);
  }
}

/** When a station first stood at each severity or above it. */
function firstCrossings(events: readonly AlarmEvent[], station: string): Partial<Record<Severity, string>> {
  const first: Partial<Record<Severity, string>> = {};
  for (const event of events) {
    if (event.rule !== deviceId(station) || event.transition === "return") continue;
    for (const severity of SEVERITIES) {
      if (rank(event.severity) >= rank(severity)) first[severity] ??= utc(event.time);
    }
  }
  return first;
}

describe.skipIf(missingDataset("lk-rivers-nov2025"))(
  "a national flood: 39 Sri Lankan rivers, November 2025",
  () => {
    const dataset = "lk-rivers-nov2025";
    const samples = () =>
      csv(dataset, "levels.csv").map(
        (row): Sample => ({
          station: row.station!,
          time: instant(row.time_utc!),
          level: Number(row.water_level_m),
        }),
      );
    const official = () =>
      csv(dataset, "thresholds.csv").map((row) => ({
        station: row.station!,
        // 0 stands for "not set"; a station without any limit gets no rule.
        limits: (
          [
            ["yellow", Number(row.alert_m)],
            ["orange", Number(row.minor_flood_m)],
            ["red", Number(row.major_flood_m)],
          ] as const
        ).filter(([, limit]) => limit > 0),
      }));
    const published = () =>
      csv(dataset, "first_crossings.csv").map((row) => ({
        station: row.station!,
        yellow: row.first_alert_utc!,
        orange: row.first_minor_utc!,
        red: row.first_major_utc!,
      }));

    function run(more: object): EngineRun {
      const stations = official();
      const rules = Object.fromEntries(
        stations
          .filter(({ limits }) => limits.length > 0)
          .map(({ station, limits }) => [
            deviceId(station),
            { applies: { device: deviceId(station) }, above: Object.fromEntries(limits), ...more },
          ]),
      );
      const flood = new EngineRun(
        gauges(
          stations.map(({ station }) => station),
          6 * HOUR,
        ),
        rules,
      );
      play(flood, samples());
      return flood;
    }

    test("with an on-delay of 30 minutes every first crossing is 30 minutes later, but for one that fell below between", () => {
      const { events } = run({ deadband: 0.1, onDelay: "30m" });
      const differences: string[] = [];
      for (const { station, ...table } of published()) {
        const found = firstCrossings(events, station);
        for (const severity of ["yellow", "orange", "red"] as const) {
          const expected = table[severity] === "" ? "" : utc(instant(table[severity]) + 30 * MINUTE);
          if ((found[severity] ?? "") !== expected)
            differences.push(`${station} ${severity}: ${found[severity] ?? "never"}`);
        }
      }
      // Thanamalwila: 5.60 m at 04:31, 5.42 m at 04:56, so the delay starts again with the 5.58 m of 05:32.
      expect(differences).toEqual(["Thanamalwila red: 2025-11-27T06:02:43Z"]);
    });

    test("the three one-sample drop-outs end alarms without an off-delay, and not with one", () => {
      const dropOuts = [
        // 4.89 m around it, over the minor flood level of 4.4 m.
        { station: "Dunamale", at: "2025-11-30T18:32:11Z" },
        // 7.5 m around it, over the minor flood level of 6.5 m.
        { station: "Kalawellawa (Millakanda)", at: "2025-11-30T20:36:40Z" },
        // 4.3 m around it: below the alert level of 5 m already, so no alarm was active.
        { station: "Panadugama", at: "2025-11-29T19:35:39Z" },
      ];
      const at = (events: readonly AlarmEvent[]) =>
        dropOuts.map(({ station, at }) =>
          events
            .filter((event) => event.rule === deviceId(station) && utc(event.time) === at)
            .map((event) => `${event.transition} ${event.severity}`)
            .join(),
        );
      expect(at(run({ deadband: 0.1 }).events)).toEqual(["return orange", "return orange", ""]);
      expect(at(run({ deadband: 0.1, offDelay: "2h" }).events)).toEqual(["", "", ""]);
    });

    /** Hourly at best: three readings within three hours, of which readings stand for at least half. */
    const rate = { window: "3h", per: "hour", maxGap: "2h", minCoverage: 0.5, above: { yellow: 0.5 } };

    function rises(more: object): readonly AlarmEvent[] {
      const names = official().map(({ station }) => station);
      const run = new EngineRun(gauges(names, 6 * HOUR), {
        rise: { applies: { quantity: "water_level" }, rate: { ...rate, ...more } },
      });
      play(run, samples());
      return run.events.filter(({ rule, transition }) => rule === "rise" && transition !== "return");
    }

    test("a rate of rise of half a metre an hour warns before the major flood level at 11 of the 20 rivers that reach it", () => {
      const first = new Map<string, Micros>();
      for (const { subject, time } of rises({})) if (!first.has(subject)) first.set(subject, time);
      // The same by looking at all readings of each river again.
      for (const [station, own] of Map.groupBy(samples(), ({ station: name }) => name)) {
        const history = own.map(({ time, level }) => ({
          at: (time - START) / 1_000_000,
          value: level,
          quality: "good" as const,
        }));
        const expected = resultsOf(history, ({ readings }) => slope(readings) * 3600, {
          span: 3 * 3600,
          maxGap: 2 * 3600,
          minCoverage: 0.5,
          minSamples: 3,
          scarce: "nothing",
        }).find(({ value }) => value >= 0.5);
        const found = first.get(`${deviceId(station)}.level`);
        expect(found, station).toBe(expected === undefined ? undefined : START + expected.at * 1_000_000);
      }
      // A river that rises slowly, or is not heard for hours, is not seen by its rate: stages stay necessary.
      const majors = published().filter(({ red }) => red !== "");
      const warned = majors.filter(({ station, red }) => {
        const at = first.get(`${deviceId(station)}.level`);
        return at !== undefined && at < instant(red);
      });
      expect([majors.length, warned.length]).toEqual([20, 11]);
    });

    test("19: the way back from a drop-out of one sample is no rise when a step of 1.5 m must be confirmed", () => {
      // 4.3 m, then 0 m for one sample.
      const from = instant("2025-11-29T19:35:39Z");
      const after = (events: readonly AlarmEvent[]) =>
        events.filter(
          ({ subject, time }) => subject === "panadugama.level" && time >= from && time <= from + 6 * HOUR,
        ).length;
      expect(after(rises({ method: "difference" }))).toBe(1);
      expect(after(rises({ method: "difference", largestStep: 1.5 }))).toBe(0);
    });

    test("every silence of more than six hours is told, and nothing else is", () => {
      const lost = run({}).events.filter(
        (event) => event.rule === "monitoring-lost" && event.transition !== "return",
      );
      const all = samples();
      const end = all.at(-1)!.time;
      const expected = [...Map.groupBy(all, ({ station }) => station)].flatMap(([station, own]) =>
        own.flatMap(({ time }, i) =>
          (own[i + 1]?.time ?? end) - time >= 6 * HOUR
            ? [`${utc(time + 6 * HOUR)} ${deviceId(station)}`]
            : [],
        ),
      );
      // Who is only heard hours after the record begins, or never (Ampara), counts from its beginning.
      const begin = all[0]!.time;
      expected.push(`${utc(begin + 6 * HOUR)} ampara`);
      for (const [station, own] of Map.groupBy(all, ({ station }) => station)) {
        if (own[0]!.time - begin >= 6 * HOUR) expected.push(`${utc(begin + 6 * HOUR)} ${deviceId(station)}`);
      }
      expect(lost.map(({ time, subject }) => `${utc(time)} ${subject}`).sort()).toEqual(expected.sort());
      expect(lost.length).toBeGreaterThan(20);
    });
  },
);

describe.skipIf(missingDataset("ea-calder-2025-quiet"))(
  "a quiet river: the Calder in August and September 2025",
  () => {
    const samples = csvSamples;

    function csvSamples(): Sample[] {
      return csv("ea-calder-2025-quiet", "levels_15min.csv")
        .map(
          (row): Sample => ({
            station: row.station!,
            time: instant(row.time_utc!),
            level: Number(row.level_m),
          }),
        )
        .sort((a, b) => a.time - b.time);
    }

    /**
     * There are no official stages in the record, so a site engineer's rule stands in: attention at a rise of `rise` over the base
     * flow, the median of the first week. The largest wave of the record (12 September, Hebden Bridge) rose 0.36 m and flooded
     * nothing.
     */
    function run(rise: number): EngineRun {
      const all = samples();
      const week = all[0]!.time + 7 * 24 * HOUR;
      const stations = [...Map.groupBy(all, ({ station }) => station)];
      const rules = Object.fromEntries(
        stations.map(([station, own]) => {
          const first = own
            .filter(({ time }) => time < week)
            .map(({ level }) => level)
            .sort((a, b) => a - b);
          const base = first[Math.floor(first.length / 2)]!;
          const above = { blue: base + rise, yellow: base + 2 * rise, red: base + 4 * rise };
          return [deviceId(station), { applies: { device: deviceId(station) }, above, deadband: 0.05 }];
        }),
      );
      // Readings come every 15 minutes; the stale time is the default of three periods.
      const river = new EngineRun(
        gauges(
          stations.map(([station]) => station),
          45 * MINUTE,
        ),
        rules,
      );
      play(river, all);
      return river;
    }

    test("half a metre over base flow raises nothing in four weeks", () => {
      const { events } = run(0.5);
      expect(events.filter((event) => event.class !== "monitoring")).toEqual([]);
    });

    test("the record's own gaps of three periods are told as blindness, and nothing else", () => {
      const gaps = [...Map.groupBy(samples(), ({ station }) => station)].flatMap(([station, own]) =>
        own.flatMap(({ time }, i) =>
          i > 0 && time - own[i - 1]!.time >= 45 * MINUTE
            ? [`${utc(own[i - 1]!.time + 45 * MINUTE)} ${deviceId(station)}`]
            : [],
        ),
      );
      const told = run(0.5).events.filter((event) => event.class === "monitoring");
      // Todmorden ends an hour before the others, so its last silence has no end in the record.
      const last = told.pop();
      expect(last).toMatchObject({ subject: "todmorden-callis-bridge", transition: "again" });
      expect(
        told
          .filter(({ transition }) => transition !== "return")
          .map(({ time, subject }) => `${utc(time)} ${subject}`)
          .sort(),
      ).toEqual(gaps.sort());
    });

    test("a rate of rise that would warn of a flash flood raises nothing in four weeks", () => {
      const all = samples();
      const names = [...new Set(all.map(({ station }) => station))];
      const river = new EngineRun(gauges(names, 45 * MINUTE), {
        rise: {
          applies: { quantity: "water_level" },
          rate: { window: "1h", per: "hour", above: { yellow: 0.3, red: 1 } },
          deadband: 0.05,
        },
      });
      play(river, all);
      expect(river.events.filter(({ rule }) => rule === "rise")).toEqual([]);
    });

    test("the same rule at a quarter of a metre sees the wave of 12 September, and nothing else", () => {
      const { events } = run(0.25);
      const raised = events.filter((event) => event.class === "danger" && event.transition !== "return");
      expect(raised.map(({ subject, time }) => `${utc(time).slice(0, 10)} ${subject}`)).toEqual([
        "2025-09-12 hebden-bridge.level",
      ]);
    });
  },
);
