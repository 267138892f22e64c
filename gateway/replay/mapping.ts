import { z } from "zod";
import { valueSchema } from "../../drivers/value.ts";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { unitSchema } from "../../model/schema.ts";

/*
 * How the columns of a table become readings: `tocsin replay SITE --from TABLE.csv --mapping MAPPING.yaml`.
 */

/** Forms in which tables write an instant. */
export const TIME_FORMATS = [
  "year-first",
  "day-first",
  "month-first",
  "compact",
  "unix",
  "unix-ms",
  "unix-us",
  "seconds",
] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const columnSchema = z.string().min(1);

const timeSchema = z
  .strictObject({
    column: z
      .union([columnSchema, z.array(columnSchema).min(1).max(3)])
      .meta({ description: "Column of the time; several are joined with a space (`[date, time]`)." }),
    format: z
      .enum(TIME_FORMATS)
      .default("year-first")
      .meta({
        description:
          "`year-first`: 2026-05-21T08:00:00.5+08:00, 2026/5/21 8:00, 2026-05-21; `day-first`: 21.05.2026 08:00; `month-first`: 5/21/2026 08:00; " +
          "`compact`: 20260521080000; `unix`, `unix-ms`, `unix-us`: since 1970; `seconds`: since `start`.",
      }),
    zone: z
      .string()
      .optional()
      .meta({
        description: "Zone of times that name none: an IANA name. Default: the site's.",
        examples: ["UTC"],
      }),
    start: z
      .string()
      .optional()
      .meta({ description: "For `seconds`: the instant of second 0.", examples: ["2026-05-21T08:00:00Z"] }),
  })
  .refine(({ format, start }) => (format === "seconds") === (start !== undefined), {
    message: "`start` belongs to format `seconds`, and to that alone",
  })
  .meta({ description: "The time of a row." });

const targetSchema = z.union([
  z.string().min(1),
  valueSchema.extend({
    channel: z
      .string()
      .min(1)
      .meta({ description: "Key of the channel.", examples: ["gd-01.lel"] }),
  }),
]);
export type TargetOptions = z.output<typeof targetSchema>;

/** A mapping file. */
export const mappingSchema = z
  .strictObject({
    encoding: z
      .enum(["utf-8", "gb18030"])
      .default("utf-8")
      .meta({ description: "How the table is written; Chinese Windows programs often write gb18030 (GBK)." }),
    separator: z.enum([",", ";", "tab"]).default(",").meta({ description: "What stands between cells." }),
    columns: z
      .array(columnSchema)
      .min(1)
      .optional()
      .meta({ description: "Names of the columns, for a table without a heading." }),
    time: timeSchema,
    received: timeSchema.optional().meta({
      description:
        "When a reading was accepted, where the table knows that apart from when it was measured. Without it: the largest time so far.",
    }),
    order: z.enum(["as-is", "by-time"]).default("as-is").meta({
      description: "`by-time` sorts the readings first, for tables that hold one channel after the other.",
    }),
    missing: z
      .array(z.string())
      .default([])
      .meta({
        description:
          'What stands where an instrument gave nothing: the reading is bad (`missing_value`). `""`: an empty cell does. ' +
          "Otherwise an empty cell is no reading at all.",
        examples: [["-999", "NULL"]],
      }),
    channels: z
      .record(z.string(), targetSchema)
      .optional()
      .meta({ description: "A column a channel: column → channel." }),
    long: z
      .strictObject({
        channel: columnSchema.meta({ description: "Column that says which channel." }),
        value: columnSchema.meta({ description: "Column of the value." }),
        channels: z
          .record(z.string(), targetSchema)
          .optional()
          .meta({ description: "Word in that column → channel. Default: the words are keys of channels." }),
        default: z
          .strictObject({ unit: unitSchema.optional() })
          .default({})
          .meta({ description: "What holds for all of them." }),
      })
      .optional()
      .meta({ description: "A row a reading." }),
    quality: z
      .strictObject({
        column: columnSchema,
        words: z
          .record(z.string(), z.enum(REASON_NAMES as [ReasonName, ...ReasonName[]]))
          .default({})
          .meta({
            description:
              "Word in the column → reason (`good`, `uncertain`, `bad`, `sensor_failure`, …). What is not listed must be the name of one.",
            examples: [{ ok: "good", suspect: "uncertain" }],
          }),
      })
      .optional()
      .meta({ description: "How far a row is to be relied on." }),
  })
  .refine(({ channels, long }) => (channels === undefined) !== (long === undefined), {
    message: "a mapping has either `channels` (a column a channel) or `long` (a row a reading)",
  })
  .meta({ description: "How the columns of a table become readings." });
export type Mapping = z.output<typeof mappingSchema>;

/** Heading of what `tocsin export` writes. */
export const EXPORT_COLUMNS = ["time", "channel", "value", "unit", "quality", "reason", "mode"] as const;

/** The mapping of what `tocsin export` writes: it needs no file. */
export const EXPORT_MAPPING: Mapping = mappingSchema.parse({
  time: { column: "time", zone: "UTC" },
  long: { channel: "channel", value: "value" },
  quality: { column: "reason" },
});
