import { crc16 } from "../crc16.ts";
import { SOH, STX, SYN } from "./control.ts";
import { BODY_MAX, DOWN_BIT, type Frame, LAYOUT } from "./frame.ts";
import { formatStationAddress, writeStationAddress } from "./station-address.ts";

const START = 0x7e;

/**
 * Writes a frame in either encoding and direction.
 * @throws RangeError when the body is longer than the twelve bits of the length field can say.
 */
export function writeFrame(frame: Frame): Buffer {
  const layout = LAYOUT[frame.encoding];
  const length = frame.body.length + (frame.packet === undefined ? 0 : layout.packet);
  if (length > BODY_MAX) throw new RangeError(`a body of ${length} bytes needs several packets`);
  const raw = Buffer.alloc(layout.head + length + layout.tail);
  if (frame.encoding === "hex") writeHex(raw, frame, length);
  else writeAscii(raw, frame, length);
  const endAt = layout.head + length;
  raw.set(frame.body, endAt - frame.body.length);
  raw[endAt] = frame.end;
  const crc = crc16(raw, 0, endAt + 1);
  if (frame.encoding === "hex") raw.writeUInt16BE(crc, endAt + 1);
  else raw.write(hex(crc, 4), endAt + 1, "latin1");
  return raw;
}

function writeHex(raw: Buffer, frame: Frame, length: number): void {
  const { lengthAt, startAt, head, station } = LAYOUT.hex;
  raw[0] = START;
  raw[1] = START;
  const centreAt = frame.up ? 2 : 2 + station;
  raw[centreAt] = frame.centre;
  writeStationAddress(raw, frame.up ? 3 : 2, frame.station);
  raw.writeUInt16BE(frame.password, 8);
  raw[10] = frame.code;
  raw.writeUInt16BE(length | (frame.up ? 0 : DOWN_BIT), lengthAt);
  raw[startAt] = frame.packet === undefined ? STX : SYN;
  if (frame.packet !== undefined)
    raw.writeUIntBE((frame.packet.total << 12) | frame.packet.sequence, head, 3);
}

function writeAscii(raw: Buffer, frame: Frame, length: number): void {
  const { startAt, head } = LAYOUT.ascii;
  const centre = hex(frame.centre, 2);
  const station = formatStationAddress(frame.station);
  const fields = [
    frame.up ? centre + station : station + centre,
    hex(frame.password, 4),
    hex(frame.code, 2),
    hex(length | (frame.up ? 0 : DOWN_BIT), 4),
  ];
  raw[0] = SOH;
  raw.write(fields.join(""), 1, "latin1");
  raw[startAt] = frame.packet === undefined ? STX : SYN;
  if (frame.packet !== undefined) {
    raw.write(hex(frame.packet.total, 3) + hex(frame.packet.sequence, 3), head, "latin1");
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
