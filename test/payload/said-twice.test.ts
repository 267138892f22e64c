import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKeyTwice, saidBefore } from "../../drivers/payload/said-twice.ts";
import { alarm, Field, gauge } from "../mqtt/field.ts";
import { total } from "../mqtt/site.ts";

/*
 * JSON in which a key stands twice: the parser would take the last one in silence.
 */

describe("a key that stands twice", () => {
  const smoke = () => new Field(alarm({ messages: [{ channels: { smoke: {}, temperature: {} } }] }));

  test("an alarm before an all-clear is an alarm, and the all-clear clears nothing", () => {
    const field = smoke();
    expect(field.say("t/s", '{"smoke": 1, "temperature": 20, "smoke": 0}')).toEqual([
      "s.smoke 1 uncertain",
      "s.temperature 20 uncertain",
      "s.smoke 0 uncertain",
      "s.temperature 20 uncertain",
    ]);
    expect(total(field.counters, "mqtt_keys_twice")).toBe(1);
    expect(field.intake.messages).toHaveLength(1);
  });

  test("an alarm that stands last is one as well", () => {
    expect(smoke().say("t/s", '{"smoke": 0, "smoke": 1}')).toEqual([
      "s.smoke 0 uncertain",
      "s.smoke 1 uncertain",
    ]);
  });

  test("an alarm between two all-clears is one; so often that nobody would hear the end of it, it is nothing that can be read", () => {
    const field = smoke();
    expect(field.say("t/s", '{"smoke": 0, "smoke": 1, "smoke": 0}')).toEqual([
      "s.smoke 0 uncertain",
      "s.smoke 1 uncertain",
      "s.smoke 0 uncertain",
    ]);
    const often = `{${Array.from({ length: 9 }, () => '"smoke": 0').join()}}`;
    expect(field.say("t/s", often)).toEqual(["s.smoke NaN undecodable", "s.temperature NaN undecodable"]);
  });

  test("the same said twice, or twice what no channel reads, changes nothing and is counted", () => {
    const field = smoke();
    expect(field.say("t/s", '{"smoke": 0, "smoke": 0}')).toEqual(["s.smoke 0 good"]);
    expect(field.say("t/s", '{"n": 1, "smoke": 0, "n": 2}')).toEqual(["s.smoke 0 good"]);
    expect(field.say("t/s", '{"smoke": 0}')).toEqual(["s.smoke 0 good"]);
    expect(total(field.counters, "mqtt_keys_twice")).toBe(2);
  });

  test("an object that stands twice, once without the alarm", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: { path: "a.depth" } } }] }));
    expect(field.say("t/g", '{"a": {"depth": 9}, "a": {}}')).toEqual(["g.depth 9 uncertain"]);
  });

  test("what one of them says cannot be read: the other is heard, and not good", () => {
    const field = new Field(
      gauge({ messages: [{ each: { path: "a" }, channels: { depth: { path: "" } } }] }),
    );
    expect(field.say("t/g", '{"a": 5, "a": [9]}')).toEqual([
      "g.depth 9 uncertain",
      "g.depth NaN undecodable",
    ]);
    expect(field.say("t/g", '{"a": [9], "a": 5}')).toEqual([
      "g.depth 9 uncertain",
      "g.depth NaN undecodable",
    ]);
  });
});

describe("any JSON", () => {
  const noise = fc.constantFrom("", " ", "\n\t", "  ");
  // JSON.parse of Node 24 reads the key `\"` as a lone backslash once an object has had a key that ends in one.
  const key = fc
    .oneof(fc.constantFrom("a", "b", "__proto__", "1", ":", '"', "constructor"), fc.string())
    .filter((name) => !name.endsWith("\\"));
  /** A text, what it says when the first of equal keys counts, and whether a key stands twice. */
  const { node } = fc.letrec<{ node: { text: string; first: unknown; twice: boolean } }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc
        .oneof(
          fc.string(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.boolean(),
          fc.constant(null),
        )
        .map((first) => ({
          text: JSON.stringify(first),
          first: JSON.parse(JSON.stringify(first)),
          twice: false,
        })),
      fc.tuple(fc.array(tie("node"), { maxLength: 3 }), noise).map(([nodes, gap]) => ({
        text: `[${gap}${nodes.map(({ text }) => text).join(`${gap},${gap}`)}${gap}]`,
        first: nodes.map(({ first }) => first),
        twice: nodes.some(({ twice }) => twice),
      })),
      fc.tuple(fc.array(fc.tuple(key, tie("node")), { maxLength: 4 }), noise).map(([members, gap]) => {
        const kept = new Map<string, unknown>();
        for (const [name, { first }] of members) if (!kept.has(name)) kept.set(name, first);
        const texts = members.map(([name, { text }]) => `${JSON.stringify(name)}${gap}:${gap}${text}`);
        return {
          text: `{${gap}${texts.join(`${gap},${gap}`)}${gap}}`,
          first: Object.fromEntries(kept),
          twice: kept.size < members.length || members.some(([, { twice }]) => twice),
        };
      }),
    ),
  }));

  test("the first of equal keys counts, then those between it and the last", () => {
    fc.assert(
      fc.property(node, ({ text, first }) => {
        expect(JSON.stringify(saidBefore(text)[0])).toBe(JSON.stringify(first));
      }),
      { numRuns: 500 },
    );
    expect(saidBefore('{"a": 1, "b": {"c": 1, "c": 2}, "a": 2, "a": {"b": 3, "b": 4}, "a": 5}')).toEqual([
      { a: 1, b: { c: 1 } },
      { a: 2, b: { c: 2 } },
      { a: { b: 4 }, b: { c: 2 } },
    ]);
  });

  test("it is seen that a key stands twice, and only then", () => {
    fc.assert(
      fc.property(node, ({ text, twice }) => {
        const seen = isKeyTwice(text, JSON.parse(text));
        // What is inside a member that is lost is not looked at: the member itself stands twice.
        expect(seen).toBe(twice);
      }),
      { numRuns: 500, examples: [[{ text: '{"a":{"b":1,"b":2},"a":{"b":1}}', first: {}, twice: true }]] },
    );
  });

  test("deeper than the stack: nothing ends", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    expect(isKeyTwice(deep, JSON.parse(deep))).toBe(false);
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    expect(field.say("t/g", `{"depth": 1, "depth": 2, "x": ${deep}}`)).toEqual(["g.depth NaN undecodable"]);
  });
});
