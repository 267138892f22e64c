import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import { DAY, MILLISECOND, SECOND } from "../../model/time.ts";
import type { Condition, Sample } from "../../rules/conditions/condition.ts";
import { EngineRun, type RuleSketch, rulesOf, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { ratiosOf, type WaveOptions, type WaveSample } from "./waveform-oracle.ts";
import { checkpointsChangeNothing, problemsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "slope", domain: "geohazard" }],
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "particle_velocity", period: 10 * MILLISECOND, stale: 365 * DAY },
        {
          id: "g",
          quantity: "acceleration",
          period: 5 * MILLISECOND,
          stale: 365 * DAY,
          range: { low: -2, high: 2 },
        },
        { id: "slow", quantity: "particle_velocity", period: SECOND, stale: 365 * DAY },
        { id: "unstated", quantity: "particle_velocity", period: 0, stale: 365 * DAY },
        { id: "events", quantity: "particle_velocity", report: "on-change" },
        { id: "rms", quantity: "vibration_velocity", period: 10 * MILLISECOND, stale: 365 * DAY },
        { id: "smoke", quantity: "smoke", stale: 365 * DAY },
      ],
    },
  ],
});

function rule(staLta: object, more: RuleSketch = {}): Record<string, RuleSketch> {
  return { rule: { applies: { channel: "d.v" }, staLta, ...more } };
}

const PLAIN: WaveOptions = {
  sta: 100 * MILLISECOND,
  lta: SECOND,
  maxGap: 30 * MILLISECOND,
  minCoverage: 0.4,
  on: 3,
  off: 1.5,
  freeze: true,
};

function sketchOf(o: WaveOptions): object {
  return {
    sta: `${o.sta / MILLISECOND}ms`,
    lta: `${o.lta / MILLISECOND}ms`,
    above: { yellow: o.on },
    off: o.off,
    freeze: o.freeze,
    minCoverage: o.minCoverage,
    ...(o.floor === undefined ? {} : { floor: o.floor }),
    ...(o.freezeAtMost === undefined ? {} : { freezeAtMost: `${o.freezeAtMost / MILLISECOND}ms` }),
  };
}

function conditionOf(o: WaveOptions): Condition {
  return rulesOf(site, rule(sketchOf(o)))[0]!.subjects[0]!.condition.create();
}

const REASONS = { good: REASON.good, uncertain: REASON.not_accurate, bad: REASON.no_communication };

/** The ratio at each sample, as the condition has it. */
function ratiosBy(condition: Condition, history: readonly WaveSample[]): number[] {
  return history.map(({ at, value, quality }) => {
    const reason = REASONS[quality];
    const sample: Sample = {
      value: quality === "bad" ? Number.NaN : value,
      reason,
      quality: qualityOf(reason),
      time: START + at,
      received: START + at,
      channel: 0,
    };
    const bad = (condition.judge(sample) >> 8) % 4 === 2;
    return bad ? Number.NaN : condition.memory!.value(0);
  });
}

function expectSame(known: readonly number[], plain: readonly number[]): void {
  expect(known.map(Number.isNaN)).toEqual(plain.map(Number.isNaN));
  known.forEach((ratio, i) => {
    if (!Number.isNaN(ratio)) expect(Math.abs(ratio - plain[i]!)).toBeLessThan(2e-9 + 1e-9 * ratio);
  });
}

/** Samples a period apart as a rule, noise as a rule, with bursts, losses and gaps longer than the long window. */
const histories: fc.Arbitrary<WaveSample[]> = fc
  .array(
    fc.record({
      many: fc.integer({ min: 1, max: 60 }),
      loud: fc.constantFrom(1, 1, 1, 4, 20, 300),
      offset: fc.constantFrom(0, 0, 5, -1000),
      wait: fc.constantFrom(1, 1, 1, 1, 2, 7, 40, 101, 250),
      quality: fc.constantFrom("good", "good", "good", "uncertain", "bad" as const),
      seed: fc.integer({ min: 1, max: 1000 }),
    }),
    { minLength: 3, maxLength: 14 },
  )
  .map((bursts) => {
    const history: WaveSample[] = [];
    let at = 0;
    for (const { many, loud, offset, wait, quality, seed } of bursts) {
      at += wait * 10 * MILLISECOND;
      for (let i = 0; i < many; i++) {
        if (i > 0) at += 10 * MILLISECOND;
        const noise = Math.sin((seed + i * i) * 12.9898) * loud;
        history.push({ at, value: offset + noise, quality: i === 0 ? quality : "good" });
      }
    }
    return history;
  });

describe("STA/LTA against a plain model (semantics 21)", () => {
  test.each<[string, Partial<WaveOptions>]>([
    ["held while triggered", {}],
    ["never held", { freeze: false }],
    ["held for no longer than a while", { freezeAtMost: SECOND }],
    ["over the noise of the instrument", { floor: 1.5 }],
    ["covered as it is by default", { minCoverage: 0.8 }],
    ["that clears late", { off: 2.9 }],
  ])("%s", (_, more) => {
    const options = { ...PLAIN, ...more };
    fc.assert(
      fc.property(histories, (history) => {
        expectSame(ratiosBy(conditionOf(options), history), ratiosOf(history, options));
      }),
      { numRuns: 150 },
    );
  });

  test("scale and moment make no difference: the ratio has no unit", () => {
    fc.assert(
      fc.property(
        histories,
        fc.integer({ min: -20, max: 20 }),
        fc.nat({ max: 1e12 }),
        (history, by, later) => {
          const other = history.map(({ at, value, quality }) => ({
            at: at + later,
            value: value * 2 ** by,
            quality,
          }));
          expect(ratiosBy(conditionOf(PLAIN), other)).toEqual(ratiosBy(conditionOf(PLAIN), history));
        },
      ),
      { numRuns: 100 },
    );
  });

  test("a restart between any two samples changes nothing", () => {
    checkpointsChangeNothing(
      site,
      rule(sketchOf({ ...PLAIN, freezeAtMost: 3 * SECOND })),
      histories.map((history) => history.map((one) => ({ ...one, at: one.at / SECOND }))),
    );
  });

  test("a day of samples later the ratio is still what the definition gives", () => {
    const condition = conditionOf(PLAIN);
    const tail: WaveSample[] = [];
    for (let i = 0; i < 400_000; i++) {
      // A drift of a thousand, and once a burst that is a million times the noise.
      const value = i / 400 + Math.sin(i * i * 12.9898) * (i % 100_000 < 20 ? 1e6 : 1);
      const sample: WaveSample = { at: i * 10 * MILLISECOND, value, quality: "good" };
      if (i >= 399_700) tail.push(sample);
      else ratiosBy(condition, [sample]);
    }
    expectSame(ratiosBy(condition, tail).slice(150), ratiosOf(tail, PLAIN).slice(150));
  });
});

/** A run at 100 Hz: quiet noise of amplitude 1, with what `loud` gives at a second instead. */
function shake(
  run: EngineRun,
  from: number,
  to: number,
  loud: (second: number) => number = () => 1,
): EngineRun {
  for (let i = Math.round(from * 100); i < Math.round(to * 100); i++) {
    run.at(i / 100).read("d.v", 7 + Math.sin(i * i * 12.9898) * loud(i / 100));
  }
  return run;
}

describe("the trigger", () => {
  const USUAL = { sta: "1s", lta: "30s", above: { yellow: 4, red: 12 }, off: 1.5 };

  test("a rockfall in the noise raises within the short window and clears after it, whatever the offset", () => {
    const run = new EngineRun(site, rule(USUAL));
    shake(run, 0, 60, (s) => (s >= 40 && s < 45 ? 10 : 1));
    const told = run.told();
    expect(told.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
      "rule@d.v raise yellow",
      "rule@d.v upgrade red",
      "rule@d.v return red",
    ]);
    const [raised = 0, , returned = 0] = told.map((line) => Number(line.split(" ")[0]));
    expect(raised).toBeGreaterThanOrEqual(40);
    expect(raised).toBeLessThan(40.2);
    expect(returned).toBeGreaterThan(45.9);
    expect(returned).toBeLessThan(46.1);
    expect(run.events[0]!.value).toBeGreaterThanOrEqual(4);
    expect(run.events[0]).toMatchObject({ limit: 4, reason: 0 });
  });

  test("21: nothing before the long window is full, however loud", () => {
    const run = new EngineRun(site, rule(USUAL));
    shake(run, 0, 29.9, (s) => (s > 20 ? 100 : 1));
    expect(run.told()).toEqual([]);
  });

  test("21: nothing again after a gap that is longer than the long window, and what stood goes on standing", () => {
    const run = new EngineRun(site, rule(USUAL));
    shake(run, 0, 41, (s) => (s >= 40 ? 3 : 1));
    expect(run.told()).toHaveLength(1);
    shake(run, 72, 101.9);
    expect(run.told()).toEqual([]);
    shake(run, 101.9, 103);
    expect(run.told()).toEqual(["102 rule@d.v return yellow"]);
  });

  test("a gap shorter than the long window needs no new beginning", () => {
    const run = new EngineRun(site, rule({ ...USUAL, minCoverage: 0.5 }));
    shake(run, 0, 40);
    shake(run, 50, 60, (s) => (s >= 55 ? 10 : 1));
    expect(run.told()[0]).toMatch(/^55\.\d+ rule@d\.v raise yellow$/);
  });

  test("held, a long event stays an event; not held, it becomes its own background", () => {
    const long = (s: number) => (s >= 40 ? 6 : 1);
    const held = shake(new EngineRun(site, rule(USUAL)), 0, 140, long);
    expect(held.events.map(({ transition }) => transition)).toEqual(["raise", "upgrade"]);
    const free = shake(new EngineRun(site, rule({ ...USUAL, freeze: false })), 0, 140, long);
    expect(free.events.map(({ transition }) => transition).at(-1)).toBe("return");
    const limited = shake(new EngineRun(site, rule({ ...USUAL, freezeAtMost: "30s" })), 0, 140, long);
    expect(limited.events.map(({ transition }) => transition).at(-1)).toBe("return");
    expect(limited.events.at(-1)!.time).toBeGreaterThan(START + 70 * SECOND);
  });

  test("what came while it was held is no background afterwards", () => {
    const run = shake(new EngineRun(site, rule(USUAL)), 0, 60, (s) => (s >= 40 && s < 45 ? 10 : 1));
    shake(run, 60, 66, (s) => (s >= 62 ? 4 : 1));
    // Not held, five loud seconds would fill the long window with seventeen times the noise, and this would be none.
    expect(
      run.events.filter(({ transition }) => transition === "raise" || transition === "again"),
    ).toHaveLength(2);
  });

  test("an instrument that says the same for ever has no ratio; its first motion triggers", () => {
    const run = new EngineRun(site, rule({ ...USUAL, above: { yellow: 4 } }));
    for (let i = 0; i < 4000; i++) run.at(i / 100).read("d.v", 3);
    expect(run.told()).toEqual([]);
    for (let i = 4000; i < 4010; i++) run.at(i / 100).read("d.v", 3 + (i % 2));
    expect(run.told()).toEqual(["40.01 rule@d.v raise yellow"]);
    const floored = new EngineRun(site, rule({ ...USUAL, floor: 2 }));
    for (let i = 0; i < 4010; i++) floored.at(i / 100).read("d.v", i < 4000 ? 3 : 3 + (i % 2));
    expect(floored.told()).toEqual([]);
  });

  test("what rounding leaves of great motion is no noise of an instrument that then stands still", () => {
    const condition = conditionOf({ ...PLAIN, freeze: false });
    const history = Array.from({ length: 400 }, (_, i): WaveSample => {
      const value = i < 150 ? 1e9 * Math.sin(i * i * 12.9898) + i / 3 : 0.1;
      return { at: i * 10 * MILLISECOND, value, quality: "good" };
    });
    expect(ratiosBy(condition, history).slice(-100)).toEqual(Array.from({ length: 100 }, () => Number.NaN));
  });

  test("9: a sample beyond the range is motion, as uncertain", () => {
    const run = new EngineRun(site, { rule: { applies: { channel: "d.g" }, staLta: USUAL } });
    run.at(0).read("d.v", 1);
    for (let i = 0; i < 8000; i++) run.at(i / 200).read("d.g", Math.sin(i * i * 12.9898) / 100);
    run.at(40).read("d.g", Number.NEGATIVE_INFINITY, "under_range");
    expect(run.events).toMatchObject([{ transition: "raise", severity: "red", reason: REASON.under_range }]);
    const unstated = new EngineRun(site, rule(USUAL));
    unstated.at(0).read("d.v", Number.POSITIVE_INFINITY, "over_range");
    expect(unstated.events).toMatchObject([{ severity: "red", value: Number.POSITIVE_INFINITY }]);
  });

  test("8: one uncertain sample keeps the alarm from clearing while it is in the short window", () => {
    const run = new EngineRun(site, rule({ ...USUAL, above: { yellow: 4 } }));
    shake(run, 0, 45.5, (s) => (s >= 40 && s < 45 ? 10 : 1));
    run.at(45.5).read("d.v", 7, "not_accurate");
    shake(run, 45.51, 47);
    expect(run.told().at(-1)).toMatch(/^46\.5 rule@d\.v return yellow$/);
  });

  test("samples that share one message are told apart by their own times", () => {
    const run = new EngineRun(site, rule({ ...USUAL, above: { yellow: 4 } }));
    for (let s = 0; s < 50; s++) {
      run.at(s + 1).message(
        ...Array.from({ length: 100 }, (_, k) => {
          const i = s * 100 + k;
          const loud = s === 40 ? 10 : 1;
          return { channel: "d.v", value: Math.sin(i * i * 12.9898) * loud, time: i / 100 };
        }),
      );
    }
    // Accepted with its message, at the end of that second.
    expect(run.told()).toEqual(["41 rule@d.v raise yellow", "42 rule@d.v return yellow"]);
    expect(run.events[0]!.measured).toBeLessThan(START + 40.3 * SECOND);
  });

  test("a device clock that is set back leaves the background as it was", () => {
    const condition = conditionOf({ ...PLAIN, minCoverage: 0.8 });
    const noise = (i: number) => Math.sin(i * i * 12.9898);
    const before = Array.from(
      { length: 200 },
      (_, i): WaveSample => ({ at: i * 10_000, value: noise(i), quality: "good" }),
    );
    ratiosBy(condition, before);
    const back = -3600 * SECOND;
    const after = Array.from({ length: 30 }, (_, i): WaveSample => {
      return { at: back + i * 10_000, value: noise(200 + i) * 9, quality: "good" };
    });
    expect(ratiosBy(condition, after).at(-1)).toBeGreaterThan(3);
  });
});

describe("check refuses", () => {
  const refused = (channel: string, staLta: object = {}, more: RuleSketch = {}) =>
    problemsOf(site, { applies: { channel }, staLta: { above: { yellow: 4 }, ...staLta }, ...more });

  test.each([
    ["slow", /^staLta: a sample every 1s is no waveform/],
    ["unstated", /^staLta: nobody has said how often a sample comes/],
    ["events", /^staLta: the channel reports only changes/],
    ["rms", /^staLta: vibration_velocity is summed up by the instrument/],
    ["smoke", /^staLta: smoke is a state/],
  ])("%s", (channel, problem) => {
    expect(refused(`d.${channel}`)).toEqual([expect.stringMatching(problem)]);
  });

  test.each<[object, RegExp]>([
    [{ above: { yellow: 4, orange: 3 } }, /^staLta\.above\.orange: orange is reached no later than yellow/],
    [{ above: { yellow: 1.2 } }, /^staLta\.above\.yellow: it clears at 1\.5/],
    [{ above: { yellow: 10 } }, /^staLta\.above\.yellow: a ratio of 10 is never reached/],
    [{ above: { yellow: 4, red: { on: 8, off: 1 } } }, /^staLta\.above\.red: yellow would clear before red/],
    [{ sta: "50ms", lta: "1s", minCoverage: 0.9 }, /^staLta\.sta: in 50ms there are too few/],
    [{ lta: "30m" }, /^staLta\.lta: a window of 30m holds 180000 samples/],
  ])("%j", (staLta, problem) => {
    expect(refused("d.v", staLta)).toEqual([expect.stringMatching(problem)]);
  });

  test("a deadband beside off", () => {
    expect(refused("d.v", {}, { deadband: 1 })).toEqual([expect.stringMatching(/a ratio has no deadband/)]);
  });

  test("held, a higher level may lie beyond what the windows could give by themselves", () => {
    expect(refused("d.v", { above: { yellow: 4, red: 40 } })).toEqual([]);
    expect(refused("d.v", { above: { yellow: 4, red: 40 }, freeze: false })).toEqual([
      expect.stringMatching(/^staLta\.above\.red: a ratio of 40 is never reached/),
    ]);
  });
});

test("qualities of this file are those of the model", () => {
  expect(Object.values(REASONS).map(qualityOf)).toEqual([GOOD, 1, 2]);
});
