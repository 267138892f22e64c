import type { Text } from "../../model/text.ts";
import type { Unit } from "../../model/unit.ts";

interface AnalogType extends Text {
  /** Unit of the scaled number; undefined where our table of units has none: then the profile says what becomes of it. */
  readonly unit?: Unit;
  /** What one step of the number on the wire is, in that unit. */
  readonly step: number;
}

/** Analog values of components (GB/T 26875.3-2011, table 6). 128 to 255 belong to users, the others are reserved. */
const ANALOG_TYPES: Readonly<Record<number, AnalogType>> = {
  1: { zh: "事件计数", en: "event count", unit: "1", step: 1 },
  2: { zh: "高度", en: "height", unit: "m", step: 0.01 },
  3: { zh: "温度", en: "temperature", unit: "Cel", step: 0.1 },
  4: { zh: "压力（MPa）", en: "pressure (MPa)", unit: "MPa", step: 0.1 },
  5: { zh: "压力（kPa）", en: "pressure (kPa)", unit: "kPa", step: 0.1 },
  6: { zh: "气体浓度", en: "gas concentration", unit: "%LEL", step: 0.1 },
  7: { zh: "时间", en: "time", unit: "s", step: 1 },
  8: { zh: "电压", en: "voltage", unit: "V", step: 0.1 },
  9: { zh: "电流", en: "current", unit: "A", step: 0.1 },
  10: { zh: "流量", en: "flow", unit: "L/s", step: 0.1 },
  // m³/min
  11: { zh: "风量", en: "air volume", step: 0.1 },
  12: { zh: "风速", en: "wind speed", unit: "m/s", step: 1 },
};

const FIRST_OF_USERS = 128;

/** Unit and step of a kind of analog value; undefined for reserved and user-defined kinds. */
export function standardAnalog(code: number): AnalogType | undefined {
  return ANALOG_TYPES[code];
}

/** What a kind of analog value is called. */
export function analogType(code: number): Text {
  const known = ANALOG_TYPES[code];
  if (known !== undefined) return known;
  return code >= FIRST_OF_USERS
    ? { zh: `自定义模拟量${code}`, en: `user-defined analog ${code}` }
    : { zh: `预留模拟量${code}`, en: `reserved analog ${code}` };
}

/** Codes with their names, for the documentation. */
export const analogTypes: readonly (readonly [number, AnalogType])[] = Object.entries(ANALOG_TYPES).map(
  ([code, text]) => [Number(code), text],
);
