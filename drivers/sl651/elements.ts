import type { Unit } from "../../model/unit.ts";

/*
 * The elements of annex C of SL 651-2014 (table C.1): guide byte, ASCII identifier, unit, and how wide the standard makes them.
 */

/** Guides with a meaning of their own in a body. */
export const GUIDE = {
  step: 0x04,
  duration: 0x05,
  status: 0x45,
  time: 0xf0,
  station: 0xf1,
  manual: 0xf2,
  picture: 0xf3,
  rainBlock: 0xf4,
  firstLevelBlock: 0xf5,
  lastLevelBlock: 0xfc,
  batch: 0xfd,
  extended: 0xff,
} as const;

/** The second byte of F0, F1, F2 and F3 repeats the first; that of FD is F6 (notes of table C.1). */
export const BATCH_DEFINITION = 0xf6;

/** One element of the table. */
export interface Element {
  readonly guide: number;
  /** The identifier in ASCII frames. */
  readonly id: string;
  readonly zh: string;
  readonly en: string;
  /** Unit of the number as sent, where our table of units has it. */
  readonly unit?: Unit;
  /** N(digits, decimals); a HEX field has bytes instead. */
  readonly digits: number;
  readonly decimals: number;
  readonly hexBytes?: number;
}

type Row = readonly [
  guide: number,
  id: string,
  zh: string,
  en: string,
  unit: Unit | "",
  digits: number,
  decimals: number,
];

function family(
  first: number,
  count: number,
  row: (n: number) => readonly [string, string, string, Unit | "", number, number],
): Row[] {
  return Array.from({ length: count }, (_, i) => [first + i, ...row(i + 1)] as const);
}

const SOIL_DEPTHS = [10, 20, 30, 40, 50, 60, 80, 100];

const ROWS: readonly Row[] = [
  [0x01, "AC", "断面面积", "cross-section", "", 8, 2],
  [0x02, "AI", "气温", "air temperature", "Cel", 3, 1],
  [0x03, "C", "水温", "water temperature", "Cel", 3, 1],
  [0x05, "DT", "时段长", "duration", "h", 4, 2],
  [0x06, "ED", "日蒸发量", "evaporation of the day", "", 5, 1],
  [0x07, "EJ", "当前蒸发", "evaporation since the day began", "", 5, 1],
  [0x08, "FL", "气压", "air pressure", "hPa", 5, 0],
  [0x09, "GH", "闸门开启高度", "gate opening", "m", 5, 2],
  [0x0a, "GN", "闸门编号", "gate number", "1", 3, 0],
  [0x0b, "GS", "输水设备类别", "kind of outlet", "1", 1, 0],
  [0x0c, "GT", "闸门开启孔数", "gates open", "1", 3, 0],
  [0x0d, "GTP", "地温", "ground temperature", "Cel", 3, 1],
  [0x0e, "H", "地下水埋深", "depth to groundwater", "m", 6, 2],
  [0x0f, "HW", "波浪高度", "wave height", "m", 5, 2],
  ...family(0x10, SOIL_DEPTHS.length, (n) => {
    const depth = SOIL_DEPTHS[n - 1]!;
    return [`M${depth}`, `${depth}厘米土壤含水量`, `soil moisture at ${depth} cm`, "%", 4, 1];
  }),
  [0x18, "MST", "湿度", "humidity", "%RH", 4, 1],
  [0x19, "NS", "开机台数", "pumps running", "1", 2, 0],
  [0x1a, "P1", "1小时降水量", "rain of 1 h", "mm(rain)", 5, 1],
  [0x1b, "P2", "2小时降水量", "rain of 2 h", "mm(rain)", 5, 1],
  [0x1c, "P3", "3小时降水量", "rain of 3 h", "mm(rain)", 5, 1],
  [0x1d, "P6", "6小时降水量", "rain of 6 h", "mm(rain)", 5, 1],
  [0x1e, "P12", "12小时降水量", "rain of 12 h", "mm(rain)", 5, 1],
  [0x1f, "PD", "日降水量", "rain of the day", "mm(rain)", 5, 1],
  [0x20, "PJ", "当前降水量（8时起）", "rain since the day began at 08:00", "mm(rain)", 5, 1],
  [0x21, "PN01", "1分钟降水量", "rain of 1 min", "mm(rain)", 5, 1],
  [0x22, "PN05", "5分钟降水量", "rain of 5 min", "mm(rain)", 5, 1],
  [0x23, "PN10", "10分钟降水量", "rain of 10 min", "mm(rain)", 5, 1],
  [0x24, "PN30", "30分钟降水量", "rain of 30 min", "mm(rain)", 5, 1],
  [0x25, "PR", "暴雨量", "rain of the storm", "mm(rain)", 5, 1],
  [0x26, "PT", "降水量累计值", "rain counter", "mm(rain)", 6, 1],
  [0x27, "Q", "流量", "discharge", "m3/s", 9, 3],
  ...family(0x28, 8, (n) => [`Q${n}`, `取（排）水口流量${n}`, `discharge ${n}`, "m3/s", 9, 3]),
  [0x30, "QA", "总出库流量", "total outflow", "m3/s", 9, 3],
  [0x31, "QZ", "输水设备流量", "outlet flow", "m3/s", 9, 3],
  [0x32, "SW", "输沙量", "sediment load", "", 11, 3],
  [0x33, "UC", "风向", "wind direction", "", 2, 0],
  [0x34, "UE", "风力", "wind force", "1", 2, 0],
  [0x35, "US", "风速", "wind speed", "m/s", 4, 1],
  [0x36, "VA", "断面平均流速", "mean velocity", "m/s", 5, 3],
  [0x37, "VJ", "瞬时流速", "velocity", "m/s", 5, 3],
  [0x38, "VT", "电源电压", "supply voltage", "V", 4, 2],
  [0x39, "Z", "水位", "water level", "m", 7, 3],
  [0x3a, "ZB", "下水位", "level below the gate", "m", 7, 3],
  [0x3b, "ZU", "上水位", "level above the gate", "m", 7, 3],
  ...family(0x3c, 8, (n) => [`Z${n}`, `取（排）水口水位${n}`, `level ${n}`, "m", 7, 3]),
  [0x44, "SQ", "含沙量", "sediment concentration", "", 9, 3],
  [0x46, "PH", "pH值", "pH", "1", 4, 2],
  [0x47, "DO", "溶解氧", "dissolved oxygen", "", 4, 1],
  [0x48, "COND", "电导率", "conductivity", "uS/cm", 5, 0],
  [0x49, "TURB", "浊度", "turbidity", "", 3, 0],
  [0x4a, "CODMN", "高锰酸盐指数", "permanganate index", "", 4, 1],
  [0x4b, "REDOX", "氧化还原电位", "redox potential", "mV", 5, 1],
  [0x4c, "NH4N", "氨氮", "ammonia nitrogen", "", 6, 2],
  [0x4d, "TP", "总磷", "total phosphorus", "", 5, 3],
  [0x4e, "TN", "总氮", "total nitrogen", "", 5, 2],
  [0x4f, "TOC", "总有机碳", "total organic carbon", "", 4, 2],
  [0x50, "CU", "铜", "copper", "", 7, 4],
  [0x51, "ZN", "锌", "zinc", "", 6, 4],
  [0x52, "SE", "硒", "selenium", "", 7, 5],
  [0x53, "AS", "砷", "arsenic", "", 7, 5],
  [0x54, "THG", "总汞", "mercury", "", 7, 5],
  [0x55, "CD", "镉", "cadmium", "", 7, 5],
  [0x56, "PB", "铅", "lead", "", 7, 5],
  [0x57, "CHLA", "叶绿素a", "chlorophyll a", "", 4, 2],
  ...family(0x58, 8, (n) => [`WP${n}`, `水压${n}`, `water pressure ${n}`, "kPa", 5, 2]),
  ...family(0x60, 8, (n) => [`SYL${n}`, `水表${n}剩余水量`, `meter ${n} remaining`, "", 11, 3]),
  ...family(0x68, 8, (n) => [`SBL${n}`, `水表${n}每小时水量`, `meter ${n} per hour`, "m3/h", 10, 2]),
  [0x70, "VTA", "A相电压", "voltage A", "V", 4, 1],
  [0x71, "VTB", "B相电压", "voltage B", "V", 4, 1],
  [0x72, "VTC", "C相电压", "voltage C", "V", 4, 1],
  [0x73, "VIA", "A相电流", "current A", "A", 4, 1],
  [0x74, "VIB", "B相电流", "current B", "A", 4, 1],
  [0x75, "VIC", "C相电流", "current C", "A", 4, 1],
];

/** Values in a block of one hour, every five minutes. */
export const BLOCK_VALUES = 12;
/** A value of F4 is one byte, 0.1 mm; of F5 to FC two bytes, 0.01 m. */
const RAIN_BLOCK = { bytes: 1, decimals: 1 } as const;
const LEVEL_BLOCK = { bytes: 2, decimals: 2 } as const;

const HEX_ROWS: readonly Element[] = [
  {
    guide: GUIDE.status,
    id: "ZT",
    zh: "状态和报警",
    en: "status and alarms",
    unit: "1",
    digits: 8,
    decimals: 0,
    hexBytes: 4,
  },
  {
    guide: GUIDE.rainBlock,
    id: "DRP",
    zh: "每5分钟雨量",
    en: "rain every 5 min",
    unit: "mm(rain)",
    digits: 3,
    decimals: RAIN_BLOCK.decimals,
    hexBytes: RAIN_BLOCK.bytes,
  },
  ...Array.from(
    { length: GUIDE.lastLevelBlock - GUIDE.firstLevelBlock + 1 },
    (_, i): Element => ({
      guide: GUIDE.firstLevelBlock + i,
      id: `DRZ${i + 1}`,
      zh: `每5分钟相对水位${i + 1}`,
      en: `relative level ${i + 1} every 5 min`,
      unit: "m",
      digits: 5,
      decimals: LEVEL_BLOCK.decimals,
      hexBytes: LEVEL_BLOCK.bytes,
    }),
  ),
];

/** All elements of annex C that carry a value. */
export const ELEMENTS: readonly Element[] = [
  ...ROWS.map(
    ([guide, id, zh, en, unit, digits, decimals]): Element => ({
      guide,
      id,
      zh,
      en,
      ...(unit === "" ? {} : { unit }),
      digits,
      decimals,
    }),
  ),
  ...HEX_ROWS,
];

const BY_GUIDE = new Map(ELEMENTS.map((element) => [element.guide, element]));
const BY_ID = new Map(ELEMENTS.map((element) => [element.id, element]));

/** The element of a guide; undefined for those that the standard leaves to users. */
export function elementOf(guide: number): Element | undefined {
  return BY_GUIDE.get(guide);
}

/** Whether a guide is one of the blocks of five-minute values. */
export function isBlock(guide: number): boolean {
  return guide >= GUIDE.rainBlock && guide <= GUIDE.lastLevelBlock;
}

/** Bytes of one value of a block. */
export function blockWidth(guide: number): number {
  return guide === GUIDE.rainBlock ? RAIN_BLOCK.bytes : LEVEL_BLOCK.bytes;
}

/** `FFnnH` as one number. */
export const EXTENDED = 0xff00;

const HEX_GUIDE = /^(?:FF([0-9A-F]{2})|([0-9A-F]{2}))H$/;

/** The guide of an element as people write it: `Z`, `39H`, or `FF21H` for an extended one. Undefined when it is none. */
export function parseGuide(text: string): number | undefined {
  const upper = text.toUpperCase();
  const element = BY_ID.get(upper);
  if (element !== undefined) return element.guide;
  const match = HEX_GUIDE.exec(upper);
  if (match === null) return undefined;
  if (match[1] !== undefined) return EXTENDED + Number.parseInt(match[1], 16);
  const guide = Number.parseInt(match[2]!, 16);
  const special =
    guide === GUIDE.step || (guide >= GUIDE.time && guide <= GUIDE.picture) || guide >= GUIDE.batch;
  return guide === 0 || special ? undefined : guide;
}

/** How a guide is shown: its identifier, or `77H`. */
export function formatGuide(guide: number): string {
  return elementOf(guide)?.id ?? `${guide.toString(16).toUpperCase().padStart(2, "0")}H`;
}

/** The guide of an ASCII identifier: of the table, or two (extended: four) hex digits. */
export function guideOfIdentifier(identifier: string): number | undefined {
  return parseGuide(identifier) ?? parseGuide(`${identifier}H`);
}
