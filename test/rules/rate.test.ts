import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG_CLOCK_SUSPECT, FLAG_DEVICE_TIME, FLAG_LATE } from "../../model/reading.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, line, type RuleSketch } from "./engine-run.ts";
import { gradesOver, type OracleReading } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { resultsOf, slope } from "./window-oracle.ts";
import { checkpointsChangeNothing, feed, gradesOf, problemsOf, readings } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "river", domain: "water" }],
  devices: [
    {
      id: "wl",
      channels: [
        { id: "level", quantity: "water_level", period: MINUTE, stale: 30 * MINUTE },
        { id: "temp", quantity: "temperature", period: 10 * SECOND, stale: 1e6 * MINUTE },
        { id: "door", quantity: "door", stale: 1e6 * MINUTE },
        { id: "change", quantity: "temperature", report: "on-change" },
      ],
    },
  ],
});
const level = "wl.level";

function rise(more: RuleSketch = {}, rate: object = {}): EngineRun {
  return new EngineRun(site, {
    rise: {
      applies: { channel: level },
      rate: { window: "10m", per: "hour", above: { yellow: 0.3, red: 1.2 }, ...rate },
      ...more,
    },
  });
}

/** A reading a minute, the level given as a function of minutes. */
function minutes(run: EngineRun, from: number, to: number, value: (minute: number) => number): EngineRun {
  for (let m = from; m <= to; m++) run.at(m * 60).read(level, value(m));
  return run;
}

describe("rate of change (semantics 19)", () => {
  test("least squares over the window: a steady rise raises once the window is covered, with its rate per hour", () => {
    const run = rise();
    minutes(run, 0, 20, (m) => 175 + m * 0.01);
    // The first reading stands for nothing, so minute 8 is the first with 8 of 10 minutes covered.
    expect(run.told()).toEqual(["480 rise@wl.level raise yellow"]);
    expect(run.events[0]).toMatchObject({ value: 0.6, limit: 0.3, reason: 0 });
  });

  test("noise around a level that stands still raises nothing", () => {
    const run = rise();
    minutes(run, 0, 600, (m) => 175 + 0.01 * Math.sin(m * 12.9898));
    expect(run.told()).toEqual([]);
  });

  test("it clears strictly below limit − deadband, and a fall is not a rise", () => {
    const run = rise({ deadband: 0.1 });
    minutes(run, 0, 30, (m) => 175 + m * 0.01);
    minutes(run, 31, 90, (m) => 175.3 + (m - 30) * (0.25 / 60));
    expect(run.told().slice(1)).toEqual([]);
    minutes(run, 91, 120, (m) => 175.55 - (m - 90) * 0.05);
    expect(run.told()).toHaveLength(1);
    expect(run.events.at(-1)).toMatchObject({ transition: "return" });
    expect(run.events.at(-1)!.value).toBeLessThan(0.2);
  });

  test.each([
    ["fall", -0.6, -0.3],
    ["either", -0.6, -0.3],
    ["either", 0.6, 0.3],
  ])("direction %s at %d m/h", (direction, value, limit) => {
    const run = rise({}, { direction });
    minutes(run, 0, 20, (m) => 175 + (m * value) / 60);
    expect(run.events).toMatchObject([{ severity: "yellow", value, limit }]);
  });

  test("fewer readings than minSamples give no rate", () => {
    const run = rise({}, { minSamples: 9, minCoverage: 0 });
    for (let m = 0; m <= 40; m += 2) run.at(m * 60).read(level, 175 + m);
    expect(run.told()).toEqual([]);
    const enough = rise({}, { minSamples: 5, minCoverage: 0 });
    for (let m = 0; m <= 40; m += 2) enough.at(m * 60).read(level, 175 + m);
    expect(enough.told()).toEqual(["480 rise@wl.level raise red"]);
  });

  test("difference: against the last reading at or before t − w, divided by the true time between", () => {
    const run = rise({}, { method: "difference" });
    run.at(0).read(level, 175).at(180).read(level, 175).at(720).read(level, 175.06);
    // t − w is minute 2; minute 0 is the last one at or before it.
    expect(run.events).toMatchObject([{ value: 0.3, limit: 0.3, severity: "yellow" }]);
  });

  test.each([
    [900, ["900 rise@wl.level raise red"]],
    [901, []],
  ])("difference: the earlier reading is not older than 1.5 w (%d s)", (at, expected) => {
    const run = rise({}, { method: "difference" });
    run.at(0).read(level, 175).at(at).read(level, 180);
    expect(run.told()).toEqual(expected);
  });

  test("a one-sample spike beyond what is plausible is left out until the next reading confirms it", () => {
    const run = rise({}, { largestStep: 0.5 });
    minutes(run, 0, 20, () => 175);
    run.at(21 * 60).read(level, 172);
    minutes(run, 22, 40, () => 175);
    expect(run.told()).toEqual([]);
    // The same jump, confirmed, is real, and both readings count.
    run.at(41 * 60).read(level, 177);
    expect(run.told()).toEqual([]);
    run.at(42 * 60).read(level, 177.1);
    expect(run.told()).toEqual(["2520 rise@wl.level raise red"]);
  });

  test("while a spike waits nothing clears", () => {
    const run = rise({}, { largestStep: 0.5 });
    minutes(run, 0, 20, (m) => 175 + m * 0.01);
    expect(run.told()).toHaveLength(1);
    minutes(run, 21, 31, () => 175.2);
    const back = run.events.find(({ transition }) => transition === "return");
    expect(back).toBeDefined();
    const other = rise({}, { largestStep: 0.5 });
    minutes(other, 0, 20, (m) => 175 + m * 0.01);
    const cleared = (back!.time - other.events[0]!.time) / SECOND + 480;
    for (let m = 21; m * 60 < cleared; m++) other.at(m * 60).read(level, 175.2);
    other.at(cleared).read(level, 100);
    expect(other.events).toHaveLength(1);
    other.at(cleared + 60).read(level, 175.2);
    expect(other.events.at(-1)).toMatchObject({ transition: "return" });
  });

  test("bad readings neither raise nor clear; uncertain ones raise and do not clear", () => {
    const run = rise();
    minutes(run, 0, 20, (m) => 175 + m * 0.01);
    expect(run.told()).toHaveLength(1);
    for (let m = 21; m < 60; m++) run.at(m * 60).read(level, Number.NaN, "sensor_failure");
    expect(run.events.filter(({ rule }) => rule === "rise")).toHaveLength(1);
    for (let m = 60; m < 90; m++) run.at(m * 60).read(level, 175.2, "not_accurate");
    expect(run.events.filter(({ rule }) => rule === "rise")).toHaveLength(1);
    minutes(run, 90, 110, () => 175.2);
    expect(run.events.filter(({ rule }) => rule === "rise").at(-1)).toMatchObject({ transition: "return" });
    const doubtful = rise();
    for (let m = 0; m < 20; m++) doubtful.at(m * 60).read(level, 175 + m * 0.01, "not_accurate");
    expect(doubtful.told()).toEqual(["480 rise@wl.level raise yellow"]);
  });

  test("late readings are dropped before the window", () => {
    const run = rise();
    minutes(run, 0, 20, () => 175);
    for (let m = 0; m < 20; m++) {
      run
        .at(1200 + m)
        .message({ channel: level, value: 100 + m * 5, time: m * 60, flags: FLAG_DEVICE_TIME | FLAG_LATE });
    }
    run.at(1260).read(level, 175);
    expect(run.told()).toEqual([]);
  });

  test("14: a clock that was set back moves what is known along, so that a steady rise stays one", () => {
    const run = rise();
    minutes(run, 0, 20, (m) => 175 + m * 0.01);
    expect(run.told()).toHaveLength(1);
    for (let m = 21; m < 50; m++) {
      run.at(m * 60).message({
        channel: level,
        value: 175 + m * 0.01,
        time: (m - 20) * 60,
        flags: FLAG_DEVICE_TIME | (m === 21 ? FLAG_CLOCK_SUSPECT : 0),
      });
    }
    expect(run.events.filter(({ rule }) => rule === "rise")).toHaveLength(1);
    // It has gone on being measured: the alarm is neither frozen nor blind.
    for (let m = 50; m < 70; m++) {
      run.at(m * 60).message({ channel: level, value: 175.49, time: (m - 20) * 60 });
    }
    expect(run.events.filter(({ rule }) => rule === "rise").at(-1)).toMatchObject({ transition: "return" });
  });

  test("the rate of a value beyond the range is not known", () => {
    const run = rise();
    minutes(run, 0, 20, () => 175);
    run.at(1260).read(level, Number.POSITIVE_INFINITY, "over_range");
    expect(run.told()).toEqual([]);
  });

  test("units convert without their offset: 9 °F per minute are 5 K", () => {
    const run = new EngineRun(site, {
      hot: {
        applies: { channel: "wl.temp" },
        unit: "degF",
        rate: { window: "1m", per: "minute", above: { red: 9 } },
      },
    });
    for (let i = 0; i <= 6; i++) run.at(i * 10).read("wl.temp", 20 + (i * 5) / 6);
    expect(run.events).toMatchObject([{ severity: "red", value: 5, limit: 5 }]);
  });
});

describe("a rate that can never work is refused", () => {
  test.each<[string, RuleSketch, RegExp]>([
    ["a state", { applies: { channel: "wl.door" } }, /^rate: door is a state/],
    [
      "a channel that reports changes",
      { applies: { channel: "wl.change" } },
      /^rate: .*reports only changes/,
    ],
    [
      "a window with too few readings",
      { rate: { window: "2m", above: { red: 1 } } },
      /^rate.window: .*never holds 3 readings/,
    ],
    [
      "a window with too many",
      { applies: { channel: "wl.temp" }, rate: { window: "20d", above: { red: 1 } } },
      /^rate.window: .*there is room for/,
    ],
    ["a negative limit", { rate: { window: "1h", above: { red: -1 } } }, /^rate.above.red: .*positive/],
    [
      "levels the wrong way round",
      { rate: { window: "1h", above: { yellow: 2, red: 1 } } },
      /^rate.above.red: .*wrong way round/,
    ],
    [
      "another kind of unit",
      { unit: "kPa", rate: { window: "1h", above: { red: 1 } } },
      /^rate: .*does not fit/,
    ],
  ])("%s", (_name, sketch, expected) => {
    const rule = { applies: { channel: level }, rate: { window: "1h", above: { red: 1 } }, ...sketch };
    expect(problemsOf(site, rule)).toEqual([expect.stringMatching(expected)]);
  });
});

describe("against a plain model", () => {
  const plan = { span: 20, maxGap: 6, minCoverage: 0.8, minSamples: 3, scarce: "nothing" as const };
  const levels = [
    { severity: "yellow" as const, limit: 0.5, deadband: 0.2, onDelay: 0, offDelay: 4 },
    { severity: "red" as const, limit: 2, deadband: 0.2, onDelay: 3, offDelay: 0 },
  ];
  const small = siteOf({
    devices: [{ id: "d", channels: [{ id: "v", quantity: "temperature", stale: 3600 * SECOND }] }],
  });
  const rule = {
    rule: {
      applies: { channel: "d.v" },
      deadband: 0.2,
      rate: {
        window: "20s",
        per: "second",
        maxGap: "6s",
        above: { yellow: { limit: 0.5, offDelay: "4s" }, red: { limit: 2, onDelay: "3s" } },
      },
    },
  };

  test("least squares, coverage, samples, delays and qualities", () => {
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(small, rule), history).until(end);
        const results = resultsOf(history, ({ readings: points }) => slope(points), plan);
        expect(gradesOf(run.events)).toEqual(gradesOver(levels, results, { end, keepsState: false }));
      }),
      { numRuns: 500 },
    );
  });

  test("difference against the last reading at or before t − w", () => {
    const differences = (history: readonly OracleReading[]) =>
      history.map((reading, i): OracleReading => {
        const { at, quality } = reading;
        if (quality === "bad") return reading;
        const usable = history.slice(0, i + 1).filter((other) => other.quality !== "bad");
        const earlier = usable.findLast((other) => other.at <= at - 20 && other.at >= at - 30);
        if (earlier === undefined) return { at, value: Number.NaN, quality: "bad" };
        const value = Math.round(((reading.value - earlier.value) / (at - earlier.at)) * 1e9) / 1e9;
        const sure = quality === "good" && earlier.quality === "good";
        return { at, value, quality: sure ? "good" : "uncertain" };
      });
    const { rate } = rule.rule;
    const other = { rule: { ...rule.rule, rate: { ...rate, method: "difference" } } };
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(small, other), history).until(end);
        expect(gradesOf(run.events)).toEqual(
          gradesOver(levels, differences(history), { end, keepsState: false }),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("a restart at any point changes no event", () => {
    const spiky = { rule: { ...rule.rule, rate: { ...rule.rule.rate, largestStep: 4 } } };
    for (const sketch of [rule, spiky]) checkpointsChangeNothing(small, sketch);
  });

  test("years of readings do not let the sums drift", () => {
    const run = new EngineRun(small, rule);
    const history: OracleReading[] = [];
    for (let i = 0; i < 20_000; i++) {
      const value = 1e6 + (i % 100 < 90 ? 0.1 * (i % 7) : 3 * (i % 100));
      history.push({ at: i * 2, value, quality: "good" });
    }
    feed(run, history);
    const events = run.events.filter(({ rule: id }) => id === "rule");
    const tail = feed(new EngineRun(small, rule), history.slice(-200)).events;
    const from = tail.findIndex(({ transition }) => transition === "return");
    const last = tail.slice(from).map(line);
    expect(events.slice(-last.length).map(line)).toEqual(last);
    expect(last.length).toBeGreaterThan(2);
  });
});
