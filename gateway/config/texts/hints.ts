import type { Text } from "../../../model/text.ts";

/*
 * What to do about a problem, where many problems are mended alike.
 */

/** What a hint lists, as its heading. */
export const LISTED = {
  known: { en: "known", zh: "可用" },
  keys: { en: "known keys", zh: "可用的选项" },
  sections: { en: "known sections", zh: "可用的段" },
  choices: { en: "one of", zh: "可选" },
  points: { en: "points", zh: "监测点" },
  groups: { en: "groups", zh: "分组" },
  links: { en: "links", zh: "链路" },
  uplinks: { en: "uplinks", zh: "外部消息服务器" },
  devices: { en: "devices", zh: "设备" },
  profiles: { en: "profiles", zh: "型号文件" },
  profilesInUse: { en: "profiles in use", zh: "在用的型号文件" },
  channels: { en: "channels", zh: "通道" },
  outputs: { en: "outputs", zh: "输出" },
  requests: { en: "requests", zh: "请求" },
  rules: { en: "rules", zh: "规则" },
  packs: { en: "packs", zh: "规则包" },
  parameters: { en: "parameters", zh: "参数" },
  calendars: { en: "calendars", zh: "日历" },
  templates: { en: "templates", zh: "模板" },
  columns: { en: "columns", zh: "列" },
  ownColumns: { en: "its columns", zh: "表中的列" },
  rowIds: { en: "ids of the table", zh: "表中的 id" },
  users: { en: "users", zh: "用户" },
  levels: { en: "levels", zh: "等级" },
  notified: { en: "names under `notify` of points", zh: "各监测点 notify 中的名称" },
  commands: { en: "commands", zh: "命令" },
} as const satisfies Record<string, Text>;

/** `outputs of relay-8`: what a profile has. */
export function ofProfile(things: "outputs" | "channels", profile: string): Text {
  return { en: `${things} of ${profile}`, zh: `${profile} 的${LISTED[things].zh}` };
}

/** What devices on a kind of link can be asked. */
export function requestsOf(type: string): Text {
  return { en: `requests of ${type}`, zh: `${type} 的${LISTED.requests.zh}` };
}

/** What one row of a template's table brings to a section. */
export function ofInstance(section: string): Text {
  return { en: `${section} of this instance`, zh: `该实例的 ${section}` };
}

/** The nearest name that there is. */
export function meant(name: string): Text {
  return { en: `did you mean "${name}"?`, zh: `是否为“${name}”？` };
}

/** All names that there are, and how many are not shown. */
export function listed(what: Text, names: readonly string[], beyond = 0): Text {
  return {
    en: `${what.en}: ${names.join(", ")}${beyond === 0 ? "" : ` and ${beyond} more`}`,
    zh: `${what.zh}：${names.join("、")}${beyond === 0 ? "" : ` 等，另有 ${beyond} 个`}`,
  };
}

/** How it may be written. */
export function forExample(written: string): Text {
  return { en: `for example: ${written}`, zh: `例如：${written}` };
}

/** What was read as a number and is a name. */
export function inQuotes(written: string | number): Text {
  return { en: `write it in quotes: "${written}"`, zh: `请加引号："${written}"` };
}

/** Where the first of two stands: `site.yaml:12:3`. */
export function theOther(place: string): Text {
  return { en: `the other: ${place}`, zh: `另一处：${place}` };
}

/** A text in front of another, as `device "gd-1": …`. */
export function within(outer: Text, inner: Text): Text {
  return { en: `${outer.en}: ${inner.en}`, zh: `${outer.zh}：${inner.zh}` };
}
