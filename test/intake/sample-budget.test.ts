import { expect, test } from "vitest";
import { SampleBudget } from "../../gateway/intake/sample-budget.ts";
import { MINUTE } from "../../model/time.ts";

const payload = new Uint8Array(8);
const from = (source: string, error = "no JSON") => ({ link: "broker", source, error, payload });

test("of a device that says the same nonsense for ever some samples are kept, and some again ten minutes later", () => {
  const budget = new SampleBudget();
  const kept = (now: number) =>
    Array.from({ length: 10_000 }, () => budget.take(from("gas-1"), now)).filter(Boolean).length;
  expect(kept(0)).toBe(20);
  expect(kept(9 * MINUTE)).toBe(0);
  expect(kept(10 * MINUTE)).toBe(20);
});

test("a flood of one source does not use up what is kept of another; one of ever new sources ends", () => {
  const budget = new SampleBudget();
  for (let i = 0; i < 10_000; i++) budget.take(from("chatterbox"), 0);
  expect(budget.take(from("gas-1"), 0)).toBeDefined();
  const kept = Array.from({ length: 10_000 }, (_, i) => budget.take(from(`${i}`), 0)).filter(Boolean);
  expect(kept).toHaveLength(479);
});

test("endless names and words are cut short", () => {
  const endless = "x".repeat(1_000_000);
  const kept = new SampleBudget().take(from(endless, endless), 0)!;
  expect(kept.source.length + kept.error.length).toBeLessThan(4_096);
});
