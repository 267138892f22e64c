import type { AlarmEvent } from "../event.ts";
import type { EventStream } from "../event-stream.ts";
import { TimerQueue } from "../timer-queue.ts";
import type { CaseRecord } from "./case.ts";
import { Cases } from "./cases.ts";
import type { CaseSettings } from "./settings.ts";

/** The cases that are open after these events, which carry the numbers of their cases: what the alarm log remembers of them. */
export function casesOf(events: Iterable<AlarmEvent>, settings: CaseSettings): readonly CaseRecord[] {
  const cases = new Cases({ settings, timers: new TimerQueue(), stream: silent });
  for (const event of events) if (event.case !== undefined) cases.take(event);
  return cases.state().open;
}

/** No step is taken here: deadlines of the past were told when they passed. */
function silent(): EventStream {
  throw new RangeError("cases that are recalled take no steps");
}
