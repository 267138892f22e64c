import type { Problems } from "./problem.ts";
import type { ResolvedLink } from "./resolve-links.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";

/** The kind of link that other links can take publications from. */
const EMBEDDED = "mqtt-broker";

/** Links that take what is published on the embedded broker: it is there, and who may publish is one of its users. */
export function checkFeeds(
  parsed: ParsedSite,
  links: ReadonlyMap<string, ResolvedLink>,
  problems: Problems,
): void {
  for (const [id, { link, kind }] of links) {
    const feed = kind.feed?.(link.options);
    if (feed === undefined) continue;
    const at = (key: string, message: string, hint?: string) =>
      problems.at(parsed.tree.spot(["links", id, key]), { message: `link "${id}": ${message}`, hint });
    const broker = links.get(feed.broker)?.link;
    if (broker === undefined) {
      // One that is there and wrong has been told already.
      if (parsed.links.ids.has(feed.broker)) continue;
      at("broker", `no link is called "${feed.broker}"`, didYouMean(feed.broker, parsed.links.ids, "links"));
      continue;
    }
    if (broker.type !== EMBEDDED) {
      const hint = `a broker elsewhere is named by its address: url`;
      at("broker", `"${broker.id}" is a link of type ${broker.type}, not the site's own broker`, hint);
      continue;
    }
    const known = Object.keys((broker.options as { users?: object }).users ?? {});
    if (known.length > 0 && feed.users.length === 0) {
      const hint = "users: [chirpstack], a user of role observer";
      at("broker", `say which users of "${broker.id}" may publish there: every other one is refused`, hint);
    }
    for (const user of feed.users.filter((name) => !known.includes(name))) {
      at("users", `link "${broker.id}" has no user "${user}"`, didYouMean(user, known, "users"));
    }
  }
}
