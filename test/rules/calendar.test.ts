import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Calendar } from "../../model/calendar.ts";
import { DAY, HOUR, MILLISECOND, MINUTE, type Micros } from "../../model/time.ts";
import { Circumstances } from "../../rules/circumstance/circumstances.ts";

type Sketch = Omit<Calendar, "index" | "id">;

function course(when: Sketch, timeZone = "Asia/Shanghai", others: Sketch[] = []) {
  const calendars = [when, ...others].map((one, index) => ({ ...one, index, id: `c${index}` }));
  return new Circumstances({ calendars, timeZone }).calendar("c0")!;
}

/** An instant as a site file would have it: `2026-05-01T00:00:00+08:00`. */
const at = (text: string): Micros => Date.parse(text) * MILLISECOND;
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
const iso = (time: Micros): string => new Date(time / MILLISECOND).toISOString();

/** What clocks show, in the runtime's own words: another way to it than the one under test. */
function civil(time: Micros, timeZone: string) {
  const text = new Date(time / MILLISECOND).toLocaleString("sv-SE", { timeZone });
  const [date = "", clock = ""] = text.split(" ");
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return { date, minute: hour * 60 + minute };
}

/** Whether a calendar holds, written down as its documentation says it. */
function naive(when: Sketch, timeZone: string, time: Micros): boolean {
  const { date, minute } = civil(time, timeZone);
  const today = day(date);
  const fits = (d: number) => {
    const text = new Date(d * 86_400_000).toISOString();
    const monthDay = Number(text.slice(5, 7)) * 100 + Number(text.slice(8, 10));
    const within = ({ from, to }: { from: number; to: number }) =>
      from > to ? monthDay >= from || monthDay <= to : monthDay >= from && monthDay <= to;
    if (when.also?.some(({ from, to }) => d >= from && d <= to) === true) return true;
    return (
      (when.yearly === undefined || when.yearly.some(within)) &&
      (when.weekdays === undefined || when.weekdays.includes(new Date(d * 86_400_000).getUTCDay())) &&
      (when.dates === undefined || when.dates.some(({ from, to }) => d >= from && d <= to))
    );
  };
  return (when.hours ?? [{ from: 0, to: 1440 }]).some(({ from, to }) => {
    const over = to <= from;
    return (
      (fits(today) && minute >= from && (over || minute < to)) || (over && fits(today - 1) && minute < to)
    );
  });
}

describe("when a calendar holds", () => {
  test("the flood season begins and ends at midnight of the site, and comes again next year", () => {
    const season = course({ yearly: [{ from: 501, to: 930 }] });
    expect(season.at(at("2026-04-30T23:59:59+08:00"))).toMatchObject({
      holds: false,
      until: at("2026-05-01T00:00:00+08:00"),
    });
    expect(season.at(at("2026-05-01T00:00:00+08:00"))).toMatchObject({
      holds: true,
      until: at("2026-10-01T00:00:00+08:00"),
    });
    expect(season.at(at("2026-10-01T00:00:00+08:00"))).toMatchObject({
      holds: false,
      until: at("2027-05-01T00:00:00+08:00"),
    });
  });

  test("a winter goes over the end of the year", () => {
    const winter = course({ yearly: [{ from: 1115, to: 315 }] });
    expect(winter.at(at("2026-12-31T12:00:00+08:00"))).toMatchObject({
      holds: true,
      until: at("2027-03-16T00:00:00+08:00"),
    });
  });

  test("working hours, holidays, and the Saturday that makes up for one", () => {
    const work = course(
      {
        weekdays: [1, 2, 3, 4, 5],
        hours: [
          { from: 8 * 60, to: 12 * 60 },
          { from: 14 * 60 + 30, to: 18 * 60 },
        ],
        except: [1],
        also: [{ from: day("2026-10-10"), to: day("2026-10-10") }],
      },
      "Asia/Shanghai",
      [{ dates: [{ from: day("2026-10-01"), to: day("2026-10-08") }] }],
    );
    // Wednesday evening before the holidays: nothing until Friday the ninth.
    expect(work.at(at("2026-09-30T18:00:00+08:00"))).toMatchObject({
      holds: false,
      until: at("2026-10-09T08:00:00+08:00"),
    });
    expect(work.at(at("2026-10-09T17:59:59+08:00")).holds).toBe(true);
    expect(work.at(at("2026-10-10T14:30:00+08:00"))).toMatchObject({
      holds: true,
      until: at("2026-10-10T18:00:00+08:00"),
    });
    expect(work.at(at("2026-10-11T09:00:00+08:00")).holds).toBe(false);
  });

  test("a night shift belongs to the day on which it begins", () => {
    const night = course({ weekdays: [5], hours: [{ from: 22 * 60, to: 6 * 60 }] });
    expect(night.at(at("2026-05-23T05:59:00+08:00")).holds).toBe(true);
    expect(night.at(at("2026-05-22T05:59:00+08:00")).holds).toBe(false);
  });

  test("the hour that summer time skips does not come, the one that is repeated comes twice", () => {
    const small = course({ hours: [{ from: 2 * 60 + 15, to: 2 * 60 + 45 }] }, "Europe/Berlin");
    expect(small.at(at("2026-03-29T00:00:00Z"))).toMatchObject({
      holds: false,
      // On the 29th of March clocks go from 02:00 to 03:00.
      until: at("2026-03-30T00:15:00Z"),
    });
    const first = small.at(at("2026-10-24T23:00:00Z"));
    expect(iso(first.until)).toBe("2026-10-25T00:15:00.000Z");
    const gap = small.at(at("2026-10-25T00:45:00Z"));
    expect(gap).toMatchObject({ holds: false, until: at("2026-10-25T01:15:00Z") });
    expect(small.at(at("2026-10-25T01:15:00Z"))).toMatchObject({
      holds: true,
      until: at("2026-10-25T01:45:00Z"),
    });
  });

  test("the span of hours that a change of clocks opens in the middle begins at the change", () => {
    const early = course({ hours: [{ from: 2 * 60 + 30, to: 4 * 60 }] }, "Europe/Berlin");
    expect(early.at(at("2026-03-29T00:00:00Z"))).toMatchObject({
      holds: false,
      until: at("2026-03-29T01:00:00Z"),
    });
  });

  const zone = fc.constantFrom("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns");
  const minutes = fc.record({
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 0, max: 1440 }),
  });
  const monthDay = fc.constantFrom(101, 228, 229, 301, 328, 329, 330, 1024, 1025, 1026, 1231);
  const someDay = fc.integer({ min: day("2026-03-25"), max: day("2026-04-06") });
  const sketch: fc.Arbitrary<Sketch> = fc
    .record(
      {
        yearly: fc.array(fc.record({ from: monthDay, to: monthDay }), { minLength: 1, maxLength: 2 }),
        weekdays: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
        dates: fc.array(
          someDay.map((from) => ({ from, to: from + 1 })),
          { minLength: 1, maxLength: 3 },
        ),
        also: fc.array(
          someDay.map((from) => ({ from, to: from })),
          { minLength: 1, maxLength: 2 },
        ),
        hours: fc.array(
          minutes.filter(({ from, to }) => from !== to),
          { minLength: 1, maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    )
    .filter((when) => Object.keys(when).length > 0);
  const instant = fc.oneof(
    fc.integer({ min: at("2026-03-28T00:00:00Z") / MINUTE, max: at("2026-04-06T00:00:00Z") / MINUTE }),
    fc.integer({ min: at("2026-10-02T00:00:00Z") / MINUTE, max: at("2026-11-02T00:00:00Z") / MINUTE }),
    fc.integer({ min: at("2028-02-27T00:00:00Z") / MINUTE, max: at("2028-03-02T00:00:00Z") / MINUTE }),
  );

  test("against what clocks show, minute by minute, also where clocks are changed", () => {
    fc.assert(
      fc.property(sketch, zone, instant, (when, timeZone, minute) => {
        const calendar = course(when, timeZone);
        const from = minute * MINUTE;
        const stretch = calendar.at(from);
        expect(stretch.holds).toBe(naive(when, timeZone, from));
        // Up to its end, or for a day and a half, nothing changes; then it does.
        for (let time = from; time < Math.min(stretch.until, from + 36 * HOUR); time += 31 * MINUTE) {
          expect(naive(when, timeZone, time)).toBe(stretch.holds);
        }
        if (stretch.until < from + 399 * DAY) {
          expect(naive(when, timeZone, stretch.until)).toBe(!stretch.holds);
          expect(naive(when, timeZone, stretch.until - 1)).toBe(stretch.holds);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("the order in which one asks changes no answer", () => {
    const work = { weekdays: [1, 2, 3, 4, 5], hours: [{ from: 480, to: 1080 }] };
    fc.assert(
      fc.property(fc.array(instant, { maxLength: 30 }), (minutes) => {
        const used = course(work);
        for (const minute of minutes) {
          const { holds, until } = used.at(minute * MINUTE);
          expect({ holds, until }).toEqual({
            holds: course(work).at(minute * MINUTE).holds,
            until: course(work).at(minute * MINUTE).until,
          });
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("a calendar that leaves no time", () => {
  test.each<[string, Sketch, Sketch[], boolean]>([
    ["a season", { yearly: [{ from: 501, to: 930 }] }, [], false],
    [
      "the 29th of February on a Monday, once in 28 years",
      { yearly: [{ from: 229, to: 229 }], weekdays: [1] },
      [],
      false,
    ],
    ["a past date", { dates: [{ from: day("2019-01-01"), to: day("2019-01-01") }] }, [], false],
    [
      "a date on the wrong weekday",
      { dates: [{ from: day("2026-05-21"), to: day("2026-05-21") }], weekdays: [0] },
      [],
      true,
    ],
    [
      "a month without its season",
      { yearly: [{ from: 601, to: 630 }], except: [1] },
      [{ yearly: [{ from: 501, to: 930 }] }],
      true,
    ],
    [
      "the same but a few hours of it",
      { yearly: [{ from: 601, to: 630 }], except: [1] },
      [{ yearly: [{ from: 501, to: 930 }], hours: [{ from: 0, to: 1380 }] }],
      false,
    ],
  ])("%s", (_name, when, others, empty) => {
    expect(course(when, "Asia/Shanghai", others).empty).toBe(empty);
  });
});
