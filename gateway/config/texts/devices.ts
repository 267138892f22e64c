import type { Text } from "../../../model/text.ts";

/*
 * Links, devices, their components and channels.
 */

export function sharedEndpoint(one: string, other: string, endpoint: Text): Text {
  return {
    en: `links "${one}" and "${other}" both use ${endpoint.en}`,
    zh: `链路“${one}”和“${other}”都占用${endpoint.zh}`,
  };
}

export function serialPort(path: string): Text {
  return { en: `serial port ${path}`, zh: `串口 ${path}` };
}

export function portNumber(port: number): Text {
  return { en: `port ${port}`, zh: `端口 ${port}` };
}

export function hostAndPort(address: string): Text {
  return { en: address, zh: ` ${address}` };
}

export function onOneLink(link: string): Text {
  return {
    en: `put the devices of both on "${link}": one link asks them in turn`,
    zh: `请把两者的设备都放到“${link}”上，由一条链路轮询`,
  };
}

export function sharedWithHttp(link: string, port: number): Text {
  return {
    en: `link "${link}" and http both listen on port ${port}`,
    zh: `链路“${link}”和 http 都监听端口 ${port}`,
  };
}

export const ANOTHER_PORT: Text = { en: "give one of them another port", zh: "请给其中一个换端口" };

export function secondBroker(id: string): Text {
  return { en: `"${id}" is a second embedded broker`, zh: `“${id}”是第二个内置消息服务器` };
}

export function brokerAlready(id: string): Text {
  return {
    en: `"${id}" is one already: devices of both can publish there`,
    zh: `已有“${id}”：两边的设备都可以接到它`,
  };
}

export function noSection(profile: string, section: string, type: string): Text {
  return {
    en: `profile "${profile}" has no section "${section}", which a link of type ${type} needs`,
    zh: `型号文件“${profile}”没有 ${section} 段，不能用于 ${type} 类型的链路`,
  };
}

export function sectionsThere(sections: readonly string[]): Text {
  return { en: `the profile has: ${sections.join(", ")}`, zh: `该型号文件有：${sections.join("、")}` };
}

export function inProfile(profile: string, path: string, what: Text): Text {
  return {
    en: `profile "${profile}", ${path}: ${what.en}`,
    zh: `型号文件“${profile}”，${path}：${what.zh}`,
  };
}

export function sameAddress(device: string, other: string, on: { link: string; address: string }): Text {
  return {
    en: `device "${device}" has the same address on link "${on.link}" as "${other}": ${on.address}`,
    zh: `设备“${device}”与“${other}”在链路“${on.link}”上地址相同：${on.address}`,
  };
}

export const OWN_ADDRESS: Text = {
  en: "each instrument needs its own; copied entries are the usual cause",
  zh: "每台仪表的地址须各不相同，多半是复制后忘了改",
};

export function sameComponentAddress(component: string, other: string, address: string): Text {
  return {
    en: `component "${component}" has the same address as "${other}": ${address}`,
    zh: `部件“${component}”与“${other}”地址相同：${address}`,
  };
}

export function noOutput(device: string, output: string): Text {
  return { en: `device "${device}" has no output "${output}"`, zh: `设备“${device}”没有输出“${output}”` };
}

export const NOTHING_TO_WRITE: Text = {
  en: "its profile lets nothing be written",
  zh: "它的型号文件没有可写的输出",
};

export function noRequest(device: string, request: string): Text {
  return {
    en: `device "${device}" knows no request "${request}"`,
    zh: `设备“${device}”没有请求“${request}”`,
  };
}

export function nothingToAsk(type: string): Text {
  return {
    en: `devices on links of type ${type} can be asked nothing`,
    zh: `${type} 类型链路上的设备不接受请求`,
  };
}

export function noComponents(profile: string): Text {
  return { en: `profile "${profile}" has no components`, zh: `型号文件“${profile}”没有部件` };
}

export const WHO_HAS_COMPONENTS: Text = {
  en: "only panels and controllers whose profile lists components have them",
  zh: "只有型号文件列出部件的主机和控制器才有部件",
};

export function noChannelOfDevice(device: string, channel: string): Text {
  return {
    en: `device "${device}" has no channel "${channel}"`,
    zh: `设备“${device}”没有通道“${channel}”`,
  };
}

export function channelAlready(device: string, channel: string): Text {
  return {
    en: `device "${device}" has a channel "${channel}" already`,
    zh: `设备“${device}”已有通道“${channel}”`,
  };
}

export const OWN_CHANNEL_ID: Text = {
  en: "give the computed channel an id of its own",
  zh: "请给计算通道另取一个 id",
};

export function noChannelBefore(device: string, channel: string): Text {
  return {
    en: `device "${device}" has no channel "${channel}" before it`,
    zh: `设备“${device}”在它之前没有通道“${channel}”`,
  };
}

/** `channel "lel": …`, with the id within its device. */
export function ofChannel(id: string, what: Text): Text {
  return { en: `channel "${id}": ${what.en}`, zh: `通道“${id}”：${what.zh}` };
}

export function polledPeriod(channel: string): Text {
  return {
    en: `channel "${channel}" is polled: its period is not the device's to choose`,
    zh: `通道“${channel}”由网关轮询，周期不由设备决定`,
  };
}

export const PERIOD_OF_POLLING: Text = {
  en: "set the period of polling under the device's address, or in the profile",
  zh: "轮询周期请写在设备的 address 里，或写在型号文件里",
};

export function alwaysLost(channel: string, stale: string, period: string): Text {
  return {
    en: `channel "${channel}" would always be lost: stale after ${stale}, but read every ${period}`,
    zh: `通道“${channel}”会一直报监测中断：${stale} 无数据即判中断，却每 ${period} 才读一次`,
  };
}

export function rangeOfState(channel: string): Text {
  return {
    en: `channel "${channel}" is a state: it has no range`,
    zh: `通道“${channel}”是状态量，没有量程`,
  };
}

export function unwatched(device: string): Text {
  return {
    en: `nobody would notice that device "${device}" has fallen silent`,
    zh: `设备“${device}”不再上报时无人知晓`,
  };
}

export const SAY_LIVENESS: Text = {
  en: "say how long it may be silent: liveness: 26h (or period or stale of a channel)",
  zh: "请写明最长多久无数据：liveness: 26h（或写通道的 period 或 stale）",
};
