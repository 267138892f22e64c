import { folded, numberOf } from "./text.ts";

/** The factor from the raw number to the value; "unclear": it may be meant either way. */
export type SheetScale =
  | { readonly scale: number; readonly from: "column" | "remark" }
  | "unclear"
  | undefined;

const TENS = "10{1,6}";

/** What a cell of a column of factors says. A bare 10 may multiply or divide: that is not guessed. */
export function scaleOf(text: string, above: "multiply" | "divide" | undefined): SheetScale {
  const bare = folded(text).replaceAll(/\s+/g, "");
  if (["", "-", "--", "/", "n/a", "无"].includes(bare)) return undefined;
  const divided = new RegExp(`^(?:1?[/÷]|除以|放大|扩大|divideby)(${TENS})倍?$`).exec(bare);
  if (divided !== null) return { scale: 1 / Number(divided[1]), from: "column" };
  const times = /^(?:[x×*]|乘以?|multiplyby)(\d*\.?\d+)$/.exec(bare);
  const number = times === null ? numberOf(bare) : Number(times[1]);
  if (number === undefined || number === 0) return "unclear";
  if (Math.abs(number) <= 1) return { scale: number, from: "column" };
  if (above === undefined) return "unclear";
  return { scale: above === "multiply" ? number : 1 / number, from: "column" };
}

/** What a remark says: "value = reading / 10", "实际值=读数×0.1", "放大10倍". */
export function scaleInRemark(text: string): SheetScale {
  const bare = folded(text).replaceAll(/\s+/g, "");
  const divided = new RegExp(`(?:[/÷]|除以|放大|扩大|dividedby)(${TENS})(?![0-9.])`).exec(bare);
  const times = /(?:[x×*]|乘以?|multipliedby)(0\.0*1)(?![0-9])/.exec(bare);
  if (divided !== null && times !== null) return "unclear";
  if (divided !== null) return { scale: 1 / Number(divided[1]), from: "remark" };
  return times === null ? undefined : { scale: Number(times[1]), from: "remark" };
}
