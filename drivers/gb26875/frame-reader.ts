import {
  checksum,
  END,
  type Frame,
  HEADER_BYTES,
  readFrame,
  START,
  summedFrom,
  TRAILER_BYTES,
  UNIT_MAX,
  unitLength,
} from "./frame.ts";

/** Why bytes that began like a frame are none. */
export type FrameFault =
  /** It claims an application unit longer than the standard permits. */
  | "too long"
  /** The end characters are not where its length says. */
  | "no end"
  /** The sum differs. */
  | "checksum"
  /** The rest did not come in time, or the stream ended. */
  | "cut short";

/** Who hears what the reader finds. */
export interface FrameListener {
  /** A whole frame with a right checksum. Its `unit` is valid during the call only. */
  frame(frame: Frame, bytes: number): void;
  /** `frame` is what the broken frame's header says, where it has one. */
  fault(fault: FrameFault, frame: Frame | undefined): void;
  /** Bytes before a start that belong to nothing. */
  skipped(bytes: number): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Finds frames in a stream of bytes, by their length: an application unit may contain the end characters. After anything broken
 * it looks for the next start from one byte further on, so that a damaged length never swallows the good frame behind it.
 *
 * It keeps at most one unfinished frame.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  #rest: Buffer = NOTHING;
  /** Bytes at the front of the rest that a broken frame has claimed: what looks broken within is not told again. */
  #claimed = 0;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Bytes of a frame that is not whole yet. */
  get pending(): number {
    return this.#rest.length;
  }

  /** Takes the next bytes of the stream, in whatever pieces they come. */
  feed(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#scan(bytes, 0);
  }

  /** The unfinished frame will not be finished: what stands behind its start is looked through. */
  giveUp(): void {
    const bytes = this.#rest;
    if (bytes.length === 0) return;
    this.#fault("cut short", bytes, 0);
    this.#scan(bytes, 1);
  }

  /** The same until nothing is left: at the end of a stream, or of a datagram. */
  end(): void {
    while (this.#rest.length > 0) this.giveUp();
    this.#claimed = 0;
  }

  #scan(bytes: Buffer, from: number): void {
    let at = from;
    let skipped = 0;
    while (at < bytes.length) {
      const start = bytes.indexOf(START, at);
      if (start < 0) {
        skipped += bytes.length - at;
        at = bytes.length;
        break;
      }
      skipped += start - at;
      at = start;
      if (at + 1 < bytes.length && bytes[at + 1] !== START) {
        skipped++;
        at++;
        continue;
      }
      const used = this.#frameAt(bytes, at);
      if (used < 0) break;
      if (used === 0) {
        skipped++;
        at++;
      } else at += used;
    }
    this.#claimed = Math.max(0, this.#claimed - at);
    // A copy: a window would keep the socket's whole buffer alive.
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : NOTHING;
    if (skipped > 0) this.#listener.skipped(skipped);
  }

  /** Bytes used by the frame at `at`; 0: there is none; -1: more bytes are needed to tell. */
  #frameAt(bytes: Buffer, at: number): number {
    if (bytes.length - at < HEADER_BYTES) return -1;
    const n = unitLength(bytes, at);
    if (n > UNIT_MAX) {
      this.#fault("too long", bytes, at);
      return 0;
    }
    const total = HEADER_BYTES + n + TRAILER_BYTES;
    if (bytes.length - at < total) return -1;
    const sumAt = at + HEADER_BYTES + n;
    if (bytes[sumAt + 1] !== END || bytes[sumAt + 2] !== END) {
      this.#fault("no end", bytes, at);
      return 0;
    }
    if (checksum(bytes, summedFrom(at), sumAt) !== bytes[sumAt]) {
      this.#fault("checksum", bytes, at);
      this.#claimed = Math.max(this.#claimed, at + total);
      return 0;
    }
    this.#listener.frame(readFrame(bytes, at), total);
    return total;
  }

  #fault(fault: FrameFault, bytes: Buffer, at: number): void {
    if (at < this.#claimed) return;
    this.#listener.fault(fault, bytes.length - at < HEADER_BYTES ? undefined : readFrame(bytes, at));
  }
}
