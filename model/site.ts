import type { Calendar } from "./calendar.ts";
import type { Domain, Mode, Stage } from "./domain.ts";
import type { Gas } from "./gas.ts";
import type { OutsideSource } from "./outside.ts";
import type { Quantity } from "./quantity.ts";
import type { ChannelIndex } from "./reading.ts";
import type { Text } from "./text.ts";
import type { Micros } from "./time.ts";
import type { Unit } from "./unit.ts";

/*
 * The site as the running gateway knows it: everything resolved, defaults filled in, references turned into indices.
 * Indices are dense and last as long as one loaded configuration; ids and keys are for ever.
 *
 * Keys, which stand in topics and are never reused:
 *   device            gd-01
 *   component         panel:l1d12            (device, colon, component)
 *   channel           gd-01.lel  or  panel:l1d12.fire
 *   link              link@bus-1
 *   point, group      point@well-3, group@slope
 */

/** Where something is. Longitude and latitude are WGS-84 (CGCS2000 agrees within centimetres), degrees. */
export interface Location {
  readonly longitude?: number;
  readonly latitude?: number;
  /** Metres above the datum the site uses. */
  readonly height?: number;
  readonly building?: string;
  readonly floor?: string;
  readonly room?: string;
  readonly address?: Text;
}

/** 监测点: what is watched, at one place. */
export interface Point {
  readonly index: number;
  readonly id: string;
  readonly name: Text;
  readonly domain: Domain;
  readonly stage: Stage;
  readonly mode: Mode;
  readonly location: Location;
  /** Identifiers in other systems, by system: `{ "county-platform": "WS-0012" }`. */
  readonly codes: Readonly<Record<string, string>>;
  /** Names of the groups of people to tell. Never names or numbers of persons. */
  readonly notify: readonly string[];
}

/** Points that belong together: a building, a pipe section, a slope. */
export interface Group {
  readonly index: number;
  readonly id: string;
  readonly name: Text;
  readonly points: readonly number[];
}

/** A way to reach devices: a serial bus, a TCP address, a broker. */
export interface Link {
  readonly index: number;
  readonly id: string;
  readonly key: string;
  readonly name: Text;
  /** Selects the driver: `modbus-tcp`, `mqtt-broker`, … */
  readonly type: string;
  /** Parsed by the driver's own schema. */
  readonly options: unknown;
}

/** 设备: an instrument. Its id is the position tag (位号). */
export interface Device {
  readonly index: number;
  readonly id: string;
  /** Same as the id: the subject key of the device. */
  readonly key: string;
  readonly name: Text;
  readonly link: number;
  readonly point: number;
  readonly profile: string;
  readonly serial?: string;
  /** How to reach it on its link; parsed by the driver's own schema. */
  readonly address: unknown;
  readonly components: readonly number[];
  readonly channels: readonly ChannelIndex[];
  /** Longest silence of the whole device that is still normal; 0: judged by its channels alone. */
  readonly liveness: Micros;
  /** How often it must be proof-tested, and when it was last, as the site file says. */
  readonly proofTest?: { readonly every: Micros; readonly last: Micros };
}

/** A part of a panel, controller or RTU with an address of its own. */
export interface Component {
  readonly index: number;
  readonly id: string;
  readonly key: string;
  readonly name: Text;
  readonly device: number;
  readonly point: number;
  /** Where it is on its device, as the profile's section reads it: `{ loop: 1, number: 12 }`. */
  readonly address?: unknown;
}

/** Computed from other channels of the same device, in the same message. */
export type Derivation =
  /** `value = scale × input + offset`: a level in a datum, a resultant unit. */
  | { readonly kind: "linear"; readonly input: ChannelIndex; readonly scale: number; readonly offset: number }
  /** Square root of the sum of squares: the resultant of axes. */
  | { readonly kind: "resultant"; readonly inputs: readonly ChannelIndex[] }
  /** Straight lines between points of increasing `x`: a rating curve. Outside the points the value is uncertain. */
  | {
      readonly kind: "curve";
      readonly input: ChannelIndex;
      readonly x: readonly number[];
      readonly y: readonly number[];
    };

/** One quantity of one device or component. */
export interface Channel {
  readonly index: ChannelIndex;
  /** Id within its device: `lel`, or `l1d12.fire` for a component's channel. The InfluxDB tag `channel`. */
  readonly id: string;
  readonly key: string;
  readonly name: Text;
  readonly device: number;
  readonly component?: number;
  readonly point: number;
  readonly quantity: Quantity;
  readonly unit: Unit;
  readonly gas?: Gas;
  /** Names of the codes, for discrete channels. */
  readonly states?: Readonly<Record<number, string>>;
  /** Measuring range in `unit`; a value outside is marked over or under range. */
  readonly range?: { readonly low: number; readonly high: number };
  /** Non-zero values assert danger: they raise whatever the quality beside them. */
  readonly danger: boolean;
  /** Expected time between readings; 0 when the channel only speaks when something happens. */
  readonly period: Micros;
  /** `on-change`: keeps its state until it says otherwise (semantics.md 7). */
  readonly report: "periodic" | "on-change";
  /** No usable reading for this long means monitoring is lost; 0: its device's liveness decides. */
  readonly stale: Micros;
  /** The value must change within this time, or the device has stalled; 0: not a heartbeat. */
  readonly heartbeat: Micros;
  /** Oldest device time that is believed; older ones are refused (semantics.md 13). */
  readonly greatestDelay: Micros;
  readonly mode: Mode;
  readonly derivation?: Derivation;
}

export interface Site {
  readonly id: string;
  readonly name: Text;
  /** IANA name; for texts and calendar rules. Instants are UTC everywhere. */
  readonly timeZone: string;
  /** Short hash of everything the configuration was made of. Events carry it. */
  readonly revision: string;
  readonly points: readonly Point[];
  readonly groups: readonly Group[];
  readonly links: readonly Link[];
  readonly devices: readonly Device[];
  readonly components: readonly Component[];
  readonly channels: readonly Channel[];
  readonly calendars?: readonly Calendar[];
  readonly outside?: readonly OutsideSource[];
}

/** What a rule is applied to. `index` counts within its own kind. */
export interface Subject {
  readonly kind: "channel" | "component" | "device" | "link" | "point" | "group";
  readonly index: number;
}

/** Key of a subject as it stands in topics. */
export function subjectKey(site: Site, subject: Subject): string {
  switch (subject.kind) {
    case "channel":
      return site.channels[subject.index]!.key;
    case "component":
      return site.components[subject.index]!.key;
    case "device":
      return site.devices[subject.index]!.key;
    case "link":
      return site.links[subject.index]!.key;
    case "point":
      return `point@${site.points[subject.index]!.id}`;
    case "group":
      return `group@${site.groups[subject.index]!.id}`;
  }
}
