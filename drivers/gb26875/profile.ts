import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema, unitSchema } from "../../model/schema.ts";
import { codeSchema } from "../value.ts";
import {
  COMPONENT_STATES,
  type ComponentState,
  DEVICE_STATES,
  type DeviceState,
  SYSTEM_STATES,
  type SystemState,
} from "./states.ts";

/*
 * How a profile's channels stand in the application units of a user information transmission device (用户信息传输装置): its own,
 * those of a building fire facility system (建筑消防设施系统), and those of a component (部件).
 */

const BYTE_MAX = 255;
const HIGHEST_BIT = 15;

/** A state by its name in the standard, or by its bit where a vendor uses a reserved one. */
function stateSchema<Name extends string>(states: Readonly<Record<Name, unknown>>) {
  return z
    .union([z.enum(Object.keys(states) as [Name, ...Name[]]), z.number().int().min(0).max(HIGHEST_BIT)])
    .meta({
      description: `State by name (${Object.keys(states).join(", ")}) or by its bit.`,
      examples: ["fire", 9],
    });
}

/** A state by name or bit. */
export type StateOption = DeviceState | SystemState | ComponentState | number;

const operationSchema = z
  .literal("manual_alarm")
  .meta({ description: "Somebody pressed the alarm at the panel; ends with its reset or “alarm cleared”." });

const exactlyOne = (keys: readonly string[]) => ({
  check: (source: object) => keys.filter((key) => key in source).length === 1,
  message: { message: `give exactly one of ${keys.join(", ")}` },
});

const DEVICE_SOURCES = exactlyOne(["state", "operation", "unlisted", "heartbeat", "duty"]);
const deviceChannelSchema = z
  .strictObject({
    state: stateSchema(DEVICE_STATES).optional(),
    operation: operationSchema.optional(),
    unlisted: z.enum(["fire", "address"]).optional().meta({
      description:
        "`fire`: a system or component that the site file does not list says fire. `address`: the address of the one that said so last.",
    }),
    heartbeat: z
      .literal(true)
      .optional()
      .meta({ description: "Frames heard so far, at most one reading in ten seconds: a sign of life." }),
    duty: z.literal(true).optional().meta({
      description:
        "How a duty check (查岗) stands: 0 none, 1 asked, 2 answered, 3 not answered, 4 not delivered.",
    }),
  })
  .refine(DEVICE_SOURCES.check, DEVICE_SOURCES.message);
/** What a channel of the device itself is taken from. */
export type DeviceChannel = z.output<typeof deviceChannelSchema>;

const SYSTEM_SOURCES = exactlyOne(["state", "operation"]);
const systemChannelSchema = z
  .strictObject({
    state: stateSchema(SYSTEM_STATES).optional(),
    operation: operationSchema.optional(),
  })
  .refine(SYSTEM_SOURCES.check, SYSTEM_SOURCES.message);
/** What a channel of a system is taken from. */
export type SystemChannel = z.output<typeof systemChannelSchema>;

const COMPONENT_SOURCES = exactlyOne(["state", "analog"]);
const componentChannelSchema = z
  .strictObject({
    state: stateSchema(COMPONENT_STATES).optional(),
    analog: z
      .array(z.number().int().min(1).max(BYTE_MAX))
      .min(1)
      .optional()
      .meta({
        description: "Kinds of analog value (table 6); those of the standard bring their unit and step.",
        examples: [[4, 5]],
      }),
    types: z
      .array(z.number().int().min(0).max(BYTE_MAX))
      .min(1)
      .optional()
      .meta({
        description:
          "Only components of these types (table 5) have the channel, and those whose type nobody said.",
        examples: [[10, 11, 12, 13]],
      }),
    unit: unitSchema.optional().meta({ description: "Unit of a vendor's analog value." }),
    scale: z
      .number()
      .optional()
      .meta({ description: "Factor on a vendor's analog value.", examples: [0.1] }),
    offset: z.number().default(0).meta({ description: "Added after scaling, in the same unit." }),
    codes: z
      .array(codeSchema)
      .default([])
      .meta({ description: "Raw analog values that are no measurement, in order." }),
  })
  .refine(COMPONENT_SOURCES.check, COMPONENT_SOURCES.message);
/** What a channel of a component is taken from. */
export type ComponentChannel = z.output<typeof componentChannelSchema>;

const statusSchema = z
  .strictObject({
    state: stateSchema(COMPONENT_STATES),
    reason: z
      .enum(REASON_NAMES as [ReasonName, ...ReasonName[]])
      .meta({ description: "What that means for the affected channels.", examples: ["device_failure"] }),
    affects: z.array(idSchema).min(1).meta({ description: "Channels of the component." }),
  })
  .meta({
    description:
      "A state that decides what the component's other channels are worth. What it asserts stays: fire beside fault is fire.",
  });

/** How a profile's channels stand in GB/T 26875.3 application units. */
export const gb26875SectionSchema = z
  .strictObject({
    zone: z
      .string()
      .regex(/^[+-]\d\d:\d\d$/, "write an offset such as +08:00")
      .default("+08:00")
      .meta({ description: "Offset of the device's clock from UTC." }),
    time: z.enum(["device", "gateway"]).default("device").meta({
      description:
        "Whose time readings carry. `gateway` for devices whose clocks nobody sets. A time of zeros is the gateway's in any case.",
    }),
    order: z
      .enum(["zone-point", "point-zone"])
      .default("zone-point")
      .meta({ description: "Which half of a component's address comes first on the wire." }),
    connection: z.enum(["permanent", "brief"]).default("permanent").meta({
      description:
        "`permanent`: the device keeps its TCP connection, and losing it counts as an outage. `brief`: it connects when it has something to say.",
    }),
    inspect: durationSchema({ min: "10s", max: "1d" })
      .optional()
      .meta({
        description: "Ask a device that was silent this long for its state: the standard knows no heartbeat.",
        examples: ["5m"],
      }),
    device: z
      .record(idSchema, deviceChannelSchema)
      .default({})
      .meta({ description: "Channels of the transmission device itself." }),
    systems: z
      .record(idSchema, systemChannelSchema)
      .default({})
      .meta({ description: "Channels of each building fire facility system that the site lists." }),
    components: z
      .record(idSchema, componentChannelSchema)
      .default({})
      .meta({ description: "Channels of each component that the site lists." }),
    status: z.array(statusSchema).default([]),
    reset: z
      .strictObject({
        by: z
          .array(z.enum(["operation", "state"]))
          .default(["operation", "state"])
          .meta({
            description: "What tells of a panel's reset: its operation record, bit 13 of its state, or both.",
          }),
        ends: z
          .array(idSchema)
          .default([])
          .meta({ description: "Channels that a reset of their system sets back." }),
      })
      .prefault({})
      .meta({ description: "What the reset of a panel ends. Left out: nothing." }),
  })
  .superRefine((section, context) => {
    const known = new Set([...Object.keys(section.systems), ...Object.keys(section.components)]);
    for (const [i, local] of section.reset.ends.entries()) {
      if (known.has(local) || section.device[local]?.unlisted === "fire") continue;
      context.addIssue({
        code: "custom",
        path: ["reset", "ends", i],
        message: `${local} is no channel of systems or components`,
      });
    }
    for (const [i, { affects }] of section.status.entries()) {
      for (const [at, local] of affects.entries()) {
        if (local in section.components) continue;
        context.addIssue({
          code: "custom",
          path: ["status", i, "affects", at],
          message: `${local} is no channel of components`,
        });
      }
    }
  });
export type Gb26875Section = z.output<typeof gb26875SectionSchema>;
