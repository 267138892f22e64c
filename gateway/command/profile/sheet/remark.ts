import type { ReasonName } from "../../../../model/quality.ts";
import type { Quantity } from "../../../../model/quantity.ts";
import { folded, numberOf } from "./text.ts";
import { type SheetUnit, unitOf } from "./units.ts";

/** A measuring range with its unit, where the cell has one. */
export interface SheetRange {
  readonly low: number;
  readonly high: number;
  readonly unit?: SheetUnit | undefined;
}

const NUMBER = String.raw`[+-]?\d+(?:\.\d+)?`;
const RANGE = new RegExp(
  String.raw`^(${NUMBER})\s*([^\d\s~至.-]*)\s*(?:~|-|–|—|至|to|\.{2,3}|,)\s*(${NUMBER})\s*(.*)$`,
);

/** Reads 0-100, -40~85℃, 0 to 5000 ppm, ±90. "unclear": it is there, and none. */
export function rangeOf(text: string): SheetRange | "unclear" | undefined {
  const bare = folded(text).replaceAll("−", "-");
  if (["", "-", "--", "/", "n/a", "无"].includes(bare)) return undefined;
  const around = new RegExp(`^±\\s*(${NUMBER})\\s*(.*)$`).exec(bare);
  const match = RANGE.exec(bare);
  const [low, high, word] =
    around !== null
      ? [-Number(around[1]), Number(around[1]), around[2]!]
      : [Number(match?.[1]), Number(match?.[3]), match?.[4] ?? ""];
  if (!(low < high)) return "unclear";
  return { low, high, unit: word === "" ? undefined : unitOf(word) };
}

/** States that a remark lists, `0:正常 1:报警`, `0=normal; 1=alarm`; undefined: fewer than two. */
export function statesOf(text: string): Map<number, string> | undefined {
  const found = new Map<number, string>();
  const part =
    /(?:^|[\s,;，；、。(（/])(0x[0-9a-f]{1,4}|\d{1,5})\s*(?:[:=：＝]|-(?=\D)|为|表示)\s*([^\d,;，；、。)）\n][^,;，；、。)）\n]*?)(?=\s*(?:$|[,;，；、。)）\n/]|\s(?:0x[0-9a-f]{1,4}|\d{1,5})\s*[:=：＝-]))/giu;
  for (const [, code, name] of text.normalize("NFKC").matchAll(part)) {
    const number = numberOf(code!);
    if (number !== undefined) found.set(number, name!.trim());
  }
  return found.size < 2 ? undefined : found;
}

const SENTINELS: readonly (readonly [RegExp, ReasonName])[] = [
  [/超量程|超上限|over\s*-?range|overflow/, "over_range"],
  [/超下限|under\s*-?range|underflow/, "under_range"],
  [/预热|warm/, "warming_up"],
  [/无效|invalid|no data|无数据|not available|n\/a/, "missing_value"],
  [/故障|断线|异常|错误|开路|短路|fault|error|fail|broken|open circuit|short/, "sensor_failure"],
];

/** Numbers that are no measurement, as a remark names them: `0x7FFF: 传感器故障`, `-9999 = invalid`. */
export function sentinelsOf(text: string): { readonly equals: number; readonly reason: ReasonName }[] {
  const bare = folded(text).replaceAll("−", "-");
  const part = /(0x[0-9a-f]{4}|-?\d{3,5})\s*(?:[:=]|为|表示|means|is)\s*([^,;，；、。\n]+)/g;
  return [...bare.matchAll(part)].flatMap(([, code, words]) => {
    const reason = SENTINELS.find(([pattern]) => pattern.test(words!))?.[1];
    const equals = numberOf(code!);
    return reason === undefined || equals === undefined ? [] : [{ equals, reason }];
  });
}

/** What the numbers of a state mean: the code of the quantity, or that it is no reading. */
export interface SheetStates {
  readonly codes: ReadonlyMap<number, 0 | 1>;
  readonly faults: readonly number[];
}

const OPENS: ReadonlySet<Quantity> = new Set<Quantity>(["valve", "door"]);
const RUNS: ReadonlySet<Quantity> = new Set<Quantity>(["pump", "relay", "switch"]);
const NORMAL =
  /^(normal|ok|no|none|off|idle|healthy|clear|inactive|正常|无|否|关|关闭|未报警|无报警|无故障|无火警|no alarm|no fault)$/;
const FAULT = /fault|fail|error|故障|异常|断线|失联|offline|离线/;
const ACTIVE =
  /alarm|alert|fire|smoke|\b(active|on|yes|low|high)\b|报警|告警|预警|火|烟|有|是|动作|触发|屏蔽|低/;
/** What is not: 未动作, no smoke. Whether that is what is normal, the sheet's other words would have to say. */
const NEGATED = /^(no|not|non)\b|^[未没不无]/;

/** Which states of a quantity are which, by their words; undefined where one of them says neither. */
export function sortStates(states: ReadonlyMap<number, string>, quantity: Quantity): SheetStates | undefined {
  const codes = new Map<number, 0 | 1>();
  const faults: number[] = [];
  for (const [number, name] of states) {
    const code = codeOf(folded(name), quantity);
    if (code === undefined) return undefined;
    if (code === "fault") faults.push(number);
    else codes.set(number, code);
  }
  const both = new Set(codes.values());
  return both.size === 2 ? { codes, faults } : undefined;
}

function codeOf(words: string, quantity: Quantity): 0 | 1 | "fault" | undefined {
  if (OPENS.has(quantity)) return /clos|关|闭/.test(words) ? 0 : /open|开/.test(words) ? 1 : undefined;
  if (RUNS.has(quantity)) {
    return /off|stop|关|停|断开/.test(words) ? 0 : /on|run|开|启|运行|闭合|动作/.test(words) ? 1 : undefined;
  }
  if (NORMAL.test(words)) return 0;
  if (NEGATED.test(words)) return undefined;
  if (FAULT.test(words)) return quantity === "fault" || quantity === "mains" ? 1 : "fault";
  return ACTIVE.test(words) ? 1 : undefined;
}
