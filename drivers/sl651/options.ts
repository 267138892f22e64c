import { z } from "zod";
import { listenSchema } from "../../model/listen.ts";
import { bytesSchema, durationSchema } from "../../model/schema.ts";
import { openToAll, secretSchema, tcpLimitShape } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";
import { parseStationAddress } from "./station-address.ts";

/*
 * Options of a server for SL 651-2014 stations. Imports nothing that opens a socket.
 */

export const DEFAULT_LISTEN = "127.0.0.1:9651";

const passwordSchema = secretSchema.meta({ examples: ["env:STATION_PASSWORD"] });

const {
  partial: frameTimeout,
  hello: firstFrame,
  idle: silence,
  ...bounds
} = tcpLimitShape({ rate: 1_000, outgoing: "256KiB" });

/** How stations and centre talk (table 15). */
export const MODES = ["m1", "m2", "m3", "m4"] as const;
export type TransferMode = (typeof MODES)[number];

const modeSchema = z.enum(MODES).meta({
  description:
    "`m1`: the station sends and expects no answer. `m2`: every report is confirmed. `m3`: reports in packets are confirmed once, missing packets asked for. `m4`: the station answers when it is asked. All but `m1` are confirmed the same way.",
});

/** What a confirmation ends with (table 10). */
export const CONFIRMATIONS = ["esc", "eot", "ack"] as const;
export type ConfirmationEnd = (typeof CONFIRMATIONS)[number];

const confirmationSchema = z.enum(CONFIRMATIONS).meta({
  description:
    "What a confirmation ends with. `esc`: the station stays online for ten minutes and can be asked. `eot`: it may switch its modem off, which spares its battery. `ack`: for stations that understand nothing else.",
});

export const sl651LinkSchema = z
  .strictObject({
    listen: listenSchema.default(DEFAULT_LISTEN).meta({
      description:
        "Address and port that the stations dial. Beyond the loopback say who may come: `password` or `from`.",
      examples: ["0.0.0.0:9651"],
    }),
    password: passwordSchema.optional().meta({
      description:
        "Where the password of the stations is: four hex digits (6.2.3.3). Frames with another one are refused. Without it any is taken, and answers carry the station's own.",
    }),
    from: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({
        description: "Addresses and networks that stations may come from.",
        examples: [["10.20.0.0/16"]],
      }),
    centre: z.number().int().min(1).max(255).optional().meta({
      description: "Address of this centre. Frames for another one are refused. Default: any.",
    }),
    mode: modeSchema.default("m2"),
    confirmation: confirmationSchema.default("esc"),
    replyTime: z.enum(["centre", "station"]).default("centre").meta({
      description:
        "The time in a confirmation: `centre` is ours, which some stations set their clock by; `station` repeats the one of the report.",
    }),
    zone: z
      .string()
      .regex(/^[+-]\d\d:\d\d$/, "write an offset such as +08:00")
      .default("+08:00")
      .meta({ description: "Offset of the times that stations write. The standard means Beijing time." }),
    clock: z
      .strictObject({
        correct: z.boolean().default(false).meta({
          description:
            "Set the clock of a station (4AH) that is further off than `tolerance`, at most once an hour. Off: nothing is written to stations.",
        }),
        tolerance: durationSchema({ min: "10s", max: "1h" })
          .prefault("2m")
          .meta({ description: "How far off a station's clock may be." }),
      })
      .prefault({})
      .meta({ description: "Correction of the stations' clocks." }),
    limits: z
      .strictObject({
        ...bounds,
        frameTimeout,
        firstFrame,
        silence,
        packets: bytesSchema
          .prefault("16MiB")
          .meta({ description: "Bytes of incomplete reports in packets, all stations together." }),
        packetTimeout: durationSchema({ min: "1s", max: "10m" })
          .prefault("20s")
          .meta({ description: "Time for the next packet before a missing one is asked for." }),
        answerTimeout: durationSchema({ min: "100ms", max: "10m" })
          .prefault("15s")
          .meta({ description: "Time for the answer to a question; it is asked three times (6.3.2.3)." }),
      })
      .prefault({})
      .meta({ description: "Bounds of what stations may take." }),
  })
  .superRefine((options, context) => {
    const message = openToAll(options.listen, [options.password, options.from]);
    if (message === undefined) return;
    context.addIssue({ code: "custom", path: ["listen"], message: `${message}, with password or from` });
  });
/** Parsed options of a link of type `sl651-server`. */
export type Sl651Options = z.output<typeof sl651LinkSchema>;

export const sl651AddressSchema = z.strictObject({
  station: z
    .union([z.string(), z.number().int().nonnegative()])
    .transform((written, context) => {
      // YAML reads 0012345678 without quotes as a number: the zeros in front are known.
      const address = parseStationAddress(
        typeof written === "number" ? String(written).padStart(written < 1e8 ? 8 : 10, "0") : written,
      );
      if (address !== undefined) return address;
      context.addIssue({
        code: "custom",
        message: 'write the ten digits of the station\'s address, "0012345678", or 500237-17',
      });
      return z.NEVER;
    })
    .meta({
      description:
        "Address of the station: ten hex digits as on the wire, the eight digits of a hydrological station code, or division code and number as `500237-17` (6.2.3.2).",
      examples: ["0012345678"],
    }),
  mode: modeSchema.optional().meta({ description: "Default: the link's." }),
  confirmation: confirmationSchema.optional().meta({ description: "Default: the link's." }),
  ask: durationSchema({ min: "10s", max: "1d" })
    .optional()
    .meta({
      description: "How often a connected station is asked for its present values (37H), for mode `m4`.",
      examples: ["5m"],
    }),
});
/** How a station is known. */
export type Sl651Address = z.output<typeof sl651AddressSchema>;
