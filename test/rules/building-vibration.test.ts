import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, line, type ReadingSketch, type RuleSketch } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { problemsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "house" }],
  devices: [
    {
      id: "m",
      channels: [
        { id: "peak", quantity: "vibration_peak_velocity", stale: 60 * SECOND, range: { low: 0, high: 100 } },
        { id: "frequency", quantity: "frequency", stale: 365 * DAY },
        { id: "temp", quantity: "temperature", stale: 365 * DAY },
      ],
    },
  ],
});

const DWELLING = { building: "residential", frequency: "frequency", above: { red: 1 } };

function shaken(options: object = {}, more: RuleSketch = {}): EngineRun {
  return new EngineRun(site, {
    din: { applies: { channel: "m.peak" }, buildingVibration: { ...DWELLING, ...options }, ...more },
  });
}

function peak(value: number, reason: ReasonName = "good"): ReadingSketch {
  return { channel: "m.peak", value, reason };
}

function frequency(value: number, reason: ReasonName = "good"): ReadingSketch {
  return { channel: "m.frequency", value, reason };
}

function told(run: EngineRun): string[] {
  return run.told().filter((one) => one.includes(" din@"));
}

/** The guide value as the alarm gives it: a peak of 99 mm/s is beyond all of them for buildings. */
function guideAt(options: object, hertz: number): number {
  const run = shaken(options);
  run.at(0).message(peak(99), frequency(hertz));
  return run.events[0]?.limit ?? Number.NaN;
}

describe("guide values of DIN 4150-3", () => {
  // Table 1: at the corners, and half way between them on a straight line.
  test.each<[string, readonly [number, number][]]>([
    [
      "industrial",
      [
        [1, 20],
        [10, 20],
        [30, 30],
        [50, 40],
        [75, 45],
        [100, 50],
        [160, 50],
      ],
    ],
    [
      "residential",
      [
        [0.5, 5],
        [10, 5],
        [30, 10],
        [50, 15],
        [75, 17.5],
        [100, 20],
        [400, 20],
      ],
    ],
    [
      "sensitive",
      [
        [4, 3],
        [10, 3],
        [30, 5.5],
        [50, 8],
        [75, 9],
        [100, 10],
        [101, 10],
      ],
    ],
  ])("foundation of a building: %s", (building, corners) => {
    for (const [hertz, limit] of corners) expect(guideAt({ building }, hertz)).toBe(limit);
  });

  test.each([
    ["industrial", 40],
    ["residential", 15],
    ["sensitive", 8],
  ])("top floor: %s, at any frequency", (building, limit) => {
    const run = shaken({ building, place: "topFloor", frequency: undefined });
    run
      .at(0)
      .read("m.peak", limit - 0.1)
      .at(1)
      .read("m.peak", limit);
    expect(run.events).toMatchObject([{ transition: "raise", value: limit, limit }]);
  });

  test.each([
    ["steel", 100],
    ["concrete", 80],
    ["masonry", 50],
    ["plastic", 50],
  ])("pipe: %s", (pipe, limit) => {
    const run = shaken({ building: undefined, pipe, frequency: undefined });
    run
      .at(0)
      .read("m.peak", limit - 0.1)
      .at(1)
      .read("m.peak", limit);
    expect(run.events).toMatchObject([{ limit }]);
  });

  test("the guide value grows with the frequency, and never leaves its ends", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("industrial", "residential", "sensitive"),
        fc.double({ min: 0.1, max: 500, noNaN: true }),
        fc.double({ min: 0, max: 200, noNaN: true }),
        (building, hertz, more) => {
          const [low, high] = [guideAt({ building }, hertz), guideAt({ building }, hertz + more)];
          expect(high).toBeGreaterThanOrEqual(low);
          expect(low).toBeGreaterThanOrEqual(guideAt({ building }, 1));
          expect(high).toBeLessThanOrEqual(guideAt({ building }, 1000));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a peak is judged with the frequency of its own message", () => {
  test.each([
    ["that comes behind it", (p: number, f: number) => [peak(p), frequency(f)]],
    ["that comes before it", (p: number, f: number) => [frequency(f), peak(p)]],
  ])("%s", (_, message) => {
    const run = shaken();
    run
      .at(0)
      .message(...message(12, 60))
      .at(1)
      .message(...message(12, 20))
      .at(2)
      .message(...message(12, 60));
    expect(told(run)).toEqual(["1 din@m.peak raise red", "2 din@m.peak return red"]);
    expect(run.events[0]).toMatchObject({ value: 12, limit: 7.5, reason: 0 });
  });

  test("a frequency of another instant is none of its", () => {
    const run = shaken();
    run.at(0).read("m.frequency", 100).at(1).read("m.peak", 12);
    expect(told(run)).toEqual([]);
    // The next peak has none either: the smallest guide value stands, as uncertain.
    run.at(2).read("m.peak", 12);
    expect(told(run)).toEqual(["2 din@m.peak raise red"]);
    expect(run.events[0]).toMatchObject({ limit: 5, reason: 2 });
  });

  test("where the frequency is bad the smallest guide value raises, and clears only what is below all", () => {
    const run = shaken();
    run.at(0).message(peak(12), frequency(100));
    run.at(1).message(peak(12), frequency(Number.NaN, "sensor_failure"));
    run.at(2).message(peak(6), frequency(Number.NaN, "sensor_failure"));
    expect(told(run)).toEqual(["1 din@m.peak raise red"]);
    run.at(3).message(peak(4.9), frequency(Number.NaN, "sensor_failure"));
    expect(told(run)).toEqual(["3 din@m.peak return red"]);
  });

  test("a frequency of nothing, as instruments give it at rest, is not known", () => {
    const run = shaken();
    run.at(0).message(peak(0.1), frequency(0)).at(1).message(peak(5), frequency(0));
    expect(told(run)).toEqual(["1 din@m.peak raise red"]);
  });

  test("a peak that waits for its frequency when the instrument falls silent is judged without it", () => {
    const run = shaken();
    run.at(0).read("m.peak", 6).until(61);
    expect(told(run)).toEqual(["10 din@m.peak raise red"]);
  });

  test("a peak whose frequency is missing is not forgotten over the next, smaller one", () => {
    const run = shaken();
    run.at(0).read("m.peak", 50).at(5).message(peak(1), frequency(20));
    expect(told(run)).toEqual(["5 din@m.peak raise red", "5 din@m.peak return red"]);
    expect(run.events[0]).toMatchObject({ value: 50, limit: 5, reason: 2 });
    expect(run.engine.alarm("din", "m.peak")?.state).toBe("returned");
  });

  test("9: beyond the range it raises whatever the frequency", () => {
    const run = shaken();
    run.at(0).message(frequency(100), peak(Number.POSITIVE_INFINITY, "over_range"));
    expect(run.events).toMatchObject([{ severity: "red", reason: 7 }]);
  });

  test("shares of the guide value are levels, with the rule's deadband in mm/s", () => {
    const run = shaken({ above: { yellow: 0.7, red: 1 } }, { deadband: 0.5 });
    run.at(0).message(peak(3.5), frequency(5));
    run.at(1).message(peak(5), frequency(5));
    run.at(2).message(peak(4.6), frequency(5));
    run.at(3).message(peak(3.2), frequency(5));
    run.at(4).message(peak(2.9), frequency(5));
    expect(told(run)).toEqual([
      "0 din@m.peak raise yellow",
      "1 din@m.peak upgrade red",
      "3 din@m.peak downgrade yellow",
      "4 din@m.peak return yellow",
    ]);
    expect(run.events[0]).toMatchObject({ limit: 3.5 });
  });

  test("a restart anywhere changes nothing", () => {
    const message = fc.record({
      value: fc.constantFrom(1, 4, 6, 9, 16, 22),
      hertz: fc.constantFrom(5, 30, 60, 120, Number.NaN, undefined),
      first: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 30 }), fc.nat(), (messages, cut) => {
        const play = (run: EngineRun, from: number, to: number) => {
          for (let i = from; i < to; i++) {
            const { value, hertz, first } = messages[i]!;
            const beside =
              hertz === undefined ? [] : [frequency(hertz, Number.isNaN(hertz) ? "sensor_failure" : "good")];
            run.at(i).message(...(first ? [...beside, peak(value)] : [peak(value), ...beside]));
          }
          return run;
        };
        const at = cut % messages.length;
        const whole = play(shaken(), 0, messages.length).until(200);
        const before = play(shaken(), 0, at);
        const after = play(before.restored(), at, messages.length).until(200);
        expect([...before.events, ...after.events].map(line)).toEqual(whole.events.map(line));
        expect(after.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 200 },
    );
  });
});

describe("check refuses", () => {
  const refused = (channel: string, options: object, more: RuleSketch = {}) =>
    problemsOf(site, { applies: { channel }, buildingVibration: { ...DWELLING, ...options }, ...more });

  test.each<[string, object, RegExp]>([
    ["m.temp", {}, /those of a peak velocity; temperature is none/],
    ["m.peak", { frequency: "tone" }, /^buildingVibration\.frequency: its device has no channel “tone”/],
    ["m.peak", { frequency: "temp" }, /^buildingVibration\.frequency: m\.temp gives temperature/],
    ["m.peak", { above: { yellow: 1, red: 0.5 } }, /^buildingVibration\.above\.red: red is reached no later/],
    [
      "m.peak",
      { building: "industrial", above: { red: 6 } },
      /120 mm\/s is beyond the measuring range of 100 mm\/s/,
    ],
  ])("%s %j", (channel, options, problem) => {
    expect(refused(channel, options)).toEqual([expect.stringMatching(problem)]);
  });

  test("a deadband that leaves nothing", () => {
    expect(refused("m.peak", {}, { deadband: 5 })).toEqual([expect.stringMatching(/could never clear/)]);
  });

  test.each([
    { building: undefined },
    { pipe: "steel" },
    { frequency: undefined },
    { place: "topFloor" },
    { building: undefined, pipe: "steel", place: "topFloor", frequency: undefined },
  ])("%j, in its own words", (options) => {
    expect(() => shaken(options)).toThrow(/buildingVibration/);
  });
});
