import { z } from "zod";
import { isLoopback, listenSchema, parseListen } from "../../../model/listen.ts";
import { bytesSchema, durationSchema, idSchema } from "../../../model/schema.ts";
import { filterProblem, TOCSIN_LEVEL } from "../topic.ts";

/*
 * Options of the embedded broker. Imports no protocol library.
 */

/** How a password hash is written: cost N, block size r, parallelism p of scrypt (RFC 7914), salt and hash in base64url. */
export const PASSWORD_HASH_PATTERN = /^scrypt:(\d+):(\d+):(\d+):([A-Za-z0-9_-]+):([A-Za-z0-9_-]+)$/;

export const ROLES = ["device", "staff", "observer"] as const;
export type Role = (typeof ROLES)[number];

const extraTopicSchema = z.string().superRefine((filter, context) => {
  const problem =
    filterProblem(filter) ??
    (/^[$+#]/.test(filter) || filter.split("/")[0] === TOCSIN_LEVEL
      ? `extra topics begin with a name other than ${TOCSIN_LEVEL}`
      : undefined);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const userSchema = z
  .strictObject({
    password: z
      .string()
      .regex(PASSWORD_HASH_PATTERN, "this is no password hash: make one with `tocsin hash-password`")
      .meta({ description: "Hash of the password, never the password itself." }),
    role: z.enum(ROLES).meta({
      description:
        "`device`: publishes and subscribes below the topics of its devices only. `staff`: subscribes to alarms and sends commands. `observer`: subscribes only.",
    }),
    devices: z
      .array(idSchema)
      .default([])
      .meta({ description: "For role device: the devices it may speak for." }),
    topics: z
      .array(extraTopicSchema)
      .default([])
      .meta({
        description: "For role device: further topics that are no device's, for example those of a bridge.",
        examples: [["zigbee2mqtt/bridge/#"]],
      }),
  })
  .superRefine((user, context) => {
    if (user.role === "device" && user.devices.length === 0) {
      context.addIssue({
        code: "custom",
        path: ["devices"],
        message: "name the devices this user speaks for",
      });
    }
    if (user.role !== "device" && (user.devices.length > 0 || user.topics.length > 0)) {
      context.addIssue({
        code: "custom",
        path: [user.devices.length > 0 ? "devices" : "topics"],
        message: "only users of role device have devices or topics",
      });
    }
  });
/** A user of the broker. */
export type BrokerUser = z.output<typeof userSchema>;

export const DEFAULT_LISTEN = "127.0.0.1:1883";

export const brokerOptionsSchema = z
  .strictObject({
    listen: listenSchema.default(DEFAULT_LISTEN).meta({
      description: "Address and port. Beyond the loopback users are required.",
      examples: ["0.0.0.0:1883"],
    }),
    users: z
      .record(z.string().min(1).max(64), userSchema)
      .optional()
      .meta({ description: "Who may connect. Without it the listener is open, on the loopback only." }),
    tls: z
      .strictObject({
        certificate: z.string().min(1).meta({ description: "PEM file of the certificate chain." }),
        key: z.string().min(1).meta({ description: "PEM file of the private key." }),
      })
      .optional()
      .meta({ description: "Encrypts the listener." }),
    limits: z
      .strictObject({
        connections: z
          .number()
          .int()
          .min(1)
          .max(100_000)
          .default(2_000)
          .meta({ description: "Connected clients." }),
        waiting: z
          .number()
          .int()
          .min(1)
          .max(10_000)
          .default(200)
          .meta({ description: "Sockets that have not finished connecting; beyond it the oldest goes." }),
        connectTimeout: durationSchema({ min: "100ms", max: "1m" })
          .prefault("10s")
          .meta({ description: "Time a socket has to say CONNECT." }),
        keepalive: durationSchema({ min: "0s", max: "18h" }).prefault("1h").meta({
          description: "Longest keep-alive a client may ask for; one without any is refused. 0s: any.",
        }),
        packet: bytesSchema.prefault("256KiB").meta({ description: "Largest packet." }),
        topicLevels: z.number().int().min(1).max(100).default(20).meta({ description: "Levels of a topic." }),
        held: z.number().int().min(1).max(60_000).default(16_384).meta({
          description: "Acknowledgements of one client that wait for the disk before it is slowed down.",
        }),
        outgoing: bytesSchema
          .prefault("4MiB")
          .meta({ description: "Bytes waiting for a client that reads too slowly, before it is cut off." }),
        stalled: durationSchema({ min: "1s", max: "10m" })
          .prefault("20s")
          .meta({ description: "Time a client may read nothing while something waits for it." }),
        sessions: z
          .number()
          .int()
          .min(1)
          .max(100_000)
          .default(5_000)
          .meta({ description: "Sessions kept for clients that are away; beyond it the longest away goes." }),
        queued: z
          .number()
          .int()
          .min(1)
          .max(1_000_000)
          .default(1_000)
          .meta({ description: "Messages kept for one client that is away; beyond it the oldest goes." }),
        retained: z
          .number()
          .int()
          .min(1)
          .max(1_000_000)
          .default(50_000)
          .meta({ description: "Retained messages." }),
      })
      .prefault({})
      .meta({ description: "Bounds of what clients may take." }),
  })
  .superRefine((options, context) => {
    const address = parseListen(options.listen);
    if (address === undefined || isLoopback(address.host) || options.users !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["users"],
      message: `${options.listen} can be reached from outside: list the users who may connect`,
    });
  });
/** Parsed options of a link of type `mqtt-broker`. */
export type BrokerOptions = z.output<typeof brokerOptionsSchema>;
