import { ConfigurationError } from "./error.ts";
import { conversion, dimensionOf, type Unit } from "./unit.ts";

/** Which table of lower explosive limits a percentage refers to; instruments differ, so it is always stated. */
export const LEL_BASES = ["iso10156", "iec60079-20-1"] as const;
export type LelBasis = (typeof LEL_BASES)[number];

interface GasRow {
  readonly zh: string;
  readonly en: string;
  /** Molar mass, g/mol. */
  readonly molarMass: number;
  /** Lower explosive limit, % by volume, per basis; absent for gases that do not burn. */
  readonly lel?: Readonly<Partial<Record<LelBasis, number>>>;
}

/**
 * Molar masses and explosive limits (domain.md b.3: ISO 10156 / GB/T 50493 list and IEC 60079-20-1). Where a source gives
 * a span, the lower bound stands here: the same concentration then reads as more %LEL, towards the alarm.
 */
export const GASES = {
  CH4: { zh: "甲烷", en: "methane", molarMass: 16.04, lel: { iso10156: 5.0, "iec60079-20-1": 4.4 } },
  C2H6: { zh: "乙烷", en: "ethane", molarMass: 30.07, lel: { iso10156: 3.0, "iec60079-20-1": 2.4 } },
  C3H8: { zh: "丙烷", en: "propane", molarMass: 44.1, lel: { iso10156: 2.0, "iec60079-20-1": 1.7 } },
  "n-C4H10": { zh: "正丁烷", en: "n-butane", molarMass: 58.12, lel: { iso10156: 1.8, "iec60079-20-1": 1.4 } },
  "i-C4H10": {
    zh: "异丁烷",
    en: "isobutane",
    molarMass: 58.12,
    lel: { iso10156: 1.8, "iec60079-20-1": 1.3 },
  },
  H2: { zh: "氢气", en: "hydrogen", molarMass: 2.016, lel: { iso10156: 4.0, "iec60079-20-1": 4.0 } },
  C2H2: { zh: "乙炔", en: "acetylene", molarMass: 26.04, lel: { iso10156: 2.5, "iec60079-20-1": 2.3 } },
  CO: {
    zh: "一氧化碳",
    en: "carbon monoxide",
    molarMass: 28.01,
    lel: { iso10156: 12.5, "iec60079-20-1": 10.9 },
  },
  H2S: {
    zh: "硫化氢",
    en: "hydrogen sulfide",
    molarMass: 34.08,
    lel: { iso10156: 4.3, "iec60079-20-1": 4.0 },
  },
  NH3: { zh: "氨气", en: "ammonia", molarMass: 17.03, lel: { iso10156: 15, "iec60079-20-1": 15 } },
  O2: { zh: "氧气", en: "oxygen", molarMass: 31.998 },
  CO2: { zh: "二氧化碳", en: "carbon dioxide", molarMass: 44.01 },
  NO2: { zh: "二氧化氮", en: "nitrogen dioxide", molarMass: 46.006 },
  SO2: { zh: "二氧化硫", en: "sulfur dioxide", molarMass: 64.066 },
  Cl2: { zh: "氯气", en: "chlorine", molarMass: 70.906 },
  HCN: { zh: "氰化氢", en: "hydrogen cyanide", molarMass: 27.026 },
  HF: { zh: "氟化氢", en: "hydrogen fluoride", molarMass: 20.006 },
} as const satisfies Record<string, GasRow>;

export type Gas = keyof typeof GASES;
export const GAS_NAMES = Object.keys(GASES) as Gas[];

/** Everything a conversion between gas quantities depends on. Nothing is assumed silently. */
export interface GasConditions {
  readonly gas: Gas;
  /** Needed when %LEL is on either side. */
  readonly basis?: LelBasis;
  /** Gas temperature in °C; needed when a mass concentration is on either side. */
  readonly temperature?: number;
  /** Pressure in kPa; needed when a mass concentration is on either side. */
  readonly pressure?: number;
}

/** Molar volume of an ideal gas at 0 °C and 101.325 kPa, L/mol (CODATA). */
const MOLAR_VOLUME_0C = 22.414;
const ZERO_CELSIUS_K = 273.15;
const STANDARD_PRESSURE_KPA = 101.325;

/** Litres that a mole fills: `Vm = 22.414 · (273.15+T)/273.15 · 101.325/P` (domain.md b.4; 24.45 at 25 °C). */
export function molarVolume(temperature: number, pressure: number): number {
  return (
    ((MOLAR_VOLUME_0C * (ZERO_CELSIUS_K + temperature)) / ZERO_CELSIUS_K) * (STANDARD_PRESSURE_KPA / pressure)
  );
}

/** ppm by volume that one `unit` is worth. */
function ppmPer(unit: Unit, conditions: GasConditions): number {
  const gas: GasRow = GASES[conditions.gas];
  switch (dimensionOf(unit)) {
    case "fraction":
      return conversion(unit, "ppm").scale;
    case "lel": {
      if (conditions.basis === undefined) throw missing("the LEL basis", conditions.gas, unit);
      const lel = gas.lel?.[conditions.basis];
      if (lel === undefined) {
        throw new ConfigurationError(
          "UNIT_MISMATCH",
          `${conditions.gas} has no explosive limit on basis ${conditions.basis}`,
        );
      }
      // 1 %LEL is a hundredth of the limit; 1 %vol is 10,000 ppm.
      return lel * 100;
    }
    case "mass_concentration": {
      if (conditions.temperature === undefined) throw missing("the temperature", conditions.gas, unit);
      if (conditions.pressure === undefined) throw missing("the pressure", conditions.gas, unit);
      const vm = molarVolume(conditions.temperature, conditions.pressure);
      return (conversion(unit, "mg/m3").scale * vm) / gas.molarMass;
    }
    default:
      throw new ConfigurationError("UNIT_MISMATCH", `${unit} is not a concentration of gas`);
  }
}

function missing(what: string, gas: Gas, unit: Unit): ConfigurationError {
  return new ConfigurationError("UNIT_MISMATCH", `converting ${gas} to or from ${unit} needs ${what}`, {
    hint: `state gas, basis, temperature and pressure beside the limit`,
  });
}

/**
 * Converts a concentration between %LEL, volume fraction and mass concentration.
 * @throws ConfigurationError UNIT_MISMATCH when a needed condition is not stated.
 */
export function convertGas(
  value: number,
  units: { from: Unit; to: Unit },
  conditions: GasConditions,
): number {
  if (units.from === units.to) return value;
  return (value * ppmPer(units.from, conditions)) / ppmPer(units.to, conditions);
}
