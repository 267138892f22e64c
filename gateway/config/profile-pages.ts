import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { periodOf } from "../../drivers/modbus/registers.ts";
import type { PayloadSection } from "../../drivers/mqtt/profile.ts";
import {
  DEVICE_CLASSES,
  PROFILE_SECTIONS,
  type Profile,
  type ProfileChannel,
} from "../../drivers/profile.ts";
import { loadProfiles } from "../../drivers/profile-store.ts";
import { elementOf } from "../../drivers/sl651/elements.ts";
import { quantityRow } from "../../model/quantity.ts";
import type { Text } from "../../model/text.ts";
import { formatDuration } from "../../model/time.ts";
import { flow } from "./flow.ts";
import { cell, page } from "./page-parts.ts";
import { registerParts } from "./profile-registers.ts";

/*
 * Pages of the profiles that come with Tocsin: a list, and a page a class with everything that a profile says.
 */

/** Where the pages of the classes are, seen from the list. */
const FOLDER = "profiles";

const OVER: Readonly<Record<(typeof PROFILE_SECTIONS)[number], string>> = {
  modbus: "Modbus",
  payload: "MQTT, HTTP",
  gb26875: "GB/T 26875.3",
  sl651: "SL 651",
  hj212: "HJ 212",
  szy206: "SZY 206",
  sparkplug: "Sparkplug B",
  lorawan: "LoRaWAN",
  own: "a driver of its own",
};

const CLASS_NAMES: Readonly<Record<(typeof DEVICE_CLASSES)[number], Text>> = {
  gas: { zh: "气体", en: "gas" },
  fire: { zh: "火灾", en: "fire" },
  vibration: { zh: "振动", en: "vibration" },
  level: { zh: "水位与压力", en: "water level and pressure" },
  rain: { zh: "雨量", en: "rain" },
  tilt: { zh: "倾斜、裂缝与位移", en: "tilt, cracks and movement" },
  electrical: { zh: "电气", en: "electrical" },
  environment: { zh: "环境", en: "environment" },
  controller: { zh: "控制器", en: "controllers" },
};

/** The list of profiles and the pages of their classes, by file name below docs/generated. `folder` is that of the profiles. */
export function profilePages(folder: string): ReadonlyMap<string, string> {
  const { profiles } = loadProfiles([folder]);
  const all = [...profiles.values()].sort((a, b) => (a.class + a.id < b.class + b.id ? -1 : 1));
  const pages = new Map([["profiles.md", listPage(all, readdirSync(folder))]]);
  for (const name of DEVICE_CLASSES) {
    const members = all.filter((profile) => profile.class === name);
    if (members.length === 0) continue;
    const { zh, en } = CLASS_NAMES[name];
    const parts = members.flatMap((profile) => profileParts(profile, folder));
    pages.set(
      `${FOLDER}/${name}.md`,
      page(`Profiles: ${en} ${zh}`, ["[All profiles 全部型号](../profiles.md)", ...parts]),
    );
  }
  return pages;
}

function listPage(all: readonly Profile[], names: readonly string[]): string {
  const rows = all.map(
    (profile) =>
      `| [\`${profile.id}\`](${FOLDER}/${profile.class}.md#${profile.id}) | ${cell(`${profile.vendor} ${profile.product}`)} | ${profile.class} | ${overText(profile)} | ${profile.maturity} |`,
  );
  const files = names.filter((name) => /\.ya?ml$/.test(name)).length;
  return page("Profiles", [
    `${files} products as data, in \`drivers/profiles/\`. A model that is missing is a YAML file away: put it into a folder of your own and name that under \`profiles\`.`,
    "*documented*: taken from a document; *confirmed*: tried on the instrument. The pages of the classes have what a profile says: channels, registers or fields, states, what was not verified.",
    ["| profile | product | class | over | maturity |", "|---|---|---|---|---|", ...rows].join("\n"),
  ]);
}

function overText(profile: Profile): string {
  return PROFILE_SECTIONS.filter((section) => profile[section] !== undefined)
    .map((section) => OVER[section])
    .join(", ");
}

function profileParts(profile: Profile, folder: string): string[] {
  const rows = Object.entries(profile.channels).map(([local, channel]) =>
    channelRow(profile, local, channel),
  );
  const facts = [
    `Source 来源: ${cell(profile.source)}`,
    `Maturity 成熟度: ${profile.maturity === "documented" ? "documented 依据资料" : "confirmed 已实测"}`,
    ...(profile.liveness === undefined
      ? []
      : [`Longest normal silence 最长正常静默: ${formatDuration(profile.liveness)}`]),
    ...(profile.greatestDelay === undefined
      ? []
      : [`Oldest time that is believed 可接受的最大时延: ${formatDuration(profile.greatestDelay)}`]),
    ...profile.unverified.map((line) => `Not verified 未核实: ${cell(line)}`),
  ];
  const parts = [
    `## ${profile.id}`,
    `${profile.name.zh} · ${profile.name.en}. ${cell(profile.vendor)} ${cell(profile.product)}, over ${overText(profile)}.`,
    facts.map((fact) => `- ${fact}`).join("\n"),
    [
      "| channel | 名称 | name | quantity | unit | range | every |",
      "|---|---|---|---|---|---|---|",
      ...rows,
    ].join("\n"),
    ...stateParts(profile),
  ];
  const { modbus, payload, lorawan, gb26875, sl651, hj212, szy206, sparkplug } = profile;
  if (modbus !== undefined) parts.push(...registerParts(modbus));
  if (payload !== undefined)
    parts.push(`Topic 主题: \`${payload.topic}\``, ...messageParts(payload.messages));
  if (lorawan !== undefined) {
    if (lorawan.codec !== undefined) parts.push(`Codec 解码器: \`${relative(folder, lorawan.codec)}\``);
    parts.push(...messageParts(lorawan.messages));
  }
  if (gb26875 !== undefined)
    for (const part of ["device", "systems", "components"] as const)
      parts.push(`Of its ${part}:`, mappingTable(gb26875[part]));
  if (sl651 !== undefined) parts.push(mappingTable(withGuides(sl651.channels)));
  for (const section of [hj212, szy206, sparkplug])
    if (section !== undefined) parts.push(mappingTable(section.channels));
  return parts;
}

function channelRow(profile: Profile, local: string, channel: ProfileChannel): string {
  const row = quantityRow(channel.quantity);
  const name = channel.name ?? row;
  const range = channel.range === undefined ? "" : `${channel.range.low} … ${channel.range.high}`;
  const every = channel.period ?? (profile.modbus && periodOf(profile.modbus, local, undefined));
  const when = [
    channel.report === "on-change" ? "on change" : every === undefined ? "" : formatDuration(every),
    channel.heartbeat === undefined ? "" : `changes within ${formatDuration(channel.heartbeat)}`,
  ];
  const gas = channel.gas === undefined ? "" : ` (${channel.gas})`;
  return `| \`${local}\` | ${cell(name.zh)} | ${cell(name.en)} | \`${channel.quantity}\`${gas} | ${row.unit} | ${range} | ${when.filter((text) => text !== "").join("; ")} |`;
}

/** What the codes of states mean. */
function stateParts({ channels }: Profile): string[] {
  const named = Object.entries(channels).flatMap(([local, { states }]) =>
    states === undefined
      ? []
      : [
          `- \`${local}\`: ${Object.entries(states)
            .map(([code, name]) => `${code} ${cell(name)}`)
            .join(", ")}`,
        ],
  );
  return named.length === 0 ? [] : [["States 状态:", "", ...named].join("\n")];
}

function messageParts(messages: PayloadSection["messages"]): string[] {
  return messages.flatMap(({ suffix, format, channels, status, ...more }) => {
    const rest = flow(stripped(more));
    const about = [suffix === "" ? "" : `\`${suffix}\``, format, rest === "{}" ? "" : `\`${rest}\``];
    return [
      `Message 报文: ${about.filter((text) => text !== "").join(", ")}`,
      mappingTable(channels),
      ...status.map((entry) => `Decides 决定数据质量: \`${flow(stripped(entry))}\``),
    ];
  });
}

function mappingTable(channels: Readonly<Record<string, object>>): string {
  const rows = Object.entries(channels).map(([local, mapping]) => {
    const text = flow(stripped(mapping));
    return `| \`${local}\` | ${text === "{}" ? "the field of its name" : `\`${cell(text)}\``} |`;
  });
  return ["| channel | from |", "|---|---|", ...rows].join("\n");
}

/** A mapping without what it does not say: defaults, and lists without anything in them. */
function stripped(mapping: object): object {
  return Object.fromEntries(
    Object.entries(mapping).filter(
      ([name, value]) =>
        value !== undefined &&
        !(name === "scale" && value === 1) &&
        !(name === "offset" && value === 0) &&
        !(typeof value === "object" && value !== null && Object.keys(value).length === 0),
    ),
  );
}

/** Elements as annex C names them. */
function withGuides(channels: NonNullable<Profile["sl651"]>["channels"]): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(channels).map(([local, { element, ...rest }]) => [
      local,
      {
        element: elementText(element),
        ...rest,
      },
    ]),
  );
}

function elementText(guide: number): string {
  const element = elementOf(guide);
  const hex = `${guide.toString(16).toUpperCase().padStart(2, "0")}H`;
  return element === undefined ? hex : `${hex} ${element.id} ${element.zh}`;
}
