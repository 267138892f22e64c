import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { gradesOf, problemsOf } from "./window-run.ts";

const LONG = 365 * DAY;

function plantOf(stale = LONG) {
  return siteOf({
    points: [{ id: "section" }],
    devices: [
      {
        id: "d",
        channels: [
          { id: "valve", quantity: "valve", stale: LONG, report: "on-change", period: 0 },
          { id: "flow", quantity: "flow", stale },
          { id: "level", quantity: "water_level", stale },
        ],
      },
    ],
  });
}
const plant = plantOf();

/** Flow within a minute after the valve has closed. */
const closed = { channel: "valve", equals: "closed" };
const flow = { channel: "flow", above: 5, deadband: 1 };

function run(sequence: object, more: RuleSketch = {}, on = plant): EngineRun {
  return new EngineRun(on, {
    rule: {
      applies: { point: "section" },
      sequence: { first: closed, next: { red: flow }, within: "60s", ...sequence },
      ...more,
    },
  });
}

/** The valve is open (1) or closed (0); flow in its unit, or a reason. */
function say(r: EngineRun, at: number, values: Record<string, number | ReasonName>): EngineRun {
  for (const [channel, value] of Object.entries(values)) {
    if (typeof value === "number") r.at(at).read(`d.${channel}`, value);
    else r.at(at).read(`d.${channel}`, Number.NaN, value);
  }
  return r;
}

const quiet = (r: EngineRun): EngineRun => say(r, 0, { valve: 1, flow: 0, level: 0 });

describe("A within T after B", () => {
  test("raises when A begins in time, tells how long after, and clears when A is over", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, 130, { flow: 9 });
    say(r, 300, { flow: 4.5 });
    expect(gradesOf(r.events)).toEqual(["130 red"]);
    expect(r.events[0]).toMatchObject({ value: 30, limit: 60 });
    say(r, 301, { flow: 3 });
    expect(gradesOf(r.events)).toEqual(["130 red", "301 normal"]);
  });

  test.each([
    ["at the last instant", 160, ["160 red"]],
    ["too late", 161, []],
  ])("%s", (_name, at, expected) => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, at, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(expected);
  });

  test("what had begun before is no sequence; in one instant it is, whichever is read first", () => {
    const before = quiet(run({}));
    say(before, 90, { flow: 9 });
    say(before, 100, { valve: 0 });
    say(before, 110, { flow: 9 });
    expect(gradesOf(before.events)).toEqual([]);
    const same = quiet(run({}));
    same.at(100).message({ channel: "d.flow", value: 9 }, { channel: "d.valve", value: 0 });
    expect(gradesOf(same.events)).toEqual(["100 red"]);
  });

  test("it comes again when A comes again in time, and not after it", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, 110, { flow: 9 });
    say(r, 120, { flow: 0 });
    say(r, 130, { flow: 9 });
    say(r, 170, { flow: 0 });
    say(r, 180, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["110 red", "120 normal", "130 red", "170 normal"]);
  });

  test("a second B counts anew once the first was over", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, 200, { valve: 1 });
    say(r, 300, { valve: 0 });
    say(r, 350, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["350 red"]);
  });

  test("counted from the end, the time begins when B is over", () => {
    const r = quiet(run({ counts: "end" }));
    say(r, 100, { valve: 0 });
    say(r, 500, { valve: 1 });
    say(r, 550, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["550 red"]);
    const late = quiet(run({ counts: "end" }));
    say(late, 100, { valve: 0 });
    say(late, 500, { valve: 1 });
    say(late, 561, { flow: 9 });
    expect(gradesOf(late.events)).toEqual([]);
  });

  test("the reset ends what stands and what is waited for", () => {
    const reset = { channel: "level", above: 10 };
    const r = quiet(run({ reset }));
    say(r, 100, { valve: 0 });
    say(r, 110, { flow: 9 });
    say(r, 120, { level: 20 });
    say(r, 121, { level: 0 });
    say(r, 130, { flow: 0 });
    say(r, 140, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["110 red", "120 normal"]);
  });

  test("each level has its own; delays are those of the rule", () => {
    const r = quiet(run({ next: { yellow: flow, red: { ...flow, above: 20 } } }, { onDelay: "5s" }));
    say(r, 100, { valve: 0 });
    say(r, 110, { flow: 9 });
    say(r, 120, { flow: 30 });
    r.until(200);
    expect(gradesOf(r.events)).toEqual(["115 yellow", "125 red"]);
  });
});

describe("data that are missing", () => {
  test("bad data end nothing that stands", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, 110, { flow: 9 });
    say(r, 120, { flow: "sensor_failure" });
    r.until(400);
    expect(gradesOf(r.events)).toEqual(["110 red"]);
  });

  test("A that was not to be seen when the time ran out, and then holds, counts as in time", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    say(r, 110, { flow: "sensor_failure" });
    say(r, 300, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["300 red"]);
    const sound = quiet(run({}));
    say(sound, 100, { valve: 0 });
    say(sound, 110, { flow: "sensor_failure" });
    say(sound, 300, { flow: 0 });
    say(sound, 301, { flow: 9 });
    expect(gradesOf(sound.events)).toEqual([]);
  });

  test("A that fell silent in time is such a one", () => {
    const r = quiet(run({}, {}, plantOf(30 * SECOND)));
    say(r, 10, { flow: 0 });
    say(r, 20, { valve: 0 });
    r.until(200);
    say(r, 201, { flow: 9 });
    expect(gradesOf(r.events)).toEqual(["201 red"]);
  });

  test("an uncertain reading begins it and does not end it", () => {
    const r = quiet(run({}));
    say(r, 100, { valve: 0 });
    r.at(110).read("d.flow", 9, "not_accurate");
    r.at(120).read("d.flow", 0, "not_accurate");
    expect(gradesOf(r.events)).toEqual(["110 red"]);
  });
});

describe("what could never work is refused", () => {
  const base = { first: closed, next: { red: flow }, within: "60s" };
  test.each<[string, object, RegExp]>([
    [
      "shorter than what follows is read",
      { within: "1s", next: { red: { channel: "d.slow", above: 1 } } },
      /^sequence.within: d.slow is read every/,
    ],
    ["the same twice", { next: { red: closed } }, /^sequence.next.red: this is what comes first/],
    [
      "a reset that always comes with it",
      { reset: { channel: "flow", above: 2 } },
      /^sequence.reset: it resets whenever red/,
    ],
    [
      "levels the wrong way round",
      { next: { yellow: flow, red: { ...flow, above: 2 } } },
      /^sequence.next.red: red holds whenever yellow/,
    ],
    [
      "an unknown channel",
      { first: { channel: "nope", above: 1 } },
      /^sequence.first.channel: there is no channel/,
    ],
  ])("%s", (_name, more, expected) => {
    const site = siteOf({
      points: [{ id: "section" }],
      devices: [
        {
          id: "d",
          channels: [
            { id: "valve", quantity: "valve", report: "on-change", period: 0 },
            { id: "flow", quantity: "flow" },
            { id: "slow", quantity: "flow", period: 600 * SECOND },
          ],
        },
      ],
    });
    expect(
      problemsOf(site, { applies: { point: "section" }, sequence: { ...base, ...more } }),
    ).toContainEqual(expect.stringMatching(expected));
  });
});

describe("against a plain model", () => {
  const step = fc.record({
    wait: fc.constantFrom(0, 1, 5, 20, 60, 61, 90),
    what: fc.oneof(
      fc.record({ valve: fc.constantFrom(0, 1) }),
      fc.record({
        flow: fc.constantFrom(0, 4.5, 9),
        reason: fc.constantFrom<ReasonName>("good", "good", "not_accurate", "sensor_failure"),
      }),
      fc.record({ level: fc.constantFrom(0, 20) }),
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  /** Where the second ends nothing is known of the flow, and what was seen of it before still counts. */
  const NOTHING_KNOWN_AT_THE_CUT: Step[] = [
    { wait: 0, what: { flow: 9, reason: "good" } },
    { wait: 0, what: { flow: 0, reason: "sensor_failure" } },
    { wait: 0, what: { flow: 0, reason: "not_accurate" } },
  ];

  const steps = fc.array(step, { minLength: 1, maxLength: 40 });
  const counts = fc.constantFrom("begin", "end");
  const reset = { channel: "level", above: 10 };

  function play(r: EngineRun, some: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, what } of some) {
      at += wait;
      if ("valve" in what) say(r, at, { valve: what.valve });
      else if ("level" in what) say(r, at, { level: what.level });
      else r.at(at).read("d.flow", what.reason === "sensor_failure" ? Number.NaN : what.flow, what.reason);
    }
    return at;
  }

  /** Written down as lists of what was, and looked through at every step. */
  function model(some: readonly Step[], counts: string): string[] {
    const firsts: { begin: number; end: number; dropped: boolean }[] = [];
    let valve: number | undefined;
    let level = 0;
    let seen: "over" | "between" | "holds" | "unknown" = "unknown";
    let taken: { since: number } | undefined;
    let triggered = false;
    let blind = false;
    let active = false;
    let at = 0;
    const told: string[] = [];
    const deadlineOf = (f: { begin: number; end: number }) => (counts === "begin" ? f.begin : f.end) + 60;
    const waiting = (now: number) => {
      const last = firsts.at(-1);
      return last !== undefined && !last.dropped && now <= deadlineOf(last);
    };
    for (const { wait, what } of some) {
      const now = at + wait;
      const last = firsts.at(-1);
      // The time ran out on the way here.
      if (last !== undefined && !last.dropped && deadlineOf(last) < now) {
        if (taken === undefined && seen === "unknown") blind = true;
        last.dropped = true;
      }
      at = now;
      if ("valve" in what) {
        if (what.valve === 0 && valve !== 0)
          firsts.push({ begin: now, end: Number.POSITIVE_INFINITY, dropped: false });
        if (what.valve === 1 && valve === 0) firsts.at(-1)!.end = now;
        valve = what.valve;
      } else if ("level" in what) level = what.level;
      else if (what.reason === "sensor_failure") seen = "unknown";
      else {
        const position = what.flow >= 5 ? "holds" : what.flow < 4 ? "over" : "between";
        seen = position === "holds" || what.reason === "good" ? position : "unknown";
      }
      if (seen === "holds") {
        const begins = taken === undefined || taken.since === now;
        taken ??= { since: now };
        if ((begins && waiting(now)) || blind) triggered = true;
        blind = false;
      } else if (seen === "over") {
        taken = undefined;
        triggered = false;
        blind = false;
      }
      const resets = level >= 10;
      if (resets) {
        triggered = false;
        blind = false;
        const open = firsts.at(-1);
        if (open !== undefined) open.dropped = true;
      }
      const before: boolean = active;
      if (triggered && seen === "holds") active = true;
      else if (triggered ? seen === "over" : true) {
        const mayBegin = waiting(now) || valve !== 1;
        const unknown = seen === "unknown" && !triggered && !resets && (mayBegin || blind);
        if (!unknown) active = false;
      }
      if (active !== before) told.push(`${now} ${active ? "red" : "normal"}`);
    }
    return told;
  }

  test("what came first, what followed, and when", () => {
    fc.assert(
      fc.property(steps, counts, (some, from) => {
        const r = run({ counts: from, reset });
        play(r, some, 0);
        expect(gradesOf(r.events)).toEqual(model(some, from));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a checkpoint anywhere changes no event and no later checkpoint", () => {
    fc.assert(
      fc.property(steps, counts, fc.nat(), (some, from, n) => {
        const cut = n % some.length;
        const make = () => run({ counts: from, reset }, { onDelay: "2s" });
        const whole = make();
        play(whole, some, 0);
        whole.until(10_000);
        const first = make();
        const at = play(first, some.slice(0, cut), 0);
        const second = first.restored();
        play(second, some.slice(cut), at);
        second.until(10_000);
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 500, examples: [[NOTHING_KNOWN_AT_THE_CUT, "begin", 2]] },
    );
  });
});
