/*
 * Control characters and function codes of SL 651-2014 (tables 10 and B.1).
 */

/** Control characters (table 10). */
export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const EOT = 0x04;
export const ENQ = 0x05;
export const ACK = 0x06;
export const NAK = 0x15;
export const SYN = 0x16;
export const ETB = 0x17;
export const ESC = 0x1b;

/** Function codes that the driver treats by name. */
export const FUNCTION = {
  keepAlive: 0x2f,
  test: 0x30,
  uniform: 0x31,
  timed: 0x32,
  additional: 0x33,
  hourly: 0x34,
  manual: 0x35,
  picture: 0x36,
  queryNow: 0x37,
  queryPeriod: 0x38,
  queryManual: 0x39,
  queryElements: 0x3a,
  readBasic: 0x41,
  readRunning: 0x43,
  pumpMotor: 0x44,
  version: 0x45,
  status: 0x46,
  setClock: 0x4a,
  pump: 0x4c,
  valve: 0x4d,
  gate: 0x4e,
  events: 0x50,
  clock: 0x51,
} as const;

const NAMES: Readonly<Record<number, { readonly zh: string; readonly en: string }>> = {
  47: { zh: "链路维持报", en: "keep-alive" },
  48: { zh: "测试报", en: "test report" },
  49: { zh: "均匀时段水文信息报", en: "uniform-interval report" },
  50: { zh: "定时报", en: "timed report" },
  51: { zh: "加报报", en: "additional report" },
  52: { zh: "小时报", en: "hourly report" },
  53: { zh: "人工置数报", en: "manual report" },
  54: { zh: "图片报", en: "picture" },
  55: { zh: "查询实时数据", en: "query of present values" },
  56: { zh: "查询时段数据", en: "query of a period" },
  57: { zh: "查询人工置数", en: "query of the manual report" },
  58: { zh: "查询指定要素", en: "query of elements" },
  64: { zh: "修改基本配置", en: "writing of the basic configuration" },
  65: { zh: "读取基本配置", en: "reading of the basic configuration" },
  66: { zh: "修改运行参数", en: "writing of the running parameters" },
  67: { zh: "读取运行参数", en: "reading of the running parameters" },
  68: { zh: "查询水泵电机数据", en: "query of the pump motors" },
  69: { zh: "查询软件版本", en: "query of the software version" },
  70: { zh: "查询状态和报警", en: "query of status and alarms" },
  71: { zh: "初始化固态存储", en: "clearing of the storage" },
  72: { zh: "恢复出厂设置", en: "factory reset" },
  73: { zh: "修改密码", en: "change of the password" },
  74: { zh: "设置时钟", en: "setting of the clock" },
  75: { zh: "设置IC卡状态", en: "IC card" },
  76: { zh: "水泵开关", en: "pumps" },
  77: { zh: "阀门开关", en: "valves" },
  78: { zh: "闸门开关", en: "gates" },
  79: { zh: "水量定值控制", en: "quota control" },
  80: { zh: "查询事件记录", en: "query of the event counters" },
  81: { zh: "查询时钟", en: "query of the clock" },
};

/** The first of the function codes that users define themselves (table B.1). */
const FIRST_OF_USERS = 0xe0;

/** What a function is called, in both languages. */
export function functionName(code: number): { readonly zh: string; readonly en: string } {
  const hex = `${code.toString(16).toUpperCase().padStart(2, "0")}H`;
  return NAMES[code] ?? { zh: `功能码${hex}`, en: `function ${hex}` };
}

/** Functions whose uplink body has the class of the station behind its address, and then elements (6.6.4). */
export function carriesClass(code: number): boolean {
  return (code >= FUNCTION.test && code <= FUNCTION.queryElements) || code === FUNCTION.pumpMotor;
}

/** Functions whose uplink body has elements of annex C; in others the same guides mean parameters of annex D. */
export function carriesElements(code: number): boolean {
  return carriesClass(code) || code === FUNCTION.status || code >= FIRST_OF_USERS;
}

/** Functions whose elements are rows of equal steps (6.6.4.4 and 6.6.4.11). */
export function isUniform(code: number): boolean {
  return code === FUNCTION.uniform || code === FUNCTION.queryPeriod;
}
