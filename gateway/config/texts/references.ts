import type { Text } from "../../../model/text.ts";

/*
 * Names that lead nowhere, and what is missing around them.
 */

/** Things of a site by what a reference to them is called. */
export const THINGS = {
  point: { en: "point", zh: "监测点" },
  group: { en: "group", zh: "分组" },
  link: { en: "link", zh: "链路" },
  uplink: { en: "uplink", zh: "外部消息服务器" },
  device: { en: "device", zh: "设备" },
  profile: { en: "profile", zh: "型号文件" },
  template: { en: "template", zh: "模板" },
  pack: { en: "rule pack", zh: "规则包" },
} as const satisfies Record<string, Text>;

/** `no point is called "well"`. */
export function noneCalled(thing: Text, name: string): Text {
  return { en: `no ${thing.en} is called "${name}"`, zh: `没有名为“${name}”的${thing.zh}` };
}

export function noChannel(key: string): Text {
  return { en: `there is no channel "${key}"`, zh: `没有通道“${key}”` };
}

/** What has an id, in front of what is said of it. */
const OWNERS = {
  device: "设备",
  component: "部件",
  link: "链路",
  computed: "计算通道",
  group: "分组",
  calendar: "日历",
  route: "告警通道",
  user: "用户",
  rule: "规则",
  inhibition: "抑制",
  permit: "作业票",
  outside: "外部信息源",
} as const;
const OWNERS_EN: Readonly<Partial<Record<keyof typeof OWNERS, string>>> = {
  computed: "computed channel",
  outside: "outside source",
};

/** `device "gd-1": …`. */
export function of(owner: keyof typeof OWNERS, id: string, what: Text): Text {
  const en = OWNERS_EN[owner] ?? owner;
  return { en: `${en} "${id}": ${what.en}`, zh: `${OWNERS[owner]}“${id}”：${what.zh}` };
}

export function noCalendar(id: string): Text {
  return { en: `there is no calendar called "${id}"`, zh: `没有名为“${id}”的日历` };
}

export function calendarInItself(id: string): Text {
  return {
    en: `calendar "${id}" is taken out of itself, perhaps around a corner`,
    zh: `日历“${id}”（直接或间接地）排除了自己`,
  };
}

export function calendarEmpty(id: string): Text {
  return {
    en: `calendar "${id}" is empty: there is no time at which it holds`,
    zh: `日历“${id}”是空的：任何时间都不在其内`,
  };
}

export function reservedPoint(id: string): Text {
  return {
    en: `no point can be called "${id}": alarms of the gateway itself are published under it`,
    zh: `监测点不能叫“${id}”：网关自身的报警用这个名称发布`,
  };
}

export const NO_RULES: Text = {
  en: "there is no rule: only lost monitoring and faults will ever alarm",
  zh: "没有任何规则：只有监测中断和故障才会报警",
};

export function idlePoint(id: string): Text {
  return { en: `no channel watches point "${id}"`, zh: `监测点“${id}”没有任何通道` };
}

export const GIVE_DEVICE: Text = {
  en: "give it a device, or say how far it has come: stage: planned",
  zh: "请为它配置设备，或注明建设阶段：stage: planned",
};

export function silentDanger(device: string, channels: readonly string[], beyond: number): Text {
  const names = channels.join(", ");
  return {
    en: `no rule listens when device "${device}" reports danger: ${names}${beyond === 0 ? "" : ` and ${beyond} more`}`,
    zh: `设备“${device}”报出险情时没有规则接收：${channels.join("、")}${beyond === 0 ? "" : ` 等，另有 ${beyond} 个`}`,
  };
}

export function ruleForDanger(quantities: readonly string[]): Text {
  const quantity = quantities.length === 1 ? quantities[0] : `[${quantities.join(", ")}]`;
  return {
    en: `a rule with applies: { quantity: ${quantity} } and equals: { red: active }, or exclude: true`,
    zh: `请加一条规则 applies: { quantity: ${quantity} }、equals: { red: active }，或对通道写 exclude: true`,
  };
}

export const NO_SECRET_FORM: Text = {
  en: "a secret must be written as env:NAME or file:PATH",
  zh: "密钥应写成 env:变量名 或 file:路径",
};

export function variableNotSet(name: string): Text {
  return { en: `the environment variable ${name} is not set`, zh: `环境变量 ${name} 未设置` };
}

export function setVariable(name: string): Text {
  return { en: `set it before the start: ${name}=…`, zh: `请在启动前设置：${name}=…` };
}

export const SECRET_TOO_LARGE: Text = {
  en: "the file is too large for a secret",
  zh: "文件太大，不像是密钥",
};
export const SECRET_FILE: Text = {
  en: "it must exist and be readable for the user that runs the gateway, and nobody else",
  zh: "文件须存在，且只有运行网关的用户可读",
};

export function secretEmpty(path: string): Text {
  return { en: `${path} is empty`, zh: `${path} 是空的` };
}
