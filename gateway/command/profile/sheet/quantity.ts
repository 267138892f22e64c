import { GASES, type Gas } from "../../../../model/gas.ts";
import type { Quantity } from "../../../../model/quantity.ts";
import { type Dimension, dimensionOf, type Unit } from "../../../../model/unit.ts";
import { folded } from "./text.ts";

/** What a row measures. */
export interface Guess {
  readonly quantity: Quantity;
  /** The unit, or the name, leaves no other; otherwise a person looks at it. */
  readonly certain: boolean;
}

/** Names that belong to one quantity of a dimension, in the order in which they are looked for; the last has no words: what is left. */
type Choices = readonly (readonly [words: RegExp | undefined, quantity: Quantity, certain: boolean])[];

const BY_DIMENSION: Readonly<Partial<Record<Dimension, Choices>>> = {
  lel: [[undefined, "gas_lel", true]],
  mass_concentration: [
    [/pm\s*(1|2\.5|10)\b|dust|particul|粉尘|颗粒|烟尘|tsp/, "particulate", true],
    [undefined, "gas_mass", true],
  ],
  dissolved: [[undefined, "water_mass", true]],
  lel_path: [[undefined, "gas_path", true]],
  temperature: [[undefined, "temperature", true]],
  relative_humidity: [[undefined, "humidity", true]],
  pressure: [
    [/pore|piezo|孔隙|渗压/, "pore_pressure", true],
    [undefined, "pressure", true],
  ],
  length: [
    [/crack|裂缝|裂纹/, "crack_width", true],
    [/settle|沉降/, "settlement", true],
    [/(vibr|振动|震动).*(disp|位移)|(disp|位移).*(vibr|振动|震动)/, "vibration_displacement", true],
    [/displace|位移|movement|变形|拉线|extens/, "displacement", true],
    [/depth|above|水深|液位|液面|immer|埋深/, "water_depth", true],
    [/elevation|datum|高程|基面/, "water_level", true],
    [/level|stage|水位/, "water_depth", false],
  ],
  rain: [
    [/since|今日|当日|8\s*时|daily/, "rain_since_8", true],
    [/total|accum|count|累计|总/, "rain_counter", true],
    [/interval|increment|时段|分钟|5min|minute/, "rain_increment", true],
    [undefined, "rain_counter", false],
  ],
  rain_rate: [[undefined, "rain_rate", true]],
  flow: [
    [/sampl|采样|泵吸|pump/, "sample_flow", true],
    [undefined, "flow", true],
  ],
  volume: [[undefined, "volume", true]],
  speed: [
    [/wind|风速/, "wind_speed", true],
    [/peak|峰值|ppv/, "vibration_peak_velocity", true],
    [/(rms|有效值|烈度|均方根)/, "vibration_velocity", true],
    [/vib|振动|震动|velocity|速度/, "vibration_velocity", false],
    [/water|flow|流速/, "water_velocity", true],
  ],
  acceleration: [[undefined, "acceleration", true]],
  angle: [
    [/wind|风向/, "wind_direction", true],
    [/tilt|inclin|angle|roll|pitch|倾|角/, "tilt", true],
  ],
  frequency: [
    [/rpm|speed|rotat|转速/, "rotation", true],
    [undefined, "frequency", true],
  ],
  current: [
    [/resid|leak|earth|ground|rcd|漏电|剩余/, "residual_current", true],
    [/loop|4\s*-\s*20|回路|output|输出/, "loop_current", true],
    [/current|电流/, "current", true],
  ],
  voltage: [
    [/batt|电池|电瓶/, "battery_voltage", true],
    [undefined, "voltage", true],
  ],
  resistance: [[undefined, "resistance", true]],
  power: [[undefined, "power", true]],
  proportion: [
    [/batt|电池|电量/, "battery", true],
    [/soil|moisture|土壤|墒|含水/, "soil_moisture", true],
  ],
  time: [[undefined, "service_time", true]],
  sound: [
    [/snr|noise ratio|信噪/, "signal_noise", true],
    [/sound|noise|噪/, "sound_level", true],
  ],
  signal: [[undefined, "signal", true]],
  attenuation: [[undefined, "smoke_obscuration", true]],
  optical_density: [[undefined, "smoke_density", true]],
  conductivity: [[undefined, "conductivity", true]],
  strain: [[undefined, "strain", true]],
  force: [[undefined, "force", true]],
};

const FRACTIONS: Readonly<Partial<Record<Unit, Quantity>>> = {
  ppm: "gas_ppm",
  ppb: "gas_ppb",
  "%vol": "gas_vol",
};

/** Names that contradict a dimension: a temperature in ppm is a slip of a row, not a gas. */
const NAMED_KINDS: readonly (readonly [RegExp, readonly Dimension[]])[] = [
  [/^(temperature|temp\b|环境温度|温度|水温)/, ["temperature"]],
  [/^(humidity|湿度|相对湿度)/, ["relative_humidity", "proportion"]],
  [/^(pressure|压力|气压)/, ["pressure"]],
  [/^(voltage|电压|电池电压)/, ["voltage"]],
];

/** What a number with a unit measures; undefined: the name does not say which of several. "impossible": name and unit disagree. */
export function quantityOf(name: string, unit: Unit): Guess | "impossible" | undefined {
  const words = folded(name);
  const dimension = dimensionOf(unit);
  const named = NAMED_KINDS.find(([pattern]) => pattern.test(words))?.[1];
  if (named !== undefined && !named.includes(dimension)) return "impossible";
  const fraction = FRACTIONS[unit];
  if (fraction !== undefined) return { quantity: fraction, certain: true };
  const choice = BY_DIMENSION[dimension]?.find(([pattern]) => pattern?.test(words) ?? true);
  return choice === undefined ? undefined : { quantity: choice[1], certain: choice[2] };
}

/** States by their names. What asserts danger is what somebody is called for: the words must say it. */
const STATES: readonly (readonly [RegExp, Quantity])[] = [
  [/pre-?\s?alarm|预警|预报警/, "pre_alarm"],
  [/low\s?batt|batt\w*\s?low|电池低|低电|欠压/, "battery_low"],
  [/tamper|防拆/, "tamper"],
  [/mains|main power|主电/, "mains"],
  [/fault|fail|error|故障|异常/, "fault"],
  [/disabl|isolat|屏蔽|隔离/, "disabled"],
  [/smoke|烟/, "smoke"],
  [/fire|flame|火/, "fire"],
  [/heat|感温/, "heat"],
  [/water\s?leak|漏水|水浸/, "water_leak"],
  [/leakage|residual|漏电|剩余电流/, "electrical_alarm"],
  [/gas|可燃|燃气|一段|二段|低报|高报|a1\b|a2\b|al1|al2|alarm\s?[12]/, "gas_alarm"],
  [/valve|阀/, "valve"],
  [/pump|泵/, "pump"],
  [/relay|继电/, "relay"],
  [/door|门/, "door"],
  [/switch|开关/, "switch"],
];

/** What the alarm of an instrument of a class is. */
const ALARM_OF: Readonly<Partial<Record<string, Quantity>>> = {
  gas: "gas_alarm",
  fire: "fire",
  level: "level_alarm",
  electrical: "electrical_alarm",
  tilt: "movement_alarm",
  vibration: "movement_alarm",
};

/** What a bit, or a number without a unit, says; undefined: the name does not say it. */
export function stateOf(name: string, deviceClass: string | undefined): Guess | undefined {
  const words = folded(name);
  const quantity = STATES.find(([pattern]) => pattern.test(words))?.[1];
  const alarm = /alarm|报警|告警|警报/.test(words) ? ALARM_OF[deviceClass ?? ""] : undefined;
  if (quantity !== undefined) return { quantity, certain: true };
  return alarm === undefined ? undefined : { quantity: alarm, certain: false };
}

const PLAIN: readonly (readonly [RegExp, Quantity])[] = [
  [/heart\s?beat|心跳|alive/, "heartbeat"],
  [/^ph\b|ph值|酸碱/, "ph"],
  [/^(mode|state|status|operating|工作|运行)|状态|模式/, "mode"],
  [/code|number|代码|编号/, "code"],
  [/count|计数|次数/, "count"],
];

/** What a whole number without a unit says; undefined: the name does not say it. */
export function plainOf(name: string): Guess | undefined {
  const words = folded(name);
  const quantity = PLAIN.find(([pattern]) => pattern.test(words))?.[1];
  return quantity === undefined ? undefined : { quantity, certain: quantity !== "mode" };
}

/** The gas that a name speaks of, by its formula or its name. */
export function gasOf(name: string): Gas | undefined {
  const words = name.normalize("NFKC");
  return (Object.entries(GASES) as [Gas, { zh: string; en: string }][]).find(
    ([formula, { zh, en }]) =>
      new RegExp(`(?<![A-Za-z0-9])${formula.replaceAll("-", "\\-")}(?![A-Za-z0-9])`).test(words) ||
      words.includes(zh) ||
      words.toLowerCase().includes(en),
  )?.[0];
}

/** Registers kept for later. The whole name: a fault of the 备用电源 is one. */
const RESERVED = /^(备用|预留|保留|未用|不用|reserved|spare|unused|not used|rfu|n\/?a)( ?\d+)?$/;

/** Rows that are no measurement: settings of the line or of the instrument. */
const SETTINGS =
  /baud|波特率|parity|校验|stop\s?bit|停止位|slave|modbus (address|id)|device (address|id)|station|设备地址|从站|站号|通讯地址|本机地址|password|密码|factory|出厂|firmware|software version|version|版本|serial (no|num)|序列号/;
/** Limits carry the unit of what they limit: as a channel they would be judged as if they were measured. */
const LIMITS =
  /set\s?-?point|threshold|limit|设定|阈值|门限|上限|下限|限值|报警值|报警点|定值|hysteresis|回差|full\s?scale|满量程|量程[上下]?|range (high|low|max|min)|alarm (level|value|point)|calibrat\w* (value|gas)|(标定|校准)(气|值|浓度|点)/;

/** Words of what an instrument asserts: "over the upper limit" without a unit is an alarm, no limit. */
const ASSERTS = /alarm|exceed|over|报警|告警|超限|超标/;

/** An alarm, and no instrument that is called after it: 报警器, alarm panel. */
const ALARM =
  /(alarm|报警|告警|预警)(?!\s*(器|仪|主机|控制|系统|装置|探测|unit|device|panel|controller|system))|低报|高报|\bal[12]\b/;

/** Whether a name is that of an alarm. */
export function isAlarm(name: string): boolean {
  return ALARM.test(folded(name));
}

/** Why a row is set aside for its name; undefined: it may be a measurement, or a state. */
export function asideOf(name: string, { measured }: { measured: boolean }): string | undefined {
  const words = folded(name);
  if (RESERVED.test(words)) return "reserved: nothing stands there";
  if (SETTINGS.test(words)) return "a setting or a name plate, no measurement";
  if (LIMITS.test(words) && (measured || !ASSERTS.test(words)))
    return "a limit or a setting in the unit of the measurement: as a channel, rules would judge it as measured";
  return undefined;
}
