import { z } from "zod";
import type { Quantity } from "../../model/quantity.ts";
import { idSchema } from "../../model/schema.ts";
import type { Unit } from "../../model/unit.ts";
import { type ValueMapping, valueSchema } from "../value.ts";
import { CODE_MAX, LAYOUTS, type Place } from "./layouts.ts";
import { SIGNS } from "./numbers.ts";

/*
 * How a profile's channels stand in reports of SZY 206.
 */

const HIGHEST_BIT = 15;
const BYTES_MAX = 7;
const ITEMS_MAX = 80;

const placeSchema = z.strictObject({
  bytes: z
    .number()
    .int()
    .min(1)
    .max(BYTES_MAX)
    .meta({ description: "Bytes of the number, two digits each." }),
  decimals: z.number().int().min(0).max(9).default(0).meta({ description: "Digits behind the point." }),
  sign: z.enum(SIGNS).default("none").meta({
    description:
      "How a number below zero is told: `bit` the highest bit, `f` F as its highest digit, `none` not at all.",
  }),
});

const channelSchema = z
  .strictObject({
    code: z
      .number()
      .int()
      .min(0)
      .max(CODE_MAX)
      .optional()
      .meta({
        description: "Kind of report that carries it: 1 rain, 2 level, 3 flow and volume, 4 velocity, …",
        examples: [2],
      }),
    at: z
      .number()
      .int()
      .min(0)
      .max(ITEMS_MAX)
      .default(0)
      .meta({ description: "Which value of the report, from 0 on. Of code 3: 0 flow, 1 volume." }),
    alarm: z
      .number()
      .int()
      .min(0)
      .max(HIGHEST_BIT)
      .optional()
      .meta({ description: "Bit of the alarm word." }),
    status: z
      .number()
      .int()
      .min(0)
      .max(HIGHEST_BIT)
      .optional()
      .meta({ description: "Bit of the status word." }),
    ...valueSchema.shape,
  })
  .refine(
    ({ code, alarm, status }) => [code, alarm, status].filter((place) => place !== undefined).length === 1,
    { message: "give exactly one of code, alarm, status" },
  );
/** How one channel stands in reports. */
export type Szy206Channel = z.output<typeof channelSchema>;

/** How a profile's channels stand in reports of a terminal of SZY 206. */
export const szy206SectionSchema = z.strictObject({
  time: z.enum(["label", "gateway"]).default("label").meta({
    description: "Whose time readings carry: that of the time label (Tp), or the gateway's.",
  }),
  words: z.enum(["low-first", "high-first"]).default("low-first").meta({
    description: "Which byte of the alarm and status words comes first.",
  }),
  layouts: z
    .record(
      z.string().regex(/^([0-9]|1[0-5])$/, "a code from 0 to 15"),
      z.array(placeSchema).min(1).max(ITEMS_MAX),
    )
    .default({})
    .meta({
      description:
        "How the values of a code stand, repeated until the data ends. Known are 1 to 4; the others, and a maker's own, are given here.",
      examples: [{ "9": [{ bytes: 3, decimals: 1, sign: "bit" }] }],
    }),
  channels: z
    .record(idSchema, channelSchema)
    .refine((channels) => Object.keys(channels).length > 0, "a terminal reports at least one value"),
});
export type Szy206Section = z.output<typeof szy206SectionSchema>;

/** How the values of a code stand; undefined: nobody says. */
export function layoutOf(section: Szy206Section, code: number): readonly Place[] | undefined {
  return section.layouts[String(code)] ?? LAYOUTS[code];
}

/** Units in which the values of the known codes are written. */
const UNITS: Readonly<Record<number, readonly Unit[]>> = {
  1: ["mm(rain)"],
  2: ["m"],
  3: ["m3/s", "m3"],
  4: ["m/s"],
};

/** The mapping of a channel with the unit that the standard gives its value. */
export function valueMapping(channel: Szy206Channel): ValueMapping {
  const units = channel.code === undefined ? undefined : UNITS[channel.code];
  const unit = channel.unit ?? units?.[channel.at % units.length];
  return {
    scale: channel.scale,
    offset: channel.offset,
    codes: channel.codes,
    ...(unit === undefined || channel.states !== undefined ? {} : { unit }),
    ...(channel.states === undefined ? {} : { states: channel.states }),
  };
}

/** What the schema of a section cannot see. */
export function sectionProblems(
  section: Szy206Section,
  quantities: Readonly<Record<string, { readonly quantity: Quantity }>>,
): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  for (const [local, { code }] of Object.entries(section.channels)) {
    if (code === undefined || quantities[local] === undefined) continue;
    if (layoutOf(section, code) !== undefined) continue;
    problems.push({
      path: ["channels", local, "code"],
      message: `nobody says how values of code ${code} stand: give layouts: { "${code}": [{ bytes: … }] }`,
    });
  }
  return problems;
}
