import { COMMAND, encodeFrame, type Frame } from "../../drivers/gb26875/frame.ts";
import { type FrameFault, type FrameListener, FrameReader } from "../../drivers/gb26875/frame-reader.ts";
import { UNSET } from "../../drivers/gb26875/timestamp.ts";

/** A frame as a test keeps it: with a unit of its own. */
export type KeptFrame = Omit<Frame, "unit" | "time"> & { readonly unit: string; readonly time: string };

/** Keeps what a reader finds. */
export class Found implements FrameListener {
  readonly frames: KeptFrame[] = [];
  readonly faults: FrameFault[] = [];
  skippedBytes = 0;

  frame(frame: Frame): void {
    this.frames.push(kept(frame));
  }

  fault(fault: FrameFault): void {
    this.faults.push(fault);
  }

  skipped(bytes: number): void {
    this.skippedBytes += bytes;
  }
}

/** The frame, independent of the receiver's buffer. */
export function kept(frame: Frame): KeptFrame {
  return {
    ...frame,
    unit: frame.unit.toString("hex"),
    time: Buffer.from(frame.time).toString("hex"),
  };
}

/** Everything found in these pieces of a stream that then ends. */
export function readAll(pieces: readonly Buffer[]): Found {
  const found = new Found();
  const reader = new FrameReader(found);
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  return found;
}

/** A frame from a device to the centre, with defaults. */
export function frameOf(frame: Partial<Frame> = {}): Buffer {
  return encodeFrame({
    serial: 1,
    mainVersion: 1,
    userVersion: 1,
    time: UNSET,
    source: 889,
    destination: 88_888,
    command: COMMAND.send,
    unit: Buffer.alloc(0),
    ...frame,
  });
}

/** Cuts bytes into pieces of the given sizes, again and again. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length]!);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
