import { ConfigurationError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { quantityRow } from "../../model/quantity.ts";
import type { Channel, Component } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { DeviceOnLink } from "../driver.ts";
import { compileValue, type ValueTarget } from "../value.ts";
import { Group, type GroupStatus, type GroupValue, type GroupVerdict, NO_CHANNEL } from "./group.ts";
import type { ModbusAddress } from "./options.ts";
import { notAllowedToTrigger } from "./outputs.ts";
import { NO_LIMITS, type PlanLimits, type Span, spanText, touchesForbidden } from "./planner.ts";
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
import type { CompiledSelfCheck } from "./self-check.ts";
import { compileCondition } from "./status.ts";
import { type Sweep, unlistedDecoders, unlistedPlaces } from "./unlisted.ts";
import { combine, type Workarounds } from "./workarounds.ts";
import { type CompiledOutput, compileOutput } from "./writing.ts";

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
  readonly selfChecks: readonly CompiledSelfCheck[];
  /** Outputs that the site allows, by id. */
  readonly outputs: ReadonlyMap<string, CompiledOutput>;
  /** What must be written before triggered groups are read, and how long the measurement takes. */
  readonly trigger:
    | { readonly output: CompiledOutput; readonly raw: number; readonly wait: Micros }
    | undefined;
}

/** What is collected for one period before it becomes a Group. */
interface Draft {
  readonly period: Micros;
  readonly triggered: boolean;
  readonly values: GroupValue[];
  readonly statuses: GroupStatus[];
  /** Position of a value by its scope and local id. */
  readonly positions: Map<string, number>;
  /** Positions by local id alone. */
  readonly locals: Map<string, number[]>;
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
 * @throws ConfigurationError PROFILE_INVALID or UNIT_MISMATCH; CONFIG_INVALID when it may not be told to measure.
 */
export function compileDevice(device: ModbusDevice, bus: Workarounds): CompiledDevice {
  const section = device.profile;
  const workarounds = combine(section.workarounds, bus);
  const limits = limitsOf(section, workarounds);
  const drafts = new Map<string, Draft>();
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
    const draft = draftFor(drafts, section, { local, period: device.address.period });
    const position = draft.values.push(channelValue(placed, channel, limits)) - 1;
    draft.positions.set(`${scope.key}${local}`, position);
    const same = draft.locals.get(local);
    if (same === undefined) draft.locals.set(local, [position]);
    else same.push(position);
  }
  for (const scope of scopes.values()) {
    for (const status of scope.statuses) addStatus(drafts, scope, status);
  }
  const selfChecks = section.selfCheck.map(({ register, equals }): CompiledSelfCheck => {
    return { place: place(section, register), expected: equals, verdict: { reason: REASON.uncertain } };
  });
  const outputs = new Map((device.writes ?? []).map((id) => [id, compileOutput(section, id)]));
  return {
    index: device.device.index,
    id: device.device.id,
    unit: device.address.unit,
    workarounds,
    limits,
    groups: [
      ...[...drafts.values()].map(
        (draft) => new Group({ ...draft, verdicts: verdictsFor(draft, section, selfChecks) }),
      ),
      ...sweepGroups(device),
    ].sort((a, b) => a.period - b.period),
    selfChecks,
    outputs,
    trigger: triggerOf(section, outputs),
  };
}

/** Channels that speak for components which the site does not list; those of one period look through the panel together. */
function sweepGroups({ profile: section, channels, address: { upTo } }: ModbusDevice): Group[] {
  const own = (id: string | undefined) =>
    channels.find(({ local, component }) => local === id && component === undefined)?.channel;
  // Parsed by `componentAddressSchema` when the site was loaded.
  const addresses = new Map(
    channels.flatMap(({ component }) =>
      component === undefined ? [] : [[component.index, (component.address ?? {}) as ComponentAddress]],
    ),
  );
  const listed = [...addresses.values()];
  const drafts = new Map<Micros, { values: GroupValue[]; sweeps: Sweep[] }>();
  for (const [local, { asserts, where, period }] of Object.entries(section.unlisted)) {
    const channel = own(local);
    if (channel === undefined) continue;
    const draft = drafts.get(period) ?? { values: [], sweeps: [] };
    drafts.set(period, draft);
    const from = draft.values.length;
    for (const looked of unlistedPlaces(section, asserts, { listed, upTo }))
      draft.values.push(bareValue(looked));
    const place = own(where);
    draft.sweeps.push({
      channel: channel.index,
      label: channel.id,
      where: place === undefined ? undefined : { channel: place.index, label: place.id },
      from,
      to: draft.values.length,
      decoders: unlistedDecoders(section, asserts),
    });
  }
  return [...drafts].map(
    ([period, draft]) => new Group({ ...draft, period, triggered: false, statuses: [], verdicts: [] }),
  );
}

function limitsOf(section: ModbusSection, workarounds: Workarounds): PlanLimits {
  return {
    ...NO_LIMITS,
    maxRegisters: workarounds.maxRegistersPerRequest,
    maxBits: workarounds.maxBitsPerRequest,
    oneRequestPerChannel: workarounds.oneRequestPerChannel,
    bitsFromZero: workarounds.readCoilsFromZero,
    maxGap: section.maxGap,
    forbidden: section.forbidden,
  };
}

/** The draft that a channel belongs to: one for each period, apart those that must be triggered. */
function draftFor(
  drafts: Map<string, Draft>,
  section: ModbusSection,
  { local, period: own }: { local: string; period: Micros | undefined },
): Draft {
  const period = periodOf(section, local, own);
  const { trigger } = section;
  const triggered =
    trigger !== undefined && (trigger.channels === undefined || trigger.channels.includes(local));
  const key = `${period}${triggered ? " triggered" : ""}`;
  const known = drafts.get(key);
  if (known !== undefined) return known;
  const draft: Draft = {
    period,
    triggered,
    values: [],
    statuses: [],
    positions: new Map(),
    locals: new Map(),
  };
  drafts.set(key, draft);
  return draft;
}

function verdictsFor(
  draft: Draft,
  section: ModbusSection,
  checks: readonly CompiledSelfCheck[],
): GroupVerdict[] {
  return checks.map(({ verdict }, index) => {
    const { affects } = section.selfCheck[index]!;
    const affected =
      affects === undefined
        ? [...draft.locals.values()].flat()
        : affects.flatMap((local) => draft.locals.get(local) ?? []);
    return { verdict, affected };
  });
}

function triggerOf(
  section: ModbusSection,
  outputs: ReadonlyMap<string, CompiledOutput>,
): CompiledDevice["trigger"] {
  const { trigger } = section;
  if (trigger === undefined) return undefined;
  const output = outputs.get(trigger.output);
  if (output === undefined) {
    const { message, hint } = notAllowedToTrigger(trigger.output);
    throw new ConfigurationError("CONFIG_INVALID", message, { hint });
  }
  return { output, raw: output.raw(trigger.value), wait: trigger.wait };
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

function channelValue(placed: PlacedChannel, channel: Channel, limits: PlanLimits): GroupValue {
  const { states, asserts } = quantityRow(channel.quantity);
  const { table, address, count, format, mapping, unitFrom } = placed;
  const target: ValueTarget = {
    unit: channel.unit,
    ...(channel.range === undefined ? {} : { range: channel.range }),
    ...(states === undefined ? {} : { codes: states.length }),
  };
  const together = unitFrom === undefined ? undefined : spanOfBoth(placed, unitFrom.place, limits);
  return {
    table,
    address,
    count,
    format,
    span: together ?? { table, address, count },
    channel: channel.index,
    label: channel.id,
    decode: compileValue(mapping, target),
    unit:
      unitFrom === undefined
        ? undefined
        : {
            place: unitFrom.place,
            apart: together === undefined,
            decoders: new Map(
              [...unitFrom.units].map(([raw, unit]) => [raw, compileValue({ ...mapping, unit }, target)]),
            ),
          },
    asserts: asserts !== undefined,
  };
}

/** Both in one request, where one may be made of them. */
function spanOfBoth(a: Place, b: Place, limits: PlanLimits): Span | undefined {
  if (a.table !== b.table || limits.oneRequestPerChannel) return undefined;
  const address = Math.min(a.address, b.address);
  const end = Math.max(a.address + a.count, b.address + b.count);
  const gap = Math.max(a.address, b.address) - Math.min(a.address + a.count, b.address + b.count);
  const span = { table: a.table, address, count: end - address };
  const fits = gap <= limits.maxGap && span.count <= limits.maxRegisters;
  return fits && !touchesForbidden(span, limits) ? span : undefined;
}

/** A status is looked up in every group that it decides about, so that both come from the same poll. */
function addStatus(drafts: ReadonlyMap<string, Draft>, scope: Scope, status: Status): void {
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
    span: { table, address, count },
    channel: NO_CHANNEL,
    label: spanText(looked),
    decode: undefined,
    unit: undefined,
    asserts: false,
  };
}
