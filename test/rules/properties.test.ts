import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReasonName } from "../../model/quality.ts";
import { SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { EngineRun, line, START } from "./engine-run.ts";
import { gradesOver, type OracleLevel, type OracleReading, orderedLevels } from "./oracle.ts";
import { siteOf } from "./site-builder.ts";

const REASON_OF = { good: "good", uncertain: "not_accurate", bad: "no_communication" } as const;
const QUALITIES = ["good", "good", "good", "uncertain", "bad"] as const;

const levels = fc
  .array(
    fc.record({
      onDelay: fc.constantFrom(0, 0, 3, 7),
      offDelay: fc.constantFrom(0, 0, 4, 9),
      deadband: fc.constantFrom(0, 2, 5),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map(orderedLevels)
  // What `check` refuses: a lower level that clears before a higher one.
  .filter((all) =>
    all.every(
      (level, i) => i === 0 || level.limit - level.deadband >= all[i - 1]!.limit - all[i - 1]!.deadband,
    ),
  );

/** Values close to the limits 10, 20, 30, 40 and their deadbands, at growing seconds. */
const history = fc
  .array(
    fc.record({
      wait: fc.constantFrom(0, 1, 1, 2, 3, 5, 8),
      value: fc.constantFrom(0, 5, 8, 9, 10, 15, 17, 18, 20, 26, 28, 30, 33, 38, 40, 44),
      quality: fc.constantFrom(...QUALITIES),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ wait, value, quality }): OracleReading => {
      at += wait;
      return { at, value, quality };
    });
  });

function ruleOf(all: readonly OracleLevel[]) {
  return {
    gas: {
      applies: { channel: "gd.v" },
      above: Object.fromEntries(
        all.map(({ severity, limit, deadband, onDelay, offDelay }) => [
          severity,
          { limit, deadband, onDelay: `${onDelay}s`, offDelay: `${offDelay}s` },
        ]),
      ),
    },
  };
}

function siteWith(report: "periodic" | "on-change") {
  return siteOf({
    devices: [{ id: "gd", channels: [{ id: "v", quantity: "temperature", report, stale: 3_600 * SECOND }] }],
  });
}

const SITES = { periodic: siteWith("periodic"), "on-change": siteWith("on-change") };

function feed(run: EngineRun, readings: readonly OracleReading[]): void {
  for (const { at, value, quality } of readings) {
    run.at(at).read("gd.v", quality === "bad" ? Number.NaN : value, REASON_OF[quality]);
  }
}

/** The grade after each event of the rule. */
function grades(events: readonly AlarmEvent[]): string[] {
  return events
    .filter(({ rule }) => rule === "gas")
    .map(
      ({ time, transition, severity }) =>
        `${(time - START) / SECOND} ${transition === "return" ? "normal" : severity}`,
    );
}

describe("against a plain model", () => {
  test.each(["periodic", "on-change"] as const)(
    "levels, deadbands, delays and qualities of a %s channel",
    (report) => {
      fc.assert(
        fc.property(levels, history, (all, readings) => {
          const end = readings.at(-1)!.at + 30;
          const run = new EngineRun(SITES[report], ruleOf(all));
          feed(run, readings);
          run.until(end);
          expect(grades(run.events)).toEqual(
            gradesOver(all, readings, { end, keepsState: report === "on-change" }),
          );
        }),
        { numRuns: 400 },
      );
    },
  );
});

describe("bad data never clears", () => {
  test("readings without value put in anywhere never bring an earlier return nor a milder grade", () => {
    const rank = (grade: string) => ["normal", "blue", "yellow", "orange", "red"].indexOf(grade);
    fc.assert(
      fc.property(
        levels.map((all) => all.map((level) => ({ ...level, onDelay: 0 }))),
        history,
        fc.array(
          fc.record({
            at: fc.nat(200),
            reason: fc.constantFrom<ReasonName>(
              "no_communication",
              "sensor_failure",
              "not_a_number",
              "inhibited",
              "undecodable",
            ),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        (all, readings, noise) => {
          const end = readings.at(-1)!.at + 30;
          const clean = new EngineRun(SITES.periodic, ruleOf(all));
          feed(clean, readings);
          const dirty = new EngineRun(SITES.periodic, ruleOf(all));
          const merged = [
            ...readings.map((reading) => ({ ...reading, reason: REASON_OF[reading.quality] as ReasonName })),
            ...noise.map(({ at, reason }) => ({
              at: Math.min(at, end),
              value: Number.NaN,
              reason,
              quality: "bad" as const,
            })),
          ].sort((a, b) => a.at - b.at);
          for (const { at, value, reason, quality } of merged) {
            dirty.at(at).read("gd.v", quality === "bad" ? Number.NaN : value, reason);
          }
          const at = (run: EngineRun, second: number) =>
            rank(
              grades(run.events)
                .filter((grade) => Number(grade.split(" ")[0]) <= second)
                .at(-1)
                ?.split(" ")[1] ?? "normal",
            );
          for (let second = 0; second <= end; second++) {
            expect(at(dirty, second), `second ${second}`).toBeGreaterThanOrEqual(at(clean, second));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** A little site with everything in it: sampled and on-change channels, two links, a component, a heartbeat. */
const mixed = siteOf({
  devices: [
    {
      id: "gd",
      channels: [
        { id: "v", stale: 6 * SECOND },
        { id: "w", quantity: "gas_ppm", stale: 9 * SECOND },
      ],
    },
    {
      id: "panel",
      link: "serial",
      liveness: 20 * SECOND,
      components: ["l1"],
      channels: [
        { id: "fire", quantity: "fire", component: "l1", report: "on-change" },
        { id: "beat", quantity: "heartbeat", heartbeat: 8 * SECOND, stale: 12 * SECOND },
      ],
    },
  ],
});
const mixedRules = {
  gas: {
    applies: { quantity: ["gas_lel", "gas_ppm"] },
    above: { blue: 5, yellow: { limit: 10, onDelay: "3s" }, red: { limit: 50, onDelay: "5s" } },
    deadband: 2,
    offDelay: "4s",
    latching: true,
  },
  fire: { applies: { quantity: "fire" }, equals: { red: "active" }, offDelay: "5s" },
};

const KEYS = ["gd.v", "gd.w", "panel:l1.fire", "panel.beat"] as const;
const REASONS: readonly ReasonName[] = [
  "good",
  "good",
  "good",
  "not_accurate",
  "no_communication",
  "sensor_failure",
  "over_range",
];
const reading = fc.record({
  channel: fc.constantFrom(...KEYS),
  value: fc.constantFrom(0, 1, 1, 4, 6, 9, 12, 48, 60, Number.NaN),
  reason: fc.constantFrom(...REASONS),
  flags: fc.constantFrom(0, 0, 0, 1, 3, 4, 9, 128),
});
const step = fc.record({
  wait: fc.constantFrom(0, 1, 1, 2, 4, 9),
  input: fc.oneof(
    { weight: 8, arbitrary: fc.record({ readings: fc.array(reading, { minLength: 1, maxLength: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ link: fc.nat(1), up: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ device: fc.nat(1), up: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        verb: fc.constantFrom("acknowledge" as const, "reset" as const),
        subject: fc.constantFrom(...KEYS),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ boot: true as const }) },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function apply(run: EngineRun, steps: readonly Step[], from: { at: number; boots: number }): void {
  for (const { wait, input } of steps) {
    from.at += wait;
    run.at(from.at);
    if ("readings" in input) run.message(...input.readings);
    else if ("link" in input) run.health("link", input.link, input.up);
    else if ("device" in input) run.health("device", input.device, input.up);
    else if ("verb" in input)
      run.command(input.verb, input.subject.includes("fire") ? "fire" : "gas", input.subject);
    else run.boot({ boot: `b${++from.boots}` });
  }
}

describe("the engine is a function of its inputs", () => {
  test("the same inputs give the same events, numbered without a gap", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [first, second] = [0, 1].map(() => {
          const run = new EngineRun(mixed, mixedRules);
          apply(run, steps, { at: 0, boots: 0 });
          run.until(10_000);
          return run;
        });
        expect(second!.events).toEqual(first!.events);
        expect(first!.events.map(({ seq }) => seq)).toEqual(first!.events.map((_, i) => i + 1));
        const byHighest = new Map<string, number>();
        for (const { seq, prev, highest } of first!.events) {
          expect(prev).toBe(byHighest.get(highest) ?? 0);
          byHighest.set(highest, seq);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("a checkpoint and a restore at any point change no event", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), fc.nat(), (steps, at) => {
        const cut = at % steps.length;
        const whole = new EngineRun(mixed, mixedRules);
        apply(whole, steps, { at: 0, boots: 0 });
        whole.until(10_000);
        const first = new EngineRun(mixed, mixedRules);
        const clock = { at: 0, boots: 0 };
        apply(first, steps.slice(0, cut), clock);
        const second = first.restored();
        apply(second, steps.slice(cut), clock);
        second.until(10_000);
        expect([...first.events, ...second.events].map(line)).toEqual(whole.events.map(line));
        expect([...first.events, ...second.events]).toEqual(whole.events);
        expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
      }),
      { numRuns: 300 },
    );
  });

  test("ticks between the inputs change no event", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(200), { maxLength: 30 }),
        (steps, ticks) => {
          const plain = new EngineRun(mixed, mixedRules);
          apply(plain, steps, { at: 0, boots: 0 });
          plain.until(10_000);
          const ticked = new EngineRun(mixed, mixedRules);
          const clock = { at: 0, boots: 0 };
          const due = [...ticks].sort((a, b) => a - b).map((tick) => tick / 4);
          steps.forEach((one, i) => {
            const next = clock.at + one.wait;
            // A boot is a gap in which less fires than in time that was lived through.
            const gap = "boot" in one.input;
            while (due.length > 0 && due[0]! <= next) {
              const tick = due.shift()!;
              if (!gap && i > 0 && tick > clock.at && tick < next) ticked.until(tick);
            }
            apply(ticked, [one], clock);
          });
          ticked.until(10_000);
          expect(ticked.events).toEqual(plain.events);
        },
      ),
      { numRuns: 200 },
    );
  });
});
