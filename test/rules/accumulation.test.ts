import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLAG_CLOCK_SUSPECT, FLAG_DEVICE_TIME } from "../../model/reading.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import type { OracleReading } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";
import { nine, windowAt } from "./window-oracle.ts";
import { checkpointsChangeNothing, feed, problemsOf, readingsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "slope", domain: "geohazard" }],
  devices: [
    {
      id: "d",
      channels: [
        { id: "v", quantity: "rain_increment", stale: 365 * DAY },
        { id: "five", quantity: "rain_increment", period: 5 * MINUTE, stale: 15 * MINUTE },
        { id: "tips", quantity: "rain_increment", report: "on-change" },
        { id: "counter", quantity: "rain_counter", period: 5 * MINUTE, stale: 365 * DAY },
        { id: "since8", quantity: "rain_since_8", period: 5 * MINUTE, stale: 365 * DAY },
        { id: "quick", quantity: "rain_counter", stale: 365 * DAY },
        { id: "rate", quantity: "rain_rate", stale: 365 * DAY },
        { id: "temp", quantity: "temperature", stale: 365 * DAY },
      ],
    },
  ],
});

/** The table of a county's flash-flood warnings (domain.md e.3). */
const FLASH_FLOOD = [
  { window: "1h", above: { blue: 35, yellow: 45, orange: 60, red: 80 } },
  { window: "3h", above: { blue: 55, yellow: 75, orange: 100, red: 120 } },
  { window: "6h", above: { blue: 70, yellow: 95, orange: 120, red: 150 } },
  { window: "24h", above: { blue: 100, yellow: 130, orange: 160, red: 200 } },
];

function rain(channel: string, accumulation: object, more: RuleSketch = {}): EngineRun {
  return new EngineRun(site, { rain: { applies: { channel: `d.${channel}` }, accumulation, ...more } });
}

function raised(run: EngineRun): string[] {
  return run.events
    .filter(({ rule }) => rule === "rain")
    .map(
      ({ time, transition, severity, value, limit }) =>
        `${(time - START) / MINUTE} ${transition} ${severity} ${value}/${limit}`,
    );
}

describe("rain in several windows at once (domain.md e.3)", () => {
  test("the alarm has the highest level that any window reaches, and says which", () => {
    const run = rain("five", { windows: FLASH_FLOOD });
    // 3 mm every 5 minutes, 36 mm/h: blue over 1 h first, then what longer windows bring.
    for (let m = 0; m <= 6 * 60; m += 5) run.at(m * 60).read("d.five", 3);
    expect(raised(run)).toEqual([
      "55 raise blue 36/35",
      "120 upgrade yellow 75/75",
      "165 upgrade orange 102/100",
      "245 upgrade red 150/150",
    ]);
  });

  test("it comes down as rain leaves the windows, one grade after the other", () => {
    const run = rain("five", { windows: FLASH_FLOOD });
    for (let m = 0; m <= 24 * 60; m += 5) run.at(m * 60).read("d.five", 0);
    for (let m = 0; m < 60; m += 5) run.at((1445 + m) * 60).read("d.five", 10);
    for (let m = 1505; m <= 54 * 60; m += 5) run.at(m * 60).read("d.five", 0);
    // 120 mm between minutes 1445 and 1500: red over 1 and 3 h, orange over 6 h, blue over 24 h; they leave in turn.
    expect(raised(run).slice(-4)).toEqual([
      "1625 downgrade orange 110/100",
      "1805 downgrade yellow 110/95",
      "1815 downgrade blue 90/70",
      "2895 return blue 90/100",
    ]);
  });

  test("16: what leaves is evaluated at that instant, between two readings", () => {
    const run = rain("v", { windows: [{ window: "60s", above: { red: 5 } }], maxGap: "60s" });
    run.at(0).read("d.v", 0).at(59).read("d.v", 4).at(70).read("d.v", 2).at(110).read("d.v", 0);
    run.until(118).at(118.5);
    expect(run.told()).toEqual(["70 rain@d.v raise red"]);
    run.until(119);
    // (59, 119] holds no reading at 59 any more; 51 of its 60 seconds are known.
    expect(run.told()).toEqual(["119 rain@d.v return red"]);
    expect(run.events.at(-1)).toMatchObject({ value: 2, limit: 5 });
  });

  test("7: a return is never made of silence", () => {
    const run = rain("five", { windows: [{ window: "1h", above: { red: 30 } }] });
    for (let m = 0; m <= 60; m += 5) run.at(m * 60).read("d.five", 3);
    run.until(12 * 3600);
    expect(raised(run)).toEqual([expect.stringMatching(/raise red 30/)]);
  });

  test("an hourly gauge under a window of an hour: leaving restarts no off-delay", () => {
    const run = new EngineRun(
      siteOf({
        devices: [
          { id: "d", channels: [{ id: "h", quantity: "rain_increment", period: HOUR, stale: 3 * HOUR }] },
        ],
      }),
      {
        rain: {
          applies: { channel: "d.h" },
          offDelay: "90m",
          accumulation: { windows: [{ window: "1h", above: { red: 30 } }] },
        },
      },
    );
    for (const [h, mm] of [0, 0, 40, 1, 1, 1, 1].entries()) run.at(h * 3600).read("d.h", mm);
    expect(run.told()).toEqual(["7200 rain@d.h raise red", "18000 rain@d.h return red"]);
  });

  test("a batch that comes an hour late is summed at its own times", () => {
    const run = rain("five", { windows: [{ window: "1h", above: { red: 30 } }] });
    for (let m = 0; m <= 60; m += 5) run.at(m * 60).read("d.five", 2);
    for (let m = 65; m <= 120; m += 5) {
      run
        .at(121 * 60)
        .message({ channel: "d.five", value: m < 80 ? 8 : 0, time: m * 60, flags: FLAG_DEVICE_TIME });
    }
    // 11 × 2 + 8 in the hour that ended at minute 65, though by minute 121 the first of them have left.
    expect(raised(run)).toEqual(["121 raise red 30/30", "121 return red 28/30"]);
  });

  test("what has left before it came is looked at when it comes, never in the past", () => {
    const run = rain("five", { windows: [{ window: "1h", above: { red: 30 } }] });
    for (let m = 0; m <= 60; m += 5) run.at(m * 60).read("d.five", 0);
    for (let m = 65; m <= 120; m += 5) {
      run.at(180 * 60).message({ channel: "d.five", value: 4, time: m * 60, flags: FLAG_DEVICE_TIME });
    }
    run.until(200 * 60);
    const times = run.events.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(raised(run)).toEqual(["180 raise red 32/30"]);
    // The next deadlines are the future's.
    expect(run.engine.nextDeadline()).toBeGreaterThan(START + 200 * MINUTE);
  });

  test("antecedent rain of a late batch is weighed at its own times", () => {
    const run = rain("five", {
      minCoverage: 0,
      windows: [{ window: "1h", before: { window: "1d", share: 0.5 }, above: { red: 30 } }],
    });
    run
      .at(0)
      .read("d.five", 20)
      .until(65 * 60);
    // By now 20 mm count half; when it is told of minute 30 they counted whole.
    run.at(66 * 60).message({ channel: "d.five", value: 10, time: 30 * 60, flags: FLAG_DEVICE_TIME });
    // Then at once as of now, where the 20 mm count half again.
    run.until(67 * 60);
    expect(raised(run)).toEqual(["66 raise red 30/30", "66 return red 20/30"]);
  });

  test("14: a clock that was set back takes along what has fallen, and it leaves in its turn", () => {
    const run = rain("v", { windows: [{ window: "60s", above: { red: 5 } }] });
    run.at(0).read("d.v", 0).at(100).read("d.v", 4);
    const rained = (of: EngineRun) => of.told().filter((one) => one.includes(" rain@"));
    const set = (at: number, value: number) =>
      run
        .at(at)
        .message({ channel: "d.v", value, time: at - 40, flags: FLAG_DEVICE_TIME | FLAG_CLOCK_SUSPECT });
    set(110, 2);
    expect(rained(run)).toEqual(["110 rain@d.v raise red"]);
    for (const at of [120, 140, 160]) {
      run.at(at).message({ channel: "d.v", value: 0, time: at - 40, flags: FLAG_DEVICE_TIME });
    }
    expect(rained(run)).toEqual([]);
    // 4 mm and 2 mm lie at the same instant now, 70 s by the device's clock.
    run.at(171).message({ channel: "d.v", value: 0, time: 131, flags: FLAG_DEVICE_TIME });
    expect(rained(run)).toEqual(["171 rain@d.v return red"]);
  });

  test("a tipping bucket speaks only when it tips: no rain is no gap, unless its device is lost", () => {
    const tips = siteOf({
      devices: [
        {
          id: "d",
          liveness: 2 * HOUR,
          channels: [{ id: "tips", quantity: "rain_increment", report: "on-change" }],
        },
      ],
    });
    const rules = {
      rain: {
        applies: { channel: "d.tips" },
        accumulation: { windows: [{ window: "1h", above: { red: 1 } }] },
      },
    };
    const run = new EngineRun(tips, rules);
    run.at(0).read("d.tips", 0.2).at(3600);
    for (let i = 0; i < 5; i++) run.at(3600 + i * 60).read("d.tips", 0.2);
    run.until(9000);
    expect(raised(run)).toEqual(["64 raise red 1/1", "120 return red 0.8/1"]);
    const lost = new EngineRun(tips, rules);
    lost.at(0).read("d.tips", 0.2);
    for (let i = 0; i < 5; i++) lost.at(3600 + i * 60).read("d.tips", 0.2);
    // The gateway was down from then on: what is gone is not known to be over.
    const second = lost.restored().at(3900).boot({ boot: "b2" }).until(20_000);
    expect(second.events.filter(({ rule }) => rule === "rain")).toEqual([]);
  });

  test("less than nothing cannot have fallen, and beyond the end of the gauge nothing can be added", () => {
    const run = rain("v", { windows: [{ window: "60s", above: { red: 5 } }] });
    run.at(0).read("d.v", -9).at(1).read("d.v", 3).at(2).read("d.v", -9);
    run.at(3).read("d.v", Number.POSITIVE_INFINITY, "over_range").at(4).read("d.v", 2);
    expect(run.told()).toEqual(["4 rain@d.v raise red"]);
    expect(run.events[0]).toMatchObject({ value: 5 });
  });
});

describe("rain counters", () => {
  const hour = { windows: [{ window: "1h", above: { red: 20 } }] };

  function counts(run: EngineRun, channel: string, values: readonly number[]): EngineRun {
    for (const [i, value] of values.entries()) run.at(i * 300).read(`d.${channel}`, value);
    return run;
  }

  const level = (from: number, n: number) => Array.from({ length: n }, () => from);

  test("the first count says nothing about what came before it", () => {
    expect(raised(counts(rain("counter", hour), "counter", level(812.4, 30)))).toEqual([]);
  });

  test("increments add up", () => {
    const run = counts(rain("counter", hour), "counter", [...level(812.4, 13), 822.4, 832.4]);
    expect(raised(run)).toEqual(["70 raise red 20/20"]);
  });

  test.each<[string, object, number[], string[]]>([
    ["a reset counts what has come since", {}, [...level(500, 13), 12, 21, 21, 21], ["70 raise red 21/20"]],
    ["a drop-out of one sample counts nothing", {}, [...level(500, 13), 0, 500.2, 500.2], []],
    ["a spike of one sample counts nothing", {}, [...level(500, 13), 900, 500.2, 500.2], []],
    ["a wrap goes on from 0", { wrap: 1000 }, [...level(990, 13), 10, 12], ["65 raise red 20/20"]],
    ["without a wrap it would be a reset", {}, [...level(990, 13), 10, 12], []],
    [
      "evaporation within the noise is no reset and is not counted again",
      { noise: 0.5 },
      [...level(500, 13), 499.7, 500.2, 499.8, 500.4],
      [],
    ],
    ["slow evaporation is never counted anew", { noise: 0.1 }, [...level(30, 13), 29.5, 29.5, 29, 29], []],
    [
      "a jump that stays is real: the gauge was cut off, and it rained",
      {},
      [...level(500, 13), 650, 650.2],
      ["70 raise red 150.2/20"],
    ],
  ])("%s", (_name, more, values, expected) => {
    expect(raised(counts(rain("counter", { ...hour, ...more }), "counter", values))).toEqual(expected);
  });

  test("a reset leaves doubt about what was lost, unless it is the daily one", () => {
    const values = [...level(50, 13), 1, 2, ...level(2, 30)];
    const dubious = counts(
      rain("counter", { windows: [{ window: "1h", above: { red: 2 } }] }),
      "counter",
      values,
    );
    expect(dubious.events.find(({ rule }) => rule === "rain")).toMatchObject({
      transition: "raise",
      value: 2,
    });
    const daily = counts(
      rain("since8", { windows: [{ window: "1h", above: { red: 2 } }] }),
      "since8",
      values,
    );
    expect(daily.events.find(({ rule }) => rule === "rain")).toMatchObject({
      transition: "raise",
      value: 2,
      reason: 0,
    });
  });

  test("limits in inches", () => {
    const run = counts(
      rain("counter", { windows: [{ window: "1h", above: { red: 1 } }] }, { unit: "in(rain)" }),
      "counter",
      [...level(0, 13), 12.7, 25.4],
    );
    expect(raised(run)).toEqual(["70 raise red 25.4/25.4"]);
  });
});

describe("an accumulation that can never work is refused", () => {
  const windows = [{ window: "1h", above: { red: 10 } }];
  test.each<[string, RuleSketch, RegExp]>([
    [
      "a quantity that may be either",
      { applies: { channel: "d.temp" }, accumulation: { windows } },
      /^accumulation.of: /,
    ],
    ["a wrap of increments", { accumulation: { windows, wrap: 100 } }, /^accumulation.wrap: .*counter/],
    [
      "a longer window with no higher limit",
      { accumulation: { windows: [...windows, { window: "3h", above: { red: 10 } }] } },
      /^accumulation.windows.0.above.red: 1h could never raise red/,
    ],
    [
      "the same window twice",
      { accumulation: { windows: [...windows, { window: "1h", above: { red: 20 } }] } },
      /^accumulation.windows.1.above.red: .*there twice/,
    ],
    [
      "two delays of one level",
      {
        accumulation: {
          windows: [...windows, { window: "3h", above: { red: { limit: 20, onDelay: "5m" } } }],
        },
      },
      /^accumulation.windows.1.above.red: .*other delays/,
    ],
    [
      "levels the wrong way round",
      { accumulation: { windows: [{ window: "1h", above: { yellow: 20, red: 10 } }] } },
      /^accumulation.windows.0.above.red: .*wrong way round/,
    ],
    [
      "a limit of nothing",
      { accumulation: { windows: [{ window: "1h", above: { red: 0 } }] } },
      /^accumulation.windows.0.above.red: .*always be active/,
    ],
  ])("%s", (_name, sketch, expected) => {
    expect(problemsOf(site, { applies: { channel: "d.five" }, ...sketch })).toEqual([
      expect.stringMatching(expected),
    ]);
  });
});

describe("against a plain model", () => {
  const WINDOWS = [
    { span: 6, limits: { yellow: 3, red: 9 } },
    { span: 15, limits: { yellow: 5, orange: 8 } },
  ];
  const GRADES = ["yellow", "orange", "red"] as const;
  const rule = {
    rule: {
      applies: { channel: "d.v" },
      deadband: 1,
      accumulation: {
        maxGap: "4s",
        windows: WINDOWS.map(({ span, limits }) => ({ window: `${span}s`, above: limits })),
      },
    },
  };

  /** Every instant at which anything enters or leaves, and what each window holds then. */
  function grades(history: readonly OracleReading[], end: number): string[] {
    const instants: { at: number; last: number; leaves: boolean; quality: OracleReading["quality"] }[] = [];
    const leaving = new Set<number>();
    history.forEach(({ at, value, quality }, last) => {
      instants.push({ at, last, leaves: false, quality });
      if (quality === "bad" || value === 0) return;
      for (const { span } of WINDOWS) if (at + span <= end) leaving.add(at + span);
    });
    for (const at of leaving) {
      // Before what enters at that very instant.
      const last = history.findLastIndex((reading) => reading.at < at);
      instants.push({ at, last, leaves: true, quality: "good" });
    }
    instants.sort((a, b) => a.at - b.at || Number(b.leaves) - Number(a.leaves) || a.last - b.last);
    let grade = -1;
    const told: string[] = [];
    for (const { at, last, leaves, quality } of instants) {
      if (quality === "bad") continue;
      const raise = new Set<number>();
      const clear = new Set([0, 1, 2]);
      let sure = true;
      for (const { span, limits } of WINDOWS) {
        const { readings, goodCoverage } = windowAt(history, { last, t: at }, { span, maxGap: 4 });
        const sum = nine(readings.reduce((total, { value }) => total + value, 0));
        GRADES.forEach((severity, i) => {
          const limit = (limits as Record<string, number>)[severity];
          if (limit === undefined) return;
          if (sum >= limit) raise.add(i);
          if (!(sum < limit - 1)) clear.delete(i);
          if (goodCoverage < 0.8) {
            sure = false;
            clear.delete(i);
          }
        });
      }
      if (leaves && !sure && raise.size === 0) continue;
      const top = Math.max(-1, ...raise);
      const before = grade;
      if (top > grade) grade = top;
      else if (quality === "good") while (grade > top && clear.has(grade)) grade--;
      if (grade !== before) told.push(`${at} ${GRADES[grade] ?? "normal"}`);
    }
    return told;
  }

  const increments = readingsOf(fc.constantFrom(0, 0, 0, 0.1, 0.2, 1, 2, 3));

  test("two windows, entering and leaving, coverage and quality", () => {
    fc.assert(
      fc.property(increments, (history) => {
        const end = history.at(-1)!.at + 40;
        const run = feed(new EngineRun(site, rule), history).until(end);
        const found = run.events.map(
          ({ time, transition, severity }) =>
            `${(time - START) / SECOND} ${transition === "return" ? "normal" : severity}`,
        );
        expect(found).toEqual(grades(history, end));
      }),
      { numRuns: 600 },
    );
  });

  test("a restart at any point changes no event", () => {
    checkpointsChangeNothing(site, rule, increments);
    const tips = { rule: { ...rule.rule, applies: { channel: "d.tips" } } };
    const quick = { rule: { ...rule.rule, applies: { channel: "d.quick" } } };
    for (const [channel, sketch] of [
      ["d.tips", tips],
      ["d.quick", quick],
    ] as const) {
      fc.assert(
        fc.property(increments, fc.nat(), (history, at) => {
          const cut = at % history.length;
          const end = history.at(-1)!.at + 100;
          const whole = feed(new EngineRun(site, sketch), history, channel).until(end);
          const first = feed(new EngineRun(site, sketch), history.slice(0, cut), channel);
          const second = feed(first.restored(), history.slice(cut), channel).until(end);
          expect([...first.events, ...second.events]).toEqual(whole.events);
          expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
        }),
        { numRuns: 200 },
      );
    }
  });

  test("antecedent rain: what fell recently and a share of what fell before, as time moves one into the other", () => {
    const before = {
      rule: {
        applies: { channel: "d.v" },
        deadband: 0.5,
        accumulation: {
          minCoverage: 0,
          windows: [{ window: "5s", before: { window: "1h", share: 0.5 }, above: { yellow: 4, red: 8 } }],
        },
      },
    };
    fc.assert(
      fc.property(increments, (history) => {
        const end = history.at(-1)!.at + 20;
        const instants = new Set<number>(
          history.filter(({ quality }) => quality !== "bad").map(({ at }) => at),
        );
        for (const { at, value, quality } of history)
          if (quality !== "bad" && value > 0) instants.add(at + 5);
        let grade = 0;
        const told: string[] = [];
        const look = (at: number, last: number, quality: OracleReading["quality"]) => {
          let sum = 0;
          for (const one of history.slice(0, last + 1)) {
            if (one.quality !== "bad") sum += one.at > at - 5 ? one.value : one.value / 2;
          }
          const value = nine(sum);
          const top = value >= 8 ? 2 : value >= 4 ? 1 : 0;
          const was = grade;
          if (top > grade) grade = top;
          else if (quality === "good") while (grade > top && value < [4, 8][grade - 1]! - 0.5) grade--;
          if (grade !== was) told.push(`${at} ${["normal", "yellow", "red"][grade]}`);
        };
        for (const at of [...instants].sort((a, b) => a - b)) {
          if (at > end) break;
          const earlier = history.findLastIndex((one) => one.at < at);
          const moves = history.some((one) => one.at === at - 5 && one.quality !== "bad" && one.value > 0);
          if (moves) look(at, earlier, "good");
          history.forEach((one, i) => {
            if (one.at === at && one.quality !== "bad") look(at, i, one.quality);
          });
        }
        const run = feed(new EngineRun(site, before), history).until(end);
        const found = run.events.map(
          ({ time, transition, severity }) =>
            `${(time - START) / SECOND} ${transition === "return" ? "normal" : severity}`,
        );
        expect(found).toEqual(told);
      }),
      { numRuns: 400 },
    );
    checkpointsChangeNothing(site, before, increments);
  });
});
