import { MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { instantShown } from "../../model/zone.ts";
import type { TimeFormat } from "./mapping.ts";

/** Year, month, day, hour, minute, second, fraction, zone; written in any of these orders. */
const CLOCK = /(?:[T ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/
  .source;
const PATTERNS: Readonly<
  Record<"year-first" | "day-first" | "month-first", { pattern: RegExp; order: readonly number[] }>
> = {
  "year-first": {
    pattern: new RegExp(`^(\\d{4})[-/.年](\\d{1,2})[-/.月](\\d{1,2})日?${CLOCK}`),
    order: [1, 2, 3],
  },
  "day-first": { pattern: new RegExp(`^(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})${CLOCK}`), order: [3, 2, 1] },
  "month-first": { pattern: new RegExp(`^(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})${CLOCK}`), order: [3, 1, 2] },
};
const COMPACT = /^(\d{4})(\d{2})(\d{2})[T ]?(?:(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d{1,9}))?)?)?(Z)?$/;
/** Unix times: how many µs one of them is. */
const SINCE_1970 = { unix: SECOND, "unix-ms": MILLISECOND, "unix-us": 1 } as const;

/** Clocks are changed at full quarters of an hour: within one the distance to UTC holds. */
const QUARTER_MS = 15 * 60_000;

/** Reads the times of a table's rows; undefined: it is none. */
export class TableTimes {
  readonly #format: TimeFormat;
  readonly #zone: string;
  readonly #start: Micros;
  #lastText = "";
  #last: Micros | undefined;
  #quarter = Number.NaN;
  #offset = 0;

  /** @throws RangeError when there is no such zone, or `start` is no instant */
  constructor(options: { format: TimeFormat; zone: string; start?: string | undefined }) {
    this.#format = options.format;
    this.#zone = options.zone;
    instantShown(0, options.zone);
    this.#start = 0;
    if (options.start !== undefined) {
      const start = new TableTimes({ format: "year-first", zone: options.zone }).read(options.start);
      if (start === undefined) throw new RangeError(`not an instant: ${options.start}`);
      this.#start = start;
    }
  }

  /** The instant of a cell, µs. */
  read(text: string): Micros | undefined {
    // Rows of one instant follow one another.
    if (text === this.#lastText) return this.#last;
    this.#lastText = text;
    this.#last = this.#parse(text.trim());
    return this.#last;
  }

  #parse(text: string): Micros | undefined {
    const format = this.#format;
    if (format === "unix" || format === "unix-ms" || format === "unix-us" || format === "seconds") {
      const number = text === "" ? Number.NaN : Number(text);
      if (!Number.isFinite(number)) return undefined;
      if (format === "seconds") return this.#start + Math.round(number * SECOND);
      return Math.round(number * SINCE_1970[format]);
    }
    if (format === "compact") {
      const match = COMPACT.exec(text);
      return match === null ? undefined : this.#instant([0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => match[i]));
    }
    const { pattern, order } = PATTERNS[format];
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const [year, month, day] = order.map((i) => match[i]);
    return this.#instant([undefined, year, month, day, match[4], match[5], match[6], match[7], match[8]]);
  }

  #instant(parts: readonly (string | undefined)[]): Micros | undefined {
    const part = (i: number) => Number(parts[i] ?? 0);
    const [month, day, hour] = [part(2), part(3), part(4)];
    const shown = Date.UTC(part(1), month - 1, day, hour, part(5), part(6));
    const back = new Date(shown);
    // The 30th of February is a mistake, not the 2nd of March.
    if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || back.getUTCHours() !== hour)
      return undefined;
    const fraction = parts[7] === undefined ? 0 : Math.round(Number(`0.${parts[7]}`) * SECOND);
    return (shown - this.#ahead(shown, parts[8])) * MILLISECOND + fraction;
  }

  /** How far the clock that shows this is ahead of UTC, ms. */
  #ahead(shown: number, zone: string | undefined): number {
    if (zone === "Z" || zone === "UTC") return 0;
    if (zone !== undefined) {
      const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
      return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
    }
    const quarter = Math.floor(shown / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offset = shown - instantShown(shown, this.#zone);
    }
    return this.#offset;
  }
}
