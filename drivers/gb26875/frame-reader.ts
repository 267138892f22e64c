import { FrameFinder, NOT_YET } from "../tcp/frame-finder.ts";
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

/** Finds frames by their length: an application unit may contain the end characters. */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #frames: FrameFinder<FrameFault>;
  /** Of the skipped bytes, those that were told. */
  #told = 0;

  constructor(listener: FrameListener) {
    this.#listener = listener;
    this.#frames = new FrameFinder({
      start: frameStart,
      extent: frameLength,
      take: (raw) => {
        const sumAt = raw.length - TRAILER_BYTES;
        if (raw[sumAt + 1] !== END || raw[sumAt + 2] !== END) return "no end";
        if (checksum(raw, summedFrom(0), sumAt) !== raw[sumAt]) return "checksum";
        listener.frame(readFrame(raw, 0), raw.length);
        return undefined;
      },
      spoiled: (fault, raw) =>
        listener.fault(fault, raw.length < HEADER_BYTES ? undefined : readFrame(raw, 0)),
      unfinished: "cut short",
      whole: "checksum",
    });
  }

  /** Bytes of a frame that is not whole yet. */
  get pending(): number {
    return this.#frames.pending;
  }

  /** Takes the next bytes of the stream, in whatever pieces they come. */
  feed(chunk: Buffer): void {
    this.#frames.push(chunk);
    this.#tell();
  }

  /** The unfinished frame will not be finished: what stands behind its start is looked through. */
  giveUp(): void {
    this.#frames.abandon();
    this.#tell();
  }

  /** The same until nothing is left: at the end of a stream, or of a datagram. */
  end(): void {
    this.#frames.end();
    this.#tell();
  }

  #tell(): void {
    const { skipped } = this.#frames;
    if (skipped > this.#told) this.#listener.skipped(skipped - this.#told);
    this.#told = skipped;
  }
}

function frameStart(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(START, from); at >= 0; at = bytes.indexOf(START, at + 1)) {
    if (at + 1 === bytes.length || bytes[at + 1] === START) return at;
  }
  return bytes.length;
}

function frameLength(bytes: Buffer, at: number): number | FrameFault {
  if (bytes.length - at < HEADER_BYTES) return NOT_YET;
  const n = unitLength(bytes, at);
  return n > UNIT_MAX ? "too long" : HEADER_BYTES + n + TRAILER_BYTES;
}
