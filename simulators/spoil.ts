import type { Micros } from "../model/time.ts";
import type { Fault } from "./fault.ts";

/* What the faults of a device that speaks do to one message. */

/** How long it is held back. */
export function delayOf(faults: readonly Fault[]): Micros {
  return faults.reduce((sum, fault) => sum + (fault.kind === "slow" ? fault.delay : 0), 0);
}

/** What is sent instead of it. */
export function spoil(payload: string, faults: readonly Fault[]): string {
  for (const fault of faults) {
    if (fault.kind === "malformed") {
      return fault.text ?? payload.slice(0, Math.ceil(payload.length / 2));
    }
  }
  return payload;
}
