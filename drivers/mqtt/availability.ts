import { type Path, parsePath } from "./path.ts";
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
