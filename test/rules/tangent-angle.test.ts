import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG_DEVICE_TIME } from "../../model/reading.ts";
import { DAY, HOUR, SECOND } from "../../model/time.ts";
import { EngineRun, line, type RuleSketch } from "./engine-run.ts";
import { gradesOver, type OracleReading } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { type OracleWindow, resultsOf, slope } from "./window-oracle.ts";
import { checkpointsChangeNothing, feed, gradesOf, problemsOf, readings } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "slope", domain: "geohazard" }],
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "displacement", stale: 365 * DAY },
        { id: "crack", quantity: "crack_width", period: HOUR, stale: 365 * DAY },
        { id: "event", quantity: "displacement", report: "on-change" },
        { id: "smoke", quantity: "smoke", stale: 365 * DAY },
      ],
    },
  ],
});

const HOURS = HOUR / SECOND;
const DAYS = DAY / SECOND;
const degrees = (ratio: number) => (Math.atan(ratio) * 180) / Math.PI;

const SLOPE = { uniformVelocity: 2, minimumVelocity: 0.2, window: "2d" };

function slide(angle: object = {}, more: RuleSketch = {}): EngineRun {
  return new EngineRun(site, {
    rule: { applies: { channel: "d.crack" }, tangentAngle: { ...SLOPE, ...angle }, ...more },
  });
}

/** A reading an hour from one day to another, in mm as a function of days. */
function days(run: EngineRun, from: number, to: number, mm: (day: number) => number): EngineRun {
  for (let h = Math.ceil(from * 24); h <= to * 24; h++) run.at(h * HOURS).read("d.crack", mm(h / 24));
  return run;
}

function told(run: EngineRun): string[] {
  return run.told().filter((one) => one.includes(" rule@"));
}

/** The line through the medians of the outer thirds, in the plainest way. */
function resistant(points: readonly { at: number; value: number }[]): number {
  const third = Math.floor((points.length + 1) / 3);
  if (points.length < 2 || third === 0) return Number.NaN;
  const median = (values: number[]) => {
    const sorted = [...values].sort((a, b) => a - b);
    const [low, high] = [sorted[Math.ceil(third / 2) - 1]!, sorted[Math.floor(third / 2)]!];
    return (low + high) / 2;
  };
  const [left, right] = [points.slice(0, third), points.slice(-third)];
  const rise = median(right.map(({ value }) => value)) - median(left.map(({ value }) => value));
  const time = median(right.map(({ at }) => at)) - median(left.map(({ at }) => at));
  return time > 0 ? rise / time : Number.NaN;
}

describe("improved tangent angle (semantics 22) against a plain model", () => {
  // Seconds in place of days: one unit a second is 86,400 a day.
  const [uniform, minimum] = [0.15, 0.04];
  const rule = (method: string, direction: string): Record<string, RuleSketch> => ({
    rule: {
      applies: { channel: "d.v" },
      tangentAngle: {
        uniformVelocity: uniform * DAYS,
        minimumVelocity: minimum * DAYS,
        direction,
        method,
        window: "12s",
        maxGap: "4s",
        above: { yellow: 55, orange: { limit: 70, onDelay: "2s" }, red: 80 },
      },
      deadband: 4,
      offDelay: "3s",
    },
  });
  const levels = [
    { severity: "yellow" as const, limit: 55, deadband: 4, onDelay: 0, offDelay: 3 },
    { severity: "orange" as const, limit: 70, deadband: 4, onDelay: 2, offDelay: 3 },
    { severity: "red" as const, limit: 80, deadband: 4, onDelay: 0, offDelay: 3 },
  ];
  const forward: Record<string, (velocity: number) => number> = {
    rise: (velocity) => velocity,
    fall: (velocity) => -velocity,
    either: Math.abs,
  };

  test.each([
    ["regression", "rise"],
    ["regression", "fall"],
    ["regression", "either"],
    ["median", "rise"],
    ["median", "either"],
  ])("%s, %s", (method, direction) => {
    const compute = ({ readings: inside }: OracleWindow) => {
      // As the readings are rounded, so is the velocity: to 9 decimals of a unit per day.
      const perSecond = method === "median" ? resistant(inside) : slope(inside);
      const velocity = forward[direction]!(perSecond);
      if (Number.isNaN(velocity)) return Number.NaN;
      // Slower than the minimum: nothing is shown, and it clears.
      return velocity < minimum - 1e-12 ? 0 : degrees(velocity / uniform);
    };
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(site, rule(method, direction)), history).until(end);
        const results = resultsOf(history, compute, {
          span: 12,
          maxGap: 4,
          minCoverage: 0.8,
          minSamples: 3,
          scarce: "nothing",
        });
        expect(gradesOf(run.events)).toEqual(gradesOver(levels, results, { end, keepsState: false }));
      }),
      { numRuns: 250 },
    );
  });

  test.each(["regression", "median"])("%s: a restart at any point changes nothing", (method) => {
    checkpointsChangeNothing(site, rule(method, "either"));
  });

  test("the scale of the displacement and the moment make no difference", () => {
    const scaled = (factor: number): Record<string, RuleSketch> => ({
      rule: {
        applies: { channel: "d.v" },
        tangentAngle: {
          uniformVelocity: uniform * DAYS * factor,
          minimumVelocity: minimum * DAYS * factor,
          window: "12s",
          above: { yellow: 55, red: 80 },
        },
      },
    });
    const moved = (history: readonly OracleReading[], factor: number, later: number) =>
      history.map((reading) => ({ ...reading, value: reading.value * factor, at: reading.at + later }));
    fc.assert(
      fc.property(
        readings,
        fc.constantFrom(0.25, 2, 1024),
        fc.nat({ max: 1e6 }),
        (history, factor, later) => {
          const plain = feed(new EngineRun(site, scaled(1)), history);
          const other = feed(new EngineRun(site, scaled(factor)), moved(history, factor, later));
          expect(other.events.map(({ transition, severity }) => [transition, severity])).toEqual(
            plain.events.map(({ transition, severity }) => [transition, severity]),
          );
          expect(other.events.map(({ time }) => time - later * SECOND)).toEqual(
            plain.events.map(({ time }) => time),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("the angles of the standard", () => {
  test.each([
    [1.001, 45.03],
    [2, 63.435],
    [5.671282, 80],
    [5.67, 79.998],
    [11.430053, 85],
    [11.43, 85],
  ])("%d times the velocity of the uniform stage is %d°", (times, angle) => {
    const run = slide({ above: { yellow: 45.01 } });
    days(run, 0, 4, (day) => 10 + 2 * times * day);
    expect(run.events.at(-1)!.value).toBeCloseTo(angle, 2);
    expect(run.rules[0]!.subjects[0]!.condition.measure?.(0, 45.01)).toMatchObject({
      of: "tangentAngle",
      unit: "deg",
      side: "above",
    });
  });

  test("80° is orange and 85° red by default, as it accelerates through 5.67 and 11.43 times", () => {
    const run = slide();
    // v = 2 mm/d × (1 + day): 6 times the uniform velocity on day 5, 12 times on day 11.
    days(run, 0, 16, (day) => 2 * day + day * day);
    expect(told(run).map((one) => one.split(" ").slice(2).join(" "))).toEqual([
      "raise orange",
      "upgrade red",
    ]);
    const [orange, red] = run.events.map(({ time }) => (time - run.events[0]!.since) / DAY);
    expect(orange).toBe(0);
    // 5.67 and 11.43 times are 2.88 days apart: the window makes both as late.
    expect(red).toBeCloseTo((11.43 - 5.67) / 1, 0);
  });
});

describe("a slope", () => {
  test("that moves evenly is near 45° and raises nothing, year in, year out", () => {
    const run = slide();
    days(run, 0, 365, (day) => 2 * day + 0.3 * Math.sin(day * 12.9898) + Math.sin(day / 58));
    expect(told(run)).toEqual([]);
  });

  test("that rests has no angle, and an alarm clears: its velocity is known, and low", () => {
    const run = slide({}, { deadband: 5 });
    days(run, 0, 10, (day) => (day < 5 ? 30 * day : 150));
    expect(told(run).map((one) => one.split(" ").slice(2).join(" "))).toEqual([
      "raise red",
      "downgrade orange",
      "return orange",
    ]);
  });

  test("that stops at once clears though its angle was never seen between", () => {
    const run = slide({ window: "3h", above: { red: 85 } }, { deadband: 35 });
    days(run, 0, 2, (day) => (day < 1 ? 30 * day : 30));
    expect(told(run).at(-1)).toMatch(/return red/);
    expect(run.events.at(-1)!.value).toBeNaN();
  });

  test("that goes back up is no slide, unless either way counts", () => {
    expect(told(days(slide(), 0, 5, (day) => -30 * day))).toEqual([]);
    expect(told(days(slide({ direction: "either" }), 0, 5, (day) => -30 * day))).toHaveLength(1);
    expect(told(days(slide({ direction: "fall" }), 0, 5, (day) => -30 * day))).toHaveLength(1);
  });

  /** Rain every ten days: 20 mm within two of them, nothing between; 2 mm a day on the whole. */
  const steps = (day: number) => 20 * Math.floor(day / 10) + 20 * Math.min(1, (day % 10) / 2);

  test("that moves in steps with the rain alarms over a day and not over the rhythm of its steps", () => {
    const short = days(slide({ window: "1d", above: { yellow: 75 } }), 0, 60, steps);
    expect(short.events.filter(({ transition }) => transition !== "return").length).toBeGreaterThanOrEqual(6);
    const long = days(slide({ window: "20d", above: { yellow: 75 } }), 0, 60, steps);
    expect(told(long)).toEqual([]);
  });

  test("is not moved by one wild reading where medians are taken", () => {
    const wild = (day: number) => 2 * day + (day === 8 ? 400 : 0);
    expect(told(days(slide(), 0, 8, wild))).toHaveLength(1);
    expect(told(days(slide({ method: "median" }), 0, 12, wild))).toEqual([]);
  });

  test("22: late readings do not enter the window", () => {
    const run = slide();
    days(run, 0, 5, (day) => 2 * day);
    run.message({ channel: "d.crack", value: 10, time: 5 * DAYS });
    run.message({ channel: "d.crack", value: -500, time: 4.9 * DAYS, flags: FLAG_DEVICE_TIME });
    run.at(5 * DAYS + 60).message({ channel: "d.crack", value: 10, time: 5 * DAYS + 60 });
    expect(told(run)).toEqual([]);
  });

  test("is stated in any unit and per any time", () => {
    const run = slide({ uniformVelocity: 6, minimumVelocity: 0.6, per: "month" }, { unit: "cm" });
    days(run, 0, 4, (day) => 2 * 12 * day);
    expect(told(run)).toHaveLength(1);
    expect(run.events[0]!.value).toBeCloseTo(degrees(12), 6);
  });
});

describe("check refuses", () => {
  test.each<[string, object, RegExp]>([
    ["d.smoke", {}, /smoke is a state/],
    ["d.event", {}, /reports only changes/],
    [
      "d.crack",
      { above: { yellow: 45 } },
      /^tangentAngle\.above\.yellow: an angle of 45° is not between 45° and 90°/,
    ],
    ["d.crack", { above: { red: 90 } }, /an angle of 90° is not between/],
    [
      "d.crack",
      { above: { orange: 85, red: 80 } },
      /^tangentAngle\.above\.red: red is reached before orange/,
    ],
    ["d.crack", { minimumVelocity: 2 }, /^tangentAngle\.minimumVelocity: .* it is noise/],
    ["d.crack", { window: "2h" }, /^tangentAngle\.window: a window of 2h never holds 3 readings/],
  ])("%s %j", (channel, angle, problem) => {
    expect(problemsOf(site, { applies: { channel }, tangentAngle: { ...SLOPE, ...angle } })).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  test("a deadband that reaches down to where nothing is computed", () => {
    expect(problemsOf(site, { applies: { channel: "d.crack" }, tangentAngle: SLOPE, deadband: 75 })).toEqual([
      expect.stringMatching(/clears only where nothing is computed/),
    ]);
  });
});

test("an event says when and by how much", () => {
  const run = slide();
  days(run, 0, 3, (day) => 30 * day);
  expect(run.events.map(line)).toEqual([expect.stringMatching(/rule@d\.crack raise red$/)]);
  expect(run.events[0]).toMatchObject({ limit: 85, reason: 0 });
});

test("a slope in its uniform stage is seen at 45° without standing in alarm; one at rest has no angle", () => {
  const moving = days(slide(), 0, 6, (day) => 2 * day);
  const [view] = [...moving.engine.computed()].filter(({ rule }) => rule === "rule");
  expect(view?.subject).toBe("d.crack");
  expect(view?.levels.map(({ severity, limit }) => [severity, limit])).toEqual([
    ["orange", 80],
    ["red", 85],
  ]);
  for (const { value, measure } of view!.levels) {
    expect(value).toBeCloseTo(45, 6);
    expect(measure?.of).toBe("tangentAngle");
  }
  expect(told(moving)).toEqual([]);
  const still = days(slide(), 0, 6, () => 7);
  expect([...still.engine.computed()][0]!.levels.every(({ value }) => Number.isNaN(value))).toBe(true);
});
