import { z } from "zod";
import { GAS_NAMES, type Gas } from "../model/gas.ts";
import { QUANTITIES, type Quantity } from "../model/quantity.ts";
import { durationSchema, idSchema, textSchema } from "../model/schema.ts";
import { gb26875SectionSchema } from "./gb26875/profile.ts";
import { hj212SectionSchema } from "./hj212/profile.ts";
import { lorawanSectionSchema } from "./lorawan/profile.ts";
import { modbusSectionSchema } from "./modbus/profile.ts";
import { payloadSectionSchema } from "./mqtt/profile.ts";
import { sl651SectionSchema } from "./sl651/profile.ts";
import { sparkplugSectionSchema } from "./sparkplug/profile.ts";
import { szy206SectionSchema } from "./szy206/profile.ts";

/*
 * A product as data. What a channel *is* stands under `channels`; how it comes over the wire stands in the section of the
 * protocol, under the same local id.
 */

/** What a channel is, whatever the protocol. */
export const profileChannelSchema = z.strictObject({
  quantity: z
    .enum(QUANTITIES as [Quantity, ...Quantity[]])
    .meta({ description: "From the closed vocabulary." }),
  name: textSchema.optional().meta({ description: "Default: the quantity's name." }),
  gas: z
    .enum(GAS_NAMES as [Gas, ...Gas[]])
    .optional()
    .meta({ description: "Which gas; a device may override it." }),
  range: z
    .strictObject({ low: z.number(), high: z.number() })
    .refine((range) => range.low < range.high, { message: "low must be below high" })
    .optional()
    .meta({
      description: "Measuring range in the quantity's unit; values outside are marked over or under range.",
    }),
  report: z
    .enum(["periodic", "on-change"])
    .default("periodic")
    .meta({ description: "`on-change`: speaks only when something happens and keeps its state in between." }),
  period: durationSchema({ min: "1ms", max: "30d" })
    .optional()
    .meta({ description: "Expected time between readings, for a channel that the device sends by itself." }),
  stale: durationSchema({ min: "100ms", max: "60d" }).optional().meta({
    description:
      "Silence that means monitoring is lost. Default: three periods; 5s for the samples of a waveform (a period below 100ms), which come many to a message.",
  }),
  heartbeat: durationSchema({ min: "100ms", max: "1d" })
    .optional()
    .meta({ description: "The value must change within this time, or the device has stalled." }),
  states: z
    .record(z.string().regex(/^\d+$/), z.string())
    .optional()
    .meta({ description: "Names of the codes of a `mode` or `code` channel." }),
});
export type ProfileChannel = z.output<typeof profileChannelSchema>;

export const DEVICE_CLASSES = [
  "gas",
  "fire",
  "vibration",
  "level",
  "rain",
  "tilt",
  "electrical",
  "environment",
  "controller",
] as const;

export const profileSchema = z.strictObject({
  id: idSchema,
  vendor: z.string().min(1),
  product: z.string().min(1),
  class: z.enum(DEVICE_CLASSES).meta({ description: "What kind of instrument it is." }),
  name: textSchema,
  source: z.string().min(1).meta({ description: "Where the map was read: document and page." }),
  maturity: z
    .enum(["documented", "confirmed"])
    .meta({ description: "`documented`: taken from a document; `confirmed`: tried on the instrument." }),
  unverified: z
    .array(z.string())
    .default([])
    .meta({ description: "What could not be verified, one sentence each." }),
  liveness: durationSchema({ min: "1s", max: "60d" })
    .optional()
    .meta({ description: "Longest normal silence of the whole device, for devices that speak rarely." }),
  greatestDelay: durationSchema({ min: "1s", max: "60d" })
    .optional()
    .meta({ description: "Oldest device time that is believed. Default: 24h, and 10m for polled devices." }),
  channels: z
    .record(idSchema, profileChannelSchema)
    .meta({ description: "The channels by local id, which becomes part of keys and topics." }),
  modbus: modbusSectionSchema.optional().meta({ description: "How the channels stand in Modbus registers." }),
  payload: payloadSectionSchema.optional().meta({ description: "How the channels stand in MQTT payloads." }),
  gb26875: gb26875SectionSchema
    .optional()
    .meta({ description: "How the channels stand in GB/T 26875.3 application units." }),
  sl651: sl651SectionSchema
    .optional()
    .meta({ description: "How the channels stand in reports of SL 651-2014 (hydrological stations)." }),
  hj212: hj212SectionSchema
    .optional()
    .meta({ description: "How the channels stand in reports of HJ 212 (environmental data loggers)." }),
  szy206: szy206SectionSchema
    .optional()
    .meta({ description: "How the channels stand in reports of SZY 206-2016 (water resources terminals)." }),
  sparkplug: sparkplugSectionSchema
    .optional()
    .meta({ description: "How the channels stand in metrics of Sparkplug B nodes and devices." }),
  lorawan: lorawanSectionSchema
    .optional()
    .meta({ description: "How the channels stand in LoRaWAN uplinks." }),
  own: z.record(z.string(), z.unknown()).optional().meta({
    description: "What a driver that does not come with Tocsin wants to know; the driver says what that is.",
  }),
});
export type Profile = z.output<typeof profileSchema>;

/** The sections that say how channels come over the wire; a link's kind names the one it needs. */
export const PROFILE_SECTIONS = [
  "modbus",
  "payload",
  "gb26875",
  "sl651",
  "hj212",
  "szy206",
  "sparkplug",
  "lorawan",
  "own",
] as const;
