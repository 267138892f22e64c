import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import { sparkplugSinkSchema } from "./sparkplug/options.ts";

/*
 * The sinks of a site file: `sinks: { <id>: { type: …, … } }`. Imports no client library, so that `tocsin check` is quick.
 */

/** A secret is named, never written down: `env:NAME` or `file:PATH`. */
export const secretSchema = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "write env:NAME or file:PATH, never the secret itself");

/** Address of an HTTP server. */
export const urlSchema = z
  .url({ protocol: /^https?$/, error: "write http://HOST:PORT or https://HOST:PORT" })
  .refine((text) => !/^[a-z]+:\/\/[^/]*@/i.test(text), {
    message: "no user name or password in the address; give them as options of their own",
  });

/** For https: whom to trust and who we are. */
export const tlsSchema = z.strictObject({
  ca: z
    .string()
    .optional()
    .meta({
      description: "File with the certificate authorities to trust (PEM); default: those of the system.",
      examples: ["./ca.pem"],
    }),
  certificate: z.string().optional().meta({ description: "File with our own certificate (PEM)." }),
  key: z.string().optional().meta({ description: "File with the key of our certificate (PEM)." }),
  serverName: z
    .string()
    .optional()
    .meta({ description: "Name that the server's certificate must carry, where it is not the host's." }),
  verify: z
    .boolean()
    .default(true)
    .meta({ description: "Whether the server's certificate is checked. Switch it off on a bench only." }),
});

const common = {
  batch: z
    .int()
    .min(1)
    .max(20_000)
    .default(5_000)
    .meta({ description: "Readings in one request, at most.", examples: [2_000] }),
  linger: durationSchema({ max: "1m" })
    .default(250_000)
    .meta({
      description: "Readings wait this long for company before a request goes out; alarm events never do.",
      examples: ["1s"],
    }),
  deadline: durationSchema({ min: "100ms", max: "5m" })
    .default(20_000_000)
    .meta({ description: "A request that has not been answered by then has failed.", examples: ["20s"] }),
  retry: z
    .strictObject({
      first: durationSchema({ min: "10ms", max: "1h" })
        .default(1_000_000)
        .meta({ description: "Wait after the first failure; doubles with each further one." }),
      longest: durationSchema({ min: "10ms", max: "1h" })
        .default(60_000_000)
        .meta({ description: "The wait grows no further than this." }),
    })
    .refine((retry) => retry.first <= retry.longest, { message: "first must not be longer than longest" })
    .prefault({})
    .meta({ description: "How an unreachable sink is tried again; a random part is added to each wait." }),
  start: z.enum(["from-now", "from-oldest"]).default("from-oldest").meta({
    description:
      "Where a sink that is new to this gateway begins: with what is recorded from now on, or with the oldest record there is.",
  }),
  quarantine: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .meta({ description: "Rows refused by the server that are kept to look at; the oldest go first." }),
  tls: tlsSchema.optional().meta({ description: "For https: whom to trust and who we are." }),
};

/** InfluxDB 1.x and what speaks its `/write`. */
export const influxdb1Schema = z
  .strictObject({
    type: z.literal("influxdb1").meta({ description: "InfluxDB 1.x." }),
    url: urlSchema.meta({ description: "Base address of the server.", examples: ["http://192.0.2.20:8086"] }),
    database: z
      .string()
      .min(1)
      .meta({ description: "Database; it must exist.", examples: ["tocsin"] }),
    retentionPolicy: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Retention policy to write to; default: the database's own default." }),
    username: z.string().min(1).optional().meta({ description: "User, where the server wants one." }),
    password: secretSchema
      .optional()
      .meta({ description: "The user's password, by reference.", examples: ["env:INFLUX_PASSWORD"] }),
    ...common,
  })
  .refine((sink) => (sink.username === undefined) === (sink.password === undefined), {
    message: "username and password go together",
    path: ["password"],
  })
  .meta({ title: "influxdb1", description: "InfluxDB 1.x, or anything that takes its /write requests." });

/** InfluxDB 2.x, 3.x and what speaks `/api/v2/write`. */
export const influxdb2Schema = z
  .strictObject({
    type: z.literal("influxdb2").meta({ description: "InfluxDB 2.x." }),
    url: urlSchema.meta({ description: "Base address of the server.", examples: ["http://192.0.2.20:8086"] }),
    org: z
      .string()
      .min(1)
      .meta({ description: "Organisation.", examples: ["county"] }),
    bucket: z
      .string()
      .min(1)
      .meta({ description: "Bucket; it must exist.", examples: ["tocsin"] }),
    token: secretSchema
      .optional()
      .meta({ description: "Token, by reference.", examples: ["env:INFLUX_TOKEN"] }),
    gzip: z
      .boolean()
      .default(true)
      .meta({ description: "Whether requests are compressed: worth it on metered links." }),
    ...common,
  })
  .meta({ title: "influxdb2", description: "InfluxDB 2.x, or anything that takes its /api/v2/write." });

/** One sink as it stands in the site file. */
export const sinkSchema = z.discriminatedUnion("type", [
  influxdb1Schema,
  influxdb2Schema,
  sparkplugSinkSchema,
]);

export type Influxdb1Options = z.output<typeof influxdb1Schema>;
export type Influxdb2Options = z.output<typeof influxdb2Schema>;
/** Options of a sink that takes line protocol. */
export type InfluxOptions = Influxdb1Options | Influxdb2Options;
export type SinkOptions = z.output<typeof sinkSchema>;

/** How many refused rows are kept of a sink: an edge node's host refuses none. */
export function quarantineOf(options: SinkOptions): number {
  return options.type === "sparkplug" ? 0 : options.quarantine;
}
export type TlsOptions = z.output<typeof tlsSchema>;

/** A sink of the site: its id in the site file, and its options. */
export interface SinkConfiguration {
  readonly id: string;
  readonly options: SinkOptions;
}
