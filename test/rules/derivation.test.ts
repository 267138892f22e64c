import { describe, expect, test } from "vitest";
import { REASON, REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { FLAG_DERIVED, FLAG_LATE, ReadingBatch } from "../../model/reading.ts";
import { Derivations } from "../../rules/derivation.ts";
import { type ChannelSketch, siteOf } from "./site-builder.ts";

function derive(
  channels: ChannelSketch[],
  readings: [string, number, ReasonName?, number?][],
): { channel: string; value: number; reason: string; time: number; flags: number }[] {
  const site = siteOf({ devices: [{ id: "d", channels }] });
  const batch = new ReadingBatch();
  for (const [id, value, reason, flags] of readings) {
    batch.add(
      site.channels.findIndex((channel) => channel.id === id),
      value,
      REASON[reason ?? "good"],
      batch.length,
    );
    batch.flags[batch.length - 1] = flags ?? 0;
  }
  const before = batch.length;
  new Derivations(site).extend(batch);
  return Array.from({ length: batch.length - before }, (_, i) => ({
    channel: site.channels[batch.channel[before + i]!]!.id,
    value: batch.value[before + i]!,
    reason: REASON_NAMES[batch.reason[before + i]!]!,
    time: batch.time[before + i]!,
    flags: batch.flags[before + i]!,
  }));
}

const depth: ChannelSketch = { id: "depth", quantity: "water_depth" };
const level: ChannelSketch = {
  id: "level",
  quantity: "water_level",
  derived: { linear: "depth", scale: 1, offset: 175.2 },
};
const axes: ChannelSketch[] = ["x", "y", "z"].map((id) => ({ id, quantity: "displacement" }));
const total: ChannelSketch = {
  id: "total",
  quantity: "displacement",
  derived: { resultant: ["x", "y", "z"] },
};

describe("semantics 17: pointwise derivations take the worst quality of their inputs", () => {
  test("a level in a datum", () => {
    expect(derive([depth, level], [["depth", 1.5]])).toEqual([
      { channel: "level", value: 176.7, reason: "good", time: 0, flags: FLAG_DERIVED },
    ]);
    expect(derive([depth, level], [["depth", 1.5, "not_accurate"]])[0]?.reason).toBe("not_accurate");
    expect(derive([depth, level], [["depth", Number.NaN, "sensor_failure"]])[0]).toMatchObject({
      value: Number.NaN,
      reason: "sensor_failure",
    });
  });

  test("a finite value marked bad derives to no value", () => {
    expect(derive([depth, level], [["depth", 9, "sensor_failure"]])[0]?.value).toBeNaN();
  });

  test("what is beyond the range upwards is beyond it downwards once the sign is turned", () => {
    const distance: ChannelSketch = {
      id: "level",
      quantity: "water_level",
      derived: { linear: "depth", scale: -1, offset: 10 },
    };
    expect(derive([depth, distance], [["depth", Number.POSITIVE_INFINITY, "over_range"]])[0]).toMatchObject({
      value: Number.NEGATIVE_INFINITY,
      reason: "under_range",
    });
  });

  test("a resultant needs all its axes in the message", () => {
    expect(
      derive(
        [...axes, total],
        [
          ["x", 2],
          ["y", 3],
          ["z", 6],
        ],
      ),
    ).toMatchObject([{ value: 7, reason: "good" }]);
    expect(
      derive(
        [...axes, total],
        [
          ["x", 2],
          ["y", 3],
        ],
      ),
    ).toEqual([]);
    expect(
      derive(
        [...axes, total],
        [
          ["x", 2],
          ["y", 3, "not_accurate"],
          ["z", Number.NaN, "sensor_failure"],
        ],
      ),
    ).toMatchObject([{ value: Number.NaN, reason: "sensor_failure" }]);
  });

  test("several samples in one message are paired in their order", () => {
    const samples: [string, number][] = [
      ["x", 2],
      ["x", 0],
      ["y", 3],
      ["y", 0],
      ["z", 6],
      ["z", 5],
    ];
    expect(derive([...axes, total], samples).map(({ value }) => value)).toEqual([7, 5]);
  });

  test("an axis beyond its range makes the resultant too large, whichever way the axis points", () => {
    expect(
      derive(
        [...axes, total],
        [
          ["x", -99, "under_range"],
          ["y", 0],
          ["z", 0],
        ],
      )[0],
    ).toMatchObject({
      value: 99,
      reason: "over_range",
    });
  });

  test("a rating curve is straight between its points and uncertain beyond them", () => {
    const flow: ChannelSketch = {
      id: "flow",
      quantity: "flow",
      derived: { curve: "depth", x: [0, 1, 3], y: [0, 10, 50] },
    };
    const at = (x: number) => derive([depth, flow], [["depth", x]])[0];
    expect(at(0.5)).toMatchObject({ value: 5, reason: "good" });
    expect(at(2)).toMatchObject({ value: 30, reason: "good" });
    expect(at(3)).toMatchObject({ value: 50, reason: "good" });
    expect(at(4)).toMatchObject({ value: 70, reason: "not_accurate" });
    expect(at(-1)).toMatchObject({ value: -10, reason: "not_accurate" });
  });

  test("derivations chain: depth, level, flow", () => {
    const flow: ChannelSketch = {
      id: "flow",
      quantity: "flow",
      derived: { curve: "level", x: [175, 177], y: [0, 20] },
    };
    expect(derive([depth, flow, level], [["depth", 0.8]])).toMatchObject([
      { channel: "level", value: 176 },
      { channel: "flow", value: 10 },
    ]);
  });

  test("lateness is inherited, and the measuring range of the derived channel counts", () => {
    const small: ChannelSketch = { ...level, range: { low: 175, high: 176 } };
    expect(derive([depth, small], [["depth", 1.5, "good", FLAG_LATE]])).toMatchObject([
      { reason: "over_range", flags: FLAG_LATE | FLAG_DERIVED },
    ]);
  });

  test("nothing of one message is left for the next", () => {
    const site = siteOf({ devices: [{ id: "d", channels: [...axes, total] }] });
    const derivations = new Derivations(site);
    const batch = new ReadingBatch();
    batch.add(0, 1, 0, 0);
    derivations.extend(batch);
    batch.clear();
    batch.add(1, 1, 0, 0);
    batch.add(2, 1, 0, 0);
    derivations.extend(batch);
    expect(batch.length).toBe(2);
    for (let message = 0; message < 2; message++) {
      batch.clear();
      for (let axis = 0; axis < 3; axis++) batch.add(axis, 1, 0, 0);
      derivations.extend(batch);
      expect(batch.length).toBe(4);
    }
  });
});
