import type { Calendar } from "../../model/calendar.ts";
import { Circumstances } from "../../rules/circumstance/circumstances.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { calendarEmpty, calendarInItself, noCalendar, of } from "./texts/references.ts";

/** The calendars of a site. Reports one that refers to itself or to none, and one that leaves no time at all. */
export function resolveCalendars(parsed: ParsedSite, timeZone: string, problems: Problems): Calendar[] {
  const entries = [...parsed.calendars.entries];
  const indices = new Map(entries.map(([id], index) => [id, index]));
  const calendars = entries.map(([id, { except, ...when }], index): Calendar => {
    const names = except === undefined ? [] : [except].flat();
    const others = names.flatMap((other, i) => {
      const at = indices.get(other);
      if (at !== undefined) return [at];
      if (!parsed.calendars.ids.has(other)) {
        problems.at(parsed.tree.spot(["calendars", id, "except", ...(Array.isArray(except) ? [i] : [])]), {
          message: of("calendar", id, noCalendar(other)),
          hint: didYouMean(other, parsed.calendars.ids, LISTED.calendars),
        });
      }
      return [];
    });
    const { yearly, weekdays, dates, also, hours } = when;
    return {
      index,
      id,
      ...(yearly === undefined ? {} : { yearly }),
      ...(weekdays === undefined ? {} : { weekdays }),
      ...(dates === undefined ? {} : { dates }),
      ...(also === undefined ? {} : { also }),
      ...(hours === undefined ? {} : { hours }),
      ...(others.length === 0 ? {} : { except: others }),
    };
  });
  const round = calendars.filter(({ index }) => takesOutItself(calendars, index));
  for (const { id } of round) {
    problems.at(parsed.tree.spot(["calendars", id, "except"]), {
      message: calendarInItself(id),
    });
  }
  if (round.length > 0) return calendars;
  const circumstances = new Circumstances({ calendars, timeZone });
  for (const { id } of calendars) {
    if (parsed.calendars.suspect.has(id) || circumstances.calendar(id)?.empty !== true) continue;
    problems.at(parsed.tree.spot(["calendars", id], "key"), {
      message: calendarEmpty(id),
    });
  }
  return calendars;
}

function takesOutItself(calendars: readonly Calendar[], start: number): boolean {
  const seen = new Set<number>();
  const open = [...(calendars[start]?.except ?? [])];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (index === start) return true;
    if (seen.has(index)) continue;
    seen.add(index);
    open.push(...(calendars[index]?.except ?? []));
  }
  return false;
}
