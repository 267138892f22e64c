import { HostError } from "../../model/error.ts";

/** Whole numbers up to this far from zero have a signed varint: doubling them stays exact. µs reach it in 2112. */
export const VARINT_LIMIT = 2 ** 52 - 1;

const FIRST_SIZE = 64 * 1024;

/** Appends numbers to one growing buffer that is used again for every block. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_SIZE);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** What has been written, as a view that the next `clear` invalidates. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Makes room, so that `count` bytes can be appended without further checks. */
  reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + count));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** Little-endian base 128 of a whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.reserve(8);
    while (value >= 0x8000_0000) {
      this.#bytes[this.length++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    while (value >= 128) {
      this.#bytes[this.length++] = (value & 127) | 128;
      value >>>= 7;
    }
    this.#bytes[this.length++] = value;
  }

  /** A whole number of either sign, at most VARINT_LIMIT from zero. */
  signed(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  float32(value: number): void {
    this.reserve(4);
    this.#view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}

/** Reads what ByteWriter wrote, never beyond its end. Every method throws HostError JOURNAL_DAMAGED rather than guess. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw damaged("it ends too early");
    this.#at++;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let digits = 0; digits < 8; digits++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw damaged("a number in it is too long");
  }

  /** A varint that counts things, of which there can be at most `limit`. */
  count(limit: number): number {
    const value = this.varint();
    if (value > limit) throw damaged(`it counts ${value} where at most ${limit} can be`);
    return value;
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    const at = this.#advance(4);
    return this.#view.getUint32(at, true);
  }

  float32(): number {
    const at = this.#advance(4);
    return this.#view.getFloat32(at, true);
  }

  float64(): number {
    const at = this.#advance(8);
    return this.#view.getFloat64(at, true);
  }

  /** The next `count` bytes, as a view. */
  bytes(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count < 0 || at + count > this.#bytes.length) throw damaged("it ends too early");
    this.#at = at + count;
    return at;
  }
}

/** The error for a record that cannot be what was written. */
export function damaged(what: string, cause?: unknown): HostError {
  return new HostError("JOURNAL_DAMAGED", `a journal record is damaged: ${what}`, { cause });
}
