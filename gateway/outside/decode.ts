import { lookup, type Path, parsePath, wordOf } from "../../drivers/payload/path.ts";
import type { OutsideSource } from "../../model/outside.ts";
import { DAY, MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import type { LocalTime } from "../../rules/circumstance/local-time.ts";
import type { OutsideOptions } from "./options.ts";

/** What came of a message. */
export type Heard =
  /** It says this until then. */
  | { readonly outcome: "taken"; readonly value: number; readonly until: Micros }
  /** Nobody could read it. */
  | { readonly outcome: "malformed"; readonly why: string }
  /** Its validity is over: it says nothing about now. */
  | { readonly outcome: "expired" }
  /** It was kept by the broker for who knows how long, and does not say since when. */
  | { readonly outcome: "undated" };

/** A message longer than this is no warning. */
export const MOST_BYTES = 65_536;
/** A time of issue may be so far ahead of our clock; further ahead somebody's clock is wrong. */
const AHEAD: Micros = 10 * MINUTE;
/** Unix times from here on are milliseconds: in seconds it would be the year 5138. */
const FROM_MILLISECONDS = 1e11;

const INSTANT = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?([Zz]|[+-]\d\d:?\d\d)$/;
const LOCAL = /^(\d{4})[-/](\d\d)[-/](\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d))?$/;

/** What a message says of itself before it is understood. */
interface Raw {
  readonly value: unknown;
  readonly issued: unknown;
  readonly until: unknown;
}

/** Reads what is said about one source. */
export class OutsideDecoder {
  readonly #source: OutsideSource;
  readonly #zone: LocalTime;
  readonly #words: ReadonlyMap<string, string | number>;
  readonly #value: Path | undefined;
  readonly #issued: Path | undefined;
  readonly #until: Path | undefined;

  constructor(source: OutsideSource, options: OutsideOptions["mqtt"], zone: LocalTime) {
    this.#source = source;
    this.#zone = zone;
    this.#words = new Map(Object.entries(options?.words ?? {}));
    const path = (one: Parameters<typeof parsePath>[0] | undefined) =>
      one === undefined ? undefined : parsePath(one);
    this.#value = path(options?.value);
    this.#issued = path(options?.issued);
    this.#until = path(options?.until);
  }

  /** A payload as it came over MQTT. `stored`: the broker had kept it. */
  payload(bytes: Uint8Array, { now, stored }: { now: Micros; stored: boolean }): Heard {
    if (bytes.length > MOST_BYTES) return malformed(`more than ${MOST_BYTES} bytes`);
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    } catch {
      return malformed("no UTF-8 text");
    }
    if (this.#value === undefined)
      return this.#read({ value: text, issued: undefined, until: undefined }, { now, stored });
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return malformed("no JSON");
    }
    const at = (path: Path | undefined) => (path === undefined ? undefined : lookup(json, path));
    const raw = { value: at(this.#value), issued: at(this.#issued), until: at(this.#until) };
    if (this.#issued !== undefined && raw.issued === undefined) return malformed("no time of issue");
    return this.#read(raw, { now, stored });
  }

  /** What was posted: the value as the site file names it, with times where they are given. */
  posted(raw: { value: unknown; issued?: unknown; until?: unknown }, now: Micros): Heard {
    return this.#read({ issued: undefined, until: undefined, ...raw }, { now, stored: false });
  }

  #read(
    { value: said, issued: issuedAt, until: untilAt }: Raw,
    { now, stored }: { now: Micros; stored: boolean },
  ): Heard {
    const value = this.#number(said);
    if (value === undefined)
      return malformed(
        `“${(wordOf(said) ?? typeof said).slice(0, 40)}” is neither a level nor a number that could be meant`,
      );
    const issued = issuedAt === undefined ? undefined : this.#time(issuedAt);
    const until = untilAt === undefined || untilAt === null ? undefined : this.#time(untilAt);
    if (Number.isNaN(issued)) return malformed("its time of issue cannot be read");
    if (Number.isNaN(until)) return malformed("its end of validity cannot be read");
    if (issued !== undefined && issued > now + AHEAD)
      return malformed("its time of issue lies ahead: a clock is wrong");
    if (stored && issued === undefined && until === undefined) return { outcome: "undated" };
    // The end that it states counts where it comes sooner; nothing counts for longer than the site says.
    const end = Math.min(until ?? Number.POSITIVE_INFINITY, (issued ?? now) + this.#source.validFor);
    return end <= now ? { outcome: "expired" } : { outcome: "taken", value, until: end };
  }

  #number(said: unknown): number | undefined {
    const word =
      typeof said === "string" || typeof said === "number"
        ? (this.#words.get(String(said)) ?? said)
        : undefined;
    const { levels, range } = this.#source;
    if (levels !== undefined) {
      const at = levels.indexOf(String(word).trim().toLowerCase());
      const exact = at < 0 ? levels.indexOf(String(word)) : at;
      return word === undefined || exact < 0 ? undefined : exact;
    }
    const number =
      typeof word === "number"
        ? word
        : typeof word === "string" && word.trim() !== ""
          ? Number(word)
          : Number.NaN;
    if (!Number.isFinite(number)) return undefined;
    return range !== undefined && (number < range.low || number > range.high) ? undefined : number;
  }

  /** An instant; NaN when it cannot be read. */
  #time(said: unknown): Micros {
    if (typeof said === "number" && Number.isFinite(said)) {
      return Math.round(said * (said < FROM_MILLISECONDS ? SECOND : MILLISECOND));
    }
    if (typeof said !== "string") return Number.NaN;
    const text = said.trim();
    if (/^\d{9,13}$/.test(text)) return this.#time(Number(text));
    if (INSTANT.test(text)) return Date.parse(text.replace(" ", "T").replace(/\s/g, "")) * MILLISECOND;
    const local = LOCAL.exec(text);
    if (local === null) return Number.NaN;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = local
      .slice(1)
      .map((part) => Number(part ?? 0));
    const civil = Date.UTC(year, month - 1, day, hour, minute, second) * MILLISECOND;
    const midnight = Date.UTC(year, month - 1, day) * MILLISECOND;
    const valid = new Date(midnight / MILLISECOND).getUTCDate() === day && civil - midnight < DAY;
    // Where clocks show a time twice, the earlier one: what counts is over sooner.
    return valid ? Math.min(...this.#zone.instants(civil)) : Number.NaN;
  }
}

function malformed(why: string): Heard {
  return { outcome: "malformed", why };
}
