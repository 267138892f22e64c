/*
 * The frame of SL 651-2014, 6.4 and 6.5: what both encodings share.
 */

/** `hex`: binary fields after 7E7E; `ascii`: the same fields as hex characters after SOH. */
export type Encoding = "hex" | "ascii";

/** Packet `sequence` of `total`, both from 1 (SYN frames). */
export interface Packet {
  readonly total: number;
  readonly sequence: number;
}

/** One frame, its length, end and CRC verified. */
export interface Frame {
  readonly encoding: Encoding;
  /** From a station to the centre. */
  readonly up: boolean;
  /** Address of the centre, 1 to 255. */
  readonly centre: number;
  /** Address of the station, 40 bits. */
  readonly station: number;
  readonly password: number;
  readonly code: number;
  /** Present in SYN frames: the body is a part of a longer one. */
  readonly packet: Packet | undefined;
  /** Without the packet's numbers. A view: it lasts as long as the handler runs. */
  readonly body: Uint8Array;
  /** ETX, ETB, ENQ, ACK, NAK, EOT or ESC. */
  readonly end: number;
}

/** Why bytes that began like a frame are none. */
export type Spoiled = "end" | "crc" | "unfinished";

/** Largest body: twelve bits of length (tables 16 and 20). */
export const BODY_MAX = 0xfff;
/** Packets of a body, and the largest number of one (tables 18 and 22). */
export const PACKETS_MAX = 0xfff;

/** Bit of the length field that marks the way down (high four bits 1000). */
export const DOWN_BIT = 0x8000;

/** Bytes before the body, after it, and of the packet's numbers, by encoding. */
export const LAYOUT = {
  hex: { head: 14, tail: 3, packet: 3, centre: 1, station: 5, addresses: 2, lengthAt: 11, startAt: 13 },
  ascii: { head: 24, tail: 5, packet: 6, centre: 2, station: 10, addresses: 1, lengthAt: 19, startAt: 23 },
} as const;

/** Longest frame of both encodings, bytes. */
export const FRAME_MAX = LAYOUT.ascii.head + BODY_MAX + LAYOUT.ascii.tail;
