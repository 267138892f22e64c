import type { Text } from "../../model/text.ts";

interface Bit extends Text {
  readonly bit: number;
  /** The bit is 0 when it is so. */
  readonly inverted?: true;
}

/**
 * State of a building facility system, type 1 (8.2.1.1). Bit 0 is "normal monitoring (1) / test (0)", but even the standard's
 * example leaves it clear beside a fire, so it never takes anything away from the other bits.
 */
export const SYSTEM_STATES = {
  normal: { bit: 0, zh: "正常监视", en: "normal monitoring" },
  test: { bit: 0, inverted: true, zh: "测试", en: "test" },
  fire: { bit: 1, zh: "火警", en: "fire" },
  fault: { bit: 2, zh: "故障", en: "fault" },
  shield: { bit: 3, zh: "屏蔽", en: "disabled" },
  supervisory: { bit: 4, zh: "监管", en: "supervisory" },
  start: { bit: 5, zh: "启动", en: "started" },
  feedback: { bit: 6, zh: "反馈", en: "feedback" },
  delay: { bit: 7, zh: "延时", en: "delay" },
  mains: { bit: 8, zh: "主电故障", en: "mains fault" },
  standby: { bit: 9, zh: "备电故障", en: "standby power fault" },
  bus: { bit: 10, zh: "总线故障", en: "bus fault" },
  manual: { bit: 11, zh: "手动", en: "manual" },
  configuration: { bit: 12, zh: "配置改变", en: "configuration changed" },
  reset: { bit: 13, zh: "复位", en: "reset" },
} as const satisfies Record<string, Bit>;

/** State of a component, type 2 (8.2.1.2). */
export const COMPONENT_STATES = {
  normal: SYSTEM_STATES.normal,
  test: SYSTEM_STATES.test,
  fire: SYSTEM_STATES.fire,
  fault: SYSTEM_STATES.fault,
  shield: SYSTEM_STATES.shield,
  supervisory: SYSTEM_STATES.supervisory,
  start: SYSTEM_STATES.start,
  feedback: SYSTEM_STATES.feedback,
  delay: SYSTEM_STATES.delay,
  power: { bit: 8, zh: "电源故障", en: "power fault" },
} as const satisfies Record<string, Bit>;

/** Running state of the user information transmission device itself, type 21 (8.2.1.8). */
export const DEVICE_STATES = {
  normal: { bit: 0, zh: "正常监视", en: "normal monitoring" },
  test: { bit: 0, inverted: true, zh: "测试", en: "test" },
  fire: { bit: 1, zh: "火警", en: "fire" },
  fault: { bit: 2, zh: "故障", en: "fault" },
  mains: { bit: 3, zh: "主电故障", en: "mains fault" },
  standby: { bit: 4, zh: "备电故障", en: "standby power fault" },
  link: { bit: 5, zh: "与监控中心通信信道故障", en: "link to the centre faulty" },
  line: { bit: 6, zh: "监测连接线路故障", en: "monitored line faulty" },
} as const satisfies Record<string, Bit>;

/** What people did at a panel, type 4 (8.2.1.4). */
export const SYSTEM_OPERATIONS = {
  reset: { bit: 0, zh: "复位", en: "reset" },
  mute: { bit: 1, zh: "消音", en: "mute" },
  manual_alarm: { bit: 2, zh: "手动报警", en: "manual alarm" },
  clear: { bit: 3, zh: "警情消除", en: "alarm cleared" },
  self_test: { bit: 4, zh: "自检", en: "self-test" },
  confirm: { bit: 5, zh: "确认", en: "confirmed" },
  test: { bit: 6, zh: "测试", en: "test" },
} as const satisfies Record<string, Bit>;

/** What people did at the user information transmission device, type 24 (8.2.1.9). */
export const DEVICE_OPERATIONS = {
  ...SYSTEM_OPERATIONS,
  confirm: { bit: 5, zh: "查岗应答", en: "duty check answered" },
} as const satisfies Record<string, Bit>;

export type SystemState = keyof typeof SYSTEM_STATES;
export type ComponentState = keyof typeof COMPONENT_STATES;
export type DeviceState = keyof typeof DEVICE_STATES;
export type Operation = keyof typeof SYSTEM_OPERATIONS;

/** Whether a word of bits says so. */
export function says(word: number, { bit, inverted }: Bit): boolean {
  return ((word >> bit) & 1) === (inverted === true ? 0 : 1);
}

/** The bits that are set, in words. */
export function wordsOf(word: number, bits: Readonly<Record<string, Bit>>): Text {
  const set = Object.values(bits).filter((bit) => bit.inverted !== true && says(word, bit));
  if (set.length === 0) return { zh: "无", en: "none" };
  return { zh: set.map(({ zh }) => zh).join("、"), en: set.map(({ en }) => en).join(", ") };
}
