import type { Text } from "./text.ts";
import type { Unit } from "./unit.ts";

/** What a discrete quantity says when it is not 0. `danger` raises whatever the quality beside it. */
export type Assertion = "danger" | "fault" | "supervisory";

interface QuantityRow extends Text {
  /** The unit values of this quantity are kept in, everywhere: journal, InfluxDB, rules, topics. */
  readonly unit: Unit;
  /** Names of the codes of a discrete quantity, by code. */
  readonly states?: readonly string[];
  readonly asserts?: Assertion;
}

const NO_YES = ["normal", "active"] as const;

/**
 * The closed vocabulary of what can be measured. The key is the InfluxDB measurement, so a key is never renamed.
 * Gas by volume is three quantities, because an alert shows what the detector shows: ppb, ppm or %vol.
 */
const QUANTITY_ROWS = {
  gas_lel: { zh: "可燃气体浓度", en: "combustible gas", unit: "%LEL" },
  gas_vol: { zh: "气体体积分数", en: "gas by volume", unit: "%vol" },
  gas_ppm: { zh: "气体浓度", en: "gas", unit: "ppm" },
  gas_ppb: { zh: "痕量气体浓度", en: "trace gas", unit: "ppb" },
  gas_mass: { zh: "气体质量浓度", en: "gas mass concentration", unit: "mg/m3" },
  gas_path: { zh: "光路可燃气体", en: "open-path combustible gas", unit: "LEL.m" },
  particulate: { zh: "颗粒物浓度", en: "particulate matter", unit: "ug/m3" },
  water_mass: { zh: "水中浓度", en: "concentration in water", unit: "mg/L" },
  ph: { zh: "pH 值", en: "pH", unit: "1" },
  temperature: { zh: "温度", en: "temperature", unit: "Cel" },
  humidity: { zh: "相对湿度", en: "relative humidity", unit: "%RH" },
  pressure: { zh: "压力", en: "pressure", unit: "kPa" },
  pore_pressure: { zh: "孔隙水压力", en: "pore pressure", unit: "kPa" },
  water_level: { zh: "水位", en: "water level (datum)", unit: "m" },
  water_depth: { zh: "水深", en: "level above sensor", unit: "m" },
  rain_increment: { zh: "时段雨量", en: "rain of the interval", unit: "mm(rain)" },
  rain_counter: { zh: "累计雨量", en: "rain counter", unit: "mm(rain)" },
  rain_since_8: { zh: "今日雨量（8时起）", en: "rain since 08:00", unit: "mm(rain)" },
  rain_rate: { zh: "雨强", en: "rain rate", unit: "mm/h" },
  flow: { zh: "流量", en: "flow", unit: "m3/s" },
  volume: { zh: "累计水量", en: "volume", unit: "m3" },
  sample_flow: { zh: "采样流量", en: "sample flow", unit: "L/min" },
  water_velocity: { zh: "流速", en: "water velocity", unit: "m/s" },
  wind_direction: { zh: "风向", en: "wind direction", unit: "deg" },
  wind_speed: { zh: "风速", en: "wind speed", unit: "m/s" },
  displacement: { zh: "位移", en: "displacement", unit: "mm" },
  crack_width: { zh: "裂缝宽度", en: "crack width", unit: "mm" },
  settlement: { zh: "沉降", en: "settlement", unit: "mm" },
  tilt: { zh: "倾角", en: "tilt", unit: "deg" },
  strain: { zh: "应变", en: "strain", unit: "um/m" },
  force: { zh: "力", en: "force", unit: "kN" },
  vibration_velocity: { zh: "振动速度有效值", en: "vibration velocity rms", unit: "mm/s" },
  vibration_peak_velocity: { zh: "振动速度峰值", en: "peak vibration velocity", unit: "mm/s" },
  particle_velocity: { zh: "质点振动速度", en: "particle velocity (waveform)", unit: "mm/s" },
  vibration_displacement: { zh: "振动位移", en: "vibration displacement", unit: "um" },
  acceleration: { zh: "加速度", en: "acceleration", unit: "[g]" },
  frequency: { zh: "频率", en: "frequency", unit: "Hz" },
  rotation: { zh: "转速", en: "rotation speed", unit: "rpm" },
  ratio: { zh: "系数", en: "ratio", unit: "1" },
  residual_current: { zh: "剩余电流", en: "residual current", unit: "mA" },
  loop_current: { zh: "回路电流", en: "loop current", unit: "mA" },
  current: { zh: "电流", en: "current", unit: "A" },
  voltage: { zh: "电压", en: "voltage", unit: "V" },
  power: { zh: "功率", en: "power", unit: "kW" },
  resistance: { zh: "电阻", en: "resistance", unit: "Ohm" },
  smoke_obscuration: { zh: "烟雾减光率", en: "smoke obscuration", unit: "dB/m" },
  smoke_density: { zh: "烟雾光密度", en: "smoke optical density", unit: "1/m" },
  sound_level: { zh: "声级", en: "sound level", unit: "dB" },
  conductivity: { zh: "电导率", en: "conductivity", unit: "uS/cm" },
  soil_moisture: { zh: "土壤含水率", en: "soil moisture", unit: "%" },
  battery: { zh: "电池电量", en: "battery charge", unit: "%" },
  battery_voltage: { zh: "电池电压", en: "battery voltage", unit: "V" },
  signal: { zh: "信号强度", en: "signal strength", unit: "dBm" },
  signal_noise: { zh: "信噪比", en: "signal-to-noise ratio", unit: "dB" },
  service_time: { zh: "使用时间", en: "time in service", unit: "h" },
  count: { zh: "计数", en: "count", unit: "1" },
  heartbeat: { zh: "心跳", en: "heartbeat", unit: "1" },
  code: { zh: "代码", en: "code", unit: "1" },
  fire: { zh: "火警", en: "fire", unit: "state", states: NO_YES, asserts: "danger" },
  smoke: { zh: "烟雾报警", en: "smoke alarm", unit: "state", states: NO_YES, asserts: "danger" },
  heat: { zh: "感温报警", en: "heat alarm", unit: "state", states: NO_YES, asserts: "danger" },
  gas_alarm: { zh: "燃气报警", en: "gas alarm", unit: "state", states: NO_YES, asserts: "danger" },
  co_alarm: {
    zh: "一氧化碳报警",
    en: "carbon monoxide alarm",
    unit: "state",
    states: NO_YES,
    asserts: "danger",
  },
  water_leak: { zh: "漏水报警", en: "water leak", unit: "state", states: NO_YES, asserts: "danger" },
  electrical_alarm: {
    zh: "电气火灾报警",
    en: "electrical fire alarm",
    unit: "state",
    states: NO_YES,
    asserts: "danger",
  },
  level_alarm: { zh: "水位报警", en: "level alarm", unit: "state", states: NO_YES, asserts: "danger" },
  movement_alarm: { zh: "位移报警", en: "movement alarm", unit: "state", states: NO_YES, asserts: "danger" },
  call_point: { zh: "手动报警", en: "manual call point", unit: "state", states: NO_YES, asserts: "danger" },
  pre_alarm: { zh: "预报警", en: "pre-alarm", unit: "state", states: NO_YES, asserts: "danger" },
  fault: { zh: "故障", en: "fault", unit: "state", states: NO_YES, asserts: "fault" },
  battery_low: { zh: "电池低电", en: "battery low", unit: "state", states: NO_YES, asserts: "fault" },
  tamper: { zh: "防拆", en: "tamper", unit: "state", states: NO_YES, asserts: "supervisory" },
  supervisory: { zh: "监管", en: "supervisory", unit: "state", states: NO_YES, asserts: "supervisory" },
  disabled: { zh: "屏蔽", en: "disabled", unit: "state", states: NO_YES, asserts: "supervisory" },
  mains: { zh: "主电", en: "mains power", unit: "state", states: ["normal", "failed"], asserts: "fault" },
  door: { zh: "门", en: "door", unit: "state", states: ["closed", "open"] },
  valve: { zh: "阀门", en: "valve", unit: "state", states: ["closed", "open"] },
  pump: { zh: "水泵", en: "pump", unit: "state", states: ["stopped", "running"] },
  relay: { zh: "继电器", en: "relay", unit: "state", states: ["off", "on"] },
  switch: { zh: "开关", en: "switch", unit: "state", states: ["off", "on"] },
  mode: { zh: "工作模式", en: "operating mode", unit: "state" },
} as const satisfies Record<string, QuantityRow>;

export type Quantity = keyof typeof QUANTITY_ROWS;
export const QUANTITIES = Object.keys(QUANTITY_ROWS) as Quantity[];

/** Everything known of a quantity. */
export function quantityRow(quantity: Quantity): QuantityRow {
  return QUANTITY_ROWS[quantity];
}

/** Whether values of a quantity are codes of states rather than numbers on a scale. */
export function isDiscrete(quantity: Quantity): boolean {
  return QUANTITY_ROWS[quantity].unit === "state";
}
