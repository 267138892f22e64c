import { z } from "zod";
import { COORDINATE_SYSTEMS } from "../../model/coordinates.ts";
import { DOMAINS, MODES, STAGES } from "../../model/domain.ts";
import { idSchema, textSchema } from "../../model/schema.ts";

/** Whether the runtime knows a time zone by this name. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const modeSchema = z.enum(MODES).meta({
  description:
    "`live`, or why it is not: `test`, `exercise`, `simulated`. What is not live is marked so in every message.",
});

/** `site:` what this gateway looks after. */
export const siteSectionSchema = z
  .strictObject({
    id: idSchema.meta({
      description:
        "Id of the site: first level of its topics, and the tag `site`. Never changed, never reused.",
      examples: ["wushan-gas"],
    }),
    name: textSchema.meta({
      description: "Name for people.",
      examples: [{ zh: "老城区燃气管网", en: "Old town gas network" }],
    }),
    timeZone: z
      .string()
      .refine(isTimeZone, "not a time zone; write an IANA name")
      .default("Asia/Shanghai")
      .meta({
        description: "IANA time zone of texts and calendar rules. Instants are UTC everywhere.",
        examples: ["Asia/Shanghai"],
      }),
    mode: modeSchema.default("live").meta({
      description: "Standing of the whole site, where point or device does not say otherwise.",
      examples: ["simulated"],
    }),
  })
  .meta({
    description: "What this gateway looks after.",
    examples: [{ id: "my-site", name: { zh: "我的站点", en: "My site" } }],
  });

/** Where something is, as a person writes it. */
export const locationSchema = z
  .strictObject({
    longitude: z
      .number()
      .min(-180)
      .max(180)
      .optional()
      .meta({ description: "Degrees, east positive.", examples: [109.879] }),
    latitude: z
      .number()
      .min(-90)
      .max(90)
      .optional()
      .meta({ description: "Degrees, north positive.", examples: [31.0748] }),
    system: z
      .enum(COORDINATE_SYSTEMS)
      .default("wgs84")
      .meta({
        description:
          "What longitude and latitude were taken from: `gcj02` for AMap and Tencent maps, `bd09` for Baidu. Converted to WGS-84.",
        examples: ["gcj02"],
      }),
    height: z
      .number()
      .optional()
      .meta({ description: "Metres above the datum the site uses.", examples: [187.5] }),
    building: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Building.", examples: ["3号楼"] }),
    floor: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Floor.", examples: ["12F"] }),
    room: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Room.", examples: ["1203"] }),
    address: textSchema
      .optional()
      .meta({ description: "In words: what one tells a crew.", examples: ["广东中路 45 号门前"] }),
  })
  .refine((at) => (at.longitude === undefined) === (at.latitude === undefined), {
    message: "longitude and latitude go together",
  })
  .meta({ description: "Where it is: coordinates, a place in a building, or both." });

/** One entry of `points:`. */
export const pointSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "Name for people.",
      examples: [{ zh: "3号阀门井", en: "Valve well 3" }],
    }),
    domain: z
      .enum(DOMAINS)
      .meta({ description: "Field it belongs to; a level of alarm topics.", examples: ["gas"] }),
    location: locationSchema.optional(),
    stage: z
      .enum(STAGES)
      .default("live")
      .meta({
        description:
          "How far it has come. Only the silence of a `live` point is an alarm; what is planned or in commissioning is in mode `test` unless `mode` says otherwise.",
        examples: ["commissioning"],
      }),
    mode: modeSchema.optional().meta({
      description: "Default: the site's; `test` while it is planned or in commissioning.",
      examples: ["exercise"],
    }),
    groups: z
      .array(idSchema)
      .default([])
      .meta({ description: "Groups it belongs to, beside those that list it.", examples: [["old-street"]] }),
    codes: z
      .record(z.string().min(1), z.string().min(1))
      .default({})
      .meta({
        description: "What other systems call it, by system.",
        examples: [{ "county-platform": "WS-0012" }],
      }),
    notify: z
      .array(idSchema)
      .default([])
      .meta({
        description: "Groups of people to tell. Never names or telephone numbers of persons.",
        examples: [["gas-crew"]],
      }),
  })
  .meta({ description: "A place that is watched (监测点)." });

/** One entry of `groups:`. */
export const groupSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "Name for people.",
      examples: [{ zh: "老街管段", en: "Old street" }],
    }),
    points: z
      .array(idSchema)
      .default([])
      .meta({
        description: "Its points; a point may name its groups instead.",
        examples: [["well-3", "well-4"]],
      }),
  })
  .meta({ description: "Points that belong together: a building, a pipe section, a slope." });

export type SiteSection = z.output<typeof siteSectionSchema>;
export type LocationOptions = z.output<typeof locationSchema>;
export type PointOptions = z.output<typeof pointSchema>;
export type GroupOptions = z.output<typeof groupSchema>;
