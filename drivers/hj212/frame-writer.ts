import { crc212 } from "./crc.ts";

/** Longest segment that four digits can announce. */
export const SEGMENT_MOST = 9_999;

/** A data segment as a frame. @throws RangeError when four digits cannot say its length. */
export function writeFrame(segment: Uint8Array, crc: typeof crc212 = crc212): Buffer {
  if (segment.length > SEGMENT_MOST) throw new RangeError(`a segment of ${segment.length} bytes`);
  const length = String(segment.length).padStart(4, "0");
  const sum = crc(segment, 0, segment.length).toString(16).toUpperCase().padStart(4, "0");
  return Buffer.concat([Buffer.from(`##${length}`), segment, Buffer.from(`${sum}\r\n`)]);
}
