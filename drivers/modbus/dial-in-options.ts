import { z } from "zod";
import { listenSchema } from "../../model/listen.ts";
import { durationSchema, idSchema } from "../../model/schema.ts";
import { openToAll, tcpLimitShape } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";
import { MAX_SERIAL_UNIT, MODBUS_PORT } from "./limits.ts";
import { devicePeriod, extentSchema, pollingShape } from "./options.ts";

/*
 * Options of a link on which 4G modems dial in. Opens no socket.
 */

/** Longest registration packet; what is longer without being known is somebody else. */
export const MAX_REGISTRATION_BYTES = 512;
const MAX_HEARTBEAT_BYTES = 64;

const hexSchema = z
  .string()
  .regex(/^([0-9a-fA-F]{2}\s*)+$/, "write bytes in hexadecimal, for example AA 55 01")
  .refine((text) => text.replaceAll(/\s/g, "").length / 2 <= MAX_REGISTRATION_BYTES, "too long");

const onlyOne = (pattern: Record<string, unknown>) =>
  Object.values(pattern).filter((value) => value !== undefined).length === 1;

/** How a modem is known. */
export const modemSchema = z
  .strictObject({
    text: z
      .string()
      .min(1)
      .max(MAX_REGISTRATION_BYTES)
      .optional()
      .meta({ description: "The packet as text, without the end of line.", examples: ["DTU-0001"] }),
    hex: hexSchema
      .optional()
      .meta({ description: "The packet as bytes in hexadecimal.", examples: ["AA 55 01"] }),
    imei: z
      .string()
      .regex(/^\d{15}$/, "an IMEI has 15 digits")
      .optional()
      .meta({
        description: "15 digits that stand somewhere in the packet, whatever is around them.",
        examples: ["861234567890123"],
      }),
  })
  .refine(onlyOne, { message: "give exactly one of text, hex and imei" })
  .meta({ description: "How a modem says who it is when it has dialled in." });
export type ModemOptions = z.output<typeof modemSchema>;

const heartbeatSchema = z
  .strictObject({
    text: z
      .string()
      .min(1)
      .max(MAX_HEARTBEAT_BYTES)
      .optional()
      .meta({ description: "As text.", examples: ["PING"] }),
    hex: hexSchema.optional().meta({ description: "As bytes in hexadecimal.", examples: ["00"] }),
  })
  .refine(onlyOne, { message: "give either text or hex" });

const { reconnect: _, timeout: __, ...polling } = pollingShape;
const { waiting, strangers } = tcpLimitShape();

/** Options of `modbus-dial-in`. */
export const dialInSchema = z
  .strictObject({
    listen: listenSchema.default(`127.0.0.1:${MODBUS_PORT}`).meta({
      description:
        "Address and port that the modems dial. Beyond the loopback say who may come: `from`, or `anybody`.",
      examples: ["0.0.0.0:5020"],
    }),
    from: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({ description: "Addresses and networks that modems come from.", examples: [["10.20.0.0/16"]] }),
    anybody: z.boolean().default(false).meta({
      description:
        "Modems may come from anywhere: their registration packets are all that tells them from others, and whoever knows one can pretend to be that modem.",
    }),
    framing: z.enum(["rtu", "ascii", "mbap"]).default("rtu").meta({
      description:
        "What is spoken over the connection: `rtu` frames passed through as on the serial line (most modems), `ascii`, or `mbap`, Modbus TCP.",
    }),
    modems: z
      .record(idSchema, modemSchema)
      .refine((modems) => Object.keys(modems).length > 0, "say at least one modem")
      .meta({
        description: "Modems by id, which devices name in their address.",
        examples: [{ "pump-3": { text: "DTU-0003" } }],
      }),
    heartbeats: z
      .array(heartbeatSchema)
      .max(16)
      .default([])
      .meta({
        description: "What modems send between frames to keep the connection open; it is skipped.",
        examples: [[{ text: "PING" }, { hex: "00" }]],
      }),
    away: durationSchema({ min: "1s", max: "1h" })
      .prefault("45s")
      .meta({ description: "How long a modem may take to dial in again before its devices count as lost." }),
    timeout: durationSchema({ min: "20ms", max: "60s" })
      .prefault("5s")
      .meta({ description: "Longest wait for one answer. Radio networks have gaps of seconds." }),
    ...polling,
    limits: z
      .strictObject({
        registration: durationSchema({ min: "1s", max: "10m" })
          .prefault("20s")
          .meta({ description: "Time for the registration packet." }),
        silence: durationSchema({ min: "10s", max: "1d" })
          .prefault("10m")
          .meta({ description: "Silence after which a connection is closed." }),
        waiting: waiting.meta({
          description: "Connections that have not said who they are; beyond it the oldest goes.",
        }),
        strangers: strangers.meta({ description: "Unknown modems remembered with their packet." }),
      })
      .prefault({})
      .meta({ description: "Bounds of what those who dial in may take." }),
  })
  .superRefine((options, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    const message = openToAll(options.listen, [options.from, options.anybody || undefined]);
    if (message !== undefined) report(["listen"], `${message}, with from or anybody`);
    const known = new Map<string, string>();
    for (const [id, modem] of Object.entries(options.modems)) {
      const key = modem.imei ?? packetOf(modem).toString("hex");
      const other = known.get(key);
      if (other === undefined) known.set(key, id);
      else report(["modems", id], `"${other}" registers with the same packet: they could not be told apart`);
    }
  });
/** Parsed options of a link of type `modbus-dial-in`. */
export type DialInOptions = z.output<typeof dialInSchema>;

/** The bytes of a text or hexadecimal pattern. */
export function packetOf({ text, hex }: { text?: string | undefined; hex?: string | undefined }): Buffer {
  if (hex !== undefined) return Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
  return Buffer.from(text ?? "", "utf8");
}

/** A device's address behind a modem. */
export const dialInAddressSchema = z.strictObject({
  modem: idSchema.meta({ description: "Modem behind which it is.", examples: ["pump-3"] }),
  unit: z
    .number()
    .int()
    .min(1)
    .max(MAX_SERIAL_UNIT)
    .default(1)
    .meta({ description: "Slave address on the modem's serial line." }),
  period: devicePeriod,
  upTo: extentSchema,
});
export type DialInAddress = z.output<typeof dialInAddressSchema>;
