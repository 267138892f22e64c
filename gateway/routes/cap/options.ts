import { z } from "zod";
import { durationSchema, idSchema } from "../../../model/schema.ts";
import { LANGUAGES } from "../../../model/text.ts";
import { routeShape } from "../options.ts";

/** CAP 1.2: no spaces, commas, `<` or `&` in what names a message or its sender. */
const NAME = /^[^\s,<&]{1,128}$/;

const coordinate = z
  .tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)])
  .meta({ description: "Longitude, latitude (WGS-84)." });

const areaSchema = z.strictObject({
  polygon: z
    .array(coordinate)
    .min(3)
    .max(500)
    .optional()
    .meta({
      description: "Corners of the endangered area, longitude before latitude; it is closed by itself.",
      examples: [
        [
          [109.87, 31.07],
          [109.88, 31.07],
          [109.88, 31.08],
        ],
      ],
    }),
  radius: z
    .number()
    .min(0)
    .max(1_000)
    .optional()
    .meta({ description: "Instead of the general `radius`, km.", examples: [1.5] }),
  geocode: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .meta({ description: "Codes of this area, by system.", examples: [{ "GB/T 2260": "500237" }] }),
});

/** What stands in CAP messages, wherever they go. */
export const capShape = {
  sender: z
    .string()
    .regex(NAME, "no spaces, commas, < or &")
    .optional()
    .meta({
      description: "Who sends, unique in the world. Default: `<site>.tocsin`.",
      examples: ["wushan-gas@county.example"],
    }),
  code: z
    .string()
    .regex(/^\d{14}$/, "14 digits: 6 division, 3 department, 3 unit, 2 extension")
    .optional()
    .meta({
      description:
        "With it identifiers have the form of GB/T 35965.1: this code, the time, a digit. Without: `<site>-<seq>`.",
      examples: ["50023701300100"],
    }),
  scope: z.enum(["Public", "Restricted", "Private"]).default("Restricted").meta({
    description: "Whom the messages are meant for. An instrument's alarm is not a public warning by itself.",
  }),
  restriction: z.string().min(1).default("值班和应急处置人员 duty and emergency staff").meta({
    description: "With `Restricted`: to whom.",
  }),
  addresses: z
    .array(z.string().regex(/^[^\s"]+$/, "an address has no spaces"))
    .default([])
    .meta({ description: "With `Private`: the receivers.", examples: [["duty@county.example"]] }),
  expires: durationSchema({ min: "10m", max: "30d" })
    .prefault("3d")
    .meta({
      description:
        "A message says that it ends after this, unless an update or an all-clear comes first. Long, because an alarm that stands is not repeated.",
      examples: ["12h"],
    }),
  radius: z
    .number()
    .min(0)
    .max(1_000)
    .default(0.2)
    .meta({ description: "Radius of the area around a point with coordinates, km.", examples: [0.05] }),
  areas: z
    .record(idSchema, areaSchema)
    .default({})
    .meta({ description: "Areas that are known better than by a radius, by point." }),
  geocode: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .meta({
      description: "Codes of the whole site's area, by system; in every message.",
      examples: [{ "GB/T 2260": "500237" }],
    }),
  contact: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Whom to ask. An office, never a person.", examples: ["值班室 duty office"] }),
  web: z
    .string()
    .regex(/^https?:\/\/\S+$/, "write http://… or https://…")
    .optional()
    .meta({ description: "Where to read more.", examples: ["https://county.example/alerts"] }),
  languages: z
    .array(z.enum(LANGUAGES))
    .min(1)
    .default([...LANGUAGES])
    .meta({ description: "Languages, each in an `info` of its own.", examples: [["zh"]] }),
};

const shape = z.strictObject(capShape);
/** Parsed options of CAP messages. */
export type CapOptions = z.output<typeof shape>;

/** What options of CAP must fulfil together. */
export function refineCap(
  options: Pick<CapOptions, "scope" | "addresses">,
  context: z.core.$RefinementCtx,
): void {
  if (options.scope === "Private" && options.addresses.length === 0) {
    context.addIssue({
      code: "custom",
      message: "scope Private needs addresses (CAP 1.2)",
      path: ["addresses"],
    });
  }
}

/** Options of `type: cap`. */
export const capRouteSchema = z
  .strictObject({
    ...routeShape({ severity: "yellow", classes: ["danger"] }),
    uplink: idSchema.optional().meta({
      description: "Published on this uplink; without it, on the brokers of this process.",
      examples: ["county"],
    }),
    ...capShape,
  })
  .superRefine(refineCap)
  .meta({ title: "cap" });

/** Parsed options of a CAP topic. */
export type CapRouteOptions = z.output<typeof capRouteSchema>;
