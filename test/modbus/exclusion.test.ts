import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Exclusions } from "../../drivers/modbus/exclusion.ts";
import { NO_LIMITS, type Span } from "../../drivers/modbus/planner.ts";

/** A device that refuses requests which touch one of its holes. */
function refuses(request: Span, holes: ReadonlySet<number>): boolean {
  for (let at = request.address; at < request.address + request.count; at++) if (holes.has(at)) return true;
  return false;
}

/** Polls until nothing is refused any more; returns what was read in the last poll and how many requests it all took. */
function settle(exclusions: Exclusions, holes: ReadonlySet<number>): { read: Set<number>; requests: number } {
  let requests = 0;
  for (let polls = 0; polls < 50; polls++) {
    const read = new Set<number>();
    let refused = false;
    for (const request of exclusions.plan) {
      requests++;
      if (refuses(request, holes)) {
        refused = true;
        exclusions.suspect(request, 0);
      } else for (const index of request.values) read.add(index);
    }
    for (let trial = exclusions.next(); trial !== undefined; trial = exclusions.next()) {
      requests++;
      if (refuses(trial.request, holes)) exclusions.refused(trial, 0);
      else exclusions.answered(trial);
    }
    if (!refused) return { read, requests };
  }
  throw new Error("still refused after 50 polls");
}

describe("a device that refuses some of its registers", () => {
  test("is read in full except for exactly those, wherever they are", () => {
    const values = fc.array(fc.record({ address: fc.nat(150), count: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        values,
        fc.uniqueArray(fc.nat(154), { maxLength: 6 }),
        fc.nat(30),
        (spans, holeList, maxGap) => {
          const holes = new Set(holeList);
          const all = spans.map((span): Span => ({ table: "holding", ...span }));
          const exclusions = new Exclusions(all, { ...NO_LIMITS, maxGap });
          const { read } = settle(exclusions, holes);
          expect(all.map((_, index) => read.has(index))).toEqual(all.map((span) => !refuses(span, holes)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("costs few requests: one hole among 125 registers", () => {
    const all = Array.from({ length: 125 }, (_, address): Span => ({ table: "holding", address, count: 1 }));
    const exclusions = new Exclusions(all, NO_LIMITS);
    const { requests } = settle(exclusions, new Set([77]));
    // Two a halving (2 x 7), the block before and the two blocks after.
    expect(requests).toBeLessThanOrEqual(17);
    expect(exclusions.plan).toMatchObject([
      { address: 0, count: 77 },
      { address: 78, count: 47 },
    ]);
    expect(exclusions.excluded).toMatchObject([{ address: 77, count: 1 }]);
  });

  test("keeps a block apart when the hole lies between two channels", () => {
    const all: Span[] = [
      { table: "holding", address: 0, count: 2 },
      { table: "holding", address: 6, count: 2 },
    ];
    const exclusions = new Exclusions(all, { ...NO_LIMITS, maxGap: 10 });
    settle(exclusions, new Set([4]));
    expect(exclusions.excluded).toEqual([]);
    expect(exclusions.plan).toMatchObject([
      { address: 0, count: 2 },
      { address: 6, count: 2 },
    ]);
  });

  test("gets a refused register back when it answers later", () => {
    const all = Array.from({ length: 4 }, (_, address): Span => ({ table: "holding", address, count: 1 }));
    const exclusions = new Exclusions(all, NO_LIMITS);
    settle(exclusions, new Set([2]));
    expect(exclusions.due(1_000_000)).toBeUndefined();
    const due = exclusions.due(2_000_000)!;
    expect(due).toMatchObject({ address: 2 });
    exclusions.refusedAgain(due, 2_000_000);
    expect(exclusions.due(5_000_000)).toBeUndefined();
    exclusions.readmit(exclusions.due(6_000_000)!);
    expect(exclusions.plan).toMatchObject([{ address: 0, count: 4 }]);
  });
});
