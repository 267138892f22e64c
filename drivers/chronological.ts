import type { ReadingBatch } from "../model/reading.ts";

/**
 * Puts the readings of a batch in the order of their times, those of one time in the order they stand in. A report lists its
 * elements as it likes (6.6.2.11); the newest reading of a channel must come last, or it would decide as a late one.
 */
export function sortByTime(batch: ReadingBatch): void {
  const { time, length } = batch;
  let ordered = true;
  for (let i = 1; i < length && ordered; i++) ordered = time[i]! >= time[i - 1]!;
  if (ordered) return;
  const order = Array.from({ length }, (_, i) => i).sort((a, b) => time[a]! - time[b]! || a - b);
  for (const column of [batch.channel, batch.value, batch.reason, batch.flags, batch.time]) {
    const before = column.slice(0, length);
    for (let i = 0; i < length; i++) column[i] = before[order[i]!]!;
  }
}
