import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "./engine-run.ts";
import { type SiteSketch, siteOf } from "./site-builder.ts";
import { gradesOf, problemsOf } from "./window-run.ts";

const LONG = 365 * DAY;

function plantOf(more: Partial<SiteSketch> = {}, stale = LONG) {
  return siteOf({
    points: [{ id: "room" }, { id: "other" }],
    devices: [
      {
        id: "d",
        point: "room",
        channels: [
          { id: "a", quantity: "pressure", stale },
          { id: "b", quantity: "pressure", stale },
          { id: "lel", quantity: "gas_lel", stale, range: { low: 0, high: 100 } },
          { id: "smoke", quantity: "smoke", stale: LONG, report: "on-change", period: 0 },
        ],
      },
      { id: "e", point: "other", channels: [{ id: "a", quantity: "pressure", stale }] },
    ],
    calendars: [{ id: "office", hours: [{ from: 14 * 60 + 31, to: 14 * 60 + 32 }] }],
    outside: [{ id: "rain", levels: ["none", "yellow", "red"] }],
    ...more,
  });
}
const plant = plantOf();

const A = { channel: "a", unit: "kPa" };
const B = { channel: "b", unit: "kPa" };
const SMOKE = { channel: "smoke" };

function run(expression: object, more: RuleSketch = {}, on = plant): EngineRun {
  return new EngineRun(on, { rule: { applies: { point: "room" }, expression, ...more } });
}

function say(r: EngineRun, at: number, values: Record<string, number | ReasonName>): EngineRun {
  for (const [channel, value] of Object.entries(values)) {
    if (typeof value === "number") r.at(at).read(`d.${channel}`, value);
    else r.at(at).read(`d.${channel}`, Number.NaN, value);
  }
  return r;
}

const difference = {
  channels: { a: A, b: B },
  when: { yellow: "a.value - b.value > 10", red: "a.value - b.value > 20" },
};

describe("an expression that is true or false", () => {
  test("raises while it is true, clears while good data make it false", () => {
    const r = run(difference);
    say(r, 1, { a: 100, b: 95 });
    say(r, 2, { b: 85 });
    say(r, 3, { b: 75 });
    say(r, 4, { a: 90 });
    say(r, 5, { a: 80 });
    expect(gradesOf(r.events)).toEqual(["2 yellow", "3 red", "4 yellow", "5 normal"]);
    expect(r.events[0]).toMatchObject({ subject: "point@room", point: "room" });
  });

  test("values are in the unit that it states", () => {
    const r = run({ channels: { a: { channel: "a", unit: "MPa" } }, when: { red: "a.value >= 0.5" } });
    say(r, 1, { a: 499 });
    say(r, 2, { a: 500 });
    expect(gradesOf(r.events)).toEqual(["2 red"]);
  });

  test("a bad or silent input makes it unknown: it neither raises nor clears, and an on-delay stands still", () => {
    const r = run(difference, { onDelay: "10s" });
    say(r, 1, { a: 100, b: "sensor_failure" });
    say(r, 2, { b: 50 });
    say(r, 6, { a: "sensor_failure" });
    r.until(50);
    expect(gradesOf(r.events)).toEqual([]);
    say(r, 60, { a: 100 });
    r.until(100);
    expect(gradesOf(r.events)).toEqual(["66 red"]);
    say(r, 101, { a: "sensor_failure" });
    say(r, 102, { b: 100 });
    expect(gradesOf(r.events)).toEqual(["66 red"]);
  });

  test("what is unknown does not matter where the other side decides", () => {
    const either = run({ channels: { a: A, b: B }, when: { red: "a.value > 10 || b.value > 10" } });
    say(either, 1, { a: "sensor_failure", b: 20 });
    expect(gradesOf(either.events)).toEqual(["1 red"]);
    say(either, 2, { b: 0 });
    expect(gradesOf(either.events)).toEqual(["1 red"]);
    const both = run({ channels: { a: A, b: B }, when: { red: "a.value > 10 && b.value > 10" } });
    say(both, 1, { a: 20, b: 20 });
    say(both, 2, { a: "sensor_failure" });
    say(both, 3, { b: 0 });
    expect(gradesOf(both.events)).toEqual(["1 red", "3 normal"]);
  });

  test("an uncertain input raises and does not clear", () => {
    const r = run({ channels: { a: A }, when: { red: "a.value > 10" } });
    r.at(1).read("d.a", 20, "not_accurate");
    r.at(2).read("d.a", 0, "not_accurate");
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    say(r, 3, { a: 0 });
    expect(gradesOf(r.events)).toEqual(["1 red", "3 normal"]);
  });

  test("a fire bit beside a fault bit is a fire; over range is beyond any limit", () => {
    const fire = run({ channels: { s: SMOKE }, when: { red: 's.state == "active"' } });
    fire.at(1).message({ channel: "d.smoke", value: 1, reason: "device_failure" });
    expect(gradesOf(fire.events)).toEqual(["1 red"]);
    const gas = run({
      channels: { g: { channel: "lel", unit: "%LEL" } },
      when: { red: "g.value * 2 > 150" },
    });
    gas.at(1).read("d.lel", Number.POSITIVE_INFINITY, "over_range");
    expect(gradesOf(gas.events)).toEqual(["1 red"]);
  });

  test("quality can be asked for, and is known when the value is not", () => {
    const r = run({ channels: { a: A }, when: { yellow: 'a.quality == "bad"' } });
    say(r, 1, { a: 1 });
    say(r, 2, { a: "sensor_failure" });
    say(r, 3, { a: 1 });
    expect(gradesOf(r.events)).toEqual(["2 yellow", "3 normal"]);
  });

  test("an age grows without a reading and is looked at at its own instants", () => {
    const r = run({
      channels: { a: A, b: B },
      when: { yellow: "a.age > 60.0 && b.value > 0" },
      recheck: "5s",
    });
    say(r, 0, { a: 1, b: 1 });
    r.until(200);
    expect(gradesOf(r.events)).toEqual(["65 yellow"]);
    say(r, 210, { a: 1 });
    expect(gradesOf(r.events)).toEqual(["65 yellow", "210 normal"]);
  });

  test("calendars and what is heard from outside, each at its own instant", () => {
    const r = run({
      channels: { a: A },
      calendars: { office: "office" },
      inputs: { rain: "rain" },
      when: { red: 'a.value > 10 && (office || rain.level == "red")' },
    });
    r.at(0).outside("rain", 0, 200);
    say(r, 1, { a: 20 });
    r.until(130);
    r.at(140).outside("rain", 2, 100);
    r.at(150).outside("rain", 1, 100);
    expect(gradesOf(r.events)).toEqual(["60 red", "120 normal", "140 red", "150 normal"]);
    // When that has run out nobody knows: nothing changes.
    r.until(400);
    expect(gradesOf(r.events)).toHaveLength(4);
  });
});

describe("an expression that gives a number", () => {
  const mean = { channels: { a: A, b: B }, value: "(a.value + b.value) / 2", above: { yellow: 50, red: 80 } };

  test("is compared with limits and deadband; the alarm tells the number", () => {
    const r = run(mean, { deadband: 5, unit: "kPa" });
    say(r, 1, { a: 60, b: 50 });
    say(r, 2, { a: 45, b: 50 });
    say(r, 3, { a: 39 });
    expect(gradesOf(r.events)).toEqual(["1 yellow", "3 normal"]);
    expect(r.events[0]).toMatchObject({ value: 55, limit: 50 });
  });

  test("sums do not drift: 0.1 + 0.2 is at the limit of 0.3", () => {
    const r = run({ channels: { a: A, b: B }, value: "a.value + b.value", above: { red: 0.3 } });
    say(r, 1, { a: 0.1, b: 0.2 });
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    const below = run({ channels: { a: A, b: B }, value: "a.value - b.value", below: { red: 0.1 } });
    say(below, 1, { a: 0.3, b: 0.2 });
    expect(gradesOf(below.events)).toEqual(["1 red"]);
  });

  test("what is divided by nothing is no number: it neither raises nor clears", () => {
    const r = run({ channels: { a: A, b: B }, value: "a.value / b.value", above: { red: 5 } });
    say(r, 1, { a: 10, b: 0 });
    expect(gradesOf(r.events)).toEqual([]);
    say(r, 2, { b: 1 });
    say(r, 3, { b: 0 });
    expect(gradesOf(r.events)).toEqual(["2 red"]);
  });

  test("functions", () => {
    const r = run({
      channels: { a: A, b: B },
      value: "sqrt(pow(a.value, 2) + pow(b.value, 2))",
      above: { red: 5 },
    });
    say(r, 1, { a: 3, b: 4 });
    expect(r.events[0]).toMatchObject({ value: 5 });
  });
});

describe("an expression that fails is taken out, named, and the others go on", () => {
  const rules = {
    broken: {
      applies: { point: "room" },
      expression: { channels: { a: A }, when: { red: "1 / int(a.value) == 1" } },
    },
    rule: { applies: { channel: "d.a" }, above: { red: 50 } },
  };

  test("a whole number divided by 0", () => {
    const r = new EngineRun(plant, rules);
    say(r, 1, { a: 1 });
    say(r, 2, { a: 0 });
    say(r, 3, { a: 60 });
    expect(r.told()).toEqual([
      "1 broken@point@room raise red",
      "2 rule-failed@rule@broken raise orange",
      "3 rule@d.a raise red",
    ]);
    const failed = r.events.find(({ rule }) => rule === "rule-failed");
    expect(failed?.note).toMatch(/division by zero/);
    // Its alarm stands: nothing says that the danger is over. After a start it is tried again.
    expect(r.engine.alarm("broken", "point@room")?.active).toBe(true);
    r.at(4).boot({ boot: "b2" });
    say(r, 5, { a: 3 });
    expect(r.told()).toEqual(expect.arrayContaining(["5 rule-failed@rule@broken return orange"]));
  });

  test("when a channel falls silent", () => {
    const r = new EngineRun(plantOf({}, 30 * SECOND), {
      ...rules,
      broken: {
        applies: { point: "room" },
        expression: {
          channels: { a: A, b: B },
          when: { red: 'b.quality == "bad" && 1 / int(a.value) == 1' },
        },
      },
    });
    say(r, 1, { b: 1, a: 0 });
    say(r, 30, { a: 0 });
    r.until(40);
    say(r, 41, { a: 60 });
    expect(r.told().filter((line) => line.includes("rule"))).toEqual([
      "31 rule-failed@rule@broken raise orange",
      "41 rule@d.a raise red",
    ]);
  });
});

describe("what an expression may not say", () => {
  const channels = { a: A, s: SMOKE };
  const text = (red: string) => ({ channels, when: { red: `${red} && a.value > 0 && s.value > 0` } });
  test.each<[string, object, RegExp]>([
    [
      "a pattern, which may take for ever",
      text('s.state.matches("(a+)+$")'),
      /^expression.when.red: .matches\(\) is not allowed/,
    ],
    ["a loop over a list", text("[1, 2].all(x, x > 1)"), /^expression.when.red: .all\(\) is not allowed/],
    [
      "a loop that builds a list",
      text("[1].map(x, x) == [1]"),
      /^expression.when.red: .map\(\) is not allowed/,
    ],
    ["a binding", text("cel.bind(x, 1, x > 0)"), /^expression.when.red: .bind\(\) is not allowed/],
    ["a function that is none", text("foo(a.value) > 1"), /^expression.when.red: foo\(\) is not allowed/],
    ["a way out of types", text('dyn(a.value) > "x"'), /^expression.when.red: dyn\(\) is not allowed/],
    ["access by a computed name", text('a["value"] > 1.0'), /^expression.when.red: \[\] is not allowed/],
    ["a map", text('{"x": 1}.x == 1'), /^expression.when.red: Exceeded maxMapEntries/],
    ["a name that is none", text("c.value > 1"), /^expression.when.red: Unknown variable: c/],
    ["a field that is none", text("a.valeu > 1"), /^expression.when.red: there is no field “valeu”/],
    [
      "text compared with a number",
      text("s.state > 1"),
      /^expression.when.red: no such overload: string > int/,
    ],
    ["half of it", text("a.value >"), /^expression.when.red: Unexpected token: AND/],
    [
      "a number where true or false is wanted",
      { channels, when: { red: "a.value + s.value" } },
      /when.red: it gives double/,
    ],
    [
      "true or false where a number is wanted",
      { channels, value: "a.value > s.value", above: { red: 1 } },
      /value: it gives bool/,
    ],
    [
      "more parts than can be read",
      text(Array(150).fill("a.value").join(" + ").concat(" > 0")),
      /when.red: Exceeded maxAstNodes/,
    ],
    [
      "brackets within brackets",
      text(`${"(".repeat(40)}1${")".repeat(40)} == 1`),
      /when.red: Exceeded maxDepth/,
    ],
    [
      "no unit",
      { channels: { a: { channel: "a" } }, when: { red: "a.value > 1" } },
      /^expression.channels.a: say in which unit/,
    ],
    [
      "a unit that does not fit",
      { channels: { a: { channel: "a", unit: "Cel" } }, when: { red: "a.value > 1" } },
      /^expression.channels.a: the limits are in Cel/,
    ],
    [
      "an unknown channel",
      { channels: { a: { channel: "x", unit: "kPa" } }, when: { red: "a.value > 1" } },
      /^expression.channels.a.channel: its point has no channel “x”/,
    ],
    [
      "two channels for one name",
      { channels: { a: { quantity: "pressure", unit: "kPa" } }, when: { red: "a.value > 1" } },
      /its point has 2 channels “pressure”/,
    ],
    [
      "a name that nothing reads",
      { channels: { a: A, b: B }, when: { red: "a.value > 1" } },
      /^expression.channels.b: the expression does not read “b”/,
    ],
    [
      "no channel at all",
      { channels: {}, calendars: { o: "office" }, when: { red: "o" } },
      /^expression.channels: it looks at no channel/,
    ],
    [
      "one name for two things",
      { channels: { a: A }, calendars: { a: "office" }, when: { red: "a" } },
      /“a” stands for two things/,
    ],
    [
      "levels that are the same",
      { channels: { a: A }, when: { yellow: "a.value > 1", red: "a.value > 1 " } },
      /^expression.when.red: this is the expression of the level before/,
    ],
    [
      "limits the wrong way round",
      { channels: { a: A }, value: "a.value", above: { yellow: 5, red: 2 } },
      /^expression.above.red: red is reached before yellow/,
    ],
  ])("%s", (_name, expression, expected) => {
    expect(problemsOf(plant, { applies: { point: "room" }, expression })).toContainEqual(
      expect.stringMatching(expected),
    );
  });
});

describe("against the same said in TypeScript", () => {
  const step = fc.record({
    wait: fc.constantFrom(0, 1, 3),
    channel: fc.constantFrom("a", "b"),
    value: fc.constantFrom(-20, 0, 5, 9, 12, 30),
    reason: fc.constantFrom<ReasonName>("good", "good", "good", "not_accurate", "sensor_failure"),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const steps = fc.array(step, { minLength: 1, maxLength: 40 });

  function play(r: EngineRun, some: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, channel, value, reason } of some) {
      at += wait;
      r.at(at).read(`d.${channel}`, reason === "sensor_failure" ? Number.NaN : value, reason);
    }
    return at;
  }

  /** Text, what it means, and whether both sides of it always matter. */
  const cases: [string, (a: number, b: number) => boolean][] = [
    ["a.value - b.value > 10", (a, b) => a - b > 10],
    ["abs(a.value) >= 9 == (b.value < 5)", (a, b) => Math.abs(a) >= 9 === b < 5],
    [
      "max(a.value, b.value * 2) > 20 ? a.value > 0 : b.value > 0",
      (a, b) => (Math.max(a, b * 2) > 20 ? a > 0 : b > 0),
    ],
  ];

  test.each(cases)("%s", (text, meaning) => {
    fc.assert(
      fc.property(steps, (some) => {
        const last: Record<string, { value: number; good: boolean } | undefined> = {};
        let active = false;
        let at = 0;
        const expected: string[] = [];
        for (const { wait, channel, value, reason } of some) {
          at += wait;
          last[channel] = reason === "sensor_failure" ? undefined : { value, good: reason === "good" };
          const { a, b } = last;
          const before: boolean = active;
          // All of these cannot be told while either is unknown.
          if (a !== undefined && b !== undefined) {
            const result = meaning(a.value, b.value);
            if (result) active = true;
            else if (a.good && b.good) active = false;
          }
          if (active !== before) expected.push(`${at} ${active ? "red" : "normal"}`);
        }
        const r = run({ channels: { a: A, b: B }, when: { red: text } });
        play(r, some, 0);
        expect(gradesOf(r.events)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("a checkpoint anywhere changes no event and no later checkpoint", () => {
    const make = () =>
      run(
        {
          channels: { a: A, b: B },
          calendars: { office: "office" },
          when: {
            yellow: "a.value > 5 || (a.age > 20.0 && office)",
            red: 'a.value + b.value > 20 && b.quality != "bad"',
          },
          recheck: "7s",
        },
        { onDelay: "2s" },
      );
    fc.assert(
      fc.property(steps, fc.nat(), (some, n) => {
        const cut = n % some.length;
        const whole = make();
        play(whole, some, 0);
        whole.until(300);
        const first = make();
        const at = play(first, some.slice(0, cut), 0);
        const second = first.restored();
        play(second, some.slice(cut), at);
        second.until(300);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 200 },
    );
  });
});
