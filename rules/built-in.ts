import type { AlarmClass } from "../model/severity.ts";
import type { Text } from "../model/text.ts";

interface BuiltInRule {
  readonly name: Text;
  readonly class: AlarmClass;
}

/** Rules that every site has. Their ids are reserved; severities are settings. */
export const BUILT_IN_RULES = {
  "monitoring-lost": { name: { zh: "监测中断", en: "monitoring lost" }, class: "monitoring" },
  "instrument-fault": { name: { zh: "仪表故障", en: "instrument fault" }, class: "fault" },
  "clock-fault": { name: { zh: "设备时钟错误", en: "device clock wrong" }, class: "fault" },
  "rule-failed": { name: { zh: "报警规则失效", en: "rule failed" }, class: "fault" },
  "journal-failed": { name: { zh: "数据无法存盘", en: "journal failed" }, class: "fault" },
  "sink-lost": { name: { zh: "数据未送达即丢失", en: "readings lost to a sink" }, class: "fault" },
  "alert-route-lost": { name: { zh: "告警无人接收", en: "no receiver for alerts" }, class: "fault" },
  "write-failed": { name: { zh: "设备写入失败", en: "write to a device failed" }, class: "fault" },
  "decoder-failed": { name: { zh: "解码程序失效", en: "decoder failed" }, class: "monitoring" },
  chattering: { name: { zh: "报警频繁动作", en: "chattering alarm" }, class: "supervisory" },
  "alarm-flood": { name: { zh: "报警泛滥", en: "alarm flood" }, class: "supervisory" },
  "out-of-service": { name: { zh: "停用检修", en: "out of service" }, class: "supervisory" },
  inhibition: { name: { zh: "报警抑制", en: "alarms suppressed by design" }, class: "supervisory" },
  "permit-open": { name: { zh: "作业票有效", en: "permit to work open" }, class: "supervisory" },
  "self-test": { name: { zh: "自检", en: "self-test" }, class: "supervisory" },
  "self-test-failed": { name: { zh: "自检未通过", en: "self-test failed" }, class: "fault" },
  "outside-unknown": {
    name: { zh: "外部信息缺失", en: "nothing known from outside" },
    class: "supervisory",
  },
  "maintenance-due": { name: { zh: "到期未检验", en: "proof test due" }, class: "supervisory" },
} as const satisfies Record<string, BuiltInRule>;

export type BuiltInRuleId = keyof typeof BUILT_IN_RULES;

/** Rules whose condition the gateway observes itself and tells the engine as an input. */
export const SYSTEM_RULES = [
  "journal-failed",
  "sink-lost",
  "alert-route-lost",
  "write-failed",
  "decoder-failed",
] as const;
export type SystemRuleId = (typeof SYSTEM_RULES)[number];

/** Whether an id belongs to a built-in rule and cannot name one of the site's. */
export function isBuiltInRule(id: string): id is BuiltInRuleId {
  return Object.hasOwn(BUILT_IN_RULES, id);
}

/** In events of the gateway itself and of its links: there is no point, so this stands for one. No point may have this id. */
export const GATEWAY_POINT = "gateway";
/** Longest id. */
const ID_MAX = 64;

/** Subject of alarms about the gateway as a whole. */
export const GATEWAY_SUBJECT = "gateway";

/** Subject of `outside-unknown`: the source. */
export function outsideSubject(source: string): string {
  return `outside@${source}`;
}

/** Subject of `decoder-failed`: the file that devices of a link are decoded with, as far as a subject can name it. */
export function decoderSubject(link: string, file: string): string {
  const name = file
    .toLowerCase()
    .replace(/\.[a-z]+$/, "")
    .replaceAll(/[^a-z0-9_-]/g, "_");
  return `decoder@${`${link}-${name}`.slice(0, ID_MAX)}`;
}

/** Subject of `rule-failed`: the rule that failed. */
export function ruleSubject(rule: string): string {
  return `rule@${rule}`;
}
