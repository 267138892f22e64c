import { z } from "zod";
import { durationSchema } from "../model/schema.ts";

/** A number, or the name of a state of a discrete channel. */
export const valueOrStateSchema = z.union([z.number(), z.string().min(1)]).meta({
  description: "A number in the channel's unit, or the name of a state.",
  examples: [12.5, "active"],
});
export type ValueOrState = z.output<typeof valueOrStateSchema>;

export const recordedSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .meta({ description: "CSV file, relative to the scenario.", examples: ["./flood.csv"] }),
  time: z
    .string()
    .min(1)
    .meta({ description: "Header of the time column: seconds, or RFC 3339.", examples: ["time_utc"] }),
  value: z
    .string()
    .min(1)
    .meta({ description: "Header of the value column.", examples: ["level_m"] }),
  where: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: "Only rows whose cells equal these.", examples: [{ station: "Badalgama" }] }),
  speed: z
    .number()
    .positive()
    .default(1)
    .meta({ description: "Recorded seconds that pass in one second of the scenario.", examples: [600] }),
  start: durationSchema()
    .prefault("0s")
    .meta({ description: "When its first row is due; in the story's `set`, counted from the entry." }),
  between: z
    .enum(["hold", "line"])
    .default("hold")
    .meta({ description: "Between two rows: keep the first, or a straight line." }),
  loop: z
    .boolean()
    .default(false)
    .meta({ description: "Begin again after the last row; otherwise it stays." }),
  scale: z
    .number()
    .default(1)
    .meta({ description: "Factor on the recorded number, to reach the channel's unit." }),
  offset: z.number().default(0).meta({ description: "Added after the factor." }),
});
export type Recorded = z.output<typeof recordedSchema>;

const PARTS = ["constant", "ramp", "step", "steps", "sine", "noise", "counter", "recorded", "stuck"] as const;

/** One part of a signal; the parts of a channel are added up. Times run from the beginning of the story unless said otherwise. */
export const signalPartSchema = z
  .strictObject({
    constant: valueOrStateSchema.optional(),
    ramp: z
      .strictObject({
        from: z.number().default(0).meta({ description: "Value before and at its beginning." }),
        to: z.number().meta({ description: "Value at its end and after." }),
        start: durationSchema().prefault("0s").meta({ description: "When it begins." }),
        over: durationSchema({ min: "1ms" }).meta({ description: "How long it takes." }),
      })
      .optional()
      .meta({ description: "A straight line from one value to another." }),
    step: z
      .strictObject({
        at: durationSchema().meta({ description: "When." }),
        by: z.number().meta({ description: "Added from then on." }),
      })
      .optional()
      .meta({ description: "A jump." }),
    steps: z
      .array(
        z.strictObject({
          at: durationSchema().meta({ description: "From when on." }),
          value: valueOrStateSchema,
        }),
      )
      .min(1)
      .optional()
      .meta({ description: "Values with times; the first one also holds before its time." }),
    sine: z
      .strictObject({
        amplitude: z.number().meta({ description: "Half of the way from trough to crest." }),
        period: durationSchema({ min: "10ms" }).meta({ description: "From crest to crest." }),
        phase: z.number().default(0).meta({ description: "Degrees by which it is ahead." }),
      })
      .optional()
      .meta({ description: "A wave. Its time runs on over repeats of the story." }),
    noise: z
      .strictObject({
        amplitude: z
          .number()
          .nonnegative()
          .meta({ description: "Standard deviation when gaussian; greatest deviation when uniform." }),
        shape: z.enum(["gaussian", "uniform"]).default("gaussian").meta({ description: "Distribution." }),
        every: durationSchema({ min: "1ms" })
          .prefault("1s")
          .meta({ description: "A new number this often." }),
        seed: z
          .number()
          .int()
          .min(0)
          .max(0xffff_ffff)
          .optional()
          .meta({ description: "Default: from the scenario's seed and the channel's key." }),
      })
      .optional()
      .meta({
        description:
          "Chance. Its time runs on over repeats of the story, and the story's `set` leaves it in.",
      }),
    counter: z
      .strictObject({
        from: z.number().default(0).meta({ description: "First value." }),
        by: z.number().default(1).meta({ description: "Added at each step." }),
        every: durationSchema({ min: "10ms" }).meta({ description: "Time of a step.", examples: ["2s"] }),
        wraps: z
          .number()
          .positive()
          .optional()
          .meta({ description: "Starts at 0 again when it reaches this." }),
      })
      .optional()
      .meta({ description: "A heartbeat or a meter. Its time runs on over repeats of the story." }),
    recorded: recordedSchema.optional().meta({ description: "A column of a recorded CSV file." }),
    stuck: z
      .strictObject({
        at: durationSchema().meta({ description: "From when on." }),
        for: durationSchema({ min: "1ms" })
          .optional()
          .meta({ description: "Default: until the story ends." }),
      })
      .optional()
      .meta({ description: "All parts stand still meanwhile, noise and counters included." }),
  })
  .refine((part) => PARTS.filter((name) => part[name] !== undefined).length === 1, {
    message: `a part of a signal is exactly one of ${PARTS.join(", ")}`,
  });
export type SignalPart = z.output<typeof signalPartSchema>;

/** What a channel measures: a value, or parts that are added up. */
export const signalSchema = z
  .union([valueOrStateSchema, z.array(signalPartSchema).min(1).max(32)])
  .transform((signal): SignalPart[] => (Array.isArray(signal) ? signal : [{ constant: signal }]))
  .meta({ description: "A value, or a list of parts that are added up." });
export type SignalOptions = z.output<typeof signalSchema>;
