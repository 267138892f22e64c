import { z } from "zod";
import type { DayNumber, Days, Minutes, MonthDay } from "../../model/calendar.ts";
import { idSchema } from "../../model/schema.ts";
import { DAY, MILLISECOND } from "../../model/time.ts";

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
/** Days of each month in a leap year. */
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const DAY_MINUTES = 24 * 60;
/** More spans than this are a table of dates, not a calendar. */
const MOST_SPANS = 500;

function monthDay(text: string): MonthDay | undefined {
  const match = /^(\d{1,2})-(\d{1,2})$/.exec(text);
  const [month, day] = [Number(match?.[1]), Number(match?.[2])];
  return day >= 1 && day <= (LONGEST_MONTHS[month - 1] ?? 0) ? month * 100 + day : undefined;
}

function dayNumber(text: string): DayNumber | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const time = Date.parse(`${text}T00:00:00Z`);
  // The runtime reads 2026-02-30 as the second of March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) return undefined;
  return (time * MILLISECOND) / DAY;
}

function minutes(text: string): Minutes | undefined {
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  if (fromMinute > 59 || toMinute > 59 || from >= DAY_MINUTES || to > DAY_MINUTES || from === to)
    return undefined;
  return { from, to };
}

function read<T>(parse: (text: string) => T | undefined, wanted: string) {
  return (text: string, context: { addIssue(issue: { code: "custom"; message: string }): void }): T => {
    const value = parse(text);
    if (value === undefined) context.addIssue({ code: "custom", message: wanted });
    return value ?? z.NEVER;
  };
}

const monthDaySchema = z.string().transform(read(monthDay, "write month and day, such as 05-01"));
const dateSchema = z.string().transform(read(dayNumber, "write a date such as 2026-10-01"));

const datesSchema = z
  .array(
    z
      .union([
        dateSchema,
        z.strictObject({
          from: dateSchema.meta({ description: "First of these dates.", examples: ["2026-10-01"] }),
          to: dateSchema.meta({ description: "Last of them.", examples: ["2026-10-08"] }),
        }),
      ])
      .transform((days): Days<DayNumber> => (typeof days === "number" ? { from: days, to: days } : days))
      .refine(({ from, to }) => from <= to, { message: "it ends before it begins" }),
  )
  .min(1)
  .max(MOST_SPANS);

/** One entry of `calendars:`. */
export const calendarSchema = z
  .strictObject({
    yearly: z
      .array(
        z.strictObject({
          from: monthDaySchema.meta({ description: "First day, month and day.", examples: ["05-01"] }),
          to: monthDaySchema.meta({ description: "Last day.", examples: ["09-30"] }),
        }),
      )
      .min(1)
      .max(MOST_SPANS)
      .optional()
      .meta({
        description: "Spans of each year, both ends included; they may go over its end.",
        examples: [[{ from: "05-01", to: "09-30" }]],
      }),
    weekdays: z
      .array(z.enum(WEEKDAYS).transform((day) => WEEKDAYS.indexOf(day)))
      .min(1)
      .optional()
      .meta({ description: "Days of the week.", examples: [["mon", "tue", "wed", "thu", "fri"]] }),
    dates: datesSchema
      .optional()
      .meta({ description: "Dates, or spans of dates, both ends included.", examples: [["2026-10-01"]] }),
    also: datesSchema.optional().meta({
      description:
        "Dates that count whatever else is given: working Saturdays that make up for a holiday (调休).",
      examples: [["2026-10-10"]],
    }),
    except: z
      .union([idSchema, z.array(idSchema).min(1)])
      .optional()
      .meta({ description: "Calendars that are taken out of it.", examples: ["holidays"] }),
    hours: z
      .array(z.string().transform(read(minutes, "write hours such as 08:00-12:00")))
      .min(1)
      .max(24)
      .optional()
      .meta({
        description:
          "Hours of these days, the last excluded; 22:00-06:00 ends on the next day. Default: all day.",
        examples: [["08:00-12:00", "14:30-18:00"]],
      }),
  })
  .refine((o) => [o.yearly, o.weekdays, o.dates, o.hours].some((given) => given !== undefined), {
    message: "say when: yearly, weekdays, dates or hours",
  })
  .meta({
    description:
      "When something holds, by the civil calendar of `site.timeZone`: all that is given must fit, of a list any.",
  });
export type CalendarOptions = z.output<typeof calendarSchema>;
