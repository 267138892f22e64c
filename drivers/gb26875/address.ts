import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import { ADDRESS_MAX } from "./frame.ts";
import type { Gb26875Section } from "./profile.ts";

const BYTE_MAX = 255;
const HALF_MAX = 0xffff;
const WORD_MAX = 0xffff_ffff;
/** First number of the upper half of a component's address. */
const UPPER_HALF = 0x1_0000;

/** The duty check answers within a byte of minutes. */
export const DUTY_MINUTES_MAX = 255;

/** How a user information transmission device is known on its link. */
export const gb26875AddressSchema = z.strictObject({
  source: z
    .number()
    .int()
    .min(0)
    .max(ADDRESS_MAX)
    .meta({
      description: "Its address: the source address of its frames, six bytes with the low byte first.",
      examples: [889],
    }),
  dutyCheck: z
    .strictObject({
      every: durationSchema({ min: "10m", max: "31d" }).meta({
        description: "How often people on duty are asked whether they are there.",
        examples: ["8h"],
      }),
      within: z
        .number()
        .int()
        .min(1)
        .max(DUTY_MINUTES_MAX)
        .default(10)
        .meta({ description: "Minutes they have to answer." }),
    })
    .optional()
    .meta({ description: "Duty checks (查岗). Left out: none." }),
});
export type Gb26875Address = z.output<typeof gb26875AddressSchema>;

const byteSchema = z.number().int().min(0).max(BYTE_MAX);
const halfSchema = z.number().int().min(0).max(HALF_MAX);

/** Where a component is, or which system it stands for. */
export const componentAddressSchema = z
  .strictObject({
    system: byteSchema
      .optional()
      .meta({ description: "Kind of system (table 4): 1 fire alarm. Default: any.", examples: [1] }),
    systemAddress: byteSchema.optional().meta({ description: "Address of the system. Default: any." }),
    type: byteSchema
      .optional()
      .meta({ description: "Kind of component (table 5): 40 smoke. Default: any.", examples: [40] }),
    zone: halfSchema.optional().meta({ description: "Zone (区) of the component.", examples: [10] }),
    point: halfSchema.optional().meta({ description: "Number (位) of the component.", examples: [2] }),
    raw: z.number().int().min(0).max(WORD_MAX).optional().meta({
      description: "The four bytes of the address as one number, low byte first, instead of zone and point.",
    }),
  })
  .refine(({ zone, point }) => (zone === undefined) === (point === undefined), {
    message: "zone and point belong together",
  })
  .refine(({ zone, raw }) => zone === undefined || raw === undefined, {
    message: "give either zone and point, or raw",
  })
  .refine(({ system, zone, raw }) => system !== undefined || zone !== undefined || raw !== undefined, {
    message: "give zone and point (or raw) of a component; or system alone for a whole system",
  })
  .refine(({ type, zone, raw }) => type === undefined || zone !== undefined || raw !== undefined, {
    message: "a whole system has no component type",
    path: ["type"],
  });
export type ComponentAddress = z.output<typeof componentAddressSchema>;

/** The number on the wire of a component's address; undefined when it stands for a whole system. */
export function wireAddress(
  { zone, point, raw }: ComponentAddress,
  order: Gb26875Section["order"],
): number | undefined {
  if (raw !== undefined) return raw;
  if (zone === undefined || point === undefined) return undefined;
  return order === "zone-point" ? zone + point * UPPER_HALF : point + zone * UPPER_HALF;
}

/** Zone and point of a number on the wire. */
export function zoneAndPoint(
  address: number,
  order: Gb26875Section["order"],
): { zone: number; point: number } {
  const lower = address % UPPER_HALF;
  const upper = Math.floor(address / UPPER_HALF);
  return order === "zone-point" ? { zone: lower, point: upper } : { zone: upper, point: lower };
}

/** Which of the profile's channels something at this address has. */
export function channelsAt(section: Gb26875Section, address: ComponentAddress): string[] {
  if (wireAddress(address, section.order) === undefined) return Object.keys(section.systems);
  return Object.entries(section.components)
    .filter(
      ([, { types }]) => types === undefined || address.type === undefined || types.includes(address.type),
    )
    .map(([local]) => local);
}

/** An address as one text, equal for components that could not be told apart. */
export function addressName(address: ComponentAddress, order: Gb26875Section["order"]): string {
  const wire = wireAddress(address, order);
  const { system = "any", systemAddress = "any", type = "any" } = address;
  const place = wire === undefined ? "as a whole" : words(wire, order);
  return `system ${system}/${systemAddress}, ${wire === undefined ? "" : `type ${type}, `}${place}`;
}

function words(wire: number, order: Gb26875Section["order"]): string {
  const { zone, point } = zoneAndPoint(wire, order);
  return `zone ${zone} point ${point}`;
}
