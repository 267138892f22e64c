import { describe, expect, test } from "vitest";
import { EngineRun } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({ devices: [{ id: "gd", channels: [{ id: "lel", stale: 3_600_000_000 }] }] });
const lel = "gd.lel";

function gas(more: object = {}, settings: Record<string, unknown> = {}): EngineRun {
  return new EngineRun(
    site,
    { gas: { applies: { channel: lel }, above: { blue: 5, yellow: 10, red: 50 }, ...more } },
    settings,
  );
}

function states(run: EngineRun): string[] {
  return run.events.map((event) => `${event.transition}: ${event.from} → ${event.to}`);
}

describe("the life of an alarm (IEC 62682 A to F)", () => {
  test("A → B → C → A: raised, acknowledged, returned", () => {
    const run = gas();
    run.at(1).read(lel, 60);
    expect(run.command("acknowledge", "gas", lel)).toEqual({ accepted: true });
    run.at(2).read(lel, 0);
    expect(states(run)).toEqual([
      "raise: normal → unacknowledged",
      "acknowledge: unacknowledged → acknowledged",
      "return: acknowledged → normal",
    ]);
    expect(run.events[1]).toMatchObject({ user: "wang", value: 60 });
    expect([...run.engine.alarms()]).toEqual([]);
  });

  test("B → D → A: returned before anybody saw it, it waits for acknowledgement", () => {
    const run = gas();
    run.at(1).read(lel, 60).at(2).read(lel, 0);
    expect([...run.engine.alarms()]).toHaveLength(1);
    run.at(3).command("acknowledge", "gas", lel);
    expect(states(run).slice(1)).toEqual([
      "return: unacknowledged → returned",
      "acknowledge: returned → normal",
    ]);
  });

  test("D → B: it comes back within the same occurrence and counts as a re-alarm", () => {
    const run = gas();
    run.at(1).read(lel, 60).at(2).read(lel, 0).at(3).read(lel, 20);
    expect(states(run)[2]).toBe("again: returned → unacknowledged");
    expect(run.events[2]).toMatchObject({ occurrence: 1, severity: "yellow", highest: "red" });
    expect(run.events[2]?.since).toBe(run.events[0]?.time);
  });

  test("after A it is a new occurrence", () => {
    const run = gas();
    run.at(1).read(lel, 60).at(2).read(lel, 0).at(3).command("acknowledge", "gas", lel);
    run.at(4).read(lel, 20);
    expect(run.events.at(-1)).toMatchObject({ transition: "raise", occurrence: 2, highest: "yellow" });
  });

  test("latching: E and F hold after the condition has gone, until reset", () => {
    const run = gas({ latching: true });
    run.at(1).read(lel, 60).at(2).read(lel, 0);
    expect(run.command("reset", "gas", lel)).toEqual({ accepted: false, refusal: "not-acknowledged" });
    run.command("acknowledge", "gas", lel);
    expect(run.command("acknowledge", "gas", lel)).toEqual({
      accepted: false,
      refusal: "already-acknowledged",
    });
    expect(run.command("reset", "gas", lel)).toEqual({ accepted: true });
    expect(states(run).slice(1)).toEqual([
      "return: unacknowledged → latched-unacknowledged",
      "acknowledge: latched-unacknowledged → latched",
      "reset: latched → normal",
    ]);
  });

  test("latched and acknowledged before it returned: straight to F; the condition again: B", () => {
    const run = gas({ latching: true });
    run.at(1).read(lel, 60);
    run.command("acknowledge", "gas", lel);
    expect(run.command("reset", "gas", lel)).toEqual({
      accepted: false,
      refusal: "condition-still-present",
    });
    run.at(2).read(lel, 0).at(3).read(lel, 60);
    expect(states(run).slice(2)).toEqual([
      "return: acknowledged → latched",
      "again: latched → unacknowledged",
    ]);
    expect(run.events.at(-1)?.occurrence).toBe(1);
  });

  test("an upgrade returns it to unacknowledged; a downgrade does not", () => {
    const run = gas();
    run.at(1).read(lel, 20).command("acknowledge", "gas", lel);
    run.at(2).read(lel, 60);
    expect(states(run).at(-1)).toBe("upgrade: acknowledged → unacknowledged");
    run.command("acknowledge", "gas", lel);
    run.at(3).read(lel, 20);
    expect(states(run).at(-1)).toBe("downgrade: acknowledged → acknowledged");
    expect(run.events.at(-1)).toMatchObject({
      severity: "yellow",
      severityBefore: "red",
      highest: "red",
    });
  });

  test("commands that make no sense are refused with the reason", () => {
    const run = gas();
    expect(run.at(1).command("acknowledge", "gas", lel, 1).refusal).toBe("unknown-alarm");
    run.read(lel, 60);
    expect(run.command("acknowledge", "gas", lel, 7).refusal).toBe("wrong-occurrence");
    expect(run.command("acknowledge", "nothing", lel, 1).refusal).toBe("unknown-alarm");
    expect(run.command("reset", "gas", lel).refusal).toBe("not-latched");
    run.at(2).read(lel, 0);
    expect(run.command("reset", "gas", lel).refusal).toBe("not-latched");
    run.command("acknowledge", "gas", lel);
    expect(run.command("acknowledge", "gas", lel).refusal).toBe("not-active");
    expect(run.events.map((event) => event.transition)).toEqual(["raise", "return", "acknowledge"]);
  });
});

describe("blue is an attention event", () => {
  test("it needs no acknowledgement and goes straight to normal", () => {
    const run = gas();
    run.at(1).read(lel, 6).at(2).read(lel, 0);
    expect(states(run)).toEqual(["raise: normal → acknowledged", "return: acknowledged → normal"]);
  });

  test("once it was yellow it needs one, also after it fell back to blue", () => {
    const run = gas();
    run.at(1).read(lel, 6).at(2).read(lel, 20).at(3).read(lel, 6).at(4).read(lel, 0).at(5).read(lel, 6);
    expect(states(run)).toEqual([
      "raise: normal → acknowledged",
      "upgrade: acknowledged → unacknowledged",
      "downgrade: unacknowledged → unacknowledged",
      "return: unacknowledged → returned",
      "again: returned → unacknowledged",
    ]);
  });

  test("a site may say otherwise", () => {
    const run = gas({}, { acknowledgeBlue: true });
    run.at(1).read(lel, 6).at(2).read(lel, 0);
    expect(states(run)).toEqual(["raise: normal → unacknowledged", "return: unacknowledged → returned"]);
  });
});

describe("numbers of events", () => {
  test("seq has no gap, and prev names the event before of the same highest severity", () => {
    const run = gas();
    run.at(1).read(lel, 20).at(2).read(lel, 60).at(3).read(lel, 0).command("acknowledge", "gas", lel);
    run.at(4).read(lel, 20);
    expect(run.events.map(({ seq, prev, highest }) => [seq, prev, highest])).toEqual([
      [1, 0, "yellow"],
      [2, 0, "red"],
      [3, 2, "red"],
      [4, 3, "red"],
      [5, 1, "yellow"],
    ]);
  });
});

describe("modes", () => {
  test("an alarm raised in a test that goes on in earnest is told again as live", () => {
    const run = gas();
    run.at(1).message({ channel: lel, value: 60, mode: "test" });
    run.at(2).message({ channel: lel, value: 60, mode: "live" });
    run.at(3).message({ channel: lel, value: 70, mode: "test" });
    expect(run.events.map(({ transition, mode }) => [transition, mode])).toEqual([
      ["raise", "test"],
      ["again", "live"],
    ]);
  });

  test("whoever presses the test button ends no fire; a reading in earnest does", () => {
    const run = gas();
    run.at(1).message({ channel: lel, value: 60, mode: "live" });
    run.at(2).message({ channel: lel, value: 0, mode: "test" });
    expect(run.events.map(({ transition }) => transition)).toEqual(["raise"]);
    run.at(3).message({ channel: lel, value: 0, mode: "live" });
    expect(run.events.map(({ transition }) => transition)).toEqual(["raise", "return"]);
  });

  test("what a test raised a test may end", () => {
    const run = gas();
    run.at(1).message({ channel: lel, value: 60, mode: "test" });
    run.at(2).message({ channel: lel, value: 0, mode: "test" });
    expect(run.events.map(({ transition, mode }) => `${transition} ${mode}`)).toEqual([
      "raise test",
      "return test",
    ]);
  });

  test("a live alarm stays live whatever a test adds to it", () => {
    const run = gas();
    run.at(1).message({ channel: lel, value: 20, mode: "live" });
    run.at(2).message({ channel: lel, value: 60, mode: "test" });
    expect(run.events.at(-1)).toMatchObject({ transition: "upgrade", mode: "live" });
  });
});
