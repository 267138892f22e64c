import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadConfiguration } from "../../../gateway/config/load.ts";
import type { Configuration } from "../../../gateway/configuration.ts";
import { mappingSchema } from "../../../gateway/replay/mapping.ts";
import { type Outcome, replay } from "../../../gateway/replay/run.ts";
import { TableSource } from "../../../gateway/replay/table-source.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { ALL } from "../replayed.ts";

/** A site for recorded instruments, as a safety engineer would write it to try rules on a table. */
export interface RecordedSite {
  readonly zone?: string;
  readonly domain: string;
  /** Channels of each device, by its id: quantity, and what else its profile says of the channel. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly rules: Readonly<Record<string, unknown>>;
}

/** Id of a device for a name of anything. */
export function idOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-+$/, "");
}

/** The site through the checks that every site goes through. */
export function configurationOf(site: RecordedSite): Configuration {
  using folder = temporaryFolder("recorded");
  mkdirSync(folder.join("profiles"));
  for (const [id, channels] of Object.entries(site.devices)) {
    writeFileSync(join(folder.join("profiles"), `${id}.yaml`), stringify(profileOf(id, channels)));
  }
  writeFileSync(
    folder.join("site.yaml"),
    stringify({
      site: { id: "recorded", name: "记录", timeZone: site.zone ?? "UTC" },
      profiles: ["profiles"],
      links: { broker: { type: "mqtt-broker", listen: "127.0.0.1:1883" } },
      points: { place: { name: "place", domain: site.domain } },
      devices: Object.fromEntries(
        Object.keys(site.devices).map((id) => [id, { profile: id, link: "broker", point: "place" }]),
      ),
      rules: Object.fromEntries(
        Object.entries(site.rules).map(([id, rule]) => [
          id,
          { name: id, basis: "site", guidance: "look", ...(rule as object) },
        ]),
      ),
    }),
  );
  return loadConfiguration(folder.join("site.yaml"));
}

function profileOf(id: string, channels: RecordedSite["devices"][string]) {
  return {
    id,
    vendor: "recorded",
    product: id,
    class: "environment",
    name: { zh: id, en: id },
    source: "a recorded table",
    maturity: "documented",
    channels,
    payload: {
      topic: "devices/{device}",
      messages: [
        {
          suffix: "/state",
          format: "json",
          channels: Object.fromEntries(Object.keys(channels).map((key) => [key, { path: key }])),
        },
      ],
    },
  };
}

/** A table through the rules of a site. */
export function playTable(
  configuration: Configuration,
  path: string,
  mapping: unknown,
): { outcome: Outcome; events: AlarmEvent[] } {
  const events: AlarmEvent[] = [];
  const outcome = replay({
    configuration,
    source: new TableSource({
      path,
      site: configuration.site,
      mapping: mappingSchema.parse(mapping),
      span: ALL,
    }),
    since: ALL.since,
    event: (event) => events.push(event),
  });
  return { outcome, events };
}
