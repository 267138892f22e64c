import { Cron } from "croner";
import { z } from "zod";
import { connectionOptionsShape } from "../../drivers/mqtt/client/options.ts";
import { durationSchema } from "../../model/schema.ts";
import { LANGUAGES } from "../../model/text.ts";

/*
 * The sections `alerts` and `uplinks` of a site file. Imports no protocol library.
 */

const cronSchema = z.string().refine(
  (pattern) => {
    try {
      // It never fires by itself: only what it says of the calendar is used.
      return new Cron(pattern, { paused: true }).nextRun() !== null;
    } catch {
      return false;
    }
  },
  { message: "not a cron pattern that ever comes; write for example 0 9 * * 1" },
);

/** `alerts:` how the gateway tells people. */
export const alertsOptionsSchema = z
  .strictObject({
    heartbeat: durationSchema({ min: "1s", max: "10m" })
      .prefault("30s")
      .meta({
        description:
          "The topic `status` is published this often. Who misses three in a row must assume that the gateway is gone.",
        examples: ["30s"],
      }),
    points: durationSchema({ min: "5s", max: "1h" })
      .prefault("1m")
      .meta({
        description:
          "Point topics are renewed this often while data comes in; a change of alarm or monitoring is published at once.",
        examples: ["1m"],
      }),
    readings: z.boolean().default(false).meta({
      description: "Whether the last reading of each channel is published on `reading/<device>/<channel>`.",
    }),
    readingsEvery: durationSchema({ min: "100ms", max: "1h" })
      .prefault("1s")
      .meta({
        description: "With `readings`: a channel with a new reading is published at most this often.",
        examples: ["5s"],
      }),
    noSubscriber: z
      .strictObject({
        alarm: z
          .boolean()
          .default(true)
          .meta({ description: "Whether alert topics that nobody listens to are an alarm themselves." }),
        after: durationSchema({ min: "1s", max: "1d" })
          .prefault("5m")
          .meta({ description: "How long nobody may listen before that alarm is raised.", examples: ["5m"] }),
      })
      .prefault({})
      .meta({
        description:
          "The watch on listeners of danger alerts; an uplink that is connected and a route to people that does not fail count as one.",
      }),
    selfTest: z
      .strictObject({
        schedule: cronSchema.optional().meta({
          description:
            "When a self-test begins by itself: a cron pattern in the site's time zone (minute, hour, day, month, weekday).",
          examples: ["0 9 * * 1"],
        }),
        within: durationSchema({ min: "5s", max: "1d" })
          .prefault("10m")
          .meta({
            description: "How long the acknowledgement of a test alarm may take.",
            examples: ["10m"],
          }),
      })
      .prefault({})
      .meta({
        description: "A test alarm through the whole chain, to a subscriber's acknowledgement and back.",
      }),
    languages: z
      .array(z.enum(LANGUAGES))
      .length(LANGUAGES.length)
      .refine((order) => new Set(order).size === order.length, { message: "name each language once" })
      .default([...LANGUAGES])
      .meta({
        description: "Order of the languages in texts; both are always there.",
        examples: [["zh", "en"]],
      }),
  })
  .meta({ title: "alerts", description: "Alert topics of the gateway." });

/** One entry of `uplinks:` an external broker that gets every alert, at least once and in order. */
export const uplinkSchema = z
  .strictObject({
    ...connectionOptionsShape,
    prefix: z
      .string()
      .regex(/^[^+#/\s$][^+#\s]{0,200}$/, "a topic prefix has no wildcard, no space, and begins with a name")
      .regex(/[^/]$/, "a topic prefix does not end with /")
      .default("tocsin")
      .meta({ description: "Topics begin with this, then the site's id.", examples: ["county/gas/tocsin"] }),
    commands: z.boolean().default(false).meta({
      description:
        "Whether commands are taken from this broker. They count as from the user `uplink:<id>`: only as trustworthy as that broker's own access list.",
    }),
    window: z
      .int()
      .min(1)
      .max(1_000)
      .default(64)
      .meta({ description: "Events under way that the broker has not acknowledged yet.", examples: [16] }),
    acknowledgeWithin: durationSchema({ min: "1s", max: "10m" })
      .prefault("30s")
      .meta({ description: "An event that the broker has not acknowledged by then is sent again." }),
  })
  .refine((uplink) => (uplink.password === undefined) === (uplink.username === undefined), {
    message: "username and password go together",
    path: ["password"],
  })
  .meta({ title: "uplink", description: "External MQTT broker to which alerts are sent." });

/** Parsed `alerts` section. */
export type AlertSettings = z.output<typeof alertsOptionsSchema>;
/** Parsed options of one uplink. */
export type UplinkSettings = z.output<typeof uplinkSchema>;
