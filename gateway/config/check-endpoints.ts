import { parseListen } from "../../model/listen.ts";
import type { Text } from "../../model/text.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import {
  ANOTHER_PORT,
  hostAndPort,
  onOneLink,
  portNumber,
  serialPort,
  sharedEndpoint,
  sharedWithHttp,
} from "./texts/devices.ts";

/** What of a link's options says where it is; parsed by the driver's own schema. */
interface Endpoint {
  readonly type?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly listen?: string;
  readonly transports?: readonly string[];
}

/**
 * Two masters on one bus spoil each other's answers, and two listeners cannot have one port: what would only show at night,
 * as odd time-outs, is said here.
 */
export function checkEndpoints(parsed: ParsedSite, problems: Problems): void {
  const taken = new Map<string, { readonly id: string; readonly type: string | undefined }>();
  for (const [id, link] of parsed.links.entries) {
    const { type } = link as Endpoint;
    const endpoint = placeOf(link as Endpoint);
    if (endpoint === undefined) continue;
    const other = taken.get(endpoint.en);
    if (other === undefined) taken.set(endpoint.en, { id, type });
    else {
      problems.at(parsed.tree.spot(["links", id], "key"), {
        message: sharedEndpoint(other.id, id, endpoint),
        hint: other.type === type ? onOneLink(other.id) : ANOTHER_PORT,
      });
    }
  }
  checkListeners(parsed, problems);
}

/** Port 0 is any free one, and never in anybody's way. */
function checkListeners(parsed: ParsedSite, problems: Problems): void {
  const http = parsed.http?.enabled === true ? parseListen(parsed.http.listen) : undefined;
  if (http === undefined || http.port === 0) return;
  for (const [id, link] of parsed.links.entries) {
    const { listen } = link as Endpoint;
    const address = listen === undefined ? undefined : parseListen(listen);
    if (address?.port !== http.port) continue;
    problems.at(parsed.tree.spot(["links", id, "listen"]), {
      message: sharedWithHttp(id, http.port),
      hint: ANOTHER_PORT,
    });
  }
}

function placeOf(link: Endpoint): Text | undefined {
  switch (link.type) {
    case "modbus-rtu":
    case "modbus-ascii":
      return serialPort(link.path ?? "");
    // Modbus TCP has no bus behind it that two connections could disturb.
    case "modbus-rtu-over-tcp":
    case "modbus-ascii-over-tcp":
      return hostAndPort(`${link.host}:${link.port}`);
    default: {
      // Datagrams have ports of their own.
      if (link.listen === undefined || link.transports?.includes("tcp") === false) return undefined;
      const address = parseListen(link.listen);
      return address === undefined || address.port === 0 ? undefined : portNumber(address.port);
    }
  }
}
