import { BAD, GOOD, qualityOf, REASON, type Reason, reasonRow, worse } from "../../model/quality.ts";
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

/** A value and its reason before and after a status has had its say. One object, overwritten by each call. */
export interface Judged {
  value: number;
  reason: Reason;
}

/** Over and under range say something about the value itself, where other reasons say how far to trust it. */
export function isRangeReason(reason: Reason): boolean {
  return reason === REASON.over_range || reason === REASON.under_range;
}

/**
 * What a status makes of a value, in place. `asserts`: the channel is a state whose 1 is a claim of the instrument.
 *  - A claim keeps its value, whatever the status: a fire bit beside a fault bit is a fire. A 0 under a bad status is no
 *    claim of the opposite.
 *  - A range excess beside an instrument's fault stays: a detector that locks above 100 %LEL often reports a fault too.
 *    While people work on it (inhibited, calibrating, warming up) it is bad like everything else.
 */
export function judge(judged: Judged, status: Reason, asserts: boolean): void {
  if (status === REASON.good) return;
  const quality = qualityOf(status);
  if (quality === GOOD) {
    if (judged.reason === REASON.good) judged.reason = status;
    return;
  }
  if (quality === BAD) {
    if (isRangeReason(judged.reason) && reasonRow(status).origin === "instrument") return;
    if (!(asserts && judged.value > 0)) judged.value = Number.NaN;
  }
  judged.reason = worse(judged.reason, status);
}
