import type { Site } from "../../model/site.ts";
import { appliesSchema, matchChannels } from "../../rules/subjects.ts";
import type { BroughtRule, PackUse } from "./expand-packs.ts";
import { flow } from "./flow.ts";
import { entryOf, isTree, spotOf } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import * as texts from "./texts/packs.ts";

/** A site whose channels are known. */
export interface PackedSite {
  readonly parsed: ParsedSite;
  readonly site: Site;
  readonly uses: readonly PackUse[];
}

/**
 * Ids of the rules of packs that look at nothing this site has: they are simply not used. A pack of which nothing is used is an
 * error, and so is a rule that has channels and lacks a parameter; what the site says in vain is a warning.
 */
export function idlePackRules({ site, uses }: PackedSite, problems: Problems): ReadonlySet<string> {
  const idle = new Set<string>();
  for (const use of uses) {
    const { pack, spot } = use;
    const used: BroughtRule[] = [];
    for (const rule of use.rules) {
      const fit = fitOf(rule, site);
      if (fit === "none") {
        idle.add(rule.id);
        warnOfVainChange(rule, use, problems);
        continue;
      }
      used.push(rule);
      if (fit === "some") demand(rule, use, problems);
    }
    if (used.length === 0) {
      problems.at(spot, { message: texts.packForNothing(pack.id), hint: texts.FIT_ONE_CHANNEL });
    }
    for (const [name, at] of use.given) {
      if (pack.parameters[name] === undefined || used.length === 0) continue;
      if (used.some(({ parameters }) => parameters.has(name))) continue;
      const takers = use.rules.filter(({ parameters }) => parameters.has(name));
      problems.at(at, {
        severity: "warning",
        message: texts.inVain(name),
        hint: takers.length === 0 ? undefined : texts.rulesThatWould(takers.map((taker) => taker.name)),
      });
    }
  }
  return idle;
}

/**
 * Whether a rule fits any channel; `unknown` where the site itself names something wrongly, which is left for the rule's own
 * complaint.
 */
function fitOf({ applies }: BroughtRule, site: Site): "some" | "none" | "unknown" {
  const options = appliesSchema.safeParse(applies);
  if (!options.success || !isTree(applies)) return "unknown";
  let slip = false;
  const matched = matchChannels(site, options.data, ({ path: [, selector] }) => {
    const spot = selector === undefined ? spotOf(applies) : entryOf(applies, selector)?.value;
    if (spot?.pack === undefined) slip = true;
  });
  if (slip) return "unknown";
  return matched.length > 0 ? "some" : "none";
}

function warnOfVainChange({ name, changed }: BroughtRule, { pack }: PackUse, problems: Problems): void {
  if (changed === undefined) return;
  problems.at(changed, {
    severity: "warning",
    message: texts.changeInVain(name, pack.id),
    hint: texts.NOT_WANTED,
  });
}

/** Reports parameters that a rule with channels does not have: nothing is made up in their place. */
function demand({ name, missing }: BroughtRule, { pack, spot }: PackUse, problems: Problems): void {
  if (missing.length === 0) return;
  const example = Object.fromEntries(
    missing.map((parameter) => [parameter, pack.parameters[parameter]!.example]),
  );
  problems.at(spot, {
    message: texts.needsParameters(name, pack.id, missing),
    hint: texts.setOrDisable(flow(example), name),
  });
}
