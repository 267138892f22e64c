import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY, HOUR, SECOND } from "../../model/time.ts";
import type { Forecast } from "../../rules/detail.ts";
import { outlookOf } from "../../rules/forecast/inverse-velocity.ts";
import { studentT } from "../../rules/forecast/student-t.ts";
import { fitLine } from "../../rules/forecast/zero-crossing.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { checkpointsChangeNothing, problemsOf, readingsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "slope", domain: "geohazard" }],
  calendars: [{ id: "noon", hours: [{ from: 12 * 60, to: 12 * 60 + 1 }] }],
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "displacement", stale: 365 * DAY },
        { id: "crack", quantity: "crack_width", period: HOUR, stale: 3650 * DAY },
        { id: "event", quantity: "displacement", report: "on-change", stale: 3650 * DAY },
      ],
    },
  ],
});
const HOURS = HOUR / SECOND;
const USUAL = { step: "6h", minimumVelocity: 0.5, below: { yellow: 240, orange: 120, red: 24 } };

function watch(options: object = {}, more: RuleSketch = {}): EngineRun {
  return new EngineRun(site, {
    rule: { applies: { channel: "d.crack" }, timeToFailure: { ...USUAL, ...options }, ...more },
  });
}

/** Fukuzono with α = 2: 1/v = A (t_r − t), so that the displacement is −ln(t_r − t) / A; mm, hours. */
function fukuzono(failure: number, a: number): (hour: number) => number {
  return (hour) => (Math.log(failure) - Math.log(failure - hour)) / a;
}

function hourly(run: EngineRun, from: number, to: number, mm: (hour: number) => number): EngineRun {
  for (let hour = from; hour < to; hour++) run.at(hour * HOURS).read("d.crack", mm(hour));
  return run;
}

function forecastOf(run: EngineRun, index = -1): Forecast {
  const detail = run.events.at(index)?.detail;
  if (detail?.kind !== "forecast") throw new Error("no forecast");
  return detail;
}

const told = (run: EngineRun) => run.told().map((one) => one.split(" ").slice(2).join(" "));

describe("Student's t", () => {
  // As printed in any table, two-sided.
  test.each([
    [0.95, 1, 12.7062],
    [0.95, 2, 4.3027],
    [0.9, 3, 2.3534],
    [0.95, 4, 2.7764],
    [0.95, 5, 2.5706],
    [0.99, 7, 3.4995],
    [0.95, 10, 2.2281],
    [0.9, 20, 1.7247],
    [0.95, 30, 2.0423],
    [0.95, 120, 1.9799],
  ])("%d with %d degrees of freedom is %d", (confidence, freedom, t) => {
    expect(studentT(confidence, freedom)).toBeCloseTo(t, 4);
  });
});

describe("the zero of a line with its interval", () => {
  const points = fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 30 })
    .map((noise) => ({
      x: noise.map((_, i) => i - noise.length),
      y: noise.map((one, i) => 3 * (noise.length - i) + one),
    }));

  /** Half the width of the confidence band of the line at a place, and the line there: the textbook's formula. */
  function band(x: readonly number[], y: readonly number[], at: number): { line: number; half: number } {
    const n = x.length;
    const mx = x.reduce((a, b) => a + b) / n;
    const my = y.reduce((a, b) => a + b) / n;
    const sxx = x.reduce((sum, one) => sum + (one - mx) ** 2, 0);
    const b = x.reduce((sum, one, i) => sum + (one - mx) * (y[i]! - my), 0) / sxx;
    const s2 = x.reduce((sum, one, i) => sum + (y[i]! - my - b * (one - mx)) ** 2, 0) / (n - 2);
    const half = studentT(0.95, n - 2) * Math.sqrt(s2 * (1 / n + (at - mx) ** 2 / sxx));
    return { line: my + b * (at - mx), half };
  }

  test("holds exactly where the confidence band of the line holds zero", () => {
    fc.assert(
      fc.property(points, ({ x, y }) => {
        const { crossing } = fitLine(x, y, 0.95);
        fc.pre(crossing !== undefined);
        const { at, earliest, latest } = crossing!;
        expect(earliest).toBeLessThanOrEqual(at);
        expect(latest).toBeGreaterThanOrEqual(at);
        expect(band(x, y, at).line).toBeCloseTo(0, 6);
        const width = latest - earliest;
        for (const inside of [earliest + width / 1000, latest - width / 1000]) {
          const { line, half } = band(x, y, inside);
          expect(Math.abs(line)).toBeLessThanOrEqual(half + 1e-9);
        }
        for (const outside of [earliest - width / 1000 - 1e-6, latest + width / 1000 + 1e-6]) {
          const { line, half } = band(x, y, outside);
          expect(Math.abs(line)).toBeGreaterThanOrEqual(half - 1e-9);
        }
      }),
    );
  });

  test("covers the true zero about as often as it says", () => {
    // A fixed sequence of normal scatter (Box–Muller over a linear congruence): the count is the same in each run.
    let seed = 12345;
    const uniform = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return (seed + 0.5) / 2147483648;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let covered = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const x = Array.from({ length: 8 }, (_, i) => i);
      const y = x.map((one) => 0.5 * (20 - one) + normal());
      const { crossing } = fitLine(x, y, 0.9);
      if (crossing === undefined || (crossing.earliest <= 20 && crossing.latest >= 20)) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.88);
    expect(covered / 2000).toBeLessThan(0.93);
  });

  test("a slope that is not significant has none", () => {
    expect(fitLine([0, 1, 2, 3], [5, 4, 6, 4.9], 0.95).crossing).toBeUndefined();
    expect(fitLine([0, 1, 2, 3], [5, 5, 5, 5], 0.95)).toMatchObject({
      significant: false,
      crossing: undefined,
    });
  });
});

describe("time to failure by inverse velocity", () => {
  test("of a synthetic slide with a known end: forecast within a hundredth, raised as it comes near", () => {
    const failure = 480;
    const run = hourly(watch(), 0, 478, fukuzono(failure, 0.005));
    expect(told(run)).toEqual(["raise yellow", "upgrade orange", "upgrade red"]);
    for (const [i, { time, value, limit }] of run.events.entries()) {
      const left = failure - (time - START) / HOUR;
      expect(value).toBeLessThanOrEqual(limit);
      expect(Math.abs(value - left) / failure).toBeLessThan(0.01);
      const { hours, earliest, latest, points, confidence } = forecastOf(run, i);
      expect(hours).toBe(value);
      expect(earliest).toBeLessThanOrEqual(hours);
      expect(latest).toBeGreaterThanOrEqual(hours);
      expect(points).toBeGreaterThanOrEqual(6);
      expect(confidence).toBe(0.95);
    }
  });

  test("the interval is wider the noisier the instrument, and holds the true end", () => {
    const failure = 480;
    const slide = fukuzono(failure, 0.005);
    const width = (noise: number) => {
      const run = hourly(
        watch({ step: "12h" }),
        0,
        420,
        (hour) => slide(hour) + noise * Math.sin(hour * hour * 12.9898),
      );
      const { hours, earliest, latest } = forecastOf(run);
      const left = failure - (run.events.at(-1)!.time - START) / HOUR;
      expect(earliest).toBeLessThanOrEqual(left);
      expect(latest).toBeGreaterThanOrEqual(left);
      expect(hours).toBeGreaterThan(0);
      return latest - earliest;
    };
    expect(width(0.5)).toBeGreaterThan(2 * width(0.05));
  });

  test("with the site's uniform velocity only points from 80° on count, and those up to 85° where there are enough", () => {
    // v = 1 / (0.005 × (480 − t)) mm/h; 80° is 5.67 mm/h from hour 444.7 on, for a uniform 1 mm/h; 85° from hour 462.5 on.
    const options = {
      step: "2h",
      minSamples: 2,
      minPoints: 5,
      uniformVelocity: 1,
      minimumVelocity: 0.2,
      per: "hour",
    };
    const early = hourly(watch({ ...options, below: { yellow: 1000 } }), 0, 444, fukuzono(480, 0.005));
    expect(told(early)).toEqual([]);
    const later = hourly(watch({ ...options, below: { yellow: 1000 } }), 0, 457, fukuzono(480, 0.005));
    expect(told(later)).toEqual(["raise yellow"]);
    expect(forecastOf(later).points).toBe(5);
    const last = hourly(watch({ ...options, below: { yellow: 6 } }), 0, 479, fukuzono(480, 0.005));
    // Points beyond 85° are there by then and are left out.
    expect(forecastOf(last).points).toBeLessThanOrEqual(9);
  });

  test("a slope that moves evenly, slows down or rests has none", () => {
    expect(told(hourly(watch({ below: { yellow: 1e6 } }), 0, 500, (hour) => 0.2 * hour))).toEqual([]);
    expect(
      told(hourly(watch({ below: { yellow: 1e6 } }), 0, 500, (hour) => 30 * Math.log(hour + 10))),
    ).toEqual([]);
    expect(told(hourly(watch({ below: { yellow: 1e6 } }), 0, 500, () => 7))).toEqual([]);
  });

  test("few points, or a line that explains little, give none", () => {
    const slide = fukuzono(480, 0.005);
    expect(told(hourly(watch({ below: { yellow: 1e6 } }), 0, 36, slide))).toEqual([]);
    const noisy = (hour: number) => slide(hour) + 40 * Math.sin(hour * hour * 12.9898);
    expect(told(hourly(watch({ below: { yellow: 1e6 }, minimumVelocity: 0.01 }), 0, 300, noisy))).toEqual([]);
  });

  test("when the slope comes to rest the alarm clears; its last words name no time", () => {
    const slide = fukuzono(480, 0.005);
    const run = hourly(watch(), 0, 600, (hour) => slide(Math.min(hour, 440)));
    expect(told(run)).toEqual(["raise yellow", "upgrade orange", "return orange"]);
    expect(run.events.at(-1)).toMatchObject({ value: Number.NaN });
    expect(run.events.at(-1)!.detail).toBeUndefined();
  });

  test("where nothing can be said an alarm stands: silence, gaps and bad readings clear nothing", () => {
    const slide = fukuzono(480, 0.005);
    const run = hourly(watch(), 0, 440, slide);
    expect(told(run)).toHaveLength(2);
    for (let hour = 440; hour < 600; hour++)
      run.at(hour * HOURS).read("d.crack", Number.NaN, "sensor_failure");
    expect(told(run).filter((one) => one.includes("return"))).toEqual([]);
  });

  test("a forecast whose time is over was wrong: it is no failure in 0 hours", () => {
    // Failure is forecast for hour 462; at hour 467 the slope is still there, and no new velocity is known yet.
    const run = hourly(watch({ below: { red: 0.01 }, step: "12h" }), 0, 457, fukuzono(462, 0.005));
    run.at(467 * HOURS).read("d.crack", 1000);
    expect(told(run)).toEqual([]);
    const due = hourly(watch({ below: { red: 8 }, step: "12h" }), 0, 457, fukuzono(462, 0.005));
    expect(told(due)).toEqual(["raise red"]);
  });

  test("a slope that slows down has none, however well its best points lie on a line", () => {
    // 1/v of the points between 80° and 85° falls to zero at hour 100; by now it moves at a third of its greatest velocity.
    const inverse = [10, 9, 8, 7, 6, 5, 3, 2, 1, 2, 2.4, 2.6, 2.8, 3, 3.2];
    const points = {
      time: inverse.map((_, i) => i * 10 * HOUR),
      velocity: inverse.map((one) => 100 / one),
      good: inverse.map(() => 1),
    };
    const terms = { minPoints: 5, minExplained: 0.8, confidence: 0.95, rests: 1, from: 10, upTo: 21 };
    const until = (n: number) => ({
      time: points.time.slice(0, n),
      velocity: points.velocity.slice(0, n),
      good: points.good.slice(0, n),
    });
    expect(outlookOf(until(9), terms)).toMatchObject({ kind: "failure", at: 100 * HOUR, points: 6 });
    expect(outlookOf(points, terms)).toEqual({ kind: "harmless" });
  });

  test("the scale of the displacement and its direction make no difference", () => {
    const slide = fukuzono(480, 0.005);
    const seen = (run: EngineRun) =>
      run.events.map(({ time, severity, detail }) => [time, severity, (detail as Forecast).points]);
    const plain = seen(hourly(watch(), 0, 470, slide));
    expect(plain).toHaveLength(3);
    expect(seen(hourly(watch({ minimumVelocity: 512 }), 0, 470, (hour) => 1024 * slide(hour)))).toEqual(
      plain,
    );
    expect(seen(hourly(watch({ direction: "fall" }), 0, 470, (hour) => -slide(hour)))).toEqual(plain);
    expect(seen(hourly(watch({ direction: "either" }), 0, 470, (hour) => -slide(hour)))).toEqual(plain);
  });

  test("its interval is told too where the rule applies at certain times only", () => {
    const run = watch({}, { except: "noon" });
    hourly(run, 0, 400, fukuzono(480, 0.005));
    expect(forecastOf(run).points).toBeGreaterThanOrEqual(6);
  });

  test("one wild reading is kept out where the largest step is stated", () => {
    const slide = fukuzono(480, 0.005);
    const wild = (hour: number) => slide(hour) + (hour === 400 ? 900 : 0);
    const seen = (run: EngineRun) => run.events.map(({ severity, time }) => [severity, time]);
    const clean = seen(hourly(watch(), 0, 470, slide));
    expect(seen(hourly(watch({ largestStep: 50 }), 0, 470, wild)).length).toBe(clean.length);
  });

  test("a restart at any point changes nothing", () => {
    checkpointsChangeNothing(
      site,
      {
        rule: {
          applies: { channel: "d.v" },
          timeToFailure: {
            step: "1m",
            minSamples: 2,
            minPoints: 4,
            minExplained: 0.1,
            confidence: 0.5,
            minimumVelocity: 0.001,
            direction: "either",
            largestStep: 9,
            below: { yellow: 1, red: 0.05 },
          },
        },
      },
      readingsOf(fc.constantFrom(0, 1, 2, 4, 8, 13, 21)).map((history) =>
        history.map((reading, i) => ({
          ...reading,
          at: reading.at * 9,
          value: reading.value / 4 + i * i * 0.05,
        })),
      ),
    );
  });
});

describe("check refuses", () => {
  test.each<[string, object, RegExp]>([
    ["d.event", {}, /reports only changes/],
    ["d.crack", { step: "2h" }, /^timeToFailure\.step: a window of 2h never holds 3 readings/],
    ["d.crack", { window: "24h" }, /^timeToFailure\.window: it never holds the 6 velocities/],
    [
      "d.crack",
      { below: { yellow: 24, red: 72 } },
      /^timeToFailure\.below\.red: red is reached before yellow/,
    ],
    ["d.crack", { below: { yellow: -1 } }, /^timeToFailure\.below\.yellow/],
  ])("%s %j", (channel, options, problem) => {
    expect(problemsOf(site, { applies: { channel }, timeToFailure: { ...USUAL, ...options } })).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});
