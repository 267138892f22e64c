import { MILLISECOND, type Micros } from "../../model/time.ts";

/** Stands for a time that cannot be read: the intake refuses 1970, keeps the reading at its arrival and doubts it. */
export const UNREADABLE_TIME: Micros = 0;

/** One value of a report. Overwritten by the next. */
export interface Value {
  /** Code of the factor: `a21028`, in the edition of 2005 `011`. */
  code: string;
  /** Which value of it: `Rtd`, `Avg`, `Min`, `Max`, `Cou`, … */
  field: string;
  text: string;
  /** Its data flag; "" when there is none. */
  flag: string;
  /** Its own time, or that of the report; NaN when neither gives one. */
  time: Micros;
}

/** Who hears what parameters say. */
export interface ParameterVisitor {
  /** `value` is valid during the call only. */
  value(value: Value): void;
}

const DATA_TIME = "DataTime";
const FLAG_FIELD = "Flag";
const SAMPLE_TIME = "SampleTime";

interface Item {
  code: string;
  field: string;
  text: string;
}

/**
 * Reads the parameters of a report: `DataTime=…;code-Rtd=…,code-Flag=N;…`. The standard puts `;` between factors and `,` between
 * the values of one; makers mix them, and each value names its factor, so that both are the same. Several times in one segment
 * begin a group each. Gives how many items were none.
 */
export class Parameters {
  readonly #items: Item[] = [];
  #length = 0;
  readonly #flags = new Map<string, string>();
  readonly #times = new Map<string, Micros>();
  readonly #value: Value = { code: "", field: "", text: "", flag: "", time: Number.NaN };

  read(cp: string, zone: Micros, visitor: ParameterVisitor): number {
    let senseless = 0;
    let time = Number.NaN;
    this.#clear();
    for (let at = 0; at < cp.length; ) {
      const end = itemEnd(cp, at);
      const equals = cp.indexOf("=", at);
      if (equals > at && equals < end) {
        const name = cp.slice(at, equals).trim();
        const text = cp.slice(equals + 1, end).trim();
        if (name === DATA_TIME) {
          this.#tell(time, visitor);
          time = readTime(text, zone);
        } else this.#keep(name, text, zone);
      } else if (cp.slice(at, end).trim() !== "") senseless++;
      at = end + 1;
    }
    this.#tell(time, visitor);
    return senseless;
  }

  #keep(name: string, text: string, zone: Micros): void {
    const dash = name.lastIndexOf("-");
    const code = dash < 0 ? name : name.slice(0, dash);
    const field = dash < 0 ? "" : name.slice(dash + 1);
    if (field === FLAG_FIELD) this.#flags.set(code, text);
    else if (field === SAMPLE_TIME) this.#times.set(code, readTime(text, zone));
    else {
      const item = this.#items[this.#length];
      if (item === undefined) this.#items.push({ code, field, text });
      else {
        item.code = code;
        item.field = field;
        item.text = text;
      }
      this.#length++;
    }
  }

  /** Flags may come before or behind the value, so a group is told when it is over. */
  #tell(time: Micros, visitor: ParameterVisitor): void {
    const value = this.#value;
    for (let i = 0; i < this.#length; i++) {
      const { code, field, text } = this.#items[i]!;
      value.code = code;
      value.field = field;
      value.text = text;
      value.flag = this.#flags.get(code) ?? "";
      value.time = this.#times.get(code) ?? time;
      visitor.value(value);
    }
    this.#clear();
  }

  #clear(): void {
    this.#length = 0;
    this.#flags.clear();
    this.#times.clear();
  }
}

/** One parameter by its name; undefined when it is not there. */
export function parameter(cp: string, name: string): string | undefined {
  for (let at = 0; at < cp.length; ) {
    const end = itemEnd(cp, at);
    const equals = cp.indexOf("=", at);
    if (equals > at && equals < end && cp.slice(at, equals).trim() === name)
      return cp.slice(equals + 1, end).trim();
    at = end + 1;
  }
  return undefined;
}

function itemEnd(cp: string, from: number): number {
  for (let at = from; at < cp.length; at++) {
    const character = cp.charCodeAt(at);
    if (character === 0x3b || character === 0x2c) return at;
  }
  return cp.length;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(\d{3})?$/;

/** Reads `20191012133710`, with or without seconds and milliseconds, in a zone so far ahead of UTC. */
export function readTime(text: string, zone: Micros): Micros {
  const match = TIME.exec(text);
  if (match === null) return UNREADABLE_TIME;
  const [year, month, day, hour, minute, second, milli] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return UNREADABLE_TIME;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return UNREADABLE_TIME;
  return Date.UTC(year, month - 1, day, hour, minute, second, milli) * MILLISECOND - zone;
}

/** A time as the protocol writes it: 14 digits, or 17 with milliseconds. */
export function writeTime(time: Micros, zone: Micros, digits: 14 | 17 = 14): string {
  const local = new Date(Math.floor((time + zone) / MILLISECOND)).toISOString();
  return local.replace(/\D/g, "").slice(0, digits);
}
