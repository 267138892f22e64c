import { z } from "zod";
import { connectionOptionsShape } from "../../../drivers/mqtt/client/options.ts";
import { sparkplugNameSchema } from "../../../drivers/sparkplug/options.ts";
import { STATE_EDITIONS } from "../../../drivers/sparkplug/state.ts";
import { durationSchema } from "../../../model/schema.ts";

// The sessions of an edge node are always clean (tck-id-message-flow-edge-node-birth-publish-connect).
const { sessionExpiry: _, ...connection } = connectionOptionsShape;

/** What is behind the node as Sparkplug's devices. */
export const BEHIND = ["devices", "points"] as const;
/** How an uncertain value is marked. */
export const UNCERTAIN_MARKS = ["stale", "classic"] as const;

/** The gateway as a Sparkplug B edge node: its channels as metrics on an MQTT broker. Imports no protocol library. */
export const sparkplugSinkSchema = z
  .strictObject({
    type: z
      .literal("sparkplug")
      .meta({ description: "Sparkplug B: the gateway is an edge node on an external MQTT broker." }),
    ...connection,
    group: sparkplugNameSchema.meta({ description: "Group id.", examples: ["County gas"] }),
    node: sparkplugNameSchema.optional().meta({
      description: "Edge node id, unique in its group. Default: the site's id.",
      examples: ["riverside"],
    }),
    behind: z.enum(BEHIND).default("devices").meta({
      description:
        "What stands behind the node as devices: the site's `devices` (metrics `lel`, `l1d12/fire`), or its `points` (metrics `gd-01/lel`).",
    }),
    primaryHost: sparkplugNameSchema.optional().meta({
      description:
        "Host application to wait for: while its STATE is not online, readings are kept and sent as historical afterwards.",
      examples: ["scada-1"],
    }),
    state: z.enum(STATE_EDITIONS).exclude(["none"]).default("v3").meta({
      description: "How the primary host says that it is there: `v3` (JSON) or `v2` (ONLINE and OFFLINE).",
    }),
    overlap: durationSchema({ max: "1h" })
      .default(90_000_000)
      .meta({
        description:
          "With a primary host: what was sent this long before it was found gone is sent again as historical, because nobody knows whether it was heard. One and a half times its keep-alive.",
        examples: ["90s"],
      }),
    uncertain: z.enum(UNCERTAIN_MARKS).default("stale").meta({
      description:
        "Quality of an uncertain value: `stale` is 500, as the specification has it; `classic` is 64 (OPC classic uncertain), for hosts that know it, such as another Tocsin.",
    }),
    batch: z
      .int()
      .min(1)
      .max(5_000)
      .default(500)
      .meta({
        description: "Readings sent before the broker is asked whether it has them.",
        examples: [200],
      }),
    linger: durationSchema({ max: "1m" })
      .default(250_000)
      .meta({ description: "Readings wait this long for company before they are sent.", examples: ["1s"] }),
    deadline: durationSchema({ min: "100ms", max: "5m" })
      .default(20_000_000)
      .meta({ description: "A broker that has not answered by then has failed.", examples: ["20s"] }),
    start: z.enum(["from-now", "from-oldest"]).default("from-now").meta({
      description:
        "Where a node that is new to this gateway begins: with what is recorded from now on, or with the oldest record there is, as historical.",
    }),
  })
  .refine((sink) => (sink.password === undefined) === (sink.username === undefined), {
    message: "username and password go together",
    path: ["password"],
  })
  .meta({ title: "sparkplug", description: "The gateway as a Sparkplug B edge node." });

export type SparkplugSinkOptions = z.output<typeof sparkplugSinkSchema>;
