import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, SECOND } from "../../model/time.ts";
import {
  both,
  either,
  HOLDS,
  holds,
  isOver,
  mayHold,
  NOTHING_KNOWN,
  OVER,
  opposite,
  type Position,
  said,
  sure,
  type Truth,
} from "../../rules/conditions/terms/truth.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import { type SiteSketch, siteOf } from "./site-builder.ts";
import { gradesOf, problemsOf } from "./window-run.ts";

const LONG = 365 * DAY;

function roomOf(more: Partial<SiteSketch> = {}, stale = LONG) {
  return siteOf({
    points: [{ id: "room" }, { id: "attic" }],
    groups: [{ id: "house", points: ["room", "attic"] }],
    devices: [
      {
        id: "d",
        point: "room",
        channels: [
          { id: "temp", quantity: "temperature", stale, range: { low: -40, high: 200 } },
          { id: "lel", quantity: "gas_lel", stale, range: { low: 0, high: 100 } },
          { id: "smoke", quantity: "smoke", stale, report: "on-change", period: 0 },
        ],
      },
      { id: "e", point: "attic", channels: [{ id: "temp", quantity: "temperature", stale }] },
    ],
    calendars: [{ id: "office", hours: [{ from: 14 * 60 + 31, to: 14 * 60 + 32 }] }],
    outside: [{ id: "wind", unit: "m/s", range: { low: 0, high: 60 } }],
    ...more,
  });
}
const room = roomOf();

function run(rule: RuleSketch, on = room): EngineRun {
  return new EngineRun(on, { rule: { applies: { point: "room" }, ...rule } });
}

/** One message with what channels say; a reason stands for a reading without value. */
function say(r: EngineRun, at: number, values: Record<string, number | ReasonName>): EngineRun {
  r.at(at).message(
    ...Object.entries(values).map(([channel, value]) =>
      typeof value === "number"
        ? { channel: channel.includes(".") ? channel : `d.${channel}`, value }
        : { channel: channel.includes(".") ? channel : `d.${channel}`, value: Number.NaN, reason: value },
    ),
  );
  return r;
}

const hot = { channel: "d.temp", above: 57, deadband: 7 };
const gas = { channel: "d.lel", above: 25, deadband: 5 };
const smoke = { channel: "d.smoke", equals: "active" };

describe("all", () => {
  const rule = { all: { yellow: [hot, gas], red: [hot, gas, smoke] } };

  test("raises when the last of them comes, clears when the first goes", () => {
    const r = run(rule);
    say(r, 1, { temp: 20, lel: 0, smoke: 0 });
    say(r, 2, { temp: 60 });
    say(r, 3, { lel: 30 });
    say(r, 4, { smoke: 1 });
    say(r, 5, { lel: 10 });
    expect(gradesOf(r.events)).toEqual(["3 yellow", "4 red", "5 normal"]);
    expect(r.events[1]).toMatchObject({ subject: "point@room", point: "room", value: 3, limit: 3 });
  });

  test("a part of which nothing is known keeps it from raising, and what stands standing", () => {
    const r = run({ all: { red: [hot, gas] } });
    say(r, 1, { temp: 60, lel: "sensor_failure" });
    expect(gradesOf(r.events)).toEqual([]);
    say(r, 2, { lel: 30 });
    say(r, 3, { temp: "sensor_failure" });
    expect(gradesOf(r.events)).toEqual(["2 red"]);
    // One part that is surely over is enough to know that not all hold.
    say(r, 4, { lel: 0 });
    expect(gradesOf(r.events)).toEqual(["2 red", "4 normal"]);
  });

  test("the on-delay stands still while a part is bad and goes on when it is heard again", () => {
    const r = run({ all: { red: [hot, gas] }, onDelay: "10s" });
    say(r, 1, { temp: 60, lel: 30 });
    say(r, 5, { lel: "sensor_failure" });
    r.until(30);
    say(r, 40, { lel: 30 });
    r.until(60);
    expect(gradesOf(r.events)).toEqual(["46 red"]);
  });

  test("a part inside its deadband neither raises nor clears", () => {
    const r = run({ all: { red: [hot, gas] } });
    say(r, 1, { temp: 52, lel: 30 });
    expect(gradesOf(r.events)).toEqual([]);
    say(r, 2, { temp: 58 });
    say(r, 3, { temp: 51 });
    expect(gradesOf(r.events)).toEqual(["2 red"]);
    say(r, 4, { temp: 49 });
    expect(gradesOf(r.events)).toEqual(["2 red", "4 normal"]);
  });

  test("silence of one part is noticed at its own instant and clears nothing", () => {
    const r = run({ all: { red: [hot, { not: gas }] } }, roomOf({}, 30 * SECOND));
    say(r, 1, { temp: 60, lel: 0 });
    for (let at = 2; at < 80; at++) say(r, at, { temp: 60 });
    say(r, 80, { temp: 20 });
    expect(gradesOf(r.events)).toEqual(["1 red", "80 normal"]);
    say(r, 81, { temp: 60 });
    // The other has been silent since 31: nothing is known of it, so not all hold for sure.
    expect(gradesOf(r.events)).toEqual(["1 red", "80 normal"]);
  });
});

describe("any", () => {
  test("one that raises is enough, whatever the others do not say", () => {
    const r = run({ any: { red: [hot, smoke] } });
    say(r, 1, { temp: "sensor_failure", smoke: 1 });
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    // The other might still hold.
    say(r, 2, { smoke: 0 });
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    say(r, 3, { temp: 20 });
    expect(gradesOf(r.events)).toEqual(["1 red", "3 normal"]);
  });

  test("danger that the instrument asserts counts beside its fault", () => {
    const r = run({ any: { red: [hot, smoke] } });
    r.at(1).message({ channel: "d.smoke", value: 1, reason: "device_failure" });
    expect(gradesOf(r.events)).toEqual(["1 red"]);
  });
});

describe("not", () => {
  test("of what is unknown nothing follows: missing data never raise", () => {
    const r = run({ not: { red: { channel: "d.temp", above: 10 } } }, roomOf({}, 30 * SECOND));
    say(r, 1, { lel: 1 });
    say(r, 2, { temp: 20 });
    say(r, 3, { temp: "sensor_failure" });
    r.until(100);
    expect(gradesOf(r.events)).toEqual([]);
    say(r, 101, { temp: 5 });
    expect(gradesOf(r.events)).toEqual(["101 red"]);
    say(r, 102, { temp: "sensor_failure" });
    expect(gradesOf(r.events)).toEqual(["101 red"]);
  });

  test("an uncertain reading raises it and does not clear it", () => {
    const r = run({ not: { red: { channel: "d.temp", above: 10 } } });
    r.at(1).read("d.temp", 5, "not_accurate");
    r.at(2).read("d.temp", 20, "not_accurate");
    expect(gradesOf(r.events)).toEqual(["1 red"]);
    r.at(3).read("d.temp", 20);
    expect(gradesOf(r.events)).toEqual(["1 red", "3 normal"]);
  });
});

describe("what terms may look at", () => {
  test("several channels of a quantity: one is enough, or with every all", () => {
    const across = { applies: { group: "house" }, across: "group" };
    const one = run({ ...across, all: { red: [{ quantity: "temperature", above: 57 }, gas] } });
    say(one, 1, { temp: 20, lel: 30, "e.temp": 60 });
    expect(gradesOf(one.events)).toEqual(["1 red"]);
    expect(one.events[0]).toMatchObject({ subject: "group@house" });
    const every = run({
      ...across,
      all: { red: [{ quantity: "temperature", above: 57, every: true }, gas] },
    });
    say(every, 1, { temp: 20, lel: 30, "e.temp": 60 });
    say(every, 2, { temp: 60 });
    expect(gradesOf(every.events)).toEqual(["2 red"]);
  });

  test("a rate, a calendar and what is heard from outside, each changing at its own instant", () => {
    const r = run({
      all: {
        red: [
          {
            channel: "temp",
            rate: { window: "20s", per: "minute", minSamples: 2, minCoverage: 0, above: { red: 6 } },
          },
          { calendar: "office" },
          { input: "wind", atMost: 10 },
        ],
      },
    });
    r.at(40).outside("wind", 3, 75);
    for (let at = 45; at <= 58; at++) say(r, at, { temp: at });
    expect(gradesOf(r.events)).toEqual([]);
    r.until(130);
    // At 115 the wind is unknown: what stands stays; at 120 the calendar ends it.
    expect(gradesOf(r.events)).toEqual(["60 red", "120 normal"]);
  });

  test("each device has its own alarm across devices", () => {
    const r = new EngineRun(room, {
      rule: {
        applies: { quantity: "temperature" },
        across: "device",
        not: { red: { channel: "temp", above: 10 } },
      },
    });
    say(r, 1, { temp: 20, "e.temp": 5 });
    expect(r.told()).toEqual(["1 rule@e raise red"]);
  });
});

describe("a rule that throws is taken out; the others go on", () => {
  test("a window within a term that is out of order", () => {
    const r = new EngineRun(room, {
      broken: { applies: { point: "room" }, all: { red: [hot, gas] } },
      rule: { applies: { point: "room" }, any: { red: [hot, gas] } },
    });
    const [subject] = r.rules[0]!.subjects;
    const condition = { ...subject!.condition, create: () => throwing(subject!.condition.create()) };
    const faulty = new EngineRun(room, [
      { ...r.rules[0]!, subjects: [{ ...subject!, condition }] },
      r.rules[1]!,
    ]);
    say(faulty, 1, { temp: 60 });
    expect(faulty.told()).toEqual(["1 rule@point@room raise red", "1 rule-failed@rule@broken raise orange"]);
  });

  function throwing<T extends { judge: unknown }>(condition: T): T {
    return new Proxy(condition, {
      get: (target, key) =>
        key === "judge"
          ? () => {
              throw new Error("out of order");
            }
          : Reflect.get(target, key, target),
    });
  }
});

describe("what could never work is refused", () => {
  const two = (...terms: object[]) => ({ all: { red: terms } });
  test.each<[string, RuleSketch, RegExp]>([
    [
      "an unknown channel",
      two(hot, { channel: "d.nope", above: 1 }),
      /^all.red.1.channel: there is no channel “d.nope”/,
    ],
    [
      "a channel that another point has",
      { ...two(hot, { quantity: "water_level", above: 1 }) },
      /^all.red.1.quantity: its point has no channel “water_level”/,
    ],
    ["units that do not convert", two(hot, { ...gas, unit: "m" }), /^all.red.1.above: the limits are in m/],
    ["a limit beyond the range", two(hot, { ...gas, above: 120 }), /^all.red.1.above: .*never raise/],
    [
      "a state that is none",
      two(hot, { channel: "smoke", equals: "burning" }),
      /^all.red.1.equals: smoke has no state/,
    ],
    [
      "two limits that never meet",
      two({ ...gas, above: 50 }, { channel: "lel", below: 40 }),
      /^all.red: .*never comes together/,
    ],
    ["a term and its opposite", two(gas, { not: gas }), /^all.red: what it asks of d.lel never/],
    ["two states at once", two(smoke, { not: smoke }), /^all.red: what it asks of d.smoke never/],
    [
      "within deeper terms",
      two(hot, { all: [gas, { not: gas }] }),
      /^all.red.1.all: what it asks of d.lel never/,
    ],
    [
      "one that always holds",
      {
        any: {
          red: [
            { channel: "lel", above: 20 },
            { channel: "lel", below: 30 },
          ],
        },
      },
      /^any.red: d.lel always fits/,
    ],
    [
      "a calendar and its opposite",
      two(hot, { calendar: "office" }, { not: { calendar: "office" } }),
      /never comes together/,
    ],
    [
      "calendars alone",
      two({ calendar: "office" }, { input: "wind", atLeast: 5 }),
      /^all: it looks at no channel/,
    ],
    ["nested too deep", two(hot, { not: { not: { not: { not: gas } } } }), /nest deeper than 4/],
    [
      "delays of a term",
      two(hot, { channel: "lel", rate: { window: "10m", above: { red: { limit: 1, onDelay: "5s" } } } }),
      /^all.red.1: a term has no delays/,
    ],
    ["a deadband for all of them", { ...two(hot, gas), deadband: 2 }, /^deadband: .*each term has its own/],
    [
      "levels the wrong way round",
      { all: { yellow: [hot, gas], red: [hot, { ...gas, above: 10 }] } },
      /^all.red: red holds whenever yellow does/,
    ],
    [
      "a level with less",
      { any: { yellow: [hot, gas], red: [hot, gas, smoke] } },
      /^any.red: red holds whenever yellow does/,
    ],
  ])("%s", (_name, more, expected) => {
    expect(problemsOf(room, { applies: { point: "room" }, ...more })).toContainEqual(
      expect.stringMatching(expected),
    );
  });

  test("what is stricter from level to level is not", () => {
    const sound = { all: { yellow: [hot, gas], red: [hot, { ...gas, above: 50 }] } };
    expect(problemsOf(room, { applies: { point: "room" }, ...sound })).toEqual([]);
    const adjacent = {
      any: {
        red: [
          { channel: "lel", above: 30 },
          { channel: "lel", below: 5 },
        ],
      },
    };
    expect(problemsOf(room, { applies: { point: "room" }, ...adjacent })).toEqual([]);
  });
});

/** A tree of terms over leaves that are all different, as a plain value. */
type Tree = number | { all: Tree[] } | { any: Tree[] } | { not: Tree };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant(0),
    fc.record({ all: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
    fc.record({ not: tie("tree") }),
  ),
}));

/** Numbers the leaves, so that each is another; gives how many there are. */
function numbered(of: Tree, from = 0): [Tree, number] {
  if (typeof of === "number") return [from, from + 1];
  if ("not" in of) {
    const [inner, next] = numbered(of.not, from);
    return [{ not: inner }, next];
  }
  const parts = "all" in of ? of.all : of.any;
  let next = from;
  const done = parts.map((part) => {
    const [one, after] = numbered(part, next);
    next = after;
    return one;
  });
  return ["all" in of ? { all: done } : { any: done }, next];
}

function classical(of: Tree, world: readonly number[]): number {
  if (typeof of === "number") return world[of]!;
  if ("not" in of) return 2 - classical(of.not, world);
  if ("all" in of) return Math.min(...of.all.map((part) => classical(part, world)));
  return Math.max(...of.any.map((part) => classical(part, world)));
}

function weighed(of: Tree, leaves: readonly Truth[]): Truth {
  if (typeof of === "number") return leaves[of]!;
  if ("not" in of) return opposite(weighed(of.not, leaves));
  const parts = ("all" in of ? of.all : of.any).map((part) => weighed(part, leaves));
  return parts.reduce("all" in of ? both : either);
}

/** Every world in which what is known holds. */
function* worlds(known: readonly (number | undefined)[]): Generator<number[]> {
  const [head, ...rest] = known;
  if (known.length === 0) {
    yield [];
    return;
  }
  for (const tail of worlds(rest)) {
    for (const value of head === undefined ? [0, 1, 2] : [head]) yield [value, ...tail];
  }
}

test("it holds when it does in every world that the readings allow, and is over when it is in every world that good ones allow", () => {
  const leaf = fc.record({
    position: fc.constantFrom<Position>(0, 1, 2),
    quality: fc.constantFrom("good", "uncertain", "bad" as const),
  });
  fc.assert(
    fc.property(tree, fc.array(leaf, { minLength: 27, maxLength: 27 }), (sketch, all) => {
      const [shape, count] = numbered(sketch);
      fc.pre(count <= 7);
      const leaves = all.slice(0, count);
      const truth = weighed(
        shape,
        leaves.map(({ position, quality }) =>
          quality === "good" ? sure(position) : quality === "uncertain" ? said(position) : NOTHING_KNOWN,
        ),
      );
      const values = (qualities: string[]) =>
        [
          ...worlds(
            leaves.map(({ position, quality }) => (qualities.includes(quality) ? position : undefined)),
          ),
        ].map((world) => classical(shape, world));
      const asSaid = values(["good", "uncertain"]);
      const forSure = values(["good"]);
      expect(holds(truth)).toBe(asSaid.every((value) => value === HOLDS));
      expect(isOver(truth)).toBe(forSure.every((value) => value === OVER));
      expect(mayHold(truth)).toBe(forSure.some((value) => value === HOLDS));
    }),
    { numRuns: 2_000 },
  );
});

describe("against a plain model", () => {
  const step = fc.record({
    wait: fc.constantFrom(0, 1, 2, 5),
    channel: fc.constantFrom("temp", "lel", "smoke"),
    high: fc.constantFrom(0, 1, 2),
    reason: fc.constantFrom<ReasonName>("good", "good", "good", "not_accurate", "sensor_failure"),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const steps = fc.array(step, { minLength: 1, maxLength: 40 });
  /** Over, in the deadband, and holding. */
  const VALUES = { temp: [20, 53, 60], lel: [0, 22, 40], smoke: [0, 0, 1] } as const;
  const channels = ["temp", "lel", "smoke"] as const;
  const terms = { temp: hot, lel: gas, smoke };

  function sketchOf(of: Tree): object {
    if (typeof of === "number") return terms[channels[of]!];
    if ("not" in of) return { not: sketchOf(of.not) };
    return "all" in of ? { all: of.all.map(sketchOf) } : { any: of.any.map(sketchOf) };
  }
  const shapes: Tree[][] = [
    [0, 1, 2],
    [{ not: 0 }, 1],
    [{ any: [0, 1] }, { not: 2 }],
    [{ not: { all: [0, 1] } }, 2],
  ];

  function play(r: EngineRun, some: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, channel, high, reason } of some) {
      at += wait;
      const bad = reason === "sensor_failure";
      r.at(at).read(`d.${channel}`, bad ? Number.NaN : VALUES[channel as "temp"][high]!, reason);
    }
    return at;
  }

  const combos = fc.record({ kind: fc.constantFrom("all", "any"), shape: fc.constantFrom(...shapes) });

  test("what is said by each channel last decides, in every world that is left", () => {
    fc.assert(
      fc.property(steps, combos, (some, { kind, shape }) => {
        const of: Tree = kind === "all" ? { all: shape } : { any: shape };
        const last = new Map<string, { position: number; good: boolean } | undefined>();
        let active = false;
        let at = 0;
        const expected: string[] = [];
        for (const { wait, channel, high, reason } of some) {
          at += wait;
          const position = channel === "smoke" && high === 1 ? 0 : high;
          last.set(channel, reason === "sensor_failure" ? undefined : { position, good: reason === "good" });
          const known = (good: boolean) =>
            channels.map((name) => {
              const one = last.get(name);
              return one === undefined || (good && !one.good) ? undefined : one.position;
            });
          const raised = [...worlds(known(false))].every((world) => classical(of, world) === HOLDS);
          const cleared = [...worlds(known(true))].every((world) => classical(of, world) === OVER);
          const before: boolean = active;
          active = raised || (active && !cleared);
          if (active !== before) expected.push(`${at} ${active ? "red" : "normal"}`);
        }
        const r = run({ [kind]: { red: shape.map(sketchOf) } });
        play(r, some, 0);
        expect(gradesOf(r.events)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a checkpoint anywhere changes no event and no later checkpoint", () => {
    const rule = {
      onDelay: "3s",
      offDelay: "2s",
      all: {
        yellow: [{ any: [hot, { calendar: "office" }] }, { not: gas }],
        red: [
          hot,
          { not: gas },
          {
            channel: "temp",
            window: { function: "mean", window: "10s", minCoverage: 0, above: { red: 40 } },
          },
        ],
      },
    };
    fc.assert(
      fc.property(steps, fc.nat(), (some, n) => {
        const cut = n % some.length;
        const whole = run(rule);
        play(whole, some, 0);
        whole.until(300);
        const first = run(rule);
        const at = play(first, some.slice(0, cut), 0);
        const second = first.restored();
        play(second, some.slice(cut), at);
        second.until(300);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 500 },
    );
  });

  test("after the gateway was down, what is sampled is unknown until it is heard; what keeps its state is not", () => {
    const r = run({ all: { red: [hot, smoke] } });
    r.at(0).boot();
    say(r, 1, { temp: 60, smoke: 0 });
    const again = r.restored();
    again.at(500).boot({ boot: "b2" });
    say(again, 501, { smoke: 1 });
    expect(gradesOf(again.events)).toEqual([]);
    say(again, 502, { temp: 60 });
    expect(again.events[0]).toMatchObject({ transition: "raise", time: START + 502 * SECOND });
  });
});
