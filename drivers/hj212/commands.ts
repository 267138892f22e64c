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

/** From here on commands answer others. */
export const FIRST_ANSWER = 9000;
/** The answer to data. */
export const DATA_ANSWER = 9014;
/** System code of the conversation itself. */
export const CONVERSATION = "91";

const NAMES: Readonly<Record<number, Text>> = {
  1062: { zh: "设置实时数据间隔", en: "set real-time interval" },
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
