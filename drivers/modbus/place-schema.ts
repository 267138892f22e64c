import { z } from "zod";
import { ORDERS, PART_WORDS, REGISTER_TYPES } from "./codec.ts";
import { MAX_REGISTERS } from "./limits.ts";

/*
 * What stands where, as a profile writes it: a table, an address, and how the value is made up of registers or bits.
 */

/** The four tables of Modbus, read with FC 3, 4, 1 and 2. */
export const TABLES = ["holding", "input", "coil", "discrete"] as const;
export type Table = (typeof TABLES)[number];

/** Largest number that a document prints: six digits, `465536`. */
export const MAX_DOCUMENT_NUMBER = 465_536;
/** Longest text in registers that fits one request. */
const MAX_TEXT_REGISTERS = MAX_REGISTERS;

const uint32 = () => z.number().int().min(0).max(0xffff_ffff);

/** Options of what stands at one place. */
export const placeShape = {
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

/** That the options of a place fit each other. */
export function checkPlace(place: Place, context: z.RefinementCtx): void {
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

/** A raw number that is not a channel, only looked at. */
export const registerSchema = z.strictObject(placeShape).superRefine(checkPlace);
