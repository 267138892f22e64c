import type { HttpOptions } from "../drivers/http/options.ts";
import type { LorawanOptions } from "../drivers/lorawan/options.ts";
import type { ModemOptions } from "../drivers/modbus/dial-in-options.ts";
import { parseListen } from "../model/listen.ts";
import type { Link } from "../model/site.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { ScenarioLink } from "./scenario.ts";

/** Appended to the gateway's end of a pseudo-terminal pair to name the instruments' end. */
const INSTRUMENTS_END = ".instruments";

/** What these links have in their options; their drivers' schemas have parsed them. */
interface LinkOptions {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly framing?: "rtu" | "ascii" | "mbap";
  readonly modems?: Readonly<Record<string, ModemOptions>>;
  readonly heartbeats?: readonly { readonly text?: string | undefined; readonly hex?: string | undefined }[];
  readonly baudRate?: number;
  readonly parity?: "none" | "even" | "odd";
  readonly stopBits?: 1 | 2;
  readonly listen?: string;
  readonly transports?: readonly string[];
  readonly tls?: unknown;
  readonly url?: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * The instruments' side of a link of a site: they listen where the gateway dials, dial where it listens, and sit at the
 * other end of a serial port that is made for the purpose. `links`: all of the site. Undefined: nothing is known of such a link.
 */
export function siteLink(link: Link, links: readonly Link[]): ScenarioLink | undefined {
  const options = link.options as LinkOptions;
  switch (link.type) {
    case "modbus-tcp":
    case "modbus-rtu-over-tcp":
    case "modbus-ascii-over-tcp": {
      if (options.host === undefined || options.port === undefined) return undefined;
      return { type: link.type, listen: formatEndpoint({ host: options.host, port: options.port }) };
    }
    case "modbus-dial-in": {
      const address = parseListen(options.listen ?? "");
      if (address === undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      return {
        type: "modbus-dial-in",
        server: formatEndpoint({ host, port: address.port }),
        framing: options.framing ?? "rtu",
        modems: options.modems ?? {},
        heartbeat: options.heartbeats?.[0],
      };
    }
    case "modbus-rtu":
    case "modbus-ascii": {
      if (options.path === undefined) return undefined;
      return {
        type: link.type,
        path: options.path + INSTRUMENTS_END,
        pair: options.path,
        baudRate: options.baudRate ?? 9_600,
        parity: options.parity ?? "none",
        stopBits: options.stopBits ?? 1,
      };
    }
    case "gb26875-server": {
      const address = parseListen(options.listen ?? "");
      if (address === undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      const transport = options.transports?.includes("tcp") === false ? "udp" : "tcp";
      return { type: "gb26875", centre: formatEndpoint({ host, port: address.port }), transport };
    }
    case "mqtt-broker": {
      const address = parseListen(options.listen ?? "");
      if (address === undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      const scheme = options.tls === undefined ? "mqtt" : "mqtts";
      return { type: "mqtt", url: `${scheme}://${formatEndpoint({ host, port: address.port })}` };
    }
    case "mqtt-client":
    case "sparkplug":
      return options.url === undefined
        ? undefined
        : {
            type: link.type === "sparkplug" ? "sparkplug" : "mqtt",
            url: options.url,
            username: options.username,
            password: options.password,
          };
    case "http-intake": {
      const { listen, sources, tls } = link.options as HttpOptions;
      const address = parseListen(listen);
      if (address === undefined || tls !== undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      return { type: "http-push", server: formatEndpoint({ host, port: address.port }), sources };
    }
    case "lorawan": {
      const { url, broker, server, username, password } = link.options as LorawanOptions;
      if (url !== undefined) return { type: "lorawan", url, server, username, password };
      const own = links.find(({ id }) => id === broker);
      const reached = own === undefined ? undefined : siteLink(own, links);
      return reached?.type === "mqtt" ? { type: "lorawan", url: reached.url, server } : undefined;
    }
    case "hj212-server":
    case "sl651-server": {
      const address = parseListen(options.listen ?? "");
      if (address === undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      return {
        type: link.type === "hj212-server" ? "hj212" : "sl651",
        server: formatEndpoint({ host, port: address.port }),
        password: options.password,
      };
    }
    case "szy206-server": {
      const address = parseListen(options.listen ?? "");
      if (address === undefined) return undefined;
      const host = ANY_ADDRESS[address.host] ?? address.host;
      return { type: "szy206", server: formatEndpoint({ host, port: address.port }) };
    }
    default:
      return undefined;
  }
}

/** Who listens on all addresses is reached on the loopback. */
const ANY_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
