import { z } from "zod";
import { DOMAINS } from "../model/domain.ts";
import { GAS_NAMES, type Gas } from "../model/gas.ts";
import { QUANTITIES, type Quantity } from "../model/quantity.ts";
import { type Channel, type Site, subjectKey } from "../model/site.ts";

function oneOrMore<Option extends z.ZodType>(option: Option) {
  return z.union([option, z.array(option).min(1)]).optional();
}

const name = z.string().min(1);

/** Which channels a rule looks at: all that are given must fit, of a list any. */
export const appliesSchema = z
  .strictObject({
    channel: oneOrMore(name).meta({
      description: "Channel by key (`gd-01.lel`) or by its id within any device (`lel`).",
      examples: ["gd-01.lel"],
    }),
    quantity: oneOrMore(z.enum(QUANTITIES as [Quantity, ...Quantity[]])).meta({
      description: "Every channel of a quantity.",
      examples: ["gas_lel"],
    }),
    gas: oneOrMore(z.enum(GAS_NAMES as [Gas, ...Gas[]])).meta({
      description: "Channels that measure this gas.",
    }),
    domain: oneOrMore(z.enum(DOMAINS)).meta({ description: "Channels of points of a domain." }),
    point: oneOrMore(name).meta({ description: "Channels of a point, by id." }),
    group: oneOrMore(name).meta({ description: "Channels of the points of a group, by id." }),
    device: oneOrMore(name).meta({ description: "Channels of a device, by id." }),
    profile: oneOrMore(name).meta({ description: "Channels of devices of a profile." }),
    link: oneOrMore(name).meta({ description: "Channels of devices on a link, by id." }),
  })
  .refine((applies) => Object.values(applies).some((selector) => selector !== undefined), {
    message: "say which channels: quantity, channel, domain, point, group, device, profile, link or gas",
  })
  .meta({ description: "Which channels the rule looks at. All that is given must fit; of a list, any." });
export type Applies = z.output<typeof appliesSchema>;

/** Channels that are judged together, and the key of what they belong to. */
export interface Gathering {
  readonly key: string;
  readonly channels: readonly Channel[];
}

/** The channels of each point, or of each group, among those that fit; in the order of points or groups. */
export function gatherBy(
  site: Site,
  channels: readonly Channel[],
  { across, applies }: { across: "point" | "group"; applies: Applies },
): Gathering[] {
  if (across === "point") {
    return site.points.flatMap(({ index }) => {
      const own = channels.filter((channel) => channel.point === index);
      return own.length === 0 ? [] : [{ key: subjectKey(site, { kind: "point", index }), channels: own }];
    });
  }
  const named = applies.group === undefined ? undefined : new Set([applies.group].flat());
  return site.groups.flatMap(({ id, index, points }) => {
    if (named !== undefined && !named.has(id)) return [];
    const own = channels.filter((channel) => points.includes(channel.point));
    return own.length === 0 ? [] : [{ key: subjectKey(site, { kind: "group", index }), channels: own }];
  });
}

export type ApplyProblem = (problem: { path: string[]; message: string; hint?: string }) => void;

/** The channels that fit; names that do not exist, and a selection that is empty, are reported. Retired points are left out. */
export function matchChannels(site: Site, applies: Applies, report: ApplyProblem): Channel[] {
  let sound = true;
  const wanted = (selector: keyof Applies, known: ReadonlySet<string>) => {
    const given = applies[selector];
    if (given === undefined) return undefined;
    const names = new Set<string>(Array.isArray(given) ? given : [given]);
    for (const name of names) {
      if (known.has(name)) continue;
      sound = false;
      report({ path: ["applies", selector], message: `there is no ${selector} “${name}” in this site` });
    }
    return names;
  };
  const used = <Thing>(things: readonly Thing[], key: (thing: Thing) => string) => new Set(things.map(key));
  const everyQuantity = new Set<string>(QUANTITIES);
  const channels = wanted("channel", new Set(site.channels.flatMap((channel) => [channel.key, channel.id])));
  const quantities = wanted("quantity", everyQuantity);
  const gases = wanted("gas", new Set<string>(GAS_NAMES));
  const domains = wanted("domain", new Set<string>(DOMAINS));
  const points = wanted(
    "point",
    used(site.points, (point) => point.id),
  );
  const groups = wanted(
    "group",
    used(site.groups, (group) => group.id),
  );
  const devices = wanted(
    "device",
    used(site.devices, (device) => device.id),
  );
  const profiles = wanted(
    "profile",
    used(site.devices, (device) => device.profile),
  );
  const links = wanted(
    "link",
    used(site.links, (link) => link.id),
  );
  if (!sound) return [];
  const inGroups =
    groups === undefined
      ? undefined
      : new Set(site.groups.filter((group) => groups.has(group.id)).flatMap((group) => group.points));
  const matched = site.channels.filter((channel) => {
    const point = site.points[channel.point]!;
    const device = site.devices[channel.device]!;
    return (
      point.stage !== "retired" &&
      (channels === undefined || channels.has(channel.key) || channels.has(channel.id)) &&
      (quantities === undefined || quantities.has(channel.quantity)) &&
      (gases === undefined || (channel.gas !== undefined && gases.has(channel.gas))) &&
      (domains === undefined || domains.has(point.domain)) &&
      (points === undefined || points.has(point.id)) &&
      (inGroups === undefined || inGroups.has(channel.point)) &&
      (devices === undefined || devices.has(device.id)) &&
      (profiles === undefined || profiles.has(device.profile)) &&
      (links === undefined || links.has(site.links[device.link]!.id))
    );
  });
  if (matched.length === 0) {
    report({
      path: ["applies"],
      message: "no channel of this site fits: the rule watches nothing",
      hint: "all that `applies` gives must fit one and the same channel; `enabled: false` keeps a rule for later",
    });
  }
  return matched;
}
