import type { DeviceOnLink } from "../drivers/driver.ts";
import {
  channelsAt,
  componentAddressSchema as transmittedAddressSchema,
} from "../drivers/gb26875/address.ts";
import type { Gb26875Section } from "../drivers/gb26875/profile.ts";
import { hj212AddressSchema } from "../drivers/hj212/options.ts";
import type { Hj212Section } from "../drivers/hj212/profile.ts";
import { lorawanAddressSchema } from "../drivers/lorawan/options.ts";
import type { LorawanSection } from "../drivers/lorawan/profile.ts";
import type { ModbusSection } from "../drivers/modbus/profile.ts";
import { componentAddressSchema } from "../drivers/modbus/registers.ts";
import type { PayloadSection } from "../drivers/mqtt/profile.ts";
import type { Profile } from "../drivers/profile.ts";
import { sl651AddressSchema } from "../drivers/sl651/options.ts";
import type { Sl651Section } from "../drivers/sl651/profile.ts";
import { sparkplugAddressSchema } from "../drivers/sparkplug/options.ts";
import type { SparkplugSection } from "../drivers/sparkplug/profile.ts";
import { szy206AddressSchema } from "../drivers/szy206/options.ts";
import type { Szy206Section } from "../drivers/szy206/profile.ts";
import { quantityRow } from "../model/quantity.ts";
import type { Site } from "../model/site.ts";
import type { PlayedAddress, PlayedChannel, PlayedDevice } from "./instrument.ts";
import type { Scenario, ScenarioDevice, ScenarioLink } from "./scenario.ts";
import type { ScenarioProblem } from "./scenario-file.ts";
import { siteLink } from "./site-link.ts";

/** A loaded site, as far as its instruments are concerned. */
export interface SiteInstruments {
  readonly site: Site;
  /** The devices of a link by its index, as its driver gets them. */
  devicesOf(link: number): readonly DeviceOnLink<unknown, unknown>[];
}

/** Who plays, and where. */
export interface Cast {
  readonly devices: readonly PlayedDevice[];
  readonly links: ReadonlyMap<string, ScenarioLink>;
}

export interface CastOptions {
  readonly scenario: Scenario;
  readonly site: SiteInstruments | undefined;
  /** By id. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly report: (problem: ScenarioProblem) => void;
}

/** The devices and links of a scenario: those of its site, and its own. What does not fit is reported and left out. */
export function assembleCast(options: CastOptions): Cast {
  const { scenario, site, report } = options;
  const links = new Map<string, ScenarioLink>();
  const devices: PlayedDevice[] = [];
  const fromSite = new Set<string>();
  if (site !== undefined) {
    for (const link of site.site.links) {
      const reached = siteLink(link, site.site.links);
      if (reached !== undefined) links.set(link.id, reached);
      for (const onLink of site.devicesOf(link.index)) {
        fromSite.add(onLink.device.id);
        if (isPlayed(scenario, onLink.device.id))
          devices.push(playedOfSite(onLink, { link: link.id, links }));
      }
    }
  }
  for (const [id, link] of Object.entries(scenario.links)) links.set(id, link);
  for (const [id, device] of Object.entries(scenario.devices)) {
    const path = ["devices", id];
    if (device.profile === undefined) {
      if (fromSite.has(id)) continue;
      report({
        path,
        message: site === undefined ? `"${id}" needs a profile` : `the site has no device "${id}"`,
        hint: site === undefined ? "or name the site file that has it: site: ./site.yaml" : undefined,
      });
    } else if (fromSite.has(id)) {
      report({ path: [...path, "profile"], message: `"${id}" stands in the site file, with its profile` });
    } else {
      const played = playedOfScenario(id, device, { ...options, links });
      if (played !== undefined) devices.push(played);
    }
  }
  for (const [i, id] of (scenario.only ?? []).entries()) {
    if (!fromSite.has(id)) report({ path: ["only", i], message: `the site has no device "${id}"` });
  }
  for (const [i, id] of (scenario.except ?? []).entries()) {
    if (!fromSite.has(id)) report({ path: ["except", i], message: `the site has no device "${id}"` });
  }
  for (const device of devices) {
    if (links.has(device.link)) continue;
    report({
      path: ["links"],
      message: `"${device.id}" is on link "${device.link}", which cannot be played as the site has it`,
      hint: `say under links: how the simulated instruments of "${device.link}" are reached`,
    });
  }
  return { devices: devices.filter(({ link }) => links.has(link)), links };
}

function isPlayed(scenario: Scenario, id: string): boolean {
  if (scenario.except?.includes(id) === true) return false;
  return scenario.only === undefined || scenario.only.includes(id);
}

/** Links whose devices report without being asked. */
const SPEAKS_BY_ITSELF: ReadonlySet<ScenarioLink["type"]> = new Set([
  "mqtt",
  "gb26875",
  "sl651",
  "hj212",
  "szy206",
  "sparkplug",
  "http-push",
  "lorawan",
]);

function playedOfSite(
  onLink: DeviceOnLink<unknown, unknown>,
  { link, links }: { link: string; links: ReadonlyMap<string, ScenarioLink> },
): PlayedDevice {
  const { device, address, profile, channels } = onLink;
  const type = links.get(link)?.type;
  const speaks = type !== undefined && SPEAKS_BY_ITSELF.has(type);
  return {
    id: device.id,
    name: device.name,
    link,
    profile: device.profile,
    address: addressOf(address),
    section: sectionOfSite(type, profile),
    liveness: device.liveness,
    channels: channels.map(({ local, channel, component }): PlayedChannel => {
      const { id, key, quantity, unit, range, states, report, period } = channel;
      return {
        id,
        key,
        local,
        quantity,
        unit,
        report,
        period: speaks ? period : 0,
        ...(range === undefined ? {} : { range }),
        ...(states === undefined ? {} : { states }),
        ...(component === undefined
          ? {}
          : { component: { id: component.id, address: fieldsOf(component.address) } }),
      };
    }),
  };
}

function playedOfScenario(
  id: string,
  device: ScenarioDevice,
  { profiles, links, report }: CastOptions & { links: ReadonlyMap<string, ScenarioLink> },
): PlayedDevice | undefined {
  const path = ["devices", id];
  const profile = profiles.get(device.profile ?? "");
  if (profile === undefined) {
    const hint =
      "profiles of your own stand in folders: profiles: [./profiles]; docs/generated/profiles.md lists the others";
    report({ path: [...path, "profile"], message: `no profile is called "${device.profile}"`, hint });
    return undefined;
  }
  const link = links.get(device.link ?? "");
  if (device.link === undefined || link === undefined) {
    const message = device.link === undefined ? `"${id}" needs a link` : `no link is called "${device.link}"`;
    report({ path: [...path, "link"], message, hint: `there are ${[...links.keys()].join(", ") || "none"}` });
    return undefined;
  }
  const section = sectionOfProfile(link.type, profile);
  if (section === undefined) {
    report({
      path: [...path, "profile"],
      message: `${profile.id} does not say how it stands on a link of type ${link.type}`,
    });
    return undefined;
  }
  let address: unknown = device.address;
  const schema = callerAddress(section);
  if (schema !== undefined) {
    const parsed = schema.safeParse(device.address ?? {});
    if (!parsed.success) {
      for (const { message } of parsed.error.issues) report({ path: [...path, "address"], message });
      return undefined;
    }
    address = parsed.data;
  }
  return {
    id,
    name: device.name ?? profile.name,
    link: device.link,
    profile: profile.id,
    address: addressOf(address),
    section,
    liveness: profile.liveness ?? 0,
    channels: channelsOf(id, device, { profile, section, report }),
  };
}

function channelsOf(
  id: string,
  device: ScenarioDevice,
  from: { profile: Profile; section: PlayedDevice["section"]; report: CastOptions["report"] },
): PlayedChannel[] {
  const { profile, section, report } = from;
  const channels: PlayedChannel[] = [];
  const add = (local: string, component?: NonNullable<PlayedChannel["component"]>): void => {
    const known = profile.channels[local];
    if (known === undefined) return;
    const row = quantityRow(known.quantity);
    const states =
      known.states ?? (row.states === undefined ? undefined : Object.fromEntries(row.states.entries()));
    channels.push({
      id: component === undefined ? local : `${component.id}.${local}`,
      key: component === undefined ? `${id}.${local}` : `${id}:${component.id}.${local}`,
      local,
      quantity: known.quantity,
      unit: row.unit,
      report: known.report,
      period: known.period ?? 0,
      ...(known.range === undefined ? {} : { range: known.range }),
      ...(states === undefined ? {} : { states }),
      ...(component === undefined ? {} : { component }),
    });
  };
  const called = callerChannels(section);
  if (called !== undefined) {
    for (const local of called) add(local);
    return channels;
  }
  if ("payload" in section) {
    for (const local of localsOf(section.payload)) add(local);
    return channels;
  }
  if (!("gb26875" in section || "modbus" in section)) return channels;
  const own = "gb26875" in section ? section.gb26875.device : section.modbus.channels;
  for (const local of Object.keys(own)) add(local);
  const schema = "gb26875" in section ? transmittedAddressSchema : componentAddressSchema(section.modbus);
  for (const [componentId, { address }] of Object.entries(device.components ?? {})) {
    const path = ["devices", id, "components", componentId];
    const parsed = schema?.safeParse(address ?? {});
    if (parsed === undefined) report({ path, message: `${profile.id} has no components` });
    else if (!parsed.success) {
      for (const { message } of parsed.error.issues) report({ path: [...path, "address"], message });
    } else {
      const locals =
        "gb26875" in section
          ? channelsAt(section.gb26875, parsed.data)
          : Object.keys(section.modbus.components?.channels ?? {});
      for (const local of locals) {
        add(local, { id: componentId, address: fieldsOf(parsed.data) });
      }
    }
  }
  return channels;
}

/** The channels that stand in the messages of a section. */
function localsOf({ messages }: Pick<PayloadSection, "messages">): string[] {
  return [...new Set(messages.flatMap(({ channels }) => Object.keys(channels)))];
}

/** How devices that call are addressed; undefined for others. */
function callerAddress(section: PlayedDevice["section"]) {
  if ("sl651" in section) return sl651AddressSchema;
  if ("hj212" in section) return hj212AddressSchema;
  if ("sparkplug" in section) return sparkplugAddressSchema;
  if ("lorawan" in section) return lorawanAddressSchema;
  return "szy206" in section ? szy206AddressSchema : undefined;
}

/** The channels that devices that call report; undefined for others. */
function callerChannels(section: PlayedDevice["section"]): readonly string[] | undefined {
  if ("sl651" in section) return Object.keys(section.sl651.channels);
  if ("hj212" in section) return Object.keys(section.hj212.channels);
  if ("sparkplug" in section) return Object.keys(section.sparkplug.channels);
  if ("lorawan" in section) return localsOf(section.lorawan);
  return "szy206" in section ? Object.keys(section.szy206.channels) : undefined;
}

/** The section of its profile that a device's driver has, by the type of its link. */
function sectionOfSite(type: ScenarioLink["type"] | undefined, profile: unknown): PlayedDevice["section"] {
  if (type === "mqtt" || type === "http-push") return { payload: profile as PayloadSection };
  if (type === "lorawan") return { lorawan: profile as LorawanSection };
  if (type === "sl651") return { sl651: profile as Sl651Section };
  if (type === "hj212") return { hj212: profile as Hj212Section };
  if (type === "szy206") return { szy206: profile as Szy206Section };
  if (type === "sparkplug") return { sparkplug: profile as SparkplugSection };
  if (type === "gb26875") return { gb26875: profile as Gb26875Section };
  return { modbus: profile as ModbusSection };
}

/** The section that a link of this type needs; undefined when the profile has none. */
function sectionOfProfile(
  type: ScenarioLink["type"],
  { payload, lorawan, sl651, hj212, szy206, gb26875, sparkplug, modbus }: Profile,
): PlayedDevice["section"] | undefined {
  if (type === "mqtt" || type === "http-push") return payload && { payload };
  if (type === "lorawan") return lorawan && { lorawan };
  if (type === "sl651") return sl651 && { sl651 };
  if (type === "hj212") return hj212 && { hj212 };
  if (type === "szy206") return szy206 && { szy206 };
  if (type === "sparkplug") return sparkplug && { sparkplug };
  if (type === "gb26875") return gb26875 && { gb26875 };
  return modbus && { modbus };
}

/** The parts of an address that the simulators need; drivers have checked the rest. */
function addressOf(address: unknown): PlayedAddress {
  const { unit, modem, topic, id, source, station, mn, terminal, group, node, device, folder, devEui } =
    (address ?? {}) as Record<string, unknown>;
  return {
    unit: typeof unit === "number" ? unit : undefined,
    modem: typeof modem === "string" ? modem : undefined,
    topic: typeof topic === "string" ? topic : undefined,
    mn: typeof mn === "string" ? mn : undefined,
    terminal: typeof terminal === "string" ? terminal : undefined,
    id: typeof id === "string" ? id : undefined,
    source: typeof source === "number" ? source : undefined,
    pushedBy: typeof source === "string" ? source : undefined,
    devEui: typeof devEui === "string" ? devEui : undefined,
    station: typeof station === "number" ? station : undefined,
    group: typeof group === "string" ? group : undefined,
    node: typeof node === "string" ? node : undefined,
    device: typeof device === "string" ? device : undefined,
    folder: typeof folder === "string" ? folder : undefined,
  };
}

function fieldsOf(address: unknown): Record<string, number> {
  const entries = Object.entries((address ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}
