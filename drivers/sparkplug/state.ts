import { MILLISECOND, type Micros } from "../../model/time.ts";
import { NAMESPACE } from "./topic.ts";

/*
 * How a host application says that it is there (Sparkplug 3.0, 4.3 and 5.6; 2.2, 4.4): a retained message, and the will of its
 * connection. Edge nodes for which it is the primary host keep their data until it is back.
 */

/** Editions of the message; `none`: nothing is said. */
export const STATE_EDITIONS = ["v3", "v2", "none"] as const;
export type StateEdition = (typeof STATE_EDITIONS)[number];

/** The topic; undefined when nothing is said. */
export function stateTopic(edition: StateEdition, hostId: string): string | undefined {
  if (edition === "none") return undefined;
  return edition === "v3" ? `${NAMESPACE}/STATE/${hostId}` : `STATE/${hostId}`;
}

/** The payload. The will and the first message of a connection carry the same instant (tck-id-host-topic-phid-birth-payload-timestamp). */
export function statePayload(edition: StateEdition, { online, at }: { online: boolean; at: Micros }): string {
  if (edition !== "v3") return online ? "ONLINE" : "OFFLINE";
  return JSON.stringify({ online, timestamp: Math.floor(at / MILLISECOND) });
}

/** Whether a state message says that its host is away; undefined when it says neither. */
export function saysOffline(edition: StateEdition, payload: string): boolean | undefined {
  if (edition !== "v3") return payload === "OFFLINE" ? true : payload === "ONLINE" ? false : undefined;
  try {
    const said: unknown = JSON.parse(payload);
    const online = typeof said === "object" && said !== null && "online" in said ? said.online : undefined;
    return typeof online === "boolean" ? !online : undefined;
  } catch {
    return undefined;
  }
}
