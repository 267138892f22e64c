import type { Text } from "./text.ts";
import type { Micros } from "./time.ts";
import type { Unit } from "./unit.ts";

/**
 * 外部信息: something that no instrument of the site measures and its rules want to know: a weather warning, forecast rain. It is
 * one number with a time for which it is valid; words are levels, counted from the least.
 */
export interface OutsideSource {
  readonly index: number;
  readonly id: string;
  readonly name: Text;
  /** Names of its levels, from the least to the most; the value is the position. Without them it is a number in `unit`. */
  readonly levels?: readonly string[];
  readonly unit?: Unit;
  /** Numbers outside are malformed. */
  readonly range?: { readonly low: number; readonly high: number };
  /** What holds while nothing valid is known. Without it nobody knows, and rules take what is stricter. */
  readonly standard?: number;
  /** How long a message counts at most. */
  readonly validFor: Micros;
}
