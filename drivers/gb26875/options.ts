import { z } from "zod";
import { isLoopback, listenSchema, parseListen } from "../../model/listen.ts";
import { durationSchema } from "../../model/schema.ts";
import { networkSchema } from "../tcp/networks.ts";
import { ADDRESS_MAX } from "./frame.ts";

/*
 * Options of the server. Imports no protocol library.
 */

export const gb26875OptionsSchema = z
  .strictObject({
    listen: listenSchema.default("127.0.0.1:26875").meta({
      description: "Address and port, for TCP and UDP. Beyond the loopback `peers` is required.",
      examples: ["0.0.0.0:26875"],
    }),
    transports: z
      .array(z.enum(["tcp", "udp"]))
      .min(1)
      .default(["tcp"])
      .meta({ description: "What is listened on.", examples: [["tcp", "udp"]] }),
    peers: z
      .array(networkSchema)
      .min(1)
      .optional()
      .meta({
        description:
          "Addresses and networks that may connect. The protocol knows no passwords, so this is all there is; put devices beyond your own network behind a VPN.",
        examples: [["10.26.0.0/16"]],
      }),
    centre: z.number().int().min(0).max(ADDRESS_MAX).default(0).meta({
      description: "Our own address in requests. Answers carry the address that the device had sent to.",
    }),
    setClock: durationSchema({ min: "10m", max: "31d" })
      .optional()
      .meta({
        description:
          "Set the devices' clocks (type 90) when they connect with a wrong one, and this often. Left out: never.",
        examples: ["24h"],
      }),
    tolerate: z
      .strictObject({
        versions: z.boolean().default(true).meta({ description: "Main versions other than 1." }),
        shortComponents: z
          .boolean()
          .default(true)
          .meta({ description: "Component states without their description of 31 bytes." }),
        heartbeats: z
          .boolean()
          .default(true)
          .meta({ description: "“Send data” without any data, which vendors use as a heartbeat." }),
      })
      .prefault({})
      .meta({ description: "Deviations from the standard that are seen in the field and harmless." }),
    limits: z
      .strictObject({
        connections: z
          .number()
          .int()
          .min(1)
          .max(100_000)
          .default(2_000)
          .meta({ description: "Connections." }),
        waiting: z.number().int().min(1).max(10_000).default(200).meta({
          description: "Of them, those that have not shown a device we know; beyond it the oldest goes.",
        }),
        hello: durationSchema({ min: "1s", max: "10m" })
          .prefault("60s")
          .meta({ description: "Time a connection has to show a device we know." }),
        idle: durationSchema({ min: "10s", max: "7d" })
          .prefault("30m")
          .meta({ description: "A connection without a whole frame for this long is closed." }),
        partial: durationSchema({ min: "100ms", max: "1m" })
          .prefault("5s")
          .meta({ description: "Time the rest of a frame has to arrive." }),
        rate: z.number().int().min(1).max(1_000_000).default(500).meta({
          description: "Frames a second of one peer; a faster one is slowed down (TCP) or cut (UDP).",
        }),
        held: z
          .number()
          .int()
          .min(1)
          .max(65_536)
          .default(1_024)
          .meta({ description: "Confirmations of one peer that wait for the disk; beyond, none is sent." }),
        strangers: z.number().int().min(1).max(10_000).default(200).meta({
          description: "Devices that the site does not have, remembered with their address.",
        }),
      })
      .prefault({})
      .meta({ description: "Bounds." }),
  })
  .superRefine((options, context) => {
    const address = parseListen(options.listen);
    if (address === undefined || isLoopback(address.host) || options.peers !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["peers"],
      message: `listening on ${address.host} is open to others: say who may connect`,
    });
  });
export type Gb26875Options = z.output<typeof gb26875OptionsSchema>;
