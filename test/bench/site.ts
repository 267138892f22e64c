import { mkdirSync, writeFileSync } from "node:fs";
import type { TemporaryFolder } from "../support/temporary-folder.ts";

/*
 * Sites for the benches. Every channel is watched by a rule with three levels, as at a real site: what nobody watches costs
 * less.
 */

const RULES = `
rules:
  gas-leak:
    name: { zh: 燃气泄漏, en: Gas leak }
    applies: { quantity: gas_lel }
    above: { yellow: 10, orange: 25, red: 50 }
    deadband: 2
    basis: bench
    guidance: { zh: 处置, en: Act }
`;

function head(id: string): string {
  return `site: { id: ${id}, name: { zh: 试验台, en: Bench } }\nprofiles: [./profiles]\n`;
}

/** What a bench adds to a site, as YAML text of top-level keys. */
export interface Extra {
  readonly http?: boolean;
  readonly sinks?: string;
  readonly journal?: string;
}

function common({ http = true, sinks, journal }: Extra): string {
  return [
    http ? 'http: { listen: "127.0.0.1:0" }' : "http: { enabled: false }",
    ...(sinks === undefined ? [] : [`sinks: ${sinks}`]),
    ...(journal === undefined ? [] : [`journal: ${journal}`]),
    "points: { well: { name: { zh: 井, en: Well }, domain: gas } }",
  ].join("\n");
}

/** A device of an MQTT bench and where it publishes. */
export function mqttClients(count: number): { id: string; topic: string }[] {
  return Array.from({ length: count }, (_, n) => ({ id: `d${n}`, topic: `devices/d${n}` }));
}

/** A site of devices that publish `channels` values in each message, on the link `broker` (YAML). @returns its file. */
export function writeMqttSite(
  folder: TemporaryFolder,
  options: { link: string; devices: number; channels: number } & Extra,
): string {
  const ids = Array.from({ length: options.channels }, (_, n) => `c${n}`);
  writeProfile(folder, [
    ...ids.map((id) => `  ${id}: { quantity: gas_lel, gas: CH4, period: 1s, stale: 1d }`),
    "payload:",
    "  messages:",
    "    - channels:",
    ...ids.map((id) => `        ${id}: {}`),
  ]);
  return writeSite(folder, [
    `links: { broker: ${options.link} }`,
    common(options),
    "devices:",
    ...mqttClients(options.devices).map(({ id }) => `  ${id}: { profile: bench, link: broker, point: well }`),
  ]);
}

/**
 * A site of Modbus TCP devices with `channels` registers each, `devices` of them behind each port, all read every second.
 * @returns its file.
 */
export function writeModbusSite(
  folder: TemporaryFolder,
  options: { ports: readonly number[]; devices: number; channels: number } & Extra,
): string {
  const ids = Array.from({ length: options.channels }, (_, n) => `c${n}`);
  writeProfile(folder, [
    ...ids.map((id) => `  ${id}: { quantity: gas_lel, gas: CH4, range: { low: 0, high: 100 } }`),
    "modbus:",
    "  table: holding",
    "  period: 1s",
    "  channels:",
    ...ids.map((id, n) => `    ${id}: { address: ${n}, type: u16, scale: 0.1 }`),
  ]);
  const units = Array.from({ length: options.devices }, (_, n) => n + 1);
  return writeSite(folder, [
    "links:",
    ...options.ports.map((port, n) => `  bus-${n}: { type: modbus-tcp, host: 127.0.0.1, port: ${port} }`),
    common(options),
    "devices:",
    ...options.ports.flatMap((_, n) =>
      units.map(
        (unit) =>
          `  d${n}-${unit}: { profile: bench, link: bus-${n}, point: well, address: { unit: ${unit} } }`,
      ),
    ),
  ]);
}

function writeProfile(folder: TemporaryFolder, lines: readonly string[]): void {
  mkdirSync(folder.join("profiles"));
  const text = [
    "id: bench",
    "vendor: bench",
    "product: bench instrument",
    "class: gas",
    "name: { zh: 试验仪表, en: bench instrument }",
    "source: bench",
    "maturity: documented",
    "channels:",
    ...lines,
  ];
  writeFileSync(folder.join("profiles/bench.yaml"), `${text.join("\n")}\n`);
}

function writeSite(folder: TemporaryFolder, parts: readonly string[]): string {
  const file = folder.join("site.yaml");
  writeFileSync(file, `${head("bench")}${parts.join("\n")}\n${RULES}`);
  return file;
}
