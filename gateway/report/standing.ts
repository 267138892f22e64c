import { DAY, type Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmKey } from "./annunciation.ts";
import { length, type Period } from "./period.ts";

/** An alarm that stays active for longer is stale: a fault to mend or a limit to change (ISA-18.2 16.4). */
const STALE_AFTER: Micros = DAY;

/** An alarm whose condition holds. */
interface Active {
  readonly alarm: string;
  readonly since: Micros;
}

/** Spans in which conditions hold, and which of them grow stale. Bounded by the alarms of the site, and the days of the period. */
export class Standing {
  readonly #period: Period;
  readonly #active = new Map<string, Active>();
  readonly #staleDays: Uint32Array;
  readonly #stale = new Map<string, Micros>();

  constructor(period: Period) {
    this.#period = period;
    this.#staleDays = new Uint32Array(Math.max(1, Math.ceil(length(period) / DAY)));
  }

  /** Follows an event of a live alarm; returns since when the span lasts that has just ended. */
  follow(event: AlarmEvent, active: boolean): Micros | undefined {
    const alarm = alarmKey(event);
    const known = this.#active.get(alarm);
    if (active) {
      if (known === undefined) this.#active.set(alarm, { alarm, since: event.time });
      return undefined;
    }
    if (known === undefined) return undefined;
    this.#active.delete(alarm);
    this.#end(known, event.time);
    return known.since;
  }

  /** Ends every span at the end of the period; to be called once, before `view`. Returns them. */
  close(): readonly { readonly alarm: string; readonly since: Micros }[] {
    const open = [...this.#active.values()];
    for (const one of open) this.#end(one, this.#period.to);
    return open;
  }

  /** Stale alarms with how long they stood in the period, the longest first, and the most on any day. */
  view(): { alarms: { alarm: string; active: Micros }[]; mostInADay: number } {
    const alarms = [...this.#stale].map(([alarm, active]) => ({ alarm, active }));
    alarms.sort((a, b) => b.active - a.active || (a.alarm < b.alarm ? -1 : 1));
    return { alarms, mostInADay: this.#staleDays.reduce((most, count) => Math.max(most, count), 0) };
  }

  #end({ alarm, since }: Active, end: Micros): void {
    const { from, to } = this.#period;
    const begin = Math.max(from, since + STALE_AFTER);
    const stop = Math.min(to, end);
    if (begin >= stop) return;
    this.#stale.set(alarm, (this.#stale.get(alarm) ?? 0) + stop - Math.max(from, since));
    const last = Math.ceil((stop - from) / DAY);
    for (let day = Math.floor((begin - from) / DAY); day < last; day++) this.#staleDays[day]!++;
  }
}
