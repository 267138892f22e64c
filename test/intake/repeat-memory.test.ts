import { expect, test } from "vitest";
import { RepeatMemory } from "../../gateway/intake/repeat-memory.ts";
import { HOUR, SECOND } from "../../model/time.ts";
import { SOME_MORNING } from "../support/manual-clock.ts";

test("a message is remembered until 65,536 others have come after it", () => {
  const memory = new RepeatMemory();
  memory.remember(7, 0xffff_ffff, SOME_MORNING);
  for (let i = 0; i < 65_535; i++) memory.remember(1, i, SOME_MORNING);
  expect(memory.has(7, 0xffff_ffff, SOME_MORNING)).toBe(true);
  memory.remember(2, 70_000, SOME_MORNING);
  expect(memory.has(7, 0xffff_ffff, SOME_MORNING)).toBe(false);
  expect(memory.has(1, 0, SOME_MORNING)).toBe(true);
});

test("an alarm that looks like a message of yesterday is a new alarm", () => {
  const memory = new RepeatMemory();
  memory.remember(7, 7, SOME_MORNING);
  expect(memory.has(7, 7, SOME_MORNING + HOUR)).toBe(true);
  expect(memory.has(7, 7, SOME_MORNING + HOUR + SECOND)).toBe(false);
});

test("the same message twice takes one place", () => {
  const memory = new RepeatMemory();
  memory.remember(1, 1, SOME_MORNING);
  for (let i = 0; i < 100_000; i++) memory.remember(2, 2, SOME_MORNING);
  expect(memory.has(1, 1, SOME_MORNING)).toBe(true);
});

test("a number that has stood for another message since repeats only the latest", () => {
  const memory = new RepeatMemory();
  const [smoke, clear, alwaysOne] = [0xaaaa_aaaa, 0xbbbb_bbbb, 0x8000_0001];
  memory.remember(smoke, alwaysOne, SOME_MORNING);
  expect(memory.has(smoke, alwaysOne, SOME_MORNING)).toBe(true);
  memory.remember(clear, alwaysOne, SOME_MORNING + SECOND);
  expect(memory.has(clear, alwaysOne, SOME_MORNING + SECOND)).toBe(true);
  expect(memory.has(smoke, alwaysOne, SOME_MORNING + 2 * SECOND)).toBe(false);
});
