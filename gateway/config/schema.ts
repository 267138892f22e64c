import { z } from "zod";
import type { DriverKind } from "../../drivers/driver.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { idSchema, textSchema } from "../../model/schema.ts";
import { caseSettingsSchema } from "../../rules/cases/settings.ts";
import { inhibitionSchema } from "../../rules/life-cycle/inhibition.ts";
import { permitSchema } from "../../rules/life-cycle/permit.ts";
import { ruleSchema } from "../../rules/rule.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";
import { alertsOptionsSchema, uplinkSchema } from "../alerts/options.ts";
import { httpOptionsSchema } from "../api/options.ts";
import { journalOptionsSchema } from "../journal/options.ts";
import { outsideSchema } from "../outside/options.ts";
import { routeSchema } from "../routes/registry.ts";
import { sinkSchema } from "../sinks/options.ts";
import { calendarSchema } from "./calendar-schema.ts";
import { deviceSchema } from "./device-schema.ts";
import { packUseSchema } from "./pack-schema.ts";
import { groupSchema, pointSchema, siteSectionSchema } from "./place-schema.ts";
import { instanceSchema, templateSchema } from "./template-schema.ts";

/*
 * The whole site file. One declaration an option: `check`, the JSON Schema for editors and the reference page all come
 * from here.
 */

/** The schema of a link of one kind: the driver's own options, and what every link has. */
function linkOf(kind: DriverKind) {
  return kind.link
    .safeExtend({
      type: z.literal(kind.type).meta({ description: kind.summary }),
      name: textSchema
        .optional()
        .meta({ description: "Name for people. Default: the id.", examples: ["485总线1"] }),
    })
    .meta({ title: kind.type, description: kind.summary });
}

/** One entry of `links:` where there are these kinds of link; `type` chooses the driver. */
function linkSchemaOf(kinds: Iterable<DriverKind>) {
  const [firstKind, ...otherKinds] = [...kinds].map(linkOf);
  return z.discriminatedUnion("type", [firstKind!, ...otherKinds]);
}

/** The section `links:` where there are these kinds of link. */
export function linksSchemaOf(kinds: Iterable<DriverKind>) {
  return z
    .record(idSchema, linkSchemaOf(kinds))
    .default({})
    .meta({ description: "Ways to reach devices: a serial bus, a TCP address, a broker." });
}

/** What `address` may be on each type of link that comes with Tocsin; checked by the link's own kind. */
export const addressSchemas: ReadonlyMap<string, z.ZodObject> = new Map(
  [...driverKinds.values()].map((kind) => [kind.type, kind.address]),
);

export const siteFileSchema = z.strictObject({
  site: siteSectionSchema,
  data: z
    .string()
    .min(1)
    .default("./data")
    .meta({
      description:
        "Folder of the journal, relative to the site file. `--data` and the variable TOCSIN_DATA come before it.",
      examples: ["/var/lib/tocsin"],
    }),
  profiles: z
    .array(z.string().min(1))
    .default([])
    .meta({
      description: "Folders with profiles of your own, relative to this file.",
      examples: [["./profiles"]],
    }),
  drivers: z
    .array(z.string().min(1))
    .default([])
    .meta({
      description:
        "Drivers that do not come with Tocsin: files relative to this one, or packages. They run with all the gateway may do: name only what you trust.",
      examples: [["./drivers/our-logger.ts"]],
    }),
  links: linksSchemaOf(driverKinds.values()),
  points: z.record(idSchema, pointSchema).default({}).meta({ description: "Places that are watched." }),
  groups: z.record(idSchema, groupSchema).default({}).meta({ description: "Points that belong together." }),
  devices: z
    .record(idSchema, deviceSchema)
    .default({})
    .meta({ description: "Instruments, by position tag." }),
  templates: z
    .record(idSchema, templateSchema)
    .default({})
    .meta({ description: "Patterns for many places." }),
  instances: z.array(instanceSchema).default([]).meta({ description: "Tables that fill the templates." }),
  calendars: z
    .record(idSchema, calendarSchema)
    .default({})
    .meta({ description: "Times that rules refer to: a flood season, working hours, holidays." }),
  outside: z
    .record(idSchema, outsideSchema)
    .default({})
    .meta({ description: "Word from outside that rules refer to: weather warnings, forecasts." }),
  rules: z.record(idSchema, ruleSchema).default({}).meta({ description: "What is an alarm." }),
  packs: z.record(idSchema, packUseSchema).default({}).meta({
    description:
      "Rule packs that the site uses: rules to the standards, with what is the site's own laid over them.",
  }),
  inhibitions: z
    .record(idSchema, inhibitionSchema)
    .default({})
    .meta({ description: "Suppression by design: what silences other alarms while it holds." }),
  permits: z
    .record(idSchema, permitSchema)
    .default({})
    .meta({ description: "Permits to work, with the rules that are in force while one is open." }),
  alarms: alarmSettingsSchema.prefault({}).meta({ description: "What applies to all alarms." }),
  cases: caseSettingsSchema.prefault({}).meta({
    description: "处置: how what people do about alarms is followed up, with deadlines and escalation.",
  }),
  alerts: alertsOptionsSchema.prefault({}).meta({ description: "How people are told." }),
  sinks: z.record(idSchema, sinkSchema).default({}).meta({ description: "Where readings are delivered." }),
  uplinks: z
    .record(idSchema, uplinkSchema)
    .default({})
    .meta({ description: "External brokers that get every alarm event." }),
  routes: z
    .record(idSchema, routeSchema)
    .default({})
    .meta({ description: "Ways to people besides the alert topics: webhooks, chat robots, CAP." }),
  http: httpOptionsSchema.prefault({}).meta({ description: "Pages, health, metrics and the API." }),
  journal: journalOptionsSchema.prefault({}).meta({ description: "Where accepted readings are kept." }),
  simulate: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "Scenario whose instruments run inside `tocsin run`, relative to this file: for demonstrations and training only.",
      examples: ["scenario.yaml"],
    }),
});

/** The parsed site file, defaults filled in. */
export type SiteFile = z.output<typeof siteFileSchema>;
export type LinkOptions = z.output<ReturnType<typeof linkSchemaOf>>;
