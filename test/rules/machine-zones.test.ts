import { describe, expect, test } from "vitest";
import { DAY } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";
import { problemsOf } from "./window-run.ts";

const site = siteOf({
  points: [{ id: "pumps", domain: "machine" }],
  devices: [
    {
      id: "p",
      channels: [
        { id: "v", quantity: "vibration_velocity", stale: 365 * DAY, range: { low: 0, high: 40 } },
        { id: "peak", quantity: "vibration_peak_velocity", stale: 365 * DAY },
      ],
    },
  ],
});

function machine(machineZones: object, more: RuleSketch = {}): EngineRun {
  return new EngineRun(site, { zone: { applies: { channel: "p.v" }, machineZones, ...more } });
}

/** The zone that a velocity lies in, as the alarm has it. */
function zoneOf(options: object, velocity: number): string {
  const run = machine({ attention: true, ...options });
  run.at(0).read("p.v", velocity);
  return { blue: "B", yellow: "C", red: "D" }[run.events.at(-1)?.severity as "blue"] ?? "A";
}

describe("zones of ISO 10816-1", () => {
  // Table B.1: the boundaries as they are printed, mm/s rms.
  test.each([
    ["I", 0.71, 1.8, 4.5],
    ["II", 1.12, 2.8, 7.1],
    ["III", 1.8, 4.5, 11.2],
    ["IV", 2.8, 7.1, 18],
  ])("class %s", (name, ab, bc, cd) => {
    const at = (velocity: number) => zoneOf({ class: name }, velocity);
    expect([ab - 0.01, ab, bc - 0.01, bc, cd - 0.01, cd].map(at)).toEqual(["A", "B", "B", "C", "C", "D"]);
  });

  test("C is yellow, D is red, B is told only where somebody wants it", () => {
    const run = machine({ class: "II" }, { deadband: 0.3 });
    run
      .at(0)
      .read("p.v", 2)
      .at(1)
      .read("p.v", 3)
      .at(2)
      .read("p.v", 8)
      .at(3)
      .read("p.v", 2.6)
      .at(4)
      .read("p.v", 2.4);
    expect(run.told()).toEqual([
      "1 zone@p.v raise yellow",
      "2 zone@p.v upgrade red",
      "3 zone@p.v downgrade yellow",
      "4 zone@p.v return yellow",
    ]);
    expect(run.events.slice(0, 2)).toMatchObject([
      { value: 3, limit: 2.8 },
      { value: 8, limit: 7.1 },
    ]);
  });

  test("the site's own boundaries stand in place of the class's, one by one, and in the rule's unit", () => {
    expect(zoneOf({ class: "II", boundaries: { cd: 5 } }, 5)).toBe("D");
    expect(zoneOf({ class: "II", boundaries: { cd: 5 } }, 2.8)).toBe("C");
    expect(zoneOf({ boundaries: { bc: 4.5 } }, 100)).toBe("C");
    const inches = machine({ boundaries: { cd: 0.3 } }, { unit: "in/s" });
    inches.at(0).read("p.v", 7.6).at(1).read("p.v", 7.62);
    expect(inches.told()).toEqual(["1 zone@p.v raise red"]);
  });

  test("a zone has delays of its own", () => {
    const run = machine({ class: "II", zones: { c: { onDelay: "10s" } } });
    for (let at = 0; at < 12; at++) run.at(at).read("p.v", 3);
    expect(run.told()).toEqual(["10 zone@p.v raise yellow"]);
  });

  test("the rule says what it compares: vibration severity", () => {
    const run = machine({ class: "I" });
    expect(run.rules[0]!.subjects[0]!.condition.measure?.(0, 1.8)).toMatchObject({
      of: "machineVibration",
      unit: "mm/s",
      side: "above",
    });
  });

  test.each<[string, object, RegExp]>([
    ["p.peak", { class: "I" }, /those of a vibration velocity \(rms\); vibration_peak_velocity is none/],
    ["p.v", { boundaries: { ab: 1 } }, /it has no boundary that raises/],
    ["p.v", { boundaries: { bc: 7, cd: 5 } }, /boundaries\.cd: red is reached before yellow/],
    ["p.v", { boundaries: { cd: 50 } }, /boundaries\.cd: the limit 50 is beyond the measuring range/],
  ])("check refuses %s %j", (channel, machineZones, problem) => {
    expect(problemsOf(site, { applies: { channel }, machineZones })).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  test("a class or boundaries must be given", () => {
    expect(() => machine({})).toThrow(/class/);
  });
});
