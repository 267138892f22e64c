import { crc16 } from "../drivers/crc16.ts";
import { asciiFrame, parseAsciiFrame } from "../drivers/modbus/ascii-port.ts";

/*
 * The frames of Modbus, from the side of the instrument (Modbus Application Protocol V1.1b3; Modbus Messaging on TCP/IP
 * V1.0b; Modbus over Serial Line V1.02).
 */

/** A request as it came in. */
export interface ModbusRequest {
  /** Of the TCP header; 0 on a serial line. */
  readonly transaction: number;
  readonly unit: number;
  /** Function code and what follows it. */
  readonly pdu: Buffer;
}

/** How requests and answers are packed on a line. */
export interface Framing {
  readonly name: "tcp" | "rtu" | "ascii";
  /** A reader for one connection or port. */
  reader(): RequestReader;
  /** Packs an answer. `spoilCrc` makes its check sum wrong, where there is one. */
  pack(answer: ModbusRequest, spoilCrc?: boolean): Buffer;
}

/** Takes bytes as they come and gives the whole requests in them. Keeps at most one unfinished frame. */
export interface RequestReader {
  push(bytes: Buffer): ModbusRequest[];
  /** Forgets an unfinished frame. */
  clear(): void;
}

/** Header of Modbus TCP: transaction, protocol, length (two bytes each), unit. */
const MBAP_LENGTH = 7;
/** Longest PDU: 253 bytes, so a frame on a serial line has 256 with unit and check sum. */
const PDU_MAX = 253;

class TcpReader implements RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): ModbusRequest[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const requests: ModbusRequest[] = [];
    let at = 0;
    while (this.#rest.length - at >= MBAP_LENGTH) {
      const protocol = this.#rest.readUInt16BE(at + 2);
      // The length counts the unit id and the PDU.
      const length = this.#rest.readUInt16BE(at + 4);
      if (protocol !== 0 || length < 2 || length > PDU_MAX + 1) {
        // Not Modbus: nothing that follows can be framed.
        this.#rest = Buffer.alloc(0);
        return requests;
      }
      const end = at + MBAP_LENGTH - 1 + length;
      if (this.#rest.length < end) break;
      requests.push({
        transaction: this.#rest.readUInt16BE(at),
        unit: this.#rest.readUInt8(at + MBAP_LENGTH - 1),
        pdu: Buffer.from(this.#rest.subarray(at + MBAP_LENGTH, end)),
      });
      at = end;
    }
    this.#rest = Buffer.from(this.#rest.subarray(at));
    return requests;
  }

  clear(): void {
    this.#rest = Buffer.alloc(0);
  }
}

/** Modbus TCP. */
export const TCP_FRAMING: Framing = {
  name: "tcp",
  reader: () => new TcpReader(),
  pack({ transaction, unit, pdu }) {
    const frame = Buffer.alloc(MBAP_LENGTH + pdu.length);
    frame.writeUInt16BE(transaction, 0);
    frame.writeUInt16BE(pdu.length + 1, 4);
    frame.writeUInt8(unit, MBAP_LENGTH - 1);
    pdu.copy(frame, MBAP_LENGTH);
    return frame;
  },
};

/** Bytes of a request before its check sum, by function code; of 15 and 16 without the data that their last byte counts. */
const RTU_REQUEST_LENGTH: Readonly<Record<number, number>> = {
  1: 6,
  2: 6,
  3: 6,
  4: 6,
  5: 6,
  6: 6,
  15: 7,
  16: 7,
};

class RtuReader implements RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): ModbusRequest[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const requests: ModbusRequest[] = [];
    let at = 0;
    while (this.#rest.length - at >= 2) {
      const length = this.#frameLength(at);
      if (length === undefined) break;
      if (this.#rest.length - at < length) break;
      const frame = this.#rest.subarray(at, at + length);
      if (length < 4 || crc16(frame, 0, frame.length - 2) !== frame.readUInt16LE(length - 2)) {
        // Out of step (noise, or another slave's answer): try again one byte further.
        at++;
        continue;
      }
      requests.push({ transaction: 0, unit: frame.readUInt8(0), pdu: Buffer.from(frame.subarray(1, -2)) });
      at += length;
    }
    this.#rest = Buffer.from(this.#rest.subarray(at));
    return requests;
  }

  clear(): void {
    this.#rest = Buffer.alloc(0);
  }

  /** Length of the frame that begins at `at`, check sum included; undefined while it cannot be told yet; 0: none begins here. */
  #frameLength(at: number): number | undefined {
    const head = RTU_REQUEST_LENGTH[this.#rest[at + 1]!];
    if (head === undefined) return 0;
    if (head === 6) return head + 2;
    const data = this.#rest[at + head - 1];
    return data === undefined ? undefined : head + data + 2;
  }
}

/** Modbus RTU: on a serial line, or carried over TCP. */
export const RTU_FRAMING: Framing = {
  name: "rtu",
  reader: () => new RtuReader(),
  pack({ unit, pdu }, spoilCrc = false) {
    const frame = Buffer.alloc(pdu.length + 3);
    frame.writeUInt8(unit, 0);
    pdu.copy(frame, 1);
    const crc = crc16(frame, 0, frame.length - 2);
    frame.writeUInt16LE(spoilCrc ? crc ^ 0xffff : crc, frame.length - 2);
    return frame;
  },
};

/** Longest frame in ASCII: colon, 255 bytes in two digits each, CR, LF. */
const ASCII_MOST = 513;

class AsciiReader implements RequestReader {
  #rest = "";

  push(bytes: Buffer): ModbusRequest[] {
    this.#rest = (this.#rest + bytes.toString("latin1")).slice(-ASCII_MOST);
    const requests: ModbusRequest[] = [];
    for (let end = this.#rest.indexOf("\n"); end >= 0; end = this.#rest.indexOf("\n")) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      const frame = parseAsciiFrame(line.slice(line.lastIndexOf(":") + 1).trimEnd());
      if (frame !== undefined)
        requests.push({ transaction: 0, unit: frame.readUInt8(0), pdu: Buffer.from(frame.subarray(1)) });
    }
    return requests;
  }

  clear(): void {
    this.#rest = "";
  }
}

/** Modbus ASCII: on a serial line, or carried over TCP. */
export const ASCII_FRAMING: Framing = {
  name: "ascii",
  reader: () => new AsciiReader(),
  pack({ unit, pdu }, spoilCrc = false) {
    const frame = asciiFrame(Buffer.concat([Buffer.from([unit]), pdu]));
    // The last digit of the check sum stands before CR and LF.
    const last = frame.length - 3;
    if (spoilCrc) frame[last] = frame[last] === 0x30 ? 0x31 : 0x30;
    return frame;
  },
};

/** The framing of a link by its type. */
export function framingOf(type: string): Framing {
  if (type === "modbus-tcp" || type === "mbap") return TCP_FRAMING;
  return type.includes("ascii") ? ASCII_FRAMING : RTU_FRAMING;
}
