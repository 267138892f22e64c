import type { z } from "zod";
import type { Driver, DriverContext } from "../../drivers/driver.ts";
import type { ModbusDevice } from "../../drivers/modbus/compile.ts";
import { modbusKinds } from "../../drivers/modbus/kinds.ts";
import { modbusSectionSchema } from "../../drivers/modbus/profile.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { type Log, SILENT } from "../../model/log.ts";
import { type Quantity, quantityRow } from "../../model/quantity.ts";
import type { Channel, Component, Device, Link } from "../../model/site.ts";
import { type Clock, SystemClock } from "../../model/time.ts";

/*
 * Devices on a Modbus link, resolved as the gateway would, without a site file.
 */

type SectionInput = z.input<typeof modbusSectionSchema>;
interface TestChannel {
  readonly quantity: Quantity;
  readonly range?: { readonly low: number; readonly high: number } | undefined;
}

/** One device of a test. */
export interface TestDevice {
  readonly id: string;
  /** A built-in profile by id, or a section; channels that it does not declare are of quantity `count`. */
  readonly profile: string | { channels?: Record<string, TestChannel>; modbus: SectionInput };
  readonly unit?: number;
  readonly period?: number;
  readonly components?: Record<string, Record<string, number>>;
  /** Outputs that the site file allows. */
  readonly writes?: readonly string[];
  /** Channels that the site file excludes, by local id. */
  readonly exclude?: readonly string[];
  /** What else its address says. */
  readonly address?: object;
}

const builtIn = loadProfiles([BUILT_IN_PROFILES]).profiles;

/** Devices with their channels, numbered through from 0. */
export class ModbusSite {
  readonly devices: ModbusDevice[] = [];
  readonly channels: Channel[] = [];
  readonly counters = new CounterRegistry();

  constructor(devices: readonly TestDevice[]) {
    for (const device of devices) this.#add(device);
  }

  /** Index of a channel: `index("gd-1", "lel")`, `index("panel", "l1d12.fire")`. */
  index(device: string, id: string): number {
    const found = this.channels.find((channel) => channel.key === `${device}.${id}`);
    if (found === undefined) throw new Error(`no channel ${device}.${id}`);
    return found.index;
  }

  /** What a driver of this site gets. */
  context(type: string, options: object, more: { clock?: Clock; log?: Log } = {}): DriverContext {
    const kind = modbusKinds.find((candidate) => candidate.type === type)!;
    const link: Link = {
      index: 0,
      id: "bus-1",
      key: "link@bus-1",
      name: { zh: "bus-1", en: "bus-1" },
      type,
      options,
    };
    return {
      link,
      options: kind.link.parse(options),
      devices: this.devices,
      clock: more.clock ?? new SystemClock(),
      log: more.log ?? SILENT,
      counters: this.counters,
      secret: () => "",
    };
  }

  async driver(type: string, options: object, more: { clock?: Clock; log?: Log } = {}): Promise<Driver> {
    const kind = modbusKinds.find((candidate) => candidate.type === type)!;
    return (await kind.load()).create(this.context(type, options, more));
  }

  /** A counter's total, over all labels unless some are given. */
  count(name: string, labels: Record<string, string> = {}): number {
    let total = 0;
    for (const row of this.counters) {
      const fits = Object.entries(labels).every(([key, value]) => row.name.labels?.[key] === value);
      if (row.name.name === name && fits) total += row.total;
    }
    return total;
  }

  #add({
    id,
    profile,
    unit = 1,
    period,
    components = {},
    writes = [],
    exclude = [],
    address = {},
  }: TestDevice): void {
    const named = typeof profile === "string" ? builtIn.get(profile) : undefined;
    if (typeof profile === "string" && named === undefined) throw new Error(`no profile ${profile}`);
    const section =
      named?.modbus ?? modbusSectionSchema.parse(typeof profile === "string" ? {} : profile.modbus);
    const declared: Record<string, TestChannel> =
      named?.channels ?? (typeof profile === "string" ? {} : (profile.channels ?? {}));
    const index = this.devices.length;
    const mine: ModbusDevice["channels"][number][] = [];
    const add = (local: string, component?: Component) => {
      if (exclude.includes(local)) return;
      const { quantity, range } = declared[local] ?? { quantity: "count" as const };
      const row = quantityRow(quantity);
      const channelId = component === undefined ? local : `${component.id}.${local}`;
      const channel: Channel = {
        index: this.channels.length,
        id: channelId,
        key: `${id}.${channelId}`,
        name: { zh: local, en: local },
        device: index,
        point: 0,
        quantity,
        unit: row.unit,
        ...(range === undefined ? {} : { range }),
        danger: row.asserts === "danger",
        period: 1_000_000,
        report: "periodic",
        stale: 3_000_000,
        heartbeat: 0,
        greatestDelay: 600_000_000,
        mode: "live",
      };
      this.channels.push(channel);
      mine.push({ local, channel, ...(component === undefined ? {} : { component }) });
    };
    for (const local of Object.keys(section.channels)) add(local);
    for (const [local, { where }] of Object.entries(section.unlisted)) {
      add(local);
      if (where !== undefined) add(where);
    }
    Object.entries(components).forEach(([componentId, address], number) => {
      const component: Component = {
        index: number,
        id: componentId,
        key: `${id}:${componentId}`,
        name: { zh: componentId, en: componentId },
        device: index,
        point: 0,
        address,
      };
      for (const local of Object.keys(section.components?.channels ?? {})) add(local, component);
    });
    const device: Device = {
      index,
      id,
      key: id,
      name: { zh: id, en: id },
      link: 0,
      point: 0,
      profile: typeof profile === "string" ? profile : "test",
      address: { unit, ...address },
      components: [],
      channels: mine.map(({ channel }) => channel.index),
      liveness: 0,
    };
    this.devices.push({
      device,
      address: { unit, period, ...address },
      profile: section,
      writes,
      channels: mine,
    });
  }
}
