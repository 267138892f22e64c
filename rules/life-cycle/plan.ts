import type { Inhibitor } from "./inhibition.ts";
import type { Permit } from "./permit.ts";

/** What a site file says of the life cycle of its alarms, compiled. */
export interface LifeCyclePlan {
  readonly inhibitors: readonly Inhibitor[];
  readonly permits: readonly Permit[];
}

/** A site that says nothing of it. */
export const NO_PLAN: LifeCyclePlan = { inhibitors: [], permits: [] };
