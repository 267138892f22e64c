import type { Micros } from "../../model/time.ts";
import { decodeAsciiBody } from "./body-ascii.ts";
import { decodeHexBody } from "./body-hex.ts";
import type { Body, BodyVisitor } from "./body-visitor.ts";
import { undecodable } from "./undecodable.ts";

/** Bytes of serial number and time of sending, by encoding. */
const HEAD_BYTES = { hex: 8, ascii: 16 } as const;

/**
 * Reads the body of an uplink. `offset` is the stations' zone, µs ahead of UTC. What had been visited before an error is
 * sound: it is protected by the frame's CRC, and stands before the place that makes no sense.
 * @throws DeviceError DEVICE_UNDECODABLE
 */
export function decodeBody(body: Body, offset: Micros, visitor: BodyVisitor): void {
  if (body.bytes.length < HEAD_BYTES[body.encoding]) {
    throw undecodable("it is too short for a serial number and a time");
  }
  if (body.encoding === "hex") decodeHexBody(body, offset, visitor);
  else decodeAsciiBody(body, offset, visitor);
}
