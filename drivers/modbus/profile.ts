import { z } from "zod";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { valueSchema } from "../value.ts";
import { ORDERS, PART_WORDS, REGISTER_TYPES } from "./codec.ts";
import { MAX_ADDRESS, MAX_REGISTERS } from "./limits.ts";
import { workaroundsSchema } from "./workarounds.ts";

/*
 * The Modbus section of a profile: how the channels of a product stand in its registers, as data.
 * `registers.ts` turns it into addresses on the wire.
 */

/** The four tables of Modbus, read with FC 3, 4, 1 and 2. */
export const TABLES = ["holding", "input", "coil", "discrete"] as const;
export type Table = (typeof TABLES)[number];

/**
 * How the document numbers what it lists: `pdu` from 0 as on the wire; `one-based` from 1 within each table; `document`
 * with the table's digit in front, 40001 or 400001 for the first holding register.
 */
export const NUMBERINGS = ["pdu", "one-based", "document"] as const;

/** Largest number that a document prints: six digits, `465536`. */
const MAX_DOCUMENT_NUMBER = 465_536;
/** Longest text in registers that fits one request. */
const MAX_TEXT_REGISTERS = MAX_REGISTERS;

const uint32 = () => z.number().int().min(0).max(0xffff_ffff);

const placeShape = {
  table: z.enum(TABLES).optional().meta({ description: "Default: the section's." }),
  address: z
    .number()
    .int()
    .min(0)
    .max(MAX_DOCUMENT_NUMBER)
    .meta({
      description:
        "First register or bit, counted as `numbering` says. Within `components`: relative to the component's first.",
      examples: [2],
    }),
  type: z
    .enum(REGISTER_TYPES)
    .default("u16")
    .meta({ description: "What stands there. Coils and discrete inputs are bits without being told." }),
  order: z.enum(ORDERS).optional().meta({ description: "Byte order on the wire. Default: the section's." }),
  bit: z.number().int().min(0).max(31).optional().meta({ description: "`bit`: its number, 0 the lowest." }),
  shift: z
    .number()
    .int()
    .min(0)
    .max(31)
    .optional()
    .meta({ description: "`bits`: number of the lowest bit." }),
  width: z.number().int().min(1).max(32).optional().meta({ description: "`bits`: how many." }),
  signed: z.boolean().optional().meta({ description: "`bits`: two's complement." }),
  mask: uint32()
    .optional()
    .meta({ description: "`match`: which bits count.", examples: [0x00ff] }),
  equals: z
    .array(uint32())
    .min(1)
    .optional()
    .meta({ description: "`match`: the masked word is one of these (1) or is not (0)." }),
  in: z.enum(PART_WORDS).optional().meta({ description: "The word that a part is taken of. Default u16." }),
  length: z
    .number()
    .int()
    .min(1)
    .max(MAX_TEXT_REGISTERS)
    .optional()
    .meta({ description: "`string`: registers, two characters each." }),
};
type Place = z.output<z.ZodObject<typeof placeShape>>;

/** Options that only some types have. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  bit: ["bit"],
  bits: ["shift", "width"],
  match: ["equals"],
  string: ["length"],
};
const OPTIONAL_PARTS: Readonly<Record<string, readonly string[]>> = {
  bit: ["in"],
  bits: ["in", "signed"],
  match: ["in", "mask"],
};

function checkPlace(place: Place, context: z.RefinementCtx): void {
  const report = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  const given = Object.entries(place).filter(([, value]) => value !== undefined);
  if (place.table === "coil" || place.table === "discrete") {
    for (const [name] of given.filter(
      ([name]) => name in placeShape && !["table", "address", "type"].includes(name),
    )) {
      report(name, `a ${place.table} is one bit: it has no \`${name}\``);
    }
    if (place.type !== "u16" && place.type !== "bit")
      report("type", `a ${place.table} is one bit, not ${place.type}`);
    return;
  }
  const needed = PARTS[place.type] ?? [];
  const allowed = [...needed, ...(OPTIONAL_PARTS[place.type] ?? [])];
  for (const name of needed) {
    if (place[name as keyof Place] === undefined) report(name, `type ${place.type} needs \`${name}\``);
  }
  for (const name of ["bit", "shift", "width", "signed", "mask", "equals", "in", "length"]) {
    if (place[name as keyof Place] !== undefined && !allowed.includes(name)) {
      report(name, `type ${place.type} has no \`${name}\``);
    }
  }
  const bits = place.in === "u32" ? 32 : 16;
  if ((place.bit ?? 0) >= bits) report("bit", `the word has bits 0 to ${bits - 1}; for more, say in: u32`);
  if (place.type === "bits" && (place.shift ?? 0) + (place.width ?? 1) > bits) {
    report("width", `reaches beyond the ${bits} bits of the word; for more, say in: u32`);
  }
  const outside = place.equals?.find((value) => (value & ~(place.mask ?? 2 ** bits - 1)) !== 0);
  if (outside !== undefined)
    report("equals", `0x${outside.toString(16)} has bits outside the mask: it can never be`);
  if (place.type === "string" && (place.order === "CDAB" || place.order === "DCBA")) {
    report("order", "the registers of a text come in order: ABCD, or BADC when bytes are swapped");
  }
}

/** One channel on the wire. */
export const wireSchema = z
  .strictObject({
    ...placeShape,
    period: durationSchema({ min: "10ms", max: "1d" })
      .optional()
      .meta({ description: "How often it is asked for. Default: the section's period." }),
    ...valueSchema.shape,
  })
  .superRefine(checkPlace);
export type Wire = z.output<typeof wireSchema>;

/** A raw number that is not a channel, only looked at. */
const registerSchema = z.strictObject(placeShape).superRefine(checkPlace);

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
    stride: z.number().int().meta({ description: "Registers from one value of this field to the next." }),
    default: z.number().int().optional(),
  })
  .refine((field) => field.min <= field.max, { message: "min must not be above max" });

const componentsSchema = z
  .strictObject({
    address: z.record(z.string().regex(/^[a-z][a-zA-Z0-9]*$/), componentFieldSchema).meta({
      description: "Fields of a component's address. Its first register is base + Σ stride × field.",
      examples: [{ loop: { min: 1, max: 10, stride: 400 }, number: { min: 1, max: 159, stride: 1 } }],
    }),
    base: z.number().int().min(-MAX_ADDRESS).max(MAX_ADDRESS).default(0).meta({
      description: "As on the wire, whatever `numbering` says; negative where fields count from 1.",
    }),
    channels: z.record(idSchema, wireSchema),
    status: z.array(statusSchema).default([]),
  })
  .meta({ description: "Parts of a panel or controller, each with the same registers at its own place." });

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
    workarounds: workaroundsSchema,
  })
  .superRefine((section, context) => {
    checkStatus(section, [], context);
    if (section.components !== undefined) checkStatus(section.components, ["components"], context);
  });
export type ModbusSection = z.output<typeof modbusSectionSchema>;

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
