import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, HOUR, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { checkpointsChangeNothing, problemsOf } from "./window-run.ts";

const slope = siteOf({
  points: [{ id: "upper", domain: "geohazard" }, { id: "lower" }, { id: "far" }],
  groups: [
    { id: "slope", points: ["upper", "lower"] },
    { id: "valley", points: ["lower", "far"] },
  ],
  devices: [
    ...["a", "b", "c", "d"].map((id) => ({
      id,
      point: id === "d" ? "lower" : "upper",
      channels: [
        { id: "crack", quantity: "crack_width" as const, period: HOUR, stale: 365 * DAY },
        { id: "temp", quantity: "temperature" as const, stale: 365 * DAY },
      ],
    })),
    { id: "e", point: "far", channels: [{ id: "quiet", quantity: "displacement", report: "on-change" }] },
  ],
});

function deviates(deviation: object, more: RuleSketch = {}): EngineRun {
  return new EngineRun(slope, {
    off: { applies: { channel: "a.crack" }, deviation, ...more },
  });
}

function told(run: EngineRun): string[] {
  return run.told().filter((line) => line.includes(" off@"));
}

describe("departure from a baseline", () => {
  test("that is stated: either way, with its own side said", () => {
    const run = deviates({ baseline: { value: 12 }, above: { yellow: 2, red: 5 } }, { deadband: 0.5 });
    run
      .at(0)
      .read("a.crack", 12)
      .at(1)
      .read("a.crack", 14)
      .at(2)
      .read("a.crack", 7)
      .at(3)
      .read("a.crack", 13.6);
    run.at(4).read("a.crack", 13.4);
    expect(told(run)).toEqual([
      "1 off@a.crack raise yellow",
      "2 off@a.crack upgrade red",
      "3 off@a.crack downgrade yellow",
      "4 off@a.crack return yellow",
    ]);
    expect(run.events.slice(0, 2)).toMatchObject([
      { value: 2, limit: 2 },
      { value: -5, limit: -5 },
    ]);
  });

  test("that is learnt over a stated quiet period: nothing is judged before it is over", () => {
    const run = deviates({ baseline: { learn: "1d" }, above: { yellow: 2 } });
    for (let h = 0; h <= 24; h++) run.at(h * 3600).read("a.crack", h === 3 ? 14 : 10 + (h % 2));
    expect(told(run)).toEqual([]);
    run.at(25 * 3600).read("a.crack", 17);
    run.at(26 * 3600).read("a.crack", 10);
    // 265 / 25 readings.
    expect(run.events[0]).toMatchObject({ value: 17 - 10.6, limit: 2 });
    expect(told(run)).toEqual(["90000 off@a.crack raise yellow", "93600 off@a.crack return yellow"]);
  });

  test("a period that was too thin begins again; one that was stated cannot, and says so", () => {
    const thin = (since?: string) => {
      const baseline = { learn: "1d", ...(since === undefined ? {} : { since }) };
      const run = deviates({ baseline, maxAge: "1h", above: { yellow: 2 } });
      run.at(0).read("a.crack", 10);
      for (let h = 30; h <= 54; h++) run.at(h * 3600).read("a.crack", 20);
      run.at(55 * 3600).read("a.crack", 23);
      return run;
    };
    expect(told(thin())).toEqual(["198000 off@a.crack raise yellow"]);
    const run = thin(new Date(START / 1_000).toISOString());
    expect(told(run)).toEqual([]);
    expect(run.events).toMatchObject([{ rule: "rule-failed", transition: "raise" }]);
    expect(run.events[0]!.note).toContain("quiet period");
  });

  test("only good readings are learnt from", () => {
    const run = deviates({ baseline: { learn: "1d" }, above: { yellow: 2 } });
    for (let h = 0; h <= 24; h++) {
      run.at(h * 3600).read("a.crack", 10);
      if (h < 24) run.at(h * 3600 + 60).read("a.crack", 99, "not_accurate");
    }
    run.at(25 * 3600).read("a.crack", 11);
    expect(told(run)).toEqual([]);
  });
});

describe("departure from others", () => {
  test("from a neighbour, as it spoke last", () => {
    const run = deviates({ neighbour: "b.crack", above: { yellow: 2 } });
    run.at(0).read("a.crack", 5).at(1).read("b.crack", 5).at(2).read("a.crack", 7);
    expect(told(run)).toEqual(["2 off@a.crack raise yellow"]);
    // The neighbour moving on is no reading of this one.
    run.at(3).read("b.crack", 7);
    expect(told(run)).toEqual([]);
    run.at(4).read("a.crack", 7);
    expect(told(run)).toEqual(["4 off@a.crack return yellow"]);
  });

  test("a neighbour that is bad or out of date is not compared with: the alarm holds", () => {
    const run = deviates({ neighbour: "b.crack", maxAge: "60s", above: { yellow: 2 } });
    run.at(0).read("b.crack", 5).at(1).read("a.crack", 8);
    run.at(2).read("b.crack", Number.NaN, "sensor_failure").at(3).read("a.crack", 5);
    run.at(4).read("b.crack", 5).at(70).read("a.crack", 5);
    expect(told(run)).toEqual(["1 off@a.crack raise yellow"]);
    run.at(71).read("b.crack", 5).at(72).read("a.crack", 5);
    expect(told(run)).toEqual(["72 off@a.crack return yellow"]);
  });

  test("from the median of its group: what all do together is no departure", () => {
    const run = deviates(
      { median: "group", above: { yellow: 2 } },
      { applies: { quantity: "crack_width", group: "slope" } },
    );
    const all = (at: number, values: number[]) =>
      run
        .at(at)
        .message(...["d", "c", "b", "a"].map((id, i) => ({ channel: `${id}.crack`, value: values[i]! })));
    all(0, [1, 1, 1, 1]);
    all(1, [2, 2, 2, 2]);
    all(2, [3, 3, 3, 3]);
    expect(told(run)).toEqual([]);
    all(3, [3, 3, 3, 6]);
    expect(told(run)).toEqual(["3 off@a.crack raise yellow"]);
  });

  test("of fewer than two others there is no median", () => {
    const run = deviates(
      { median: "point", above: { yellow: 2 } },
      { applies: { quantity: "crack_width", point: "upper" } },
    );
    run.at(0).read("b.crack", 0).at(1).read("a.crack", 50);
    expect(told(run)).toEqual([]);
    run.at(2).read("c.crack", 0).at(3).read("a.crack", 50);
    expect(told(run).filter((line) => line.includes("@a."))).toEqual(["3 off@a.crack raise yellow"]);
  });
});

describe("departures that can never work are refused", () => {
  test.each<[string, RuleSketch, RegExp]>([
    [
      "a neighbour that does not exist",
      { deviation: { neighbour: "x.crack", above: { red: 1 } } },
      /^deviation.neighbour: there is no channel/,
    ],
    [
      "itself",
      { deviation: { neighbour: "a.crack", above: { red: 1 } } },
      /^deviation.neighbour: 0 other channels/,
    ],
    [
      "another kind of thing",
      { deviation: { neighbour: "b.temp", above: { red: 1 } } },
      /^deviation.neighbour: .*cannot be compared/,
    ],
    [
      "alone at its point",
      { applies: { channel: "d.crack" }, deviation: { median: "point", above: { red: 1 } } },
      /^deviation.median: 0 other/,
    ],
    [
      "in two groups",
      { applies: { quantity: "crack_width" }, deviation: { median: "group", above: { red: 1 } } },
      /^deviation.median: it belongs to several groups/,
    ],
    [
      "a limit of nothing",
      { deviation: { baseline: { value: 1 }, above: { red: 0 } } },
      /^deviation.above.red: .*positive/,
    ],
    [
      "a channel that reports changes",
      { applies: { channel: "e.quiet" }, deviation: { baseline: { value: 1 }, above: { red: 1 } } },
      /reports only changes/,
    ],
  ])("%s", (_name, sketch, expected) => {
    expect(problemsOf(slope, { applies: { channel: "a.crack" }, ...sketch })).toContainEqual(
      expect.stringMatching(expected),
    );
  });
});

describe("against a plain model", () => {
  const small = siteOf({
    points: [{ id: "p" }],
    groups: [{ id: "all", points: ["p"] }],
    devices: ["a", "b", "c", "d"].map((id) => ({
      id,
      channels: [{ id: "v", quantity: "crack_width" as const, stale: 365 * DAY }],
    })),
  });
  const step = fc.record({
    wait: fc.constantFrom(0, 1, 2, 9),
    device: fc.constantFrom("a", "b", "c", "d"),
    value: fc.constantFrom(0, 1, 2, 4, 8, 12),
    reason: fc.constantFrom<ReasonName>("good", "good", "good", "not_accurate", "sensor_failure"),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const rule = {
    rule: {
      applies: { channel: ["a.v", "b.v", "c.v", "d.v"] },
      deadband: 1,
      deviation: { median: "group", maxAge: "8s", above: { yellow: 3, red: 7 } },
    },
  };

  function play(run: EngineRun, steps: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, device, value, reason } of steps) {
      at += wait;
      run.at(at).read(`${device}.v`, reason === "sensor_failure" ? Number.NaN : value, reason);
    }
    return at;
  }

  test("median of the good and fresh others", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const grade: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
        const expected: string[] = [];
        let at = 0;
        steps.forEach(({ wait, device, value, reason }, i) => {
          at += wait;
          let when = at;
          if (reason === "sensor_failure") return;
          const last = new Map<string, { value: number; at: number; good: boolean }>();
          for (let k = i; k >= 0; k--) {
            const other = steps[k]!;
            if (!last.has(other.device))
              last.set(other.device, { value: other.value, at: when, good: other.reason === "good" });
            when -= other.wait;
          }
          const others = [...last]
            .filter(([id, one]) => id !== device && one.good && at - one.at <= 8)
            .map(([, one]) => one.value)
            .sort((x, y) => x - y);
          if (others.length < 2) return;
          const half = others.length / 2;
          const median = (others[Math.ceil(half) - 1]! + others[Math.floor(half)]!) / 2;
          const off = Math.abs(value - median);
          const before = grade[device]!;
          const top = off >= 7 ? 2 : off >= 3 ? 1 : 0;
          let now = before;
          if (top > before) now = top;
          else if (reason === "good") while (now > top && off < [3, 7][now - 1]! - 1) now--;
          grade[device] = now;
          if (now !== before) expected.push(`${at} ${device} ${["normal", "yellow", "red"][now]}`);
        });
        const run = new EngineRun(small, rule);
        play(run, steps, 0);
        const found = run.events
          .filter(({ rule: id }) => id === "rule")
          .map(
            ({ time, subject, transition, severity }) =>
              `${(time - START) / SECOND} ${subject[0]} ${transition === "return" ? "normal" : severity}`,
          );
        expect(found).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("a restart at any point changes no event", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), (steps, n) => {
        const cut = n % steps.length;
        const whole = new EngineRun(small, rule);
        play(whole, steps, 0);
        const first = new EngineRun(small, rule);
        const at = play(first, steps.slice(0, cut), 0);
        const second = first.restored();
        play(second, steps.slice(cut), at);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 300 },
    );
    const hours = fc.array(fc.constantFrom(1, 2, 5, 9), { minLength: 1, maxLength: 60 }).map((values) =>
      values.map((value, i) => ({
        at: i * 1800,
        value,
        quality: i % 7 === 3 ? ("bad" as const) : ("good" as const),
      })),
    );
    const slow = siteOf({
      devices: [{ id: "d", channels: [{ id: "v", quantity: "crack_width", stale: 365 * DAY }] }],
    });
    const learnt = {
      rule: {
        applies: { channel: "d.v" },
        deviation: { baseline: { learn: "6h" }, maxAge: "1h", above: { yellow: 3 } },
      },
    };
    checkpointsChangeNothing(slow, learnt, hours);
  });
});
