import { quantityRow } from "../../model/quantity.ts";
import type { Channel, Component } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { DeviceOnLink } from "../driver.ts";
import { compileValue } from "../value.ts";
import { Group, type GroupStatus, type GroupValue, NO_CHANNEL } from "./group.ts";
import type { ModbusAddress } from "./options.ts";
import { NO_LIMITS, type PlanLimits, spanText } from "./planner.ts";
import type { ModbusSection, Status } from "./profile.ts";
import {
  type ComponentAddress,
  type Place,
  type PlacedChannel,
  periodOf,
  place,
  placedChannels,
  placedComponentChannels,
  placeInComponent,
} from "./registers.ts";
import { compileCondition } from "./status.ts";
import { combine, type Workarounds } from "./workarounds.ts";

/** A device on a Modbus link, as the gateway hands it over. */
export type ModbusDevice = DeviceOnLink<ModbusAddress, ModbusSection>;

/** A device ready to be polled. */
export interface CompiledDevice {
  /** Index of the device in the site. */
  readonly index: number;
  readonly id: string;
  readonly unit: number;
  readonly workarounds: Workarounds;
  readonly limits: PlanLimits;
  /** By period, the shortest first. */
  readonly groups: readonly Group[];
}

/** What is collected for one period before it becomes a Group. */
interface Draft {
  readonly values: GroupValue[];
  readonly statuses: GroupStatus[];
  /** Position of a value by its scope and local id. */
  readonly positions: Map<string, number>;
}

/** The device itself, or one of its components: where local ids are looked up and registers counted from. */
interface Scope {
  readonly key: string;
  readonly placed: ReadonlyMap<string, PlacedChannel>;
  readonly statuses: readonly Status[];
  readonly place: (register: NonNullable<Status["register"]>) => Place;
}

/**
 * Compiles a device of a link.
 * @throws ConfigurationError PROFILE_INVALID or UNIT_MISMATCH
 */
export function compileDevice(device: ModbusDevice, bus: Workarounds): CompiledDevice {
  const section = device.profile;
  const workarounds = combine(section.workarounds, bus);
  const drafts = new Map<Micros, Draft>();
  const scopes = new Map<number | undefined, Scope>();
  for (const { local, channel, component } of device.channels) {
    let scope = scopes.get(component?.index);
    if (scope === undefined) {
      scope = scopeOf(section, component);
      scopes.set(component?.index, scope);
    }
    const placed = scope.placed.get(local);
    // A channel that the profile does not place is derived, or another protocol's.
    if (placed === undefined) continue;
    const period = periodOf(section, local, device.address.period);
    const draft: Draft = drafts.get(period) ?? { values: [], statuses: [], positions: new Map() };
    drafts.set(period, draft);
    draft.positions.set(`${scope.key}${local}`, draft.values.length);
    draft.values.push(channelValue(placed, channel));
  }
  for (const scope of scopes.values()) {
    for (const status of scope.statuses) addStatus(drafts, scope, status);
  }
  return {
    index: device.device.index,
    id: device.device.id,
    unit: device.address.unit,
    workarounds,
    limits: {
      ...NO_LIMITS,
      maxRegisters: workarounds.maxRegistersPerRequest,
      maxBits: workarounds.maxBitsPerRequest,
      oneRequestPerChannel: workarounds.oneRequestPerChannel,
      bitsFromZero: workarounds.readCoilsFromZero,
      maxGap: section.maxGap,
      forbidden: section.forbidden,
    },
    groups: [...drafts]
      .sort(([a], [b]) => a - b)
      .map(([period, draft]) => new Group(period, draft.values, draft.statuses)),
  };
}

function scopeOf(section: ModbusSection, component: Component | undefined): Scope {
  if (component === undefined) {
    return {
      key: "",
      placed: byLocal(placedChannels(section)),
      statuses: section.status,
      place: (register) => place(section, register),
    };
  }
  // Parsed by `componentAddressSchema` when the site was loaded.
  const address = (component.address ?? {}) as ComponentAddress;
  return {
    key: `${component.id}.`,
    placed: byLocal(placedComponentChannels(section, address)),
    statuses: section.components?.status ?? [],
    place: (register) => placeInComponent(section, register, address),
  };
}

function byLocal(placed: readonly PlacedChannel[]): Map<string, PlacedChannel> {
  return new Map(placed.map((channel) => [channel.local, channel]));
}

function channelValue(placed: PlacedChannel, channel: Channel): GroupValue {
  const { states, asserts } = quantityRow(channel.quantity);
  return {
    table: placed.table,
    address: placed.address,
    count: placed.count,
    format: placed.format,
    channel: channel.index,
    label: channel.id,
    decode: compileValue(placed.mapping, {
      unit: channel.unit,
      ...(channel.range === undefined ? {} : { range: channel.range }),
      ...(states === undefined ? {} : { codes: states.length }),
    }),
    asserts: asserts !== undefined,
  };
}

/** A status is looked up in every group that it decides about, so that both come from the same poll. */
function addStatus(drafts: ReadonlyMap<Micros, Draft>, scope: Scope, status: Status): void {
  const conditions = status.when.map(compileCondition);
  for (const draft of drafts.values()) {
    const affected = status.affects
      .map((local) => draft.positions.get(`${scope.key}${local}`))
      .filter((position) => position !== undefined);
    if (affected.length === 0) continue;
    let source =
      status.channel === undefined ? undefined : draft.positions.get(`${scope.key}${status.channel}`);
    if (source === undefined) {
      const looked =
        status.register === undefined ? scope.placed.get(status.channel ?? "") : scope.place(status.register);
      if (looked === undefined) continue;
      source = draft.values.length;
      draft.values.push(bareValue(looked));
    }
    draft.statuses.push({ source, conditions, affected });
  }
}

function bareValue(looked: Place): GroupValue {
  const { table, address, count, format } = looked;
  return {
    table,
    address,
    count,
    format,
    channel: NO_CHANNEL,
    label: spanText(looked),
    decode: undefined,
    asserts: false,
  };
}
