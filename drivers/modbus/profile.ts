import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema, unitSchema } from "../../model/schema.ts";
import { valueSchema } from "../value.ts";
import { ORDERS } from "./codec.ts";
import { MAX_ADDRESS, MAX_REGISTERS } from "./limits.ts";
import { outputSchema, triggerSchema } from "./outputs.ts";
import { checkPlace, placeShape, registerSchema, TABLES } from "./place-schema.ts";
import { workaroundsSchema } from "./workarounds.ts";

/*
 * The Modbus section of a profile: how the channels of a product stand in its registers, as data.
 * `registers.ts` turns it into addresses on the wire.
 */

/**
 * How the document numbers what it lists: `pdu` from 0 as on the wire; `one-based` from 1 within each table; `document`
 * with the table's digit in front, 40001 or 400001 for the first holding register.
 */
export const NUMBERINGS = ["pdu", "one-based", "document"] as const;

/** The unit that the instrument is set to: what the number means stands in another register. */
const unitFromSchema = z
  .strictObject({
    register: registerSchema.meta({ description: "Where the instrument says its unit." }),
    units: z.record(z.string().regex(/^\d+$/, "the raw number of the register"), unitSchema).meta({
      description:
        "Unit by raw number. A number that is not here makes the channel bad: the value is refused, not guessed.",
      examples: [{ "4": "ppm", "3": "%vol" }],
    }),
  })
  .refine(({ units }) => Object.keys(units).length > 0, { message: "say at least one unit", path: ["units"] })
  .meta({
    description:
      "The unit stands in a register. It is read in the same request as the value, or before and after it, so that a value never meets another's unit.",
  });

const wireShape = {
  ...placeShape,
  period: durationSchema({ min: "10ms", max: "1d" })
    .optional()
    .meta({ description: "How often it is asked for. Default: the section's period." }),
  ...valueSchema.shape,
  unitFrom: unitFromSchema.optional(),
};

function checkWire(wire: z.output<z.ZodObject<typeof wireShape>>, context: z.RefinementCtx): void {
  checkPlace(wire, context);
  if (wire.unitFrom === undefined) return;
  if (wire.unit !== undefined)
    context.addIssue({ code: "custom", path: ["unit"], message: "give either unit or unitFrom" });
  if (wire.states !== undefined)
    context.addIssue({ code: "custom", path: ["unitFrom"], message: "states have no unit" });
}

/** One channel on the wire. */
export const wireSchema = z.strictObject(wireShape).superRefine(checkWire);

/** One channel of a component. */
const componentWireSchema = z
  .strictObject({
    ...wireShape,
    strides: z
      .record(z.string(), z.number().int())
      .optional()
      .meta({
        description:
          "Registers from one value of an address field to the next for this channel, where they are not the field's own.",
        examples: [{ sensor: 2 }],
      }),
  })
  .superRefine(checkWire);
export type Wire = z.output<typeof wireSchema> & {
  readonly strides?: Readonly<Record<string, number>> | undefined;
};

const number = z.number();
const conditionSchema = z
  .strictObject({
    equals: z
      .union([number, z.array(number).min(1)])
      .optional()
      .meta({ description: "The raw number is this, or one of these." }),
    except: z
      .union([number, z.array(number).min(1)])
      .optional()
      .meta({ description: "The raw number is anything but this, or these." }),
    from: number.optional().meta({ description: "The raw number is at least this." }),
    to: number.optional().meta({ description: "The raw number is at most this." }),
    bit: z
      .number()
      .int()
      .min(0)
      .max(31)
      .optional()
      .meta({ description: "This bit of the raw number is set." }),
    reason: z
      .enum(REASON_NAMES as [ReasonName, ...ReasonName[]])
      .meta({ description: "What that means for the affected channels.", examples: ["warming_up"] }),
  })
  .refine(
    (when) =>
      [
        when.equals !== undefined,
        when.except !== undefined,
        when.from !== undefined || when.to !== undefined,
        when.bit !== undefined,
      ].filter(Boolean).length === 1,
    { message: "give one of: equals, except, bit, or from and to" },
  );
export type Condition = z.output<typeof conditionSchema>;

/**
 * A status that decides what other channels are worth. A detector in warm-up shows 0: that must not read as "no gas".
 * The affected channel takes the worst reason of all that hold. What the instrument asserts stays: a danger bit that is
 * set keeps its value, and an over-range value beside a fault stays over range.
 */
const statusSchema = z
  .strictObject({
    channel: idSchema.optional().meta({ description: "Looks at the raw number of this channel." }),
    register: registerSchema.optional().meta({ description: "Looks at a register that is no channel." }),
    when: z.array(conditionSchema).min(1),
    affects: z.array(idSchema).min(1).meta({ description: "Local ids of the channels it decides about." }),
  })
  .refine((status) => (status.channel === undefined) !== (status.register === undefined), {
    message: "give either channel or register",
  });
export type Status = z.output<typeof statusSchema>;

const componentFieldSchema = z
  .strictObject({
    min: z.number().int().default(0),
    max: z.number().int(),
    stride: z
      .number()
      .int()
      .optional()
      .meta({ description: "Registers from one value of this field to the next." }),
    bits: z
      .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)])
      .optional()
      .meta({
        description:
          "Bits from one value of this field to the next, counted from its `min`: states packed into words. Channels of type bit and bits move on by them, from word to word.",
      }),
    default: z.number().int().optional(),
  })
  .refine((field) => field.min <= field.max, { message: "min must not be above max" })
  .refine((field) => (field.stride === undefined) !== (field.bits === undefined), {
    message: "give either stride or bits",
  });

const componentsSchema = z
  .strictObject({
    address: z.record(z.string().regex(/^[a-z][a-zA-Z0-9]*$/), componentFieldSchema).meta({
      description: "Fields of a component's address. Its first register is base + Σ stride × field.",
      examples: [{ loop: { min: 1, max: 10, stride: 400 }, number: { min: 1, max: 159, stride: 1 } }],
    }),
    base: z.number().int().min(-MAX_ADDRESS).max(MAX_ADDRESS).default(0).meta({
      description: "As on the wire, whatever `numbering` says; negative where fields count from 1.",
    }),
    channels: z.record(idSchema, componentWireSchema),
    status: z.array(statusSchema).default([]),
  })
  .superRefine(({ address, channels }, context) => {
    for (const [local, { strides = {} }] of Object.entries(channels)) {
      for (const field of Object.keys(strides)) {
        if (address[field] !== undefined) continue;
        context.addIssue({
          code: "custom",
          path: ["channels", local, "strides", field],
          message: `the address has no field ${field}`,
        });
      }
    }
  })
  .meta({ description: "Parts of a panel or controller, each with the same registers at its own place." });

/** A register that always holds the same number, so that a wrong word order shows before it does harm. */
const selfCheckSchema = z
  .strictObject({
    register: registerSchema,
    equals: z.number().meta({ description: "The number it always holds.", examples: [0x1234_5678] }),
    affects: z
      .array(idSchema)
      .min(1)
      .optional()
      .meta({ description: "Channels that are bad when it holds another. Default: all." }),
  })
  .meta({
    description:
      "Looked at when the device is first heard, when it is heard again, and every ten minutes. When the number is another one, the log says which byte order would fit.",
  });
export type SelfCheck = z.output<typeof selfCheckSchema>;

/** What speaks for the components that a site does not list. */
const unlistedSchema = z
  .strictObject({
    asserts: z
      .array(idSchema)
      .min(1)
      .meta({
        description: "Channels of components that assert danger, or what may be danger.",
        examples: [["fire"]],
      }),
    where: idSchema.optional().meta({
      description:
        "A channel that has the place of the first one that does: its register on the wire, counted from 1; 0: none.",
    }),
    period: durationSchema({ min: "1s", max: "1h" })
      .prefault("10s")
      .meta({ description: "How often all places of the panel are looked through." }),
  })
  .meta({
    description:
      "A channel of the device itself that is active while any component that the site does not list asserts one of these.",
  });

/** How a profile's channels stand in Modbus registers. */
export const modbusSectionSchema = z
  .strictObject({
    numbering: z.enum(NUMBERINGS).default("pdu").meta({ description: "How addresses are counted here." }),
    table: z.enum(TABLES).default("holding").meta({ description: "Table of what names none." }),
    order: z.enum(ORDERS).default("ABCD").meta({ description: "Byte order of what names none." }),
    period: durationSchema({ min: "10ms", max: "1d" })
      .prefault("1s")
      .meta({ description: "How often channels are asked for. A device's address may say otherwise." }),
    maxGap: z
      .number()
      .int()
      .min(0)
      .max(MAX_REGISTERS - 1)
      .default(8)
      .meta({
        description: "Most unused registers read along to save a request (bits: sixteen times as many).",
      }),
    forbidden: z
      .array(
        z
          .strictObject({
            table: z.enum(TABLES).default("holding"),
            from: z.number().int().min(0).max(MAX_ADDRESS),
            to: z.number().int().min(0).max(MAX_ADDRESS),
          })
          .refine((span) => span.from <= span.to, { message: "from must not be above to" }),
      )
      .default([])
      .meta({ description: "Addresses, as on the wire, that no request may touch." }),
    channels: z.record(idSchema, wireSchema).default({}),
    status: z.array(statusSchema).default([]),
    components: componentsSchema.optional(),
    unlisted: z.record(idSchema, unlistedSchema).default({}),
    selfCheck: z.array(selfCheckSchema).default([]),
    outputs: z.record(idSchema, outputSchema).default({}),
    trigger: triggerSchema.optional(),
    workarounds: workaroundsSchema,
  })
  .superRefine((section, context) => {
    checkStatus(section, [], context);
    if (section.components !== undefined) checkStatus(section.components, ["components"], context);
    checkNames(section, context);
    checkUnlisted(section, context);
  });
export type ModbusSection = z.output<typeof modbusSectionSchema>;

/** What unlisted components may assert must be a channel of components. */
function checkUnlisted(
  section: {
    components?: { channels: Readonly<Record<string, unknown>> } | undefined;
    unlisted: Readonly<Record<string, z.output<typeof unlistedSchema>>>;
  },
  context: z.RefinementCtx,
): void {
  for (const [channel, { asserts }] of Object.entries(section.unlisted)) {
    asserts.forEach((local, index) => {
      if (section.components?.channels[local] !== undefined) return;
      context.addIssue({
        code: "custom",
        path: ["unlisted", channel, "asserts", index],
        message: `components have no channel ${local}`,
      });
    });
  }
}

/** Every channel that a status names must be beside it. */
function checkStatus(
  part: { channels: Readonly<Record<string, Wire>>; status: readonly Status[] },
  path: readonly string[],
  context: z.RefinementCtx,
): void {
  part.status.forEach((status, index) => {
    const named = [
      ...(status.channel === undefined ? [] : [{ local: status.channel, at: ["channel"] }]),
      ...status.affects.map((local, i) => ({ local, at: ["affects", i] })),
    ];
    for (const { local, at } of named.filter(({ local }) => part.channels[local] === undefined)) {
      context.addIssue({
        code: "custom",
        path: [...path, "status", index, ...at],
        message: `there is no channel ${local} here`,
      });
    }
  });
}

/** What self-checks and the trigger name must be there. */
function checkNames(
  section: {
    channels: Readonly<Record<string, unknown>>;
    components?: { channels: Readonly<Record<string, unknown>> } | undefined;
    selfCheck: readonly SelfCheck[];
    outputs: Readonly<Record<string, unknown>>;
    trigger?: z.output<typeof triggerSchema> | undefined;
  },
  context: z.RefinementCtx,
): void {
  const { channels, components, selfCheck, outputs, trigger } = section;
  const check = (local: string, path: readonly (string | number)[]) => {
    if (channels[local] !== undefined || components?.channels[local] !== undefined) return;
    context.addIssue({ code: "custom", path: [...path], message: `there is no channel ${local} here` });
  };
  selfCheck.forEach(({ affects }, index) => {
    affects?.forEach((local, i) => {
      check(local, ["selfCheck", index, "affects", i]);
    });
  });
  trigger?.channels?.forEach((local, i) => {
    check(local, ["trigger", "channels", i]);
  });
  if (trigger !== undefined && outputs[trigger.output] === undefined) {
    context.addIssue({
      code: "custom",
      path: ["trigger", "output"],
      message: `there is no output ${trigger.output} here`,
    });
  }
}
