import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import {
  compileReader,
  compileTextReader,
  isExact,
  ORDERS,
  type RegisterFormat,
} from "../../drivers/modbus/codec.ts";
import { encode } from "../../drivers/modbus/encode.ts";

const orders = fc.constantFrom(...ORDERS);

/** Registers as they come in a response, somewhere in the middle of it. */
function response(registers: readonly number[], before = 0): Buffer {
  const bytes = Buffer.alloc((before + registers.length + 1) * 2, 0xa5);
  for (const [i, register] of registers.entries()) bytes.writeUInt16BE(register, (before + i) * 2);
  return bytes;
}

function roundTrip(value: number | bigint, format: RegisterFormat, before = 0): number {
  return compileReader(format)(response(encode(value, format), before), before * 2);
}

describe("what an instrument encodes is what we read", () => {
  test.each([
    ["u16", 0n, 0xffffn],
    ["i16", -0x8000n, 0x7fffn],
    ["u32", 0n, 0xffff_ffffn],
    ["i32", -0x8000_0000n, 0x7fff_ffffn],
    ["u64", 0n, 0xffff_ffff_ffff_ffffn],
    ["i64", -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
    ["bcd16", 0n, 9_999n],
    ["bcd32", 0n, 99_999_999n],
  ] as const)("%s in every order, 64 bits as the nearest double", (type, min, max) => {
    const whole = fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, min + 1n));
    fc.assert(
      fc.property(whole, orders, fc.nat(5), (value, order, before) => {
        expect(roundTrip(value, { type, order }, before)).toBe(Number(value));
      }),
    );
  });

  test("f64 in every order, NaN and the infinities too", () => {
    fc.assert(
      fc.property(fc.double(), orders, fc.nat(5), (value, order, before) => {
        expect(roundTrip(value, { type: "f64", order }, before)).toBe(value);
      }),
    );
  });

  test("f32 in every order", () => {
    fc.assert(
      fc.property(fc.float(), orders, fc.nat(5), (value, order, before) => {
        expect(roundTrip(value, { type: "f32", order }, before)).toBe(value);
      }),
    );
  });

  test("a span of bits, signed or not, changes only its own bits", () => {
    const spans = fc
      .record({ word: fc.constantFrom("u16" as const, "u32" as const), order: orders, signed: fc.boolean() })
      .chain((base) => {
        const bits = base.word === "u16" ? 16 : 32;
        return fc.nat(bits - 1).chain((shift) =>
          fc.record({
            base: fc.constant(base),
            shift: fc.constant(shift),
            width: fc.integer({ min: 1, max: bits - shift }),
            previous: fc.array(fc.nat(0xffff), { minLength: bits / 16, maxLength: bits / 16 }),
            seed: fc.nat(0xffff_ffff),
          }),
        );
      });
    fc.assert(
      fc.property(spans, ({ base, shift, width, previous, seed }) => {
        const format = {
          type: "bits",
          order: base.order,
          in: base.word,
          shift,
          width,
          signed: base.signed,
        } as const;
        const unsigned = seed % 2 ** width;
        const value = base.signed && unsigned >= 2 ** (width - 1) ? unsigned - 2 ** width : unsigned;
        const registers = encode(value, format, previous);
        expect(compileReader(format)(response(registers), 0)).toBe(value);
        // Writing the old value back restores the whole word.
        const old = compileReader(format)(response(previous), 0);
        expect(encode(old, format, registers)).toEqual(previous);
      }),
    );
  });

  test("a single bit", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(15), orders, (previous, bit, order) => {
        const format = { type: "bit", order, bit } as const;
        const set = encode(1, format, [previous]);
        expect(compileReader(format)(response(set), 0)).toBe(1);
        const clear = encode(0, format, set);
        expect(compileReader(format)(response(clear), 0)).toBe(0);
      }),
    );
  });

  test("a match is 1 for the listed patterns alone, and bits outside the mask do not count", () => {
    const format = { type: "match", order: "ABCD", mask: 0x08ff, equals: [0x0810, 0x08ea] } as const;
    const read = compileReader(format);
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        expect(read(response([word]), 0)).toBe([0x0810, 0x08ea].includes(word & 0x08ff) ? 1 : 0);
        expect(read(response(encode(1, format, [word])), 0)).toBe(1);
        expect(read(response(encode(0, format, [word])), 0)).toBe(0);
      }),
    );
  });

  test("texts, padded and byte-swapped", () => {
    const texts = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, fc.constantFrom("ABCD" as const, "BADC" as const), (text, order) => {
        const format = { type: "string", order, length: 6 } as const;
        expect(compileTextReader(format)(response(encode(text, format)), 0)).toBe(text);
      }),
    );
  });
});

describe("known registers", () => {
  test("40.00 as a maker's manual prints it: 0x4220 0x0000", () => {
    expect(encode(40, { type: "f32", order: "ABCD" })).toEqual([0x4220, 0x0000]);
    expect(encode(40, { type: "f32", order: "CDAB" })).toEqual([0x0000, 0x4220]);
    expect(encode(40, { type: "f32", order: "BADC" })).toEqual([0x2042, 0x0000]);
    expect(encode(40, { type: "f32", order: "DCBA" })).toEqual([0x0000, 0x2042]);
  });

  test("a 64-bit number in the four orders", () => {
    const value = 0x0102_0304_0506_0708n;
    expect(encode(value, { type: "u64", order: "ABCD" })).toEqual([0x0102, 0x0304, 0x0506, 0x0708]);
    expect(encode(value, { type: "u64", order: "CDAB" })).toEqual([0x0708, 0x0506, 0x0304, 0x0102]);
    expect(encode(value, { type: "u64", order: "BADC" })).toEqual([0x0201, 0x0403, 0x0605, 0x0807]);
    expect(encode(value, { type: "u64", order: "DCBA" })).toEqual([0x0807, 0x0605, 0x0403, 0x0201]);
  });

  test("digits that are none read as no number", () => {
    expect(compileReader({ type: "bcd16", order: "ABCD" })(response([0x12a4]), 0)).toBeNaN();
    expect(compileReader({ type: "bcd16", order: "ABCD" })(response([0x1234]), 0)).toBe(1234);
  });

  test("a 64-bit count beyond 2^53 is known to be inexact", () => {
    expect(isExact("u64", roundTrip(2n ** 53n - 1n, { type: "u64", order: "ABCD" }))).toBe(true);
    expect(isExact("u64", roundTrip(2n ** 53n + 1n, { type: "u64", order: "ABCD" }))).toBe(false);
    expect(isExact("f64", 1e300)).toBe(true);
  });

  test.each([
    [70_000, "u16"],
    [-1, "u16"],
    [1.5, "i32"],
    [2n ** 64n, "u64"],
    [10_000, "bcd16"],
    [Number.NaN, "u32"],
  ] as const)("%s does not fit %s", (value, type) => {
    expect(() => encode(value, { type, order: "ABCD" })).toThrow(RangeError);
  });

  // Real frames of an instrument's manual (WitMotion WTVB01-485, v2.5).
  test.each(["500300340003 4984", "5003003a0003 2847", "500300400001 885f", "500300440003 485f"])(
    "CRC of %s",
    (frame) => {
      const bytes = Buffer.from(frame.replace(" ", ""), "hex");
      expect(crc16(bytes, 0, 6)).toBe(bytes.readUInt16LE(6));
    },
  );
});
