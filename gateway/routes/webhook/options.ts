import { z } from "zod";
import { secretSchema, tlsSchema, urlSchema } from "../../sinks/options.ts";
import { capShape, refineCap } from "../cap/options.ts";
import { routeShape } from "../options.ts";

/** Names of headers that the route writes itself. */
const OWN_HEADERS = /^(content-(type|length)|host|connection|transfer-encoding|idempotency-key|tocsin-.*)$/i;

/** Options of `type: webhook`. */
export const webhookSchema = z
  .strictObject({
    ...routeShape({ severity: "blue" }),
    url: urlSchema.meta({
      description: "Where messages are posted. Redirects are not followed.",
      examples: ["https://platform.example/tocsin"],
    }),
    format: z.enum(["event", "cap"]).default("event").meta({
      description: "`event`: the JSON of the topic `event/…`; `cap`: Common Alerting Protocol 1.2 (XML).",
    }),
    secret: secretSchema.optional().meta({
      description: "Key of the signature in the header `tocsin-signature`; without it nothing is signed.",
      examples: ["env:WEBHOOK_SECRET"],
    }),
    token: secretSchema.optional().meta({
      description: "Sent as `authorization: Bearer …`.",
      examples: ["env:WEBHOOK_TOKEN"],
    }),
    headers: z
      .record(
        z
          .string()
          .regex(/^[A-Za-z0-9-]{1,64}$/, "a header's name has letters, digits and -")
          .refine((name) => !OWN_HEADERS.test(name), { message: "the gateway writes this header itself" }),
        z.string().regex(/^[\x20-\x7e]{0,1000}$/, "a header's value is plain ASCII"),
      )
      .default({})
      .meta({
        description: "Further headers. No secrets: those belong into `token` or `secret`.",
        examples: [{ "x-county": "wushan" }],
      }),
    parallel: z.int().min(1).max(16).default(4).meta({
      description:
        "Requests under way at the same time; the events of one occurrence always come one after the other.",
    }),
    tls: tlsSchema.optional().meta({ description: "For https: whom to trust and who we are." }),
    cap: z
      .strictObject(capShape)
      .superRefine(refineCap)
      .prefault({})
      .meta({ description: "With `format: cap`: what stands in the messages." }),
  })
  .meta({ title: "webhook" });

/** Parsed options of a webhook. */
export type WebhookOptions = z.output<typeof webhookSchema>;
