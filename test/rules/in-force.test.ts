import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { FLAG_DEVICE_TIME, FLAG_LATE } from "../../model/reading.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import { type SiteSketch, siteOf } from "./site-builder.ts";
import { gradesOf, problemsOf } from "./window-run.ts";

/** Second 0 of a run is 14:30:00 at the site; this calendar holds in its minute 1 and in its minutes 3 and 4. */
const OFFICE = {
  id: "office",
  hours: [
    { from: 14 * 60 + 31, to: 14 * 60 + 32 },
    { from: 14 * 60 + 33, to: 14 * 60 + 35 },
  ],
};
const RAIN = { id: "rain", levels: ["none", "blue", "yellow", "orange", "red"] };

function siteWith(more: Partial<SiteSketch> = {}, stale = 365 * DAY) {
  return siteOf({
    devices: [
      { id: "d", channels: [{ id: "v", quantity: "water_level", range: { low: 0, high: 100 }, stale }] },
    ],
    calendars: [OFFICE],
    outside: [RAIN],
    ...more,
  });
}
const site = siteWith();

function run(rule: RuleSketch, on = site): EngineRun {
  return new EngineRun(on, { rule: { applies: { channel: "d.v" }, ...rule } });
}

function read(r: EngineRun, at: number, value: number, reason: ReasonName = "good"): EngineRun {
  return r.at(at).read("d.v", value, reason);
}

describe("a rule that applies during a calendar only", () => {
  test("the state changes at the boundary itself, not with the next reading", () => {
    const r = run({ above: { red: 50 }, during: "office" });
    read(r, 10, 60);
    r.until(59.9);
    expect(gradesOf(r.events)).toEqual([]);
    r.until(130);
    expect(gradesOf(r.events)).toEqual(["60 red", "120 normal"]);
    expect(r.events[0]).toMatchObject({ value: 60, limit: 50, measured: START + 10 * SECOND });
  });

  test("a reading inside it raises at once; one outside neither raises nor keeps", () => {
    const r = run({ above: { red: 50 }, during: "office" });
    read(r, 70, 60);
    read(r, 125, 90);
    expect(gradesOf(r.events)).toEqual(["70 red", "120 normal"]);
  });

  test("the on-delay begins when the calendar does", () => {
    const r = run({ above: { red: 50 }, during: "office", onDelay: "20s" });
    read(r, 10, 60);
    r.until(100);
    expect(gradesOf(r.events)).toEqual(["80 red"]);
  });

  test("while its data are bad the end of the calendar does not end an alarm; the next good reading does, whatever it says", () => {
    const r = run({ above: { red: 50 }, during: "office" });
    read(r, 70, 60);
    read(r, 80, Number.NaN, "sensor_failure");
    expect(gradesOf(r.events)).toEqual(["70 red"]);
    r.until(120);
    expect(gradesOf(r.events)).toEqual(["70 red"]);
    read(r, 130, 60, "uncertain");
    expect(gradesOf(r.events)).toEqual(["70 red"]);
    read(r, 140, 60);
    expect(gradesOf(r.events)).toEqual(["70 red", "140 normal"]);
  });

  test("a channel that has fallen silent raises nothing when the calendar begins", () => {
    const r = run({ above: { red: 50 }, during: "office" }, siteWith({}, 30 * SECOND));
    read(r, 10, 60);
    r.until(130);
    expect(gradesOf(r.events)).toEqual([]);
  });

  test("except is its opposite", () => {
    const r = run({ above: { red: 50 }, except: "office" });
    read(r, 10, 60);
    r.until(200);
    expect(gradesOf(r.events)).toEqual(["10 red", "60 normal", "120 red", "180 normal"]);
  });

  test("a boundary that passed while the gateway was down counts at the start", () => {
    const r = run({ above: { red: 50 }, during: "office" });
    r.at(0).boot();
    read(r, 70, 60);
    const again = r.restored();
    again.at(150).boot({ boot: "b2" });
    again.until(151);
    expect(gradesOf(again.events)).toEqual([]);
    read(again, 152, 60);
    expect(gradesOf(again.events)).toEqual(["152 normal"]);
  });

  test("a channel that keeps its state still says so after a boundary that passed while the gateway was down", () => {
    const valve = siteOf({
      devices: [
        {
          id: "d",
          channels: [{ id: "v", quantity: "valve", report: "on-change", period: 0, stale: 365 * DAY }],
        },
      ],
      calendars: [OFFICE],
    });
    const r = run({ equals: { red: "open" }, during: "office" }, valve);
    r.at(0).boot();
    read(r, 10, 1);
    const again = r.restored();
    again.at(90).boot({ boot: "b2" });
    again.until(130);
    expect(gradesOf(again.events)).toEqual(["90 red", "120 normal"]);
  });

  test("a late reading from inside the calendar is told as history, one from outside it is not", () => {
    const r = run({ above: { red: 50 }, during: "office" });
    read(r, 140, 10);
    const late = (at: number, time: number) =>
      r.at(at).message({ channel: "d.v", value: 60, time, flags: FLAG_LATE | FLAG_DEVICE_TIME });
    late(150, 90);
    late(151, 130);
    expect(r.told().filter((line) => line.includes("historical"))).toHaveLength(1);
  });
});

describe("a rule that applies given something from outside", () => {
  const rule = { above: { red: 50 }, given: { input: "rain", atLeast: "orange" } };

  test("a warning brings it into force at once, its end takes it out of force", () => {
    const r = run(rule);
    r.at(0).outside("rain", 0, 100);
    read(r, 10, 60);
    r.at(20).outside("rain", 3, 1_000);
    r.at(30).outside("rain", 2, 1_000);
    expect(gradesOf(r.events)).toEqual(["20 red", "30 normal"]);
  });

  test("before the first message nobody knows: it applies", () => {
    const r = run(rule);
    read(r, 10, 60);
    expect(gradesOf(r.events)).toEqual(["10 red"]);
  });

  test("when “no warning” has run out nobody knows: it applies from that instant", () => {
    const r = run(rule);
    r.at(0).outside("rain", 0, 30);
    read(r, 10, 60);
    r.until(50);
    expect(gradesOf(r.events)).toEqual(["30 red"]);
  });

  test("where the site says what holds otherwise, that holds", () => {
    const r = run(rule, siteWith({ outside: [{ ...RAIN, standard: 0 }] }));
    read(r, 5, 60);
    r.at(10).outside("rain", 4, 30);
    r.until(50);
    expect(gradesOf(r.events)).toEqual(["10 red", "40 normal"]);
  });

  test("a message that nobody could read may have been a warning, whatever holds otherwise", () => {
    const r = run(rule, siteWith({ outside: [{ ...RAIN, standard: 0 }] }));
    r.at(0).outside("rain", 0, 1_000);
    read(r, 5, 60);
    r.at(10).outside("rain", Number.NaN, 30);
    r.until(2_000);
    // It does not shorten what was valid for longer.
    expect(gradesOf(r.events)).toEqual(["10 red", "1000 normal"]);
  });

  test("a message that nobody could read does not end a warning", () => {
    const r = run(rule);
    r.at(0).outside("rain", 4, 1_000);
    read(r, 5, 60);
    r.at(10).outside("rain", Number.NaN, 1_000);
    r.until(500);
    expect(gradesOf(r.events)).toEqual(["5 red"]);
  });

  test("one that this site does not have is ignored", () => {
    const r = run(rule);
    r.at(0).outside("fog", 4, 1_000);
    expect(r.events).toEqual([]);
  });
});

describe("nothing known from outside", () => {
  const told = (r: EngineRun) => r.told().filter((line) => line.includes("outside-unknown"));
  const rule = { above: { red: 50 }, given: { input: "rain", atLeast: "orange" } };
  const hourly = siteWith({ outside: [{ ...RAIN, validFor: 100 * SECOND }] });

  test("is told when the first message does not come in the time that one counts, and over when it comes", () => {
    const r = run(rule, hourly);
    r.at(0).boot();
    r.until(99);
    expect(told(r)).toEqual([]);
    r.until(150);
    r.at(160).outside("rain", 0, 40);
    r.until(300);
    expect(told(r)).toEqual([
      "100 outside-unknown@outside@rain raise yellow",
      "160 outside-unknown@outside@rain return yellow",
      "200 outside-unknown@outside@rain again yellow",
    ]);
  });

  test("is told at once when a message cannot be read, and not when the site says what holds otherwise", () => {
    const r = run(rule, hourly);
    r.at(0).outside("rain", 0, 90);
    r.at(10).outside("rain", Number.NaN, 90);
    expect(told(r)).toEqual(["10 outside-unknown@outside@rain raise yellow"]);
    const stated = run(rule, siteWith({ outside: [{ ...RAIN, standard: 0 }] }));
    stated.at(0).outside("rain", 0, 10);
    stated.until(10_000);
    expect(told(stated)).toEqual([]);
  });

  test("what ran out while the gateway was down is told at the start", () => {
    const r = run(rule, hourly);
    r.at(0).boot();
    r.at(1).outside("rain", 0, 50);
    const again = r.restored();
    again.at(500).boot({ boot: "b2" });
    expect(told(again)).toEqual(["500 outside-unknown@outside@rain raise yellow"]);
  });

  test("an alarm of a source that the site no longer has is withdrawn", () => {
    const r = run(rule, hourly);
    r.at(0).boot();
    r.until(200);
    const other = new EngineRun(siteWith({ outside: [] }), {});
    other.engine.restore(r.engine.checkpoint());
    other.at(300).boot({ boot: "b2" });
    expect(told(other)).toEqual(["300 outside-unknown@outside@rain withdraw yellow"]);
  });

  test("levels that are numbered otherwise after an edit keep their meaning", () => {
    const r = run(rule);
    r.engine.apply({
      kind: "outside",
      at: r.now,
      id: "rain",
      value: 3,
      level: "orange",
      until: r.now + 3_600 * SECOND,
    });
    const edited = new EngineRun(
      siteWith({ outside: [{ id: "rain", levels: ["none", "orange", "red"] }] }),
      {},
    );
    edited.engine.restore(r.engine.checkpoint());
    expect(edited.engine.outside()[0]).toMatchObject({ value: 1, state: "valid" });
    const gone = new EngineRun(siteWith({ outside: [{ id: "rain", levels: ["none", "red"] }] }), {});
    gone.engine.restore(r.engine.checkpoint());
    expect(gone.engine.outside()[0]).toMatchObject({ value: Number.NaN, state: "malformed" });
  });
});

describe("limits that change", () => {
  const seasonal = { above: { yellow: 80, red: 90 }, instead: [{ during: "office", above: { red: 50 } }] };

  test("at the boundary the last reading is compared with the other limits", () => {
    const r = run(seasonal);
    read(r, 10, 60);
    r.until(200);
    expect(gradesOf(r.events)).toEqual(["60 red", "120 normal", "180 red"]);
    expect(r.events[0]).toMatchObject({ value: 60, limit: 50 });
  });

  test("a level that the other limits lack falls back to none, never stays", () => {
    const r = run(seasonal);
    read(r, 10, 85);
    r.until(130);
    expect(gradesOf(r.events)).toEqual(["10 yellow", "60 red", "120 yellow"]);
  });

  test("a warning lowers all limits by a share", () => {
    const r = run({
      above: { yellow: 50, red: 80 },
      instead: [{ given: { input: "rain", atLeast: "orange" }, factor: 0.8 }],
    });
    r.at(0).outside("rain", 0);
    read(r, 1, 45);
    r.at(2).outside("rain", 3);
    expect(gradesOf(r.events)).toEqual(["2 yellow"]);
    expect(r.events[0]).toMatchObject({ limit: 40 });
    read(r, 3, 64);
    expect(gradesOf(r.events)).toEqual(["2 yellow", "3 red"]);
  });

  test("where nobody knows which limits hold, the stricter raise and the looser do not clear", () => {
    const r = run({
      above: { red: 50 },
      // Looser under a warning: an odd rule, and still nothing unknown may relax it.
      instead: [{ given: { input: "rain", is: "red" }, above: { red: 70 } }],
    });
    read(r, 1, 60);
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    r.at(2).outside("rain", 4, 10);
    expect(gradesOf(r.events)).toEqual(["1 red", "2 normal"]);
    r.until(20);
    expect(gradesOf(r.events)).toEqual(["1 red", "2 normal", "12 red"]);
  });

  test("stages shift with the datum, and windows keep their readings through a change", () => {
    const r = run({
      window: { function: "mean", window: "60s", minCoverage: 0, above: { red: 50 } },
      instead: [{ during: "office", factor: 0.5 }],
    });
    read(r, 30, 20);
    read(r, 50, 40);
    r.until(70);
    // The mean of both, 30, is above 25 when the minute begins.
    expect(gradesOf(r.events)).toEqual(["60 red"]);
    expect(r.events[0]).toMatchObject({ value: 30, limit: 25 });
  });
});

describe("what could never apply is refused", () => {
  const base = { applies: { channel: "d.v" }, above: { yellow: 50, red: 80 } };
  test.each<[string, RuleSketch, RegExp]>([
    ["no such calendar", { during: "offise" }, /^during: there is no calendar “offise”/],
    ["no such source", { given: { input: "snow", atLeast: 1 } }, /^given.input: there is no outside source/],
    [
      "no such level",
      { given: { input: "rain", atLeast: "pink" } },
      /^given.atLeast: rain has no level “pink”/,
    ],
    ["everything fits", { given: { input: "rain", atLeast: "none" } }, /^given.atLeast: .*always hold/],
    ["no time is left", { during: "office", except: ["office"] }, /^during: .*no time at all/],
    [
      "limits of another kind",
      { instead: [{ during: "office", below: { red: 5 } }] },
      /^instead.0.below: .*same kind/,
    ],
    [
      "limits the wrong way round",
      { instead: [{ during: "office", above: { yellow: 60, red: 55 } }] },
      /^instead.0.above.red: red is reached before yellow/,
    ],
    [
      "limits beyond the range",
      { instead: [{ during: "office", factor: 2 }] },
      /^instead.0.factor: the limit 160 is beyond the measuring range/,
    ],
    [
      "other delays",
      { instead: [{ during: "office", above: { red: { limit: 70, onDelay: "5s" } } }] },
      /^instead: red has other delays/,
    ],
  ])("%s", (_name, more, expected) => {
    expect(problemsOf(site, { ...base, ...more })).toContainEqual(expect.stringMatching(expected));
  });
});

describe("against a plain model", () => {
  const step = fc.record({
    wait: fc.constantFrom(0, 1, 7, 20, 35),
    what: fc.oneof(
      fc.record({
        value: fc.constantFrom(10, 39, 40, 45, 49, 50, 60, 75, 90),
        reason: fc.constantFrom<ReasonName>("good", "good", "good", "not_accurate", "sensor_failure"),
      }),
      fc.record({ rain: fc.constantFrom(0, 2, 3, Number.NaN), validFor: fc.constantFrom(5, 30, 100) }),
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const steps = fc.array(step, { minLength: 1, maxLength: 25 });
  const END = 400;

  const rule = {
    deadband: 2,
    above: { yellow: 50, red: 75 },
    except: "office",
    instead: [
      { given: { input: "rain", atLeast: "orange" }, above: { yellow: 40, red: 60 } },
      { given: { input: "rain", atLeast: "yellow" }, above: { red: 45 } },
    ],
  };

  function play(r: EngineRun, some: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, what } of some) {
      at += wait;
      if ("rain" in what) r.at(at).outside("rain", what.rain, what.validFor);
      else read(r, at, what.reason === "sensor_failure" ? Number.NaN : what.value, what.reason);
    }
    return at;
  }

  /** Second by second: what may be in force, what each of it says of the last reading. */
  function model(some: readonly Step[]): string[] {
    const sets = [
      { guard: (v: number) => v >= 3, limits: [40, 60] },
      { guard: (v: number) => v >= 2, limits: [Number.POSITIVE_INFINITY, 45] },
    ];
    const grades: string[] = [];
    let grade = 0;
    let rain = { value: Number.NaN, until: -1 };
    let last: { value: number; good: boolean } | undefined;
    const weigh = (second: number) => {
      const office = (second >= 60 && second < 120) || (second >= 180 && second < 300);
      let raise = 0;
      let clear = [true, true];
      // Outside its time nothing raises, and only an instrument that is known to work ends what stands.
      if (office) clear = [0, 1].map(() => last?.good === true);
      else if (last === undefined) return;
      else {
        const known = second < rain.until ? rain.value : Number.NaN;
        const possible: number[][] = [];
        let settled = false;
        for (const { guard, limits } of sets) {
          if (settled || (!Number.isNaN(known) && !guard(known))) continue;
          possible.push(limits);
          settled = !Number.isNaN(known);
        }
        if (!settled) possible.push([50, 75]);
        const { value, good } = last;
        for (const limits of possible) {
          limits.forEach((limit, i) => {
            if (value >= limit) raise = Math.max(raise, i + 1);
          });
        }
        clear = [0, 1].map((i) => good && possible.every((limits) => value < limits[i]! - 2));
      }
      const before = grade;
      if (raise > grade) grade = raise;
      else while (grade > raise && clear[grade - 1] === true) grade--;
      if (grade !== before) grades.push(`${second} ${["normal", "yellow", "red"][grade]}`);
    };
    const due = new Map<number, Step["what"][]>();
    let at = 0;
    for (const { wait, what } of some) {
      at += wait;
      due.set(at, [...(due.get(at) ?? []), what]);
    }
    let begun = false;
    for (let second = 0; second <= Math.max(at, END); second++) {
      if (begun) weigh(second);
      for (const what of due.get(second) ?? []) {
        begun = true;
        if ("rain" in what) {
          const until = second + what.validFor;
          rain = { value: what.rain, until: Number.isNaN(what.rain) ? Math.max(rain.until, until) : until };
        } else if (what.reason === "sensor_failure") last = undefined;
        else last = { value: what.value, good: what.reason === "good" };
        weigh(second);
      }
    }
    return grades;
  }

  test("limits that change by warning, out of office hours", () => {
    fc.assert(
      fc.property(steps, (some) => {
        const r = run(rule);
        const at = play(r, some, 0);
        r.until(Math.max(at, END));
        expect(gradesOf(r.events)).toEqual(model(some));
      }),
      { numRuns: 1_000 },
    );
  });

  test("a checkpoint anywhere changes no event and no later checkpoint", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (some, n) => {
        const cut = n % some.length;
        const whole = run(rule);
        play(whole, some, 0);
        whole.until(1_000);
        const first = run(rule);
        const at = play(first, some.slice(0, cut), 0);
        const second = first.restored();
        play(second, some.slice(cut), at);
        second.until(1_000);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 500 },
    );
  });
});
