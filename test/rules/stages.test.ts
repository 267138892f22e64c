import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, line, type RuleSketch, START } from "./engine-run.ts";
import { gradesOver, type OracleReading } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { checkpointsChangeNothing, feed, gradesOf, problemsOf, readings, readingsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "section", domain: "water" }],
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "water_level", period: SECOND, stale: 365 * DAY },
        { id: "level", quantity: "water_level", period: MINUTE, stale: 365 * DAY },
        {
          id: "depth",
          quantity: "water_depth",
          period: MINUTE,
          stale: 365 * DAY,
          range: { low: 0, high: 10 },
        },
        { id: "float", quantity: "water_level", report: "on-change" },
      ],
    },
  ],
});

function river(stages: object, more: RuleSketch = {}, channel = "level"): EngineRun {
  return new EngineRun(site, { river: { applies: { channel: `d.${channel}` }, stages, ...more } });
}

function levels(run: EngineRun, values: readonly number[], channel = "level"): EngineRun {
  for (const [i, value] of values.entries()) run.at(i * 60).read(`d.${channel}`, value);
  return run;
}

function told(run: EngineRun): string[] {
  return run.events.map(
    ({ time, transition, severity, value, limit }) =>
      `${(time - START) / MINUTE} ${transition} ${severity} ${value}/${limit}`,
  );
}

const ALL = { attention: 176.4, warning: 177, guarantee: 177.6, historic: 178.2 };

describe("stages of a river (domain.md f)", () => {
  test("attention, warning, guarantee, historic are blue, yellow, orange, red", () => {
    expect(told(levels(river(ALL), [176, 176.4, 177, 177.6, 178.2]))).toEqual([
      "1 raise blue 176.4/176.4",
      "2 upgrade yellow 177/177",
      "3 upgrade orange 177.6/177.6",
      "4 upgrade red 178.2/178.2",
    ]);
  });

  test("a small river has no guarantee level: what is missing is left out", () => {
    expect(told(levels(river({ warning: 177, historic: 178.2 }), [176.5, 177.7, 178.3]))).toEqual([
      "1 raise yellow 177.7/177",
      "2 upgrade red 178.3/178.2",
    ]);
  });

  test("de-escalation goes down stage by stage, each an event, however fast the water falls", () => {
    const run = levels(river(ALL, { deadband: 0.1 }), [178.3, 176, 176, 176, 176, 176]);
    expect(told(run)).toEqual([
      "0 raise red 178.3/178.2",
      "1 downgrade orange 176/177.6",
      "2 downgrade yellow 176/177",
      "3 downgrade blue 176/176.4",
      "4 return blue 176/176.4",
    ]);
  });

  test("each stage is held for its off-delay before the next step down", () => {
    const run = river(ALL, { deadband: 0.1, offDelay: "10m" });
    levels(run, [178.3, ...Array.from({ length: 60 }, () => 176)]);
    expect(told(run).map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "0 raise red",
      "11 downgrade orange",
      "21 downgrade yellow",
      "31 downgrade blue",
      "41 return blue",
    ]);
  });

  test("semantics 4 without it: stages whose off-delays end together end as one", () => {
    const run = river({ ...ALL, descend: "together" }, { deadband: 0.1, offDelay: "10m" });
    levels(run, [178.3, ...Array.from({ length: 20 }, () => 176)]);
    expect(told(run).map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "0 raise red",
      "11 return red",
    ]);
  });

  test("a rise on the way down goes up at once, and the deadband starts the off-delay again", () => {
    const run = river(ALL, { deadband: 0.1, offDelay: "2m" });
    levels(run, [178.3, 177, 177, 177.55, 177, 177, 178.3]);
    expect(told(run).map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "0 raise red",
      "3 downgrade orange",
      "6 upgrade red",
    ]);
  });

  test("a gauge that reports changes keeps its state: it steps down by time alone", () => {
    const run = river(ALL, { deadband: 0.1, offDelay: "10s" }, "float");
    run.at(0).read("d.float", 178.3).at(1).read("d.float", 176).until(100);
    expect(run.told()).toEqual([
      "0 river@d.float raise red",
      "11 river@d.float downgrade orange",
      "21 river@d.float downgrade yellow",
      "31 river@d.float downgrade blue",
      "41 river@d.float return blue",
    ]);
    // Half way down it is restarted.
    const first = river(ALL, { deadband: 0.1, offDelay: "10s" }, "float");
    first.at(0).read("d.float", 178.3).at(1).read("d.float", 176).until(15);
    const second = first.restored().until(100);
    expect(
      second.told().map((one) => one.split(" ").slice(0, 1).concat(one.split(" ").slice(2)).join(" ")),
    ).toEqual(["21 downgrade yellow", "31 downgrade blue", "41 return blue"]);
  });

  test("a sensor below the datum: level = value + base + correction, and alarms tell the level", () => {
    const run = river({ warning: 177, datum: { base: 174.6, correction: -0.02 } }, {}, "depth");
    levels(run, [2.41, 2.42], "depth");
    expect(told(run)).toEqual(["1 raise yellow 177/177"]);
  });

  test("9: over range raises as uncertain, as the end of the range in the datum", () => {
    const run = river({ warning: 177, datum: { base: 174.6 } }, {}, "depth");
    run.at(0).read("d.depth", Number.POSITIVE_INFINITY, "over_range");
    expect(run.events).toMatchObject([{ severity: "yellow", value: 184.6, reason: 7 }]);
    const unknown = river(ALL);
    unknown.at(0).read("d.level", Number.POSITIVE_INFINITY, "over_range");
    expect(unknown.events).toMatchObject([{ severity: "red", value: Number.POSITIVE_INFINITY }]);
  });

  test("19: a drop-out of one sample is no fall, and a spike no flood", () => {
    const run = river({ ...ALL, largestStep: 1 }, { deadband: 0.1 });
    levels(run, [177.1, 172, 177.2, 182, 177.2, 177.2]);
    expect(told(run)).toEqual(["0 raise yellow 177.1/177"]);
  });

  test("a rate of rise raises its stage before the level is there", () => {
    const rise = { window: "10m", attention: 0.3, warning: 1.2 };
    const run = river({ ...ALL, rise });
    levels(
      run,
      Array.from({ length: 30 }, (_, m) => 175 + m * 0.03),
    );
    expect(told(run)).toEqual(["8 raise yellow 1.8/1.2"]);
    // It is over when neither holds.
    for (let m = 30; m < 60; m++) run.at(m * 60).read("d.level", 175.87);
    expect(told(run).at(-1)).toMatch(/^\d+ return blue /);
  });

  test("while the rate is not known yet, a level raises and clears as ever where no rate is watched", () => {
    const run = river({ ...ALL, rise: { window: "10m", attention: 5 } });
    levels(run, [178.3, 176, 176, 176, 176]);
    // Blue also has a rate: nobody can say that it is over before minute 8.
    expect(told(run).map((one) => one.split(" ").slice(0, 3).join(" "))).toEqual([
      "0 raise red",
      "1 downgrade orange",
      "2 downgrade yellow",
      "3 downgrade blue",
    ]);
    for (let m = 5; m < 12; m++) run.at(m * 60).read("d.level", 176);
    expect(told(run).at(-1)).toMatch(/^8 return blue/);
  });
});

describe("stages that can never work are refused", () => {
  test.each<[string, RuleSketch, RegExp]>([
    [
      "the wrong way round",
      { stages: { warning: 178, guarantee: 177 } },
      /^stages.guarantee: .*wrong way round/,
    ],
    [
      "beyond the range in the datum",
      { applies: { channel: "d.depth" }, stages: { warning: 190, datum: { base: 174.6 } } },
      /^stages.warning: .*never raise/,
    ],
    [
      "a rise with too few readings",
      { stages: { warning: 177, rise: { window: "2m", warning: 1 } } },
      /^stages.rise.window: .*never holds/,
    ],
    [
      "a rise of nothing",
      { stages: { warning: 177, rise: { window: "1h", warning: 0 } } },
      /^stages.rise.warning: .*positive/,
    ],
    [
      "two delays of one stage",
      {
        stages: {
          warning: { limit: 177, onDelay: "5m" },
          rise: { window: "1h", warning: 1 },
        },
      },
      /^stages.rise: yellow has other delays/,
    ],
  ])("%s", (_name, sketch, expected) => {
    expect(problemsOf(site, { applies: { channel: "d.level" }, ...sketch })).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  test("without any stage", () => {
    expect(() => problemsOf(site, { applies: { channel: "d.level" }, stages: {} })).toThrow(
      /at least one of attention/,
    );
  });
});

describe("against a plain model", () => {
  const grades = [
    { severity: "blue" as const, limit: 2, deadband: 0.5, onDelay: 0, offDelay: 4 },
    { severity: "orange" as const, limit: 5, deadband: 0.5, onDelay: 3, offDelay: 2 },
  ];
  const rule = (stages: object) => ({
    rule: {
      applies: { channel: "d.v" },
      deadband: 0.5,
      stages: {
        attention: { limit: 2, offDelay: "4s" },
        guarantee: { limit: 5, onDelay: "3s", offDelay: "2s" },
        ...stages,
      },
    },
  });

  test("together they are what `above` is", () => {
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(site, rule({ descend: "together" })), history).until(end);
        expect(gradesOf(run.events)).toEqual(gradesOver(grades, history, { end, keepsState: false }));
      }),
      { numRuns: 300 },
    );
  });

  test("stepwise never skips a stage on the way down, and never comes down sooner", () => {
    const order = ["normal", "blue", "orange"];
    fc.assert(
      fc.property(readings, (history) => {
        const end = history.at(-1)!.at + 30;
        const run = feed(new EngineRun(site, rule({})), history).until(end);
        const together = feed(new EngineRun(site, rule({ descend: "together" })), history).until(end);
        const steps = gradesOf(run.events).map((one) => one.split(" "));
        let before = 0;
        for (const [, grade] of steps) {
          const now = order.indexOf(grade!);
          expect(now).toBeGreaterThanOrEqual(before - 1);
          before = now;
        }
        const at = (events: string[][], t: number) => {
          const last = events.findLast(([time]) => Number(time) <= t);
          return last === undefined ? 0 : order.indexOf(last[1]!);
        };
        const plain = gradesOf(together.events).map((one) => one.split(" "));
        for (let t = 0; t <= end; t++) expect(at(steps, t)).toBeGreaterThanOrEqual(at(plain, t));
      }),
      { numRuns: 300 },
    );
  });

  test("a spike filter that lets only confirmed readings through", () => {
    const confirmed = (history: readonly OracleReading[]) => {
      let last = Number.NaN;
      let aside: number | undefined;
      return history.map((reading): OracleReading => {
        const { at, value, quality } = reading;
        if (quality === "bad") return reading;
        const near = (other: number | undefined) => other !== undefined && Math.abs(value - other) <= 3;
        if (Number.isNaN(last) || near(last) || near(aside)) {
          last = value;
          aside = undefined;
          return reading;
        }
        aside = value;
        return { at, value: Number.NaN, quality: "bad" };
      });
    };
    fc.assert(
      fc.property(readingsOf(fc.constantFrom(0, 1, 2, 3, 5, 6, 9)), (any) => {
        // Times are unique within a series.
        const history = any.filter(({ at }, i) => i === 0 || at > any[i - 1]!.at);
        const end = history.at(-1)!.at + 30;
        const filtered = rule({ descend: "together", largestStep: 3 });
        const run = feed(new EngineRun(site, filtered), history).until(end);
        expect(gradesOf(run.events)).toEqual(
          gradesOver(grades, confirmed(history), { end, keepsState: false }),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a restart at any point changes no event", () => {
    const rise = { window: "10s", per: "second", attention: { limit: 0.5, offDelay: "4s" } };
    for (const stages of [{}, { largestStep: 3, rise }]) checkpointsChangeNothing(site, rule(stages));
    fc.assert(
      fc.property(readings, fc.nat(), (history, at) => {
        const sketch = { rule: { ...rule({}).rule, applies: { channel: "d.float" } } };
        const cut = at % history.length;
        const end = history.at(-1)!.at + 100;
        const whole = feed(new EngineRun(site, sketch), history, "d.float").until(end);
        const first = feed(new EngineRun(site, sketch), history.slice(0, cut), "d.float");
        const second = feed(first.restored(), history.slice(cut), "d.float").until(end);
        expect([...first.events, ...second.events].map(line)).toEqual(whole.events.map(line));
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 200 },
    );
  });
});
