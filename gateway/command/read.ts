import type { SnapshotValue } from "../../drivers/driver.ts";
import { ConfigurationError } from "../../model/error.ts";
import { QUALITY_NAMES, REASON_NAMES, reasonRow } from "../../model/quality.ts";
import type { Channel, Device } from "../../model/site.ts";
import { formatInstant, type Micros, parseDuration } from "../../model/time.ts";
import { loadConfiguration } from "../config/load.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import type { Configuration } from "../configuration.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { askGateway } from "./read-gateway.ts";
import { readLink } from "./read-link.ts";
import { valueTable } from "./value-table.ts";

export interface ReadOptions {
  readonly json: boolean;
  readonly data?: string;
  /** How long the device may take, as a duration. */
  readonly wait: string;
}

/**
 * Shows what a device says now: through the running gateway when there is one, so that the bus is not disturbed, else over
 * its link directly.
 */
export async function read(site: string, id: string, options: ReadOptions): Promise<ExitCode> {
  const configuration = loadConfiguration(site, { data: options.data });
  const wait = parseWait(options.wait);
  const device = configuration.site.devices.find((candidate) => candidate.id === id);
  if (device === undefined) {
    const ids = configuration.site.devices.map((candidate) => candidate.id);
    throw new ConfigurationError("COMMAND_USAGE", `no device is called "${id}" in this site`, {
      hint: didYouMean(id, ids, LISTED.devices)?.en ?? "the site has no devices",
    });
  }
  const answered = await askGateway(configuration, device, wait);
  const values = answered ?? (await readLink(configuration, device, wait));
  const through = answered === undefined ? "link" : "gateway";
  if (options.json) printJson(asJson(configuration, device, { values, through }));
  else print(asTable(configuration, device, { values, through }));
  return EXIT.ok;
}

/** How long an option `--wait` says. @throws ConfigurationError COMMAND_USAGE */
export function parseWait(text: string): Micros {
  const wait = parseDuration(text);
  if (wait === undefined || wait === 0) {
    throw new ConfigurationError("COMMAND_USAGE", `--wait ${text}: not a duration`, {
      hint: "for example: 10s",
    });
  }
  return wait;
}

interface Answer {
  readonly values: readonly SnapshotValue[];
  readonly through: "gateway" | "link";
}

function channelOf(configuration: Configuration, device: Device, id: string): Channel | undefined {
  for (const index of device.channels) {
    const channel = configuration.site.channels[index];
    if (channel?.id === id || channel?.key === id) return channel;
  }
  return undefined;
}

function asJson(configuration: Configuration, device: Device, { values, through }: Answer): object {
  return {
    ok: true,
    device: device.id,
    profile: device.profile,
    through,
    values: values.map((value) => {
      const channel = channelOf(configuration, device, value.channel);
      const row = reasonRow(value.reason);
      return {
        channel: value.channel,
        raw: value.raw,
        from: value.from,
        value: Number.isFinite(value.value) ? value.value : null,
        unit: channel?.unit ?? null,
        ...stateOf(channel, value.value),
        quality: QUALITY_NAMES[row.quality],
        reason: REASON_NAMES[value.reason] ?? "bad",
        time: Number.isFinite(value.time) ? formatInstant(value.time) : null,
      };
    }),
  };
}

function stateOf(channel: Channel | undefined, value: number): { state?: string } {
  const state = channel?.states?.[value];
  return state === undefined ? {} : { state };
}

function asTable(configuration: Configuration, device: Device, { values, through }: Answer): string {
  const link = configuration.site.links[device.link]!;
  const { zh, en } = device.name;
  const heading = `${device.id} · ${zh === en ? zh : `${zh} ${en}`} · ${device.profile} · ${
    through === "gateway" ? "through the running gateway 经网关读取" : `over link ${link.id} 经链路读取`
  }`;
  if (values.length === 0) return `${heading}\nnothing has been heard yet 尚未收到数据`;
  return `${heading}\n${valueTable(values, (id) => channelOf(configuration, device, id))}`;
}
