import type { AlarmView } from "../../rules/alarm.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Recalled } from "../../rules/input.ts";

/** What the alarm log says. */
export interface Logged {
  /** Highest event number; 0 when there is none. */
  readonly lastEvent: number;
  /** Last event of each occurrence that has not ended. */
  readonly openOccurrences: readonly AlarmEvent[];
}

/** The rules as they are after checkpoint and tail. */
export interface Restored {
  readonly nextSeq: number;
  alarm(rule: string, subject: string): AlarmView | undefined;
}

/**
 * What people were told and the restored rules do not know: a checkpoint or a segment was damaged. Undefined when nothing is
 * missing, as after every ordinary crash.
 */
export function forgotten(engine: Restored, { lastEvent, openOccurrences }: Logged): Recalled | undefined {
  const standing = openOccurrences.filter((event) => {
    const alarm = engine.alarm(event.rule, event.subject);
    return (
      alarm === undefined ||
      alarm.occurrence !== event.occurrence ||
      // What the rules know and the log does not is newer: a log that was damaged has lost its end.
      (event.seq >= engine.nextSeq && (alarm.state !== event.to || alarm.severity !== event.severity))
    );
  });
  if (standing.length === 0 && lastEvent < engine.nextSeq) return undefined;
  return { lastSeq: lastEvent, standing };
}
