import fc from "fast-check";
import { expect, test } from "vitest";
import { didYouMean, editDistance, nearest } from "../../gateway/config/suggestion.ts";
import { LISTED } from "../../gateway/config/texts/hints.ts";

test.each([
  ["prot", "port"],
  ["adress", "address"],
  ["time_zone", "timeZone"],
  ["offdelay", "offDelay"],
  ["modbus-tpc", "modbus-tcp"],
  ["devices", "devices"],
])("“%s” probably means “%s”", (word, meant) => {
  expect(nearest(word, ["port", "address", "timeZone", "onDelay", "offDelay", "modbus-tcp", "devices"])).toBe(
    meant,
  );
});

test("what is near nothing is not guessed at; the choices are listed", () => {
  expect(nearest("colour", ["name", "domain"])).toBeUndefined();
  expect(didYouMean("colour", ["name", "domain"], LISTED.keys)).toEqual({
    en: "known keys: name, domain",
    zh: "可用的选项：name、domain",
  });
  expect(didYouMean("colour", [])).toBeUndefined();
  const many = Array.from({ length: 40 }, (_, i) => `device-${i}`);
  expect(didYouMean("colour", many, LISTED.devices)?.en).toMatch(/^devices: device-0, .* and 24 more$/);
});

test("the distance is one for each slip: a letter too many, too few, wrong, or two in the wrong order", () => {
  for (const [a, b] of [
    ["port", "portt"],
    ["port", "por"],
    ["port", "pert"],
    ["port", "prot"],
  ] as const) {
    expect(editDistance(a, b)).toBe(1);
  }
});

test("the distance is symmetric, zero only for the same, and never more than the longer word", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
