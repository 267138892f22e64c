import { DATA_TYPE } from "./data-type.ts";
import { emptyMetric, numberOf, Payload } from "./payload-reader.ts";
import { writePayload } from "./payload-writer.ts";

/** The metric that asks a node for its birth (tck-id-operational-behavior-data-commands-rebirth-name). */
export const REBIRTH = "Node Control/Rebirth";

/** A request for a birth. `timestamp`: ms since 1970. */
export function birthRequest(timestamp: number): Uint8Array {
  const metric = { name: REBIRTH, timestamp, dataType: DATA_TYPE.boolean, value: true };
  return writePayload({ timestamp, metrics: [metric] });
}

/** Whether a command to a node asks for its birth. @throws PayloadError when the bytes are no payload. */
export function asksForBirth(bytes: Uint8Array): boolean {
  const payload = new Payload(bytes);
  const metric = emptyMetric();
  for (let i = 0; i < payload.length; i++) {
    payload.metric(i, metric);
    if (metric.name === REBIRTH && !metric.isNull && numberOf(metric, DATA_TYPE.boolean) === 1) return true;
  }
  return false;
}
