import type { Text } from "../../model/text.ts";

/** Kinds of components (GB/T 26875.3-2011, table 5). 128 to 255 belong to users, the others are reserved. */
const COMPONENT_TYPES: Readonly<Record<number, Text>> = {
  0: { zh: "通用", en: "general" },
  1: { zh: "火灾报警控制器", en: "fire alarm controller" },
  10: { zh: "可燃气体探测器", en: "combustible-gas detector" },
  11: { zh: "点型可燃气体探测器", en: "point combustible-gas detector" },
  12: { zh: "独立式可燃气体探测器", en: "stand-alone combustible-gas detector" },
  13: { zh: "线型可燃气体探测器", en: "line combustible-gas detector" },
  16: { zh: "电气火灾监控报警器", en: "electrical-fire monitor" },
  17: { zh: "剩余电流式电气火灾监控探测器", en: "residual-current detector" },
  18: { zh: "测温式电气火灾监控探测器", en: "temperature-type electrical detector" },
  21: { zh: "探测回路", en: "detection loop" },
  22: { zh: "火灾显示盘", en: "fire display panel" },
  23: { zh: "手动火灾报警按钮", en: "manual call point" },
  24: { zh: "消火栓按钮", en: "hydrant button" },
  25: { zh: "火灾探测器", en: "fire detector" },
  30: { zh: "感温火灾探测器", en: "heat detector" },
  31: { zh: "点型感温火灾探测器", en: "point heat detector" },
  32: { zh: "点型感温火灾探测器（S型）", en: "point heat detector (type S)" },
  33: { zh: "点型感温火灾探测器（R型）", en: "point heat detector (type R)" },
  34: { zh: "线型感温火灾探测器", en: "line heat detector" },
  35: { zh: "线型感温火灾探测器（S型）", en: "line heat detector (type S)" },
  36: { zh: "线型感温火灾探测器（R型）", en: "line heat detector (type R)" },
  37: { zh: "光纤感温火灾探测器", en: "optical-fibre heat detector" },
  40: { zh: "感烟火灾探测器", en: "smoke detector" },
  41: { zh: "点型离子感烟火灾探测器", en: "point ionisation smoke detector" },
  42: { zh: "点型光电感烟火灾探测器", en: "point photoelectric smoke detector" },
  43: { zh: "线型光束感烟火灾探测器", en: "beam smoke detector" },
  44: { zh: "吸气式感烟火灾探测器", en: "aspirating smoke detector" },
  50: { zh: "复合式火灾探测器", en: "combined detector" },
  51: { zh: "复合式感烟感温火灾探测器", en: "combined smoke and heat detector" },
  52: { zh: "复合式感光感温火灾探测器", en: "combined flame and heat detector" },
  53: { zh: "复合式感光感烟火灾探测器", en: "combined flame and smoke detector" },
  61: { zh: "紫外火焰探测器", en: "ultraviolet flame detector" },
  62: { zh: "红外火焰探测器", en: "infrared flame detector" },
  69: { zh: "感光火灾探测器", en: "flame detector" },
  74: { zh: "气体探测器", en: "gas detector" },
  78: { zh: "图像摄像方式火灾探测器", en: "image fire detector" },
  79: { zh: "感声火灾探测器", en: "acoustic fire detector" },
  81: { zh: "气体灭火控制器", en: "gas extinguishing controller" },
  82: { zh: "消防电气控制装置", en: "fire electrical control unit" },
  83: { zh: "消防控制室图形显示装置", en: "graphic display of the control room" },
  84: { zh: "模块", en: "module" },
  85: { zh: "输入模块", en: "input module" },
  86: { zh: "输出模块", en: "output module" },
  87: { zh: "输入输出模块", en: "input and output module" },
  88: { zh: "中继模块", en: "relay module" },
  91: { zh: "消防水泵", en: "fire pump" },
  92: { zh: "消防水箱", en: "fire water tank" },
  95: { zh: "喷淋泵", en: "spray pump" },
  96: { zh: "水流指示器", en: "flow indicator" },
  97: { zh: "信号阀", en: "signal valve" },
  98: { zh: "报警阀", en: "alarm valve" },
  99: { zh: "压力开关", en: "pressure switch" },
  101: { zh: "阀驱动装置", en: "valve actuator" },
  102: { zh: "防火门", en: "fire door" },
  103: { zh: "防火阀", en: "fire damper" },
  104: { zh: "通风空调", en: "ventilation and air conditioning" },
  105: { zh: "泡沫液泵", en: "foam pump" },
  106: { zh: "管网电磁阀", en: "pipe solenoid valve" },
  111: { zh: "防烟排烟风机", en: "smoke control fan" },
  113: { zh: "排烟防火阀", en: "smoke damper" },
  114: { zh: "常闭送风口", en: "normally closed air supply vent" },
  115: { zh: "排烟口", en: "smoke exhaust vent" },
  116: { zh: "电控挡烟垂壁", en: "smoke curtain" },
  117: { zh: "防火卷帘控制器", en: "fire shutter controller" },
  118: { zh: "防火门监控器", en: "fire door monitor" },
  121: { zh: "警报装置", en: "alarm device" },
};

const FIRST_OF_USERS = 128;

/** What a kind of component is called. */
export function componentType(code: number): Text {
  const known = COMPONENT_TYPES[code];
  if (known !== undefined) return known;
  return code >= FIRST_OF_USERS
    ? { zh: `自定义部件${code}`, en: `user-defined component ${code}` }
    : { zh: `预留部件${code}`, en: `reserved component ${code}` };
}

/** Codes with their names, for the documentation. */
export const componentTypes: readonly (readonly [number, Text])[] = Object.entries(COMPONENT_TYPES).map(
  ([code, text]) => [Number(code), text],
);
