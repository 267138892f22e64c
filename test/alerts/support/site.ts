import type { Quantity } from "../../../model/quantity.ts";
import { quantityRow } from "../../../model/quantity.ts";
import type { Channel, Device, Link, Point, Site } from "../../../model/site.ts";
import { MINUTE, SECOND } from "../../../model/time.ts";
import { compileRules, type Rule, ruleSchema } from "../../../rules/rule.ts";

/*
 * A small site with one of each: two detectors in one gas well, a smoke alarm at a home, a river gauge, and a point that is
 * only planned. All hang on two links.
 */

const links: Link[] = ["bus-1", "radio"].map((id, index) => ({
  index,
  id,
  key: `link@${id}`,
  name: { zh: id === "bus-1" ? "485总线1" : "无线网关", en: id },
  type: "modbus-tcp",
  options: {},
}));

const points: Point[] = (
  [
    [
      "well-3",
      "gas",
      "live",
      { zh: "老街3号阀井", en: "Old Street well 3" },
      { longitude: 109.88, latitude: 31.07 },
    ],
    [
      "home-7",
      "fire",
      "live",
      { zh: "幸福小区7号", en: "Home 7" },
      { building: "3号楼", floor: "12层", room: "1203室" },
    ],
    ["river", "water", "live", { zh: "石羊沟断面", en: "Shiyang section" }, {}],
    ["shed", "fire", "planned", { zh: "料棚", en: "Shed" }, {}],
  ] as const
).map(([id, domain, stage, name, location], index) => ({
  index,
  id,
  name,
  domain,
  stage,
  mode: "live",
  location,
  codes: id === "well-3" ? { "county-platform": "WS-0012" } : {},
  notify: [],
}));

const deviceRows = [
  ["gd-01", 0, 0, { zh: "1号探测器", en: "detector 1" }],
  ["gd-02", 0, 0, { zh: "2号探测器", en: "detector 2" }],
  ["smoke-7", 1, 1, { zh: "烟感", en: "smoke alarm" }],
  ["gauge-1", 1, 2, { zh: "水位计", en: "gauge" }],
  ["smoke-9", 1, 3, { zh: "烟感", en: "smoke alarm" }],
] as const;

const channelRows: [device: number, id: string, quantity: Quantity][] = [
  [0, "lel", "gas_lel"],
  [1, "lel", "gas_lel"],
  [2, "smoke", "smoke"],
  [2, "battery", "battery"],
  [3, "level", "water_level"],
  [4, "smoke", "smoke"],
];

const channels: Channel[] = channelRows.map(([device, id, quantity], index) => {
  const [key, , point] = deviceRows[device]!;
  const row = quantityRow(quantity);
  return {
    index,
    id,
    key: `${key}.${id}`,
    name: { zh: row.zh, en: row.en },
    device,
    point,
    quantity,
    unit: row.unit,
    ...(quantity === "gas_lel" ? { gas: "CH4" as const } : {}),
    danger: row.asserts === "danger",
    period: SECOND,
    report: "periodic",
    stale: MINUTE,
    heartbeat: 0,
    greatestDelay: 10 * MINUTE,
    mode: "live",
  };
});

const devices: Device[] = deviceRows.map(([id, link, point, name], index) => ({
  index,
  id,
  key: id,
  name,
  link,
  point,
  profile: "generic",
  address: {},
  components: [],
  channels: channels.filter((channel) => channel.device === index).map((channel) => channel.index),
  liveness: 0,
}));

/** The site of these tests. */
export const SITE: Site = {
  id: "demo",
  name: { zh: "示范站", en: "Demo site" },
  timeZone: "Asia/Shanghai",
  revision: "r1",
  points,
  groups: [{ index: 0, id: "old-street", name: { zh: "老街", en: "Old Street" }, points: [0] }],
  links,
  devices,
  components: [],
  channels,
};

const RULES = {
  "gas-leak": {
    name: { zh: "燃气泄漏", en: "gas leak" },
    applies: { quantity: "gas_lel" },
    above: { yellow: 10, orange: 25, red: 50 },
    deadband: 2,
    basis: "GB/T 50493-2019 5.5.2",
  },
  fire: {
    name: { zh: "火警", en: "fire" },
    applies: { quantity: "smoke" },
    equals: { red: "active" },
    latching: true,
  },
  battery: {
    name: { zh: "电池电量低", en: "battery low" },
    class: "supervisory",
    applies: { quantity: "battery" },
    below: { blue: 20 },
    guidance: { zh: "请上门更换电池。", en: "Change the battery." },
  },
  flood: {
    name: { zh: "洪水", en: "flood" },
    applies: { quantity: "water_level" },
    above: { yellow: 175.2, red: 177 },
  },
} as const;

/** Its rules, compiled as the gateway does. */
export const SITE_RULES: readonly Rule[] = compileRules(
  SITE,
  Object.fromEntries(Object.entries(RULES).map(([id, rule]) => [id, ruleSchema.parse(rule)])),
  (problem) => {
    throw new Error(`rule ${problem.rule}: ${problem.message}`);
  },
);

/** Index of a channel by key. */
export function channelIndex(key: string): number {
  const found = channels.find((channel) => channel.key === key);
  if (found === undefined) throw new Error(`no channel ${key}`);
  return found.index;
}
