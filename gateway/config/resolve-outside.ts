import type { OutsideSource } from "../../model/outside.ts";
import type { OutsideConfiguration } from "../configuration.ts";
import type { OutsideOptions } from "../outside/options.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedLink } from "./resolve-links.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";

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
    const at = (path: readonly PropertyKey[], message: string, hint?: string) =>
      problems.at(parsed.tree.spot(["outside", id, ...path]), {
        message: `outside source "${id}": ${message}`,
        hint,
      });
    if (options.mqtt !== undefined) checkMqtt(options.mqtt, { parsed, links, at });
    if (options.http !== undefined) checkHttp(options.http, parsed, at);
    const topic = options.mqtt === undefined ? undefined : `${options.mqtt.link} ${options.mqtt.topic}`;
    const other = topic === undefined ? undefined : topics.get(topic);
    if (other !== undefined) at(["mqtt", "topic"], `"${other}" speaks on this topic already`);
    if (topic !== undefined) topics.set(topic, id);
    return { source: sourceOf(id, { index, options, at }), options };
  });
}

type At = (path: readonly PropertyKey[], message: string, hint?: string) => void;

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
      `it cannot say ${String(otherwise)}`,
      levels === undefined ? undefined : `levels: ${levels.join(", ")}`,
    );
  }
  for (const [from, word] of Object.entries(options.mqtt?.words ?? {})) {
    if (number(word) !== undefined) continue;
    at(
      ["mqtt", "words", from],
      `it cannot say ${String(word)}`,
      levels === undefined ? undefined : `levels: ${levels.join(", ")}`,
    );
  }
  if (levels !== undefined && new Set(levels).size < levels.length) at(["levels"], "a level stands twice");
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
      at(["mqtt", "link"], `no link is called "${id}"`, didYouMean(id, parsed.links.ids, "links"));
    return;
  }
  if (!BROKERS.has(link.type)) {
    at(["mqtt", "link"], `"${id}" is a link of type ${link.type}: nobody publishes there`);
    return;
  }
  const known = Object.keys((link.options as { users?: object }).users ?? {});
  if (link.type !== EMBEDDED) {
    if (users !== undefined) {
      at(
        ["mqtt", "users"],
        "who may publish on an external broker is that broker's matter",
        "leave users out",
      );
    }
    return;
  }
  if (known.length > 0 && users === undefined) {
    at(
      ["mqtt"],
      `say which users of "${id}" may publish there: every other one is refused`,
      "users: [weather], a user of role observer",
    );
  }
  for (const [i, user] of (users ?? []).entries()) {
    if (!known.includes(user)) {
      at(["mqtt", "users", i], `link "${id}" has no user "${user}"`, didYouMean(user, known, "users"));
    }
  }
}

function checkHttp({ users }: NonNullable<OutsideOptions["http"]>, parsed: ParsedSite, at: At): void {
  const known = Object.keys(parsed.http?.users ?? {});
  if (parsed.http?.enabled === false) at(["http"], "the HTTP interface is switched off");
  for (const [i, user] of users.entries()) {
    if (!known.includes(user)) {
      at(
        ["http", "users", i],
        `there is no user "${user}" under http.users`,
        didYouMean(user, known, "users"),
      );
    }
  }
}
