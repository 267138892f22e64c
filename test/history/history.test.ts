import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type HistoryOrder,
  type HistoryPage,
  type HistoryQuery,
  historyPage,
} from "../../gateway/journal/history.ts";
import { trend } from "../../gateway/journal/history-trend.ts";
import { SegmentReader } from "../../gateway/journal/segment-reader.ts";
import { REASON } from "../../model/quality.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { definition, WrittenJournal, type WrittenReading } from "./written-journal.ts";

const NOON = 1_779_336_000_000_000;

/** All rows of a query, page after page. */
function all(
  reader: SegmentReader,
  query: Omit<HistoryQuery, "after">,
): { rows: WrittenReading[]; pages: number } {
  const rows: WrittenReading[] = [];
  let after: HistoryPage["next"];
  let pages = 0;
  do {
    const page = historyPage(reader, after === undefined ? query : { ...query, after });
    expect(page.length).toBeLessThanOrEqual(query.limit);
    for (let i = 0; i < page.length; i++) {
      rows.push({ series: page.series[i]!, time: page.time[i]!, value: page.value[i]! });
    }
    after = page.next;
    pages++;
  } while (after !== undefined);
  return { rows, pages };
}

test("a channel's day is given in pages of the asked size, newest or oldest first, across sealed and open segments", () => {
  using journal = new WrittenJournal();
  const [level, other] = journal.series(definition("river-1"), definition("river-2")) as [number, number];
  for (let minute = 0; minute < 1_440; minute++) {
    const time = NOON + minute * MINUTE;
    journal.write([
      { series: level, time, value: minute },
      { series: other, time, value: -minute },
    ]);
    if (minute === 500 || minute === 900) journal.seal();
  }
  const reader = new SegmentReader(journal.folder);
  const query = { series: [level], from: NOON, to: NOON + 24 * HOUR, limit: 100 };
  const newest = all(reader, { ...query, order: "newest" });
  expect(newest.rows.map(({ value }) => value)).toEqual(Array.from({ length: 1_440 }, (_, i) => 1_439 - i));
  expect(newest.pages).toBe(15);
  const oldest = all(reader, { ...query, order: "oldest" });
  expect(oldest.rows).toEqual(newest.rows.toReversed());
  // The end of the range is not in it.
  expect(
    all(reader, { ...query, to: NOON + 3 * MINUTE, order: "oldest" }).rows.map(({ value }) => value),
  ).toEqual([0, 1, 2]);
  reader.close();
});

test("a reading that came a day late stands in its place in time", () => {
  using journal = new WrittenJournal();
  const [level] = journal.series(definition("river-1")) as [number];
  for (let hour = 0; hour < 30; hour++)
    journal.write([{ series: level, time: NOON + hour * HOUR, value: hour }]);
  journal.seal();
  journal.write([{ series: level, time: NOON + 2.5 * HOUR, value: 2.5 }]);
  const reader = new SegmentReader(journal.folder);
  const page = historyPage(reader, {
    series: [level],
    from: NOON,
    to: NOON + 5 * HOUR,
    order: "oldest",
    limit: 100,
  });
  expect([...page.value]).toEqual([0, 1, 2, 2.5, 3, 4]);
  const newest = historyPage(reader, {
    series: [level],
    from: 0,
    to: NOON + 4 * HOUR,
    order: "newest",
    limit: 3,
  });
  expect([...newest.value]).toEqual([3, 2.5, 2]);
  reader.close();
});

test("whatever times readings have, and however they are split, pages give each once and in order", () => {
  const reading = fc.record({
    series: fc.nat(2),
    // Near and far apart, in clusters that meet the windows' bounds.
    time: fc.oneof(
      fc.nat(5_000),
      fc.nat(200).map((n) => n * MINUTE),
      fc.nat(3_000).map((n) => n * HOUR),
    ),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(reading, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom<HistoryOrder>("newest", "oldest"),
      fc.nat(7),
      (pages, limit, order, sealAt) => {
        using journal = new WrittenJournal();
        const ids = journal.series(definition("a"), definition("b"), definition("c"));
        const seen = new Set<string>();
        const expected: WrittenReading[] = [];
        pages.forEach((page, p) => {
          const rows: WrittenReading[] = [];
          for (const { series, time } of page) {
            // Times are unique within a series: the intake sees to that.
            if (seen.has(`${series} ${time}`)) continue;
            seen.add(`${series} ${time}`);
            rows.push({ series: ids[series]!, time: NOON + time, value: expected.length + rows.length });
          }
          if (rows.length > 0) journal.write(rows);
          expected.push(...rows);
          if (p === sealAt) journal.seal();
        });
        expected.sort((a, b) => a.time - b.time || a.series - b.series);
        if (order === "newest") expected.reverse();
        const reader = new SegmentReader(journal.folder);
        const found = all(reader, { series: ids, from: 0, to: NOON + 10_000 * HOUR, order, limit });
        reader.close();
        expect(found.rows).toEqual(expected);
        expect(found.pages).toBe(Math.max(1, Math.ceil(expected.length / limit)));
      },
    ),
    { numRuns: 40 },
  );
});

test("a trend keeps the peak, the mean of the usable values, and the worst quality of each bucket", async () => {
  using journal = new WrittenJournal();
  const [level] = journal.series(definition("river-1")) as [number];
  journal.write([
    { series: level, time: NOON, value: 1 },
    { series: level, time: NOON + 10 * SECOND, value: 9, reason: REASON.over_range },
    { series: level, time: NOON + 20 * SECOND, value: 2 },
    { series: level, time: NOON + 5 * MINUTE, value: 4 },
    { series: level, time: NOON + 5 * MINUTE + SECOND, value: 1_000, reason: REASON.sensor_failure },
    { series: level, time: NOON + 9 * MINUTE, value: Number.NaN, reason: REASON.no_communication },
    { series: level, time: NOON + 30 * HOUR, value: 7 },
  ]);
  const reader = new SegmentReader(journal.folder);
  const answer = await trend(reader, { series: level, from: NOON, to: NOON + 48 * HOUR, bucket: MINUTE });
  reader.close();
  expect([...answer.start]).toEqual([NOON, NOON + 5 * MINUTE, NOON + 9 * MINUTE, NOON + 30 * HOUR]);
  expect([...answer.min]).toEqual([1, 4, Number.NaN, 7]);
  expect([...answer.max]).toEqual([9, 4, Number.NaN, 7]);
  expect([...answer.mean]).toEqual([4, 4, Number.NaN, 7]);
  expect([...answer.readings]).toEqual([3, 2, 1, 1]);
  expect([...answer.usable]).toEqual([3, 1, 0, 1]);
  expect([...answer.reason]).toEqual([
    REASON.over_range,
    REASON.sensor_failure,
    REASON.no_communication,
    REASON.good,
  ]);
});

test("a trend over years has a bounded number of buckets, and says how wide they are", async () => {
  using journal = new WrittenJournal();
  const [level] = journal.series(definition("river-1")) as [number];
  journal.write([{ series: level, time: NOON, value: 1 }]);
  const reader = new SegmentReader(journal.folder);
  const from = NOON - 365 * 24 * HOUR;
  const answer = await trend(reader, { series: level, from, to: NOON + HOUR, bucket: SECOND });
  reader.close();
  expect(answer.bucket).toBeGreaterThan(50 * MINUTE);
  expect([...answer.max]).toEqual([1]);
});
