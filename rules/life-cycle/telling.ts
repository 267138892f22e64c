import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { Silence, Transition } from "../event.ts";
import { type Decision, decisionOf, type EventStream } from "../event-stream.ts";

/** What stands behind the beginning or end of a silence: a person, or nobody. */
export interface Behind {
  readonly at: Micros;
  readonly user?: string;
  readonly note?: string;
  readonly until?: Micros;
}

/** The transitions that begin and end each silence. */
export const BEGINS: Readonly<Record<Silence, Transition>> = {
  shelved: "shelve",
  suppressed: "suppress",
  "out-of-service": "out-of-service",
};
export const ENDS: Readonly<Record<Silence, Transition>> = {
  shelved: "unshelve",
  suppressed: "unsuppress",
  "out-of-service": "return-to-service",
};

/** The decision of a step that no reading stands behind: the alarm as it stood, and the person. */
export function decisionBehind(alarm: Alarm, { at, ...person }: Behind): Decision {
  return { ...decisionOf(alarm, at), ...person };
}

/**
 * Tells of an alarm that its silence has changed, if it has: what holds now is looked up, not remembered, so that a silence below a
 * stronger one begins and ends unheard.
 */
export function tellSilence(
  stream: EventStream,
  alarm: Alarm,
  change: { silence: Silence; begins: boolean; behind: Behind },
): void {
  const before = alarm.silence;
  const now = stream.silencing?.of(alarm, alarm.highest)?.silence;
  if (now === before) return;
  const { silence, begins, behind } = change;
  const decision = decisionBehind(alarm, behind);
  if (begins) stream.record(alarm, alarm.stay(BEGINS[silence]), decision);
  else {
    const transition = ENDS[silence];
    // Who shelves an alarm has seen it.
    const step =
      now === undefined ? alarm.resume(transition, behind.at, silence === "shelved") : alarm.stay(transition);
    stream.record(alarm, step, decision);
  }
}
