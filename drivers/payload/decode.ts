import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { MessageDecoder } from "./message.ts";
import type { ReceivedPayload } from "./received-payload.ts";

/**
 * Adds what a payload says by one message of a device. Where a key stands twice and that makes a difference, all it can mean is added,
 * none of it good: any of it can raise an alarm, and none can clear one. True: a key stands twice.
 * @throws PayloadError, CigemError, SyntaxError or RangeError when it, or one of what it can mean, is not of the declared form.
 */
export function decodeReceived(
  decoder: MessageDecoder,
  payload: ReceivedPayload,
  batch: ReadingBatch,
): boolean {
  const before = decoder.format === "json" ? payload.asSaidBefore() : [];
  if (before.length === 0) {
    decoder.decode(payload.root(decoder), batch);
    return false;
  }
  const from = batch.length;
  let first: number | undefined;
  let same = true;
  let failure: { readonly thrown: unknown } | undefined;
  for (const said of [...before, payload]) {
    const middle = batch.length;
    try {
      decoder.decode(said.root(decoder), batch);
    } catch (thrown) {
      // That one of them cannot be read takes nothing from the others.
      failure = { thrown };
    }
    if (first === undefined) first = batch.length;
    else same = same && isSame(batch, { from, first, middle });
  }
  if (same && first !== undefined) batch.length = first;
  else doubt(batch, from);
  if (failure !== undefined) throw failure.thrown;
  return true;
}

function doubt({ reason, length }: ReadingBatch, from: number): void {
  for (let i = from; i < length; i++) if (qualityOf(reason[i]!) === GOOD) reason[i] = REASON.uncertain;
}

/** Whether the readings behind `middle` are those from `from` up to `first` once more. */
function isSame(
  batch: ReadingBatch,
  { from, first, middle }: { from: number; first: number; middle: number },
): boolean {
  const { channel, value, reason, time, flags, length } = batch;
  if (length - middle !== first - from) return false;
  for (let i = from, j = middle; j < length; i++, j++) {
    const same = channel[i] === channel[j] && reason[i] === reason[j] && flags[i] === flags[j];
    if (!same || !Object.is(value[i], value[j]) || !Object.is(time[i], time[j])) return false;
  }
  return true;
}
