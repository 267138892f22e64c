import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convertGas, GAS_NAMES, GASES, molarVolume } from "../../model/gas.ts";
import type { Unit } from "../../model/unit.ts";

const ISO = { gas: "CH4", basis: "iso10156" } as const;

describe("concentrations of gas", () => {
  test("25 %LEL of methane is 1.25 %vol on the one basis and 1.1 %vol on the other", () => {
    expect(convertGas(25, { from: "%LEL", to: "%vol" }, ISO)).toBeCloseTo(1.25, 9);
    expect(convertGas(25, { from: "%LEL", to: "%vol" }, { ...ISO, basis: "iec60079-20-1" })).toBeCloseTo(
      1.1,
      9,
    );
    expect(convertGas(100, { from: "%LEL", to: "ppm" }, ISO)).toBeCloseTo(50_000, 6);
  });

  // GB/T 50493 limits in mg/m³, and what they are in ppm at 25 °C and 20 °C.
  test.each([
    ["H2S", 10, 7.17, 7.05],
    ["NH3", 20, 28.7, 28.2],
    ["CO", 20, 17.5, 17.2],
    ["CO2", 9000, 5000, 4916],
    ["NO2", 5, 2.66, 2.61],
    ["SO2", 5, 1.91, 1.88],
    ["Cl2", 10, 3.45, 3.39],
  ] as const)("%s: %d mg/m³ is %d ppm at 25 °C and %d ppm at 20 °C", (gas, mass, at25, at20) => {
    const ppm = (temperature: number) =>
      convertGas(mass, { from: "mg/m3", to: "ppm" }, { gas, temperature, pressure: 101.325 });
    expect(Math.abs(ppm(25) / at25 - 1)).toBeLessThan(0.005);
    expect(Math.abs(ppm(20) / at20 - 1)).toBeLessThan(0.005);
  });

  test("a mole fills 24.45 L at 25 °C and 22.41 L at 0 °C", () => {
    expect(molarVolume(25, 101.325)).toBeCloseTo(24.47, 1);
    expect(molarVolume(0, 101.325)).toBeCloseTo(22.414, 3);
  });

  test("no conversion goes on without what it depends on", () => {
    const code = (run: () => unknown) => {
      try {
        run();
      } catch (thrown) {
        return (thrown as { code?: string }).code;
      }
      return "went through";
    };
    expect(code(() => convertGas(1, { from: "%LEL", to: "ppm" }, { gas: "CH4" }))).toBe("UNIT_MISMATCH");
    expect(code(() => convertGas(1, { from: "mg/m3", to: "ppm" }, { gas: "H2S", temperature: 20 }))).toBe(
      "UNIT_MISMATCH",
    );
    expect(code(() => convertGas(1, { from: "mg/m3", to: "ppm" }, { gas: "H2S", pressure: 101 }))).toBe(
      "UNIT_MISMATCH",
    );
    expect(code(() => convertGas(1, { from: "%LEL", to: "ppm" }, { gas: "O2", basis: "iso10156" }))).toBe(
      "UNIT_MISMATCH",
    );
    expect(code(() => convertGas(1, { from: "kPa", to: "ppm" }, ISO))).toBe("UNIT_MISMATCH");
  });

  test("there and back is the same concentration, for every gas and pair of units", () => {
    const units: Unit[] = ["%vol", "ppm", "ppb", "mg/m3", "g/m3"];
    fc.assert(
      fc.property(
        fc.constantFrom(...GAS_NAMES),
        fc.constantFrom(...units),
        fc.constantFrom(...units),
        fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
        (gas, from, to, value) => {
          const conditions = { gas, temperature: 20, pressure: 101.325 };
          const back = convertGas(
            convertGas(value, { from, to }, conditions),
            { from: to, to: from },
            conditions,
          );
          expect(Math.abs(back / value - 1)).toBeLessThan(1e-9);
        },
      ),
    );
  });

  test("the stricter table never allows more gas", () => {
    for (const [name, row] of Object.entries(GASES)) {
      if (!("lel" in row)) continue;
      expect(row.lel["iec60079-20-1"], name).toBeLessThanOrEqual(row.lel.iso10156);
    }
  });
});
