import { SinkRefused, type TimePrecision } from "./sink.ts";

/** Lines on their way: line i stands for record `sequences[i]`, and all of them for the records [from, to). */
export interface Shipment {
  /** Lines joined by `\n`. */
  readonly body: string;
  readonly precision: TimePrecision;
  /** Ascending, one a line. */
  readonly sequences: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
}

/** A row that the server will never take. */
export interface PoisonRow {
  readonly sequence: number;
  readonly line: string;
  /** What the server said about it. */
  readonly words: string;
}

/** Told about every part of a shipment as soon as its fate is certain. Parts come in order and do not overlap. */
export interface Receipt {
  /** The records [from, to) are done with: so many lines are stored, so many are not and never will be. */
  settled(part: { from: number; to: number; delivered: number; refused: number }): void;
  /** Called before the part with this row is settled. */
  poison(row: PoisonRow): void;
  /** A request of so many lines was too large. */
  tooLarge(lines: number): void;
}

/**
 * How many requests may go into finding the poison of one shipment, when the server has stored the sound lines already. Poison
 * beyond that is counted and described, but not told apart: a measurement whose field has another type over there would
 * otherwise cost thousands of requests a batch.
 */
const MOST_REQUESTS = 256;

interface Part {
  /** Positions of its lines. */
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Sends a shipment. When the server refuses it, halves it until the refused lines stand alone, reports those as poison, and
 * delivers the others. Lines that were stored before are sent again on the way: they are the same points.
 * @throws SinkUnavailable; what was settled until then is settled.
 */
export async function ship(
  shipment: Shipment,
  write: (body: string, precision: TimePrecision) => Promise<void>,
  receipt: Receipt,
): Promise<void> {
  const { body, precision, sequences, from, to } = shipment;
  let lines: string[] | undefined;
  let requests = 0;
  const parts: Part[] = [{ start: 0, end: sequences.length, from, to }];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const count = part.end - part.start;
    requests++;
    try {
      await write(lines === undefined ? body : lines.slice(part.start, part.end).join("\n"), precision);
      receipt.settled({ from: part.from, to: part.to, delivered: count, refused: 0 });
    } catch (thrown) {
      if (!(thrown instanceof SinkRefused)) throw thrown;
      lines ??= body.split("\n");
      if (thrown.tooLarge) receipt.tooLarge(count);
      if (count === 1 || (thrown.dropped ?? 0) >= count) {
        for (let i = part.start; i < part.end; i++)
          receipt.poison({ sequence: sequences[i]!, line: lines[i]!, words: thrown.message });
        receipt.settled({ from: part.from, to: part.to, delivered: 0, refused: count });
      } else if (thrown.dropped !== undefined && requests >= MOST_REQUESTS) {
        const among = `${thrown.dropped} of ${count} lines of records ${part.from} to ${part.to - 1}`;
        receipt.poison({ sequence: part.from, line: `# ${among}`, words: thrown.message });
        receipt.settled({
          from: part.from,
          to: part.to,
          delivered: count - thrown.dropped,
          refused: thrown.dropped,
        });
      } else {
        const middle = part.start + (count >>> 1);
        const cut = sequences[middle]!;
        parts.push(
          { start: middle, end: part.end, from: cut, to: part.to },
          { start: part.start, end: middle, from: part.from, to: cut },
        );
      }
    }
  }
}
