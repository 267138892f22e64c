import type { Channel } from "../../model/site.ts";
import type { PlayedConfiguration } from "./playback.ts";

/**
 * The same configuration, but without a watch over channels that a recording does not have: their silence says nothing about the
 * instruments, and a heartbeat that was never recorded must not put all else a device says in doubt. A channel derived from
 * recorded ones is recorded.
 */
export function watchingOnly(
  configuration: PlayedConfiguration,
  recorded: ReadonlySet<number>,
): PlayedConfiguration {
  const { site } = configuration;
  const has = (index: number): boolean => {
    if (recorded.has(index)) return true;
    const derivation = site.channels[index]?.derivation;
    if (derivation === undefined) return false;
    return (derivation.kind === "resultant" ? derivation.inputs : [derivation.input]).every(has);
  };
  const missing = new Set(site.channels.flatMap(({ index }) => (has(index) ? [] : [index])));
  if (missing.size === 0) return configuration;
  const channels = site.channels.map((channel): Channel => {
    return missing.has(channel.index) ? { ...channel, stale: 0, heartbeat: 0 } : channel;
  });
  const devices = site.devices.map((device) =>
    device.channels.every((index) => missing.has(index)) ? { ...device, liveness: 0 } : device,
  );
  return { ...configuration, site: { ...site, channels, devices } };
}
