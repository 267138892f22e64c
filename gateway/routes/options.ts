import { z } from "zod";
import { DOMAINS, MODES, STAGES } from "../../model/domain.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { ALARM_CLASSES, SEVERITIES, type Severity } from "../../model/severity.ts";
import { TRANSITIONS } from "../../rules/event.ts";

/*
 * What every route of a site file has: `routes: { <id>: { type: …, … } }`. Kinds add their own (registry.ts). Imports no
 * library of a protocol.
 */

function selectionSchema(lowest: Severity, classes: readonly (typeof ALARM_CLASSES)[number][]) {
  return z
    .strictObject({
      severity: z
        .enum(SEVERITIES)
        .default(lowest)
        .meta({
          description:
            "Lowest severity that an occurrence must have reached; its return and its acknowledgement count with it.",
          examples: ["orange"],
        }),
      domains: z
        .array(z.enum(DOMAINS))
        .min(1)
        .optional()
        .meta({ description: "Only these fields; `system` is the gateway itself.", examples: [["gas"]] }),
      classes: z
        .array(z.enum(ALARM_CLASSES))
        .min(1)
        .default([...classes])
        .meta({ description: "Only alarms of these classes.", examples: [["danger"]] }),
      points: z
        .array(idSchema)
        .min(1)
        .optional()
        .meta({
          description: "Only these points; with `groups` or `notify`, what belongs to any of the three.",
          examples: [["well-3"]],
        }),
      groups: z
        .array(idSchema)
        .min(1)
        .optional()
        .meta({ description: "Only points of these groups.", examples: [["old-street"]] }),
      notify: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .meta({
          description:
            "Only points that name one of these under their own `notify`, and alarms that escalate to it.",
          examples: [["gas-duty"]],
        }),
      transitions: z
        .array(z.enum(TRANSITIONS))
        .min(1)
        .optional()
        .meta({
          description:
            "Only these steps of an alarm; `raise` brings along whatever else calls people (got worse, again, out of a silence). Default: what the kind of route is for.",
          examples: [["raise", "upgrade"]],
        }),
      modes: z
        .array(z.enum(MODES))
        .min(1)
        .default(["live"])
        .meta({
          description: "Tests, exercises and simulations go to people only when they are named here.",
          examples: [["live", "exercise"]],
        }),
      stages: z
        .array(z.enum(STAGES))
        .min(1)
        .default(["live"])
        .meta({
          description: "Points that are not live yet go to people only when their stage is named here.",
          examples: [["live", "commissioning"]],
        }),
    })
    .prefault({})
    .meta({ description: "Which events this route gets." });
}

/** Options that every route has. Kinds choose what is selected by default. */
export function routeShape(selected: {
  severity: Severity;
  classes?: readonly (typeof ALARM_CLASSES)[number][];
}) {
  return {
    select: selectionSchema(selected.severity, selected.classes ?? ALARM_CLASSES),
    deadline: durationSchema({ min: "100ms", max: "5m" }).prefault("10s").meta({
      description: "A message that has not been taken by then has failed, and is sent again.",
    }),
    retry: z
      .strictObject({
        first: durationSchema({ min: "10ms", max: "1h" })
          .prefault("1s")
          .meta({ description: "Wait after the first failure; doubles with each further one." }),
        longest: durationSchema({ min: "10ms", max: "1h" })
          .prefault("1m")
          .meta({ description: "The wait grows no further than this." }),
      })
      .refine((retry) => retry.first <= retry.longest, { message: "first must not be longer than longest" })
      .prefault({})
      .meta({
        description:
          "How a route that fails is tried again; a random part is added to each wait, and a new red event tries at once.",
      }),
    lostAfter: durationSchema({ min: "1s", max: "1d" }).prefault("5m").meta({
      description: "A route that has failed for this long is an alarm itself (`alert-route-lost`).",
    }),
  };
}

/** Where merging may begin: a robot takes 18 messages a minute, and some of them are left for digests and for red. */
const MOST_SINGLE = 15;

/** When messages to people are merged; for every kind of route that people read. `defaults` as its medium bears. */
export function digestSchemaOf(defaults: { from: number; every: string; quiet: string }) {
  return z
    .strictObject({
      from: z.int().min(2).max(MOST_SINGLE).default(defaults.from).meta({
        description: "From this message of a minute on, what is not red waits for a digest.",
      }),
      every: durationSchema({ min: "1s", max: "1h" })
        .prefault(defaults.every)
        .meta({ description: "A digest goes out so long after the oldest event in it." }),
      quiet: durationSchema({ max: "1d" }).prefault(defaults.quiet).meta({
        description:
          "The same step of the same alarm within this time is a repetition and goes into the digest; red never.",
      }),
    })
    .prefault({})
    .meta({ description: "How a flood is merged before it reaches people. Red always goes by itself." });
}

/** As chat robots bear it. */
export const digestSchema = digestSchemaOf({ from: MOST_SINGLE, every: "30s", quiet: "10m" });

const commonOptionsSchema = z.strictObject({
  type: z.string(),
  ...routeShape({ severity: "blue" }),
});
/** What is common to the parsed options of all routes. */
export type RouteOptions = z.output<typeof commonOptionsSchema>;
/** Parsed selection of a route. */
export type SelectionOptions = RouteOptions["select"];

/** A route of the site: its id in the site file, and its options. */
export interface RouteConfiguration {
  readonly id: string;
  /** Parsed by the kind's own schema. */
  readonly options: RouteOptions;
}
