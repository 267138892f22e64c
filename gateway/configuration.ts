import type { z } from "zod";
import type { DeviceOnLink, DriverKind } from "../drivers/driver.ts";
import type { Profile } from "../drivers/profile.ts";
import type { OutsideSource } from "../model/outside.ts";
import type { Site } from "../model/site.ts";
import type { CaseSettings } from "../rules/cases/settings.ts";
import type { LifeCyclePlan } from "../rules/life-cycle/plan.ts";
import type { Rule } from "../rules/rule.ts";
import type { alarmSettingsSchema } from "../rules/settings.ts";
import type { AlertSettings, UplinkSettings } from "./alerts/options.ts";
import type { httpOptionsSchema } from "./api/options.ts";
import type { JournalOptions } from "./journal/options.ts";
import type { OutsideOptions } from "./outside/options.ts";
import type { RouteConfiguration } from "./routes/options.ts";
import type { SinkConfiguration } from "./sinks/options.ts";

/** A broker that gets every alarm event: its id in the site file, and its options. */
export interface UplinkConfiguration {
  readonly id: string;
  readonly options: UplinkSettings;
}

/** An outside source, and how it comes. */
export interface OutsideConfiguration {
  readonly source: OutsideSource;
  readonly options: OutsideOptions;
}

/** A site file that has passed every check, ready to run: references are indices, defaults are filled in. */
export interface Configuration {
  /** The files it was made of, absolute. */
  readonly files: readonly string[];
  /** Relative paths in options count from here. */
  readonly folder: string;
  readonly site: Site;
  /** The kinds of link that there are, by type: those that come with Tocsin, and the site's own. */
  readonly drivers: ReadonlyMap<string, DriverKind>;
  readonly rules: readonly Rule[];
  /** Inhibitions and what else is said of the life cycle of alarms. */
  readonly lifeCycle: LifeCyclePlan;
  readonly alarms: z.output<typeof alarmSettingsSchema>;
  readonly cases: CaseSettings;
  readonly alerts: AlertSettings;
  readonly http: z.output<typeof httpOptionsSchema>;
  readonly journal: JournalOptions;
  readonly sinks: readonly SinkConfiguration[];
  readonly uplinks: readonly UplinkConfiguration[];
  /** Ways to people besides the alert topics. */
  readonly routes: readonly RouteConfiguration[];
  readonly outside: readonly OutsideConfiguration[];
  /** Absolute. */
  readonly dataFolder: string;
  /** Profiles that devices use, by id. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Folders of profiles that the site has of its own, absolute. */
  readonly profileFolders: readonly string[];
  /** Absolute path of the scenario that runs inside the gateway. */
  readonly simulate?: string;
  /** The devices of a link, as its driver wants them. */
  devicesOf(link: number): readonly DeviceOnLink<unknown, unknown>[];
  /** Reads a secret that the site file names. @throws ConfigurationError SECRET_MISSING */
  secret(reference: string): string;
}
