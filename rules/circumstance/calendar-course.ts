import type { Calendar, DayNumber, Days, Minutes } from "../../model/calendar.ts";
import { DAY, MILLISECOND, MINUTE, type Micros } from "../../model/time.ts";
import type { LocalTime } from "./local-time.ts";

/** How far a change is searched for; if there is none, it is looked again then. */
const HORIZON: Micros = 400 * DAY;
/** Stretches that are remembered: that of now, and some of late readings. */
const MOST_STRETCHES = 8;
const DAY_MINUTES = 24 * 60;
const ALL_DAY: readonly Minutes[] = [{ from: 0, to: DAY_MINUTES }];
/** Weekday of 1970-01-01, a Thursday. */
const FIRST_WEEKDAY = 4;
/** After so many years months, days and weekdays come together as before (Gregorian calendar, 1901 to 2099). */
const CYCLE: Micros = 28 * 366 * DAY;
/** Where the search for a time at which a calendar holds begins: a leap year is not far. */
const SEARCH_FROM: Micros = Date.UTC(2024, 0, 1) * MILLISECOND;

/** A stretch of time in which a calendar holds, or does not. */
export interface Stretch {
  readonly from: Micros;
  /** Excluded. */
  readonly until: Micros;
  readonly holds: boolean;
}

/** When a calendar holds, as a function of the instant alone. Civil time is that of the site's zone. */
export class CalendarCourse {
  readonly id: string;
  readonly #calendar: Calendar;
  readonly #except: readonly CalendarCourse[];
  readonly #zone: LocalTime;
  readonly #hours: readonly Minutes[];
  /** Minutes of a day at which anything may change, ascending. */
  readonly #edges: readonly number[];
  #stretches: Stretch[] = [];

  constructor(calendar: Calendar, { except, zone }: { except: readonly CalendarCourse[]; zone: LocalTime }) {
    this.id = calendar.id;
    this.#calendar = calendar;
    this.#except = except;
    this.#zone = zone;
    this.#hours = calendar.hours ?? ALL_DAY;
    const edges = this.#hours.flatMap(({ from, to }) => [from % DAY_MINUTES, to % DAY_MINUTES]);
    this.#edges = [...new Set([0, ...edges])].sort((a, b) => a - b);
  }

  /** The stretch around an instant. */
  at(now: Micros): Stretch {
    for (const stretch of this.#stretches) {
      if (now >= stretch.from && now < stretch.until) return stretch;
    }
    const holds = this.#holds(now);
    const stretch = { from: now, until: this.#change(now, holds), holds };
    this.#stretches = [stretch, ...this.#stretches.slice(0, MOST_STRETCHES - 1)];
    return stretch;
  }

  /** Whether there is no time at all at which it holds. */
  get empty(): boolean {
    return nowhere([this], this);
  }

  /** From where a search for a time at which it holds must begin. */
  get begins(): Micros {
    const { dates, also } = this.#calendar;
    const days = [...(dates ?? []), ...(also ?? [])].map(({ from }) => from * DAY);
    return Math.min(SEARCH_FROM, ...days.map((day) => day - DAY));
  }

  #holds(now: Micros): boolean {
    const local = now + this.#zone.offset(now);
    const day = Math.floor(local / DAY);
    const minute = Math.floor((local - day * DAY) / MINUTE);
    return this.#counts(day, minute, now) || this.#counts(day - 1, minute + DAY_MINUTES, now);
  }

  /** Whether a minute belongs to the hours of a day, the minutes of the day after it counted on. */
  #counts(day: DayNumber, minute: number, now: Micros): boolean {
    const within = this.#hours.some(({ from, to }) => {
      const end = to > from ? to : to + DAY_MINUTES;
      return minute >= from && minute < end;
    });
    if (!within) return false;
    if (this.#alsoCounts(day)) return true;
    return this.#fits(day) && !this.#except.some((calendar) => calendar.at(now).holds);
  }

  #alsoCounts(day: DayNumber): boolean {
    const { also } = this.#calendar;
    return also !== undefined && includes(also, day);
  }

  #fits(day: DayNumber): boolean {
    const { yearly, weekdays, dates } = this.#calendar;
    if (dates !== undefined && !includes(dates, day)) return false;
    if (weekdays !== undefined && !weekdays.includes((((day + FIRST_WEEKDAY) % 7) + 7) % 7)) return false;
    if (yearly === undefined) return true;
    const date = new Date((day * DAY) / MILLISECOND);
    const monthDay = (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
    return yearly.some(({ from, to }) =>
      from <= to ? monthDay >= from && monthDay <= to : monthDay >= from || monthDay <= to,
    );
  }

  /** The first instant after `now` at which it holds otherwise. */
  #change(now: Micros, holds: boolean): Micros {
    const end = now + HORIZON;
    let at = now;
    while (at < end) {
      const resumed = holds ? at : this.#skip(at, end);
      if (resumed >= end) return end;
      let next = this.#nextEdge(resumed);
      for (const calendar of this.#except) next = Math.min(next, calendar.at(resumed).until);
      at = next;
      if (this.#holds(at) !== holds) return at;
    }
    return at;
  }

  /** Goes over days of which no hour can count, by arithmetic alone; looking at each clock would take long. */
  #skip(now: Micros, end: Micros): Micros {
    const today = Math.floor((now + this.#zone.offset(now)) / DAY);
    const last = Math.ceil(end / DAY) + 1;
    let day = today - 1;
    while (day <= last && !this.#alsoCounts(day) && !this.#fits(day)) day++;
    if (day > last) return end;
    if (day <= today + 1) return now;
    return Math.max(now, Math.min(...this.#zone.instants((day - 1) * DAY)));
  }

  /** The first instant after `now` at which clocks show an edge, or are changed. */
  #nextEdge(now: Micros): Micros {
    const today = Math.floor((now + this.#zone.offset(now)) / DAY);
    let next = Number.POSITIVE_INFINITY;
    // Clocks that were set back show yesterday's edges again; tomorrow's first edge is there in any case.
    for (let day = today - 1; day <= today + 1; day++) {
      for (const edge of this.#edges) {
        for (const at of this.#zone.instants(day * DAY + edge * MINUTE)) {
          if (at > now && at < next) next = at;
        }
      }
    }
    return next;
  }
}

/** Whether something never holds that changes when one of these calendars changes. */
export function nowhere(
  calendars: readonly CalendarCourse[],
  what: { at(now: Micros): { readonly holds: boolean } },
): boolean {
  let at = Math.min(SEARCH_FROM, ...calendars.map(({ begins }) => begins));
  const end = SEARCH_FROM + CYCLE;
  while (at < end) {
    if (what.at(at).holds) return false;
    at = Math.min(...calendars.map((calendar) => calendar.at(at).until));
  }
  return true;
}

function includes(days: readonly Days<DayNumber>[], day: DayNumber): boolean {
  return days.some(({ from, to }) => day >= from && day <= to);
}
