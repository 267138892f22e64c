import { z } from "zod";
import { bytesSchema, durationSchema } from "../../../model/schema.ts";

/*
 * Options of a client of an external broker, shared by the link and the alerts' uplinks. Imports no protocol library.
 */

const secretSchema = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "name a secret as env:NAME or file:PATH")
  .meta({ examples: ["env:MQTT_PASSWORD"] });

/** Schemes of a broker's address and the port each has when none is written (IANA: mqtt, secure-mqtt). */
export const MQTT_PORTS: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883 };

function urlProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "write mqtt://host:port or mqtts://host:port";
  }
  if (!(url.protocol in MQTT_PORTS) || url.hostname === "")
    return "write mqtt://host:port or mqtts://host:port";
  if (url.username !== "" || url.password !== "") return "user and password do not belong in the address";
  if ((url.pathname !== "" && url.pathname !== "/") || url.search !== "" || url.hash !== "") {
    return "nothing follows the port";
  }
  return undefined;
}

/** What a connection to an external broker needs. */
export const connectionOptionsShape = {
  url: z
    .string()
    .superRefine((text, context) => {
      const problem = urlProblem(text);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .meta({
      description: "`mqtt://` or `mqtts://`, host and port.",
      examples: ["mqtts://broker.example:8883"],
    }),
  protocol: z
    .union([z.literal(4), z.literal(5)])
    .default(5)
    .meta({
      description:
        "5 is MQTT 5, 4 is MQTT 3.1.1. With 5 we say how many unacknowledged messages we take; with 4 many brokers send 20 at a time, which bounds the throughput.",
    }),
  clientId: z.string().min(1).max(128).optional().meta({
    description: "Stays the same over restarts, or nothing is redelivered. Default: tocsin-<site>-<id>.",
  }),
  username: z
    .string()
    .optional()
    .meta({ description: "User, where the broker wants one.", examples: ["tocsin"] }),
  password: secretSchema
    .optional()
    .meta({ description: "Where the password is, never the password itself." }),
  tls: z
    .strictObject({
      ca: z
        .string()
        .optional()
        .meta({ description: "PEM file of the authority, when it is not a public one." }),
      certificate: z.string().optional().meta({ description: "PEM file of our certificate." }),
      key: z.string().optional().meta({ description: "PEM file of our private key." }),
      serverName: z
        .string()
        .optional()
        .meta({ description: "Name in the broker's certificate, if not the host." }),
    })
    .optional()
    .meta({ description: "For mqtts: whom to trust and who we are." }),
  keepalive: durationSchema({ min: "5s", max: "18h" }).prefault("30s").meta({
    description: "Longest silence on the connection before either side asks whether the other is there.",
  }),
  connectTimeout: durationSchema({ min: "100ms", max: "2m" })
    .prefault("10s")
    .meta({ description: "Time from dialling to the broker's welcome." }),
  sessionExpiry: durationSchema({ min: "1m", max: "365d" })
    .prefault("7d")
    .meta({
      description: "MQTT 5: how long the broker keeps for us what arrives while we are away.",
      examples: ["7d"],
    }),
  backoff: z
    .strictObject({
      first: durationSchema({ min: "10ms", max: "1m" })
        .prefault("500ms")
        .meta({ description: "Pause after the first failure." }),
      greatest: durationSchema({ min: "100ms", max: "1h" })
        .prefault("30s")
        .meta({ description: "The pause grows no further than this." }),
    })
    .prefault({})
    .meta({ description: "Time between attempts; doubles, with jitter." }),
};

export const connectionOptionsSchema = z.strictObject(connectionOptionsShape);
/** Parsed options of a connection to an external broker. */
export type ConnectionOptions = z.output<typeof connectionOptionsSchema>;

/** Most unacknowledged messages the protocol can number (MQTT 5, 3.1.2.11.3). */
export const RECEIVE_MAXIMUM_BOUND = 65_535;

export const clientOptionsSchema = z.strictObject({
  ...connectionOptionsShape,
  qos: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .default(1)
    .meta({ description: "Quality of the subscriptions. With 0 the broker forgets what we did not take." }),
  retained: z.enum(["uncertain", "ignore"]).default("uncertain").meta({
    description:
      "Retained messages without a device time are of unknown age. `uncertain`: they can raise an alarm and never clear one.",
  }),
  limits: z
    .strictObject({
      packet: bytesSchema.prefault("256KiB").meta({ description: "Largest packet." }),
      inFlight: z
        .number()
        .int()
        .min(1)
        .max(RECEIVE_MAXIMUM_BOUND)
        .default(2_000)
        .meta({ description: "MQTT 5: unacknowledged messages the broker may send us." }),
      held: z
        .number()
        .int()
        .min(1)
        .max(60_000)
        .default(16_384)
        .meta({ description: "Acknowledgements that wait for the disk before the broker is slowed down." }),
    })
    .prefault({})
    .meta({ description: "Bounds of what the broker may send us." }),
});
/** Parsed options of a link of type `mqtt-client`. */
export type ClientOptions = z.output<typeof clientOptionsSchema>;
