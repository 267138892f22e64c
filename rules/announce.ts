import type { Severity } from "../model/severity.ts";
import type { Alarm } from "./alarm.ts";
import type { Decision, EventStream } from "./event-stream.ts";

/*
 * From "the condition holds" to an event: the few steps that every source of alarms shares.
 */

/** The condition of `alarm` holds at `severity`. Says whether that was news. */
export function assertAlarm(
  stream: EventStream,
  alarm: Alarm,
  { severity, decision }: { severity: Severity; decision: Decision },
): boolean {
  const wasLive = alarm.active && alarm.mode === "live";
  const change = alarm.assert(severity, decision.at);
  if (change === undefined) return false;
  // A live alarm stays live, whatever a test then adds to it.
  if (!wasLive) alarm.mode = decision.mode;
  if (change.transition === "raise" || change.transition === "again") alarm.begin(decision.measured);
  stream.record(alarm, change, { ...decision, mode: alarm.mode });
  return true;
}

/** The condition of `alarm` has gone. */
export function clearAlarm(stream: EventStream, alarm: Alarm, decision: Decision): void {
  const change = alarm.clear(decision.at);
  if (change === undefined) return;
  alarm.end(decision.measured);
  stream.record(alarm, change, { ...decision, mode: alarm.mode });
}
