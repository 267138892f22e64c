import { ORDERS, type Order, type RegisterType } from "../../../../drivers/modbus/codec.ts";
import { folded, numberOf } from "./text.ts";

/** How a value stands in its registers, as far as a sheet says it. */
export interface SheetEncoding {
  readonly type: RegisterType;
  /** Lowest bit and how many, where it is a part of a word. */
  readonly bits?: { readonly shift: number; readonly width: number } | undefined;
  readonly order?: Order | undefined;
  /** What the sheet does not say and was taken. */
  readonly assumed: readonly ("signed" | "width" | "order")[];
}

/** Why a row has no encoding. */
export interface NoEncoding {
  readonly why: string;
  readonly todo: string;
}

interface TypeWord {
  readonly kind: "unsigned" | "signed" | "integer" | "float" | "bcd" | "bit" | "text";
  /** Bits, where the word says them. */
  readonly bits?: number;
}

/** Words in the order in which they are looked for: the longer before those that it contains. */
const WORDS: readonly (readonly [RegExp, TypeWord])[] = [
  [/^(bool|boolean|bit|bits|布尔型?|位|开关量|bitfield|bitmap|按位)$/, { kind: "bit" }],
  [/^(string|ascii|char(\[\d+\])?|chars|text|字符串?|字符型)$/, { kind: "text" }],
  [/bcd/, { kind: "bcd" }],
  [/^(lreal|double|float64|f64|64(bit|位)?(float|浮点数?)|双精度(浮点数?)?)/, { kind: "float", bits: 64 }],
  [
    /^(float32?|f32|real|single|ieee754|(32(bit|位))?(float|浮点数?型?)|单精度(浮点数?)?)/,
    { kind: "float", bits: 32 },
  ],
  [
    /^(uint64|u64|ulint|unsignedint64|64位无符号(整数|整型)?|无符号64位(整数|整型)?)/,
    { kind: "unsigned", bits: 64 },
  ],
  [/^(int64|i64|s64|lint|64位有符号(整数|整型)?|有符号64位(整数|整型)?)/, { kind: "signed", bits: 64 }],
  [
    /^(uint32|u32|udint|dword|ulong|unsignedlong|unsignedint32|unsigned32|32位无符号(整数|整型|数)?|无符号32位(整数|整型|数)?|无符号长整型)/,
    { kind: "unsigned", bits: 32 },
  ],
  [
    /^(int32|i32|s32|sint32|dint|long|longint|signedint32|signed32|32位有符号(整数|整型|数)?|有符号32位(整数|整型|数)?|有符号长整型|长整型)/,
    { kind: "signed", bits: 32 },
  ],
  [
    /^(uint16|u16|word|ushort|unsignedshort|unsignedint16|unsigned16|16位无符号(整数|整型|数)?|无符号16位(整数|整型|数)?|无符号短整型)/,
    { kind: "unsigned", bits: 16 },
  ],
  [
    /^(int16|i16|s16|sint16|short|signedshort|signedint16|signed16|16位有符号(整数|整型|数)?|有符号16位(整数|整型|数)?|有符号短整型|短整型)/,
    { kind: "signed", bits: 16 },
  ],
  [/^(uint8|u8|byte|uchar|unsignedchar|usint)/, { kind: "unsigned", bits: 8 }],
  [/^(uint|unsignedint|unsignedinteger|unsigned|无符号(整数|整型|数)?)/, { kind: "unsigned" }],
  [/^(sint|signedint|signedinteger|signed|有符号(整数|整型|数)?)/, { kind: "signed" }],
  [/^(int|integer|整数|整型|整形|number|hex|十六进制|dec)/, { kind: "integer" }],
];

const FLOAT_BITS = 32;
const REGISTER_BITS = 16;

/** What a row says of its encoding. */
export interface EncodingCells {
  readonly type: string;
  readonly length: string;
  /** What the heading of the length says it counts, in brackets or by its word. */
  readonly lengthIn: "registers" | "bytes" | "bits" | undefined;
  readonly bit: string;
  readonly order: string;
  /** From the address: a span, or a bit. */
  readonly registers: number | undefined;
  readonly bitOfAddress: number | undefined;
  /** The range reaches below zero: it cannot be unsigned. */
  readonly belowZero: boolean;
  /** Order that a person has said for the whole sheet. */
  readonly wholeOrder: Order | undefined;
}

/** Finds the encoding of a row, or says why there is none. Nothing is taken in silence: see `assumed`. */
export function encodingOf(cells: EncodingCells): SheetEncoding | NoEncoding {
  const bitInType = cells.bit.trim() === "" && /^(bit|位|第)\s*\d/i.test(cells.type.trim());
  const word = bitInType ? undefined : typeWord(cells.type);
  const part = bitsOf(bitInType ? cells.type : cells.bit, cells.bitOfAddress);
  if (part === "unclear") {
    return {
      why: `"${bitInType ? cells.type : cells.bit}" is no bit of a register`,
      todo: "say bits as 3, bit3 or 0-3, from 0 for the lowest",
    };
  }
  if (part !== undefined && (word === undefined || word.kind !== "float")) {
    return { type: part.width === 1 ? "bit" : "bits", bits: part, assumed: [] };
  }
  if (cells.type.trim() !== "" && word === undefined) {
    return {
      why: `"${cells.type}" is no type that is known`,
      todo: "write uint16, int16, uint32, int32, float, double, bcd or bit; or leave the cell empty and say the length",
    };
  }
  if (word?.kind === "text")
    return { why: "a text is no measurement", todo: "leave it out, or map its texts to states by hand" };
  if (word?.kind === "bit") {
    return {
      why: "it is a bit, and which one is not said",
      todo: "say the bit: in a column of its own, or behind the address as 40006.3",
    };
  }
  const bits = widthOf(word, cells);
  if (typeof bits === "string")
    return { why: bits, todo: "say the length in registers, and check it against the type" };
  const type = registerType(word, bits, cells.belowZero);
  if (type === undefined) {
    return {
      why: `${bits / REGISTER_BITS} registers, and whether they hold an integer or a float is not said`,
      todo: "say the type: float, uint32 or int32",
    };
  }
  const assumed: ("signed" | "width" | "order")[] = [];
  if (
    word?.kind !== "unsigned" &&
    word?.kind !== "signed" &&
    type !== "bcd16" &&
    /^[ui]/.test(type) &&
    !cells.belowZero
  )
    assumed.push("signed");
  if (
    word?.bits === undefined &&
    cells.length.trim() === "" &&
    cells.registers === undefined &&
    word?.kind !== "float"
  )
    assumed.push("width");
  if (bits === REGISTER_BITS) return { type, assumed };
  const order = orderOf(`${cells.order} ${cells.type}`) ?? cells.wholeOrder;
  if (order === undefined) assumed.push("order");
  return { type, order, assumed };
}

function typeWord(text: string): TypeWord | undefined {
  const bare = folded(text)
    .replaceAll(
      /\b(abcd|cdab|badc|dcba|big|little|endian|swap(ped)?|inverse)\b|大端|小端|[高低][字位].*?前/g,
      "",
    )
    .replaceAll(/[\s_\-()（）:,，;]+/g, "");
  if (bare === "") return undefined;
  return WORDS.find(([pattern]) => pattern.test(bare))?.[1];
}

/** Bits of the value; a text says why they do not fit together. */
function widthOf(
  word: TypeWord | undefined,
  { length, lengthIn, registers, type }: EncodingCells,
): number | string {
  const said = length.trim() === "" ? undefined : lengthBits(length, lengthIn, word?.bits);
  if (said === undefined && length.trim() !== "") return `the length "${length}" is no number`;
  const spanned = registers === undefined ? undefined : registers * REGISTER_BITS;
  const own =
    word?.bits === 8 ? REGISTER_BITS : (word?.bits ?? (word?.kind === "float" ? FLOAT_BITS : undefined));
  const bits = own ?? said ?? spanned ?? REGISTER_BITS;
  for (const [what, other] of [
    ["the length says", said],
    ["the addresses say", spanned],
  ] as const) {
    if (other !== undefined && other !== bits && !(word?.bits === 8 && other === 8))
      return `${type.trim() === "" ? "the length" : `"${type}"`} means ${bits} bits, and ${what} ${other}`;
  }
  if (![16, 32, 64].includes(bits)) return `a value of ${bits} bits is none that can be read`;
  return bits;
}

/** Registers, bytes or bits: what the heading or the cell says; else the one that fits the type. */
function lengthBits(
  text: string,
  heading: EncodingCells["lengthIn"],
  typeBits: number | undefined,
): number | undefined {
  const match = /^(\d+)\s*(.*)$/.exec(folded(text));
  if (match === null) return undefined;
  const n = Number(match[1]);
  const word = match[2]!;
  const unit = /byte|字节/.test(word)
    ? "bytes"
    : /bit|位/.test(word)
      ? "bits"
      : /reg|word|字|寄存/.test(word)
        ? "registers"
        : heading;
  if (unit === "bytes") return n * 8;
  if (unit === "bits") return n;
  if (unit === "registers") return n * REGISTER_BITS;
  for (const bits of [n * REGISTER_BITS, n * 8, n]) if (bits === typeBits) return bits;
  return n * REGISTER_BITS;
}

function registerType(
  word: TypeWord | undefined,
  bits: number,
  belowZero: boolean,
): RegisterType | undefined {
  if (word?.kind === "float") return bits === FLOAT_BITS ? "f32" : bits === 64 ? "f64" : undefined;
  if (word?.kind === "bcd") return bits === 16 ? "bcd16" : bits === 32 ? "bcd32" : undefined;
  if (word === undefined && bits > REGISTER_BITS) return undefined;
  const signed = word?.kind === "signed" || (word?.kind !== "unsigned" && belowZero);
  return `${signed ? "i" : "u"}${bits as 16 | 32 | 64}`;
}

/** One bit, `3` or `bit3`, or some, `0-3`; "unclear" for anything else that stands there. */
function bitsOf(
  text: string,
  ofAddress: number | undefined,
): { shift: number; width: number } | "unclear" | undefined {
  const bare = folded(text).replaceAll(/bits?|[位第b#\s[\]()]/g, "");
  if (bare === "") return ofAddress === undefined ? undefined : { shift: ofAddress, width: 1 };
  const match = /^(\d{1,2})(?:[-~:.至]+(\d{1,2}))?$/.exec(bare);
  if (match === null) return "unclear";
  const ends = [Number(match[1]), Number(match[2] ?? match[1])].toSorted((a, b) => a - b);
  if (ends[1]! >= REGISTER_BITS) return "unclear";
  return { shift: ends[0]!, width: ends[1]! - ends[0]! + 1 };
}

/** The byte order that a cell names; undefined when it names none, or one that may mean two things ("little endian"). */
export function orderOf(text: string): Order | undefined {
  const bare = folded(text).toUpperCase();
  const named = ORDERS.find((order) => bare.includes(order) || bare.includes(order.split("").join("-")));
  if (named !== undefined) return named;
  if (/3412|CD\s*AB|WORD\s*SWAP|LOW\s*WORD\s*FIRST|LSW\s*FIRST|低字在前|低字节?寄存器在前/.test(bare))
    return "CDAB";
  if (/1234|BIG[\s-]?ENDIAN|HIGH\s*WORD\s*FIRST|MSW\s*FIRST|大端|高字在前|高位在前/.test(bare)) return "ABCD";
  if (/2143|BYTE\s*SWAP/.test(bare)) return "BADC";
  if (/4321/.test(bare)) return "DCBA";
  return undefined;
}

/** What a heading says that a length counts. */
export function lengthUnit(heading: string): EncodingCells["lengthIn"] {
  const bare = folded(heading);
  if (/byte|字节/.test(bare)) return "bytes";
  if (/bit|位/.test(bare)) return "bits";
  return /reg|word|寄存器|字数|个数/.test(bare) ? "registers" : undefined;
}

/** A number in a cell that is there; undefined: empty. "unclear": there, and no number. */
export function cellNumber(text: string): number | "unclear" | undefined {
  return text.trim() === "" ? undefined : (numberOf(text) ?? "unclear");
}
