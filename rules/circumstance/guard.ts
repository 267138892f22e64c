import { z } from "zod";
import type { OutsideSource } from "../../model/outside.ts";
import { idSchema } from "../../model/schema.ts";
import type { Micros } from "../../model/time.ts";
import { NEVER } from "../timer-queue.ts";
import { type CalendarCourse, nowhere } from "./calendar-course.ts";
import type { Circumstances } from "./circumstances.ts";
import type { World } from "./world.ts";

/** Whether something holds, where nobody may know. */
export const NO = 0;
export const UNKNOWN = 1;
export const YES = 2;
export type Known = typeof NO | typeof UNKNOWN | typeof YES;

const names = z.union([idSchema, z.array(idSchema).min(1)]);
const said = z.union([z.string().min(1), z.number()]);

export const outsideTestFields = {
  input: idSchema.meta({ description: "Outside source, by id.", examples: ["rain-warning"] }),
  atLeast: said.optional().meta({
    description: "It says this level or a higher one, or this number or more.",
    examples: ["orange"],
  }),
  atMost: said
    .optional()
    .meta({ description: "It says this level or a lower one, or this number or less.", examples: ["none"] }),
  is: z
    .union([said, z.array(said).min(1)])
    .optional()
    .meta({ description: "It says this; of a list, any.", examples: ["red"] }),
};

interface OutsideTestOptions {
  readonly input: string;
  readonly atLeast?: string | number | undefined;
  readonly atMost?: string | number | undefined;
  readonly is?: string | number | readonly (string | number)[] | undefined;
}

const outsideTestSchema = z
  .strictObject(outsideTestFields)
  .refine(oneComparison, { message: "give atLeast, atMost or is, one of them" });

/** Whether exactly one comparison is given. */
export function oneComparison(o: Omit<OutsideTestOptions, "input">): boolean {
  return [o.atLeast, o.atMost, o.is].filter((one) => one !== undefined).length === 1;
}

/** When something applies: options of a rule and of what stands instead of its limits. */
export const guardFields = {
  during: names.optional().meta({
    description: "Only while one of these calendars holds.",
    examples: ["flood-season"],
  }),
  except: names.optional().meta({
    description: "Not while one of these calendars holds.",
    examples: ["holidays"],
  }),
  given: z
    .union([outsideTestSchema, z.array(outsideTestSchema).min(1)])
    .optional()
    .meta({
      description:
        "Only while what was heard from outside fits; of a list, all of it. While nobody knows it applies: what is stricter counts.",
    }),
};

export interface GuardOptions {
  readonly during?: string | readonly string[] | undefined;
  readonly except?: string | readonly string[] | undefined;
  readonly given?: OutsideTestOptions | readonly OutsideTestOptions[] | undefined;
}

export interface GuardProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

export type GuardReport = (problem: GuardProblem) => void;

/** A comparison with what an outside source says. */
export class OutsideTest {
  readonly source: OutsideSource;
  readonly #low: number;
  readonly #high: number;
  readonly #codes: readonly number[] | undefined;

  constructor(source: OutsideSource, accepts: { low?: number; high?: number; codes?: readonly number[] }) {
    this.source = source;
    this.#low = accepts.low ?? Number.NEGATIVE_INFINITY;
    this.#high = accepts.high ?? Number.POSITIVE_INFINITY;
    this.#codes = accepts.codes;
  }

  state(world: World): Known {
    return this.of(world.outside(this.source.index));
  }

  /** What it makes of one value. */
  of(value: number): Known {
    if (Number.isNaN(value)) return UNKNOWN;
    const fits = this.#codes?.includes(value) ?? (value >= this.#low && value <= this.#high);
    return fits ? YES : NO;
  }
}

/** Compiles a comparison with an outside source. Reports what cannot work and then gives undefined. */
export function compileOutsideTest(
  options: OutsideTestOptions,
  circumstances: Circumstances,
  report: GuardReport,
): OutsideTest | undefined {
  const source = circumstances.outside(options.input);
  if (source === undefined) {
    report({
      path: ["input"],
      message: `there is no outside source “${options.input}” in this site`,
      ...known(circumstances.sources),
    });
    return undefined;
  }
  const { levels } = source;
  let sound = true;
  const numberOf = (key: string, word: string | number): number => {
    const at = levels?.indexOf(String(word)) ?? -1;
    if (levels !== undefined && typeof word === "string" && at >= 0) return at;
    if (levels === undefined && typeof word === "number") return word;
    sound = false;
    report({
      path: [key],
      message:
        levels === undefined
          ? `“${word}” is no number: ${source.id} has no levels`
          : `${source.id} has no level “${word}”`,
      ...(levels === undefined ? {} : { hint: `it has: ${levels.join(", ")}` }),
    });
    return Number.NaN;
  };
  const { atLeast, atMost, is } = options;
  const test = new OutsideTest(source, {
    ...(atLeast === undefined ? {} : { low: numberOf("atLeast", atLeast) }),
    ...(atMost === undefined ? {} : { high: numberOf("atMost", atMost) }),
    ...(is === undefined ? {} : { codes: [is].flat().map((word) => numberOf("is", word)) }),
  });
  if (!sound) return undefined;
  const key = atLeast !== undefined ? "atLeast" : atMost !== undefined ? "atMost" : "is";
  return checkReach(test, { key, report }) ? test : undefined;
}

/** Reports a comparison that everything fits, or nothing. */
function checkReach(test: OutsideTest, { key, report }: { key: string; report: GuardReport }): boolean {
  const { levels, range, id } = test.source;
  const ends = levels?.map((_, code) => code) ?? (range === undefined ? [] : [range.low, range.high]);
  if (ends.length === 0) return true;
  const fits = ends.map((value) => test.of(value) === YES);
  // Of numbers, what lies between the ends may fit where neither end does.
  if (fits.every((one) => one) && (levels !== undefined || key !== "is")) {
    report({ path: [key], message: `whatever ${id} says fits: it would always hold` });
    return false;
  }
  if (!fits.some((one) => one) && (levels !== undefined || key !== "is")) {
    report({ path: [key], message: `nothing that ${id} can say fits: it would never hold` });
    return false;
  }
  return true;
}

/** When something applies, compiled. */
export class Guard {
  readonly #during: readonly CalendarCourse[];
  readonly #except: readonly CalendarCourse[];
  readonly #given: readonly OutsideTest[];
  /** Outside sources that it depends on. */
  readonly outside: readonly number[];

  constructor(parts: {
    during: readonly CalendarCourse[];
    except: readonly CalendarCourse[];
    given: readonly OutsideTest[];
  }) {
    this.#during = parts.during;
    this.#except = parts.except;
    this.#given = parts.given;
    this.outside = parts.given.map(({ source }) => source.index);
  }

  /** Whether it applies now, the calendar of another instant being asked where one is given. */
  state(world: World, at: Micros = world.now): Known {
    if (!this.#calendars(at)) return NO;
    let known: Known = YES;
    for (const test of this.#given) {
      const state = test.state(world);
      if (state === NO) return NO;
      if (state === UNKNOWN) known = UNKNOWN;
    }
    return known;
  }

  /** When that changes by time alone. */
  until(world: World): Micros {
    let until = NEVER;
    for (const calendar of this.#during) until = Math.min(until, calendar.at(world.now).until);
    for (const calendar of this.#except) until = Math.min(until, calendar.at(world.now).until);
    for (const { source } of this.#given) until = Math.min(until, world.outsideUntil(source.index));
    return until;
  }

  /** Whether its calendars never let it apply. */
  get empty(): boolean {
    const all = [...this.#during, ...this.#except];
    if (all.length === 0) return false;
    return nowhere(all, { at: (now) => ({ holds: this.#calendars(now) }) });
  }

  #calendars(at: Micros): boolean {
    if (this.#during.length > 0 && !this.#during.some((calendar) => calendar.at(at).holds)) return false;
    return !this.#except.some((calendar) => calendar.at(at).holds);
  }
}

/** Compiles the guard of a rule; undefined where there is none. Reports what cannot work. */
export function compileGuard(
  options: GuardOptions,
  circumstances: Circumstances,
  report: GuardReport,
): Guard | undefined {
  const { during, except, given } = options;
  if (during === undefined && except === undefined && given === undefined) return undefined;
  const calendars = (key: "during" | "except") =>
    listed(options[key]).flatMap(({ value, path }) => {
      const calendar = compileCalendar(value, circumstances, (problem) =>
        report({ ...problem, path: [key, ...path] }),
      );
      return calendar === undefined ? [] : [calendar];
    });
  const guard = new Guard({
    during: calendars("during"),
    except: calendars("except"),
    given: listed(given).flatMap(({ value, path }) => {
      const test = compileOutsideTest(value, circumstances, (problem) =>
        report({ ...problem, path: ["given", ...path, ...problem.path] }),
      );
      return test === undefined ? [] : [test];
    }),
  });
  if (guard.empty) {
    report({
      path: [during === undefined ? "except" : "during"],
      message: "its calendars leave no time at all: it could never apply",
    });
  }
  return guard;
}

/** The calendar of a name. Reports one that is not there and then gives undefined. */
export function compileCalendar(
  id: string,
  circumstances: Circumstances,
  report: GuardReport,
): CalendarCourse | undefined {
  const calendar = circumstances.calendar(id);
  if (calendar === undefined) {
    report({
      path: [],
      message: `there is no calendar “${id}” in this site`,
      ...known(circumstances.calendars),
    });
  }
  return calendar;
}

function known(names: Iterable<string>): { hint?: string } {
  const all = [...names];
  return all.length === 0 ? {} : { hint: `there are: ${all.join(", ")}` };
}

/** One or several, each with its path below the key. */
function listed<T>(given: T | readonly T[] | undefined): { value: T; path: number[] }[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return [{ value: given as T, path: [] }];
  return (given as readonly T[]).map((value, i) => ({ value, path: [i] }));
}
