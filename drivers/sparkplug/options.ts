import { z } from "zod";
import { bytesSchema, durationSchema } from "../../model/schema.ts";
import { connectionOptionsShape } from "../mqtt/client/options.ts";
import { STATE_EDITIONS } from "./state.ts";
import { idProblem } from "./topic.ts";

/** An id of a group, a node, a device or a host. */
export const sparkplugNameSchema = z
  .string()
  .max(256)
  .superRefine((id, context) => {
    const problem = idProblem(id);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

// The host's sessions are always clean: there is nothing that a broker keeps for it.
const { sessionExpiry: _, ...connection } = connectionOptionsShape;

/** Options of a link of type `sparkplug`. */
export const sparkplugLinkSchema = z.strictObject({
  ...connection,
  hostId: sparkplugNameSchema.optional().meta({
    description:
      "What we call ourselves as host application; edge nodes may have it as their primary host. Default: tocsin-<site>.",
    examples: ["tocsin-riverside"],
  }),
  state: z.enum(STATE_EDITIONS).default("v3").meta({
    description:
      "How we say that we are there: `v3` (JSON under spBv1.0/STATE), `v2` (ONLINE and OFFLINE under STATE, for edge nodes of Sparkplug 2.2), `none`.",
  }),
  groups: z
    .union([z.literal("all"), z.array(sparkplugNameSchema)])
    .default([])
    .meta({
      description:
        "Groups to listen to beside those of the devices, to see who else speaks; `all` for every group of the broker.",
    }),
  patience: durationSchema({ min: "1s", max: "1h" }).prefault("30s").meta({
    description: "How long a node may be without a birth before its devices count as lost.",
  }),
  rebirth: z
    .strictObject({
      enabled: z.boolean().default(true).meta({
        description: "Ask for a birth when one is missing: the only thing that is ever written to a node.",
      }),
      interval: durationSchema({ min: "1s", max: "1h" })
        .prefault("10s")
        .meta({ description: "A node is not asked more often; unanswered requests double the pause." }),
      greatest: durationSchema({ min: "1s", max: "1d" })
        .prefault("10m")
        .meta({ description: "The pause grows no further than this." }),
    })
    .prefault({})
    .meta({ description: "Requests to edge nodes to say again who they are." }),
  limits: z
    .strictObject({
      packet: bytesSchema
        .prefault("4MiB")
        .meta({ description: "Largest packet. A birth carries all metrics of a node with their names." }),
      inFlight: z
        .number()
        .int()
        .min(1)
        .max(65_535)
        .default(2_000)
        .meta({ description: "MQTT 5: unacknowledged messages the broker may send us." }),
      held: z
        .number()
        .int()
        .min(1)
        .max(60_000)
        .default(16_384)
        .meta({ description: "Acknowledgements that wait for the disk before the broker is slowed down." }),
      strangers: z
        .number()
        .int()
        .min(1)
        .max(10_000)
        .default(200)
        .meta({ description: "Nodes and devices remembered that the site does not have." }),
    })
    .prefault({})
    .meta({ description: "Bounds of what may be sent to us." }),
});
/** Parsed options of a link of type `sparkplug`. */
export type SparkplugOptions = z.output<typeof sparkplugLinkSchema>;

/** How a device is reached on a Sparkplug link. */
export const sparkplugAddressSchema = z.strictObject({
  group: sparkplugNameSchema.meta({ description: "Group id.", examples: ["Plant 1"] }),
  node: sparkplugNameSchema.meta({ description: "Edge node id.", examples: ["Edge 3"] }),
  device: sparkplugNameSchema.optional().meta({
    description: "Device id. Without it the metrics of the edge node itself are meant.",
    examples: ["Gas panel"],
  }),
  folder: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "Where the metrics of this instrument stand among those of the device, when it carries several instruments.",
      examples: ["AT-101"],
    }),
});
export type SparkplugAddress = z.output<typeof sparkplugAddressSchema>;
