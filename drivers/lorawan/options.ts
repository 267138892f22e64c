import { z } from "zod";
import { bytesSchema, durationSchema, idSchema } from "../../model/schema.ts";
import type { FeedOptions } from "../driver.ts";
import { connectionOptionsShape } from "../mqtt/client/options.ts";
import { filterProblem } from "../mqtt/topic.ts";
import { pathSchema } from "../payload/path.ts";
import { timeSchema } from "../payload/profile.ts";

/*
 * Options of a link to a LoRaWAN network server over MQTT. Opens no socket.
 */

/** Network servers whose messages are known. */
export const SERVERS = ["chirpstack", "ttn", "plain"] as const;
export type NetworkServer = (typeof SERVERS)[number];

/** Topics of each, where the site names none. */
export const SERVER_TOPICS: Readonly<Record<NetworkServer, readonly string[]>> = {
  chirpstack: ["application/+/device/+/event/+"],
  ttn: ["v3/+/devices/+/up", "v3/+/devices/+/join"],
  plain: [],
};

/** What only a connection of ours to a broker elsewhere has. */
const CONNECTION_OF_OURS = ["clientId", "username", "password", "tls"] as const;

const topicSchema = z.string().superRefine((filter, context) => {
  const problem =
    filterProblem(filter) ?? (filter.startsWith("$SYS") ? "that is the broker's own" : undefined);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const fieldsSchema = z.strictObject({
  device: pathSchema.default("devEui").meta({ description: "The device's DevEUI, in hexadecimal." }),
  data: pathSchema.default("data").meta({ description: "The bytes of the uplink." }),
  encoding: z.enum(["base64", "hex"]).default("base64").meta({ description: "How the bytes are written." }),
  port: pathSchema.default("fPort").meta({ description: "FPort." }),
  counter: pathSchema.default("fCnt").meta({ description: "Uplink frame counter." }),
  address: pathSchema.default("devAddr").meta({ description: "DevAddr, which tells sessions apart." }),
  rssi: pathSchema.default("rssi").meta({ description: "RSSI in dBm." }),
  snr: pathSchema.default("snr").meta({ description: "SNR in dB." }),
  object: pathSchema.default("object").meta({ description: "What the server decoded, where it does." }),
  time: timeSchema
    .prefault({ path: "time", format: "rfc3339" })
    .meta({ description: "When the network had it." }),
});
/** Where a plain server has what. */
export type PlainFields = z.output<typeof fieldsSchema>;

/** Options of a link of type `lorawan`. */
export const lorawanLinkSchema = z
  .strictObject({
    ...connectionOptionsShape,
    url: connectionOptionsShape.url.optional(),
    broker: idSchema.optional().meta({
      description:
        "Instead of `url`: the site's own broker, a link of type mqtt-broker to which the network server publishes.",
      examples: ["broker"],
    }),
    users: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        description: "With `broker`: its users that may publish uplinks there, and nobody else.",
        examples: [["chirpstack"]],
      }),
    server: z.enum(SERVERS).default("chirpstack").meta({
      description: "`chirpstack` v4, `ttn` (The Things Stack v3), or `plain`: JSON laid out as `fields` say.",
    }),
    topics: z
      .array(topicSchema)
      .min(1)
      .optional()
      .meta({
        description: "What to subscribe to. Default: all applications of the server that the user may see.",
        examples: [["application/7/device/+/event/+"]],
      }),
    fields: fieldsSchema.optional().meta({ description: "For `plain`: where what stands." }),
    time: z.enum(["network", "arrival"]).default("network").meta({
      description:
        "`network`: an uplink is of the instant that the network server gives; `arrival`: of now, where that clock is not to be trusted.",
    }),
    codec: z
      .strictObject({
        deadline: durationSchema({ min: "5ms", max: "5s" })
          .prefault("100ms")
          .meta({ description: "Longest time a codec may take over one uplink.", examples: ["100ms"] }),
        memory: bytesSchema.prefault("16MiB").meta({ description: "Memory of one codec." }),
        output: bytesSchema.prefault("64KiB").meta({ description: "Longest JSON that a codec may return." }),
        waiting: z.number().int().min(10).max(100_000).default(10_000).meta({
          description: "Uplinks that may wait for one codec.",
        }),
      })
      .prefault({})
      .meta({ description: "Bounds of the codecs that devices' vendors wrote." }),
    limits: z
      .strictObject({
        packet: bytesSchema.prefault("256KiB").meta({ description: "Largest packet." }),
        inFlight: z
          .number()
          .int()
          .min(1)
          .max(65_535)
          .default(2_000)
          .meta({ description: "MQTT 5: unacknowledged messages the broker may send us." }),
        held: z.number().int().min(1).max(60_000).default(16_384).meta({
          description: "Acknowledgements that wait before the broker is slowed down.",
        }),
        strangers: z
          .number()
          .int()
          .min(1)
          .max(10_000)
          .default(200)
          .meta({ description: "Devices remembered that the site does not have." }),
      })
      .prefault({})
      .meta({ description: "Bounds of what may be sent to us." }),
  })
  .superRefine((options, context) => {
    if ((options.url === undefined) === (options.broker === undefined)) {
      context.addIssue({ code: "custom", path: ["url"], message: "give either url or broker" });
    }
    for (const key of options.broker === undefined ? (["users"] as const) : CONNECTION_OF_OURS) {
      if (options[key] === undefined) continue;
      const message = `${key} belongs to ${options.broker === undefined ? "broker, the site's own" : "url, a broker elsewhere"}`;
      context.addIssue({ code: "custom", path: [key], message });
    }
    if (options.server === "plain" && options.topics === undefined) {
      context.addIssue({ code: "custom", path: ["topics"], message: "server plain needs topics" });
    }
    if (options.server !== "plain" && options.fields !== undefined) {
      context.addIssue({ code: "custom", path: ["fields"], message: "only server plain has fields" });
    }
  });
/** Parsed options of a link of type `lorawan`. */
export type LorawanOptions = z.output<typeof lorawanLinkSchema>;

export const lorawanAddressSchema = z.strictObject({
  devEui: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}[:-]?){7}[0-9A-Fa-f]{2}$/, "write the 16 hexadecimal digits of the DevEUI")
    .transform(plainEui)
    .meta({ description: "DevEUI, as on the label.", examples: ["24E124136B502217"] }),
});
/** How a device is known. */
export type LorawanAddress = z.output<typeof lorawanAddressSchema>;

/** Topics of a link. */
export function topicsOf({ server, topics }: LorawanOptions): readonly string[] {
  return topics ?? SERVER_TOPICS[server];
}

/** What it takes from the site's own broker; undefined: it is a client of one elsewhere. */
export function feedOf(options: LorawanOptions): FeedOptions | undefined {
  const { broker, users = [] } = options;
  return broker === undefined ? undefined : { broker, topics: topicsOf(options), users };
}

/** A DevEUI in one form: lower case, without separators. */
export function plainEui(eui: string): string {
  return eui.replaceAll(/[:-]/g, "").toLowerCase();
}

/** Parsed fields where the site gives none. */
export const DEFAULT_FIELDS: PlainFields = fieldsSchema.parse({});
