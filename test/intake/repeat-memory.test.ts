import { expect, test } from "vitest";
import { RepeatMemory } from "../../gateway/intake/repeat-memory.ts";

test("a message is remembered until 65,536 others have come after it", () => {
  const memory = new RepeatMemory();
  memory.remember(7, 0xffff_ffff);
  for (let i = 0; i < 65_535; i++) memory.remember(1, i);
  expect(memory.has(7, 0xffff_ffff)).toBe(true);
  memory.remember(2, 0);
  expect(memory.has(7, 0xffff_ffff)).toBe(false);
  expect(memory.has(1, 0)).toBe(true);
});

test("the same message twice takes one place", () => {
  const memory = new RepeatMemory();
  memory.remember(1, 1);
  for (let i = 0; i < 100_000; i++) memory.remember(2, 2);
  expect(memory.has(1, 1)).toBe(true);
});
