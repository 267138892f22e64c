/** Said of a place where no frame begins. */
export const NO_FRAME = -1;
/** Said of a place where one may begin: its head has not come whole. */
export const NOT_YET = 0;

/** What the frames of a protocol look like. `Fault` are its words for what began like a frame and is none. */
export interface Framing<Fault extends string> {
  /** The first place from `from` on where a frame may begin; the length of `bytes`: there is none. */
  start(bytes: Buffer, from: number): number;
  /** Length of the frame that begins at `at`, by its head: bytes, NO_FRAME, NOT_YET, or the fault that makes it none. */
  extent(bytes: Buffer, at: number): number | Fault;
  /** Takes the bytes of one frame, a view valid during the call; or says why they are none. */
  take(raw: Buffer): Fault | undefined;
  /** Hears of a fault. `raw`: the frame as far as it is there. */
  spoiled(fault: Fault, raw: Buffer): void;
  /** The fault of a frame whose rest does not come. */
  readonly unfinished: Fault;
  /** A fault that leaves no doubt about the length, so that what looks broken within is not told again. */
  readonly whole?: Fault;
  /** Bytes that stand between frames and are no noise. */
  readonly between?: readonly number[];
}

const EMPTY = Buffer.alloc(0);

/**
 * Finds frames in a stream of bytes by their length, because what begins and ends them occurs within them, too. After anything spoiled
 * the search goes on behind its first byte, so that a wrong length swallows nothing that follows. Keeps at most one unfinished frame.
 */
export class FrameFinder<Fault extends string> {
  readonly #framing: Framing<Fault>;
  #rest: Buffer = EMPTY;
  /** Bytes at the front of the rest within which nothing broken is told any more. */
  #claimed = 0;
  /** Bytes that were no part of any frame. */
  skipped = 0;

  constructor(framing: Framing<Fault>) {
    this.#framing = framing;
  }

  /** Bytes of a frame that has begun and is not complete. */
  get pending(): number {
    return this.#rest.length;
  }

  /** Takes the next bytes, in whatever pieces they come. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#scan(bytes, 0);
  }

  /** The frame that has begun will not be completed: what follows its start is looked at again. */
  abandon(): void {
    const bytes = this.#rest;
    if (bytes.length === 0) return;
    this.#spoiled(this.#framing.unfinished, { bytes, at: 0, length: bytes.length });
    this.skipped++;
    this.#scan(bytes, 1);
  }

  /** The same until nothing is left: at the end of a stream, or of a datagram. */
  end(): void {
    while (this.#rest.length > 0) this.abandon();
    this.#claimed = 0;
  }

  #scan(bytes: Buffer, from: number): void {
    const framing = this.#framing;
    this.#rest = EMPTY;
    let at = from;
    while (at < bytes.length) {
      const start = framing.start(bytes, at);
      this.#skip(bytes, at, start);
      at = start;
      if (at === bytes.length) break;
      const length = framing.extent(bytes, at);
      if (typeof length === "string") {
        this.#spoiled(length, { bytes, at, length: bytes.length - at });
        at += this.#pass();
      } else if (length === NO_FRAME) at += this.#pass();
      else if (length === NOT_YET || at + length > bytes.length) break;
      else {
        const fault = framing.take(bytes.subarray(at, at + length));
        if (fault === undefined) at += length;
        else {
          this.#spoiled(fault, { bytes, at, length });
          at += this.#pass();
        }
      }
    }
    this.#claimed = Math.max(0, this.#claimed - at);
    // Copied: the chunk is the socket's, and would be kept whole.
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : EMPTY;
  }

  #skip(bytes: Buffer, from: number, to: number): void {
    const { between } = this.#framing;
    this.skipped += to - from;
    if (between === undefined) return;
    for (let i = from; i < to; i++) if (between.includes(bytes[i]!)) this.skipped--;
  }

  /** Bytes to go on by from where no frame is. */
  #pass(): number {
    this.skipped++;
    return 1;
  }

  #spoiled(fault: Fault, { bytes, at, length }: { bytes: Buffer; at: number; length: number }): void {
    if (at >= this.#claimed) this.#framing.spoiled(fault, bytes.subarray(at, at + length));
    if (fault === this.#framing.whole) this.#claimed = Math.max(this.#claimed, at + length);
  }
}
