import type { Text } from "../../model/text.ts";

/** Commands that carry data up (HJ 212-2017, 6.6.5), by what they say. */
export const DATA_COMMANDS = {
  "real-time": 2011,
  minute: 2051,
  hour: 2061,
  day: 2031,
} as const;
/** What kind of values a report carries. */
export type DataKind = keyof typeof DATA_COMMANDS;
export const DATA_KINDS = Object.keys(DATA_COMMANDS) as [DataKind, ...DataKind[]];

/** Commands about parameters of the logger (6.6.5): the reads are answered by the command itself, the settings by a result. */
export const PARAMETER_COMMANDS = {
  clock: 1011,
  setClock: 1012,
  realTimeInterval: 1061,
  setRealTimeInterval: 1062,
  minuteInterval: 1063,
  setMinuteInterval: 1064,
} as const;
/** From here on commands are about data. */
export const FIRST_DATA = 2000;
/** What a logger says of a request: whether it will carry it out, and whether it has. */
export const CONVERSATION_CN = { requestAnswer: 9011, result: 9012 } as const;
/** From here on commands answer others. */
export const FIRST_ANSWER = 9000;
/** The answer to data. */
export const DATA_ANSWER = 9014;
/** System code of the conversation itself. */
export const CONVERSATION = "91";

const NAMES: Readonly<Record<number, Text>> = {
  1011: { zh: "提取现场机时间", en: "get clock" },
  1012: { zh: "设置现场机时间", en: "set clock" },
  1061: { zh: "提取实时数据间隔", en: "get real-time interval" },
  1062: { zh: "设置实时数据间隔", en: "set real-time interval" },
  1063: { zh: "提取分钟数据间隔", en: "get minute interval" },
  1064: { zh: "设置分钟数据间隔", en: "set minute interval" },
  2011: { zh: "实时数据", en: "real-time data" },
  2031: { zh: "日历史数据", en: "daily data" },
  2051: { zh: "分钟数据", en: "minute data" },
  2061: { zh: "小时数据", en: "hourly data" },
  9011: { zh: "请求应答", en: "request answer" },
  9012: { zh: "执行结果", en: "result of a request" },
  9013: { zh: "通知应答", en: "notice answer" },
  9014: { zh: "数据应答", en: "data answer" },
};

/** A command in words. */
export function commandName(cn: number): Text {
  return NAMES[cn] ?? { zh: `命令${cn}`, en: `command ${cn}` };
}
