import { z } from "zod";
import { QUANTITIES, type Quantity } from "../../../model/quantity.ts";
import { idSchema, unitSchema } from "../../../model/schema.ts";
import type { Unit } from "../../../model/unit.ts";
import { oneComparison, outsideTestFields } from "../../circumstance/guard.ts";
import {
  ONE_CHANNEL_KEYS,
  type OneChannelKey,
  type OneChannelOptions,
  oneChannelFields,
} from "../one-channel.ts";

/** Kinds that a term states with one limit, not with one for each colour. */
export const PLAIN_KEYS = ["above", "below", "equals", "outside"] as const;
type PlainKey = (typeof PLAIN_KEYS)[number];

/** Kinds that a term states as a rule does; it holds when any of their levels raises. */
type ComputedKey = Exclude<OneChannelKey, PlainKey>;
export const COMPUTED_KEYS: readonly ComputedKey[] = ONE_CHANNEL_KEYS.filter(
  (key): key is ComputedKey => !(PLAIN_KEYS as readonly string[]).includes(key),
);

/** What a term says, and which channels it looks at. Exactly one of its conditions is given. */
export interface TermOptions extends Pick<OneChannelOptions, ComputedKey> {
  readonly channel?: string | undefined;
  readonly quantity?: Quantity | undefined;
  readonly every?: boolean | undefined;
  readonly unit?: Unit | undefined;
  readonly deadband?: number | undefined;
  readonly strict?: boolean | undefined;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly equals?: string | number | readonly (string | number)[] | undefined;
  readonly outside?: { readonly low: number; readonly high: number } | undefined;
  readonly calendar?: string | undefined;
  readonly input?: string | undefined;
  readonly atLeast?: string | number | undefined;
  readonly atMost?: string | number | undefined;
  readonly is?: string | number | readonly (string | number)[] | undefined;
  readonly all?: readonly TermOptions[] | undefined;
  readonly any?: readonly TermOptions[] | undefined;
  readonly not?: TermOptions | undefined;
}

/** Terms that one `all` or `any` may join. */
export const MOST_JOINED = 32;

const state = z.union([z.string().min(1), z.number()]);
const { above: _above, below: _below, equals: _equals, outside: _outside, ...computed } = oneChannelFields;

const COMBINING = ["all", "any", "not"] as const;
/** What a term may say, of which it says one. */
export const TERM_KEYS = [...PLAIN_KEYS, ...COMPUTED_KEYS, "calendar", "input", ...COMBINING] as const;

/** One term of a condition on several channels. Terms nest, so the reference pages have them in a section of their own. */
export const termSchema: z.ZodType<TermOptions> = z.lazy(() => shape);

const shape = z
  .strictObject({
    channel: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "Channel by key (`gd-01.lel`), or by its id in the point, device or group (`lel`).",
        examples: ["gd-01.lel"],
      }),
    quantity: z
      .enum(QUANTITIES as [Quantity, ...Quantity[]])
      .optional()
      .meta({
        description: "Every channel of a quantity in the point, device or group; one that fits is enough.",
        examples: ["smoke"],
      }),
    every: z
      .boolean()
      .optional()
      .meta({ description: "With several channels: all of them must fit, not one.", examples: [true] }),
    above: z
      .number()
      .optional()
      .meta({ description: "The value is at or above this.", examples: [57] }),
    below: z
      .number()
      .optional()
      .meta({ description: "The value is at or below this.", examples: [10] }),
    equals: z
      .union([state, z.array(state).min(1)])
      .optional()
      .meta({ description: "The channel is in this state; of a list, in any.", examples: ["active"] }),
    outside: z
      .strictObject({
        low: z.number().meta({ description: "At or below this, or", examples: [19.5] }),
        high: z.number().meta({ description: "at or above this.", examples: [23.5] }),
      })
      .optional()
      .meta({ description: "The value is outside a span." }),
    strict: z.boolean().optional().meta({ description: "Only beyond the limit, not at it." }),
    deadband: z
      .number()
      .nonnegative()
      .optional()
      .meta({
        description: "How far back beyond its limit a value must be for the term to be over.",
        examples: [2],
      }),
    unit: unitSchema
      .optional()
      .meta({ description: "Unit of its limits. Default: the channel's own.", examples: ["Cel"] }),
    ...computed,
    calendar: idSchema
      .optional()
      .meta({ description: "A calendar of the site holds.", examples: ["flood-season"] }),
    ...outsideTestFields,
    input: outsideTestFields.input.optional(),
    all: z
      .array(termSchema)
      .min(2)
      .max(MOST_JOINED)
      .optional()
      .meta({ description: "All of these terms hold." }),
    any: z
      .array(termSchema)
      .min(2)
      .max(MOST_JOINED)
      .optional()
      .meta({ description: "At least one of these terms holds." }),
    not: termSchema
      .optional()
      .meta({ description: "This term does not hold. Of what is unknown nothing follows." }),
  })
  .refine((term) => TERM_KEYS.filter((key) => term[key] !== undefined).length === 1, {
    message: `a term says one thing: ${TERM_KEYS.join(", ")}`,
  })
  .refine((term) => term.input === undefined || oneComparison(term), {
    message: "with input give atLeast, atMost or is, one of them",
  })
  .refine(
    (term) => term.input !== undefined || [term.atLeast, term.atMost, term.is].every((o) => o === undefined),
    {
      message: "atLeast, atMost and is belong to input",
    },
  )
  .refine((term) => looksAtChannels(term) === (term.channel !== undefined || term.quantity !== undefined), {
    message: "say which channel a limit or state is of, by channel or quantity, and only there",
  })
  .refine((term) => term.channel === undefined || term.quantity === undefined, {
    message: "give channel or quantity, one of them",
  });

function looksAtChannels(term: Readonly<Record<string, unknown>>): boolean {
  return [...PLAIN_KEYS, ...COMPUTED_KEYS].some((key) => term[key] !== undefined);
}

/** Terms by colour. */
export const termsDescription =
  "Each a term: a limit or state of a channel, a calendar, something from outside, or all, any and not of terms.";
