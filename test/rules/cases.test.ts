import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../model/time.ts";
import { casesOf } from "../../rules/cases/recall.ts";
import { caseSettingsSchema } from "../../rules/cases/settings.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { EngineRun, line, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

/** No silence is noticed in these tests. */
const QUIET = 10 ** 6 * SECOND;

const site = siteOf({
  points: [
    { id: "well", domain: "gas" },
    { id: "boiler", domain: "gas" },
  ],
  devices: [
    {
      id: "gd",
      point: "well",
      channels: [
        { id: "lel", stale: QUIET },
        { id: "co", stale: QUIET },
      ],
    },
    { id: "gb", point: "boiler", channels: [{ id: "lel", stale: QUIET }] },
  ],
});
const RULES = {
  gas: { applies: { channel: "gd.lel" }, above: { blue: 5, yellow: 10, orange: 25, red: 50 }, deadband: 2 },
  co: { applies: { channel: "gd.co" }, above: { yellow: 24 } },
  boiler: { applies: { channel: "gb.lel" }, above: { red: 50 } },
};
/** In seconds: acknowledge within 60 (red 20), respond within 100 (red 50), close within 1000. */
const SETTINGS = {
  deadlines: {
    red: { acknowledge: "20s", respond: "50s", close: "1000s" },
    yellow: { acknowledge: "60s", respond: "100s", close: "1000s" },
  },
  escalation: { red: ["duty", "chief"], yellow: ["duty"] },
  again: "30s",
  attempts: 3,
};

function run(cases: Record<string, unknown> = SETTINGS): EngineRun {
  return new EngineRun(site, RULES, { cases }).at(0).boot();
}

function acknowledge(engine: EngineRun, rule: string, subject: string): void {
  expect(engine.command("acknowledge", rule, subject)).toEqual({ accepted: true });
}

/** `2 gas@gd.lel raise yellow #2`, with group and step of an overrun. */
function told(engine: EngineRun): string[] {
  return engine.events.map((event) =>
    [
      line(event),
      event.case === undefined ? "" : `#${event.case}`,
      event.overdue ?? "",
      event.escalateTo === undefined ? "" : `→${event.escalateTo}`,
      event.cause ?? "",
    ]
      .filter(Boolean)
      .join(" "),
  );
}

describe("a case", () => {
  test("from the alarm to its report: every event says which case it is of, and the alarm ends by its own rules", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    acknowledge(engine.at(10), "gas", "gd.lel");
    expect(engine.at(20).give({ verb: "respond", case: 1 })).toEqual({ accepted: true });
    expect(engine.at(30).give({ verb: "act", case: 1, note: "已关阀" })).toEqual({ accepted: true });
    engine.at(40).read("gd.lel", 2);
    expect(engine.at(50).give({ verb: "close", case: 1, cause: "real", report: "接头漏气，已更换" })).toEqual(
      {
        accepted: true,
      },
    );
    expect(told(engine)).toEqual([
      "1 gas@gd.lel raise yellow #1",
      "10 gas@gd.lel acknowledge yellow #1",
      "20 gas@gd.lel respond yellow #1",
      "30 gas@gd.lel act yellow #1",
      "40 gas@gd.lel return yellow #1",
      "50 gas@gd.lel close yellow #1 real",
    ]);
    expect(engine.events.at(-1)).toMatchObject({ user: "wang", note: "接头漏气，已更换", to: "normal" });
    expect([...engine.engine.cases!.open()]).toEqual([]);
    expect(engine.engine.cases!.closed()).toMatchObject([
      {
        number: 1,
        acknowledged: { at: START + 10 * SECOND, user: "wang" },
        responded: { at: START + 20 * SECOND },
        acted: { at: START + 30 * SECOND },
        notes: 1,
        closed: { at: START + 50 * SECOND, cause: "real" },
      },
    ]);
    // Nothing is due any more.
    expect(engine.until(5_000).events).toHaveLength(6);
  });

  test("opens with danger from yellow on: blue is none, and becomes one as it gets worse", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 6).at(2).read("gd.lel", 12);
    expect(told(engine)).toEqual(["1 gas@gd.lel raise blue", "2 gas@gd.lel upgrade yellow #2"]);
  });

  test("gathers what else happens at its point; each occurrence keeps its own events and its own acknowledgement", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    acknowledge(engine.at(2), "gas", "gd.lel");
    engine.at(3).read("gd.co", 30).at(4).read("gb.lel", 60);
    engine.at(5).read("gd.lel", 2).at(6).read("gd.lel", 13);
    expect(told(engine)).toEqual([
      "1 gas@gd.lel raise yellow #1",
      "2 gas@gd.lel acknowledge yellow #1",
      "3 co@gd.co raise yellow #1",
      "4 boiler@gb.lel raise red #4",
      "5 gas@gd.lel return yellow #1",
      "6 gas@gd.lel raise yellow #1",
    ]);
    // The acknowledgement of the first is not one of the others.
    expect(engine.engine.alarm("gas", "gd.lel")).toMatchObject({ state: "unacknowledged", occurrence: 4 });
    expect(engine.engine.cases!.case(1)).toMatchObject({ gathered: 3, severity: "yellow" });
    expect(engine.engine.cases!.case(1)!.occurrences.map(({ awaits }) => awaits)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("an exercise has a case of its own and swallows nothing that happens in earnest", () => {
    const engine = run();
    engine.at(1).message({ channel: "gd.co", value: 30, mode: "exercise" });
    engine.at(2).read("gd.lel", 12);
    expect(told(engine)).toEqual(["1 co@gd.co raise yellow #1", "2 gas@gd.lel raise yellow #2"]);
    expect(engine.engine.cases!.case(1)).toMatchObject({ mode: "exercise", gathered: 1 });
  });

  test("is not opened by what is silenced, but by the end of the silence", () => {
    const engine = run();
    engine.give({ verb: "shelve", rule: "gas", subject: "gd.lel", span: 30 * SECOND, note: "校准" });
    engine.at(1).read("gd.lel", 12).until(31);
    expect(told(engine).slice(1)).toEqual([
      "1 gas@gd.lel raise yellow (shelved)",
      "30 gas@gd.lel unshelve yellow #3",
    ]);
  });

  test("of other classes only where the site says so, and none at all where it says none", () => {
    const engine = run({ open: { danger: "none" } });
    engine.at(1).read("gd.lel", 60).until(10_000);
    expect(told(engine)).toEqual(["1 gas@gd.lel raise red"]);
  });
});

describe("closing", () => {
  const close = (engine: EngineRun, cause: "real" | "false" | "duplicate" | "test" = "real") =>
    engine.give({ verb: "close", case: 1, cause, report: "…" });

  test("never stands in for an acknowledgement, of no occurrence", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12).read("gd.co", 30);
    engine.give({ verb: "respond", case: 1 });
    acknowledge(engine, "gas", "gd.lel");
    engine.at(2).read("gd.lel", 2).read("gd.co", 2);
    expect(close(engine)).toEqual({ accepted: false, refusal: "not-acknowledged" });
    expect(close(engine, "false")).toEqual({ accepted: false, refusal: "not-acknowledged" });
    acknowledge(engine, "co", "gd.co");
    expect(close(engine)).toEqual({ accepted: true });
  });

  test("while the condition holds only with a cause that says why it is no danger; what then gets worse has a new case", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    acknowledge(engine, "gas", "gd.lel");
    engine.give({ verb: "respond", case: 1 });
    expect(close(engine, "duplicate")).toEqual({ accepted: false, refusal: "condition-still-present" });
    expect(close(engine.at(2), "false")).toEqual({ accepted: true });
    expect(engine.engine.alarm("gas", "gd.lel")?.state).toBe("acknowledged");
    engine.at(3).read("gd.lel", 60);
    expect(told(engine).slice(3)).toEqual([
      "2 gas@gd.lel close yellow #1 false",
      "3 gas@gd.lel upgrade red #5",
    ]);
  });

  test("a real danger only after somebody has responded; a closed case, and one that never was, are told apart", () => {
    const engine = run();
    engine.at(1).read("gd.lel", 12);
    acknowledge(engine, "gas", "gd.lel");
    engine.at(2).read("gd.lel", 2);
    expect(close(engine)).toEqual({ accepted: false, refusal: "not-responded" });
    engine.give({ verb: "respond", case: 1 });
    expect(close(engine)).toEqual({ accepted: true });
    expect(close(engine)).toEqual({ accepted: false, refusal: "case-closed" });
    expect(engine.give({ verb: "act", case: 99, note: "?" })).toEqual({
      accepted: false,
      refusal: "unknown-case",
    });
  });
});

describe("deadlines", () => {
  test("each step that takes too long is told to the next group, again and again, up to a bound", () => {
    const engine = run();
    engine.at(0).read("gd.lel", 60).until(2_000);
    expect(told(engine)).toEqual([
      "0 gas@gd.lel raise red #1",
      "20 gas@gd.lel overrun red #1 acknowledge →duty",
      "50 gas@gd.lel overrun red #1 acknowledge →chief",
      "50 gas@gd.lel overrun red #1 respond →chief",
      "80 gas@gd.lel overrun red #1 acknowledge →chief",
      "80 gas@gd.lel overrun red #1 respond →chief",
      "110 gas@gd.lel overrun red #1 respond →chief",
      "1000 gas@gd.lel overrun red #1 close →chief",
      "1030 gas@gd.lel overrun red #1 close →chief",
      "1060 gas@gd.lel overrun red #1 close →chief",
    ]);
    // It stays open, and what is done ends what was awaited.
    expect(engine.engine.cases!.case(1)).toMatchObject({
      overruns: { acknowledge: 3, respond: 3, close: 3 },
    });
    acknowledge(engine, "gas", "gd.lel");
    engine.give({ verb: "respond", case: 1 });
    expect(engine.engine.cases!.case(1)?.overruns).toEqual({ close: 3 });
  });

  test("are met in time by what people do", () => {
    const engine = run();
    engine.at(0).read("gd.lel", 12);
    acknowledge(engine.at(59), "gas", "gd.lel");
    engine.at(99).give({ verb: "respond", case: 1 });
    engine.at(999).read("gd.lel", 2).give({ verb: "close", case: 1, cause: "real", report: "…" });
    expect(engine.until(5_000).events.filter(({ transition }) => transition === "overrun")).toEqual([]);
  });

  test("become shorter as the case becomes worse, from then on", () => {
    const engine = run();
    engine.at(0).read("gd.lel", 12).at(30).read("gd.lel", 60).until(81);
    expect(told(engine)).toEqual([
      "0 gas@gd.lel raise yellow #1",
      "30 gas@gd.lel upgrade red #1",
      "50 gas@gd.lel overrun red #1 acknowledge →duty",
      "80 gas@gd.lel overrun red #1 acknowledge →chief",
      "80 gas@gd.lel overrun red #1 respond →chief",
    ]);
  });

  test("what is announced anew gets its own, however often the one before it was told as overrun", () => {
    const engine = run({ ...SETTINGS, attempts: 2 });
    engine.at(0).read("gd.lel", 12).at(100).read("gd.co", 30).until(500);
    expect(told(engine).filter((text) => text.includes("acknowledge"))).toEqual([
      "60 gas@gd.lel overrun yellow #1 acknowledge →duty",
      "90 gas@gd.lel overrun yellow #1 acknowledge →duty",
      "160 gas@gd.lel overrun yellow #1 acknowledge →duty",
      "190 gas@gd.lel overrun yellow #1 acknowledge →duty",
    ]);
  });

  test("who shelves an alarm has seen it, so its acknowledgement is not awaited meanwhile; the response is", () => {
    const engine = run({ ...SETTINGS, attempts: 1 });
    engine.at(0).read("gd.lel", 12);
    engine.at(10).give({
      ...{ verb: "shelve", rule: "gas", subject: "gd.lel", occurrence: 1 },
      ...{ span: 300 * SECOND, note: "在现场" },
    });
    expect(told(engine.until(400)).slice(2)).toEqual([
      "100 gas@gd.lel overrun yellow #1 respond →duty",
      "310 gas@gd.lel unshelve yellow #1",
      "370 gas@gd.lel overrun yellow #1 acknowledge →duty",
    ]);
  });

  test("that passed while the gateway was down are told at the start, once each; a clock set ahead moves them", () => {
    const engine = run();
    engine.at(0).read("gd.lel", 60);
    const restarted = engine.restored().at(500).boot({ boot: "b2" });
    restarted.until(529);
    expect(told(restarted)).toEqual([
      "500 gas@gd.lel overrun red #1 acknowledge →duty",
      "500 gas@gd.lel overrun red #1 respond →chief",
    ]);
    const ahead = run();
    ahead.at(0).read("gd.lel", 60).at(500).boot();
    expect(told(ahead.until(519))).toHaveLength(1);
    expect(told(ahead.until(520))).toHaveLength(2);
  });

  test("without groups an overrun is told all the same, to nobody in particular", () => {
    const engine = run({ deadlines: { yellow: { acknowledge: "60s" } }, attempts: 1 });
    engine.at(0).read("gd.lel", 12).until(61);
    expect(told(engine)[1]).toBe("60 gas@gd.lel overrun yellow #1 acknowledge");
  });
});

test("a rule that is taken away withdraws its alarm; the case stays until people close it", () => {
  const engine = run();
  engine.at(1).read("gd.lel", 12);
  const { gas: _, ...others } = RULES;
  const changed = new EngineRun(site, others, { cases: SETTINGS });
  changed.engine.restore(JSON.parse(JSON.stringify(engine.engine.checkpoint())));
  changed.at(10).boot({ boot: "b2" });
  expect(told(changed)).toEqual(["10 gas@gd.lel withdraw yellow #1"]);
  expect(changed.at(20).give({ verb: "close", case: 1, cause: "unknown", report: "规则已删除" })).toEqual({
    accepted: true,
  });
});

test("the alarm log gives open cases back where the state of the rules is lost", () => {
  const engine = run();
  engine.at(1).read("gd.lel", 12);
  acknowledge(engine.at(2), "gas", "gd.lel");
  engine.at(3).give({ verb: "respond", case: 1 });
  const settings = caseSettingsSchema.parse(SETTINGS);
  const cases = casesOf(engine.events, settings);
  expect(cases).toEqual([...engine.engine.cases!.open()]);
  const fresh = run();
  fresh.at(100).boot({ boot: "b2", recalled: { lastSeq: 3, standing: [], cases } });
  expect(fresh.engine.cases!.case(1)).toMatchObject({ responded: { user: "wang" }, gathered: 1 });
  expect(told(fresh.until(1_001)).map((text) => text.split(" ").slice(0, 3).join(" "))).toEqual([
    "1001 gas@gd.lel overrun",
  ]);
});

/** What may happen, at a second each. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("lel" as const), value: fc.integer({ min: 0, max: 70 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("co" as const), value: fc.integer({ min: 0, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("boiler" as const), value: fc.integer({ min: 0, max: 70 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      rule: fc.constantFrom("gas", "co", "boiler"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("respond" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("act" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("close" as const),
      cause: fc.constantFrom("real" as const, "false" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("shelve" as const) }) },
);
const story = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), happening), { maxLength: 40 });
type Story = readonly (readonly [number, typeof happening extends fc.Arbitrary<infer H> ? H : never])[];

const SUBJECTS: Record<string, string> = { gas: "gd.lel", co: "gd.co", boiler: "gb.lel" };

function play(engine: EngineRun, steps: Story, from: number): number {
  let second = from;
  for (const [pause, step] of steps) {
    second += pause;
    engine.at(second);
    const open = [...engine.engine.cases!.open()].at(-1)?.number ?? 1;
    if (step.kind === "lel") engine.read("gd.lel", step.value);
    else if (step.kind === "co") engine.read("gd.co", step.value);
    else if (step.kind === "boiler") engine.read("gb.lel", step.value);
    else if (step.kind === "acknowledge") engine.command("acknowledge", step.rule, SUBJECTS[step.rule]!);
    else if (step.kind === "respond") engine.give({ verb: "respond", case: open });
    else if (step.kind === "act") engine.give({ verb: "act", case: open, note: "…" });
    else if (step.kind === "close")
      engine.give({ verb: "close", case: open, cause: step.cause, report: "…" });
    else {
      engine.give({
        verb: "shelve",
        rule: "gas",
        subject: "gd.lel",
        span: 20 * SECOND,
        note: "…",
        ...(engine.engine.alarm("gas", "gd.lel")?.active === true
          ? { occurrence: engine.engine.alarm("gas", "gd.lel")!.occurrence }
          : {}),
      });
    }
  }
  return second;
}

describe("whatever happens", () => {
  test("no announced danger from yellow on is without a case, none is in two open ones, and none gets lost in its case", () => {
    fc.assert(
      fc.property(story, (steps) => {
        const engine = run();
        play(engine, steps, 0);
        const ended = new Set<number>();
        for (const event of engine.events) {
          if (event.transition === "close") ended.add(event.case!);
          const calls =
            event.to === "unacknowledged" && event.silence === undefined && event.highest !== "blue";
          if (calls && ["raise", "upgrade", "again"].includes(event.transition)) {
            expect(event.case).toBeDefined();
            expect(ended.has(event.case!)).toBe(false);
          }
        }
        const open = [...engine.engine.cases!.open()];
        const members = open.flatMap(({ occurrences }) => occurrences.map(({ occurrence }) => occurrence));
        expect(new Set(members).size).toBe(members.length);
        for (const one of open) {
          const mine = new Set(
            engine.events.filter((event) => event.case === one.number).map(({ occurrence }) => occurrence),
          );
          expect(one.gathered).toBe(mine.size);
          expect(one.occurrences.map(({ occurrence }) => occurrence).sort()).toEqual([...mine].sort());
        }
      }),
    );
  });

  test("only a person closes a case, and never over an occurrence that waits for its acknowledgement", () => {
    fc.assert(
      fc.property(story, (steps) => {
        const engine = run();
        play(engine, steps, 0);
        const waits = new Map<number, AlarmEvent>();
        for (const event of engine.events) {
          if (event.transition === "close") {
            expect(event.user).toBe("wang");
            const over = [...waits.values()].filter((one) => one.case === event.case);
            expect(over).toEqual([]);
          } else if (
            event.transition !== "respond" &&
            event.transition !== "act" &&
            event.transition !== "overrun"
          ) {
            const pending = ["unacknowledged", "returned"].includes(event.to) && event.silence === undefined;
            if (pending) waits.set(event.occurrence, event);
            else waits.delete(event.occurrence);
          }
        }
      }),
    );
  });

  test("a checkpoint anywhere, and the events alone, give the same cases", () => {
    fc.assert(
      fc.property(story, story, (before, after) => {
        const whole = run();
        const second = play(whole, before, 0);
        const restored = whole.restored();
        expect(casesOf(whole.events, caseSettingsSchema.parse(SETTINGS))).toEqual([
          ...whole.engine.cases!.open(),
        ]);
        const told = whole.events.length;
        const end = play(whole, after, second);
        play(restored, after, second);
        whole.until(end + (2 * MINUTE) / SECOND);
        restored.until(end + (2 * MINUTE) / SECOND);
        expect(restored.events).toEqual(whole.events.slice(told));
        expect(restored.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
    );
  });
});
