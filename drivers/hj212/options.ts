import { z } from "zod";
import { listenSchema } from "../../model/listen.ts";
import { bytesSchema, durationSchema } from "../../model/schema.ts";
import { openToAll, secretSchema, tcpLimitShape } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";

/*
 * Options of a server for data loggers of HJ 212. Imports nothing that opens a socket.
 */

const passwordSchema = secretSchema.meta({ examples: ["env:LOGGER_PASSWORD"] });

/** How strictly the check sum of a device is taken. */
export const CRC_MODES = ["strict", "modbus", "warn"] as const;
export type CrcMode = (typeof CRC_MODES)[number];

const crcModeSchema = z.enum(CRC_MODES).meta({
  description:
    "`strict`: a frame with a wrong check sum is refused. `modbus`: that of Modbus is taken, too; makers mistake the one for the other. `warn`: any is taken and counted, and nothing in such a frame is better than uncertain: it can raise an alarm and end none.",
});

export const hj212LinkSchema = z
  .strictObject({
    listen: listenSchema.default("127.0.0.1:9212").meta({
      description:
        "Address and port that the loggers dial. Beyond the loopback say who may come: `password` or `from`.",
      examples: ["0.0.0.0:9212"],
    }),
    password: passwordSchema.optional().meta({
      description:
        "Where the password (PW) of the devices is. Frames with another one are refused. Without it any is taken, and answers carry the device's own.",
    }),
    from: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({
        description: "Addresses and networks that devices may come from.",
        examples: [["10.21.0.0/16"]],
      }),
    crcMode: crcModeSchema.default("strict"),
    zone: z
      .string()
      .regex(/^[+-]\d\d:\d\d$/, "write an offset such as +08:00")
      .default("+08:00")
      .meta({ description: "Offset of the times that devices write. The standard means Beijing time." }),
    clock: z
      .strictObject({
        correct: z.boolean().default(false).meta({
          description:
            "Set the clock of a logger (1012) whose real-time reports are further off than `tolerance`, at most once an hour. Off: nothing is written to loggers.",
        }),
        tolerance: durationSchema({ min: "10s", max: "1h" })
          .prefault("2m")
          .meta({ description: "How far off a logger's clock may be." }),
      })
      .prefault({})
      .meta({ description: "Correction of the loggers' clocks." }),
    limits: z
      .strictObject({
        ...tcpLimitShape(),
        packets: bytesSchema
          .prefault("4MiB")
          .meta({ description: "Bytes of incomplete reports in packets, all devices together." }),
        packetTimeout: durationSchema({ min: "1s", max: "10m" })
          .prefault("30s")
          .meta({ description: "Time for the next packet of a report before it is given up." }),
      })
      .prefault({})
      .meta({ description: "Bounds of what devices may take." }),
  })
  .superRefine((options, context) => {
    const message = openToAll(options.listen, [options.password, options.from]);
    if (message === undefined) return;
    context.addIssue({ code: "custom", path: ["listen"], message: `${message}, with password or from` });
  });
/** Parsed options of a link of type `hj212-server`. */
export type Hj212Options = z.output<typeof hj212LinkSchema>;

export const hj212AddressSchema = z.strictObject({
  mn: z
    .string()
    .regex(
      /^[\x21-\x25\x27-\x3a\x3c\x3e-\x7e]{1,40}$/,
      "write the device's identity (MN) as it stands in its settings",
    )
    .meta({
      description: "Identity of the device (MN): 24 characters, in the edition of 2005 14.",
      examples: ["010000A8900016F000169DC0"],
    }),
  password: passwordSchema.optional().meta({ description: "Default: the link's." }),
  crcMode: crcModeSchema.optional().meta({ description: "Default: the link's." }),
});
/** How a device is known. */
export type Hj212Address = z.output<typeof hj212AddressSchema>;
