import type { z } from "zod";
import { countsOf } from "../../drivers/sparkplug/counts.ts";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import type { SparkplugContext } from "../../drivers/sparkplug/driver.ts";
import type { EdgeNode } from "../../drivers/sparkplug/edge-node.ts";
import { Host } from "../../drivers/sparkplug/host.ts";
import type { SparkplugDevice } from "../../drivers/sparkplug/instrument.ts";
import {
  type SparkplugAddress,
  sparkplugAddressSchema,
  sparkplugLinkSchema,
} from "../../drivers/sparkplug/options.ts";
import { type WrittenMetric, writePayload } from "../../drivers/sparkplug/payload-writer.ts";
import { sparkplugSectionSchema } from "../../drivers/sparkplug/profile.ts";
import type { Verb } from "../../drivers/sparkplug/topic.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { isDiscrete, type Quantity, quantityRow } from "../../model/quantity.ts";
import type { Channel } from "../../model/site.ts";
import { type Clock, DAY, MILLISECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";

/*
 * Devices on a Sparkplug link, resolved as the gateway would, without a site file: a gas panel and its neighbour behind one
 * node, and the node itself.
 */

const CHANNELS: Record<string, { quantity: Quantity; range?: { low: number; high: number } }> = {
  lel: { quantity: "gas_lel", range: { low: -5, high: 100 } },
  alarm: { quantity: "gas_alarm" },
  volume: { quantity: "volume" },
  inner: { quantity: "temperature" },
  cell: { quantity: "temperature" },
};

const SECTION = sparkplugSectionSchema.parse({
  channels: {
    lel: { metric: "Gas/LEL" },
    alarm: { metric: "Gas/Alarm" },
    volume: { metric: "Volume" },
    inner: { metric: "Pump/Bearing/Temp" },
    cell: { metric: "Table", column: "t", row: 1 },
  },
});

/** Metrics of a device's birth: everything its channels want. */
export const BIRTH: readonly WrittenMetric[] = [
  { name: "Gas/LEL", alias: 1, dataType: DATA_TYPE.double, value: 1.5 },
  { name: "Gas/Alarm", alias: 2, dataType: DATA_TYPE.boolean, value: false },
  { name: "Volume", alias: 3, dataType: DATA_TYPE.uint64, value: 7n },
  {
    name: "Pump",
    alias: 4,
    dataType: DATA_TYPE.template,
    template: [
      {
        name: "Bearing",
        dataType: DATA_TYPE.template,
        template: [{ name: "Temp", dataType: DATA_TYPE.float, value: 40.5 }],
      },
    ],
  },
  {
    name: "Table",
    alias: 5,
    dataType: DATA_TYPE.dataSet,
    dataSet: {
      columns: ["n", "t"],
      types: [DATA_TYPE.int32, DATA_TYPE.double],
      rows: [
        [1, 20.5],
        [2, 21.5],
      ],
    },
  },
  { name: "Nobody's", alias: 6, dataType: DATA_TYPE.int32, value: 5 },
];

/** A device `panel` and one `other` behind node `edge` of group `plant`. */
export function devices(names: readonly string[] = ["panel", "other"]): SparkplugDevice[] {
  let next = 0;
  return names.map((id, index) => {
    const address = sparkplugAddressSchema.parse({ group: "plant", node: "edge", device: id });
    const channels = Object.entries(CHANNELS).map(([local, declared]) => ({
      local,
      channel: channelOf(next++, { id: local, device: index, ...declared }),
    }));
    return deviceOf({ id, index, address, channels });
  });
}

function deviceOf({
  id,
  index,
  address,
  channels,
}: {
  id: string;
  index: number;
  address: SparkplugAddress;
  channels: SparkplugDevice["channels"];
}): SparkplugDevice {
  return {
    device: {
      index,
      id,
      key: id,
      name: { zh: id, en: id },
      link: 0,
      point: 0,
      profile: "test",
      address,
      components: [],
      channels: channels.map(({ channel }) => channel.index),
      liveness: 0,
    },
    address,
    profile: SECTION,
    channels,
  };
}

function channelOf(
  index: number,
  of: { id: string; device: number; quantity: Quantity; range?: { low: number; high: number } },
): Channel {
  const row = quantityRow(of.quantity);
  return {
    index,
    id: of.id,
    key: `${of.device}.${of.id}`,
    name: { zh: of.id, en: of.id },
    device: of.device,
    point: 0,
    quantity: of.quantity,
    unit: row.unit,
    ...(of.range === undefined ? {} : { range: of.range }),
    danger: isDiscrete(of.quantity) && row.asserts === "danger",
    period: 0,
    report: "on-change",
    stale: 0,
    heartbeat: 0,
    greatestDelay: DAY,
    mode: "live",
  };
}

/** Options of a link as a site file writes them. */
export type LinkOptions = z.input<typeof sparkplugLinkSchema>;

/** What a driver is given, with counters to look at. */
export function contextOf(
  options: LinkOptions,
  clock: Clock,
): SparkplugContext & { readonly counters: CounterRegistry } {
  return {
    siteId: "test",
    link: {
      index: 0,
      id: "scada",
      key: "link@scada",
      name: { zh: "s", en: "s" },
      type: "sparkplug",
      options,
    },
    options: sparkplugLinkSchema.parse(options),
    devices: devices(),
    clock,
    log: SILENT,
    counters: new CounterRegistry(),
    secret: (reference) => reference,
  };
}

/** The host application on a clock moved by hand, spoken to without a broker. */
export class HostStand {
  readonly clock = new ManualClock();
  readonly intake = new RecordingIntake();
  readonly counters = new CounterRegistry();
  readonly host: Host;
  /** Requests for a birth. */
  asked = 0;
  seq = 0;

  constructor(options: Partial<LinkOptions> = {}) {
    const link = { index: 0, id: "scada" };
    this.host = new Host({
      link,
      options: sparkplugLinkSchema.parse({ url: "mqtt://127.0.0.1:1883", ...options }),
      devices: devices(),
      clock: this.clock,
      log: SILENT,
      counts: countsOf(this.counters, link.id),
      askForBirth: (_: EdgeNode) => {
        this.asked++;
      },
    });
    this.host.start(this.intake);
    this.host.connected();
  }

  /** Milliseconds of now. */
  get now(): number {
    return this.clock.now() / MILLISECOND;
  }

  hear(
    verb: Verb,
    metrics: readonly WrittenMetric[],
    how: { device?: string; seq?: number; timestamp?: number; dup?: boolean; retained?: boolean } = {},
  ): number {
    const { device, timestamp = this.now, dup = false, retained = false } = how;
    const seq = how.seq ?? this.seq;
    if (verb !== "NDEATH") this.seq = (seq + 1) % 256;
    const payload = writePayload({ timestamp, metrics, ...(verb === "NDEATH" ? {} : { seq }) });
    return this.raw(verb, payload, { ...(device === undefined ? {} : { device }), dup, retained });
  }

  raw(
    verb: Verb,
    payload: Uint8Array,
    { device, dup = false, retained = false }: { device?: string; dup?: boolean; retained?: boolean } = {},
  ): number {
    const topic = ["spBv1.0/plant", verb, "edge", ...(device === undefined ? [] : [device])].join("/");
    return this.host.take({ topic, payload, qos: 0, dup, retained });
  }

  /** The node and both its devices are born. */
  born(bdSeq = 0): void {
    this.hear("NBIRTH", [{ name: "bdSeq", dataType: DATA_TYPE.int64, value: bdSeq }], { seq: 0 });
    this.hear("DBIRTH", BIRTH, { device: "panel" });
    this.hear("DBIRTH", BIRTH, { device: "other" });
  }

  data(metrics: readonly WrittenMetric[], device = "panel"): void {
    this.hear("DDATA", metrics, { device });
  }

  /** What the message heard last entered, as `channel value reason`. */
  last(): string[] {
    return (this.intake.messages.at(-1)?.readings ?? []).map(
      ({ channel, value, reason }) => `${this.key(channel)} ${value} ${reason}`,
    );
  }

  key(channel: number): string {
    const names = Object.keys(CHANNELS);
    const device = ["panel", "other"][Math.floor(channel / names.length)];
    return `${device}.${names[channel % names.length]}`;
  }

  /** Health of devices as it was reported, `0 true`. */
  get health(): string[] {
    return this.intake.health.map(({ index, up }) => `${index} ${up}`);
  }

  count(name: string): number {
    return [...this.counters].find((counter) => counter.name.name === `sparkplug_${name}`)?.total ?? 0;
  }
}
