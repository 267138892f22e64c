import { lookup, type Path, parsePath, wordOf } from "../payload/path.ts";
import type { ReceivedPayload } from "../payload/received-payload.ts";
import type { AvailabilityOption } from "./profile.ts";

/** How a device says that it is there. */
export interface Availability {
  readonly path: Path | undefined;
  readonly online: ReadonlySet<string>;
  readonly offline: ReadonlySet<string>;
  /** Whose word it is: the device's own, or that of what stands between. */
  readonly of: "device" | "bridge";
}

/** Compiles a profile's availability. */
export function compileAvailability(
  option: Pick<AvailabilityOption, "path" | "online" | "offline">,
  of: Availability["of"] = "device",
): Availability {
  return {
    path: option.path === undefined ? undefined : parsePath(option.path),
    online: new Set(option.online),
    offline: new Set(option.offline),
    of,
  };
}

/** Whether a payload says that the device is there; undefined when it says neither. */
export function saysOnline(
  payload: ReceivedPayload,
  { path, online, offline }: Availability,
): boolean | undefined {
  let word: unknown = payload.text();
  if (path !== undefined) {
    try {
      word = lookup(payload.json(), path) ?? word;
    } catch {
      // A last will is often plain text where the device itself writes JSON.
    }
  }
  const said = wordOf(word);
  if (said === undefined) return undefined;
  if (online.has(said)) return true;
  return offline.has(said) ? false : undefined;
}
