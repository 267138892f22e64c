import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import type { Micros } from "../../model/time.ts";
import { MAX_BITS, MAX_REGISTERS } from "./limits.ts";

/*
 * What instruments and converters need that the standard does not ask for. Every quirk has a name here and a reason;
 * nowhere else does code ask which product it talks to. A profile states those of a product, a link those of its bus;
 * where both speak, the more careful wins.
 */

export const workaroundsSchema = z
  .strictObject({
    pauseAfterConnect: durationSchema({ max: "60s" })
      .prefault("0s")
      .meta({
        description:
          "Silence after the connection is made. Serial servers drop what arrives before their line is set up.",
        examples: ["500ms"],
      }),
    pauseBetweenRequests: durationSchema({ max: "10s" })
      .prefault("0s")
      .meta({
        description:
          "Silence between an answer and the next request. Slow instruments miss one that comes at once.",
        examples: ["20ms"],
      }),
    oneRequestPerChannel: z.boolean().default(false).meta({
      description:
        "Never reads two channels in one request. Some instruments answer only for exact registers.",
    }),
    maxRegistersPerRequest: z
      .number()
      .int()
      .min(1)
      .max(MAX_REGISTERS)
      .default(MAX_REGISTERS)
      .meta({
        description: "Most registers in one request. Small receive buffers break on the standard's 125.",
        examples: [16],
      }),
    maxBitsPerRequest: z
      .number()
      .int()
      .min(1)
      .max(MAX_BITS)
      .default(MAX_BITS)
      .meta({ description: "Most coils or discrete inputs in one request.", examples: [64] }),
    readCoilsFromZero: z.boolean().default(false).meta({
      description:
        "Reads coils and discrete inputs always from 0. Some controllers refuse a start in the middle.",
    }),
    acceptAnyUnit: z.boolean().default(false).meta({
      description:
        "TCP only: takes an answer whose unit id differs from the question's. Some instruments always answer as 0, 1 or 255; the transaction id still tells answers apart.",
    }),
  })
  .prefault({})
  .meta({ description: "Quirks of the product or the bus." });
export type Workarounds = z.output<typeof workaroundsSchema>;

/** The more careful of a product's and a bus's workarounds. */
export function combine(a: Workarounds, b: Workarounds): Workarounds {
  return {
    pauseAfterConnect: longest(a.pauseAfterConnect, b.pauseAfterConnect),
    pauseBetweenRequests: longest(a.pauseBetweenRequests, b.pauseBetweenRequests),
    oneRequestPerChannel: a.oneRequestPerChannel || b.oneRequestPerChannel,
    maxRegistersPerRequest: Math.min(a.maxRegistersPerRequest, b.maxRegistersPerRequest),
    maxBitsPerRequest: Math.min(a.maxBitsPerRequest, b.maxBitsPerRequest),
    readCoilsFromZero: a.readCoilsFromZero || b.readCoilsFromZero,
    acceptAnyUnit: a.acceptAnyUnit || b.acceptAnyUnit,
  };
}

function longest(a: Micros, b: Micros): Micros {
  return Math.max(a, b);
}
