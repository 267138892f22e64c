import { loadConfiguration } from "../../gateway/config/load.ts";
import { AlarmLogReader } from "../../gateway/journal/alarm-log-reader.ts";
import { JournalSource } from "../../gateway/replay/journal-source.ts";
import { type Outcome, replay } from "../../gateway/replay/run.ts";
import type { Span } from "../../gateway/replay/source.ts";
import type { AlarmEvent } from "../../rules/event.ts";

/** Everything that a recording holds. */
export const ALL: Span = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/** Everything that the alarm log of a data folder holds. */
export function published(data: string): AlarmEvent[] {
  const log = new AlarmLogReader(data);
  try {
    return log.events(0, Number.MAX_SAFE_INTEGER, 10_000);
  } finally {
    log.close();
  }
}

/** The journal of a data folder through the rules of a site file. */
export function replayed(site: string, data: string): { outcome: Outcome; events: AlarmEvent[] } {
  const events: AlarmEvent[] = [];
  const outcome = replay({
    configuration: loadConfiguration(site),
    source: new JournalSource(data, ALL),
    since: ALL.since,
    event: (event) => events.push(event),
  });
  return { outcome, events };
}
