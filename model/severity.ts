import type { Text } from "./text.ts";

/** From least to worst. An order, never a number in a message: standards count in opposite directions. */
export const SEVERITIES = ["blue", "yellow", "orange", "red"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const SEVERITY_TEXT: Readonly<Record<Severity, Text>> = {
  blue: { zh: "蓝色", en: "blue" },
  yellow: { zh: "黄色", en: "yellow" },
  orange: { zh: "橙色", en: "orange" },
  red: { zh: "红色", en: "red" },
};

/** Position of a severity, 0 for blue; only for comparing. */
export function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** What an alarm is about: danger to people, a fault of an instrument, something to look after, or blindness. */
export const ALARM_CLASSES = ["danger", "fault", "supervisory", "monitoring"] as const;
export type AlarmClass = (typeof ALARM_CLASSES)[number];

export const ALARM_CLASS_TEXT: Readonly<Record<AlarmClass, Text>> = {
  danger: { zh: "险情", en: "danger" },
  fault: { zh: "故障", en: "fault" },
  supervisory: { zh: "监管", en: "supervisory" },
  monitoring: { zh: "监测中断", en: "monitoring" },
};
