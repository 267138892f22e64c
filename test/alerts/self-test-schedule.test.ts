import { expect, test } from "vitest";
import { alertsOptionsSchema } from "../../gateway/alerts/options.ts";
import { SelfTestSchedule } from "../../gateway/alerts/self-test-schedule.ts";
import { DAY, HOUR, MINUTE } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** 14:30 on a Thursday in China; a test is due at 9 every Friday there. */
function scheduled() {
  const clock = new ManualClock();
  let tests = 0;
  const schedule = new SelfTestSchedule(
    "0 9 * * 5",
    { timeZone: "Asia/Shanghai" },
    { clock, due: () => tests++ },
  );
  schedule.start();
  return { clock, schedule, count: () => tests };
}

test("by the calendar of the site, once", () => {
  const { clock, schedule, count } = scheduled();
  clock.advance(18 * HOUR + 29 * MINUTE);
  expect(count()).toBe(0);
  clock.advance(2 * MINUTE);
  expect(count()).toBe(1);
  clock.advance(6 * DAY);
  expect(count()).toBe(1);
  clock.advance(DAY);
  expect(count()).toBe(2);
  schedule.stop();
  clock.advance(14 * DAY);
  expect(count()).toBe(2);
});

test("a clock that is set ahead over it begins one, one that is set back none", () => {
  const { clock, count } = scheduled();
  clock.setWall(clock.now() + 30 * DAY);
  clock.advance(MINUTE);
  expect(count()).toBe(1);
  clock.setWall(clock.now());
  clock.advance(2 * MINUTE);
  expect(count()).toBe(1);
});

test("a pattern that is none, or never comes, is refused by check", () => {
  const parse = (schedule: string) => alertsOptionsSchema.safeParse({ selfTest: { schedule } }).success;
  expect(parse("0 9 * * 1")).toBe(true);
  expect(parse("every monday")).toBe(false);
  expect(parse("0 0 31 2 *")).toBe(false);
});
