import type { WrittenMetric } from "../../../drivers/sparkplug/payload-writer.ts";
import type { Micros } from "../../../model/time.ts";
import type { ReadingRows, SeriesTags } from "../source.ts";
import { type EdgeChannel, EdgeMetric, type MetricStyle } from "./edge-metric.ts";

/** One Sparkplug device behind the node. */
export interface EdgeDevice {
  readonly id: string;
  readonly metrics: readonly EdgeMetric[];
}

/** Metrics of one message. */
export interface DeviceMetrics {
  readonly device: string;
  readonly metrics: WrittenMetric[];
}

/** Readings as messages, and how many there are. */
export interface Composed {
  readonly messages: readonly DeviceMetrics[];
  readonly metrics: number;
  readonly historical: number;
  /** Readings that no metric stands for: the channel is no longer what it was when they were recorded. */
  readonly unmapped: number;
}

/** What the node consists of: Sparkplug's devices and metrics, with the last value of each. */
export class EdgeLayout {
  readonly devices: readonly EdgeDevice[];
  readonly #byDefinition = new Map<string, { metric: EdgeMetric; device: string }>();
  readonly #bySeries = new Map<number, { metric: EdgeMetric; device: string } | null>();
  readonly #tags: (series: number) => SeriesTags | undefined;

  /** `tags` says what a series of the journal stands for. */
  constructor(
    channels: readonly EdgeChannel[],
    how: {
      behind: "devices" | "points";
      style: MetricStyle;
      tags: (series: number) => SeriesTags | undefined;
    },
  ) {
    this.#tags = how.tags;
    const devices = new Map<string, EdgeMetric[]>();
    for (const [index, channel] of channels.entries()) {
      const device = channel[how.behind === "devices" ? "device" : "point"];
      // Of a component's channel `l1d12.fire` the component becomes a folder, as Sparkplug's names have it.
      const local = channel.channel.replaceAll(".", "/");
      const metric = new EdgeMetric({
        name: how.behind === "devices" ? local : `${channel.device}/${local}`,
        // Unique in the node (tck-id-payloads-alias-uniqueness); the birth that gives them ends with the process.
        alias: index + 1,
        channel,
        style: how.style,
      });
      const metrics = devices.get(device);
      if (metrics === undefined) devices.set(device, [metric]);
      else metrics.push(metric);
      this.#byDefinition.set(definitionOf(channel), { metric, device });
    }
    this.devices = [...devices].map(([id, metrics]) => ({ id, metrics }));
  }

  /** Takes in what the journal has, as the newest of each channel. `now` and `wall`: the clock's. */
  recall(rows: ReadingRows, at: { now: Micros; wall: Micros }): void {
    for (let i = 0; i < rows.length; i++) {
      // Recorded long ago is heard long ago.
      const heard = at.now - Math.max(0, at.wall - rows.time[i]!);
      this.#find(rows.series[i]!)?.metric.take(rows, i, heard);
    }
  }

  /**
   * Readings as data messages, one a device. Those with a sequence below `waited` have waited for the broker or the host and are
   * historical; of the others those of which something newer has been sent.
   */
  compose(rows: ReadingRows, { waited, now }: { waited: number; now: Micros }): Composed {
    const messages = new Map<string, WrittenMetric[]>();
    let old = 0;
    let unmapped = 0;
    for (let i = 0; i < rows.length; i++) {
      const found = this.#find(rows.series[i]!);
      if (found === undefined) {
        unmapped++;
        continue;
      }
      const { metric, device } = found;
      // What came late is older than what was sent before it.
      const late = rows.sequence[i]! < waited || !metric.take(rows, i, now);
      if (late) old++;
      const written = metric.data(rows, i, late);
      const metrics = messages.get(device);
      if (metrics === undefined) messages.set(device, [written]);
      else metrics.push(written);
    }
    return {
      messages: Array.from(messages, ([device, metrics]) => ({ device, metrics })),
      metrics: rows.length - unmapped,
      historical: old,
      unmapped,
    };
  }

  /** Metrics whose channel has fallen silent since this was asked last. `timestamp`: ms since 1970. */
  silent(now: Micros, timestamp: number): DeviceMetrics[] {
    return this.devices.flatMap(({ id, metrics }) => {
      const silent = metrics.filter((metric) => metric.fallsSilent(now));
      if (silent.length === 0) return [];
      return [{ device: id, metrics: silent.map((metric) => metric.stale(timestamp)) }];
    });
  }

  #find(series: number): { metric: EdgeMetric; device: string } | undefined {
    let found = this.#bySeries.get(series);
    if (found === undefined) {
      const tags = this.#tags(series);
      found = (tags && this.#byDefinition.get(definitionOf(tags))) ?? null;
      this.#bySeries.set(series, found);
    }
    return found ?? undefined;
  }
}

/** What must be the same for a reading to be one of a channel: a value in another unit is another quantity. */
function definitionOf({ point, device, channel, domain, quantity, unit, key }: SeriesTags): string {
  return JSON.stringify([point, device, channel, domain, quantity, unit, key]);
}
