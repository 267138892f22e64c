import type { Text } from "../../../model/text.ts";

/*
 * Ways to people, sirens, and word from outside.
 */

export function nobodyNotified(name: string): Text {
  return { en: `no point notifies "${name}"`, zh: `没有监测点通知“${name}”` };
}

export function hasNoOutput(device: string, output: string): Text {
  return { en: `${device} has no output "${output}"`, zh: `${device} 没有输出“${output}”` };
}

export function writeNotAllowed(device: string, output: string): Text {
  return {
    en: `the site file does not allow ${output} of ${device} to be written`,
    zh: `站点文件没有允许写 ${device} 的 ${output}`,
  };
}

export function allowWrites(outputs: readonly string[]): Text {
  const allow = `writes: { allow: [${outputs.join(", ")}] }`;
  return { en: `at the device: ${allow}`, zh: `请在该设备处写：${allow}` };
}

export function noPulseOf(device: string, output: string, seconds: number): Text {
  return {
    en: `${output} of ${device} takes no pulse of ${seconds} s`,
    zh: `${device} 的 ${output} 不能输出 ${seconds} 秒的脉冲`,
  };
}

export const WHAT_A_PULSE_IS: Text = {
  en: "a pulse is an output in seconds whose range has `hold` in it",
  zh: "脉冲输出以秒为单位，其范围须包含 hold",
};

export function noSwitch(device: string, output: string): Text {
  return {
    en: `${output} of ${device} cannot be switched off and on`,
    zh: `${device} 的 ${output} 不能断开和接通`,
  };
}

export const NAME_THE_RELAY: Text = {
  en: "name the output of the relay itself",
  zh: "请写继电器本身的输出",
};

export function speaksAlready(other: string): Text {
  return { en: `"${other}" speaks on this topic already`, zh: `“${other}”已使用这个主题` };
}

export function cannotSay(word: string): Text {
  return { en: `it cannot say ${word}`, zh: `它没有 ${word} 这个值` };
}

export const LEVEL_TWICE: Text = { en: "a level stands twice", zh: "有一个等级写了两次" };

export function notABroker(link: string, type: string): Text {
  return {
    en: `"${link}" is a link of type ${type}: nobody publishes there`,
    zh: `“${link}”是 ${type} 类型的链路，上面没有人发布消息`,
  };
}

export const OTHERS_MATTER: Text = {
  en: "who may publish on an external broker is that broker's matter",
  zh: "外部消息服务器上谁可发布由该服务器决定",
};
export const LEAVE_USERS_OUT: Text = { en: "leave users out", zh: "请去掉 users" };

export function sayWho(link: string): Text {
  return {
    en: `say which users of "${link}" may publish there: every other one is refused`,
    zh: `请写明“${link}”的哪些用户可在那里发布，其余一律拒绝`,
  };
}

export function observer(user: string): Text {
  return {
    en: `users: [${user}], a user of role observer`,
    zh: `例如 users: [${user}]，角色为 observer 的用户`,
  };
}

export function notOwnBroker(link: string, type: string): Text {
  return {
    en: `"${link}" is a link of type ${type}, not the site's own broker`,
    zh: `“${link}”是 ${type} 类型的链路，不是本站点的内置消息服务器`,
  };
}

export const BROKER_ELSEWHERE: Text = {
  en: "a broker elsewhere is named by its address: url",
  zh: "别处的消息服务器请写地址 url",
};

export function noUserOfLink(link: string, user: string): Text {
  return { en: `link "${link}" has no user "${user}"`, zh: `链路“${link}”没有用户“${user}”` };
}

export function noUserOfHttp(user: string): Text {
  return {
    en: `there is no user "${user}" under http.users`,
    zh: `http.users 中没有用户“${user}”`,
  };
}

export const HTTP_OFF: Text = { en: "the HTTP interface is switched off", zh: "HTTP 接口已关闭" };
