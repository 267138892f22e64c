import { z } from "zod";
import type { Quantity } from "../../model/quantity.ts";
import { idSchema } from "../../model/schema.ts";
import { type ValueMapping, valueSchema } from "../value.ts";
import { EXTENDED, elementOf, formatGuide, GUIDE, parseGuide } from "./elements.ts";

/*
 * How a profile's channels stand in reports of SL 651-2014.
 */

/** Bits of ZT. */
const STATUS_BITS = 32;

const channelSchema = z.strictObject({
  element: z
    .string()
    .transform((text, context) => {
      const guide = parseGuide(text);
      if (guide !== undefined) return guide;
      context.addIssue({
        code: "custom",
        message: `${text} is no element: write its identifier (Z, PJ, VT), its guide as 39H, or FF21H for an extended one`,
      });
      return z.NEVER;
    })
    .meta({
      description: "Element of annex C, by identifier (`Z`) or guide (`39H`, extended `FF21H`).",
      examples: ["Z", "ZT"],
    }),
  bit: z
    .number()
    .int()
    .min(0)
    .max(STATUS_BITS - 1)
    .optional()
    .meta({ description: "One bit of a HEX element such as ZT (table 58)." }),
  coding: z.enum(["bcd", "hex"]).optional().meta({
    description:
      "How an element is coded that the standard does not define. Default: `bcd`, and what the standard says of its own.",
  }),
  ...valueSchema.shape,
});
/** How one channel stands in reports. */
export type Sl651Channel = z.output<typeof channelSchema>;

/** How a profile's channels stand in reports of a hydrological station. */
export const sl651SectionSchema = z.strictObject({
  blocks: z.enum(["first", "last"]).default("first").meta({
    description:
      "Which value of an hour of five-minute values (DRP, DRZ) the observation time belongs to. The standard says the first; some stations write the hour's end.",
  }),
  channels: z
    .record(idSchema, channelSchema)
    .refine((channels) => Object.keys(channels).length > 0, "a station reports at least one element"),
});
export type Sl651Section = z.output<typeof sl651SectionSchema>;

/** Whether an element is an unsigned number of bytes. */
export function isHexCoded(channel: Sl651Channel): boolean {
  return elementOf(channel.element)?.hexBytes !== undefined || channel.coding === "hex";
}

/** The mapping of a channel with the unit that the standard gives its element. */
export function valueMapping(channel: Sl651Channel): ValueMapping {
  const unit = channel.unit ?? (channel.bit === undefined ? elementOf(channel.element)?.unit : undefined);
  return {
    scale: channel.scale,
    offset: channel.offset,
    codes: channel.codes,
    ...(unit === undefined || channel.states !== undefined ? {} : { unit }),
    ...(channel.states === undefined ? {} : { states: channel.states }),
  };
}

const INCREMENTS = ["P1", "P2", "P3", "P6", "P12", "PD", "PN01", "PN05", "PN10", "PN30", "PR", "DRP"];

/** What of rain an element is, because taking one for another makes an alarm that never comes, or always. */
const RAIN: ReadonlyMap<number, Quantity> = new Map<number, Quantity>([
  [parseGuide("PJ")!, "rain_since_8"],
  [parseGuide("PT")!, "rain_counter"],
  ...INCREMENTS.map((id) => [parseGuide(id)!, "rain_increment"] as const),
]);

/** Something wrong with a section, at a path below it. */
export interface SectionProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

/** What the schema of a section cannot see: that elements are what their channels say. */
export function sectionProblems(
  section: Sl651Section,
  quantities: Readonly<Record<string, { readonly quantity: Quantity }>>,
): SectionProblem[] {
  const problems: SectionProblem[] = [];
  for (const [local, channel] of Object.entries(section.channels)) {
    const path = ["channels", local];
    const quantity = quantities[local]?.quantity;
    if (quantity === undefined) continue;
    const name = formatGuide(channel.element);
    const rain = RAIN.get(channel.element);
    if (rain !== undefined && quantity !== rain) {
      problems.push({
        path: [...path, "element"],
        message: `${name} is ${rain}, not ${quantity}`,
        hint: "PJ (20H) counts from 08:00 on, PT (26H) counts for ever, P1 (1AH) is the rain of one hour",
      });
    }
    const relative = channel.element >= GUIDE.firstLevelBlock && channel.element <= GUIDE.lastLevelBlock;
    if (relative && quantity === "water_level" && channel.offset === 0) {
      problems.push({
        path: [...path, "element"],
        message: `${name} is relative to the station's base level: it is a water_depth`,
        hint: "derive the level in the site file, with the base as offset",
      });
    }
    if (channel.bit !== undefined && !isHexCoded(channel)) {
      problems.push({ path: [...path, "bit"], message: `${name} is a number: only HEX elements have bits` });
    }
    if (
      channel.coding !== undefined &&
      channel.element < EXTENDED &&
      elementOf(channel.element) !== undefined
    ) {
      problems.push({ path: [...path, "coding"], message: `the standard says how ${name} is coded` });
    }
  }
  return problems;
}
