import { REASON, type Reason } from "../../model/quality.ts";
import type { Condition } from "./profile.ts";

/** Whether a raw number is in a state, and what that makes of the channels it decides about. */
export interface CompiledCondition {
  readonly holds: (raw: number) => boolean;
  readonly reason: Reason;
}

/** Compiles a condition of a status; see `statusSchema`. */
export function compileCondition(condition: Condition): CompiledCondition {
  const reason = REASON[condition.reason];
  const { equals, except, bit, from, to } = condition;
  if (equals !== undefined) {
    const set = new Set(typeof equals === "number" ? [equals] : equals);
    return { reason, holds: (raw) => set.has(raw) };
  }
  if (except !== undefined) {
    const set = new Set(typeof except === "number" ? [except] : except);
    return { reason, holds: (raw) => !set.has(raw) };
  }
  if (bit !== undefined) return { reason, holds: (raw) => ((raw >>> bit) & 1) === 1 };
  const low = from ?? Number.NEGATIVE_INFINITY;
  const high = to ?? Number.POSITIVE_INFINITY;
  return { reason, holds: (raw) => raw >= low && raw <= high };
}
