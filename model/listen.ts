import { z } from "zod";

const LISTEN_PATTERN = /^(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]\s]+):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Where a listener binds. */
export interface ListenAddress {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
}

/** Reads `127.0.0.1:1883` or `[::1]:1883`; undefined when it is neither. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = LISTEN_PATTERN.exec(text);
  if (match === null) return undefined;
  const port = Number(match[2]);
  return port > PORT_MAX ? undefined : { host: match[1]!.replace(/^\[|\]$/g, ""), port };
}

/** `host:port` as `parseListen` reads it back. */
export function formatListen({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether only this machine can reach an address. `localhost` counts: systems resolve it to the loopback (RFC 6761). A name
 * that merely begins like a loopback address (`127.example.org`) may be anywhere.
 */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === "::1" || host.toLowerCase() === "localhost";
}

/** `address:port` of a listener; parsed later with `parseListen`, so that the file keeps its own words. */
export const listenSchema = z
  .string()
  .refine(
    (text) => parseListen(text) !== undefined,
    "write address:port, for example 127.0.0.1:1883 or [::]:8883",
  );
