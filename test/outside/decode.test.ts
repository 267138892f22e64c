import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutsideDecoder } from "../../gateway/outside/decode.ts";
import { outsideSchema } from "../../gateway/outside/options.ts";
import type { OutsideSource } from "../../model/outside.ts";
import { HOUR, MILLISECOND, MINUTE } from "../../model/time.ts";
import { LocalTime } from "../../rules/circumstance/local-time.ts";

const NOW = Date.UTC(2026, 4, 21, 6, 30) * MILLISECOND;
const zone = new LocalTime("Asia/Shanghai");
const NAME = { zh: "预警", en: "warning" };

const colours: OutsideSource = {
  index: 0,
  id: "rain-warning",
  name: NAME,
  levels: ["none", "blue", "yellow", "orange", "red"],
  validFor: 6 * HOUR,
};
const millimetres: OutsideSource = {
  index: 1,
  id: "forecast",
  name: NAME,
  unit: "mm",
  range: { low: 0, high: 500 },
  validFor: HOUR,
};

function decoder(source: OutsideSource, mqtt: object) {
  const options = outsideSchema.parse({
    name: "x",
    validFor: "1h",
    mqtt: { link: "b", topic: "t", ...mqtt },
  });
  return new OutsideDecoder(source, options.mqtt, zone);
}
const heard = (source: OutsideSource, mqtt: object, payload: string, stored = false) =>
  decoder(source, mqtt).payload(Buffer.from(payload), { now: NOW, stored });

const JSON_AT = { value: "data.level", issued: "data.issued", until: "data.until" };
const say = (data: object) => JSON.stringify({ data });

describe("word from outside", () => {
  test.each([
    ["a word", {}, "orange", 3],
    ["a word with white space and capitals", {}, " Orange\n", 3],
    ["a level in JSON", { value: "level" }, '{"level":"red"}', 4],
    [
      "the sender's own words: 0 is red (meteorologicalearlywarning)",
      { value: "level", words: { "0": "red", "4": "none" } },
      '{"level":0}',
      4,
    ],
    ["its own words, none", { value: "level", words: { "0": "red", "4": "none" } }, '{"level":"4"}', 0],
  ])("%s", (_name, mqtt, payload, value) => {
    expect(heard(colours, mqtt, payload)).toEqual({ outcome: "taken", value, until: NOW + 6 * HOUR });
  });

  test("a value that has an inside is nothing, whatever keys it has", () => {
    const payload = JSON.stringify({ level: { toString: 1, valueOf: 1 } });
    expect(heard(colours, { value: "level" }, payload).outcome).toBe("malformed");
  });

  test("a number, in its range", () => {
    expect(heard(millimetres, {}, "35.5")).toEqual({ outcome: "taken", value: 35.5, until: NOW + HOUR });
    expect(heard(millimetres, {}, "999")).toMatchObject({ outcome: "malformed" });
  });

  test.each([
    ["a level that is none", {}, "pink"],
    ["a number where a level belongs", {}, "3"],
    ["nothing at all", {}, "   "],
    ["no JSON", { value: "level" }, "orange"],
    ["no such field", { value: "level" }, '{"lvl":"orange"}'],
    ["a field that every object inherits", { value: "constructor.name" }, '{"level":"orange"}'],
    ["an object", { value: "level" }, '{"level":{"of":"orange"}}'],
    ["no time where one was promised", JSON_AT, say({ level: "none" })],
    ["a time that is none", JSON_AT, say({ level: "none", issued: "yesterday" })],
    ["the 31st of February", JSON_AT, say({ level: "none", issued: "2026-02-31 08:00:00" })],
    [
      "a time of issue that lies ahead",
      JSON_AT,
      say({ level: "none", issued: NOW / MILLISECOND + 3_600_000 }),
    ],
    ["bytes that are no text", {}, "\u00ff\u00fe"],
    ["more than anybody writes", {}, "o".repeat(70_000)],
  ])("nobody can read: %s", (_name, mqtt, payload) => {
    const bytes = payload.startsWith("\u00ff") ? Buffer.from(payload, "latin1") : Buffer.from(payload);
    expect(decoder(colours, mqtt).payload(bytes, { now: NOW, stored: false })).toMatchObject({
      outcome: "malformed",
    });
  });

  test("whatever can be sent is one of the four, and what is taken ends in time and not before now", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.boolean(), (payload, stored) => {
        const result = decoder(colours, { value: "a" }).payload(Buffer.from(payload), { now: NOW, stored });
        expect(["taken", "malformed", "expired", "undated"]).toContain(result.outcome);
        if (result.outcome === "taken") {
          expect(result.until).toBeGreaterThan(NOW);
          expect(result.until).toBeLessThanOrEqual(NOW + 6 * HOUR + 10 * MINUTE);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("how long it counts", () => {
  const until = (data: object, stored = false) => {
    const result = heard(colours, JSON_AT, say({ level: "orange", ...data }), stored);
    return result.outcome === "taken" ? (result.until - NOW) / HOUR : result.outcome;
  };

  test.each([
    ["from its time of issue, not from its arrival", { issued: "2026-05-21T12:30:00+08:00" }, 4],
    ["the same in the site's local time", { issued: "2026-05-21 12:30:00" }, 4],
    ["the same in seconds", { issued: NOW / 1_000_000 - 7_200 }, 4],
    ["the same in milliseconds as text", { issued: String(NOW / MILLISECOND - 7_200_000) }, 4],
    [
      "its own end, where that is sooner",
      { issued: NOW / MILLISECOND, until: "2026-05-21T15:30:00+08:00" },
      1,
    ],
    ["never longer than the site says", { issued: NOW / MILLISECOND, until: "2099-01-01T00:00:00Z" }, 6],
    ["issued long ago: over", { issued: "2026-05-20T00:00:00Z" }, "expired"],
    ["its own end has passed: over", { issued: NOW / MILLISECOND, until: "2026-05-21T06:00:00Z" }, "expired"],
  ])("%s", (_name, data, expected) => {
    expect(until(data)).toBe(expected);
  });

  test("what a broker had kept counts by its own time, and without one says nothing about now", () => {
    expect(until({ issued: "2026-05-21T12:30:00+08:00" }, true)).toBe(4);
    expect(heard(colours, {}, "none", true)).toEqual({ outcome: "undated" });
  });
});
