import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "./engine-run.ts";
import { gradesOver } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { type OracleWindow, resultsOf } from "./window-oracle.ts";
import { checkpointsChangeNothing, feed, gradesOf, problemsOf, readings } from "./window-run.ts";

const site = siteOf({
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "temperature", stale: 3600 * SECOND },
        { id: "lel", range: { low: 0, high: 100 }, stale: 365 * DAY },
        { id: "smoke", quantity: "smoke", report: "on-change" },
        { id: "slow", quantity: "temperature", period: 10 * MINUTE, stale: 365 * DAY },
        { id: "tip", quantity: "rain_increment", report: "on-change" },
      ],
    },
  ],
});

function windowRule(window: object, more: RuleSketch = {}): Record<string, RuleSketch> {
  return { rule: { applies: { channel: "d.v" }, window, ...more } };
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const ORACLES: Record<string, (values: number[]) => number> = {
  mean: (values) => (values.length === 0 ? Number.NaN : mean(values)),
  minimum: (values) => (values.length === 0 ? Number.NaN : Math.min(...values)),
  maximum: (values) => (values.length === 0 ? Number.NaN : Math.max(...values)),
  sum: (values) => values.reduce((a, b) => a + b, 0),
  rms: (values) => Math.sqrt(mean(values.map((value) => value * value))),
  deviation: (values) => {
    const centre = mean(values);
    return Math.sqrt(values.reduce((a, b) => a + (b - centre) ** 2, 0) / (values.length - 1));
  },
  count: (values) => values.length,
};
const MINIMUM: Record<string, number> = { sum: 0, count: 0, deviation: 2 };
const SOFT = new Set(["sum", "count", "maximum"]);

describe("statistics of a window (semantics 16 to 18), against a plain model", () => {
  test.each(Object.keys(ORACLES))("%s", (name) => {
    const levels = [
      { severity: "yellow" as const, limit: 4, deadband: 1, onDelay: 0, offDelay: 3 },
      { severity: "red" as const, limit: 9, deadband: 1, onDelay: 2, offDelay: 0 },
    ];
    const rule = windowRule(
      {
        function: name,
        window: "12s",
        maxGap: "4s",
        above: { yellow: { limit: 4, offDelay: "3s" }, red: { limit: 9, onDelay: "2s" } },
      },
      { deadband: 1 },
    );
    const compute = ({ readings: inside }: OracleWindow) => ORACLES[name]!(inside.map(({ value }) => value));
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(site, rule), history).until(end);
        const results = resultsOf(history, compute, {
          span: 12,
          maxGap: 4,
          minCoverage: 0.8,
          minSamples: MINIMUM[name] ?? 1,
          scarce: SOFT.has(name) ? "uncertain" : "nothing",
        });
        expect(gradesOf(run.events)).toEqual(gradesOver(levels, results, { end, keepsState: false }));
      }),
      { numRuns: 250 },
    );
  });

  test.each(Object.keys(ORACLES))("%s: a restart at any point changes no event", (name) => {
    const rule = windowRule({ function: name, window: "12s", maxGap: "4s", above: { yellow: 3, red: 8 } });
    checkpointsChangeNothing(site, rule);
  });
});

describe("windows", () => {
  const sum = (window: object = {}, more: RuleSketch = {}) =>
    new EngineRun(
      site,
      windowRule(
        { function: "sum", window: "10s", above: { red: 0.3 }, ...window },
        { deadband: 0.05, ...more },
      ),
    );

  test("18: ten times 0.1 and a million steps later the sum is what it says", () => {
    const run = new EngineRun(site, windowRule({ function: "sum", window: "3s", above: { red: 0.3 } }));
    for (let i = 0; i < 3; i++) run.at(i).read("d.v", 0.1);
    // 0.1 + 0.1 + 0.1 is 0.30000000000000004 in doubles, and 0.3 after rounding to 9 decimals.
    expect(run.events).toMatchObject([{ value: 0.3, limit: 0.3 }]);
    const other = new EngineRun(site, windowRule({ function: "sum", window: "3s", above: { red: 0.31 } }));
    for (let i = 0; i < 100_000; i++) other.at(i).read("d.v", i % 1000 === 7 ? 1e15 : 0.1);
    expect(other.events.at(-1)).toMatchObject({ transition: "return", value: 0.3 });
  });

  test("16: (t − w, t] – a reading exactly w old has left", () => {
    const run = sum();
    run.at(0).read("d.v", 0.2).at(10).read("d.v", 0.2);
    expect(run.events).toEqual([]);
    run.at(19).read("d.v", 0.1);
    expect(run.events.map(({ value }) => value)).toEqual([0.3]);
  });

  test("15: two readings of equal time both count", () => {
    const run = sum();
    run.at(0).read("d.v", 0.2).read("d.v", 0.1);
    expect(run.events).toMatchObject([{ severity: "red", value: 0.3 }]);
  });

  test("17: below minCoverage a sum may raise as uncertain, and does not clear", () => {
    const run = sum({ maxGap: "1s" });
    run.at(0).read("d.v", 0.4);
    expect(run.events).toMatchObject([{ transition: "raise", reason: 9 }]);
    for (const at of [30, 35, 40]) run.at(at).read("d.v", 0);
    expect(run.events).toHaveLength(1);
    for (let at = 41; at < 49; at++) run.at(at).read("d.v", 0);
    expect(run.events.at(-1)).toMatchObject({ transition: "return" });
  });

  test("17: other functions give no value then, which holds an alarm", () => {
    const run = new EngineRun(
      site,
      windowRule({ function: "mean", window: "10s", maxGap: "1s", above: { red: 5 } }, { deadband: 1 }),
    );
    for (let at = 0; at <= 8; at++) run.at(at).read("d.v", 9);
    expect(run.told()).toEqual(["8 rule@d.v raise red"]);
    for (let at = 30; at <= 36; at++) run.at(at).read("d.v", 0);
    expect(run.told()).toEqual([]);
    run.at(37).read("d.v", 0);
    expect(run.told()).toEqual(["37 rule@d.v return red"]);
  });

  test("9: an over-range marker raises as uncertain in the direction of the alarm, and says nothing away from it", () => {
    const lel = (window: object) =>
      new EngineRun(site, { rule: { applies: { channel: "d.lel" }, window: { window: "10s", ...window } } });
    const up = lel({ function: "mean", minCoverage: 0, above: { red: 50 } });
    up.at(0).read("d.lel", 0).at(1).read("d.lel", Number.POSITIVE_INFINITY, "over_range");
    // It counts as the end of the range: (0 + 100) / 2.
    expect(up.events).toMatchObject([{ severity: "red", value: 50, reason: 7 }]);
    const down = lel({ function: "mean", minCoverage: 0, below: { red: 10 } });
    down.at(0).read("d.lel", Number.POSITIVE_INFINITY, "over_range");
    expect(down.events).toEqual([]);
  });

  test("9: beyond a range that nobody stated it raises at once", () => {
    const run = new EngineRun(site, windowRule({ function: "mean", window: "10s", above: { red: 50 } }));
    run.at(0).read("d.v", Number.POSITIVE_INFINITY, "over_range");
    expect(run.events).toMatchObject([{ severity: "red", value: Number.POSITIVE_INFINITY }]);
  });

  test("16: of a channel that reports changes, what leaves is evaluated at that instant", () => {
    const run = new EngineRun(site, {
      often: {
        applies: { channel: "d.smoke" },
        window: { function: "count", window: "60s", counts: { state: "active" }, above: { yellow: 3 } },
      },
    });
    // Nothing is known before the first word, so the count may not clear before a whole window is.
    run.at(0).read("d.smoke", 0);
    for (const at of [100, 110, 120])
      run
        .at(at)
        .read("d.smoke", 1)
        .at(at + 5)
        .read("d.smoke", 0);
    run.until(200);
    expect(run.told()).toEqual(["120 often@d.smoke raise yellow", "160 often@d.smoke return yellow"]);
    expect(run.events.map(({ value, limit }) => [value, limit])).toEqual([
      [3, 3],
      [2, 3],
    ]);
  });

  test("16: silence of such a channel clears nothing by leaving", () => {
    const quiet = siteOf({
      devices: [
        {
          id: "d",
          channels: [{ id: "smoke", quantity: "smoke", report: "on-change", stale: 80 * SECOND }],
        },
      ],
    });
    const run = new EngineRun(quiet, {
      often: {
        applies: { channel: "d.smoke" },
        window: { function: "count", window: "60s", counts: { state: "active" }, above: { yellow: 2 } },
      },
    });
    run.at(0).read("d.smoke", 0).at(61).read("d.smoke", 1).at(62).read("d.smoke", 0);
    run.at(140).read("d.smoke", 1).at(141).read("d.smoke", 1);
    expect(run.events.filter(({ rule }) => rule === "often")).toHaveLength(1);
    // The next instant would be 200 s; silence from 150 s on means that what comes after is not known.
    run.health("link", 0, true).at(142).read("d.smoke", Number.NaN, "no_communication").until(400);
    expect(run.events.filter(({ rule }) => rule === "often")).toHaveLength(1);
  });

  test("a count of readings of at least a value, in another unit", () => {
    const run = new EngineRun(site, {
      rule: {
        applies: { channel: "d.v" },
        unit: "degF",
        window: { function: "count", window: "10s", counts: { atLeast: 212 }, above: { red: 2 } },
      },
    });
    for (const [at, value] of [
      [0, 100],
      [1, 99],
      [2, 101],
    ] as const)
      run.at(at).read("d.v", value);
    expect(run.events).toMatchObject([{ value: 2, limit: 2, time: run.now }]);
  });
});

describe("windows that can never work are refused", () => {
  const above = { above: { red: 10 } };
  test.each<[string, RuleSketch, RegExp]>([
    [
      "a mean of states",
      { applies: { channel: "d.smoke" }, window: { function: "mean", window: "1h", ...above } },
      /is a state/,
    ],
    [
      "a mean of changes",
      { applies: { channel: "d.tip" }, window: { function: "mean", window: "1h", ...above } },
      /reports only changes/,
    ],
    [
      "a window shorter than the period",
      { applies: { channel: "d.slow" }, window: { function: "mean", window: "5m", ...above } },
      /^window.window: .*never holds 1 readings/,
    ],
    [
      "a spread below nothing",
      { window: { function: "deviation", window: "1m", below: { red: -1 } } },
      /never raise/,
    ],
    [
      "an unknown state",
      {
        applies: { channel: "d.smoke" },
        window: { function: "count", window: "1h", counts: { state: "x" }, ...above },
      },
      /^window.counts.state: smoke has no state/,
    ],
    [
      "a sum in another zero",
      { unit: "degF", window: { function: "sum", window: "1m", ...above } },
      /where its scale has its 0/,
    ],
    [
      "beyond the range",
      { applies: { channel: "d.lel" }, window: { function: "mean", window: "1m", above: { red: 101 } } },
      /^window.above.red: .*never raise/,
    ],
  ])("%s", (_name, sketch, expected) => {
    expect(problemsOf(site, { applies: { channel: "d.v" }, ...sketch })).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  test("a schema says what does not fit together", () => {
    expect(() =>
      problemsOf(site, { applies: { channel: "d.v" }, window: { function: "mean", window: "1m" } }),
    ).toThrow(/above or below/);
    expect(() =>
      problemsOf(site, {
        applies: { channel: "d.v" },
        window: { function: "mean", window: "1m", counts: { atLeast: 1 }, ...above },
      }),
    ).toThrow(/belongs to the function count/);
  });
});

describe("exposure: TWA and STEL (semantics 20)", () => {
  const co = siteOf({
    devices: [
      {
        id: "d",
        channels: [{ id: "v", quantity: "gas_ppm", gas: "CO", period: MINUTE, stale: 3 * MINUTE }],
      },
    ],
  });
  const exposure = (window: object, more: RuleSketch = {}) =>
    new EngineRun(co, { twa: { applies: { channel: "d.v" }, exposure: window, ...more } });

  test("a reading stands for the time since the one before it", () => {
    const run = exposure({ window: "15m", maxGap: "10m", minCoverage: 0, above: { red: 30 } });
    run.at(0).read("d.v", 500).at(60).read("d.v", 10).at(360).read("d.v", 32);
    // The first stands for nothing; (1 min × 10 + 5 min × 32) / 6 min = 28.33.
    expect(run.events.filter(({ rule }) => rule === "twa")).toEqual([]);
    run.at(420).read("d.v", 50);
    // (10 + 160 + 50) / 7 min = 31.43.
    expect(run.events.filter(({ rule }) => rule === "twa")).toMatchObject([
      { value: 31.428571429, limit: 30 },
    ]);
  });

  test("and for no more than maxGap: three hours of silence are not three hours of the next value", () => {
    const run = exposure({ window: "8h", maxGap: "2m", minCoverage: 0, above: { red: 20 } });
    for (let m = 0; m <= 60; m++) run.at(m * 60).read("d.v", 10);
    run.at(4 * 3600).read("d.v", 200);
    // (60 × 10 + 2 × 200) / 62 min = 16.13
    expect(run.events.filter(({ rule }) => rule === "twa")).toEqual([]);
  });

  test("a steady 20 ppm is 20 ppm, and below 0.75 of the window it is uncertain", () => {
    const run = exposure({ window: "8h", above: { orange: 20 } });
    for (let m = 0; m <= 8 * 60; m++) run.at(m * 60).read("d.v", 20);
    expect(run.events).toMatchObject([{ transition: "raise", value: 20, reason: 9 }]);
    const late = exposure({ window: "8h", above: { orange: 20 } });
    for (let m = 0; m <= 6 * 60; m++) late.at(m * 60).read("d.v", 19);
    for (let m = 361; m <= 480; m++) late.at(m * 60).read("d.v", 100);
    expect(late.events).toMatchObject([{ transition: "raise", severity: "orange", reason: 0 }]);
  });

  test("limits in mg/m³ convert by gas, temperature and pressure", () => {
    const run = exposure(
      { window: "15m", minCoverage: 0, above: { red: 30 } },
      { unit: "mg/m3", conversion: { temperature: 20, pressure: 101.325 } },
    );
    run.at(0).read("d.v", 25.8).at(60).read("d.v", 25.8);
    // 30 mg/m³ of CO are 25.76 ppm at 20 °C (domain.md b.2: 20 mg/m³ = 17.2 ppm).
    expect(run.events).toMatchObject([{ value: 25.8 }]);
    expect(run.events[0]!.limit).toBeCloseTo(25.76, 1);
  });

  const levels = [{ severity: "red" as const, limit: 5, deadband: 1, onDelay: 2, offDelay: 3 }];
  const plain = {
    rule: {
      applies: { channel: "d.v" },
      deadband: 1,
      onDelay: "2s",
      offDelay: "3s",
      exposure: { window: "12s", maxGap: "4s", above: { red: 5 } },
    },
  };

  test("against a plain model", () => {
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(site, plain), history).until(end);
        const results = resultsOf(
          history,
          ({ readings: inside }) => {
            const covered = inside.reduce((sum, one) => sum + one.inside, 0);
            return inside.reduce((sum, one) => sum + one.value * one.inside, 0) / covered;
          },
          { span: 12, maxGap: 4, minCoverage: 0.75, minSamples: 1, scarce: "uncertain" },
        );
        expect(gradesOf(run.events)).toEqual(gradesOver(levels, results, { end, keepsState: false }));
      }),
      { numRuns: 400 },
    );
  });

  test("a restart at any point changes no event", () => {
    checkpointsChangeNothing(site, plain);
  });
});
