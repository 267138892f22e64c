import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers, filterProblem, matches, TopicTree, topicProblem } from "../../drivers/mqtt/topic.ts";

/** Few names and few levels, so that filters and topics do meet. */
const level = fc.constantFrom("a", "b", "c", "", "$d");
const topic = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join("/"))
  .filter((text) => text !== "");
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant("+")), { minLength: 0, maxLength: 4 }),
    fc.constantFrom("#", "a", "+", ""),
  )
  .map(([levels, last]) => [...levels, last].join("/"))
  .filter((text) => text !== "");

describe("topics and filters", () => {
  test.each([
    ["a/b", "a/b", true],
    ["a/+", "a/b", true],
    ["a/+", "a", false],
    ["a/+", "a/b/c", false],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["#", "a/b", true],
    ["#", "$SYS/x", false],
    ["+/x", "$SYS/x", false],
    ["$SYS/#", "$SYS/x", true],
    ["+/+", "/a", true],
    ["+", "/a", false],
    ["/+", "/a", true],
  ])("the examples of the specification: %s and %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test("a tree of filters finds exactly those that match one by one", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 12 }), topic, (filters, name) => {
        const tree = new TopicTree<number>();
        filters.forEach((text, index) => {
          tree.add(text, index);
        });
        const expected = filters.flatMap((text, index) => (matches(text, name) ? [index] : []));
        expect(tree.match(name).sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  test("what is removed from a tree is found no more, and everything else still is", () => {
    fc.assert(
      fc.property(
        fc.array(filter, { minLength: 1, maxLength: 12 }),
        topic,
        fc.nat(),
        (filters, name, pick) => {
          const tree = new TopicTree<number>();
          filters.forEach((text, index) => {
            tree.add(text, index);
          });
          const gone = pick % filters.length;
          expect(tree.remove(filters[gone]!, gone)).toBe(true);
          expect(tree.remove(filters[gone]!, gone)).toBe(false);
          expect(tree.size).toBe(filters.length - 1);
          const expected = filters.flatMap((text, index) =>
            index !== gone && matches(text, name) ? [index] : [],
          );
          expect(tree.match(name).sort((a, b) => a - b)).toEqual(expected);
        },
      ),
    );
  });

  test("a filter that covers another matches every topic the other matches", () => {
    fc.assert(
      fc.property(filter, filter, topic, (outer, inner, name) => {
        fc.pre(covers(outer, inner) && matches(inner, name));
        expect(matches(outer, name)).toBe(true);
      }),
      { numRuns: 300, maxSkipsPerRun: 10_000 },
    );
  });

  test("a subscription to everything is not covered by a part of it", () => {
    expect(covers("tocsin/#", "#")).toBe(false);
    expect(covers("tocsin/#", "+/site/alarm")).toBe(false);
    expect(covers("tocsin/#", "tocsin/#")).toBe(true);
    expect(covers("devices/a/#", "devices/+/state")).toBe(false);
    expect(covers("devices/a/#", "devices/a/+")).toBe(true);
    expect(covers("devices/+", "devices/#")).toBe(false);
  });

  test("malformed topics and filters are told apart from good ones", () => {
    expect(topicProblem("a/b")).toBeUndefined();
    expect(topicProblem("a/+")).toBeDefined();
    expect(topicProblem("")).toBeDefined();
    expect(topicProblem("a\u0000")).toBeDefined();
    expect(filterProblem("a/+/#")).toBeUndefined();
    expect(filterProblem("a/#/b")).toBeDefined();
    expect(filterProblem("a/b#")).toBeDefined();
    expect(filterProblem("a+/b")).toBeDefined();
  });
});
