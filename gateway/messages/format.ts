import { LANGUAGES, type Language, type Text } from "../../model/text.ts";
import { DAY, HOUR, MILLISECOND, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import type { Unit } from "../../model/unit.ts";
import { CATALOGUE, type MessageKey } from "./catalogue.ts";

/** What may be filled into a text: the same in both languages, or words of each. */
export type Filling = string | number | Text;

/** The placeholders of one text, in order of appearance. */
export function placeholders(text: string): string[] {
  return Array.from(text.matchAll(/\{([a-z]+)\}/g), (match) => match[1]!);
}

/** A text of the catalogue with its placeholders filled in. A filling that is missing stays visible as `{name}`. */
export function say(key: MessageKey, fillings: Readonly<Record<string, Filling>> = {}): Text {
  return eachLanguage((language) => {
    return CATALOGUE[key][language].replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => {
      const filling = fillings[name];
      if (filling === undefined) return whole;
      return typeof filling === "object" ? filling[language] : String(filling);
    });
  });
}

/** Makes both languages of a text with one function. */
export function eachLanguage(make: (language: Language) => string): Text {
  const [zh, en] = LANGUAGES.map(make);
  return { zh: zh!, en: en! };
}

/** Texts one after the other, without anything between them. */
export function join(...parts: readonly (Text | undefined)[]): Text {
  return eachLanguage((language) => parts.map((part) => part?.[language] ?? "").join(""));
}

/** Digits after the point that instruments of a unit are read with; a trailing zero is not written. */
const DECIMALS: Partial<Record<Unit, number>> = {
  "%LEL": 1,
  "%vol": 2,
  ppm: 1,
  ppb: 0,
  "mg/m3": 2,
  "LEL.m": 2,
  Cel: 1,
  "%RH": 1,
  kPa: 2,
  m: 3,
  mm: 2,
  "mm(rain)": 1,
  "mm/h": 1,
  "m3/s": 3,
  "L/min": 2,
  "m/s": 2,
  "mm/s": 2,
  "mm/d": 2,
  "[g]": 3,
  deg: 3,
  Hz: 2,
  rpm: 0,
  A: 2,
  mA: 1,
  V: 2,
  kW: 2,
  "%": 1,
  dBm: 0,
};
const DECIMALS_OTHERWISE = 2;
/** Beyond these digits a difference is noise of the double. */
const DECIMALS_MOST = 9;

/** How a unit is written for people, where that differs from its key. */
const SYMBOLS: Partial<Record<Unit, string>> = {
  "mg/m3": "mg/m³",
  "ug/m3": "µg/m³",
  "g/m3": "g/m³",
  "LEL.m": "LEL·m",
  "ppm.m": "ppm·m",
  Cel: "℃",
  degF: "℉",
  um: "µm",
  "mm(rain)": "mm",
  "in(rain)": "in",
  "m3/s": "m³/s",
  m3: "m³",
  "ug/L": "µg/L",
  "m3/h": "m³/h",
  "m/s2": "m/s²",
  "[g]": "g",
  deg: "°",
  Ohm: "Ω",
  "uS/cm": "µS/cm",
  "um/m": "µm/m",
  "1": "",
  state: "",
};

/** The symbol of a unit as people write it; empty for counts and states. */
export function symbolOf(unit: Unit): string {
  return SYMBOLS[unit] ?? unit;
}

/**
 * A finite number with the digits of its unit. `beside` is another number it must not look equal to (a limit): as many
 * digits more as it takes.
 */
export function formatNumber(value: number, unit: Unit, beside = Number.NaN): string {
  let decimals = DECIMALS[unit] ?? DECIMALS_OTHERWISE;
  const looksWrong = (text: string) =>
    (value !== 0 && Number(text) === 0) || (value !== beside && Number(text) === beside);
  while (decimals < DECIMALS_MOST && looksWrong(value.toFixed(decimals))) decimals++;
  const fixed = value.toFixed(decimals);
  const short = fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
  return short === "-0" ? "0" : short;
}

/** A finite number with the symbol of its unit: `62 %LEL`, `0.8°`. */
export function formatQuantity(value: number, unit: Unit, beside = Number.NaN): string {
  const symbol = symbolOf(unit);
  const number = formatNumber(value, unit, beside);
  if (symbol === "" || symbol === "°") return `${number}${symbol}`;
  return `${number} ${symbol}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** Sites have one time zone each; a process that sees more than this is a test of many. */
const FORMATS_BOUND = 64;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    if (formats.size >= FORMATS_BOUND) formats.clear();
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** An instant on the site's own clock on the wall: `5月21日14:03:05`, `21 May 14:03:05`. */
export function formatLocal(time: Micros, timeZone: string): Text {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(Math.floor(time / MILLISECOND)))
    parts[type] = value;
  const clock = `${parts.hour}:${parts.minute}:${parts.second}`;
  const month = MONTHS[Number(parts.month) - 1] ?? "";
  return {
    zh: `${Number(parts.month)}月${Number(parts.day)}日${clock}`,
    en: `${Number(parts.day)} ${month} ${clock}`,
  };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const SPANS: readonly { size: Micros; zh: string; en: string }[] = [
  { size: DAY, zh: "天", en: "d" },
  { size: HOUR, zh: "小时", en: "h" },
  { size: MINUTE, zh: "分", en: "min" },
  { size: SECOND, zh: "秒", en: "s" },
];

/** A span of time in its two largest units, as one says it: `3分20秒`, `2 h 5 min`. Below a second: `不足1秒`. */
export function formatSpan(span: Micros): Text {
  let rest = Math.max(0, span);
  const zh: string[] = [];
  const en: string[] = [];
  for (const unit of SPANS) {
    const n = Math.floor(rest / unit.size);
    rest -= n * unit.size;
    if (n === 0 && zh.length === 0) continue;
    if (n > 0) {
      zh.push(`${n}${unit.zh}`);
      en.push(`${n} ${unit.en}`);
      if (zh.length === 2) break;
    } else {
      break;
    }
  }
  return zh.length === 0 ? { zh: "不足1秒", en: "less than 1 s" } : { zh: zh.join(""), en: en.join(" ") };
}
