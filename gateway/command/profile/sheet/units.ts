import type { Unit } from "../../../../model/unit.ts";
import { UNITS } from "../../../../model/unit.ts";
import { folded } from "./text.ts";

/** A unit of a sheet: ours, and the factor to it for units that we have none of. */
export interface SheetUnit {
  readonly unit: Unit;
  readonly factor: number;
}

const WORDS: Readonly<Partial<Record<Unit, readonly string[]>>> = {
  "%LEL": ["lel", "lel%", "%lel", "%爆炸下限"],
  "%vol": ["vol", "vol%", "%vol", "%v/v", "%(v/v)", "%体积"],
  ppm: ["ppm", "ppmv", "μmol/mol", "umol/mol"],
  ppb: ["ppb", "ppbv", "nmol/mol"],
  "mg/m3": ["mg/m3", "mg/m^3", "mg/nm3", "毫克/立方米"],
  "ug/m3": ["ug/m3", "μg/m3", "ug/m^3", "μg/m^3", "微克/立方米"],
  "g/m3": ["g/m3", "g/m^3"],
  "mg/L": ["mg/l"],
  "ug/L": ["ug/l", "μg/l"],
  "LEL.m": ["lel.m", "lelm", "lel*m", "lel·m"],
  "ppm.m": ["ppm.m", "ppmm", "ppm*m", "ppm·m"],
  Cel: ["°c", "c", "degc", "deg c", "celsius", "摄氏度", "cel"],
  K: ["k", "kelvin"],
  degF: ["°f", "f", "degf", "deg f", "华氏度"],
  "%RH": ["%rh", "rh%", "rh", "%r.h."],
  Pa: ["pa", "帕"],
  hPa: ["hpa", "百帕"],
  kPa: ["kpa", "千帕"],
  MPa: ["mpa", "兆帕"],
  mbar: ["mbar"],
  bar: ["bar"],
  m: ["m", "米", "meter", "metre", "meters", "metres"],
  mm: ["mm", "毫米"],
  cm: ["cm", "厘米"],
  um: ["um", "μm", "微米"],
  in: ["in", "inch", '"'],
  ft: ["ft", "feet"],
  "mm/h": ["mm/h", "mm/hr", "毫米/小时"],
  "m3/s": ["m3/s", "m^3/s"],
  "m3/h": ["m3/h", "m^3/h", "m3/hr"],
  "L/s": ["l/s"],
  "L/min": ["l/min", "lpm"],
  m3: ["m3", "m^3", "立方米"],
  L: ["l", "liter", "litre", "升"],
  "m/s": ["m/s", "米/秒"],
  "mm/s": ["mm/s", "毫米/秒"],
  "in/s": ["in/s", "ips", "inch/s"],
  "mm/d": ["mm/d", "mm/day"],
  "m/s2": ["m/s2", "m/s^2", "m/s²"],
  mg: ["mg"],
  deg: ["°", "deg", "degree", "degrees"],
  rad: ["rad"],
  Hz: ["hz", "赫兹"],
  rpm: ["rpm", "r/min", "转/分"],
  A: ["a", "安", "amp"],
  mA: ["ma", "毫安"],
  V: ["v", "伏", "volt", "vdc"],
  mV: ["mv", "毫伏"],
  Ohm: ["ω", "ohm", "欧", "欧姆"],
  W: ["w"],
  kW: ["kw"],
  kWh: ["kwh", "kw.h", "kw·h", "度电"],
  "%": ["%", "percent", "pct"],
  s: ["s", "sec", "second", "seconds", "秒"],
  min: ["min", "minute", "minutes", "分钟"],
  h: ["h", "hr", "hour", "hours", "小时"],
  d: ["d", "day", "days", "天"],
  dB: ["db", "db(a)", "dba"],
  dBm: ["dbm"],
  "dB/m": ["db/m"],
  "1/m": ["1/m", "m-1"],
  "uS/cm": ["us/cm", "μs/cm"],
  "um/m": ["um/m", "με", "ue", "microstrain", "微应变"],
  kN: ["kn", "千牛"],
};

/** Units that we have none of, by what they are in ours (kPa by definition: NIST SP 811, appendix B.8). */
const FOREIGN: Readonly<Record<string, SheetUnit>> = {
  psi: { unit: "kPa", factor: 6.894_757 },
  mmhg: { unit: "kPa", factor: 0.133_322_4 },
  "kgf/cm2": { unit: "kPa", factor: 98.066_5 },
  mh2o: { unit: "kPa", factor: 9.806_65 },
  米水柱: { unit: "kPa", factor: 9.806_65 },
  mmh2o: { unit: "kPa", factor: 0.009_806_65 },
};

const BY_WORD: ReadonlyMap<string, Unit> = new Map([
  ...UNITS.map((unit): [string, Unit] => [folded(unit), unit]),
  ...Object.entries(WORDS).flatMap(([unit, words]) =>
    words.map((word): [string, Unit] => [word, unit as Unit]),
  ),
]);

/** Words that say that there is no unit. */
const NONE: ReadonlySet<string> = new Set(["", "-", "--", "/", "n/a", "na", "none", "无", "—", "\\", "1"]);

/** Whether a cell says that a number has no unit. */
export function saysNone(text: string): boolean {
  return NONE.has(folded(text));
}

/** The unit of a word; undefined: unknown, or one word for several units. */
export function unitOf(text: string): SheetUnit | undefined {
  const word = folded(text).replaceAll(/\s+/g, "").replaceAll("⋅", "·");
  // Grams or gravity: the sheet's other words would have to say.
  if (word === "g") return undefined;
  const unit = BY_WORD.get(word);
  if (unit !== undefined) return { unit, factor: 1 };
  return FOREIGN[word];
}

/** A number and a unit in one cell, `0.1℃`, `x0.01 mm`; undefined: no number in front, or no unit behind it. */
export function scaledUnit(text: string): (SheetUnit & { readonly scale: number }) | undefined {
  const match = /^\s*[x×*]?\s*(\d*\.?\d+)\s*(?:[x×*]\s*)?(\D.*)$/.exec(folded(text));
  const unit = match?.[2] === undefined ? undefined : unitOf(match[2]);
  return unit === undefined ? undefined : { ...unit, scale: Number(match![1]) };
}
