import {
  bytePositions,
  type Order,
  type RegisterFormat,
  type RegisterType,
  registersOf,
  textOrder,
  unsigned,
} from "./codec.ts";

/*
 * The other way of codec.ts: what an instrument does with its values. The driver reads only; simulators and tests write.
 */

const INTEGERS: Partial<Record<RegisterType, { low: bigint; high: bigint }>> = {
  u16: { low: 0n, high: 0xffffn },
  i16: { low: -0x8000n, high: 0x7fffn },
  u32: { low: 0n, high: 0xffff_ffffn },
  i32: { low: -0x8000_0000n, high: 0x7fff_ffffn },
  u64: { low: 0n, high: 0xffff_ffff_ffff_ffffn },
  i64: { low: -0x8000_0000_0000_0000n, high: 0x7fff_ffff_ffff_ffffn },
  bcd16: { low: 0n, high: 9_999n },
  bcd32: { low: 0n, high: 99_999_999n },
};

/**
 * The registers that read back as `value`; what instruments do, so the simulators use it.
 * `previous` are the registers as they are: parts of words (`bit`, `bits`, `match`) change only their own bits.
 * @throws RangeError when the value does not fit the type.
 */
export function encode(
  value: number | bigint | string,
  format: RegisterFormat,
  previous: ArrayLike<number> = [],
): number[] {
  const registers = registersOf(format);
  if (format.type === "string") return encodeText(String(value), registers, format.order);
  const bytes = new Uint8Array(registers * 2);
  const view = new DataView(bytes.buffer);
  switch (format.type) {
    case "f32":
      view.setFloat32(0, Number(value));
      break;
    case "f64":
      view.setFloat64(0, Number(value));
      break;
    case "bit":
    case "bits":
    case "match":
      putWord(view, registers, encodePart(Number(value), format, joined(previous, registers, format.order)));
      break;
    case "bcd16":
    case "bcd32":
      // Decimal digits read as hexadecimal ones are the packed form.
      putWord(view, registers, Number.parseInt(String(wholeNumber(value, format.type)), 16));
      break;
    default:
      putInteger(view, registers, wholeNumber(value, format.type));
  }
  return arranged(bytes, format.order);
}

function wholeNumber(value: number | bigint | string, type: RegisterType): bigint {
  const bounds = INTEGERS[type];
  const whole =
    typeof value === "bigint" ? value : Number.isInteger(Number(value)) ? BigInt(Number(value)) : undefined;
  if (bounds === undefined || whole === undefined || whole < bounds.low || whole > bounds.high) {
    throw new RangeError(`${String(value)} does not fit ${type}`);
  }
  return whole;
}

function putInteger(view: DataView, registers: number, whole: bigint): void {
  if (registers === 1) view.setUint16(0, Number(BigInt.asUintN(16, whole)));
  else if (registers === 2) view.setUint32(0, Number(BigInt.asUintN(32, whole)));
  else view.setBigUint64(0, BigInt.asUintN(64, whole));
}

function putWord(view: DataView, registers: number, word: number): void {
  if (registers === 1) view.setUint16(0, word);
  else view.setUint32(0, word);
}

/** The word that registers make in an order; missing registers read 0. */
function joined(registers: ArrayLike<number>, count: number, order: Order): number {
  const bytes = new Uint8Array(count * 2);
  for (let i = 0; i < count; i++) {
    const register = registers[i] ?? 0;
    bytes[i * 2] = register >>> 8;
    bytes[i * 2 + 1] = register & 0xff;
  }
  return unsigned(count === 2 ? 2 : 1, order)(bytes, 0);
}

function encodePart(value: number, format: RegisterFormat, word: number): number {
  if (format.type === "match") return encodeMatch(value !== 0, format, word);
  const width = format.type === "bit" ? 1 : (format.width ?? 1);
  const shift = format.type === "bit" ? (format.bit ?? 0) : (format.shift ?? 0);
  const signed = format.type === "bits" && format.signed === true;
  const low = signed ? -(2 ** (width - 1)) : 0;
  const high = signed ? 2 ** (width - 1) - 1 : 2 ** width - 1;
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${value} does not fit ${width} bits`);
  }
  const mask = width >= 32 ? 0xffff_ffff : ((2 ** width - 1) << shift) >>> 0;
  return ((word & ~mask) | ((value << shift) & mask)) >>> 0;
}

function encodeMatch(wanted: boolean, format: RegisterFormat, word: number): number {
  const mask = format.mask ?? (format.in === "u32" ? 0xffff_ffff : 0xffff);
  const equals = format.equals ?? [];
  if (equals.includes((word & mask) >>> 0) === wanted) return word;
  const part = wanted ? equals[0] : unlisted(equals, mask);
  if (part === undefined) throw new RangeError("no pattern says what is asked");
  return ((word & ~mask) | (part & mask)) >>> 0;
}

/** The first pattern within a mask that is not on the list. */
function unlisted(equals: readonly number[], mask: number): number | undefined {
  for (let part = 0; part <= 0xffff; part++) {
    if (!equals.includes((part & mask) >>> 0)) return part;
  }
  return undefined;
}

function encodeText(text: string, registers: number, order: Order): number[] {
  if (text.length > registers * 2)
    throw new RangeError(`"${text}" is longer than ${registers * 2} characters`);
  const bytes = new Uint8Array(registers * 2);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`"${text}" has characters outside ISO 8859-1`);
    bytes[i] = code;
  }
  return arranged(bytes, textOrder(order));
}

/** Registers on the wire from bytes with the most significant first. */
function arranged(bytes: Uint8Array, order: Order): number[] {
  const registers = bytes.length / 2;
  const wire = new Uint8Array(bytes.length);
  const positions = bytePositions(registers, order);
  for (let i = 0; i < positions.length; i++) wire[positions[i]!] = bytes[i]!;
  return Array.from({ length: registers }, (_, i) => (wire[i * 2]! << 8) | wire[i * 2 + 1]!);
}
