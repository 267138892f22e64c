/** May a value be relied on? Only good clears an alarm; good and uncertain raise one. */
export const GOOD = 0;
export const UNCERTAIN = 1;
export const BAD = 2;
export type Quality = typeof GOOD | typeof UNCERTAIN | typeof BAD;
export const QUALITY_NAMES = ["good", "uncertain", "bad"] as const;

/** NAMUR NE107 category of a device's health: failure, function check, out of specification, maintenance. */
export type Ne107 = "F" | "C" | "S" | "M";

/**
 * Where a bad or uncertain quality comes from. `instrument` becomes an instrument-fault alarm; `communication`
 * only counts through silence (monitoring lost); `operation` is people at work; `configuration` is ours to mend.
 */
export type Origin = "none" | "communication" | "instrument" | "operation" | "configuration" | "clock";

interface ReasonRow {
  readonly name: string;
  readonly quality: Quality;
  /** OPC UA StatusCode, the number that goes to InfluxDB (OPC 10000-4, and domain.md h.1). */
  readonly opcua: number;
  readonly ne107?: Ne107;
  readonly origin: Origin;
  readonly zh: string;
  readonly en: string;
}

/**
 * The closed list of reasons. A reading carries the index of its row (one byte), so rows are only ever appended:
 * journals keep the numbers.
 */
const ROWS = [
  { name: "good", quality: GOOD, opcua: 0x0000_0000, origin: "none", zh: "正常", en: "good" },
  {
    name: "local_override",
    quality: GOOD,
    opcua: 0x0096_0000,
    origin: "operation",
    zh: "人工置数",
    en: "manual value",
  },
  {
    name: "uncertain",
    quality: UNCERTAIN,
    opcua: 0x4000_0000,
    origin: "instrument",
    zh: "可疑",
    en: "uncertain",
  },
  {
    name: "last_usable",
    quality: UNCERTAIN,
    opcua: 0x4090_0000,
    origin: "communication",
    zh: "沿用旧值",
    en: "last usable value",
  },
  {
    name: "substitute",
    quality: UNCERTAIN,
    opcua: 0x4091_0000,
    origin: "operation",
    zh: "替代值",
    en: "substitute value",
  },
  {
    name: "initial",
    quality: UNCERTAIN,
    opcua: 0x4092_0000,
    origin: "operation",
    zh: "初始值",
    en: "initial value",
  },
  {
    name: "not_accurate",
    quality: UNCERTAIN,
    opcua: 0x4093_0000,
    ne107: "S",
    origin: "instrument",
    zh: "精度不足",
    en: "sensor not accurate",
  },
  {
    name: "over_range",
    quality: UNCERTAIN,
    opcua: 0x4094_0000,
    ne107: "S",
    origin: "instrument",
    zh: "超上限",
    en: "over range",
  },
  {
    name: "under_range",
    quality: UNCERTAIN,
    opcua: 0x4094_0000,
    ne107: "S",
    origin: "instrument",
    zh: "超下限",
    en: "under range",
  },
  {
    name: "low_coverage",
    quality: UNCERTAIN,
    opcua: 0x4095_0000,
    origin: "communication",
    zh: "数据不足",
    en: "too few inputs",
  },
  {
    name: "clock_suspect",
    quality: UNCERTAIN,
    opcua: 0x4000_0000,
    origin: "clock",
    zh: "时钟可疑",
    en: "clock not trusted",
  },
  {
    name: "implausible",
    quality: UNCERTAIN,
    opcua: 0x4000_0000,
    ne107: "S",
    origin: "instrument",
    zh: "突变可疑",
    en: "implausible jump",
  },
  {
    name: "maintenance_due",
    quality: GOOD,
    opcua: 0x0000_0000,
    ne107: "M",
    origin: "instrument",
    zh: "需要维护",
    en: "maintenance due",
  },
  { name: "bad", quality: BAD, opcua: 0x8000_0000, origin: "instrument", zh: "无效", en: "bad" },
  {
    name: "not_connected",
    quality: BAD,
    opcua: 0x808a_0000,
    origin: "communication",
    zh: "链路未连接",
    en: "link not connected",
  },
  {
    name: "no_communication",
    quality: BAD,
    opcua: 0x8031_0000,
    origin: "communication",
    zh: "设备无应答",
    en: "no answer",
  },
  {
    name: "communication_error",
    quality: BAD,
    opcua: 0x8005_0000,
    origin: "communication",
    zh: "通信错误",
    en: "communication error",
  },
  {
    name: "device_failure",
    quality: BAD,
    opcua: 0x808b_0000,
    ne107: "F",
    origin: "instrument",
    zh: "设备故障",
    en: "device failure",
  },
  {
    name: "sensor_failure",
    quality: BAD,
    opcua: 0x808c_0000,
    ne107: "F",
    origin: "instrument",
    zh: "传感器故障",
    en: "sensor failure",
  },
  {
    name: "not_a_number",
    quality: BAD,
    opcua: 0x808c_0000,
    ne107: "F",
    origin: "instrument",
    zh: "数值无效",
    en: "not a number",
  },
  {
    name: "missing_value",
    quality: BAD,
    opcua: 0x808c_0000,
    ne107: "F",
    origin: "instrument",
    zh: "缺测",
    en: "missing value",
  },
  {
    name: "warming_up",
    quality: BAD,
    opcua: 0x808d_0000,
    ne107: "C",
    origin: "operation",
    zh: "预热中",
    en: "warming up",
  },
  {
    name: "inhibited",
    quality: BAD,
    opcua: 0x808d_0000,
    ne107: "C",
    origin: "operation",
    zh: "已抑制",
    en: "inhibited",
  },
  {
    name: "calibrating",
    quality: BAD,
    opcua: 0x808d_0000,
    ne107: "C",
    origin: "operation",
    zh: "标定中",
    en: "calibrating",
  },
  {
    name: "out_of_service",
    quality: BAD,
    opcua: 0x808d_0000,
    ne107: "C",
    origin: "operation",
    zh: "停用",
    en: "out of service",
  },
  {
    name: "configuration_error",
    quality: BAD,
    opcua: 0x8089_0000,
    origin: "configuration",
    zh: "配置错误",
    en: "configuration error",
  },
  {
    name: "undecodable",
    quality: BAD,
    opcua: 0x8005_0000,
    origin: "communication",
    zh: "无法解码",
    en: "cannot be decoded",
  },
  {
    name: "stuck",
    quality: UNCERTAIN,
    opcua: 0x4090_0000,
    ne107: "S",
    origin: "instrument",
    zh: "数值不变",
    en: "value does not change",
  },
] as const satisfies readonly ReasonRow[];

export type ReasonName = (typeof ROWS)[number]["name"];

/** Index into `REASONS`; one byte in batches and in the journal. */
export type Reason = number;

export const REASONS: readonly ReasonRow[] = ROWS;
export const REASON_NAMES: readonly ReasonName[] = ROWS.map((row) => row.name);

/** Reason by name: `REASON.over_range`. */
export const REASON: Readonly<Record<ReasonName, Reason>> = Object.fromEntries(
  ROWS.map((row, index) => [row.name, index]),
) as Record<ReasonName, Reason>;

const QUALITY_OF = Uint8Array.from(ROWS, (row) => row.quality);

/** The quality that goes with a reason. An unknown index is bad: doubt never clears an alarm. */
export function qualityOf(reason: Reason): Quality {
  return (QUALITY_OF[reason] ?? BAD) as Quality;
}

/** The whole row of a reason; an unknown index reads as `bad`. */
export function reasonRow(reason: Reason): ReasonRow {
  return REASONS[reason] ?? REASONS[REASON.bad]!;
}

/** Which of two reasons weighs more: bad over uncertain over good; between equals the first. */
export function worse(a: Reason, b: Reason): Reason {
  return qualityOf(b) > qualityOf(a) ? b : a;
}
