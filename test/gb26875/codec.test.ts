import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUnit } from "../../drivers/gb26875/encode-unit.ts";
import { ADDRESS_MAX, encodeFrame, FRAME_MAX, readFrame, UNIT_MAX } from "../../drivers/gb26875/frame.ts";
import { FrameReader } from "../../drivers/gb26875/frame-reader.ts";
import { decodeText, encodeText } from "../../drivers/gb26875/gb18030.ts";
import { identityOf } from "../../drivers/gb26875/repeats.ts";
import { readTime, writeTime } from "../../drivers/gb26875/timestamp.ts";
import {
  DESCRIPTION_BYTES,
  decodeUnit,
  type InformationObject,
  isUnitType,
  OBJECT_FIELDS,
  TYPE,
  UNIT_HEADER_BYTES,
  type UnitType,
} from "../../drivers/gb26875/unit.ts";
import { zoneOf } from "../../drivers/zone.ts";
import { SECOND } from "../../model/time.ts";
import { cut, Found, frameOf, kept, readAll } from "./reading-frames.ts";
import { bytesOf, VECTORS } from "./vectors.ts";

const ZONE = zoneOf("+08:00");
const OPTIONS = { zone: ZONE, shortComponents: true };

const byte = fc.integer({ min: 0, max: 255 });
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));

const anyFrame = fc.record({
  serial: fc.integer({ min: 0, max: 0xffff }),
  mainVersion: byte,
  userVersion: byte,
  time: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  source: fc.maxSafeNat().map((n) => n % (ADDRESS_MAX + 1)),
  destination: fc.maxSafeNat().map((n) => n % (ADDRESS_MAX + 1)),
  command: byte,
  unit: bytes(UNIT_MAX),
});
/** Instants that six bytes can say: whole seconds from 2000 to 2255. */
const instant = fc
  .integer({ min: Date.UTC(2000, 0, 2) / 1_000, max: Date.UTC(2255, 0, 1) / 1_000 })
  .map((seconds) => seconds * SECOND);

describe("frames", () => {
  test("what is encoded is decoded again, whatever is in it, in whatever pieces it comes, glued together", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 }),
        (frames, sizes) => {
          const found = readAll(cut(Buffer.concat(frames.map(encodeFrame)), sizes));
          expect(found.faults).toEqual([]);
          expect(found.skippedBytes).toBe(0);
          expect(found.frames).toEqual(frames.map(kept));
        },
      ),
    );
  });

  test("the end characters inside a unit end nothing", () => {
    const unit = Buffer.from("232323234040234023", "hex");
    expect(readAll([frameOf({ unit })]).frames.map((frame) => frame.unit)).toEqual([unit.toString("hex")]);
  });

  test("rubbish before, between and behind frames costs no frame", () => {
    const rubbish = Buffer.from("00ff2323 40 0d0a".replaceAll(" ", ""), "hex");
    const [a, b] = [frameOf({ serial: 1 }), frameOf({ serial: 2 })];
    const found = readAll([rubbish, a, rubbish, b, rubbish]);
    expect(found.frames.map(({ serial }) => serial)).toEqual([1, 2]);
    expect(found.skippedBytes).toBe(3 * rubbish.length);
  });

  test("a start character too many before a frame costs no frame", () => {
    const found = readAll([Buffer.from("40"), Buffer.from("@"), frameOf({ serial: 7 })]);
    expect(found.frames.map(({ serial }) => serial)).toEqual([7]);
  });

  test("a damaged length does not swallow the good frame behind it", () => {
    const damaged = frameOf({ serial: 1, unit: Buffer.alloc(20) });
    const good = frameOf({ serial: 2 });
    for (let length = 0; length <= UNIT_MAX; length++) {
      if (length === 20) continue;
      damaged.writeUInt16LE(length, 24);
      const found = readAll([damaged, good]);
      expect(
        found.frames.map(({ serial }) => serial),
        `length ${length}`,
      ).toContain(2);
      expect(found.faults.length, `length ${length}`).toBeGreaterThan(0);
    }
  });

  test("a length beyond the standard is refused at once, without waiting for what it promises", () => {
    const frame = frameOf({ serial: 1 });
    frame.writeUInt16LE(UNIT_MAX + 1, 24);
    const found = new Found();
    new FrameReader(found).feed(Buffer.concat([frame, frameOf({ serial: 2 })]));
    expect(found.faults).toEqual(["too long"]);
    expect(found.frames.map(({ serial }) => serial)).toEqual([2]);
  });

  test("any single damaged bit is noticed, but one that only moves the start", () => {
    const whole = bytesOf("smoke-fire");
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 1 << bit;
        const found = readAll([damaged]);
        expect(found.frames, `byte ${at} bit ${bit}`).toEqual([]);
        expect(found.faults.length + found.skippedBytes).toBeGreaterThan(0);
      }
    }
  });

  test("a frame broken within is one fault, however much in it looks like a beginning", () => {
    const frame = frameOf({ unit: Buffer.alloc(600, "@") });
    frame[100]! ^= 1;
    const found = readAll([frame, frameOf({ serial: 9 })]);
    expect(found.faults).toEqual(["checksum"]);
    expect(found.frames.map(({ serial }) => serial)).toEqual([9]);
  });

  test("an unfinished frame holds at most its own length, and gives way when it is given up", () => {
    const found = new Found();
    const reader = new FrameReader(found);
    const begun = frameOf({ unit: Buffer.alloc(UNIT_MAX) }).subarray(0, FRAME_MAX - 40);
    reader.feed(begun);
    expect(reader.pending).toBe(begun.length);
    const behind = frameOf({ serial: 5 });
    reader.feed(behind.subarray(0, 20));
    expect(found.frames).toEqual([]);
    reader.giveUp();
    expect(found.faults).toEqual(["cut short"]);
    reader.feed(behind.subarray(20));
    expect(found.frames.map(({ serial }) => serial)).toEqual([5]);
  });
});

describe("times", () => {
  test("what is written is read again, to the second", () => {
    fc.assert(
      fc.property(instant, (time) => {
        expect(readTime(writeTime(time, ZONE), 0, ZONE)).toBe(time);
      }),
    );
  });

  test.each([
    ["all zero", [0, 0, 0, 0, 0, 0]],
    ["month 13", [0, 0, 0, 1, 13, 26]],
    ["31 June", [0, 0, 0, 31, 6, 26]],
    ["29 February of a common year", [0, 0, 0, 29, 2, 26]],
    ["hour 24", [0, 0, 24, 1, 1, 26]],
    ["all ones", [255, 255, 255, 255, 255, 255]],
  ])("%s is no time", (_, raw) => {
    expect(readTime(Uint8Array.from(raw), 0, ZONE)).toBeNaN();
  });

  test("29 February of a leap year is one", () => {
    expect(readTime(Uint8Array.of(0, 0, 0, 29, 2, 28), 0, 0)).toBe(Date.UTC(2028, 1, 29) * 1_000);
  });
});

describe("texts", () => {
  test("what is encoded is decoded again: every character that GB18030 has, in two bytes or four", () => {
    const character = fc
      .integer({ min: 0x21, max: 0x2_ffff })
      // Surrogates, controls, private use, blanks and what stands for "no character".
      .filter((point) => !/[\p{Cs}\p{Cc}\p{Co}\p{Cn}\s\ufffd]/u.test(String.fromCodePoint(point)))
      .map((point) => String.fromCodePoint(point));
    fc.assert(
      fc.property(fc.array(character, { maxLength: 15 }), (characters) => {
        const text = characters.join("");
        expect(decodeText(encodeText(text))).toBe(text);
      }),
    );
  });

  test.each([
    ["zeros", "33B2E3D7DFC0C80000000000", "3层走廊"],
    ["spaces", "33B2E3D7DFC0C82020202020", "3层走廊"],
    ["the byte A0", "33B2E3D7DFC0C8A0A0A0A0A0", "3层走廊"],
    ["control characters before", "010233B2E3D7DFC0C8000000", "3层走廊"],
    ["nothing at all", "000000000000000000000000", ""],
    ["a character cut in half", "33B2E3D7", "3层"],
    ["rubbish behind the zero", "33B2E3D7DFC0C800FFFF4040", "3层走廊"],
  ])("filled with %s", (_, hex, text) => {
    expect(decodeText(Buffer.from(hex, "hex"))).toBe(text);
  });
});

const TYPES = Object.values(TYPE);

/** An object of a type, with its own fields at random and all others as they are when a type lacks them. */
function objectOf(type: UnitType): fc.Arbitrary<InformationObject> {
  const fields = new Set<string>(OBJECT_FIELDS[type]);
  const when = (field: string, of: fc.Arbitrary<number>) => (fields.has(field) ? of : fc.constant(0));
  return fc.record({
    system: when("system", byte),
    systemAddress: when("systemAddress", byte),
    component: when("component", byte),
    address: when("address", fc.integer({ min: 0, max: 0xffff_ffff })),
    flags: fields.has("state") ? fc.integer({ min: 0, max: 0xffff }) : when("flags", byte),
    analog: when("analog", byte),
    raw: when("raw", fc.integer({ min: -32_768, max: 32_767 })),
    operator: when("operator", byte),
    major: when("major", byte),
    minor: when("minor", byte),
    records: when("records", byte),
    text: fields.has("description")
      ? fc
          .uint8Array({ minLength: DESCRIPTION_BYTES, maxLength: DESCRIPTION_BYTES })
          .map((text) => Buffer.from(text))
      : fields.has("text")
        ? bytes(60)
        : fc.constant(Buffer.alloc(0)),
    time: fields.has("time") ? fc.oneof(instant, fc.constant(Number.NaN)) : fc.constant(Number.NaN),
  });
}

describe("application units", () => {
  test.each(TYPES)("type %i: what is encoded is decoded again", (type) => {
    fc.assert(
      fc.property(fc.array(objectOf(type), { minLength: 1, maxLength: 12 }), (objects) => {
        const decoded = decodeUnit(encodeUnit(type, objects, { zone: ZONE }), OPTIONS);
        expect(decoded).toEqual({ type, objects });
      }),
      { numRuns: 50 },
    );
  });

  test("component states without their text are taken when that is permitted, and refused when not", () => {
    const unit = readAll([bytesOf("short-object-1")]).frames[0]!.unit;
    const decode = (shortComponents: boolean) =>
      decodeUnit(Buffer.from(unit, "hex"), { zone: ZONE, shortComponents });
    expect(decode(true).objects).toHaveLength(1);
    expect(() => decode(false)).toThrow(expect.objectContaining({ code: "DEVICE_UNDECODABLE" }));
  });

  test.each(TYPES)("type %i: a byte too few or too many, or a wrong count, is refused", (type) => {
    const [object] = fc.sample(objectOf(type), { numRuns: 1, seed: 1 });
    const whole = encodeUnit(type, [object!, object!], { zone: ZONE });
    const refused = expect.objectContaining({ code: "DEVICE_UNDECODABLE" });
    expect(() => decodeUnit(whole.subarray(0, -1), OPTIONS)).toThrow(refused);
    expect(() => decodeUnit(Buffer.concat([whole, Buffer.of(0)]), OPTIONS)).toThrow(refused);
    for (const count of [0, 1, 3, 255]) {
      const wrong = Buffer.from(whole);
      wrong[1] = count;
      expect(() => decodeUnit(wrong, OPTIONS), `count ${count}`).toThrow(refused);
    }
  });

  test("types of vendors, reserved ones and no type at all are refused", () => {
    const refused = expect.objectContaining({ code: "DEVICE_UNDECODABLE" });
    for (let type = 0; type < 256; type++) {
      if (isUnitType(type)) continue;
      expect(() => decodeUnit(Buffer.of(type, 1, 0, 0), OPTIONS), `type ${type}`).toThrow(refused);
    }
    expect(() => decodeUnit(Buffer.alloc(1), OPTIONS)).toThrow(refused);
  });
});

test("frames of equal words are told apart by source and serial number, neighbours of both included", () => {
  const unit = encodeUnit(TYPE.deviceState, [{ flags: 1, time: Date.UTC(2026, 4, 21) * 1_000 }], {
    zone: ZONE,
  });
  const seen = new Set<string>();
  for (let source = 0; source < 100; source++) {
    for (let serial = 0; serial < 1_000; serial++) {
      const { high, low } = identityOf(readFrame(frameOf({ source, serial, unit }), 0));
      seen.add(`${high} ${low}`);
    }
  }
  expect(seen.size).toBe(100_000);
});

/** A small generator with a seed, so that a crash can be had again. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("twenty thousand mutated frames: nothing is thrown but what is meant, and nothing piles up", () => {
  const roll = dice(26_875);
  const found = { frames: 0, refused: 0 };
  const reader = new FrameReader({
    frame: ({ unit }) => {
      found.frames++;
      if (unit.length < UNIT_HEADER_BYTES) return;
      try {
        decodeUnit(unit, OPTIONS);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "DEVICE_UNDECODABLE" });
        found.refused++;
      }
    },
    fault: () => {},
    skipped: () => {},
  });
  const originals = VECTORS.map(({ hex }) => Buffer.from(hex, "hex"));
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(originals[roll(originals.length)]!);
    for (let mutations = roll(4); mutations > 0; mutations--) bytes[roll(bytes.length)] = roll(256);
    const sound = roll(2) === 0;
    // Half of them get a right sum again, so that what is inside is looked at.
    if (sound && bytes.length > 30) {
      bytes[bytes.length - 3] = bytes.subarray(2, -3).reduce((sum, value) => (sum + value) & 0xff, 0);
    }
    const length = bytes.length - (roll(10) === 0 ? roll(bytes.length) : 0);
    for (const piece of cut(bytes.subarray(0, length), [1 + roll(60)])) reader.feed(piece);
    expect(reader.pending).toBeLessThanOrEqual(FRAME_MAX);
    if (roll(50) === 0) reader.giveUp();
  }
  expect(found.frames).toBeGreaterThan(5_000);
  expect(found.refused).toBeGreaterThan(200);
});
