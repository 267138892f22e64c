import { z } from "zod";
import { durationSchema, idSchema, textSchema, unitSchema } from "../../model/schema.ts";
import { ORDERS } from "./codec.ts";
import { MAX_DOCUMENT_NUMBER } from "./place-schema.ts";

/*
 * What a product lets itself be told, as data: registers and coils that may be written. A site switches each on by name;
 * without that nothing is ever written.
 */

const OUTPUT_TABLES = ["holding", "coil"] as const;
/** Whole registers only: a bit within a word cannot be written without overwriting its neighbours. */
const OUTPUT_TYPES = ["u16", "i16", "u32", "i32", "f32", "f64", "bcd16", "bcd32"] as const;
const WRITE_FUNCTIONS = [5, 6, 15, 16] as const;

const placeShape = {
  table: z.enum(OUTPUT_TABLES).default("holding").meta({ description: "Coils have one bit each." }),
  address: z
    .number()
    .int()
    .min(0)
    .max(MAX_DOCUMENT_NUMBER)
    .meta({ description: "First register, or the coil, counted as `numbering` says.", examples: [40] }),
  type: z.enum(OUTPUT_TYPES).default("u16").meta({ description: "What stands there." }),
  order: z.enum(ORDERS).optional().meta({ description: "Byte order on the wire. Default: the section's." }),
};

const verifyPlaceSchema = z.strictObject({
  ...placeShape,
  table: z.enum(["holding", "input", "coil", "discrete"]).default("holding"),
});

/** One thing that can be written. */
export const outputSchema = z
  .strictObject({
    name: textSchema.optional().meta({ description: "Default: the id." }),
    ...placeShape,
    function: z.literal(WRITE_FUNCTIONS).optional().meta({
      description:
        "FC 5 or 6 write one, FC 15 or 16 several; devices often take only one kind. Default: 5 for a coil, 6 for one register, 16 for more.",
    }),
    word: z.boolean().default(false).meta({
      description:
        "FC 5 with a whole word instead of on and off, as relay boards take the time of a pulse: `range` says which, `verify` where the coil is read.",
    }),
    states: z
      .record(z.string().regex(/^[a-z][a-z0-9_-]*$/), z.number().int().min(-0x8000_0000).max(0xffff_ffff))
      .optional()
      .meta({
        description:
          "Names of the raw numbers that may be written, and nothing else may. Coils: off 0, on 1.",
        examples: [{ off: 0, on: 1 }],
      }),
    range: z
      .strictObject({ low: z.number(), high: z.number() })
      .refine((range) => range.low <= range.high, { message: "low must not be above high" })
      .optional()
      .meta({ description: "Values that may be written, in `unit`.", examples: [{ low: 0, high: 100 }] }),
    unit: unitSchema.optional().meta({ description: "Unit of the value that people give." }),
    scale: z
      .number()
      .refine((scale) => scale !== 0)
      .default(1)
      .meta({ description: "Value = raw × scale + offset." }),
    offset: z.number().default(0),
    verify: z
      .union([z.enum(["read-back", "none"]), verifyPlaceSchema])
      .default("read-back")
      .meta({
        description:
          "`read-back` reads the same place; a place: there the raw number must stand; `none`: for what cannot be read, or resets itself.",
      }),
    settle: durationSchema({ max: "60s" })
      .prefault("0s")
      .meta({ description: "Time before it is read back." }),
    broadcast: z.boolean().default(false).meta({
      description:
        "Written to all units of a serial bus at once (unit 0), which nobody answers. Cannot be verified.",
    }),
  })
  .superRefine((output, context) => {
    const report = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const coil = output.table === "coil";
    if (coil && output.type !== "u16") report("type", `a coil is one bit, not ${output.type}`);
    if (output.word) checkWord(output, report);
    else if (coil && (output.scale !== 1 || output.offset !== 0))
      report("scale", "a coil has states, no scale");
    if (output.function !== undefined) {
      if (coil !== (output.function === 5 || output.function === 15))
        report("function", `FC ${output.function} does not write a ${output.table}`);
      else if (output.function === 6 && !ONE_REGISTER.has(output.type))
        report("function", `FC 6 writes one register, and ${output.type} takes more`);
    }
    if (!coil && output.states === undefined && output.range === undefined)
      report("range", "say which values may be written: range, or states");
    if (output.states !== undefined && output.range !== undefined)
      report("range", "give either states or range");
    if (output.broadcast && output.verify !== "none")
      report("verify", "nobody answers a broadcast: verify: none");
  })
  .meta({ description: "Something that can be written, where the site file allows it." });
export type Output = z.output<typeof outputSchema>;

function checkWord(
  { table, function: code, range, verify }: Pick<Output, "table" | "function" | "range" | "verify">,
  report: (path: string, message: string) => void,
): void {
  if (table !== "coil") report("word", "only coils need it: a register is a word");
  if (code !== undefined && code !== 5) report("function", "a word goes to a coil by FC 5");
  if (range === undefined) report("range", "say which values may be written");
  if (verify === "read-back") report("verify", "say where it is read back, or none: a command is no state");
}

const ONE_REGISTER: ReadonlySet<string> = new Set(["u16", "i16", "bcd16"]);

/** A measurement that must be asked for: written before, read after a while. */
export const triggerSchema = z
  .strictObject({
    output: idSchema.meta({ description: "What is written before every reading; it must be allowed." }),
    value: z.number().default(1).meta({ description: "What is written." }),
    wait: durationSchema({ min: "1ms", max: "60s" }).meta({
      description: "How long the measurement takes; other devices are asked meanwhile.",
      examples: ["500ms"],
    }),
    channels: z
      .array(idSchema)
      .min(1)
      .optional()
      .meta({ description: "Channels that it measures. Default: all." }),
  })
  .meta({
    description:
      "The device measures when it is told to. It is a write like others: nothing is read before the site file allows it.",
  });

/** The states of a coil that names none. */
export const COIL_STATES: Readonly<Record<string, number>> = { off: 0, on: 1 };

/** The states of an output; undefined where it takes values of a range. */
export function statesOf({ states, table, word }: Output): Readonly<Record<string, number>> | undefined {
  return states ?? (table === "coil" && !word ? COIL_STATES : undefined);
}

/** What a site must allow before such a device measures at all. */
export function notAllowedToTrigger(output: string): { message: string; hint: string } {
  return {
    message: `it measures only when it is told to: the output ${output} must be allowed`,
    hint: `writes: { allow: [${output}] }`,
  };
}
