import { SEVERITIES, type Severity } from "../../model/severity.ts";

/*
 * A route has a lane for each severity. A lane has a durable cursor of its own, so that a lane that is far behind holds up no
 * other, and no list of exceptions has to be kept: what is above a lane's cursor is not delivered, what is below is.
 */

/** Named by the highest severity that an occurrence has reached, like the topics of events. */
export type Lane = Severity;

/** From the first to be served to the last. */
export const LANES: readonly Lane[] = SEVERITIES.toReversed();

/** Never merged, never held back by the others. */
export const URGENT: Lane = "red";

/** Where the cursor of a lane is kept. */
export function laneCursor(route: string, lane: Lane): string {
  return `route:${route}:${lane}`;
}
