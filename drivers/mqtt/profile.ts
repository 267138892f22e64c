import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { valueSchema } from "../value.ts";
import { isZone } from "./local-zone.ts";
import { DEVICE_PLACEHOLDER, filterProblem, isBrokersOwn, TOCSIN_LEVEL, topicProblem } from "./topic.ts";

/*
 * How a profile's channels stand in MQTT messages. One section serves the embedded broker and external ones alike.
 * Paths are read as `a.b[0].c`; the empty path is the whole payload (or the whole element of an array).
 */

const PATH_PATTERN = /^$|^[^.[\]]+(\[\d+\]|\.[^.[\]]+)*$|^\[\d+\](\[\d+\]|\.[^.[\]]+)*$/;

/** A path as a person writes it, or a list of keys. */
export const pathSchema = z
  .union([
    z.string().regex(PATH_PATTERN, "write a path such as battery, sensor.level or values[0].v"),
    z.array(z.union([z.string().min(1), z.number().int().nonnegative()])),
  ])
  .meta({
    description: "Where the field stands. A list of keys for keys that contain a dot.",
    examples: ["sensor.level", "values[0].v"],
  });
/** A path as it stands in a profile. */
export type PathOption = z.output<typeof pathSchema>;

const reasonSchema = z.enum(REASON_NAMES as [ReasonName, ...ReasonName[]]);

/** A raw JSON scalar, compared by its text: `1` and `"1"` are the same. */
const rawSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** How a device writes an instant. */
export const TIME_FORMATS = ["unix", "unix-ms", "unix-us", "rfc3339", "local"] as const;

const zoneSchema = z
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
  interval: durationSchema({ min: "1ms", max: "1d" }).optional().meta({
    description: "Time between samples that carry none; the message's time is then read outside the array.",
  }),
  anchor: z
    .enum(["first", "last"])
    .default("last")
    .meta({ description: "Which sample the message's time belongs to, with `interval`." }),
});
export type EachOption = z.output<typeof eachSchema>;

const suffixSchema = z
  .string()
  .regex(/^$|^\//, "a suffix is empty or begins with /")
  .meta({ description: "Added to the device's topic.", examples: ["/availability"] });

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
  .refine((message) => message.each?.interval === undefined || message.time !== undefined, {
    path: ["each", "interval"],
    message:
      "samples at an interval are dated from the message's own time: give `time`, or all of them would be of the moment of arrival",
  });
/** One kind of message of a device. */
export type PayloadMessage = z.output<typeof payloadMessageSchema>;

/** A device's topic as it stands in a profile or a site file; `{device}` is replaced by the device's own name. */
export const topicPatternSchema = z
  .string()
  .superRefine((pattern, context) => {
    const problem =
      filterProblem(pattern) ??
      (isBrokersOwn(pattern) ? "a topic that begins with $ belongs to the broker" : undefined) ??
      (pattern.split("/")[0] === TOCSIN_LEVEL
        ? `topics under ${TOCSIN_LEVEL}/ belong to the gateway`
        : undefined) ??
      (/^[+#]/.test(pattern)
        ? "the first level is a name: a wildcard there reaches everybody's topics"
        : undefined);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  })
  .meta({ examples: [`devices/${DEVICE_PLACEHOLDER}`] });

const availabilitySchema = z.strictObject({
  suffix: suffixSchema.default("/availability"),
  path: pathSchema.optional().meta({
    description: "For JSON: the field. A payload that is not JSON is taken as plain text all the same.",
  }),
  online: z.array(rawSchema).min(1).default(["online"]),
  offline: z.array(rawSchema).min(1).default(["offline"]),
  bridge: z
    .strictObject({
      topic: topicPatternSchema.meta({ examples: ["zigbee2mqtt/bridge/state"] }),
      path: pathSchema.optional(),
      online: z.array(rawSchema).min(1).default(["online"]),
      offline: z.array(rawSchema).min(1).default(["offline"]),
    })
    .optional()
    .meta({
      description: "A topic of what stands between us and the device: when that is away, the device is.",
    }),
});
/** A topic, often the device's last will, that says whether the device is there. */
export type AvailabilityOption = z.output<typeof availabilitySchema>;

/** How a profile's channels stand in MQTT payloads. */
export const payloadSectionSchema = z
  .strictObject({
    topic: topicPatternSchema.default(`devices/${DEVICE_PLACEHOLDER}`).meta({
      description: "The device's topic. `+` and `#` are allowed after the first level.",
    }),
    messages: z.array(payloadMessageSchema).min(1),
    availability: availabilitySchema.optional(),
  })
  .superRefine((section, context) => {
    for (const [index, message] of section.messages.entries()) {
      const path = ["messages", index];
      if (message.format !== "json") {
        const none = (["device", "when", "test", "each"] as const).find((key) => message[key] !== undefined);
        const extra = none ?? (message.format === "plain" && message.time !== undefined ? "time" : undefined);
        if (extra !== undefined) {
          context.addIssue({
            code: "custom",
            path: [...path, extra],
            message: `${message.format} payloads have no ${extra}`,
          });
        }
      }
      if (section.topic.includes("#") && message.suffix !== "") {
        context.addIssue({
          code: "custom",
          path: [...path, "suffix"],
          message: "nothing can follow # in a topic",
        });
      }
      for (const [at, status] of message.status.entries()) {
        for (const channel of status.channels ?? []) {
          if (channel in message.channels) continue;
          context.addIssue({
            code: "custom",
            path: [...path, "status", at, "channels"],
            message: `${channel} is no channel of this message`,
          });
        }
      }
    }
  });
export type PayloadSection = z.output<typeof payloadSectionSchema>;

/** How a device is reached on an MQTT link. */
export const mqttAddressSchema = z.strictObject({
  topic: topicPatternSchema.optional().meta({
    description: "The device's topic, where it differs from the profile's pattern.",
    examples: ["plant/hall-3/{device}"],
  }),
  id: z
    .string()
    .min(1)
    .max(256)
    .refine(
      (id) => topicProblem(id) === undefined && !id.includes("/"),
      "an id within a topic has no +, # or /",
    )
    .optional()
    .meta({
      description: "What the device calls itself in topics and payloads. Default: its id in the site file.",
      examples: ["0x00158d0001a2b3c4"],
    }),
  zone: zoneSchema.optional().meta({
    description:
      "For a device whose clock is set to local time: its dates are read in this zone, also where it writes Z behind them.",
    examples: ["+08:00"],
  }),
});
export type MqttAddress = z.output<typeof mqttAddressSchema>;
