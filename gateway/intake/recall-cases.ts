import type { CaseRecord } from "../../rules/cases/case.ts";
import { casesOf } from "../../rules/cases/recall.ts";
import type { CaseSettings } from "../../rules/cases/settings.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { OpenCase } from "../journal/alarm-log.ts";

/** Events read at once. */
const PAGE = 1_000;

/** The rules as they are after checkpoint and tail. */
export interface RestoredCases {
  readonly nextSeq: number;
  readonly cases: { open(): Iterable<{ readonly number: number; readonly last: number }> } | undefined;
}

/** The alarm log. */
export interface CaseLog {
  /** Highest event number; 0 when there is none. */
  readonly lastEvent: number;
  readonly openCases: readonly OpenCase[];
  /** Numbers in [from, to], ascending, at most `limit`. */
  readonly events: (query: { from: number; to: number; limit: number }) => Promise<readonly AlarmEvent[]>;
}

/**
 * All open cases as the alarm log has them, where it knows more of them than the restored rules: state was damaged, or events lie
 * behind it that were evaluated under another configuration. Undefined when nothing is missing, as after every ordinary crash.
 */
export async function forgottenCases(
  engine: RestoredCases,
  log: CaseLog,
  settings: CaseSettings,
): Promise<readonly CaseRecord[] | undefined> {
  const known = new Map(Array.from(engine.cases?.open() ?? [], ({ number, last }) => [number, last]));
  const logged = new Map(log.openCases.map(({ number, last }) => [number, last]));
  const missing = log.openCases.some(({ number, last }) => (known.get(number) ?? 0) < last);
  // What the rules believe open and the log closed; an end of the log that is lost closes nothing.
  const over = [...known].some(
    ([number, last]) => !logged.has(number) && last < engine.nextSeq && log.lastEvent >= engine.nextSeq,
  );
  if (!missing && !over) return undefined;
  return casesOf(await eventsOf(log), settings);
}

async function eventsOf({ openCases, lastEvent, events }: CaseLog): Promise<AlarmEvent[]> {
  const wanted = new Set(openCases.map(({ number }) => number));
  const found: AlarmEvent[] = [];
  let from = Math.min(...openCases.map(({ first }) => first));
  while (from <= lastEvent) {
    const page = await events({ from, to: lastEvent, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const event of page) if (event.case !== undefined && wanted.has(event.case)) found.push(event);
    from = last.seq + 1;
  }
  return found;
}
