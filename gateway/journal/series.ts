import type { Site } from "../../model/site.ts";

/** The durable identity of every channel, in channel order. */
export function seriesOf(site: Site) {
  return site.channels.map((channel) => {
    const point = site.points[channel.point]!;
    return {
      key: channel.key,
      site: site.id,
      point: point.id,
      device: site.devices[channel.device]!.id,
      channel: channel.id,
      domain: point.domain,
      quantity: channel.quantity,
      unit: channel.unit,
    };
  });
}
