import type { Calendar } from "../../model/calendar.ts";
import type { Domain, Mode, Stage } from "../../model/domain.ts";
import type { Gas } from "../../model/gas.ts";
import type { OutsideSource } from "../../model/outside.ts";
import { type Quantity, quantityRow } from "../../model/quantity.ts";
import type { Channel, Component, Derivation, Device, Group, Link, Point, Site } from "../../model/site.ts";
import { HOUR, type Micros, SECOND } from "../../model/time.ts";

export interface ChannelSketch {
  id: string;
  quantity?: Quantity;
  component?: string;
  point?: string;
  gas?: Gas;
  states?: Record<number, string>;
  range?: { low: number; high: number };
  period?: Micros;
  report?: "periodic" | "on-change";
  stale?: Micros;
  heartbeat?: Micros;
  greatestDelay?: Micros;
  mode?: Mode;
  /** Inputs by channel id within the device. */
  derived?:
    | { linear: string; scale: number; offset: number }
    | { resultant: string[] }
    | { curve: string; x: number[]; y: number[] };
}

export interface DeviceSketch {
  id: string;
  link?: string;
  point?: string;
  profile?: string;
  liveness?: Micros;
  proofTest?: { every: Micros; last: Micros };
  components?: string[];
  channels: ChannelSketch[];
}

export interface SiteSketch {
  points?: { id: string; stage?: Stage; domain?: Domain; mode?: Mode }[];
  groups?: { id: string; points: string[] }[];
  devices: DeviceSketch[];
  timeZone?: string;
  calendars?: (Omit<Calendar, "index" | "except"> & { except?: string[] })[];
  outside?: (Partial<Omit<OutsideSource, "index">> & { id: string })[];
}

const TEXT = { zh: "名", en: "name" };

/** A resolved site from a sketch: one link `bus`, one live point `p`, periodic channels of 1 s, unless the sketch says otherwise. */
export function siteOf(sketch: SiteSketch): Site {
  const points: Point[] = (sketch.points ?? [{ id: "p" }]).map((point, index) => ({
    index,
    id: point.id,
    name: TEXT,
    domain: point.domain ?? "gas",
    stage: point.stage ?? "live",
    mode: point.mode ?? "live",
    location: {},
    codes: {},
    notify: [],
  }));
  const pointIndex = (id: string | undefined) => {
    const index = id === undefined ? 0 : points.findIndex((point) => point.id === id);
    if (index < 0) throw new RangeError(`no point ${id}`);
    return index;
  };
  const linkIds = [...new Set(sketch.devices.map((device) => device.link ?? "bus"))];
  const links: Link[] = linkIds.map((id, index) => ({
    index,
    id,
    key: `link@${id}`,
    name: TEXT,
    type: "modbus-tcp",
    options: {},
  }));
  const groups: Group[] = (sketch.groups ?? []).map((group, index) => ({
    index,
    id: group.id,
    name: TEXT,
    points: group.points.map(pointIndex),
  }));
  const devices: Device[] = [];
  const components: Component[] = [];
  const channels: Channel[] = [];
  sketch.devices.forEach((device, index) => {
    const firstComponent = components.length;
    const firstChannel = channels.length;
    for (const id of device.components ?? []) {
      components.push({
        index: components.length,
        id,
        key: `${device.id}:${id}`,
        name: TEXT,
        device: index,
        point: pointIndex(device.point),
      });
    }
    const channelIndex = (id: string) =>
      firstChannel + device.channels.findIndex((channel) => channel.id === id);
    for (const channel of device.channels) {
      channels.push(
        channelOf(channel, {
          index: channels.length,
          device: index,
          deviceId: device.id,
          component:
            channel.component === undefined
              ? undefined
              : firstComponent + (device.components ?? []).indexOf(channel.component),
          point: pointIndex(channel.point ?? device.point),
          channelIndex,
        }),
      );
    }
    devices.push({
      index,
      id: device.id,
      key: device.id,
      name: TEXT,
      link: linkIds.indexOf(device.link ?? "bus"),
      point: pointIndex(device.point),
      profile: device.profile ?? "generic",
      address: {},
      components: components.slice(firstComponent).map((component) => component.index),
      channels: channels.slice(firstChannel).map((channel) => channel.index),
      liveness: device.liveness ?? 0,
      ...(device.proofTest === undefined ? {} : { proofTest: device.proofTest }),
    });
  });
  return {
    id: "test",
    name: TEXT,
    timeZone: sketch.timeZone ?? "Asia/Shanghai",
    revision: "r1",
    points,
    groups,
    links,
    devices,
    components,
    channels,
    calendars: (sketch.calendars ?? []).map(
      ({ except, ...calendar }, index): Calendar => ({
        ...calendar,
        index,
        ...(except === undefined
          ? {}
          : { except: except.map((id) => sketch.calendars!.findIndex((other) => other.id === id)) }),
      }),
    ),
    outside: (sketch.outside ?? []).map((source, index) => ({
      name: TEXT,
      validFor: HOUR,
      ...source,
      index,
    })),
  };
}

function channelOf(
  sketch: ChannelSketch,
  place: {
    index: number;
    device: number;
    deviceId: string;
    component: number | undefined;
    point: number;
    channelIndex: (id: string) => number;
  },
): Channel {
  const quantity = sketch.quantity ?? "gas_lel";
  const row = quantityRow(quantity);
  const period = sketch.period ?? (sketch.report === "on-change" ? 0 : SECOND);
  const local = sketch.component === undefined ? sketch.id : `${sketch.component}.${sketch.id}`;
  const { derived } = sketch;
  let derivation: Derivation | undefined;
  if (derived !== undefined) {
    if ("linear" in derived) {
      const { linear, scale, offset } = derived;
      derivation = { kind: "linear", input: place.channelIndex(linear), scale, offset };
    } else if ("resultant" in derived) {
      derivation = { kind: "resultant", inputs: derived.resultant.map(place.channelIndex) };
    } else
      derivation = { kind: "curve", input: place.channelIndex(derived.curve), x: derived.x, y: derived.y };
  }
  return {
    index: place.index,
    id: local,
    key: sketch.component === undefined ? `${place.deviceId}.${sketch.id}` : `${place.deviceId}:${local}`,
    name: TEXT,
    device: place.device,
    ...(place.component === undefined ? {} : { component: place.component }),
    point: place.point,
    quantity,
    unit: row.unit,
    ...(sketch.gas === undefined ? {} : { gas: sketch.gas }),
    ...(sketch.states === undefined ? {} : { states: sketch.states }),
    ...(sketch.range === undefined ? {} : { range: sketch.range }),
    danger: row.asserts === "danger",
    period,
    report: sketch.report ?? "periodic",
    stale: sketch.stale ?? period * 3,
    heartbeat: sketch.heartbeat ?? 0,
    greatestDelay: sketch.greatestDelay ?? 24 * HOUR,
    mode: sketch.mode ?? "live",
    ...(derivation === undefined ? {} : { derivation }),
  };
}
