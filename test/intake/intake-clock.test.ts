import { expect, test } from "vitest";
import { IntakeClock } from "../../gateway/intake/intake-clock.ts";
import { HOUR, MILLISECOND, MINUTE, SECOND } from "../../model/time.ts";
import { ManualClock, SOME_MORNING } from "../support/manual-clock.ts";

function started(clock: ManualClock, notBefore = 0) {
  const steps: number[] = [];
  const intake = new IntakeClock(clock, { notBefore, onStep: (step) => steps.push(step) });
  intake.start();
  return { intake, steps };
}

test("a gateway whose machine forgot the time goes on from the last time of its journal", () => {
  const clock = new ManualClock(0);
  const { intake } = started(clock, SOME_MORNING);
  expect(intake.now()).toBe(SOME_MORNING);
  clock.advance(10 * SECOND);
  expect(intake.now()).toBeGreaterThan(SOME_MORNING + 9 * SECOND);
});

test("the first NTP answer, years ahead, is one step that the rules are told of", () => {
  const clock = new ManualClock(0);
  const { intake, steps } = started(clock);
  clock.setWall(SOME_MORNING);
  clock.advance(SECOND);
  expect(steps).toHaveLength(1);
  expect(intake.now()).toBe(clock.wall());
  clock.advance(MINUTE);
  expect(steps).toHaveLength(1);
});

test("a wall clock that is set back an hour never takes the intake clock back, nor stops it", () => {
  const clock = new ManualClock();
  const { intake, steps } = started(clock);
  const before = intake.now();
  clock.setWall(clock.now() - HOUR);
  clock.advance(MINUTE);
  expect(intake.now() - before).toBeGreaterThan(59 * SECOND);
  expect(intake.now() - before).toBeLessThanOrEqual(MINUTE);
  expect(intake.ahead).toBeGreaterThan(59 * MINUTE);
  expect(steps).toEqual([]);
});

test("a small drift is followed slowly, with no step", () => {
  const clock = new ManualClock();
  const { intake, steps } = started(clock);
  clock.setWall(clock.now() + 100 * MILLISECOND);
  clock.advance(10 * MINUTE);
  expect(Math.abs(intake.ahead)).toBeLessThanOrEqual(5 * MILLISECOND);
  expect(steps).toEqual([]);
});

test("after stop no timer is left", () => {
  const clock = new ManualClock();
  const { intake } = started(clock);
  intake.stop();
  expect(clock.pending).toBe(0);
});
