import { ConfigurationError } from "./error.ts";

/**
 * Physical kind of a unit. Two units convert into each other only within one dimension; fractions, %LEL, mass
 * concentrations and path integrals of gas are different dimensions on purpose (see gas.ts).
 */
export type Dimension =
  | "lel"
  | "fraction"
  | "mass_concentration"
  | "dissolved"
  | "lel_path"
  | "temperature"
  | "relative_humidity"
  | "pressure"
  | "length"
  | "rain"
  | "rain_rate"
  | "flow"
  | "volume"
  | "speed"
  | "acceleration"
  | "angle"
  | "frequency"
  | "current"
  | "voltage"
  | "resistance"
  | "power"
  | "energy"
  | "proportion"
  | "time"
  | "sound"
  | "signal"
  | "attenuation"
  | "optical_density"
  | "conductivity"
  | "strain"
  | "force"
  | "number"
  | "state";

interface UnitRow {
  readonly dimension: Dimension;
  /** value in the dimension's base unit = value × factor + offset. */
  readonly factor: number;
  readonly offset?: number;
  /** UCUM code; where UCUM has none, an annotation in braces. */
  readonly ucum: string;
}

/** The closed table of units, by the symbol that people write. Factors are exact definitions (BIPM SI brochure, 9th ed.). */
const UNIT_ROWS = {
  "%LEL": { dimension: "lel", factor: 1, ucum: "%{LEL}" },
  "%vol": { dimension: "fraction", factor: 10_000, ucum: "%{vol}" },
  ppm: { dimension: "fraction", factor: 1, ucum: "[ppm]" },
  ppb: { dimension: "fraction", factor: 1e-3, ucum: "[ppb]" },
  "mg/m3": { dimension: "mass_concentration", factor: 1, ucum: "mg/m3" },
  "ug/m3": { dimension: "mass_concentration", factor: 1e-3, ucum: "ug/m3" },
  "g/m3": { dimension: "mass_concentration", factor: 1e3, ucum: "g/m3" },
  "mg/L": { dimension: "dissolved", factor: 1, ucum: "mg/L" },
  "ug/L": { dimension: "dissolved", factor: 1e-3, ucum: "ug/L" },
  "LEL.m": { dimension: "lel_path", factor: 1, ucum: "m{LEL}" },
  "ppm.m": { dimension: "lel_path", factor: Number.NaN, ucum: "[ppm].m" },
  Cel: { dimension: "temperature", factor: 1, ucum: "Cel" },
  K: { dimension: "temperature", factor: 1, offset: -273.15, ucum: "K" },
  degF: { dimension: "temperature", factor: 5 / 9, offset: (-32 * 5) / 9, ucum: "[degF]" },
  "%RH": { dimension: "relative_humidity", factor: 1, ucum: "%{RH}" },
  Pa: { dimension: "pressure", factor: 1e-3, ucum: "Pa" },
  hPa: { dimension: "pressure", factor: 0.1, ucum: "hPa" },
  kPa: { dimension: "pressure", factor: 1, ucum: "kPa" },
  MPa: { dimension: "pressure", factor: 1e3, ucum: "MPa" },
  mbar: { dimension: "pressure", factor: 0.1, ucum: "mbar" },
  bar: { dimension: "pressure", factor: 100, ucum: "bar" },
  m: { dimension: "length", factor: 1, ucum: "m" },
  mm: { dimension: "length", factor: 1e-3, ucum: "mm" },
  cm: { dimension: "length", factor: 1e-2, ucum: "cm" },
  um: { dimension: "length", factor: 1e-6, ucum: "um" },
  in: { dimension: "length", factor: 0.0254, ucum: "[in_i]" },
  ft: { dimension: "length", factor: 0.3048, ucum: "[ft_i]" },
  "mm(rain)": { dimension: "rain", factor: 1, ucum: "mm" },
  "in(rain)": { dimension: "rain", factor: 25.4, ucum: "[in_i]" },
  "mm/h": { dimension: "rain_rate", factor: 1, ucum: "mm/h" },
  "m3/s": { dimension: "flow", factor: 1, ucum: "m3/s" },
  "m3/h": { dimension: "flow", factor: 1 / 3600, ucum: "m3/h" },
  "L/s": { dimension: "flow", factor: 1e-3, ucum: "L/s" },
  "L/min": { dimension: "flow", factor: 1e-3 / 60, ucum: "L/min" },
  m3: { dimension: "volume", factor: 1, ucum: "m3" },
  L: { dimension: "volume", factor: 1e-3, ucum: "L" },
  "m/s": { dimension: "speed", factor: 1, ucum: "m/s" },
  "mm/s": { dimension: "speed", factor: 1e-3, ucum: "mm/s" },
  "in/s": { dimension: "speed", factor: 0.0254, ucum: "[in_i]/s" },
  "mm/d": { dimension: "speed", factor: 1e-3 / 86_400, ucum: "mm/d" },
  "m/s2": { dimension: "acceleration", factor: 1, ucum: "m/s2" },
  "[g]": { dimension: "acceleration", factor: 9.80665, ucum: "[g]" },
  mg: { dimension: "acceleration", factor: 9.80665e-3, ucum: "m[g]" },
  deg: { dimension: "angle", factor: 1, ucum: "deg" },
  rad: { dimension: "angle", factor: 180 / Math.PI, ucum: "rad" },
  Hz: { dimension: "frequency", factor: 1, ucum: "Hz" },
  rpm: { dimension: "frequency", factor: 1 / 60, ucum: "{rpm}" },
  A: { dimension: "current", factor: 1, ucum: "A" },
  mA: { dimension: "current", factor: 1e-3, ucum: "mA" },
  V: { dimension: "voltage", factor: 1, ucum: "V" },
  mV: { dimension: "voltage", factor: 1e-3, ucum: "mV" },
  Ohm: { dimension: "resistance", factor: 1, ucum: "Ohm" },
  W: { dimension: "power", factor: 1, ucum: "W" },
  kW: { dimension: "power", factor: 1e3, ucum: "kW" },
  kWh: { dimension: "energy", factor: 1, ucum: "kW.h" },
  "%": { dimension: "proportion", factor: 1, ucum: "%" },
  s: { dimension: "time", factor: 1, ucum: "s" },
  min: { dimension: "time", factor: 60, ucum: "min" },
  h: { dimension: "time", factor: 3600, ucum: "h" },
  d: { dimension: "time", factor: 86_400, ucum: "d" },
  dB: { dimension: "sound", factor: 1, ucum: "dB" },
  dBm: { dimension: "signal", factor: 1, ucum: "dB[mW]" },
  "dB/m": { dimension: "attenuation", factor: 1, ucum: "dB/m" },
  "1/m": { dimension: "optical_density", factor: 1, ucum: "/m" },
  "uS/cm": { dimension: "conductivity", factor: 1, ucum: "uS/cm" },
  "um/m": { dimension: "strain", factor: 1, ucum: "um/m" },
  kN: { dimension: "force", factor: 1, ucum: "kN" },
  "1": { dimension: "number", factor: 1, ucum: "1" },
  state: { dimension: "state", factor: 1, ucum: "{state}" },
} as const satisfies Record<string, UnitRow>;

export type Unit = keyof typeof UNIT_ROWS;
export const UNITS = Object.keys(UNIT_ROWS) as Unit[];

/** Dimension of a unit. */
export function dimensionOf(unit: Unit): Dimension {
  return UNIT_ROWS[unit].dimension;
}

/** UCUM code of a unit, as it stands in messages. */
export function ucum(unit: Unit): string {
  return UNIT_ROWS[unit].ucum;
}

/** A linear conversion: `to = from × scale + offset`. */
export interface Linear {
  readonly scale: number;
  readonly offset: number;
}

/**
 * The conversion from one unit to another of the same dimension.
 * @throws ConfigurationError UNIT_MISMATCH when the dimensions differ (gas fractions against %LEL or mg/m³ included).
 */
export function conversion(from: Unit, to: Unit): Linear {
  if (from === to) return { scale: 1, offset: 0 };
  const a: UnitRow = UNIT_ROWS[from];
  const b: UnitRow = UNIT_ROWS[to];
  const scale = a.factor / b.factor;
  if (a.dimension !== b.dimension || Number.isNaN(scale)) {
    throw new ConfigurationError("UNIT_MISMATCH", `${from} cannot be converted to ${to}`, {
      hint: `${from} measures ${a.dimension}, ${to} measures ${b.dimension}`,
    });
  }
  return { scale, offset: ((a.offset ?? 0) - (b.offset ?? 0)) / b.factor };
}

/** Converts one value; see `conversion`. */
export function convert(value: number, from: Unit, to: Unit): number {
  const { scale, offset } = conversion(from, to);
  return value * scale + offset;
}
