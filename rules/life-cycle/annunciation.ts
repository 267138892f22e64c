import type { AlarmEvent, Transition } from "../event.ts";

/** Steps by which people are told of danger, if it then waits for them. */
const TELLING: ReadonlySet<Transition> = new Set([
  "raise",
  "upgrade",
  "again",
  "re-alarm",
  "unshelve",
  "unsuppress",
  "return-to-service",
]);

/**
 * Whether an event calls people: it brings its alarm into *unacknowledged* and is not silenced. This alone is counted in rates of
 * alarms (domain.md a.1): acknowledgements, returns and steps of a silenced alarm are not.
 */
export function annunciates(event: {
  readonly transition: Transition;
  readonly to: AlarmEvent["to"];
  readonly silence?: AlarmEvent["silence"] | undefined;
}): boolean {
  return event.silence === undefined && event.to === "unacknowledged" && TELLING.has(event.transition);
}
