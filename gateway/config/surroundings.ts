import type { Profile } from "../../drivers/profile.ts";
import type { Point } from "../../model/site.ts";
import type { DeviceOptions } from "./device-schema.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedLink } from "./resolve-links.ts";
import type { ParsedSite } from "./sections.ts";

/** What devices refer to. */
export interface Surroundings {
  readonly parsed: ParsedSite;
  readonly points: ReadonlyMap<string, Point>;
  /** The same by index. */
  readonly pointAt: readonly Point[];
  readonly links: ReadonlyMap<string, ResolvedLink>;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Ids of profiles that exist but have problems of their own: not unknown. */
  readonly brokenProfiles: ReadonlySet<string>;
  readonly problems: Problems;
}

/** A device whose references are known to be good. */
export interface DeviceParts {
  readonly id: string;
  readonly options: DeviceOptions;
  readonly link: ResolvedLink;
  readonly point: Point;
  readonly profile: Profile;
  /** The profile's section for this kind of link. */
  readonly section: unknown;
  readonly address: unknown;
}
