import { BlockList, isIP } from "node:net";
import { z } from "zod";

/*
 * Who may connect to a link that listens. Protocols without passwords have nothing else. Opens no socket.
 */

const NETWORK = /^(.+?)(?:\/(\d{1,3}))?$/;
const IPV4_BITS = 32;
const IPV6_BITS = 128;

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** Reads `10.1.0.7` or `10.1.0.0/16`; undefined when it is neither. */
function parseNetwork(text: string): Network | undefined {
  const match = NETWORK.exec(text);
  const address = match?.[1] ?? "";
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? IPV4_BITS : IPV6_BITS;
  const bits = match?.[2] === undefined ? most : Number(match[2]);
  return bits > most ? undefined : { address, bits, family: version === 4 ? "ipv4" : "ipv6" };
}

/** An address or a network, as a site file names who may connect. */
export const networkSchema = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, "write an address or a network, such as 10.20.0.0/16");

/** Networks as a list that can be asked; undefined: everybody. Each must have passed `networkSchema`. */
export function networkList(networks: readonly string[] | undefined): BlockList | undefined {
  if (networks === undefined) return undefined;
  const list = new BlockList();
  for (const text of networks) {
    const { address, bits, family } = parseNetwork(text)!;
    list.addSubnet(address, bits, family);
  }
  return list;
}

/** Whether an address, as a socket gives it, is on the list. A listener on `::` sees IPv4 as `::ffff:192.0.2.7`. */
export function isPermitted(list: BlockList | undefined, address: string): boolean {
  if (list === undefined) return true;
  const plain = address.replace(/^::ffff:/i, "");
  const version = isIP(plain);
  return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
}
