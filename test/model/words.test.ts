import fc from "fast-check";
import { expect, test } from "vitest";
import { isId } from "../../model/id.ts";
import { isLoopback, parseListen } from "../../model/listen.ts";
import {
  BAD,
  GOOD,
  QUALITY_NAMES,
  qualityOf,
  REASON,
  REASON_NAMES,
  REASONS,
  UNCERTAIN,
  worse,
} from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { DAY, formatDuration, formatInstant, HOUR, MINUTE, parseDuration, SECOND } from "../../model/time.ts";

test.each([
  ["500ms", 500_000],
  ["30s", 30 * SECOND],
  ["1.5h", 90 * MINUTE],
  ["1h30m", HOUR + 30 * MINUTE],
  ["2d", 2 * DAY],
  ["5min", 5 * MINUTE],
])("the duration %s", (text, span) => {
  expect(parseDuration(text)).toBe(span);
});

test.each(["", "5", "s", "-5s", "1h 30m", "5 s", "1e3s", "5x"])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("what formatDuration writes, parseDuration reads", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 * DAY }), (span) => {
      expect(parseDuration(formatDuration(span))).toBe(span);
    }),
  );
});

test("an instant keeps its microseconds", () => {
  expect(formatInstant(Date.UTC(2026, 4, 21, 6, 30, 5) * 1000 + 123_456)).toBe("2026-05-21T06:30:05.123456Z");
});

test("a name that begins like a loopback address is not one", () => {
  expect(["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"].every(isLoopback)).toBe(true);
  expect(["127.example.org", "0.0.0.0", "::", "192.0.2.1", "127.0.0.1.nip.io"].some(isLoopback)).toBe(false);
});

test.each([
  ["127.0.0.1:1883", { host: "127.0.0.1", port: 1883 }],
  ["[::1]:0", { host: "::1", port: 0 }],
  ["gateway.local:8080", { host: "gateway.local", port: 8080 }],
])("a listener at %s", (text, address) => {
  expect(parseListen(text)).toEqual(address);
});

test.each(["1883", "::1:1883", "127.0.0.1:70000", "127.0.0.1", "a b:1"])("no listener at %j", (text) => {
  expect(parseListen(text)).toBeUndefined();
});

test("ids stand in topics, so nothing that MQTT gives a meaning is in them", () => {
  expect(["gd-01", "a", "0", "x_y", "a".repeat(64)].every(isId)).toBe(true);
  expect(["", "A", "a/b", "a+b", "a#", "a.b", "a b", "é", "a".repeat(65)].some(isId)).toBe(false);
});

test("the quality of a reason agrees with the top bits of its OPC UA code", () => {
  for (const row of REASONS) expect(row.opcua >>> 30, row.name).toBe(row.quality);
  expect(new Set(REASON_NAMES).size).toBe(REASONS.length);
  expect(REASONS.length).toBeLessThan(256);
  expect(QUALITY_NAMES).toEqual(["good", "uncertain", "bad"]);
});

test("numbers of reasons stand in journals and never change", () => {
  expect(REASON.good).toBe(0);
  expect([REASON.over_range, REASON.under_range, REASON.bad, REASON.not_connected]).toEqual([7, 8, 13, 14]);
});

test("a reason that this version does not know is bad: doubt never clears an alarm", () => {
  expect(qualityOf(250)).toBe(BAD);
  expect(worse(REASON.good, REASON.over_range)).toBe(REASON.over_range);
  expect(worse(REASON.bad, REASON.over_range)).toBe(REASON.bad);
  expect([qualityOf(REASON.good), qualityOf(REASON.over_range)]).toEqual([GOOD, UNCERTAIN]);
});

test("a batch that grows keeps what it held", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1e6), fc.double(), fc.nat(26)), { maxLength: 500 }), (readings) => {
      const batch = new ReadingBatch();
      for (const [channel, value, reason] of readings) batch.add(channel, value, reason);
      expect(batch.length).toBe(readings.length);
      readings.forEach(([channel, value, reason], i) => {
        expect([batch.channel[i], batch.value[i], batch.reason[i]]).toEqual([channel, value, reason]);
      });
    }),
  );
});
