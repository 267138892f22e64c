import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { isTree, locate } from "../../gateway/config/located.ts";
import { Problems } from "../../gateway/config/problem.ts";
import { encodingFault, SourceText } from "../../gateway/config/source.ts";
import { parseYaml } from "../../gateway/config/yaml-source.ts";

function parse(text: string) {
  const problems = new Problems();
  const source = new SourceText("site.yaml", text);
  return { source, value: parseYaml(source, problems), problems: problems.list() };
}

/** Line and column of a path, as `check` shows it. */
function place(text: string, path: (string | number)[], what: "key" | "value" = "value"): string {
  const { source, value } = parse(text);
  const spot = locate(value as object, path, what);
  if (spot === undefined) return "nowhere";
  const { line, column } = source.position(spot.offset);
  return `${line}:${column}`;
}

test("every value is found again at its line and column", () => {
  const text = "points:\n  well:\n    name: 阀门井\n    groups: [a, b]\n";
  expect(place(text, ["points", "well", "name"])).toBe("3:11");
  expect(place(text, ["points", "well", "name"], "key")).toBe("3:5");
  expect(place(text, ["points", "well", "groups", 1])).toBe("4:17");
});

test("what is missing is shown at the key that opens the map it is missing from", () => {
  expect(place("points:\n  well:\n    name: x\n", ["points", "well", "domain"])).toBe("2:3");
});

test("an anchor's values are found where the anchor is, a merged key at the merge", () => {
  const text = "base: &base\n  unit: 1\n  port: 2\na: *base\nb:\n  <<: *base\n  port: 3\n";
  const { value } = parse(text);
  expect(value).toEqual({ base: { unit: 1, port: 2 }, a: { unit: 1, port: 2 }, b: { unit: 1, port: 3 } });
  expect(place(text, ["a", "unit"])).toBe("2:9");
  expect(place(text, ["b", "unit"])).toBe("6:7");
  expect(place(text, ["b", "port"])).toBe("7:9");
});

test("keys keep what is written: 007 is no 7, and a number is no other key than its text", () => {
  expect(Object.keys(parse("007: a\n1e3: b\ntrue: c\n").value as object)).toEqual(["007", "1e3", "true"]);
});

test("anchors that multiply are refused before they fill the memory", () => {
  const levels = Array.from({ length: 12 }, (_, i) => {
    const line = i === 0 ? "x" : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array.from({ length: 10 }, () => line).join(", ")}]`;
  });
  const { value, problems } = parse(`${levels.join("\n")}\n`);
  expect(value).toBeUndefined();
  expect(problems.map(({ code }) => code)).toEqual(["CONFIG_SYNTAX"]);
});

test("what nests without end is refused", () => {
  const { problems } = parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  expect(problems.length).toBeGreaterThan(0);
});

test("what YAML can write, is read as it was", () => {
  const scalar = fc.oneof(fc.string({ maxLength: 12 }), fc.integer(), fc.boolean());
  const key = fc.string({ unit: fc.constantFrom(..."abcdefghij-_"), minLength: 1, maxLength: 8 });
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 5 }), (site) => {
      const { value, problems } = parse(stringify(site));
      expect(problems).toEqual([]);
      if (isTree(value)) expect(value).toEqual({ ...site });
    }),
  );
});

test("any text at all ends in a value or in problems, never in an exception", () => {
  const unit = fc.constantFrom(..."ab:-[]{}&*!|>'\"#%@`,?\n  \t~<");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 80 }), (text) => {
      const { value, problems } = parse(text);
      if (value === undefined && problems.length === 0) expect(text.replaceAll(/#.*|\s|---/g, "")).toBe("");
    }),
    { numRuns: 500 },
  );
});

test("bytes that are no UTF-8 are found where they stand", () => {
  const gbk = Buffer.concat([Buffer.from("site:\n  name: "), Buffer.from([0xbe, 0xaf]), Buffer.from("\n")]);
  expect(encodingFault(gbk)).toMatchObject({ line: 2, column: 9 });
  expect(encodingFault(Buffer.from("名: 警钟\n"))).toBeUndefined();
  const cut = Buffer.from("a: 警").subarray(0, 5);
  expect(encodingFault(cut)).toMatchObject({ line: 1, column: 4 });
});
