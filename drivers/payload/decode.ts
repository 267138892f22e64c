import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { MessageDecoder } from "./message.ts";
import type { ReceivedPayload } from "./received-payload.ts";

/**
 * Adds what a payload says by one message of a device. Where a key stands twice and that makes a difference, both are added, neither
 * good: either can raise an alarm, and neither can clear one. True: a key stands twice.
 * @throws PayloadError, CigemError, SyntaxError or RangeError when it is not of the declared form.
 */
export function decodeReceived(
  decoder: MessageDecoder,
  payload: ReceivedPayload,
  batch: ReadingBatch,
): boolean {
  const first = decoder.format === "json" ? payload.asSaidFirst() : undefined;
  if (first === undefined) {
    decoder.decode(payload.root(decoder), batch);
    return false;
  }
  const from = batch.length;
  let middle = from;
  try {
    decoder.decode(first.root(decoder), batch);
    middle = batch.length;
  } finally {
    // That one of the two cannot be read takes nothing from the other.
    try {
      decoder.decode(payload.root(decoder), batch);
    } finally {
      if (isSame(batch, { from, middle })) batch.length = middle;
      else doubt(batch, from);
    }
  }
  return true;
}

function doubt({ reason, length }: ReadingBatch, from: number): void {
  for (let i = from; i < length; i++) if (qualityOf(reason[i]!) === GOOD) reason[i] = REASON.uncertain;
}

/** Whether the readings behind `middle` are those from `from` up to it once more. */
function isSame(batch: ReadingBatch, { from, middle }: { from: number; middle: number }): boolean {
  const { channel, value, reason, time, flags, length } = batch;
  if (length - middle !== middle - from) return false;
  for (let i = from, j = middle; j < length; i++, j++) {
    const same = channel[i] === channel[j] && reason[i] === reason[j] && flags[i] === flags[j];
    if (!same || !Object.is(value[i], value[j]) || !Object.is(time[i], time[j])) return false;
  }
  return true;
}
