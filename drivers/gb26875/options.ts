import { z } from "zod";
import { listenSchema } from "../../model/listen.ts";
import { durationSchema } from "../../model/schema.ts";
import { openToAll, tcpLimitShape } from "../tcp/limits.ts";
import { networkSchema } from "../tcp/networks.ts";
import { ADDRESS_MAX } from "./frame.ts";

/*
 * Options of the server. Imports no protocol library.
 */

// A fire is heard whatever waits for the disk: `held` means something else here.
const {
  held: _,
  outgoing: __,
  rate,
  ...bounds
} = tcpLimitShape({ hello: "60s", idle: "30m", partial: "5s" });

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
          "Set the devices' clocks (type 90) when their frames show one that is more than 30 s off, and this often. Left out: never.",
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
        ...bounds,
        rate: rate.meta({
          description: "Frames a second of one peer; a faster one is slowed down (TCP) or cut (UDP).",
        }),
        held: z
          .number()
          .int()
          .min(1)
          .max(65_536)
          .default(1_024)
          .meta({ description: "Confirmations of one peer that wait for the disk; beyond, none is sent." }),
      })
      .prefault({})
      .meta({ description: "Bounds." }),
  })
  .superRefine((options, context) => {
    const message = openToAll(options.listen, [options.peers]);
    if (message === undefined) return;
    context.addIssue({ code: "custom", path: ["peers"], message: `${message}, with peers` });
  });
export type Gb26875Options = z.output<typeof gb26875OptionsSchema>;
