import fc from "fast-check";
import { expect, test } from "vitest";
import { Ranges } from "../../gateway/sinks/ranges.ts";

/** The same set, number by number. */
class Model {
  readonly numbers = new Set<number>();
  add(from: number, to: number) {
    for (let n = from; n < to; n++) this.numbers.add(n);
  }
  remove(from: number, to: number) {
    let removed = 0;
    for (let n = from; n < to; n++) if (this.numbers.delete(n)) removed++;
    return removed;
  }
}

const span = fc.tuple(fc.nat(60), fc.nat(20)).map(([from, length]) => ({ from, to: from + length }));
const change = fc.record({ kind: fc.constantFrom("add" as const, "remove" as const), span });

test("whatever is added and removed, the ranges hold the same numbers as a plain set, sorted and apart", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), span, (changes, looked) => {
      const ranges = new Ranges();
      const model = new Model();
      for (const {
        kind,
        span: { from, to },
      } of changes) {
        if (kind === "add") {
          ranges.add(from, to);
          model.add(from, to);
        } else expect(ranges.remove(from, to)).toBe(model.remove(from, to));
      }
      const list = [...ranges];
      for (const [i, range] of list.entries()) {
        expect(range.from).toBeLessThan(range.to);
        if (i > 0) expect(range.from).toBeGreaterThan(list[i - 1]!.to);
      }
      expect(ranges.size).toBe(model.numbers.size);
      for (let n = 0; n < 90; n++) expect(ranges.has(n)).toBe(model.numbers.has(n));
      const within = [...model.numbers]
        .filter((n) => n >= looked.from && n < looked.to)
        .sort((a, b) => a - b);
      expect(ranges.count(looked.from, looked.to)).toBe(within.length);
      expect(ranges.first(looked.from, looked.to)?.from).toBe(within[0]);
      expect([...Ranges.of(list)]).toEqual(list);
    }),
  );
});

test("a shortened list leaves nothing out, and tells how much is sent again", () => {
  fc.assert(
    fc.property(
      fc.array(span, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      (spans, most) => {
        const ranges = Ranges.of(spans);
        const before = [...ranges];
        const size = ranges.size;
        const added = ranges.shorten(most);
        expect(ranges.length).toBeLessThanOrEqual(Math.max(most, 1));
        expect(ranges.size).toBe(size + added);
        for (const { from, to } of before) expect(ranges.count(from, to)).toBe(to - from);
      },
    ),
  );
});
