import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REASON } from "../../model/quality.ts";
import { DAY, HOUR, MINUTE } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "./engine-run.ts";
import { gradesOver, type OracleReading } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { nine } from "./window-oracle.ts";
import { checkpointsChangeNothing, feed, gradesOf, problemsOf, readings } from "./window-run.ts";

const site = siteOf({
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "temperature", stale: 365 * DAY },
        {
          id: "level",
          quantity: "water_level",
          period: 10 * MINUTE,
          stale: HOUR,
          range: { low: 0, high: 10 },
        },
        { id: "door", quantity: "door", stale: 365 * DAY },
        { id: "change", quantity: "temperature", report: "on-change" },
      ],
    },
  ],
});
const level = "d.level";

function health(rule: RuleSketch): EngineRun {
  return new EngineRun(site, { health: { class: "fault", applies: { channel: level }, ...rule } });
}

function every10Minutes(run: EngineRun, values: readonly number[], from = 0): EngineRun {
  for (const [i, value] of values.entries()) run.at((from + i) * 600).read(level, value);
  return run;
}

const same = (value: number, n: number) => Array.from({ length: n }, () => value);

describe("a value that stands still", () => {
  const stuck = { stuck: { tolerance: 0.002, after: { yellow: "2h", orange: "4h" } } };

  test("raises after it has not changed by more than the tolerance for so long, and says since when", () => {
    const run = health(stuck);
    every10Minutes(run, [5, ...Array.from({ length: 30 }, (_, i) => 3 + (i % 2) * 0.002)]);
    expect(run.told()).toEqual(["7800 health@d.level raise yellow", "15000 health@d.level upgrade orange"]);
    expect(run.events[0]).toMatchObject({ value: 2, limit: 2, reason: REASON.stuck, class: "fault" });
  });

  test("clears as soon as it moves", () => {
    const run = health(stuck);
    every10Minutes(run, [...same(3, 15), 3.01]);
    expect(run.told()).toEqual(["7200 health@d.level raise yellow", "9000 health@d.level return yellow"]);
    expect(run.events[1]).toMatchObject({ value: 0, reason: REASON.good });
  });

  test("a creeping value is not stuck", () => {
    expect(
      every10Minutes(
        health(stuck),
        Array.from({ length: 60 }, (_, i) => 3 + i * 0.001),
      ).told(),
    ).toEqual([]);
  });

  test("silence is not standing still: after a gap counting begins anew, and the same value clears nothing", () => {
    const run = health(stuck);
    every10Minutes(run, same(3, 8));
    run
      .at(3 * 3600)
      .read(level, 3)
      .at(3 * 3600 + 600)
      .read(level, 3);
    expect(run.events.filter(({ rule }) => rule === "health")).toEqual([]);
    every10Minutes(run, same(3, 20), 20);
    const raised = run.events.filter(({ rule }) => rule === "health");
    expect(raised).toMatchObject([{ transition: "raise" }]);
    run.at(60_000).read(level, 3).at(60_600).read(level, 3);
    expect(run.events.filter(({ rule }) => rule === "health")).toHaveLength(1);
    run.at(61_200).read(level, 4);
    expect(run.events.at(-1)).toMatchObject({ rule: "health", transition: "return" });
  });

  test("bad readings neither count nor clear, and a frozen uncertain value is frozen all the same", () => {
    const run = health(stuck);
    every10Minutes(run, same(3, 13));
    run.at(7500).read(level, Number.NaN, "sensor_failure");
    expect(run.told()).toHaveLength(1);
    const doubtful = health(stuck);
    for (let i = 0; i < 13; i++) doubtful.at(i * 600).read(level, 3, "not_accurate");
    expect(doubtful.events).toMatchObject([{ transition: "raise", reason: REASON.not_accurate }]);
  });
});

describe("a value that jumps", () => {
  const jump = { jump: { above: { yellow: 1 } }, deadband: 0.2 };

  test("raises at the step, up or down, and clears with the next reading that does not jump", () => {
    const run = every10Minutes(health(jump), [3, 3.9, 4.9, 5, 4, 3.1, 3.1]);
    expect(run.told()).toEqual([
      "1200 health@d.level raise yellow",
      "1800 health@d.level return yellow",
      "2400 health@d.level again yellow",
      "3600 health@d.level return yellow",
    ]);
    expect(run.events[0]).toMatchObject({ value: 1, limit: 1, reason: REASON.implausible });
  });

  test("readings further apart than maxGap are not compared", () => {
    const run = health(jump);
    run.at(0).read(level, 3).at(3601).read(level, 9);
    expect(run.events.filter(({ rule }) => rule === "health")).toEqual([]);
    run.at(7201).read(level, 3);
    expect(run.events.filter(({ rule }) => rule === "health")).toMatchObject([
      { transition: "raise", value: 6 },
    ]);
  });
});

describe("a value beyond its measuring range", () => {
  const range = { outOfRange: { yellow: true, orange: { onDelay: "30m" } } };

  test("raises on the value, and on the instrument's own word; each end is named", () => {
    const run = health(range);
    run.at(0).read(level, 5).at(600).read(level, 10.2).at(1200).read(level, 9);
    run.at(1800).read(level, Number.NEGATIVE_INFINITY, "under_range");
    expect(run.events).toMatchObject([
      { transition: "raise", value: 10.2, limit: 10 },
      { transition: "return", value: 9, limit: 10 },
      { transition: "again", value: Number.NEGATIVE_INFINITY, limit: 0, reason: REASON.under_range },
    ]);
    // Still so after half an hour.
    run.at(2400).read(level, Number.NEGATIVE_INFINITY, "under_range").until(3600);
    expect(run.events.at(-1)).toMatchObject({ transition: "upgrade", severity: "orange" });
  });

  test("bad data says nothing about it", () => {
    const run = health(range);
    run.at(0).read(level, 10.2).at(600).read(level, Number.NaN, "no_communication");
    expect(run.told()).toHaveLength(1);
  });
});

describe("health rules that can never work are refused", () => {
  test.each<[string, RuleSketch, RegExp]>([
    [
      "a state that stands still",
      { applies: { channel: "d.door" }, stuck: { after: { yellow: "1h" } } },
      /is a state/,
    ],
    [
      "a channel that reports changes",
      { applies: { channel: "d.change" }, stuck: { after: { yellow: "1h" } } },
      /reports only changes/,
    ],
    [
      "too short for three readings",
      { stuck: { after: { yellow: "15m" } } },
      /^stuck.after.yellow: .*fewer than 3/,
    ],
    [
      "the wrong way round",
      { stuck: { after: { yellow: "2h", red: "1h" } } },
      /^stuck.after.red: .*wrong way round/,
    ],
    ["a jump beyond the range", { jump: { above: { yellow: 11 } } }, /^jump.above.yellow: .*never raise/],
    [
      "two levels that come together",
      { outOfRange: { yellow: true, red: true } },
      /^outOfRange.red: .*never be seen/,
    ],
  ])("%s", (_name, sketch, expected) => {
    expect(problemsOf(site, { applies: { channel: level }, ...sketch })).toEqual([
      expect.stringMatching(expected),
    ]);
  });
});

describe("against a plain model", () => {
  test("stuck", () => {
    const rule = {
      rule: {
        applies: { channel: "d.v" },
        stuck: { tolerance: 1, maxGap: "5s", after: { yellow: "6s", red: "12s" } },
      },
    };
    const durations = (history: readonly OracleReading[]) => {
      let run: OracleReading[] = [];
      let moved = false;
      return history.map((reading): { duration: number; count: number; moved: boolean } | undefined => {
        if (reading.quality === "bad") return undefined;
        const values = [...run.map(({ value }) => value), reading.value];
        const changed = Math.max(...values) - Math.min(...values) > 1;
        const gap = run.length > 0 && reading.at - run.at(-1)!.at > 5;
        if (changed || gap) {
          moved = changed && run.length > 0;
          run = [];
        }
        run.push(reading);
        return { duration: reading.at - run[0]!.at, count: run.length, moved };
      });
    };
    fc.assert(
      fc.property(readings, (history) => {
        let grade = -1;
        const told: string[] = [];
        for (const [i, one] of durations(history).entries()) {
          if (one === undefined) continue;
          const { at, quality } = history[i]!;
          const top = one.count < 3 ? -1 : one.duration >= 12 ? 1 : one.duration >= 6 ? 0 : -1;
          const before = grade;
          if (top > grade) grade = top;
          else if (top < grade && quality === "good" && one.moved) grade = top;
          if (grade !== before) told.push(`${at} ${["normal", "yellow", "red"][grade + 1]}`);
        }
        const run = feed(new EngineRun(site, rule), history);
        expect(gradesOf(run.events)).toEqual(told);
      }),
      { numRuns: 500 },
    );
    checkpointsChangeNothing(site, rule);
  });

  test("jump", () => {
    const rule = {
      rule: {
        applies: { channel: "d.v" },
        deadband: 0.5,
        offDelay: "3s",
        jump: { maxGap: "5s", above: { yellow: 2, red: { limit: 6, onDelay: "2s" } } },
      },
    };
    const levels = [
      { severity: "yellow" as const, limit: 2, deadband: 0.5, onDelay: 0, offDelay: 3 },
      { severity: "red" as const, limit: 6, deadband: 0.5, onDelay: 2, offDelay: 3 },
    ];
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const steps = history.map((reading, i): OracleReading => {
          const { at, value, quality } = reading;
          if (quality === "bad") return reading;
          const before = history.slice(0, i).findLast((other) => other.quality !== "bad");
          if (before === undefined || at - before.at > 5) return { at, value: Number.NaN, quality: "bad" };
          const sure = quality === "good" && before.quality === "good";
          return { at, value: nine(Math.abs(value - before.value)), quality: sure ? "good" : "uncertain" };
        });
        const run = feed(new EngineRun(site, rule), history).until(end);
        expect(gradesOf(run.events)).toEqual(gradesOver(levels, steps, { end, keepsState: false }));
      }),
      { numRuns: 400 },
    );
    checkpointsChangeNothing(site, rule);
  });
});
