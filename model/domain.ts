import type { Text } from "./text.ts";

/** The field a point belongs to; the second level of alarm topics. `system` is the gateway itself and its links. */
export const DOMAINS = [
  "gas",
  "fire",
  "geohazard",
  "water",
  "electrical",
  "machine",
  "environment",
  "system",
] as const;
export type Domain = (typeof DOMAINS)[number];

export const DOMAIN_TEXT: Readonly<Record<Domain, Text>> = {
  gas: { zh: "燃气", en: "gas" },
  fire: { zh: "消防", en: "fire" },
  geohazard: { zh: "地灾", en: "geohazard" },
  water: { zh: "水情", en: "water" },
  electrical: { zh: "电气", en: "electrical" },
  machine: { zh: "设备", en: "machine" },
  environment: { zh: "环境", en: "environment" },
  system: { zh: "系统", en: "system" },
};

/** A reading's and an alert's standing: what is not `live` never goes out on public routes. */
export const MODES = ["live", "test", "exercise", "simulated"] as const;
export type Mode = (typeof MODES)[number];

/** How far a point has come. Only a live point's silence is an alarm. */
export const STAGES = ["planned", "commissioning", "live", "retired"] as const;
export type Stage = (typeof STAGES)[number];
