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

/** What a state message says. */
export interface HostState {
  readonly online: boolean;
  /** When its connection began; undefined when it does not say. */
  readonly at: Micros | undefined;
}

/** Reads a state message; undefined when it is none. */
export function hostState(edition: StateEdition, payload: string): HostState | undefined {
  if (edition !== "v3") {
    return payload === "OFFLINE" || payload === "ONLINE"
      ? { online: payload === "ONLINE", at: undefined }
      : undefined;
  }
  try {
    const said: unknown = JSON.parse(payload);
    if (typeof said !== "object" || said === null || !("online" in said)) return undefined;
    const { online } = said;
    if (typeof online !== "boolean") return undefined;
    const timestamp = "timestamp" in said ? said.timestamp : undefined;
    return { online, at: typeof timestamp === "number" ? timestamp * MILLISECOND : undefined };
  } catch {
    return undefined;
  }
}

/** Whether a state message says that its host is away; undefined when it says neither. */
export function saysOffline(edition: StateEdition, payload: string): boolean | undefined {
  const state = hostState(edition, payload);
  return state && !state.online;
}
