import { expect, test } from "vitest";
import { Strangers } from "../../drivers/strangers.ts";
import { OnceInAWhile } from "../../drivers/tcp/once-in-a-while.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";

function setUp(bound: number) {
  const clock = new ManualClock();
  const told: string[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object) => told.push((fields as { address: string }).address),
  };
  return { clock, told, strangers: new Strangers({ link: "l", protocol: "P", bound, clock, log }) };
}

test("a stranger is told once, counted, and shown with when it was heard first and last", () => {
  const { clock, told, strangers } = setUp(10);
  const began = clock.now();
  expect(strangers.note("{ id: 1 }", { peer: "a:1", said: "report" })).toBe(true);
  clock.advance(5 * SECOND);
  expect(strangers.note("{ id: 1 }", { peer: "a:2", said: "keep-alive" })).toBe(false);
  expect(told).toEqual(["{ id: 1 }"]);
  expect(strangers.list()).toEqual([
    {
      link: "l",
      protocol: "P",
      address: "{ id: 1 }",
      peer: "a:2",
      said: "keep-alive",
      first: began,
      last: began + 5 * SECOND,
      count: 2,
    },
  ]);
});

test("the least recent is forgotten first", () => {
  const { strangers } = setUp(2);
  for (const id of ["a", "b", "a", "c"]) strangers.note(id, { peer: "p", said: "s" });
  expect(strangers.list().map(({ address, count }) => [address, count])).toEqual([
    ["a", 2],
    ["c", 1],
  ]);
});

test("forged addresses without end do not flood the log", () => {
  const { clock, told, strangers } = setUp(10);
  for (let i = 0; i < 5_000; i++) strangers.note(`${i}`, { peer: "p", said: "s" });
  expect(told).toHaveLength(100);
  expect(strangers.list()).toHaveLength(10);
  clock.advance(HOUR);
  strangers.note("new", { peer: "p", said: "s" });
  expect(told).toHaveLength(101);
});

test("a name without end is cut short wherever it is kept", () => {
  const { told, strangers } = setUp(10);
  const endless = "x".repeat(1_000_000);
  strangers.note(endless, { peer: endless, said: endless });
  const [known] = strangers.list();
  for (const text of [known!.address, known!.peer, known!.said, told[0]!])
    expect(text.length).toBeLessThan(300);
});

test("complaints about ever new senders come to an end, and begin anew in time", () => {
  const told = new OnceInAWhile();
  let news = 0;
  for (let i = 0; i < 10_000; i++) if (told.due(`spoiled 127.0.${i >> 8}.${i & 255}`, i)) news++;
  expect(news).toBe(500);
  expect(told.due("spoiled 127.0.0.0", 10 * MINUTE)).toBe(true);
  expect(told.due("spoiled 127.0.0.0", 10 * MINUTE + SECOND)).toBe(false);
  expect(told.due("spoiled 10.0.0.1", 10 * MINUTE + SECOND)).toBe(true);
});
