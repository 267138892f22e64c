import { basename } from "node:path";
import { describe, TocsinError } from "../model/error.ts";
import { type Fault, type FaultKind, isChannelFault } from "./fault.ts";
import { type PlayedChannel, type PlayedDevice, stateNumber } from "./instrument.ts";
import { canEncode } from "./lora-caller.ts";
import type { Change, Scenario, ScenarioLink } from "./scenario.ts";
import type { ScenarioPath, ScenarioProblem } from "./scenario-file.ts";
import type { SignalPart } from "./signal-schema.ts";

type Report = (problem: ScenarioProblem) => void;

const MODBUS_FAULTS: readonly FaultKind[] = [
  "timeout",
  "exception",
  "fragments",
  "stray",
  "glued",
  "truncated",
  "wrong-unit",
  "slow",
  "dead",
];

/** What can befall the instruments of a link, by its type. */
const WIRE_FAULTS: Readonly<Record<ScenarioLink["type"], ReadonlySet<FaultKind>>> = {
  "modbus-tcp": new Set([...MODBUS_FAULTS, "reset", "wrong-transaction"]),
  "modbus-rtu-over-tcp": new Set([...MODBUS_FAULTS, "echo", "reset", "wrong-crc"]),
  "modbus-rtu": new Set([...MODBUS_FAULTS, "echo", "wrong-crc"]),
  "modbus-ascii": new Set([...MODBUS_FAULTS, "echo", "wrong-crc"]),
  "modbus-ascii-over-tcp": new Set([...MODBUS_FAULTS, "echo", "reset", "wrong-crc"]),
  "modbus-dial-in": new Set([...MODBUS_FAULTS, "echo", "reset", "wrong-crc"]),
  gb26875: new Set<FaultKind>(["dead", "offline"]),
  hj212: new Set<FaultKind>(["dead", "offline"]),
  mqtt: new Set<FaultKind>(["slow", "dead", "offline", "clock", "malformed", "duplicate"]),
  "http-push": new Set<FaultKind>([
    "slow",
    "dead",
    "offline",
    "clock",
    "malformed",
    "duplicate",
    "forged",
    "slow-body",
    "burst",
  ]),
  lorawan: new Set<FaultKind>([
    "slow",
    "dead",
    "offline",
    "clock",
    "malformed",
    "duplicate",
    "lost",
    "wrong-port",
    "counter-reset",
  ]),
  sl651: new Set<FaultKind>(["dead", "offline"]),
  sparkplug: new Set<FaultKind>(["dead", "offline", "clock", "malformed", "lost", "wrong-alias", "kept"]),
  szy206: new Set<FaultKind>(["dead", "offline"]),
};

/** Finds what a scenario says of devices, channels, states and links that are not there or cannot do it. */
export function checkScenario(
  scenario: Scenario,
  cast: { devices: readonly PlayedDevice[]; links: ReadonlyMap<string, ScenarioLink> },
  report: Report,
): void {
  const devices = new Map(cast.devices.map((device) => [device.id, device]));
  const channels = new Map(
    cast.devices.flatMap((device) => device.channels.map((channel) => [channel.key, channel])),
  );
  for (const [id, options] of Object.entries(scenario.devices)) {
    const device = devices.get(id);
    if (device === undefined) continue;
    for (const [name, parts] of Object.entries(options.channels)) {
      const path = ["devices", id, "channels", name];
      const channel = device.channels.find((one) => one.id === name);
      if (channel === undefined) report(unknownChannel(path, `${id}.${name}`, device));
      else for (const state of statesIn(parts)) checkState(channel, { state, path, report });
    }
  }
  scenario.story.forEach((entry, i) => {
    if (scenario.repeat !== undefined && entry.at + (entry.for ?? 0) > scenario.repeat) {
      report({
        path: ["story", i, "at"],
        message: "reaches beyond the end of the story, which `repeat` sets",
      });
    }
    for (const [key, change] of Object.entries(entry.set ?? {})) {
      const path = ["story", i, "set", key];
      const channel = channels.get(key);
      if (channel === undefined) report(unknownChannel(path, key, devices.get(key.split(/[.:]/)[0]!)));
      else for (const state of statesOf(change)) checkState(channel, { state, path, report });
    }
    entry.faults?.forEach((fault, j) => {
      const problem = faultProblem(fault, { ...cast, byId: devices, channels });
      if (problem !== undefined) report({ path: ["story", i, "faults", j, "on"], message: problem });
    });
  });
  checkUnits(cast, report);
  for (const device of cast.devices) {
    const problem = speakingProblem(device, cast.links.get(device.link));
    if (problem !== undefined) report({ path: ["devices", device.id], message: problem });
  }
}

/** Why a device that speaks through a platform or a network server cannot be played. */
function speakingProblem(
  { id, section, address }: PlayedDevice,
  link: ScenarioLink | undefined,
): string | undefined {
  if ("lorawan" in section && !canEncode(section.lorawan)) {
    return `"${id}" has a codec that the simulators have no encoder for: ${basename(section.lorawan.codec ?? "")}`;
  }
  if (link?.type !== "http-push" || Object.hasOwn(link.sources, address.pushedBy ?? "")) return undefined;
  return `"${id}" needs address: { source, id } with a source of its link: ${Object.keys(link.sources).join(", ")}`;
}

function faultProblem(
  fault: Fault,
  cast: {
    links: ReadonlyMap<string, ScenarioLink>;
    byId: ReadonlyMap<string, PlayedDevice>;
    channels: ReadonlyMap<string, PlayedChannel>;
  },
): string | undefined {
  const { on, kind } = fault;
  const device = cast.byId.get(on);
  if (isChannelFault(fault)) {
    if (cast.channels.has(on) || (kind === "stuck" && device !== undefined)) return undefined;
    return `"${kind}" befalls a channel, and no channel is called "${on}"`;
  }
  if (cast.channels.has(on)) return `"${kind}" befalls a device or a link, not a channel`;
  const link = on.startsWith("link@")
    ? cast.links.get(on.slice("link@".length))
    : cast.links.get(device?.link ?? "");
  if (link === undefined) return `nothing that is played is called "${on}"`;
  if (!WIRE_FAULTS[link.type].has(kind))
    return `"${kind}" cannot befall an instrument on a link of type ${link.type}`;
  return undefined;
}

function unknownChannel(path: ScenarioPath, key: string, device: PlayedDevice | undefined): ScenarioProblem {
  return {
    path,
    message: `no channel that is played is called "${key}"`,
    hint:
      device === undefined
        ? undefined
        : `${device.id} has ${device.channels.map((channel) => channel.key).join(", ")}; a derived channel follows its inputs`,
  };
}

function statesOf(change: Change): string[] {
  return typeof change === "string" ? [change] : [];
}

function statesIn(parts: readonly SignalPart[]): string[] {
  return parts
    .flatMap((part) => [part.constant, ...(part.steps ?? []).map(({ value }) => value)])
    .filter((value) => typeof value === "string");
}

function checkState(
  channel: PlayedChannel,
  { state, path, report }: { state: string; path: ScenarioPath; report: Report },
): void {
  try {
    stateNumber(channel, state);
  } catch (failure) {
    report({
      path,
      message: describe(failure),
      hint: failure instanceof TocsinError ? failure.hint : undefined,
    });
  }
}

/** Two slaves with one address on one line would both answer. */
function checkUnits(
  cast: { devices: readonly PlayedDevice[]; links: ReadonlyMap<string, ScenarioLink> },
  report: Report,
): void {
  const taken = new Map<string, string>();
  for (const { id, link, section, address } of cast.devices) {
    if (!("modbus" in section)) continue;
    const key = `${link}/${address.modem ?? ""}/${address.unit ?? 1}`;
    const other = taken.get(key);
    if (other !== undefined) {
      report({ path: ["devices", id], message: `"${id}" has the same unit id on "${link}" as "${other}"` });
    }
    taken.set(key, id);
  }
}
