import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import type { WrittenMetric } from "../../drivers/sparkplug/payload-writer.ts";
import type { SeriesTags } from "../../gateway/sinks/source.ts";
import { EdgeLayout } from "../../gateway/sinks/sparkplug/edge-layout.ts";
import type { EdgeChannel } from "../../gateway/sinks/sparkplug/edge-metric.ts";
import { BAD, GOOD, qualityOf, REASON, REASONS } from "../../model/quality.ts";
import { FLAG_CLOCK_SUSPECT, FLAG_LATE, FLAG_MODE_SHIFT } from "../../model/reading.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { rowsOf, type TestReading } from "./rows.ts";

const T0 = 1_779_345_005_000_123;
const STALE: Record<string, number> = { "gd-01.lel": MINUTE };

function channel(key: string, quantity: string, unit: string): EdgeChannel {
  const [device, ...local] = key.split(".") as [string, ...string[]];
  const tags = {
    site: "demo",
    point: "hall",
    device,
    channel: local.join("."),
    domain: "gas",
    quantity,
    unit,
    key,
  };
  return { ...tags, stale: STALE[key] ?? 0 };
}

/** Series 0 to 3 are the site's; 4 is of before a change of unit, 5 of a device that is gone. */
const CHANNELS = [
  channel("gd-01.lel", "gas_lel", "%LEL"),
  channel("gd-01.alarm", "gas_alarm", "1"),
  channel("panel.l1d12.fire", "fire", "1"),
  channel("panel.temperature", "temperature", "Cel"),
];
const SERIES: SeriesTags[] = [
  ...CHANNELS,
  channel("panel.temperature", "temperature", "[degF]"),
  channel("gone.lel", "gas_lel", "%LEL"),
];

function layout(behind: "devices" | "points" = "devices", uncertain: "stale" | "classic" = "stale") {
  return new EdgeLayout(CHANNELS, { behind, style: { uncertain }, tags: (series) => SERIES[series] });
}

const reading = (fields: Partial<TestReading>): TestReading => ({
  series: 0,
  time: T0,
  value: 12.5,
  reason: REASON.good,
  flags: 0,
  ...fields,
});

/** What one reading is written as. */
function written(fields: Partial<TestReading>, uncertain: "stale" | "classic" = "stale"): WrittenMetric {
  const rows = rowsOf([reading(fields)]);
  const { messages } = layout("devices", uncertain).compose(rows, { waited: 0, now: T0 });
  return messages[0]!.metrics[0]!;
}

/** A birth, by name. */
function birth(of: EdgeLayout): Record<string, WrittenMetric> {
  return Object.fromEntries(
    of.devices.flatMap(({ id, metrics }) =>
      metrics.map((metric) => [`${id} ${metric.name}`, metric.birth(T0 / 1_000)] as const),
    ),
  );
}

describe("a reading as a metric", () => {
  test("good: by its alias, with the time of measurement in ms and quality 192", () => {
    expect(written({})).toMatchObject({
      alias: 1,
      announced: true,
      timestamp: Math.floor(T0 / 1_000),
      value: 12.5,
      quality: 192,
      properties: {},
    });
    expect(written({})).not.toHaveProperty("historical");
    expect(written({})).not.toHaveProperty("name");
  });

  test("bad: no value and quality 0; but danger that the instrument asserts keeps its 1", () => {
    expect(written({ value: Number.NaN, reason: REASON.sensor_failure })).toMatchObject({
      value: null,
      quality: 0,
      properties: { Reason: "sensor_failure" },
    });
    expect(written({ series: 1, value: 1, reason: REASON.device_failure })).toMatchObject({
      value: 1,
      dataType: DATA_TYPE.int32,
      quality: 0,
    });
  });

  test("uncertain: 500, or the 64 of OPC classic where the host knows it; a doubted time is uncertain, too", () => {
    const locked = { value: Number.POSITIVE_INFINITY, reason: REASON.over_range };
    expect(written(locked)).toMatchObject({ value: Number.POSITIVE_INFINITY, quality: 500 });
    expect(written(locked, "classic")).toMatchObject({ value: Number.POSITIVE_INFINITY, quality: 64 });
    expect(written({ flags: FLAG_CLOCK_SUSPECT })).toMatchObject({
      quality: 500,
      properties: { Reason: "clock_suspect" },
    });
  });

  test("of an exercise or a test: it says so", () => {
    expect(written({ flags: 2 << FLAG_MODE_SHIFT })).toMatchObject({ properties: { Mode: "exercise" } });
  });

  test("nothing bad or uncertain ever reads as good", () => {
    fc.assert(
      fc.property(fc.nat(REASONS.length - 1), fc.double(), fc.nat(255), (reason, value, flags) => {
        const { quality } = written({ reason, value, flags });
        if (quality === 192) expect(qualityOf(reason)).toBe(GOOD);
        if (qualityOf(reason) === BAD) expect(quality).toBe(0);
      }),
    );
  });
});

describe("late and out of order", () => {
  test("what came late is historical and does not change what a birth says", () => {
    const node = layout();
    node.compose(rowsOf([reading({ value: 30 })]), { waited: 0, now: T0 });
    const late = rowsOf([reading({ value: 2, time: T0 - MINUTE, flags: FLAG_LATE })], 1);
    const { messages, historical } = node.compose(late, { waited: 0, now: T0 });
    expect(messages[0]!.metrics[0]).toMatchObject({ value: 2, historical: true });
    expect(historical).toBe(1);
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: 30, quality: 192 });
  });

  test("what waited is historical, and an older record never becomes the present value", () => {
    const node = layout();
    node.recall(rowsOf([reading({ value: 1 }), reading({ value: 30 })], 10), { now: T0, wall: T0 });
    const { messages, historical } = node.compose(rowsOf([reading({ value: 1 })], 10), {
      waited: 12,
      now: T0,
    });
    expect(messages[0]!.metrics[0]).toMatchObject({ value: 1, historical: true });
    expect(historical).toBe(1);
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: 30 });
    expect(birth(node)["gd-01 lel"]).not.toHaveProperty("historical");
  });

  test("what live data jumped over is the present value of whom nothing newer was heard of", () => {
    const node = layout();
    node.compose(rowsOf([reading({ value: 5 }), reading({ series: 3, value: 20 })]), { waited: 0, now: T0 });
    // Live data jumps to 12; 10 and 11 come afterwards. The gas detector has said nothing since.
    node.compose(rowsOf([reading({ series: 3, value: 22 })], 12), { waited: 0, now: T0 });
    const behind = rowsOf([reading({ value: 60 }), reading({ series: 3, value: 21 })], 10);
    const { messages, historical } = node.compose(behind, { waited: 0, now: T0 });
    expect(historical).toBe(1);
    expect(messages[0]!.metrics[0]).toMatchObject({ value: 60 });
    expect(messages[0]!.metrics[0]).not.toHaveProperty("historical");
    expect(messages[1]!.metrics[0]).toMatchObject({ value: 21, historical: true });
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: 60 });
    expect(birth(node)["panel temperature"]).toMatchObject({ value: 22 });
  });

  test("a value of before its unit was changed, and one of a device that is gone, are counted and not sent", () => {
    const rows = rowsOf([reading({ series: 4 }), reading({ series: 5 }), reading({ series: 3, value: 20 })]);
    const composed = layout().compose(rows, { waited: 3, now: T0 });
    expect(composed).toMatchObject({ metrics: 1, unmapped: 2 });
    expect(composed.messages).toHaveLength(1);
  });
});

describe("births", () => {
  test("have names, types and units; what has said nothing has no value and is stale", () => {
    const said = birth(layout());
    expect(Object.keys(said)).toEqual(["gd-01 lel", "gd-01 alarm", "panel l1d12/fire", "panel temperature"]);
    expect(said["gd-01 lel"]).toMatchObject({
      name: "lel",
      alias: 1,
      dataType: DATA_TYPE.double,
      value: null,
      quality: 500,
      properties: { engUnit: "%LEL" },
    });
    const aliases = Object.values(said).map(({ alias }) => alias);
    expect(new Set(aliases).size).toBe(aliases.length);
  });

  test("points as devices: their metrics carry the device's id", () => {
    expect(Object.keys(birth(layout("points")))).toEqual([
      "hall gd-01/lel",
      "hall gd-01/alarm",
      "hall panel/l1d12/fire",
      "hall panel/temperature",
    ]);
  });
});

describe("silence", () => {
  const rows = rowsOf([reading({ value: 5 }), reading({ series: 3, value: 20 })]);

  test("a channel that falls silent is sent once without a value, and has one again with its next reading", () => {
    const node = layout();
    node.compose(rows, { waited: 0, now: T0 });
    expect(node.silent(T0 + MINUTE - 1, 0)).toEqual([]);
    const [fallen, ...others] = node.silent(T0 + MINUTE, 7);
    expect(others).toEqual([]);
    expect(fallen).toMatchObject({
      device: "gd-01",
      metrics: [{ alias: 1, timestamp: 7, value: null, quality: 500 }],
    });
    expect(node.silent(T0 + 2 * MINUTE, 0)).toEqual([]);
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: null, quality: 500 });
    node.compose(rowsOf([reading({ value: 6 })], 2), { waited: 0, now: T0 + 3 * MINUTE });
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: 6, quality: 192 });
    expect(node.silent(T0 + 4 * MINUTE, 0)).toHaveLength(1);
  });

  test("one that keeps its state until it says otherwise never falls silent by time", () => {
    const node = layout();
    node.compose(rows, { waited: 0, now: T0 });
    node.silent(T0 + 100 * MINUTE, 0);
    expect(birth(node)["panel temperature"]).toMatchObject({ value: 20, quality: 192 });
  });

  test("a value recorded long before the start is stale in the first birth", () => {
    const node = layout();
    node.recall(rows, { now: 5 * SECOND, wall: T0 + MINUTE });
    node.silent(5 * SECOND, 0);
    expect(birth(node)["gd-01 lel"]).toMatchObject({ value: null, quality: 500 });
  });
});
