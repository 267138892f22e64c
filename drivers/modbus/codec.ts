/*
 * From Modbus registers to raw numbers or texts; encode.ts goes the other way. Pure; allocates nothing except texts.
 *
 * A register is two bytes, high byte first (Modbus Application Protocol 1.1b3, 4.2). How several registers make one number
 * is up to each maker; the order names the bytes as they come over the wire, A being the most significant.
 */

/** What stands in the registers. `bit`, `bits` and `match` look at a part of one word; `match` asks whether it is one of a list. */
export const REGISTER_TYPES = [
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
  "f32",
  "f64",
  "bcd16",
  "bcd32",
  "bit",
  "bits",
  "match",
  "string",
] as const;
export type RegisterType = (typeof REGISTER_TYPES)[number];

/**
 * Byte orders, by what they do to the four bytes of a 32-bit number. 64-bit numbers follow the same two ideas (CDAB
 * reverses the registers, BADC swaps the bytes inside each): ABCDEFGH, GHEFCDAB, BADCFEHG, HGFEDCBA. In one register and
 * in texts only the swapping inside the register matters.
 */
export const ORDERS = ["ABCD", "CDAB", "BADC", "DCBA"] as const;
export type Order = (typeof ORDERS)[number];

/** Words that a part can be taken of. */
export const PART_WORDS = ["u16", "u32"] as const;
export type PartWord = (typeof PART_WORDS)[number];

/** How one value stands in its registers. */
export interface RegisterFormat {
  readonly type: RegisterType;
  readonly order: Order;
  /** For `bit`: its number, 0 the least significant. */
  readonly bit?: number | undefined;
  /** For `bits`: number of the lowest bit, and how many. */
  readonly shift?: number | undefined;
  readonly width?: number | undefined;
  /** For `bits`: two's complement. */
  readonly signed?: boolean | undefined;
  /** For `match`: which bits count (default: all), and what they may be. */
  readonly mask?: number | undefined;
  readonly equals?: readonly number[] | undefined;
  /** For `bit`, `bits` and `match`: the word they are part of. Default u16. */
  readonly in?: PartWord | undefined;
  /** For `string`: registers. */
  readonly length?: number | undefined;
}

/** Takes a raw number out of a response. `at` is the byte where the value's first register begins. */
export type RegisterReader = (bytes: Uint8Array, at: number) => number;
/** Takes a text out of a response. */
export type TextReader = (bytes: Uint8Array, at: number) => string;

const WORDS: Readonly<Record<Exclude<RegisterType, "string" | "bit" | "bits" | "match">, number>> = {
  u16: 1,
  i16: 1,
  bcd16: 1,
  u32: 2,
  i32: 2,
  f32: 2,
  bcd32: 2,
  u64: 4,
  i64: 4,
  f64: 4,
};

/** How many registers a value takes. */
export function registersOf(format: RegisterFormat): number {
  switch (format.type) {
    case "string":
      return format.length ?? 1;
    case "bit":
    case "bits":
    case "match":
      return format.in === "u32" ? 2 : 1;
    default:
      return WORDS[format.type];
  }
}

/** Where on the wire each byte of a value is, most significant first. */
export function bytePositions(registers: number, order: Order): number[] {
  const reversed = order === "CDAB" || order === "DCBA";
  const swapped = order === "BADC" || order === "DCBA";
  const positions: number[] = [];
  for (let i = 0; i < registers; i++) {
    const register = reversed ? registers - 1 - i : i;
    positions.push(register * 2 + (swapped ? 1 : 0), register * 2 + (swapped ? 0 : 1));
  }
  return positions;
}

const scratch = new DataView(new ArrayBuffer(8));
const TWO_32 = 2 ** 32;

/** Compiles a reader of an unsigned word of one or two registers. */
export function unsigned(registers: 1 | 2, order: Order): RegisterReader {
  const [a = 0, b = 0, c = 0, d = 0] = bytePositions(registers, order);
  if (registers === 1) return (bytes, at) => (bytes[at + a]! << 8) | bytes[at + b]!;
  return (bytes, at) =>
    ((bytes[at + a]! << 24) | (bytes[at + b]! << 16) | (bytes[at + c]! << 8) | bytes[at + d]!) >>> 0;
}

/** The two 32-bit halves of a 64-bit number. */
function halves(order: Order): { high: RegisterReader; low: RegisterReader } {
  const p = bytePositions(4, order);
  const half =
    (from: number): RegisterReader =>
    (bytes, at) =>
      ((bytes[at + p[from]!]! << 24) |
        (bytes[at + p[from + 1]!]! << 16) |
        (bytes[at + p[from + 2]!]! << 8) |
        bytes[at + p[from + 3]!]!) >>>
      0;
  return { high: half(0), low: half(4) };
}

/** Packed decimal digits; NaN when a digit is above 9. */
function packedDecimal(word: RegisterReader, digits: number): RegisterReader {
  return (bytes, at) => {
    const packed = word(bytes, at);
    let value = 0;
    for (let digit = digits - 1; digit >= 0; digit--) {
      const nibble = (packed >>> (digit * 4)) & 0xf;
      if (nibble > 9) return Number.NaN;
      value = value * 10 + nibble;
    }
    return value;
  };
}

/**
 * Compiles a format into a reader of raw numbers. A 64-bit integer beyond ±2^53 comes as the nearest double: see `isExact`.
 * Digits that are none (BCD) come as NaN.
 */
export function compileReader(format: RegisterFormat): RegisterReader {
  const { order } = format;
  switch (format.type) {
    case "u16":
      return unsigned(1, order);
    case "i16": {
      const word = unsigned(1, order);
      return (bytes, at) => (word(bytes, at) << 16) >> 16;
    }
    case "u32":
      return unsigned(2, order);
    case "i32": {
      const word = unsigned(2, order);
      return (bytes, at) => word(bytes, at) | 0;
    }
    case "f32": {
      const word = unsigned(2, order);
      return (bytes, at) => {
        scratch.setUint32(0, word(bytes, at));
        return scratch.getFloat32(0);
      };
    }
    case "u64": {
      const { high, low } = halves(order);
      return (bytes, at) => high(bytes, at) * TWO_32 + low(bytes, at);
    }
    case "i64": {
      const { high, low } = halves(order);
      return (bytes, at) => (high(bytes, at) | 0) * TWO_32 + low(bytes, at);
    }
    case "f64": {
      const { high, low } = halves(order);
      return (bytes, at) => {
        scratch.setUint32(0, high(bytes, at));
        scratch.setUint32(4, low(bytes, at));
        return scratch.getFloat64(0);
      };
    }
    case "bcd16":
      return packedDecimal(unsigned(1, order), 4);
    case "bcd32":
      return packedDecimal(unsigned(2, order), 8);
    case "bit": {
      const word = partWord(format);
      const bit = format.bit ?? 0;
      return (bytes, at) => (word(bytes, at) >>> bit) & 1;
    }
    case "bits": {
      const word = partWord(format);
      const { shift, mask, sign } = span(format);
      if (sign === 0) return (bytes, at) => ((word(bytes, at) >>> shift) & mask) >>> 0;
      return (bytes, at) => {
        const value = ((word(bytes, at) >>> shift) & mask) >>> 0;
        return value >= sign ? value - 2 * sign : value;
      };
    }
    case "match": {
      const word = partWord(format);
      const mask = format.mask ?? 0xffff_ffff;
      const equals = new Set(format.equals ?? []);
      return (bytes, at) => (equals.has((word(bytes, at) & mask) >>> 0) ? 1 : 0);
    }
    case "string":
      // A text has no number; what asks for one has confused the two kinds of reader.
      return () => Number.NaN;
  }
}

/**
 * Compiles a `string` format into a reader of texts: one byte a character (ISO 8859-1), up to the first NUL, without
 * padding spaces.
 */
export function compileTextReader(format: RegisterFormat): TextReader {
  const positions = bytePositions(registersOf(format), textOrder(format.order));
  return (bytes, at) => {
    let text = "";
    for (const position of positions) {
      const code = bytes[at + position]!;
      if (code === 0) break;
      text += String.fromCharCode(code);
    }
    return text.trim();
  };
}

/** Whether a raw number of this type is the very number on the wire, not only the nearest double to it. */
export function isExact(type: RegisterType, raw: number): boolean {
  return (type !== "u64" && type !== "i64") || Number.isSafeInteger(raw);
}

function partWord(format: RegisterFormat): RegisterReader {
  return unsigned(format.in === "u32" ? 2 : 1, format.order);
}

/** The order of a text's registers is never reversed; only its bytes may be swapped. */
export function textOrder(order: Order): Order {
  return order === "BADC" || order === "DCBA" ? "BADC" : "ABCD";
}

function span(format: RegisterFormat): { shift: number; mask: number; sign: number } {
  const width = format.width ?? 1;
  return {
    shift: format.shift ?? 0,
    mask: width >= 32 ? 0xffff_ffff : 2 ** width - 1,
    sign: format.signed === true ? 2 ** (width - 1) : 0,
  };
}

/** One bit of a response of FC 1 or 2: the lowest bit of a byte comes first. */
export function readBit(bytes: Uint8Array, index: number): number {
  return (bytes[index >> 3]! >>> (index & 7)) & 1;
}
