import type { Point } from "../../model/site.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";
import { nobodyNotified } from "./texts/routes.ts";

/** Options of routes that name things of the site, whatever their kind. */
interface Naming {
  readonly select?: {
    readonly points?: readonly string[] | undefined;
    readonly groups?: readonly string[] | undefined;
    readonly notify?: readonly string[] | undefined;
  };
  readonly uplink?: string;
  readonly areas?: object;
  readonly cap?: { readonly areas?: object };
}

/** A route that names a point nobody has would be silent for ever: everything that routes name must be there. */
export function checkRoutes(
  parsed: ParsedSite,
  points: ReadonlyMap<string, Point>,
  problems: Problems,
): void {
  const notified = new Set([...points.values()].flatMap(({ notify }) => notify));
  for (const [id, options] of parsed.routes.entries) {
    const { select = {}, uplink, areas, cap } = options as Naming;
    const at = (...path: readonly (string | number)[]) => parsed.tree.spot(["routes", id, ...path]);
    const known = (
      path: readonly (string | number)[],
      about: { name: string; what: "point" | "group" | "uplink"; ids: ReadonlySet<string> },
    ) => {
      const { name, what, ids } = about;
      if (ids.has(name)) return;
      problems.at(at(...path), {
        message: of("route", id, noneCalled(THINGS[what], name)),
        hint: didYouMean(name, ids, LISTED[`${what}s`]),
      });
    };
    for (const [i, name] of (select.points ?? []).entries())
      known(["select", "points", i], { name, what: "point", ids: parsed.points.ids });
    for (const [i, name] of (select.groups ?? []).entries())
      known(["select", "groups", i], { name, what: "group", ids: parsed.groups.ids });
    for (const name of Object.keys(areas ?? {}))
      known(["areas", name], { name, what: "point", ids: parsed.points.ids });
    for (const name of Object.keys(cap?.areas ?? {}))
      known(["cap", "areas", name], { name, what: "point", ids: parsed.points.ids });
    if (uplink !== undefined) known(["uplink"], { name: uplink, what: "uplink", ids: parsed.uplinks.ids });
    for (const [i, name] of (select.notify ?? []).entries()) {
      if (notified.has(name)) continue;
      problems.at(at("select", "notify", i), {
        severity: "warning",
        message: of("route", id, nobodyNotified(name)),
        hint: didYouMean(name, notified, LISTED.notified),
      });
    }
  }
}
