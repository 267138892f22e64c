import type { Mode } from "../../model/domain.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { AlarmMeasures, type Measures } from "./measures.ts";
import { before, type Period } from "./period.ts";

/** Events asked of the alarm log at once: each page is some ms of work between which other work goes on. */
const PAGE = 1_000;

/** A period and the one before it. */
export interface Comparison {
  readonly current: Measures;
  readonly previous: Measures;
  /** Time of the oldest event in the log; null: it is empty. What lies before it is unknown, not quiet. */
  readonly oldest: number | null;
}

/** Alarm events with numbers in [from, to), ascending, at most `limit`. */
export type EventPages = (query: {
  from: number;
  to: number;
  limit: number;
}) => Promise<AlarmEvent[]> | AlarmEvent[];

/** Reads the alarm log once, in pages, and measures a period and the one before it. `progress` is told of events read. */
export async function collect(
  events: EventPages,
  { period, mode = "live" }: { period: Period; mode?: Mode },
  progress: (events: number) => void = () => {},
): Promise<Comparison> {
  const current = new AlarmMeasures(period, mode);
  const previous = new AlarmMeasures(before(period), mode);
  let oldest: number | null = null;
  let read = 0;
  for (let from = 1; ; ) {
    const page = await events({ from, to: Number.MAX_SAFE_INTEGER, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const event of page) {
      oldest ??= event.time;
      previous.add(event);
      current.add(event);
    }
    read += page.length;
    progress(read);
    from = last.seq + 1;
    if (last.time >= period.to) break;
  }
  return { current: current.result(), previous: previous.result(), oldest };
}
