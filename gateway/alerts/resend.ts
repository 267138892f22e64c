import type { AlarmEvent } from "../../rules/event.ts";

/** Messages that one request may bring; the result says where to go on. Numbers without an event cost nothing. */
const MESSAGES_MAX = 10_000;
/** Events that are in memory and not in the log are among the last so many numbers. */
const RECENT_SPAN = 10_000;
/** Events read and published at a time: the next page waits until the broker has this one. */
const PAGE = 100;

/** What a resend did. */
export interface Resent {
  readonly from: number;
  /** Last number that was covered. */
  readonly to: number;
  /** Messages that were published. */
  readonly messages: number;
  /** Numbers that neither an event nor a void message covers: gone from the alarm log. */
  readonly missing: number;
  /** Where to go on; null when the whole span was covered. */
  readonly next: number | null;
}

export interface ResendOptions {
  readonly from: number;
  readonly to: number;
  /** Highest event number so far. */
  readonly last: number;
  /** The alarm log: numbers in [from, to), ascending. */
  readonly events: (query: { from: number; to: number; limit: number }) => Promise<readonly AlarmEvent[]>;
  /** Events that may not be on disk yet. */
  readonly recent: (seq: number) => AlarmEvent | undefined;
  readonly publish: (event: AlarmEvent) => Promise<void>;
}

/**
 * Publishes the events of a span of numbers again, in order. A void span counts as covered by its void message, which is sent
 * too even if its own number lies behind the span.
 * @throws what reading or publishing throws; what was published until then stays published.
 */
export async function resend({ from, to, last, events, recent, publish }: ResendOptions): Promise<Resent> {
  let end = Math.min(to, last);
  let at = from;
  let messages = 0;
  let covered = 0;
  const send = async (page: readonly AlarmEvent[]) => {
    await Promise.all(page.map((event) => publish(event)));
    messages += page.length;
    for (const event of page) covered += coverage(event, from, end);
  };
  while (at <= end) {
    const page = (await events({ from: at, to: end + 1, limit: PAGE })).filter(
      ({ seq }) => seq >= at && seq <= end,
    );
    const first = page[0]?.seq ?? end + 1;
    const fresh = memory(Math.max(at, last - RECENT_SPAN), first, recent);
    await send([...fresh, ...page]);
    at = (page.at(-1)?.seq ?? end) + 1;
    if (messages >= MESSAGES_MAX) end = Math.min(end, at - 1);
  }
  const behind = end < last ? (await events({ from: end + 1, to: last + 1, limit: 1 }))[0] : undefined;
  if (behind?.transition === "void" && (behind.voidFrom ?? behind.seq) <= end) await send([behind]);
  const span = Math.max(0, end - from + 1);
  return {
    from,
    to: Math.max(end, from - 1),
    messages,
    missing: Math.max(0, span - covered),
    next: end < Math.min(to, last) ? end + 1 : null,
  };
}

/** Events of [from, before) that only memory has. */
function memory(from: number, before: number, recent: (seq: number) => AlarmEvent | undefined): AlarmEvent[] {
  const found: AlarmEvent[] = [];
  for (let seq = from; seq < before; seq++) {
    const event = recent(seq);
    if (event !== undefined) found.push(event);
  }
  return found;
}

/** How many numbers of a span an event accounts for. */
function coverage(event: AlarmEvent, from: number, to: number): number {
  const low = event.transition === "void" ? (event.voidFrom ?? event.seq) : event.seq;
  return Math.max(0, Math.min(event.seq, to) - Math.max(low, from) + 1);
}
