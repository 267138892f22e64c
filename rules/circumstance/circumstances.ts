import type { OutsideSource } from "../../model/outside.ts";
import type { Site } from "../../model/site.ts";
import { CalendarCourse } from "./calendar-course.ts";
import { LocalTime } from "./local-time.ts";

/** The calendars and outside sources of a site, as rules name them. */
export class Circumstances {
  readonly #calendars: ReadonlyMap<string, CalendarCourse>;
  readonly #outside: ReadonlyMap<string, OutsideSource>;

  constructor(site: Pick<Site, "calendars" | "outside" | "timeZone">) {
    const definitions = site.calendars ?? [];
    const courses = new Map<number, CalendarCourse>();
    const zone = definitions.length === 0 ? undefined : new LocalTime(site.timeZone);
    const courseOf = (index: number, above: readonly number[]): CalendarCourse[] => {
      const calendar = definitions[index];
      // A calendar that takes itself out again is refused by `check`; here it only must not go on for ever.
      if (calendar === undefined || zone === undefined || above.includes(index)) return [];
      const known = courses.get(index);
      if (known !== undefined) return [known];
      const except = (calendar.except ?? []).flatMap((other) => courseOf(other, [...above, index]));
      const course = new CalendarCourse(calendar, { except, zone });
      courses.set(index, course);
      return [course];
    };
    this.#calendars = new Map(
      definitions.flatMap(({ id, index }) => courseOf(index, []).map((course) => [id, course] as const)),
    );
    this.#outside = new Map((site.outside ?? []).map((source) => [source.id, source]));
  }

  calendar(id: string): CalendarCourse | undefined {
    return this.#calendars.get(id);
  }

  outside(id: string): OutsideSource | undefined {
    return this.#outside.get(id);
  }

  get calendars(): IterableIterator<string> {
    return this.#calendars.keys();
  }

  get sources(): IterableIterator<string> {
    return this.#outside.keys();
  }
}
