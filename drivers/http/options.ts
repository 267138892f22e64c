import { z } from "zod";
import { isLoopback, listenSchema, parseListen } from "../../model/listen.ts";
import { bytesSchema, durationSchema, idSchema } from "../../model/schema.ts";
import { pathSchema } from "../payload/path.ts";
import { type PayloadMessage, timeSchema } from "../payload/profile.ts";
import { secretSchema, strangersSchema } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";

/*
 * Options of a link that vendors' clouds and devices push to over HTTP. Imports nothing that opens a socket.
 */

/** Stands in the path of a source for the name the device calls itself by. */
export const DEVICE_SEGMENT = "{device}";

const headerSchema = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, "write the name of a header, such as X-Token")
  .transform((name) => name.toLowerCase());

const tokenSchema = z
  .strictObject({
    secret: secretSchema.meta({ description: "Where the token is.", examples: ["env:PUSH_TOKEN"] }),
    header: headerSchema.optional().meta({
      description: "Header that carries it, as it is. Default: `Authorization: Bearer …`.",
      examples: ["X-Token"],
    }),
    query: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({
        description:
          "Parameter of the address that carries it, for clouds that can send no header of their own. It then stands in logs of proxies.",
        examples: ["token"],
      }),
  })
  .refine((token) => token.header === undefined || token.query === undefined, {
    path: ["query"],
    message: "the token stands in a header or in the address, not in both",
  });

/** What an HMAC is made of, in the order it is joined. */
export const SIGNED_PARTS = ["timestamp", "nonce", "method", "path", "body"] as const;

const hmacSchema = z
  .strictObject({
    secret: secretSchema.meta({ description: "Where the key is.", examples: ["env:PUSH_KEY"] }),
    signature: headerSchema
      .default("x-signature")
      .meta({ description: "Header of the signature; `sha256=` before it is taken off." }),
    timestamp: headerSchema
      .default("x-timestamp")
      .meta({ description: "Header of the instant of signing, in Unix seconds or milliseconds." }),
    nonce: headerSchema
      .default("x-nonce")
      .meta({ description: "Header of a text that the sender uses once only." }),
    encoding: z.enum(["hex", "base64"]).default("hex").meta({ description: "How the signature is written." }),
    signed: z
      .array(z.enum(SIGNED_PARTS))
      .refine((parts) => (["timestamp", "nonce", "body"] as const).every((part) => parts.includes(part)), {
        message: "what is not signed can be exchanged: timestamp, nonce and body must be among it",
      })
      .default(["timestamp", "nonce", "body"])
      .meta({ description: "What is signed, joined by line feeds. `path` is with its parameters." }),
    window: durationSchema({ min: "10s", max: "1h" })
      .prefault("5m")
      .meta({ description: "How far the time of signing may be from the gateway's clock." }),
  })
  .meta({ description: "HMAC-SHA256 (RFC 2104) over the request." });
export type HmacOptions = z.output<typeof hmacSchema>;

/** See `EnvelopeOptions`. */
export const envelopeSchema = z.strictObject({
  messages: pathSchema.default("").meta({
    description:
      "Where the message, or the array of messages, stands in the request. A text there is read as JSON. Default: the whole of it.",
  }),
  device: pathSchema.optional().meta({
    description: `Where a message says which device it is from. Not with ${DEVICE_SEGMENT} in the path.`,
    examples: ["IMEI"],
  }),
  id: z
    .array(pathSchema)
    .max(8)
    .default([])
    .meta({
      description:
        "Fields that together name a message, so that one sent again is recognised. Without them, and without a signature, a message sent again is a new one.",
      examples: [["msgId"]],
    }),
  body: z
    .array(pathSchema)
    .min(1)
    .max(8)
    .default([""])
    .meta({
      description:
        "Where in a message that stands which the profile describes: the first of these that is there. Default: the whole message.",
      examples: [["payload"]],
    }),
  encoding: z
    .enum(["json", "base64"])
    .default("json")
    .meta({ description: "`json`: an object, or a text that is JSON; `base64`: JSON in Base64." }),
  time: timeSchema.optional().meta({
    description:
      "When the platform had it, for what has no time of its own: what the cloud held back must not pass for news.",
  }),
  ignore: z
    .array(
      z.strictObject({
        path: pathSchema,
        equals: z
          .array(z.union([z.string(), z.number()]))
          .min(1)
          .meta({ description: "Any of these values." }),
      }),
    )
    .max(8)
    .default([])
    .meta({ description: "Messages of the platform's own that are acknowledged and say nothing." }),
});
/** How messages are wrapped in a request. */
export type EnvelopeOptions = z.output<typeof envelopeSchema>;

/** Envelopes of platforms. Written down from memory of their documents, not tried against them: docs/http-intake.md. */
export const PLATFORMS = ["none", "aep", "onenet"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** See `SourceOptions`. */
export const sourceSchema = z
  .strictObject({
    path: z
      .string()
      .max(256)
      .regex(
        /^(\/[A-Za-z0-9._~-]+)*\/([A-Za-z0-9._~-]+|\{device\})$/,
        `write a path such as /push/alarms, or /push/${DEVICE_SEGMENT}`,
      )
      .optional()
      .meta({
        description: `Where the source posts to; ${DEVICE_SEGMENT} may be its last part. Default: / and the source's id.`,
        examples: [`/push/${DEVICE_SEGMENT}`],
      }),
    token: tokenSchema.optional().meta({ description: "A secret that the source sends along." }),
    hmac: hmacSchema.optional(),
    from: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({ description: "Addresses and networks it may come from.", examples: [["10.21.0.0/16"]] }),
    platform: z.enum(PLATFORMS).default("none").meta({
      description:
        "Whose envelope: `aep` (China Telecom), `onenet` (China Mobile; answers its check of the address, too). `envelope` replaces it.",
    }),
    check: secretSchema.optional().meta({
      description: "Where the token is that OneNET signs with: its pushes and its check of the address.",
    }),
    envelope: envelopeSchema.optional().meta({ description: "How messages stand in a request." }),
    rate: z.number().int().min(1).max(100_000).default(500).meta({
      description: "Requests a second; beyond it the answer is 429 and the source comes again.",
    }),
    held: z.number().int().min(1).max(100_000).default(2_000).meta({
      description: "Requests of this source that may wait for the disk at a time.",
    }),
  })
  .superRefine((source, context) => {
    if (source.token !== undefined && source.hmac !== undefined) {
      context.addIssue({ code: "custom", path: ["hmac"], message: "give either token or hmac" });
    }
    if (source.check !== undefined && source.platform !== "onenet") {
      context.addIssue({ code: "custom", path: ["check"], message: "only platform onenet has it" });
    }
    const named = source.envelope?.device !== undefined;
    const inPath = source.path?.endsWith(DEVICE_SEGMENT) === true;
    if (inPath && named) {
      context.addIssue({
        code: "custom",
        path: ["envelope", "device"],
        message: "the path names the device already",
      });
    }
    if (!inPath && !named && (source.platform === "none" || source.envelope !== undefined)) {
      context.addIssue({
        code: "custom",
        path: ["envelope"],
        message: `nothing says which device a message is from: give envelope.device, or ${DEVICE_SEGMENT} in the path`,
      });
    }
  });
/** One that pushes: a platform, a proxy, a kind of device. */
export type SourceOptions = z.output<typeof sourceSchema>;

export const httpLinkSchema = z
  .strictObject({
    listen: listenSchema.default("127.0.0.1:8480").meta({
      description: "Address and port. Beyond the loopback every source needs a token, hmac or check.",
      examples: ["0.0.0.0:8480"],
    }),
    tls: z
      .strictObject({
        certificate: z.string().min(1).meta({ description: "PEM file of the certificate chain." }),
        key: z.string().min(1).meta({ description: "PEM file of the private key." }),
      })
      .optional()
      .meta({ description: "Encrypts the listener." }),
    sources: z
      .record(idSchema, sourceSchema)
      .refine((sources) => Object.keys(sources).length > 0, { message: "name at least one source" })
      .meta({ description: "Those that push, by id." }),
    limits: z
      .strictObject({
        connections: z
          .number()
          .int()
          .min(1)
          .max(10_000)
          .default(500)
          .meta({ description: "Connections at a time." }),
        perAddress: z.number().int().min(1).max(10_000).default(200).meta({
          description: "Connections of one address, so that one cannot take all.",
        }),
        request: durationSchema({ min: "100ms", max: "5m" })
          .prefault("10s")
          .meta({ description: "Time for a request, its body included, to arrive." }),
        idle: durationSchema({ min: "1s", max: "1h" })
          .prefault("1m")
          .meta({ description: "A connection without a request for this long is closed." }),
        wait: durationSchema({ min: "100ms", max: "5m" })
          .prefault("10s")
          .meta({ description: "Time an answer waits for the disk before it is 503." }),
        body: bytesSchema.prefault("256KiB").meta({ description: "Largest body of a request." }),
        messages: z
          .number()
          .int()
          .min(1)
          .max(100_000)
          .default(1_000)
          .meta({ description: "Messages in one request." }),
        nonces: z.number().int().min(100).max(1_000_000).default(100_000).meta({
          description: "Signed requests remembered within their window; beyond it the answer is 503.",
        }),
        strangers: strangersSchema,
      })
      .prefault({})
      .meta({ description: "Bounds of what callers may take." }),
  })
  .superRefine((options, context) => {
    const paths = new Map<string, string>();
    const address = parseListen(options.listen);
    const open = address !== undefined && !isLoopback(address.host);
    for (const [id, source] of Object.entries(options.sources)) {
      const path = sourcePath(id, source).replace(/\/\{device\}$/, "/");
      const twin = paths.get(path);
      if (twin !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["sources", id, "path"],
          message: `source "${twin}" has this path already`,
        });
      }
      paths.set(path, id);
      if (!open || source.token !== undefined || source.hmac !== undefined || source.check !== undefined) {
        continue;
      }
      context.addIssue({
        code: "custom",
        path: ["sources", id],
        message: `${options.listen} can be reached from outside: give source "${id}" a token or hmac`,
      });
    }
  });
/** Parsed options of a link of type `http-intake`. */
export type HttpOptions = z.output<typeof httpLinkSchema>;

/** Where a source posts to. */
export function sourcePath(id: string, source: Pick<SourceOptions, "path">): string {
  return source.path ?? `/${id}`;
}

export const httpAddressSchema = z.strictObject({
  source: idSchema.meta({ description: "Which source of the link speaks for it.", examples: ["aep"] }),
  id: z
    .string()
    .min(1)
    .max(256)
    .meta({
      description: "What it is called there: an IMEI, a device id.",
      examples: ["866971030000001"],
    }),
});
/** How a device is known. */
export type HttpAddress = z.output<typeof httpAddressSchema>;

/** What of a profile's `payload` section holds for HTTP: it has no topics. */
export interface HttpSection {
  readonly messages: readonly PayloadMessage[];
}
