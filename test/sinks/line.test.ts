import fc from "fast-check";
import { expect, test } from "vitest";
import { digestLine, eventLine, healthLine, ReadingLines, stringField } from "../../gateway/sinks/line.ts";
import { qualityOf, REASON, REASONS } from "../../model/quality.ts";
import { FLAG_MODE_SHIFT } from "../../model/reading.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { parseLine } from "./parse-line.ts";
import { rowsOf } from "./rows.ts";

const LEL = {
  site: "demo",
  point: "well-3",
  device: "gd-01",
  channel: "lel",
  domain: "gas",
  quantity: "gas_lel",
  unit: "%LEL",
  key: "gd-01.lel",
};
const TIME = 1_779_345_005_000_123;

function lineOf(row: { value: number; reason: number; flags?: number }, tags = LEL): string {
  return new ReadingLines(() => tags).body(rowsOf([{ series: 1, time: TIME, flags: 0, ...row }]));
}

test("a good reading is its quantity with the five tags, value, quality 0 and the time in µs", () => {
  expect(lineOf({ value: 12.5, reason: REASON.good })).toBe(
    `gas_lel,channel=lel,device=gd-01,domain=gas,point=well-3,site=demo value=12.5,quality=0i,reason="good" ${TIME}`,
  );
});

test("a bad reading, and one without a finite value, has its quality and no value", () => {
  const bad = parseLine(lineOf({ value: 7, reason: REASON.sensor_failure }));
  expect(bad.fields).toEqual({ quality: 0x808c_0000, reason: "sensor_failure" });
  const locked = parseLine(lineOf({ value: Infinity, reason: REASON.over_range }));
  expect(locked.fields).toEqual({ quality: 0x4094_0000, reason: "over_range" });
});

test("a reading of an exercise says so, and one of the live state says nothing", () => {
  const exercise = parseLine(lineOf({ value: 1, reason: 0, flags: 2 << FLAG_MODE_SHIFT }));
  expect(exercise.fields.mode).toBe("exercise");
  expect(parseLine(lineOf({ value: 1, reason: 0, flags: 1 })).fields).not.toHaveProperty("mode");
});

test("a reading whose series the dictionary has lost is kept under a name that shows it", () => {
  const body = new ReadingLines(() => undefined).body(
    rowsOf([{ series: 77, time: 5, value: 1, reason: 0, flags: 0 }]),
  );
  expect(parseLine(body)).toMatchObject({
    measurement: "unknown_series",
    tags: { series: "77" },
    fields: { value: 1 },
  });
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."a,= \\\"\n\r警'") }),
);
/** What the escape cannot keep: line breaks, and a backslash in names and tags. */
const asTag = (text: string) => text.replace(/[\r\n]+/g, " ").replaceAll("\\", "/");

test("whatever is in names and values, a line reads back as what was written, and stays one line", () => {
  fc.assert(
    fc.property(
      fc.record({
        site: anyText,
        point: anyText,
        device: anyText,
        channel: anyText,
        domain: anyText,
        quantity: anyText.filter((text) => text.trim() !== "" && !/^[\s#]/.test(text)),
        unit: fc.constant("m"),
        key: fc.constant("gd-01.lel"),
      }),
      fc.double(),
      fc.nat(REASONS.length - 1),
      (tags, value, reason) => {
        const line = lineOf({ value, reason }, tags);
        expect(line).not.toMatch(/[\r\n]/);
        const parsed = parseLine(line);
        expect(parsed.measurement).toBe(asTag(tags.quantity));
        const { quantity: _, unit: _unit, key: _key, ...rest } = tags;
        expect(parsed.tags).toEqual(
          Object.fromEntries(
            Object.entries(rest)
              .map(([k, v]) => [k, asTag(v)])
              .filter(([, v]) => v !== ""),
          ),
        );
        const usable = Number.isFinite(value) && qualityOf(reason) !== 2;
        expect(parsed.fields.value).toBe(usable ? value + 0 : undefined);
        expect(parsed.time).toBe(String(TIME));
      },
    ),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      expect(parseLine(`m f=${stringField(text)} 1`).fields.f).toBe(text.replace(/[\r\n]+/g, " "));
    }),
  );
});

const EVENT: AlarmEvent = {
  seq: 41,
  prev: 0,
  transition: "raise",
  occurrence: 7,
  rule: "gas-leak",
  subject: "gd-01.lel",
  point: "well-3",
  domain: "gas",
  class: "danger",
  mode: "live",
  severity: "red",
  highest: "red",
  from: "normal",
  to: "unacknowledged",
  time: TIME,
  since: TIME,
  value: 55.5,
  reason: REASON.good,
  measured: TIME - 5,
  limit: 50,
  revision: "r1",
};

test("two events of one alarm in one instant are two points; the same event sent again is the same point", () => {
  const first = parseLine(eventLine(EVENT, "demo"));
  const second = parseLine(eventLine({ ...EVENT, seq: 42, transition: "return" }, "demo"));
  expect(first.tags).toEqual(second.tags);
  expect(first.time).toBe(`${TIME}041`);
  expect(second.time).toBe(`${TIME}042`);
  expect(eventLine(EVENT, "demo")).toBe(eventLine({ ...EVENT }, "demo"));
});

test("an event without a value, of a person's doing, has no value and the words in one line", () => {
  const { fields } = parseLine(
    eventLine(
      { ...EVENT, value: Number.NaN, limit: Number.NaN, user: "zhao", note: 'said "ok"\nthen left' },
      "demo",
    ),
  );
  expect(fields).not.toHaveProperty("value");
  expect(fields).not.toHaveProperty("limit");
  expect(fields).toMatchObject({ seq: 41, occurrence: 7, user: "zhao", note: 'said "ok" then left' });
});

test("health without a finite number is no line at all", () => {
  expect(healthLine({ a: Number.NaN }, "demo", 5)).toBeUndefined();
  expect(healthLine({ a: Number.NaN, "b c": 2 }, "demo", 5)).toBe("gateway,site=demo b\\ c=2 5");
});

test("a daily digest of the alarm log is one point, however often it is sent", () => {
  const digest = {
    date: "2026-05-21",
    at: 1_779_379_220_000_000,
    position: 218,
    chain: "0f".repeat(32),
    seq: 174,
    trimmed: 3,
  };
  expect(digestLine(digest, "demo")).toBe(
    `alarm_digest,site=demo date="2026-05-21",position=218i,chain="${digest.chain}",seq=174i,trimmed=3i 1779379220000000`,
  );
});
