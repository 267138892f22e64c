import type { Condition } from "../drivers/modbus/profile.ts";
import { compileCondition } from "../drivers/modbus/status.ts";

/*
 * The other way of drivers/modbus/status.ts: raw numbers that make a condition of a status true, or none of them.
 */

/** A raw number for which a condition holds. */
export function rawFor(condition: Condition): number {
  const { equals, except, from, to, bit } = condition;
  if (equals !== undefined) return [equals].flat()[0]!;
  if (bit !== undefined) return (1 << bit) >>> 0;
  if (except !== undefined) {
    let raw = 0;
    while ([except].flat().includes(raw)) raw++;
    return raw;
  }
  return from ?? to ?? 0;
}

/** Statuses are small codes or bit fields: a normal one is found among these. */
const CODES_TRIED = 256;

/** The smallest raw number for which none of the conditions hold; 0 when there is none to be found. */
export function rawWithout(conditions: readonly Condition[]): number {
  const normal = conditions.flatMap(({ except }) => (except === undefined ? [] : [except].flat()));
  const tried = [0, ...normal, ...Array.from({ length: CODES_TRIED }, (_, code) => code)];
  const compiled = conditions.map(compileCondition);
  return tried.find((raw) => !compiled.some(({ holds }) => holds(raw))) ?? 0;
}
