import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { EngineRun, type RuleSketch, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { problemsOf } from "./window-run.ts";

const hall = siteOf({
  points: [{ id: "hall" }, { id: "store" }, { id: "yard" }],
  groups: [{ id: "plant", points: ["hall", "store"] }],
  devices: ["a", "b", "c"].map((id) => ({
    id,
    point: id === "c" ? "store" : "hall",
    channels: [
      { id: "lel", stale: 30 * SECOND, range: { low: 0, high: 100 } },
      { id: "smoke", quantity: "smoke" as const, stale: 365 * DAY },
    ],
  })),
});

function vote(votes: object = {}, more: RuleSketch = {}): EngineRun {
  return new EngineRun(hall, {
    vote: {
      applies: { quantity: "gas_lel" },
      deadband: 5,
      votes: { across: "group", above: 25, need: { yellow: 1, red: 2 }, ...votes },
      ...more,
    },
  });
}

/** One message with what each detector says; a reason stands for a reading without value. */
function say(run: EngineRun, at: number, values: Record<string, number | ReasonName>): EngineRun {
  run
    .at(at)
    .message(
      ...Object.entries(values).map(([device, value]) =>
        typeof value === "number"
          ? { channel: `${device}.lel`, value }
          : { channel: `${device}.lel`, value: Number.NaN, reason: value },
      ),
    );
  return run;
}

function told(run: EngineRun): string[] {
  return run.told().filter((line) => line.includes(" vote@"));
}

describe("k of n detectors", () => {
  test("one detector is yellow, two are red; the alarm is about the group and tells how many", () => {
    const run = vote();
    say(run, 1, { a: 0, b: 0, c: 0 });
    say(run, 2, { a: 26, b: 0, c: 0 });
    say(run, 3, { a: 26, b: 0, c: 30 });
    say(run, 4, { a: 0, b: 0, c: 30 });
    say(run, 5, { a: 0, b: 0, c: 22 });
    expect(told(run)).toEqual([
      "2 vote@group@plant raise yellow",
      "3 vote@group@plant upgrade red",
      "4 vote@group@plant downgrade yellow",
    ]);
    expect(run.events[1]).toMatchObject({ value: 2, limit: 2, subject: "group@plant" });
    // 22 is inside the deadband: a vote is taken back strictly below 20.
    say(run, 6, { c: 19 });
    expect(told(run)).toEqual(["6 vote@group@plant return yellow"]);
  });

  test("across points each point has its own vote, of its own detectors", () => {
    const run = vote({ across: "point", need: { red: 1 } });
    say(run, 1, { a: 0, b: 0, c: 30 });
    expect(told(run)).toEqual(["1 vote@point@store raise red"]);
  });

  test("states vote, and a fire bit beside a fault bit is a vote", () => {
    const run = new EngineRun(hall, {
      vote: {
        applies: { quantity: "smoke" },
        votes: { across: "group", equals: "active", need: { red: 2 } },
      },
    });
    run.at(1).message({ channel: "a.smoke", value: 1 }, { channel: "b.smoke", value: 0 });
    run.message({ channel: "c.smoke", value: 1, reason: "device_failure" });
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
  });

  test("delays are those of the vote", () => {
    const run = vote({ need: { red: 2 } }, { onDelay: "5s", offDelay: "3s" });
    say(run, 1, { a: 30, b: 30, c: 0 });
    run.until(6);
    expect(told(run)).toEqual(["6 vote@group@plant raise red"]);
    say(run, 7, { a: 0 });
    say(run, 9, { a: 0 });
    say(run, 10, { b: 30 });
    expect(told(run)).toEqual(["10 vote@group@plant return red"]);
  });

  test("over range is a vote", () => {
    const run = vote({ need: { red: 1 } });
    run.at(1).read("a.lel", Number.POSITIVE_INFINITY, "over_range");
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
  });
});

describe("a voter that is bad, silent or in maintenance", () => {
  const two = { need: { red: 2 } };

  test("degrade: 2 of 3 becomes 2 of 2", () => {
    const run = vote(two);
    say(run, 1, { a: 30, b: 0, c: "sensor_failure" });
    expect(told(run)).toEqual([]);
    say(run, 2, { a: 30, b: 30 });
    expect(told(run)).toEqual(["2 vote@group@plant raise red"]);
  });

  test("degrade: when only one is left, one is enough; when none is, nothing is said", () => {
    const run = vote(two);
    say(run, 1, { a: 30, b: "sensor_failure", c: "sensor_failure" });
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
    const none = vote(two);
    say(none, 1, { a: "sensor_failure", b: "sensor_failure", c: "sensor_failure" });
    expect(told(none)).toEqual([]);
  });

  test("a vote is not taken back by failing", () => {
    const run = vote(two);
    say(run, 1, { a: 30, b: 30, c: 0 });
    say(run, 2, { a: 30, b: "sensor_failure", c: 0 });
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
    // What is left cannot make two votes any more, not even with the one that was cast.
    say(run, 3, { a: 0, c: 0 });
    expect(told(run)).toEqual(["3 vote@group@plant return red"]);
  });

  test("alarm: it counts as a vote", () => {
    const run = vote({ ...two, impaired: "alarm" });
    say(run, 1, { a: 0, b: 0, c: "sensor_failure" });
    expect(told(run)).toEqual([]);
    say(run, 2, { a: 30, b: 0 });
    expect(told(run)).toEqual(["2 vote@group@plant raise red"]);
    say(run, 3, { a: 0, b: 0 });
    expect(told(run)).toEqual(["3 vote@group@plant return red"]);
  });

  test("hold: it counts as what it said last, and nothing clears that it could still hold up", () => {
    const run = vote({ ...two, impaired: "hold" });
    say(run, 1, { a: 30, b: 30, c: 0 });
    say(run, 2, { c: "sensor_failure" });
    say(run, 3, { a: 0 });
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
    say(run, 4, { b: 0 });
    // One at most, and two are needed.
    expect(told(run)).toEqual(["4 vote@group@plant return red"]);
  });

  test("silence impairs a voter at its own instant", () => {
    const run = vote(two);
    for (let at = 1; at <= 40; at++) say(run, at, at <= 5 ? { a: 30, b: 0, c: 0 } : { a: 30, b: 0 });
    expect(told(run)).toEqual([]);
    for (let at = 41; at <= 80; at++) say(run, at, { a: 30 });
    // c fell silent at 35 and b at 70: then one of one is enough.
    expect(told(run)).toEqual(["70 vote@group@plant raise red"]);
    const failing = vote({ ...two, impaired: "alarm" });
    for (let at = 1; at <= 40; at++) say(failing, at, at <= 5 ? { a: 30, b: 0, c: 0 } : { a: 30, b: 0 });
    expect(told(failing)).toEqual(["35 vote@group@plant raise red"]);
  });

  test("maintenance has its own answer: a calibration is no alarm where a failure would be", () => {
    const answers = { ...two, impaired: "alarm" };
    const run = vote(answers);
    say(run, 1, { a: 30, b: 0, c: "calibrating" });
    run.until(1.5);
    expect(told(run)).toEqual([]);
    const failed = vote(answers);
    say(failed, 1, { a: 30, b: 0, c: "sensor_failure" });
    expect(told(failed)).toEqual(["1 vote@group@plant raise red"]);
  });

  test("an uncertain voter votes, and cannot take its vote back", () => {
    const run = vote(two);
    run
      .at(1)
      .message(
        { channel: "a.lel", value: 30, reason: "not_accurate" },
        { channel: "b.lel", value: 30 },
        { channel: "c.lel", value: 0 },
      );
    run.at(2).read("a.lel", 0, "not_accurate");
    expect(told(run)).toEqual(["1 vote@group@plant raise red"]);
    run.at(3).read("a.lel", 0);
    expect(told(run)).toEqual(["3 vote@group@plant return red"]);
  });
});

describe("votes that can never work are refused", () => {
  const votes = { across: "group", above: 25, need: { red: 2 } };
  test.each<[string, object, RegExp]>([
    ["more votes than detectors", { need: { red: 4 } }, /^votes.need.red: 4 votes of 3 detectors/],
    ["levels that come together", { need: { yellow: 2, red: 2 } }, /^votes.need.red: .*no more votes/],
    ["a limit beyond the range", { above: 101 }, /^votes.above: .*never raise/],
  ])("%s", (_name, more, expected) => {
    expect(
      problemsOf(hall, { applies: { quantity: "gas_lel" }, votes: { ...votes, ...more } }),
    ).toContainEqual(expect.stringMatching(expected));
  });

  test("detectors of no group", () => {
    const alone = siteOf({ devices: [{ id: "a", channels: [{ id: "lel" }] }] });
    expect(problemsOf(alone, { applies: { channel: "a.lel" }, votes })).toEqual([
      expect.stringMatching(/^votes.across: none of its channels belongs to a group/),
    ]);
  });
});

describe("against a plain model", () => {
  const step = fc.record({
    wait: fc.constantFrom(1, 1, 2, 5),
    device: fc.constantFrom("a", "b", "c"),
    value: fc.constantFrom(0, 10, 22, 25, 60),
    reason: fc.constantFrom<ReasonName>(
      "good",
      "good",
      "good",
      "not_accurate",
      "sensor_failure",
      "calibrating",
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const answer = fc.constantFrom("degrade", "alarm", "hold");
  const quiet = siteOf({
    points: [{ id: "hall" }],
    groups: [{ id: "plant", points: ["hall"] }],
    devices: ["a", "b", "c"].map((id) => ({ id, channels: [{ id: "lel", stale: 365 * DAY }] })),
  });

  function play(run: EngineRun, steps: readonly Step[], from: number): number {
    let at = from;
    for (const { wait, device, value, reason } of steps) {
      at += wait;
      const bad = reason === "sensor_failure" || reason === "calibrating";
      run.at(at).read(`${device}.lel`, bad ? Number.NaN : value, reason);
    }
    return at;
  }

  const rule = (impaired: string, maintenance: string) => ({
    vote: {
      applies: { quantity: "gas_lel" },
      deadband: 5,
      votes: { across: "group", above: 25, need: { yellow: 1, red: 2 }, impaired, maintenance },
    },
  });

  test("votes, answers, deadband and quality", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), answer, answer, (steps, impaired, maintenance) => {
        const voters = new Map(
          ["a", "b", "c"].map((id) => [id, { vote: 0, known: "unheard", answer: "hold" as string }]),
        );
        let grade = 0;
        let at = 0;
        const expected: string[] = [];
        for (const { wait, device, value, reason } of steps) {
          at += wait;
          const voter = voters.get(device)!;
          voter.answer = "hold";
          if (reason === "sensor_failure") Object.assign(voter, { known: "bad", answer: impaired });
          else if (reason === "calibrating") Object.assign(voter, { known: "bad", answer: maintenance });
          else if (value >= 25) Object.assign(voter, { known: "sound", vote: 1 });
          else if (reason === "good") {
            voter.known = "sound";
            if (value < 20) voter.vote = 0;
          } else voter.known = "doubtful";
          const all = [...voters.values()];
          if (
            all.every(({ known }) => known === "bad" || known === "unheard") &&
            impaired !== "alarm" &&
            maintenance !== "alarm"
          ) {
            continue;
          }
          // For each way in which what is not known could be: the most that could speak for the alarm, and what surely does.
          const votes = all.reduce(
            (sum, { known, vote: cast, answer: as }) =>
              sum +
              (known !== "sound" && as === "alarm" ? 1 : known !== "sound" && as === "degrade" ? 0 : cast),
            0,
          );
          const possible = all.reduce(
            (sum, { known, vote: cast, answer: as }) =>
              sum + (known === "sound" ? cast : as === "degrade" ? cast : 1),
            0,
          );
          const left = Math.max(
            1,
            3 - all.filter(({ known, answer: as }) => known !== "sound" && as === "degrade").length,
          );
          const needs = [Math.min(1, left), Math.min(2, left)];
          const top = votes >= needs[1]! ? 2 : votes >= needs[0]! ? 1 : 0;
          const before = grade;
          if (top > grade) grade = top;
          else while (grade > top && possible < needs[grade - 1]!) grade--;
          if (grade !== before) expected.push(`${at} ${["normal", "yellow", "red"][grade]}`);
        }
        const run = new EngineRun(quiet, rule(impaired, maintenance));
        play(run, steps, 0);
        const found = run.events
          .filter(({ rule: id }) => id === "vote")
          .map(
            ({ time, transition, severity }) =>
              `${(time - START) / SECOND} ${transition === "return" ? "normal" : severity}`,
          );
        expect(found).toEqual(expected);
      }),
      { numRuns: 600 },
    );
  });

  test("a restart at any point changes no event", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        answer,
        answer,
        fc.nat(),
        (steps, one, two, n) => {
          const cut = n % steps.length;
          const whole = new EngineRun(quiet, rule(one, two));
          play(whole, steps, 0);
          const first = new EngineRun(quiet, rule(one, two));
          const at = play(first, steps.slice(0, cut), 0);
          const second = first.restored();
          play(second, steps.slice(cut), at);
          expect([...first.events, ...second.events]).toEqual(whole.events);
          expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
        },
      ),
      { numRuns: 300 },
    );
  });
});
