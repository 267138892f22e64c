import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { DriverKind } from "../../drivers/driver.ts";
import type { LoadedProfiles } from "../../drivers/profile-store.ts";
import type { Site } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { compileInhibitions } from "../../rules/life-cycle/inhibition.ts";
import { compilePermits } from "../../rules/life-cycle/permit.ts";
import { compileRules } from "../../rules/rule.ts";
import type { Configuration } from "../configuration.ts";
import { inBoth } from "../messages/chinese.ts";
import type { RouteOptions } from "../routes/options.ts";
import { checkFeeds } from "./check-feeds.ts";
import { checkReferences, warnOfSilentDanger } from "./check-references.ts";
import type { PackUse } from "./expand-packs.ts";
import type { SiteSource } from "./files.ts";
import { spotWithin } from "./inner-spot.ts";
import { isTree, valueAt } from "./located.ts";
import { folderOf, withAbsoluteFiles } from "./option-files.ts";
import type { Problems } from "./problem.ts";
import { resolveCalendars } from "./resolve-calendars.ts";
import { type ResolvedDevices, resolveDevices } from "./resolve-devices.ts";
import { resolveLinks } from "./resolve-links.ts";
import { resolveOutside } from "./resolve-outside.ts";
import { idlePackRules, type PackedSite } from "./resolve-packs.ts";
import { resolveGroups, resolvePoints } from "./resolve-places.ts";
import { readSecret } from "./secret.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import type { Surroundings } from "./surroundings.ts";
import { LISTED } from "./texts/hints.ts";
import { of } from "./texts/references.ts";

/** What resolving needs besides the parsed sections. */
export interface ResolveOptions {
  readonly source: SiteSource;
  /** The kinds of link that there are, by type. */
  readonly kinds: ReadonlyMap<string, DriverKind>;
  readonly profiles: LoadedProfiles["profiles"];
  readonly profileFolders: readonly string[];
  readonly brokenProfiles: ReadonlySet<string>;
  /** Comes before the site file's `data`; relative to the working folder. */
  readonly data?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Whether templates and packs brought all that they should have. */
  readonly complete: boolean;
  readonly packs: readonly PackUse[];
}

/** Letters of the revision: 48 bits tell the revisions of one site apart. */
const REVISION_LENGTH = 12;

/**
 * Turns references into indices and fills in what profiles and defaults say. Problems are reported as far as anything can be
 * resolved; undefined when there were any.
 */
export function resolveSite(
  parsed: ParsedSite,
  options: ResolveOptions,
  problems: Problems,
): Configuration | undefined {
  const points = resolvePoints(parsed);
  const groups = resolveGroups(parsed, points, problems);
  const links = resolveLinks(parsed, options.kinds, problems);
  const around: Surroundings = {
    parsed,
    points,
    pointAt: [...points.values()],
    links,
    profiles: options.profiles,
    brokenProfiles: options.brokenProfiles,
    problems,
  };
  const things = resolveDevices(around);
  checkReferences(parsed, { points, things }, problems);

  checkFeeds(parsed, links, problems);
  const outside = resolveOutside(parsed, links, problems);
  const timeZone = parsed.site?.timeZone ?? "UTC";
  const site: Site = {
    id: parsed.site?.id ?? "",
    name: parsed.site?.name ?? { zh: "", en: "" },
    timeZone,
    revision: revision(parsed, things.usedProfiles),
    points: around.pointAt,
    groups: [...groups.values()],
    links: [...links.values()].map(({ link }) => link),
    devices: things.devices,
    components: things.components,
    channels: things.channels,
    calendars: resolveCalendars(parsed, timeZone, problems),
    outside: outside.map(({ source }) => source),
  };
  const rules = options.complete ? resolveRules({ parsed, site, uses: options.packs }, problems) : undefined;
  if (rules !== undefined && !problems.failed) warnOfSilentDanger(parsed, { site, rules }, problems);
  const lifeCycle = rules === undefined ? undefined : resolveLifeCycle(parsed, { site, rules }, problems);
  const { alarms, cases, alerts, http, journal } = parsed;
  if (problems.failed || rules === undefined || lifeCycle === undefined) return undefined;
  if (alarms === undefined || cases === undefined) return undefined;
  if (alerts === undefined || http === undefined || journal === undefined) return undefined;

  const { folder, files } = options.source;
  const { environment } = options;
  return {
    files: files.map((file) => file.path),
    folder,
    site,
    drivers: options.kinds,
    rules,
    lifeCycle,
    alarms,
    cases,
    alerts,
    http,
    journal,
    sinks: [...parsed.sinks.entries].map(([id, sink]) => ({
      id,
      options: withAbsoluteFiles(sink, folderOf(parsed, "sinks", id)),
    })),
    uplinks: [...parsed.uplinks.entries].map(([id, uplink]) => ({
      id,
      options: withAbsoluteFiles(uplink, folderOf(parsed, "uplinks", id)),
    })),
    routes: [...parsed.routes.entries].map(([id, route]) => ({
      id,
      // The kind's own schema has parsed it, and every kind begins with what is common to all.
      options: withAbsoluteFiles(route as RouteOptions, folderOf(parsed, "routes", id)),
    })),
    outside,
    dataFolder: options.data !== undefined ? resolve(options.data) : resolve(folder, parsed.data ?? "./data"),
    profiles: things.usedProfiles,
    profileFolders: options.profileFolders,
    ...(parsed.simulate === undefined ? {} : { simulate: resolve(folder, parsed.simulate) }),
    ...lookups(things.onLink, { folder, environment }),
  };
}

/** What a configuration can be asked. Made apart: a closure of `resolveSite` would keep the text of the site for good. */
function lookups(
  onLink: ResolvedDevices["onLink"],
  { folder, environment }: { folder: string; environment: NodeJS.ProcessEnv },
): Pick<Configuration, "devicesOf" | "secret"> {
  return {
    devicesOf: (link) => onLink[link] ?? [],
    secret: (reference) => readSecret(reference, folder, environment),
  };
}

/** The rules, compiled for the site. A site with holes would make sound rules look wrong: then they are left for later. */
function resolveRules(packed: PackedSite, problems: Problems): Configuration["rules"] | undefined {
  const { parsed, site } = packed;
  const sections = ["points", "groups", "links", "devices", "calendars", "outside"] as const;
  const whole =
    sections.every((name) => isTree(parsed.tree.root[name] ?? {})) &&
    site.points.length === parsed.points.ids.size &&
    site.devices.length === parsed.devices.ids.size &&
    site.links.length === parsed.links.ids.size &&
    site.groups.length === parsed.groups.ids.size &&
    site.calendars?.length === parsed.calendars.ids.size &&
    site.outside?.length === parsed.outside.ids.size;
  if (!whole) return undefined;
  const idle = idlePackRules(packed, problems);
  const rules = [...parsed.rules.entries].filter(([id]) => !idle.has(id));
  return compileRules(site, Object.fromEntries(rules), ({ rule, path, message, hint, offset }) => {
    const full = ["rules", rule, ...path];
    const spot = parsed.tree.spot(full, path.length === 0 ? "key" : "value");
    problems.at(
      offset === undefined || spot.pack !== undefined
        ? spot
        : spotWithin(spot, String(valueAt(parsed.tree.root, full)), offset),
      {
        code: "RULE_INVALID",
        message: of("rule", rule, inBoth(message)),
        hint: hint !== undefined ? inBoth(hint) : nameHint(site, path, valueAt(parsed.tree.root, full)),
      },
    );
  });
}

/** What the site says of the life cycle of its alarms. */
function resolveLifeCycle(
  parsed: ParsedSite,
  { site, rules }: Pick<Configuration, "site" | "rules">,
  problems: Problems,
): Configuration["lifeCycle"] {
  const inhibitors = compileInhibitions(site, rules, {
    inhibitions: Object.fromEntries(parsed.inhibitions.entries),
    report: ({ inhibition, path, message, hint }) => {
      const full = ["inhibitions", inhibition, ...path];
      const given = valueAt(parsed.tree.root, full);
      problems.at(parsed.tree.spot(full, path.length === 0 ? "key" : "value"), {
        code: "RULE_INVALID",
        message: of("inhibition", inhibition, inBoth(message)),
        hint: hint !== undefined ? inBoth(hint) : inhibitionHint({ site, parsed }, path, given),
      });
    },
  });
  const permits = compilePermits(
    Object.fromEntries(parsed.permits.entries),
    rules,
    ({ permit, path, message }) => {
      const full = ["permits", permit, ...path];
      problems.at(parsed.tree.spot(full), {
        code: "RULE_INVALID",
        message: of("permit", permit, inBoth(message)),
        hint: didYouMean(String(valueAt(parsed.tree.root, full)), parsed.rules.ids, LISTED.rules),
      });
    },
  );
  return { inhibitors, permits };
}

/** For a name in an inhibition that the site does not have: the nearest that it has. */
function inhibitionHint(
  { site, parsed }: { site: Site; parsed: ParsedSite },
  path: readonly (string | number)[],
  given: unknown,
): Text | undefined {
  const [section, key] = path;
  if (typeof given !== "string") return undefined;
  if (key === "applies") return nameHint(site, path.slice(1), given);
  if (key === "rule" || key === "rules") return didYouMean(given, parsed.rules.ids, LISTED.rules);
  if (section !== "while" || (key !== "channel" && key !== "subject")) return undefined;
  return didYouMean(
    given,
    new Set(site.channels.flatMap((channel) => [channel.id, channel.key])),
    LISTED.channels,
  );
}

/** For a name under `applies` that the site does not have: the nearest that it has. */
function nameHint(site: Site, path: readonly PropertyKey[], name: unknown): Text | undefined {
  if (path[0] !== "applies" || path.length !== 2 || typeof name !== "string") return undefined;
  switch (path[1]) {
    case "device":
      return didYouMean(name, ids(site.devices), LISTED.devices);
    case "point":
      return didYouMean(name, ids(site.points), LISTED.points);
    case "group":
      return didYouMean(name, ids(site.groups), LISTED.groups);
    case "link":
      return didYouMean(name, ids(site.links), LISTED.links);
    case "profile":
      return didYouMean(name, new Set(site.devices.map((device) => device.profile)), LISTED.profilesInUse);
    case "channel":
      return didYouMean(
        name,
        new Set(site.channels.flatMap((channel) => [channel.id, channel.key])),
        LISTED.channels,
      );
    default:
      return undefined;
  }
}

function ids(things: readonly { readonly id: string }[]): string[] {
  return things.map((thing) => thing.id);
}

/** Short hash of everything that decides what the gateway does; comments and line breaks do not. */
function revision(parsed: ParsedSite, profiles: ReadonlyMap<string, unknown>): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(parsed.tree.root));
  for (const [id, profile] of profiles) hash.update(`\n${id} ${JSON.stringify(profile)}`);
  return hash.digest("hex").slice(0, REVISION_LENGTH);
}
