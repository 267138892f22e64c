import fc from "fast-check";
import { expect, test } from "vitest";
import { QUANTITIES, quantityRow } from "../../model/quantity.ts";
import { convert, dimensionOf, UNITS, ucum } from "../../model/unit.ts";

test.each([
  [1, "bar", "kPa", 100],
  [1, "mbar", "kPa", 0.1],
  [212, "degF", "Cel", 100],
  [273.15, "K", "Cel", 0],
  [1, "in/s", "mm/s", 25.4],
  [1, "[g]", "m/s2", 9.80665],
  [3.6, "m3/h", "L/s", 1],
  [300, "mA", "A", 0.3],
  [86.4, "mm/d", "mm/s", 0.001],
] as const)("%d %s is so many %s: %d", (value, from, to, expected) => {
  expect(convert(value, from, to)).toBeCloseTo(expected, 9);
});

test("units of different kinds do not convert: a gas by volume is not a pressure", () => {
  fc.assert(
    fc.property(fc.constantFrom(...UNITS), fc.constantFrom(...UNITS), (from, to) => {
      if (dimensionOf(from) === dimensionOf(to)) return;
      expect(() => convert(1, from, to)).toThrow(expect.objectContaining({ code: "UNIT_MISMATCH" }));
    }),
  );
});

test("there and back is the same value", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...UNITS),
      fc.constantFrom(...UNITS),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      (from, to, value) => {
        if (dimensionOf(from) !== dimensionOf(to) || [from, to].includes("ppm.m")) return;
        expect(convert(convert(value, from, to), to, from)).toBeCloseTo(value, 4);
      },
    ),
  );
});

test("every quantity has both names, and every unit a UCUM code", () => {
  for (const quantity of QUANTITIES) {
    const { zh, en, unit } = quantityRow(quantity);
    expect(zh, quantity).toMatch(/[一-鿿]/);
    expect(en, quantity).toMatch(/^[a-z]/i);
    expect(UNITS).toContain(unit);
    expect(quantity).toMatch(/^[a-z][a-z0-9_]*$/);
  }
  for (const unit of UNITS) expect(ucum(unit), unit).toMatch(/^\S+$/);
});
