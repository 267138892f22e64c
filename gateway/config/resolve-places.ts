import { toWgs84 } from "../../model/coordinates.ts";
import type { Group, Location, Point } from "../../model/site.ts";
import type { LocationOptions } from "./place-schema.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";

/** The points of a site, by their order in the file. */
export function resolvePoints(parsed: ParsedSite): Map<string, Point> {
  const points = new Map<string, Point>();
  const mode = parsed.site?.mode ?? "live";
  for (const [id, options] of parsed.points.entries) {
    points.set(id, {
      index: points.size,
      id,
      name: options.name,
      domain: options.domain,
      stage: options.stage,
      // What is still being set up raises no alarm in earnest, unless the site says that it does.
      mode: options.mode ?? (isBeingSetUp(options.stage) && mode === "live" ? "test" : mode),
      location: options.location === undefined ? {} : resolveLocation(options.location),
      codes: options.codes,
      notify: options.notify,
    });
  }
  return points;
}

function isBeingSetUp(stage: Point["stage"]): boolean {
  return stage === "planned" || stage === "commissioning";
}

/** A place with its coordinates in WGS-84. */
export function resolveLocation(options: LocationOptions): Location {
  const { longitude, latitude, system, ...rest } = options;
  const named = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  if (longitude === undefined || latitude === undefined) return named;
  return { ...toWgs84({ longitude, latitude }, system), ...named };
}

/** The groups of a site: points they list, and points that name them. */
export function resolveGroups(
  parsed: ParsedSite,
  points: ReadonlyMap<string, Point>,
  problems: Problems,
): Map<string, Group> {
  const members = new Map<string, Set<number>>();
  for (const [id, options] of parsed.groups.entries) {
    const set = new Set<number>();
    members.set(id, set);
    for (const [i, point] of options.points.entries()) {
      const found = points.get(point);
      if (found !== undefined) set.add(found.index);
      else if (!parsed.points.ids.has(point)) {
        const hint = didYouMean(point, parsed.points.ids, LISTED.points);
        problems.at(parsed.tree.spot(["groups", id, "points", i]), {
          message: of("group", id, noneCalled(THINGS.point, point)),
          hint,
        });
      }
    }
  }
  for (const [id, options] of parsed.points.entries) {
    for (const [i, group] of options.groups.entries()) {
      const set = members.get(group);
      if (set !== undefined) set.add(points.get(id)!.index);
      else if (!parsed.groups.ids.has(group)) {
        problems.at(parsed.tree.spot(["points", id, "groups", i]), {
          message: noneCalled(THINGS.group, group),
          hint: didYouMean(group, parsed.groups.ids, LISTED.groups),
        });
      }
    }
  }
  const groups = new Map<string, Group>();
  for (const [id, options] of parsed.groups.entries) {
    const inOrder = [...members.get(id)!].sort((a, b) => a - b);
    groups.set(id, { index: groups.size, id, name: options.name, points: inOrder });
  }
  return groups;
}
