import type { Text } from "../../model/text.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedLink } from "./resolve-links.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { noneCalled, of, THINGS } from "./texts/references.ts";
import * as texts from "./texts/routes.ts";

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
    const at = (key: string, message: Text, hint?: Text) =>
      problems.at(parsed.tree.spot(["links", id, key]), { message: of("link", id, message), hint });
    const broker = links.get(feed.broker)?.link;
    if (broker === undefined) {
      // One that is there and wrong has been told already.
      if (parsed.links.ids.has(feed.broker)) continue;
      at(
        "broker",
        noneCalled(THINGS.link, feed.broker),
        didYouMean(feed.broker, parsed.links.ids, LISTED.links),
      );
      continue;
    }
    if (broker.type !== EMBEDDED) {
      at("broker", texts.notOwnBroker(broker.id, broker.type), texts.BROKER_ELSEWHERE);
      continue;
    }
    const known = Object.keys((broker.options as { users?: object }).users ?? {});
    if (known.length > 0 && feed.users.length === 0) {
      at("broker", texts.sayWho(broker.id), texts.observer("chirpstack"));
    }
    for (const user of feed.users.filter((name) => !known.includes(name))) {
      at("users", texts.noUserOfLink(broker.id, user), didYouMean(user, known, LISTED.users));
    }
  }
}
