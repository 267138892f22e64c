import type { z } from "zod";
import type { DriverContext } from "../../drivers/driver.ts";
import { type BrokerOptions, brokerOptionsSchema } from "../../drivers/mqtt/broker/options.ts";
import { type ClientOptions, clientOptionsSchema } from "../../drivers/mqtt/client/options.ts";
import {
  type MqttAddress,
  mqttAddressSchema,
  type PayloadSection,
  payloadSectionSchema,
} from "../../drivers/mqtt/profile.ts";
import type { MqttDevice } from "../../drivers/mqtt/router.ts";
import { type Profile, profileSchema } from "../../drivers/profile.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { type Log, SILENT } from "../../model/log.ts";
import { isDiscrete, type Quantity, quantityRow } from "../../model/quantity.ts";
import type { Channel, Device, Link } from "../../model/site.ts";
import { type Clock, SystemClock } from "../../model/time.ts";

/*
 * Devices on an MQTT link, resolved as the gateway would, without a site file.
 */

/** One device of a test. */
export interface TestDevice {
  readonly id: string;
  /** A built-in profile by id, or channels and payload of one. */
  readonly profile:
    | string
    | {
        channels: Record<string, { quantity: Quantity; range?: { low: number; high: number } }>;
        payload: z.input<typeof payloadSectionSchema>;
      };
  readonly address?: MqttAddress;
}

/** Devices with their channels, numbered through from 0. */
export class TestSite {
  readonly devices: MqttDevice[] = [];
  readonly channels: Channel[] = [];

  constructor(devices: readonly TestDevice[]) {
    for (const device of devices) this.#add(device);
  }

  /** Index of a channel: `index("gauge-1", "depth")`. */
  index(device: string, local: string): number {
    const found = this.devices
      .find((candidate) => candidate.device.id === device)
      ?.channels.find((c) => c.local === local);
    if (found === undefined) throw new Error(`no channel ${device}.${local}`);
    return found.channel.index;
  }

  device(id: string): number {
    return this.devices.findIndex((device) => device.device.id === id);
  }

  /** `gauge-1.depth` of an index. */
  key(channel: number): string {
    return this.channels[channel]!.key;
  }

  #add({ id, profile, address = {} }: TestDevice): void {
    const resolved = resolve(profile);
    const index = this.devices.length;
    const channels = Object.entries(resolved.channels).map(([local, declared]) => {
      const { quantity } = declared;
      const row = quantityRow(quantity);
      const channel: Channel = {
        index: this.channels.length,
        id: local,
        key: `${id}.${local}`,
        name: { zh: local, en: local },
        device: index,
        point: 0,
        quantity,
        unit: row.unit,
        ...(declared.range === undefined ? {} : { range: declared.range }),
        danger: isDiscrete(quantity) && row.asserts === "danger",
        period: 0,
        report: "periodic",
        stale: 0,
        heartbeat: 0,
        greatestDelay: 0,
        mode: "live",
      };
      this.channels.push(channel);
      return { local, channel };
    });
    const device: Device = {
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
    };
    this.devices.push({
      device,
      address: mqttAddressSchema.parse(address),
      profile: resolved.payload!,
      channels,
    });
  }
}

const builtIn = loadProfiles([BUILT_IN_PROFILES]).profiles;

function resolve(profile: TestDevice["profile"]): Pick<Profile, "channels" | "payload"> {
  if (typeof profile !== "string") {
    return {
      channels: profileSchema.shape.channels.parse(profile.channels),
      payload: payloadSectionSchema.parse(profile.payload),
    };
  }
  const found = builtIn.get(profile);
  if (found?.payload === undefined) throw new Error(`no MQTT profile ${profile}`);
  return found;
}

/** A link of the test's own. */
export function testLink(type: string, options: unknown): Link {
  return { index: 0, id: "broker", key: "link@broker", name: { zh: "broker", en: "broker" }, type, options };
}

/** What a driver is given, with counters to look at. */
export interface TestContext<Options> extends DriverContext<Options, MqttAddress, PayloadSection> {
  readonly counters: CounterRegistry;
}

interface ContextParts {
  readonly site: TestSite;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** Context of an embedded broker on a free port of the loopback. */
export function brokerContext(
  options: z.input<typeof brokerOptionsSchema>,
  parts: ContextParts,
): TestContext<BrokerOptions> {
  return context("mqtt-broker", brokerOptionsSchema.parse({ listen: "127.0.0.1:0", ...options }), parts);
}

/** Context of a client of an external broker. */
export function clientContext(
  options: z.input<typeof clientOptionsSchema>,
  parts: ContextParts,
): TestContext<ClientOptions> {
  return context("mqtt-client", clientOptionsSchema.parse(options), parts);
}

function context<Options>(
  type: string,
  options: Options,
  { site, clock, log }: ContextParts,
): TestContext<Options> {
  return {
    link: testLink(type, options),
    options,
    devices: site.devices,
    clock: clock ?? new SystemClock(),
    log: log ?? SILENT,
    counters: new CounterRegistry(),
    secret: (reference) => `value-of-${reference.replace(":", "-")}`,
  };
}

/** Sum of a counter over its labels. */
export function total(counters: CounterRegistry, name: string): number {
  return [...counters]
    .filter((counter) => counter.name.name === name)
    .reduce((sum, counter) => sum + counter.total, 0);
}
