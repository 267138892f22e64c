/*
 * Times that repeat by the civil calendar of the site: a flood season, working hours, holidays. Plain data; when one holds is
 * computed in rules/.
 */

/** A day of the year as month × 100 + day: 501 is the first of May. */
export type MonthDay = number;
/** A civil day, counted from 1970-01-01. */
export type DayNumber = number;

/** Days from one to another, both included. */
export interface Days<Day> {
  readonly from: Day;
  readonly to: Day;
}

/** Minutes of a day, from (included) to (excluded), 0 to 1440. Where `to` is not after `from` it ends on the next day. */
export interface Minutes {
  readonly from: number;
  readonly to: number;
}

/** 日历: when something holds. A day counts when all that is given fits; of its days the hours. */
export interface Calendar {
  readonly index: number;
  readonly id: string;
  /** Spans of each year, which may go over its end: 1115 to 315. */
  readonly yearly?: readonly Days<MonthDay>[];
  /** 0 is Sunday. */
  readonly weekdays?: readonly number[];
  readonly dates?: readonly Days<DayNumber>[];
  /** Days that count whatever weekdays and exceptions say: working Saturdays that make up for a holiday (调休). */
  readonly also?: readonly Days<DayNumber>[];
  /** Calendars that are taken out of it, by index. */
  readonly except?: readonly number[];
  /** All day where not given. */
  readonly hours?: readonly Minutes[];
}
