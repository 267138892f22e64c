import type { Micros } from "../../model/time.ts";
import { hexValue, MISSING, readBcd, readHex, UNREADABLE } from "./digits.ts";

/** One value of an element where it stands in a body. One object a decoder, overwritten at every value. */
export interface Field {
  /** Guide of the element; 0: an identifier that nobody knows. */
  guide: number;
  bytes: Uint8Array;
  at: number;
  length: number;
  /** Digits behind the point (HEX/BCD bodies; in ASCII the number has its own point). */
  decimals: number;
  ascii: boolean;
  /** When it was observed (an interval's end), µs; UNREADABLE_TIME when the station's time is none. */
  time: Micros;
  /** Values in the block that it is from; 1 for a value of its own. */
  count: number;
}

/** A field to be filled. */
export function emptyField(): Field {
  return {
    guide: 0,
    bytes: new Uint8Array(0),
    at: 0,
    length: 0,
    decimals: 0,
    ascii: false,
    time: 0,
    count: 1,
  };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const MISSING_TEXT = "M";
/** ZT of all stations, and any block value, fit; longer is no number. */
const MOST_HEX_CHARACTERS = 12;

/**
 * The number that a field holds. `hex`: the element is an unsigned number of bytes, not decimal digits.
 * MISSING when the station says that it has none, UNREADABLE when the digits are none.
 */
export function fieldNumber(field: Field, hex: boolean): number | typeof MISSING | typeof UNREADABLE {
  if (!field.ascii)
    return hex ? readHex(field.bytes, field.at, field) : readBcd(field.bytes, field.at, field);
  const text = fieldText(field);
  if (text === MISSING_TEXT) return MISSING;
  if (!hex) return NUMBER.test(text) ? Number(text) : UNREADABLE;
  return hexText(text, field.decimals);
}

/** The characters of a field: as sent in ASCII, its bytes in hex otherwise. */
export function fieldText(field: Field): string {
  return Buffer.from(field.bytes.buffer, field.bytes.byteOffset + field.at, field.length).toString(
    field.ascii ? "latin1" : "hex",
  );
}

function hexText(text: string, decimals: number): number | typeof MISSING | typeof UNREADABLE {
  if (text.length === 0 || text.length > MOST_HEX_CHARACTERS) return UNREADABLE;
  let filled = true;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = hexValue(text.charCodeAt(i));
    if (digit < 0) return UNREADABLE;
    filled &&= digit === 0xf;
    value = value * 16 + digit;
  }
  return filled ? MISSING : value / 10 ** decimals;
}
