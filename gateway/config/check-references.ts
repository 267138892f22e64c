import type { Channel, Point, Site } from "../../model/site.ts";
import { GATEWAY_POINT } from "../../rules/built-in.ts";
import type { Rule } from "../../rules/rule.ts";
import { checkRoutes } from "./check-routes.ts";
import { checkSirens } from "./check-sirens.ts";
import { isTree, type Tree } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedDevices } from "./resolve-devices.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import * as texts from "./texts/references.ts";

/** References that stand in the options of a section's own schema, and things that nothing refers to. */
export function checkReferences(
  parsed: ParsedSite,
  resolved: { points: ReadonlyMap<string, Point>; things: ResolvedDevices },
  problems: Problems,
): void {
  checkBrokerUsers(parsed, problems);
  checkRoutes(parsed, resolved.points, problems);
  checkSirens(parsed, resolved.things, problems);
  if (parsed.points.ids.has(GATEWAY_POINT)) {
    problems.at(parsed.tree.spot(["points", GATEWAY_POINT], "key"), {
      message: texts.reservedPoint(GATEWAY_POINT),
    });
  }
  if (problems.failed) return;
  warnOfIdlePoints(parsed, resolved, problems);
  if (parsed.devices.ids.size > 0 && parsed.rules.ids.size === 0) {
    problems.at(parsed.tree.spot(["rules"]), {
      severity: "warning",
      message: texts.NO_RULES,
    });
  }
}

/** Users of a broker speak for devices by id. */
function checkBrokerUsers(parsed: ParsedSite, problems: Problems): void {
  for (const [id, link] of parsed.links.entries) {
    const { users } = link as { users?: unknown };
    if (!isTree(users)) continue;
    for (const [name, user] of Object.entries(users)) {
      const devices = (user as Tree).devices;
      if (!Array.isArray(devices)) continue;
      for (const [i, device] of devices.entries()) {
        if (parsed.devices.ids.has(String(device))) continue;
        problems.at(parsed.tree.spot(["links", id, "users", name, "devices", i]), {
          message: texts.of("user", name, texts.noneCalled(texts.THINGS.device, String(device))),
          hint: didYouMean(String(device), parsed.devices.ids, LISTED.devices),
        });
      }
    }
  }
}

function warnOfIdlePoints(
  parsed: ParsedSite,
  { points, things }: { points: ReadonlyMap<string, Point>; things: ResolvedDevices },
  problems: Problems,
): void {
  const watched = new Set(things.channels.map((channel) => channel.point));
  for (const [id, point] of points) {
    if (point.stage !== "live" || watched.has(point.index)) continue;
    problems.at(parsed.tree.spot(["points", id], "key"), {
      severity: "warning",
      message: texts.idlePoint(id),
      hint: texts.GIVE_DEVICE,
    });
  }
}

/** How many names a warning lists. */
const MOST_NAMED = 5;

/** Channels whose word is danger, and that no rule listens to: a fire that nobody would hear of. */
export function warnOfSilentDanger(
  parsed: ParsedSite,
  { site, rules }: { site: Site; rules: readonly Rule[] },
  problems: Problems,
): void {
  const heard = new Set(
    rules.flatMap((rule) => rule.subjects.flatMap(({ channel, inputs }) => inputs ?? [channel])),
  );
  const silent = new Map<string, Channel[]>();
  for (const channel of site.channels) {
    if (!channel.danger || heard.has(channel.index)) continue;
    const device = site.devices[channel.device]!.id;
    silent.set(device, [...(silent.get(device) ?? []), channel]);
  }
  for (const [device, channels] of silent) {
    const names = channels.slice(0, MOST_NAMED).map((channel) => channel.id);
    const quantities = [...new Set(channels.map((channel) => channel.quantity))];
    problems.at(parsed.tree.spot(["devices", device], "key"), {
      severity: "warning",
      message: texts.silentDanger(device, names, channels.length - names.length),
      hint: texts.ruleForDanger(quantities),
    });
  }
}
