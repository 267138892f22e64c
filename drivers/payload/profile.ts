import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { valueSchema } from "../value.ts";
import { isZone } from "./local-zone.ts";
import { pathSchema } from "./path.ts";

/*
 * How a profile's channels stand in the messages of a device, whatever brings them: MQTT, HTTP, a LoRaWAN server.
 */

const reasonSchema = z.enum(REASON_NAMES as [ReasonName, ...ReasonName[]]);

/** A raw JSON scalar, compared by its text: `1` and `"1"` are the same. */
export const rawSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** How a device writes an instant. */
export const TIME_FORMATS = ["unix", "unix-ms", "unix-us", "rfc3339", "local"] as const;

/** A zone as a device keeps its clock in. */
export const zoneSchema = z
  .string()
  .refine(isZone, "write an offset such as +08:00, or a zone such as Europe/Berlin");

/** Where an instant stands and how it is written. */
export const timeSchema = z
  .strictObject({
    path: pathSchema,
    format: z.enum(TIME_FORMATS).meta({
      description:
        "`unix` seconds, `unix-ms`, `unix-us`, `rfc3339` with an offset, or `local`: date and time without one.",
    }),
    zone: zoneSchema.optional().meta({
      description:
        "Offset of local times. A name such as Europe/Berlin only for devices that follow summer time; the hour that occurs twice is then dated by its arrival.",
      examples: ["+08:00"],
    }),
  })
  .refine((time) => (time.format === "local") === (time.zone !== undefined), {
    path: ["zone"],
    message: "zone belongs to format local, and local needs it",
  });
export type TimeOption = z.output<typeof timeSchema>;

const channelSchema = z.strictObject({
  path: pathSchema.optional().meta({ description: "Default: the channel's own id." }),
  ...valueSchema.shape,
  states: z
    .record(z.string(), z.number().int())
    .optional()
    .meta({
      description:
        "For discrete channels: raw value to code. Default: true, on, 1 and yes are 1; false, off, 0 and no are 0, whatever their case. Anything else is undecodable.",
      examples: [{ ALARM: 1, NORMAL: 0 }],
    }),
  ignore: z
    .union([z.literal("others"), z.array(rawSchema)])
    .default([])
    .meta({
      description:
        "Raw values that say nothing about this channel; `others`: all that `states` does not list.",
    }),
});
/** How one channel stands in a message. */
export type PayloadChannel = z.output<typeof channelSchema>;

const statusSchema = z
  .strictObject({
    path: pathSchema,
    reasons: z
      .record(z.string(), reasonSchema)
      .optional()
      .meta({
        description: "Raw value to reason; values not listed change nothing.",
        examples: [{ fault: "sensor_failure" }],
      }),
    bits: z
      .record(z.string().regex(/^([0-9]|[12][0-9]|3[01])$/, "a bit number from 0 to 31"), reasonSchema)
      .optional()
      .meta({ description: "For a number that is a bit field: bit to reason while it is set." }),
    channels: z
      .array(idSchema)
      .min(1)
      .optional()
      .meta({ description: "The channels whose quality it decides. Default: all of this message." }),
  })
  .refine((status) => (status.reasons === undefined) !== (status.bits === undefined), {
    message: "give either reasons or bits",
  });
export type StatusOption = z.output<typeof statusSchema>;

const selectionSchema = z.strictObject({
  path: pathSchema,
  equals: z.array(rawSchema).min(1).meta({ description: "Any of these raw values." }),
});
/** A condition on a field of the payload. */
export type Selection = z.output<typeof selectionSchema>;

const eachSchema = z.strictObject({
  path: pathSchema.meta({
    description: "The array of samples; paths of channels and time are within one element.",
  }),
  device: pathSchema.optional().meta({
    description:
      "Where an element says which device it is from, when the array has those of several; `time` is then looked for in the element, and else outside the array.",
    examples: ["id"],
  }),
  interval: durationSchema({ min: "1ms", max: "1d" }).optional().meta({
    description: "Time between samples that carry none; the message's time is then read outside the array.",
  }),
  anchor: z
    .enum(["first", "last"])
    .default("last")
    .meta({ description: "Which sample the message's time belongs to, with `interval`." }),
});
export type EachOption = z.output<typeof eachSchema>;

/** What is added to a device's topic; HTTP has none. */
export const suffixSchema = z
  .string()
  .regex(/^$|^\//, "a suffix is empty or begins with /")
  .meta({ description: "Added to the device's topic.", examples: ["/availability"] });

/** One kind of message of a device, as it stands in a profile. */
export const payloadMessageSchema = z
  .strictObject({
    suffix: suffixSchema.default(""),
    format: z.enum(["json", "plain", "cigem"]).default("json").meta({
      description:
        "`plain`: the payload is the value itself, as text. `cigem`: 普适型 geohazard instruments, several devices a message, each under its name; paths begin with the sensor: `L1_LF_1`, `L3_YL_1.totalValue`, `L1_QJ_1[0]` of a list with commas.",
    }),
    device: pathSchema
      .optional()
      .meta({ description: "Where the payload says which device it is from, when many share a topic." }),
    when: selectionSchema
      .optional()
      .meta({ description: "Only payloads of this kind; others say nothing by this section." }),
    test: selectionSchema
      .optional()
      .meta({ description: "Marks the readings as test, for example a pressed test button." }),
    time: timeSchema
      .optional()
      .meta({ description: "The device's own time. Without it the gateway's time of arrival stands." }),
    each: eachSchema.optional(),
    channels: z.record(idSchema, channelSchema).meta({
      description:
        "The channels this message can carry. A field that is not there says nothing; null is a bad value.",
    }),
    status: z.array(statusSchema).default([]),
  })
  .refine((message) => message.each?.device === undefined || message.device === undefined, {
    path: ["each", "device"],
    message: "the whole payload says already which device it is from: give either `device` or `each.device`",
  })
  .refine((message) => message.each?.device === undefined || message.each.interval === undefined, {
    path: ["each", "interval"],
    message: "an interval is between samples of one device: it does not go with `each.device`",
  })
  .refine((message) => message.each?.interval === undefined || message.time !== undefined, {
    path: ["each", "interval"],
    message:
      "samples at an interval are dated from the message's own time: give `time`, or all of them would be of the moment of arrival",
  });
/** One kind of message of a device. */
export type PayloadMessage = z.output<typeof payloadMessageSchema>;
