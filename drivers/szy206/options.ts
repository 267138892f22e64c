import { z } from "zod";
import { listenSchema } from "../../model/listen.ts";
import { openToAll, tcpLimitShape } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";

/*
 * Options of a server for terminals of SZY 206. Imports nothing that opens a socket.
 */

const labelSchema = z.boolean().meta({
  description: "Reports end with a time label (Tp). Without it readings carry the gateway's time.",
});

/** Hex digits of an address. */
const ADDRESS_DIGITS = 10;

export const szy206LinkSchema = z
  .strictObject({
    listen: listenSchema.default("127.0.0.1:9206").meta({
      description: "Address and port that the terminals dial. Beyond the loopback `from` is required.",
      examples: ["0.0.0.0:9206"],
    }),
    from: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({
        description: "Addresses and networks that terminals may come from: what they send has no password.",
        examples: [["10.22.0.0/16"]],
      }),
    label: labelSchema.default(true),
    confirmation: z.number().int().min(0).max(3).default(0).meta({
      description:
        "The data byte of a confirmation. Terminals may take it for the mode they shall work in: 0 reports and telemetry, 1 confirmed reports, 2 telemetry, 3 repair.",
    }),
    zone: z
      .string()
      .regex(/^[+-]\d\d:\d\d$/, "write an offset such as +08:00")
      .default("+08:00")
      .meta({ description: "Offset of the terminals' clocks from UTC." }),
    limits: z
      .strictObject(tcpLimitShape())
      .prefault({})
      .meta({ description: "Bounds of what terminals may take." }),
  })
  .superRefine((options, context) => {
    const message = openToAll(options.listen, [options.from]);
    if (message !== undefined)
      context.addIssue({ code: "custom", path: ["listen"], message: `${message}, with from` });
  });
/** Parsed options of a link of type `szy206-server`. */
export type Szy206Options = z.output<typeof szy206LinkSchema>;

export const szy206AddressSchema = z.strictObject({
  terminal: z
    .union([z.string(), z.number().int().nonnegative()])
    .transform((written, context) => {
      // YAML reads 5303810100 without quotes as a number.
      const text =
        typeof written === "number" ? String(written).padStart(ADDRESS_DIGITS, "0") : written.toUpperCase();
      if (/^[0-9A-F]{10}$/.test(text)) return text;
      context.addIssue({
        code: "custom",
        message: 'write the ten hex digits of the terminal\'s address as on the wire, "5303810D00"',
      });
      return z.NEVER;
    })
    .meta({
      description: "Address of the terminal: ten hex digits as on the wire.",
      examples: ["5303810D00"],
    }),
  label: labelSchema.optional().meta({ description: "Default: the link's." }),
});
/** How a terminal is known. */
export type Szy206Address = z.output<typeof szy206AddressSchema>;
