import type { OutsideSource } from "../../model/outside.ts";
import type { Text } from "../../model/text.ts";
import type { OutsideConfiguration } from "../configuration.ts";
import type { OutsideOptions } from "../outside/options.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedLink } from "./resolve-links.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED, listed } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";
import * as texts from "./texts/routes.ts";

/** Links that outside sources may speak on. */
const BROKERS: ReadonlySet<string> = new Set(["mqtt-broker", "mqtt-client"]);
const EMBEDDED = "mqtt-broker";

/** The outside sources of a site. Reports references that lead nowhere, and who would be heard without being known. */
export function resolveOutside(
  parsed: ParsedSite,
  links: ReadonlyMap<string, ResolvedLink>,
  problems: Problems,
): OutsideConfiguration[] {
  const topics = new Map<string, string>();
  return [...parsed.outside.entries].map(([id, options], index) => {
    const at: At = (path, message, hint) =>
      problems.at(parsed.tree.spot(["outside", id, ...path]), { message: of("outside", id, message), hint });
    if (options.mqtt !== undefined) checkMqtt(options.mqtt, { parsed, links, at });
    if (options.http !== undefined) checkHttp(options.http, parsed, at);
    const topic = options.mqtt === undefined ? undefined : `${options.mqtt.link} ${options.mqtt.topic}`;
    const other = topic === undefined ? undefined : topics.get(topic);
    if (other !== undefined) at(["mqtt", "topic"], texts.speaksAlready(other));
    if (topic !== undefined) topics.set(topic, id);
    return { source: sourceOf(id, { index, options, at }), options };
  });
}

type At = (path: readonly PropertyKey[], message: Text, hint?: Text) => void;

function sourceOf(
  id: string,
  { index, options, at }: { index: number; options: OutsideOptions; at: At },
): OutsideSource {
  const { name, levels, unit, range, validFor, otherwise } = options;
  const number = (word: string | number): number | undefined => {
    if (levels === undefined) return typeof word === "number" ? word : undefined;
    const found = levels.indexOf(String(word));
    return found < 0 ? undefined : found;
  };
  const standard = otherwise === undefined ? undefined : number(otherwise);
  if (otherwise !== undefined && standard === undefined) {
    at(
      ["otherwise"],
      texts.cannotSay(String(otherwise)),
      levels === undefined ? undefined : listed(LISTED.levels, levels),
    );
  }
  for (const [from, word] of Object.entries(options.mqtt?.words ?? {})) {
    if (number(word) !== undefined) continue;
    at(
      ["mqtt", "words", from],
      texts.cannotSay(String(word)),
      levels === undefined ? undefined : listed(LISTED.levels, levels),
    );
  }
  if (levels !== undefined && new Set(levels).size < levels.length) at(["levels"], texts.LEVEL_TWICE);
  return {
    index,
    id,
    name,
    validFor,
    ...(levels === undefined ? {} : { levels }),
    ...(unit === undefined ? {} : { unit }),
    ...(range === undefined ? {} : { range }),
    ...(standard === undefined ? {} : { standard }),
  };
}

function checkMqtt(
  { link: id, users }: NonNullable<OutsideOptions["mqtt"]>,
  { parsed, links, at }: { parsed: ParsedSite; links: ReadonlyMap<string, ResolvedLink>; at: At },
): void {
  const link = links.get(id)?.link;
  if (link === undefined) {
    if (!parsed.links.ids.has(id))
      at(["mqtt", "link"], noneCalled(THINGS.link, id), didYouMean(id, parsed.links.ids, LISTED.links));
    return;
  }
  if (!BROKERS.has(link.type)) {
    at(["mqtt", "link"], texts.notABroker(id, link.type));
    return;
  }
  const known = Object.keys((link.options as { users?: object }).users ?? {});
  if (link.type !== EMBEDDED) {
    if (users !== undefined) {
      at(["mqtt", "users"], texts.OTHERS_MATTER, texts.LEAVE_USERS_OUT);
    }
    return;
  }
  if (known.length > 0 && users === undefined) {
    at(["mqtt"], texts.sayWho(id), texts.observer("weather"));
  }
  for (const [i, user] of (users ?? []).entries()) {
    if (!known.includes(user)) {
      at(["mqtt", "users", i], texts.noUserOfLink(id, user), didYouMean(user, known, LISTED.users));
    }
  }
}

function checkHttp({ users }: NonNullable<OutsideOptions["http"]>, parsed: ParsedSite, at: At): void {
  const known = Object.keys(parsed.http?.users ?? {});
  if (parsed.http?.enabled === false) at(["http"], texts.HTTP_OFF);
  for (const [i, user] of users.entries()) {
    if (!known.includes(user)) {
      at(["http", "users", i], texts.noUserOfHttp(user), didYouMean(user, known, LISTED.users));
    }
  }
}
