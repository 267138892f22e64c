import fc from "fast-check";
import { expect, test } from "vitest";
import { Position } from "../../gateway/sinks/position.ts";
import type { Range } from "../../gateway/sinks/ranges.ts";

const EMPTY = { end: 0, undelivered: [] };

test("after an outage the newest records go first, and the backlog beside them from its oldest", () => {
  const position = new Position(EMPTY);
  position.grow(10_000);
  expect(position.takeLive(100, 100)).toEqual({ from: 9_900, to: 10_000 });
  expect(position.takeBacklog(100)).toEqual({ from: 0, to: 100 });
  position.grow(10_050);
  expect(position.takeLive(100, 100)).toEqual({ from: 10_000, to: 10_050 });
  expect(position.takeBacklog(100)).toEqual({ from: 100, to: 200 });
});

test("a batch that failed on the live lane is not skipped for the backlog when the sink answers again soon", () => {
  const position = new Position(EMPTY);
  position.grow(10);
  const taken = position.takeLive(100, 800)!;
  position.rewind(taken);
  position.release(taken);
  position.grow(12);
  expect(position.takeLive(100, 800)).toEqual({ from: 0, to: 12 });
});

test("records that the journal lets go while they are in flight are dropped once, and only what was undelivered counts", () => {
  const position = new Position(EMPTY);
  position.grow(100);
  const taken = position.takeLive(40, 800)!;
  position.settle(0, 10);
  expect(position.drop(0, 60)).toBe(50);
  position.settle(taken.from, taken.to);
  position.release(taken);
  expect(position.takeLive(100, 800)).toEqual({ from: 60, to: 100 });
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("grow" as const), by: fc.nat(50) }),
  fc.record({
    kind: fc.constantFrom("live" as const, "backlog" as const),
    most: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constantFrom("deliver" as const, "fail" as const), which: fc.nat(3) }),
  fc.record({ kind: fc.constant("restart" as const) }),
);

test("whatever fails, restarts and overtakes: nothing is delivered while in flight elsewhere, and in the end all is delivered", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let position = new Position(EMPTY);
      const delivered = new Set<number>();
      let flying: { range: Range; live: boolean }[] = [];
      let end = 0;
      for (const act of steps) {
        switch (act.kind) {
          case "grow":
            end += act.by;
            position.grow(end);
            break;
          case "live":
          case "backlog": {
            const live = act.kind === "live";
            const range = live ? position.takeLive(act.most, act.most * 2) : position.takeBacklog(act.most);
            if (range === undefined) break;
            expect(range.to - range.from).toBeLessThanOrEqual(act.most);
            for (const { range: other } of flying)
              expect(range.to <= other.from || range.from >= other.to).toBe(true);
            flying.push({ range, live });
            break;
          }
          case "deliver":
          case "fail": {
            const [flight] = flying.splice(act.which, 1);
            if (flight === undefined) break;
            const { range, live } = flight;
            if (act.kind === "deliver") {
              for (let n = range.from; n < range.to; n++) delivered.add(n);
              position.settle(range.from, range.to);
            } else if (live) position.rewind(range);
            position.release(range);
            break;
          }
          case "restart":
            position = new Position(JSON.parse(JSON.stringify(position.keep())));
            flying = [];
            break;
        }
      }
      for (const { range } of flying) position.release(range);
      for (;;) {
        const range = position.takeLive(7, 14) ?? position.takeBacklog(7);
        if (range === undefined) break;
        for (let n = range.from; n < range.to; n++) delivered.add(n);
        position.settle(range.from, range.to);
        position.release(range);
      }
      expect(delivered.size).toBe(end);
      expect(position.pending).toBe(0);
    }),
  );
});
