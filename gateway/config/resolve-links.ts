import type { DriverKind } from "../../drivers/driver.ts";
import type { Link } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { folderOf, withAbsoluteFiles } from "./option-files.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import { brokerAlready, secondBroker } from "./texts/devices.ts";

/** A link with what its driver is. */
export interface ResolvedLink {
  readonly link: Link;
  readonly kind: DriverKind;
}

/** Alerts are published on the embedded broker; two of them would be two truths. */
const EMBEDDED_BROKER = "mqtt-broker";

/** The links of a site, by their order in the file. */
export function resolveLinks(
  parsed: ParsedSite,
  kinds: ReadonlyMap<string, DriverKind>,
  problems: Problems,
): Map<string, ResolvedLink> {
  const links = new Map<string, ResolvedLink>();
  let broker: string | undefined;
  for (const [id, parsedLink] of parsed.links.entries) {
    const { type, name, ...options } = parsedLink as { type: string; name?: Text };
    const kind = kinds.get(type);
    if (kind === undefined) continue;
    if (kind.type === EMBEDDED_BROKER) {
      if (broker !== undefined) {
        problems.at(parsed.tree.spot(["links", id], "key"), {
          message: secondBroker(id),
          hint: brokerAlready(broker),
        });
      }
      broker ??= id;
    }
    const link: Link = {
      index: links.size,
      id,
      key: `link@${id}`,
      name: name ?? { zh: id, en: id },
      type: kind.type,
      options: withAbsoluteFiles(options, folderOf(parsed, "links", id)),
    };
    links.set(id, { link, kind });
  }
  return links;
}
