import type { Text } from "../../model/text.ts";

/** Kinds of building fire facilities (GB/T 26875.3-2011, table 4). 128 to 255 belong to users, the others are reserved. */
const SYSTEM_TYPES: Readonly<Record<number, Text>> = {
  0: { zh: "通用", en: "general" },
  1: { zh: "火灾报警系统", en: "fire alarm system" },
  10: { zh: "消防联动控制器", en: "fire linkage controller" },
  11: { zh: "消火栓系统", en: "hydrant system" },
  12: { zh: "自动喷水灭火系统", en: "sprinkler system" },
  13: { zh: "气体灭火系统", en: "gas extinguishing system" },
  14: { zh: "水喷雾灭火系统（泵启动方式）", en: "water spray system (pump)" },
  15: { zh: "水喷雾灭火系统（压力容器启动方式）", en: "water spray system (pressure vessel)" },
  16: { zh: "泡沫灭火系统", en: "foam system" },
  17: { zh: "干粉灭火系统", en: "dry powder system" },
  18: { zh: "防烟排烟系统", en: "smoke control system" },
  19: { zh: "防火门及卷帘系统", en: "fire door and shutter system" },
  20: { zh: "消防电梯", en: "fire lift" },
  21: { zh: "消防应急广播", en: "emergency broadcast" },
  22: { zh: "消防应急照明和疏散指示系统", en: "emergency lighting and evacuation signs" },
  23: { zh: "消防电源", en: "fire power supply" },
  24: { zh: "消防电话", en: "fire telephone" },
};

const FIRST_OF_USERS = 128;

/** What a kind of system is called. */
export function systemType(code: number): Text {
  const known = SYSTEM_TYPES[code];
  if (known !== undefined) return known;
  return code >= FIRST_OF_USERS
    ? { zh: `自定义系统${code}`, en: `user-defined system ${code}` }
    : { zh: `预留系统${code}`, en: `reserved system ${code}` };
}

/** Codes with their names, for the documentation. */
export const systemTypes: readonly (readonly [number, Text])[] = Object.entries(SYSTEM_TYPES).map(
  ([code, text]) => [Number(code), text],
);
