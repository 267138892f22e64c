import type { DeviceOnLink } from "../../drivers/driver.ts";
import { componentAddressSchema } from "../../drivers/modbus/registers.ts";
import { PROFILE_SECTIONS, type Profile } from "../../drivers/profile.ts";
import type { Channel, Component, Device } from "../../model/site.ts";
import { inBoth } from "../messages/chinese.ts";
import type { ComponentOptions, DeviceOptions } from "./device-schema.ts";
import { resolveChannel, warnOfUnwatched } from "./resolve-channels.ts";
import { resolveDerived } from "./resolve-derived.ts";
import { didYouMean } from "./suggestion.ts";
import type { DeviceParts, Surroundings } from "./surroundings.ts";
import * as texts from "./texts/devices.ts";
import { LISTED, ofProfile, requestsOf } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";
import { validate } from "./validate.ts";

/** Everything that hangs below the links, in dense arrays. */
export interface ResolvedDevices {
  readonly devices: Device[];
  readonly components: Component[];
  readonly channels: Channel[];
  /** By link index. */
  readonly onLink: DeviceOnLink<unknown, unknown>[][];
  readonly usedProfiles: Map<string, Profile>;
}

type OnLinkChannel = DeviceOnLink<unknown, unknown>["channels"][number];

/** The devices of a site with components and channels, by their order in the file. */
export function resolveDevices(around: Surroundings): ResolvedDevices {
  const result: ResolvedDevices = {
    devices: [],
    components: [],
    channels: [],
    onLink: Array.from(around.links, () => []),
    usedProfiles: new Map(),
  };
  const addresses = new Map<string, string>();
  for (const [id, options] of around.parsed.devices.entries) {
    const parts = findParts(around, id, options);
    if (parts === undefined) continue;
    checkAddress(around, parts, addresses);
    checkEntry(around, parts);
    result.usedProfiles.set(parts.profile.id, parts.profile);
    addDevice(around, parts, result);
  }
  return result;
}

/** The things a device refers to; undefined, and problems, when one of them is not there. */
function findParts(around: Surroundings, id: string, options: DeviceOptions): DeviceParts | undefined {
  const { parsed, problems } = around;
  const path = ["devices", id];
  const link = around.links.get(options.link);
  const point = around.points.get(options.point);
  const profile = around.profiles.get(options.profile);
  if (link === undefined && !parsed.links.ids.has(options.link)) {
    problems.at(parsed.tree.spot([...path, "link"]), {
      message: of("device", id, noneCalled(THINGS.link, options.link)),
      hint: didYouMean(options.link, parsed.links.ids, LISTED.links),
    });
  }
  if (point === undefined && !parsed.points.ids.has(options.point)) {
    problems.at(parsed.tree.spot([...path, "point"]), {
      message: of("device", id, noneCalled(THINGS.point, options.point)),
      hint: didYouMean(options.point, parsed.points.ids, LISTED.points),
    });
  }
  if (profile === undefined && !around.brokenProfiles.has(options.profile)) {
    problems.at(parsed.tree.spot([...path, "profile"]), {
      message: of("device", id, noneCalled(THINGS.profile, options.profile)),
      hint: didYouMean(options.profile, around.profiles.keys(), LISTED.profiles),
    });
  }
  if (link === undefined || profile === undefined) return undefined;
  const section = sectionOf({ id, link, profile }, { parsed, problems });
  if (section === undefined) {
    const has = PROFILE_SECTIONS.filter((name) => profile[name] !== undefined);
    problems.at(parsed.tree.spot([...path, "profile"]), {
      message: of("device", id, texts.noSection(profile.id, link.kind.section, link.kind.type)),
      hint: texts.sectionsThere(has),
    });
    return undefined;
  }
  if (parsed.devices.suspect.has(id) && !parsed.tree.has([...path, "address"])) return undefined;
  const address = validate(
    link.kind.address,
    {
      root: parsed.tree.root,
      path: [...path, "address"],
      fallback: parsed.tree.spot(path, "key"),
      empty: true,
    },
    problems,
  );
  if (address === undefined || point === undefined) return undefined;
  return { id, options, link, point, profile, section, address };
}

/** What the profile says for this kind of link. What a driver of the site's own wants there it says itself. */
function sectionOf(
  { id, link, profile }: Pick<DeviceParts, "id" | "link" | "profile">,
  { parsed, problems }: Pick<Surroundings, "parsed" | "problems">,
): unknown {
  const { section, own } = link.kind;
  const written = profile[section];
  if (section !== "own" || own === undefined || written === undefined) return written;
  const checked = own.safeParse(written);
  if (checked.success) return checked.data;
  for (const { path, message } of checked.error.issues) {
    problems.at(parsed.tree.spot(["devices", id, "profile"]), {
      message: of("device", id, texts.inProfile(profile.id, ["own", ...path].join("."), inBoth(message))),
    });
  }
  return written;
}

/** Two devices that answer to one address would each report the other's values. */
function checkAddress(around: Surroundings, parts: DeviceParts, taken: Map<string, string>): void {
  const { link, id, address } = parts;
  const name =
    link.kind.addressName?.(address) ??
    (link.kind.section === "modbus" ? modbusName(address) : topicName(parts));
  if (name === undefined) return;
  const key = `${link.link.id} ${name}`;
  const other = taken.get(key);
  if (other === undefined) {
    taken.set(key, id);
    return;
  }
  around.problems.at(around.parsed.tree.spot(["devices", id, "address"]), {
    message: texts.sameAddress(id, other, { link: link.link.id, address: name }),
    hint: texts.OWN_ADDRESS,
  });
}

/** What the link's driver has to say of an entry, and outputs that there are not. */
function checkEntry(around: Surroundings, parts: DeviceParts): void {
  const { id, link, options, section, address } = parts;
  const path = ["devices", id];
  const outputs = link.kind.outputs?.(section).map((output) => output.id) ?? [];
  for (const [index, output] of options.writes.allow.entries()) {
    if (outputs.includes(output)) continue;
    around.problems.at(around.parsed.tree.spot([...path, "writes", "allow", index]), {
      message: texts.noOutput(id, output),
      hint: didYouMean(output, outputs, ofProfile("outputs", parts.profile.id)) ?? texts.NOTHING_TO_WRITE,
    });
  }
  checkRequests(around, parts);
  const entry = { options: link.link.options, address, section, writes: options.writes.allow };
  for (const problem of link.kind.problems?.(entry) ?? []) {
    around.problems.at(around.parsed.tree.spot([...path, ...problem.path]), {
      message: of("device", id, inBoth(problem.message)),
      ...(problem.hint === undefined ? {} : { hint: inBoth(problem.hint) }),
    });
  }
}

/** Permissions for requests that devices on such a link do not know. */
function checkRequests(around: Surroundings, { id, link, options }: DeviceParts): void {
  const requests = link.kind.requests?.map((request) => request.id) ?? [];
  for (const [index, request] of options.requests.allow.entries()) {
    if (requests.includes(request)) continue;
    around.problems.at(around.parsed.tree.spot(["devices", id, "requests", "allow", index]), {
      message: texts.noRequest(id, request),
      hint: didYouMean(request, requests, requestsOf(link.link.type)) ?? texts.nothingToAsk(link.link.type),
    });
  }
}

/** Undefined when the link leads to one device only. */
function modbusName(address: unknown): string | undefined {
  const { unit } = address as { unit?: unknown };
  return unit === undefined ? undefined : `unit ${String(unit)}`;
}

function topicName(device: { id: string; address: unknown; section: unknown }): string {
  const { topic, id = device.id } = device.address as { topic?: string; id?: string };
  const pattern = topic ?? (device.section as { topic: string }).topic;
  const inTopic = pattern.includes("{device}");
  return `topic ${pattern.replaceAll("{device}", id)}${inTopic ? "" : `, device ${id}`}`;
}

function addDevice(around: Surroundings, parts: DeviceParts, result: ResolvedDevices): void {
  const { id, options, link, point, profile } = parts;
  const index = result.devices.length;
  const onLink: OnLinkChannel[] = [];
  const channels: number[] = [];
  const componentIndices: number[] = [];
  const locals = localChannels(parts);
  const overrides = new Set<string>();

  const add = (local: string, component?: Component) => {
    const channelId = component === undefined ? local : `${component.id}.${local}`;
    overrides.add(channelId);
    const channel = resolveChannel(around, {
      parts,
      local,
      channelId,
      ...(component === undefined ? {} : { component }),
      index: result.channels.length,
      device: index,
    });
    if (channel === undefined) return;
    result.channels.push(channel);
    channels.push(channel.index);
    onLink.push({ local, channel, ...(component === undefined ? {} : { component }) });
  };

  for (const local of locals.own) add(local);
  const places = new Map<string, string>();
  for (const [componentId, component] of Object.entries(options.components)) {
    const resolved = resolveComponent(around, {
      parts,
      id: componentId,
      options: component,
      index: result.components.length,
      device: index,
    });
    result.components.push(resolved);
    componentIndices.push(resolved.index);
    checkComponentPlace(around, parts, { component: resolved, taken: places });
    const { components } = link.kind;
    const own =
      components !== undefined && resolved.address !== undefined
        ? components.channels(parts.section, resolved.address)
        : locals.ofComponents;
    for (const local of own) add(local, resolved);
  }
  const derived = resolveDerived(around, { parts, device: index, channels, all: result.channels });
  for (const channel of derived) channels.push(channel.index);
  checkOverrides(around, parts, overrides);

  const device: Device = {
    index,
    id,
    key: id,
    name: options.name ?? profile.name,
    link: link.link.index,
    point: point.index,
    profile: profile.id,
    ...(options.serial === undefined ? {} : { serial: options.serial }),
    address: parts.address,
    components: componentIndices,
    channels,
    liveness: options.liveness ?? profile.liveness ?? 0,
    ...(options.proofTest === undefined ? {} : { proofTest: options.proofTest }),
  };
  result.devices.push(device);
  result.onLink[link.link.index]!.push({
    device,
    address: parts.address,
    profile: parts.section,
    writes: options.writes.allow,
    requests: options.requests.allow,
    channels: onLink,
  });
  warnOfUnwatched(around, parts, device.liveness, onLink);
}

/** Which channels the profile's section reads from the device itself, and which from each of its components. */
function localChannels(parts: DeviceParts): { own: string[]; ofComponents: string[] } {
  const { profile, link } = parts;
  if (link.kind.channels !== undefined)
    return { own: [...link.kind.channels(parts.section)], ofComponents: [] };
  if (link.kind.section === "modbus") {
    const unlisted = Object.entries(profile.modbus?.unlisted ?? {});
    return {
      own: [
        ...Object.keys(profile.modbus?.channels ?? {}),
        ...unlisted.flatMap(([local, { where }]) => (where === undefined ? [local] : [local, where])),
      ],
      ofComponents: Object.keys(profile.modbus?.components?.channels ?? {}),
    };
  }
  if (link.kind.section === "sl651") {
    return { own: Object.keys(profile.sl651?.channels ?? {}), ofComponents: [] };
  }
  const own = new Set<string>();
  for (const message of profile.payload?.messages ?? []) {
    for (const local of Object.keys(message.channels)) own.add(local);
  }
  return { own: [...own], ofComponents: [] };
}

function resolveComponent(
  around: Surroundings,
  from: { parts: DeviceParts; id: string; options: ComponentOptions; index: number; device: number },
): Component {
  const { parsed, problems } = around;
  const { parts, id, options, index, device } = from;
  const path = ["devices", parts.id, "components", id];
  let { point } = parts;
  if (options.point !== undefined) {
    const own = around.points.get(options.point);
    if (own !== undefined) point = own;
    else if (!parsed.points.ids.has(options.point)) {
      problems.at(parsed.tree.spot([...path, "point"]), {
        message: of("component", id, noneCalled(THINGS.point, options.point)),
        hint: didYouMean(options.point, parsed.points.ids, LISTED.points),
      });
    }
  }
  const schema =
    parts.link.kind.components?.address ??
    (parts.profile.modbus === undefined || parts.link.kind.section !== "modbus"
      ? undefined
      : componentAddressSchema(parts.profile.modbus));
  let address: unknown;
  if (schema === undefined) {
    problems.at(parsed.tree.spot(path, "key"), {
      message: of("device", parts.id, texts.noComponents(parts.profile.id)),
      hint: texts.WHO_HAS_COMPONENTS,
    });
  } else {
    address = validate(
      schema,
      {
        root: parsed.tree.root,
        path: [...path, "address"],
        fallback: parsed.tree.spot(path, "key"),
        empty: true,
      },
      problems,
    );
  }
  return {
    index,
    id,
    key: `${parts.id}:${id}`,
    name: options.name ?? { zh: id, en: id },
    device,
    point: point.index,
    ...(address === undefined ? {} : { address }),
  };
}

/** Two components at one place would each report the other's state. */
function checkComponentPlace(
  around: Surroundings,
  parts: DeviceParts,
  { component, taken }: { component: Component; taken: Map<string, string> },
): void {
  const name =
    component.address === undefined
      ? undefined
      : parts.link.kind.components?.name(parts.section, component.address);
  if (name === undefined) return;
  const other = taken.get(name);
  if (other === undefined) {
    taken.set(name, component.id);
    return;
  }
  around.problems.at(around.parsed.tree.spot(["devices", parts.id, "components", component.id, "address"]), {
    message: texts.sameComponentAddress(component.id, other, name),
  });
}

function checkOverrides(around: Surroundings, parts: DeviceParts, known: ReadonlySet<string>): void {
  for (const name of Object.keys(parts.options.channels)) {
    if (known.has(name)) continue;
    around.problems.at(around.parsed.tree.spot(["devices", parts.id, "channels", name], "key"), {
      message: texts.noChannelOfDevice(parts.id, name),
      hint: didYouMean(name, known, ofProfile("channels", parts.profile.id)),
    });
  }
}
