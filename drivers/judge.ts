import { BAD, GOOD, qualityOf, REASON, type Reason, reasonRow, worse } from "../model/quality.ts";
import type { Decoded } from "./value.ts";

/*
 * What an instrument's status makes of a value beside it, whatever the protocol.
 */

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
export function judge(judged: Decoded, status: Reason, asserts: boolean): void {
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

/**
 * The instrument says that it is beyond its range: `status` is a range reason. One that says over range and gives no number,
 * or its sentinel for none, is over range all the same; what lies under the range without a number stays the fault it is.
 */
export function exceed(judged: Decoded, status: Reason): void {
  const numberless = qualityOf(judged.reason) === BAD && reasonRow(judged.reason).origin !== "operation";
  if (numberless && status === REASON.over_range) {
    judged.value = Number.POSITIVE_INFINITY;
    judged.reason = status;
  } else judged.reason = worse(judged.reason, status);
}
