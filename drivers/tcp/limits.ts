import { z } from "zod";
import { isLoopback, parseListen } from "../../model/listen.ts";
import { bytesSchema, durationSchema } from "../../model/schema.ts";

/*
 * Options that every link has on which devices call over TCP. Opens no socket.
 */

/** Defaults that a protocol may have its own of. */
interface TcpDefaults {
  readonly hello?: string;
  readonly idle?: string;
  readonly partial?: string;
  readonly rate?: number;
  readonly outgoing?: string;
}

/** Bounds of what devices that call may take: the shape of a link's `limits`, with the protocol's own defaults. */
export function tcpLimitShape({
  hello = "5m",
  idle = "2h",
  partial = "15s",
  rate = 500,
  outgoing = "64KiB",
}: TcpDefaults = {}) {
  return {
    connections: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(2_000)
      .meta({ description: "Connections that have shown a device we know." }),
    waiting: z.number().int().min(1).max(10_000).default(200).meta({
      description: "Connections that have not; beyond it the oldest goes.",
    }),
    hello: durationSchema({ min: "1s", max: "1h" })
      .prefault(hello)
      .meta({ description: "Time a connection has to show a device we know.", examples: [hello] }),
    idle: durationSchema({ min: "10s", max: "30d" })
      .prefault(idle)
      .meta({ description: "A connection without a whole frame for this long is closed.", examples: [idle] }),
    partial: durationSchema({ min: "100ms", max: "5m" })
      .prefault(partial)
      .meta({ description: "Time for the rest of a frame that has begun; looked at once a second." }),
    rate: z.number().int().min(1).max(1_000_000).default(rate).meta({
      description: "Frames a second of one connection; a faster one is slowed down.",
    }),
    held: z.number().int().min(1).max(10_000).default(64).meta({
      description: "Answers of one connection that wait for the disk before it is read no further.",
    }),
    outgoing: bytesSchema
      .prefault(outgoing)
      .meta({ description: "Bytes waiting for a device that does not read, before it is cut off." }),
    strangers: strangersSchema,
  };
}

/** Bound of what is remembered of devices that the site does not have. */
export const strangersSchema = z.number().int().min(1).max(10_000).default(200).meta({
  description: "Devices that the site does not have, remembered with their address.",
});

/** Where a secret is: `env:NAME` or `file:PATH`. */
export const secretSchema = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "name a secret as env:NAME or file:PATH");

/** What is wrong with a listener that others can reach and that lets anybody in; undefined: nothing. */
export function openToAll(listen: string, guards: readonly unknown[]): string | undefined {
  const address = parseListen(listen);
  if (address === undefined || isLoopback(address.host)) return undefined;
  if (guards.some((guard) => guard !== undefined)) return undefined;
  return `${listen} can be reached from outside: say who may come`;
}
