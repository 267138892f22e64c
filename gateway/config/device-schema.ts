import { z } from "zod";
import { GAS_NAMES, type Gas } from "../../model/gas.ts";
import { QUANTITIES, type Quantity } from "../../model/quantity.ts";
import { durationSchema, idSchema, textSchema } from "../../model/schema.ts";
import { MILLISECOND } from "../../model/time.ts";
import { modeSchema } from "./place-schema.ts";

const rangeSchema = z
  .strictObject({
    low: z.number().meta({ description: "Lower end.", examples: [0] }),
    high: z.number().meta({ description: "Upper end.", examples: [100] }),
  })
  .refine((range) => range.low < range.high, { message: "low must be below high" });

/** What a device's channel is here, where it differs from the profile. */
export const channelOverrideSchema = z
  .strictObject({
    exclude: z
      .boolean()
      .default(false)
      .meta({ description: "Leave this channel out: neither read nor watched.", examples: [true] }),
    name: textSchema.optional().meta({ description: "Default: the profile's, else the quantity's name." }),
    point: idSchema.optional().meta({ description: "Default: the device's point.", examples: ["well-3"] }),
    gas: z
      .enum(GAS_NAMES as [Gas, ...Gas[]])
      .optional()
      .meta({ description: "The gas it is calibrated for.", examples: ["CH4"] }),
    range: rangeSchema.optional().meta({
      description: "Measuring range, in the quantity's unit; values outside are marked.",
      examples: [{ low: 0, high: 100 }],
    }),
    period: durationSchema({ min: "1ms", max: "30d" })
      .optional()
      .meta({
        description:
          "Expected time between readings of a device that speaks by itself. Default: the profile's.",
        examples: ["10m"],
      }),
    stale: durationSchema({ min: "100ms", max: "60d" })
      .optional()
      .meta({
        description:
          "Silence that means monitoring is lost. Default: the profile's, else three periods; 5s for the samples of a waveform (a period below 100ms), which come many to a message.",
        examples: ["30s"],
      }),
    heartbeat: durationSchema({ min: "100ms", max: "1d" })
      .optional()
      .meta({
        description: "The value must change within this time. Default: the profile's.",
        examples: ["15s"],
      }),
    mode: modeSchema.optional().meta({ description: "Default: the device's." }),
  })
  .meta({ description: "What differs from the profile." });

/** A part of a panel or controller. */
export const componentSchema = z
  .strictObject({
    name: textSchema.optional().meta({
      description: "Name for people. Default: the id.",
      examples: [{ zh: "1层走廊感烟探测器", en: "Smoke detector, corridor 1F" }],
    }),
    point: idSchema.optional().meta({ description: "Default: the device's point.", examples: ["floor-1"] }),
    address: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description: "Where it is on the panel, as the profile wants it.",
        examples: [{ loop: 1, detector: 12 }],
      }),
  })
  .meta({ description: "A part with an address of its own: loop and address of a detector." });

/** A channel computed from others of the same device. */
export const derivedSchema = z
  .strictObject({
    quantity: z
      .enum(QUANTITIES as [Quantity, ...Quantity[]])
      .meta({ description: "What results.", examples: ["water_level"] }),
    name: textSchema.optional().meta({ description: "Default: the quantity's name." }),
    point: idSchema.optional().meta({ description: "Default: that of the first input." }),
    range: rangeSchema.optional().meta({ description: "Plausible range, in the quantity's unit." }),
    linear: z
      .strictObject({
        input: z
          .string()
          .min(1)
          .meta({ description: "Channel of this device.", examples: ["depth"] }),
        scale: z
          .number()
          .default(1)
          .meta({ description: "Factor on the input.", examples: [1] }),
        offset: z
          .number()
          .default(0)
          .meta({
            description: "Added after scaling: the height of a level sensor above the datum, for instance.",
            examples: [175.2],
          }),
      })
      .optional()
      .meta({ description: "`scale × input + offset`, between the units of the two quantities." }),
    resultant: z
      .strictObject({
        inputs: z
          .array(z.string().min(1))
          .min(2)
          .max(8)
          .meta({ description: "Channels of this device.", examples: [["velocity-x", "velocity-z"]] }),
      })
      .optional()
      .meta({ description: "Square root of the sum of squares." }),
    curve: z
      .strictObject({
        input: z
          .string()
          .min(1)
          .meta({ description: "Channel of this device.", examples: ["level"] }),
        points: z
          .array(z.tuple([z.number(), z.number()]))
          .min(2)
          .max(1_000)
          .meta({
            description: "Pairs of input and result with the input growing: a rating curve.",
            examples: [
              [
                [175.2, 0],
                [176, 12.5],
              ],
            ],
          }),
      })
      .refine((curve) => curve.points.every(([x], i) => i === 0 || x > curve.points[i - 1]![0]), {
        message: "the input must grow from point to point",
        path: ["points"],
      })
      .optional()
      .meta({ description: "Straight lines between points; beyond them the result is uncertain." }),
  })
  .refine((derived) => [derived.linear, derived.resultant, derived.curve].filter(Boolean).length === 1, {
    message: "give exactly one of linear, resultant and curve",
  })
  .meta({ description: "A channel computed from others of the same device, in the same message." });

/** One entry of `devices:`. */
export const deviceSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .meta({ description: "Name for people. Default: the profile's.", examples: ["3号井 1#探测器"] }),
    profile: idSchema.meta({ description: "What product it is.", examples: ["generic-lel"] }),
    link: idSchema.meta({ description: "The link it is on.", examples: ["bus-1"] }),
    point: idSchema.meta({ description: "The point it watches.", examples: ["well-3"] }),
    address: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({
        description: "How it is found on its link; depends on the link's type.",
        examples: [{ unit: 7 }],
        // The editor's schema puts the addresses of all link types here.
        addressOfLinks: true,
      }),
    serial: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Serial number of the instrument that hangs there now.", examples: ["SN-20391"] }),
    mode: modeSchema.optional().meta({ description: "Default: the point's, else the site's." }),
    liveness: durationSchema({ min: "1s", max: "60d" })
      .optional()
      .meta({
        description: "Longest silence of the whole device that is still normal. Default: the profile's.",
        examples: ["26h"],
      }),
    greatestDelay: durationSchema({ min: "1s", max: "60d" })
      .optional()
      .meta({
        description:
          "Oldest device time that is believed. Default: the profile's, else 10m for polled devices and 24h for others.",
        examples: ["24h"],
      }),
    proofTest: z
      .strictObject({
        every: durationSchema({ min: "1d", max: "3650d" }).meta({
          description: "How often it must be tested.",
          examples: ["365d"],
        }),
        last: z.iso
          .date()
          .transform((day) => Date.parse(day) * MILLISECOND)
          .meta({
            description: "Day of the last test; tests recorded by command count from then on.",
            examples: ["2026-03-15"],
          }),
      })
      .optional()
      .meta({ description: "Proof test (检验): an alarm *proof test due* when it is over its time." }),
    channels: z
      .record(z.string().min(1), channelOverrideSchema)
      .default({})
      .meta({ description: "What differs from the profile, by channel." }),
    components: z
      .record(idSchema, componentSchema)
      .default({})
      .meta({ description: "Parts of a panel or controller, by id." }),
    componentsFrom: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "CSV file (UTF-8) with more of them, relative to this file: a row a component, with the columns `id`, `name`, `point`, and one for each field of its address.",
        examples: ["panel-1.csv"],
      }),
    writes: z
      .strictObject({
        allow: z
          .array(idSchema)
          .default([])
          .meta({ description: "Outputs of the profile that may be written.", examples: [["horn"]] }),
      })
      .prefault({})
      .meta({
        description:
          "What may be written to the device. Nothing is, unless it is listed here; every write is read back and recorded.",
      }),
    requests: z
      .strictObject({
        allow: z
          .array(idSchema)
          .default([])
          .meta({
            description: "Requests that act: that change the device, or call on people there.",
            examples: [["set-clock", "duty-check"]],
          }),
      })
      .prefault({})
      .meta({
        description:
          "What the device may be told beside outputs. Requests that only ask need no permission; `tocsin ask` lists all of them.",
      }),
    derived: z.record(idSchema, derivedSchema).default({}).meta({ description: "Computed channels, by id." }),
  })
  .meta({ description: "An instrument (设备). Its id is the position tag (位号)." });

export type ChannelOverride = z.output<typeof channelOverrideSchema>;
export type ComponentOptions = z.output<typeof componentSchema>;
export type DerivedOptions = z.output<typeof derivedSchema>;
export type DeviceOptions = z.output<typeof deviceSchema>;
