import { z } from "zod";
import { pathSchema } from "../payload/path.ts";
import {
  type PayloadMessage,
  payloadMessageSchema,
  rawSchema,
  suffixSchema,
  zoneSchema,
} from "../payload/profile.ts";
import { DEVICE_PLACEHOLDER, filterProblem, isBrokersOwn, TOCSIN_LEVEL, topicProblem } from "./topic.ts";

/*
 * How a device's messages stand on MQTT topics. One section serves the embedded broker and external ones alike.
 */

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
      const twin = section.messages.find(({ suffix }) => suffix === message.suffix);
      if (twin !== undefined && namingOf(twin) !== namingOf(message)) {
        context.addIssue({
          code: "custom",
          path: [...path, "each"],
          message:
            "messages of one topic say in one way whose they are: all with the same `each.device`, or none",
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

/** Where the entries of several devices stand in a message, as text; "": it has none. */
function namingOf({ each }: PayloadMessage): string {
  return each?.device === undefined ? "" : JSON.stringify([each.path, each.device]);
}

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
