import type { Mode } from "../../model/domain.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { annunciates } from "../../rules/life-cycle/annunciation.ts";

/*
 * What counts in the measures of ISA-18.2: annunciations, which is an alarm that begins to call for somebody. Acknowledgements,
 * returns and what people or logic have silenced do not (domain.md a.1: a project found 97 % of its "alarms" to be such events).
 */

/** Whether an event of this mode begins to call for somebody. */
export function isAnnunciation(event: AlarmEvent, mode: Mode = "live"): boolean {
  return event.mode === mode && annunciates(event);
}

/** Whether the condition holds after an event. */
export function isActive({ to }: Pick<AlarmEvent, "to">): boolean {
  return to === "unacknowledged" || to === "acknowledged";
}

/** Whether an event belongs to the life of an alarm: neither a lost number nor a find in late data. */
export function isLive({ transition }: Pick<AlarmEvent, "transition">): boolean {
  return transition !== "void" && transition !== "historical";
}

/** One alarm, whatever its occurrences. */
export function alarmKey({ rule, subject }: Pick<AlarmEvent, "rule" | "subject">): string {
  return `${rule} ${subject}`;
}
