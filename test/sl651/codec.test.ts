import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type WrittenReport, writeReport } from "../../drivers/sl651/body-writer.ts";
import { ACK, ENQ, EOT, ESC, ETB, ETX, NAK } from "../../drivers/sl651/control.ts";
import { ELEMENTS, type Element, isBlock } from "../../drivers/sl651/elements.ts";
import { BODY_MAX, type Encoding, type Frame, LAYOUT } from "../../drivers/sl651/frame.ts";
import { writeFrame } from "../../drivers/sl651/frame-writer.ts";
import { formatStationAddress, parseStationAddress } from "../../drivers/sl651/station-address.ts";
import { MINUTE } from "../../model/time.ts";
import { atBeijing, BEIJING, beijing, readStream, type Told, tell } from "./reading.ts";

const RIVER = 0x48;

const encodings = fc.constantFrom<Encoding>("hex", "ascii");

const frames: fc.Arbitrary<Frame> = fc
  .record({
    encoding: encodings,
    up: fc.boolean(),
    centre: fc.integer({ min: 0, max: 255 }),
    station: fc.integer({ min: 1, max: 2 ** 40 - 1 }),
    password: fc.integer({ min: 0, max: 0xffff }),
    code: fc.integer({ min: 0, max: 0xff }),
    packet: fc.option(
      fc.record({ total: fc.integer({ min: 1, max: 4095 }), sequence: fc.integer({ min: 1, max: 4095 }) }),
      { nil: undefined },
    ),
    body: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.constant(new Uint8Array(BODY_MAX - LAYOUT.ascii.packet).fill(0x7e)),
    ),
  })
  .chain((frame) =>
    fc
      .constantFrom(...(frame.up ? [ETX, ETB] : [ENQ, ACK, NAK, EOT, ESC]))
      .map((end): Frame => ({ ...frame, end })),
  );

const plain = (frame: Frame) => ({ ...frame, body: Buffer.from(frame.body).toString("hex") });

describe("frames", () => {
  test("what is written is read, however the stream is cut, between noise and bodies full of 7E7E", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(frames, fc.uint8Array({ maxLength: 20 })), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 600 }),
        (sent, cut) => {
          // Noise without anything that could begin a frame.
          const noise = (bytes: Uint8Array) =>
            Buffer.from(bytes.map((b) => (b === 1 || b === 0x7e ? 0x20 : b)));
          const stream = Buffer.concat(sent.flatMap(([frame, bytes]) => [noise(bytes), writeFrame(frame)]));
          const chunks: Buffer[] = [];
          for (let at = 0; at < stream.length; at += cut) chunks.push(stream.subarray(at, at + cut));
          const { frames: found, spoiled, reader } = readStream(...chunks);
          expect(found.map(plain)).toEqual(sent.map(([frame]) => plain(frame)));
          expect(spoiled).toEqual([]);
          expect(reader.pending).toBe(0);
          expect(reader.skipped).toBe(sent.reduce((sum, [, bytes]) => sum + bytes.length, 0));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a flipped bit never passes, and never takes the next frame with it", () => {
    fc.assert(
      fc.property(frames, frames, fc.nat(), (first, second, at) => {
        const spoiled = writeFrame(first);
        const bit = at % (spoiled.length * 8);
        spoiled[bit >> 3]! ^= 1 << (bit & 7);
        const { frames: found, reader } = readStream(spoiled, writeFrame(second));
        while (reader.pending > 0) reader.abandon();
        // A letter of an ASCII CRC that changed its case still says the same.
        for (const frame of found.slice(0, -1)) expect(plain(frame)).toEqual(plain(first));
        expect(plain(found.at(-1)!)).toEqual(plain(second));
      }),
      { numRuns: 300 },
    );
  });

  test("a length that promises more than comes is given up, and what it had swallowed is found", () => {
    const frame: Frame = {
      encoding: "hex",
      up: true,
      centre: 1,
      station: 0x12345678,
      password: 0,
      code: 0x2f,
      packet: undefined,
      body: Buffer.alloc(8),
      end: ETX,
    };
    const whole = writeFrame(frame);
    const promising = Buffer.from(whole);
    promising.writeUInt16BE(0x0fff, LAYOUT.hex.lengthAt);
    const { frames: found, spoiled, reader } = readStream(promising, whole, whole);
    expect(found).toEqual([]);
    reader.abandon();
    expect(found).toHaveLength(2);
    expect(spoiled).toEqual(["unfinished"]);
  });

  test("the swapped CRC of a Modbus programmer is refused", () => {
    const raw = Buffer.from("7E7E01001234567812342F0008020003591011155111036BCA", "hex");
    raw.subarray(-2).reverse();
    expect(readStream(raw)).toMatchObject({ frames: [], spoiled: ["crc"] });
  });

  test("a body that is too long for one frame is the caller's mistake", () => {
    const body = new Uint8Array(BODY_MAX + 1);
    const frame: Frame = {
      ...readStream(Buffer.from("7E7E01001234567812342F0008020003591011155111036BCA", "hex")).frames[0]!,
      body,
    };
    expect(() => writeFrame(frame)).toThrow(RangeError);
  });
});

const times = fc
  .integer({ min: 0, max: 50 * 366 * 24 * 60 })
  .map((minutes) => atBeijing("2020-01-01 00:00:00") + minutes * MINUTE);

/** A value of an element as wide as its definition allows; or none; twelve of them for a block. */
const written: fc.Arbitrary<{ element: Element; value: number | null | (number | null)[] }> = fc
  .constantFrom(...ELEMENTS)
  .chain((element): fc.Arbitrary<{ element: Element; value: number | null | (number | null)[] }> => {
    const top = element.hexBytes === undefined ? 10 ** element.digits - 1 : 2 ** (8 * element.hexBytes) - 2;
    const low = element.hexBytes === undefined ? -top : 0;
    const value = fc.option(
      fc
        .integer({ min: Math.max(low, -(10 ** 9)), max: Math.min(top, 10 ** 9) })
        .map((n) => n / 10 ** element.decimals),
    );
    if (!isBlock(element.guide)) return value.map((one) => ({ element, value: one }));
    return fc.array(value, { minLength: 12, maxLength: 12 }).map((values) => ({ element, value: values }));
  });

describe("bodies", () => {
  test("what is written is read: stations, times, elements, negative and missing values, in both encodings", () => {
    fc.assert(
      fc.property(
        encodings,
        fc.record({ serial: fc.integer({ min: 1, max: 0xffff }), sent: times }),
        fc.array(
          fc.record({
            address: fc.integer({ min: 1, max: 99_999_999 }).map((n) => Number.parseInt(String(n), 16)),
            groups: fc.array(
              fc.record({ observed: times, elements: fc.array(written, { minLength: 1, maxLength: 5 }) }),
              { minLength: 1, maxLength: 3 },
            ),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        (encoding, { serial, sent }, stations) => {
          const report: WrittenReport = {
            serial,
            sent,
            stations: stations.map(({ address, groups }) => ({
              address,
              category: RIVER,
              groups: groups.map(({ observed, elements }) => ({
                observed,
                elements: elements.map(({ element, value }) => ({ guide: element.guide, value })),
              })),
            })),
          };
          const bytes = writeReport(report, { encoding, offset: BEIJING });
          const text = (value: number | null) => (value === null ? "-" : String(value === 0 ? 0 : value));
          const expected = stations.flatMap(({ groups }) =>
            groups.flatMap(({ observed, elements }) =>
              elements.flatMap(({ element, value }) =>
                [value]
                  .flat()
                  .map((one, i) => `${element.id} ${text(one)} @${beijing(observed + i * 5 * MINUTE, 16)}`),
              ),
            ),
          );
          const told = tell({ encoding, code: 0x32, bytes });
          expect(told.elements).toEqual(expected);
          expect(told.serial).toBe(serial);
          expect(told.sent).toBe(beijing(sent, 19));
          expect(told.stations).toEqual(stations.map(({ address }) => `${formatStationAddress(address)} 48`));
        },
      ),
      { numRuns: 300 },
    );
  });

  const sent = atBeijing("2026-05-21 14:30:00");
  const row = { observed: atBeijing("2026-05-21 14:00:00"), step: 10 * MINUTE, guide: 0x39 };
  const station = { address: 0x12345678, category: RIVER };

  test.each<Encoding>(["hex", "ascii"])(
    "a row of equal steps with a negative and a missing value (%s)",
    (encoding) => {
      const report = {
        serial: 7,
        sent,
        stations: [{ ...station, row: { ...row, values: [175.25, null, -0.5] } }],
      };
      const bytes = writeReport(report, { encoding, offset: BEIJING });
      expect(tell({ encoding, code: 0x31, bytes }).elements).toEqual([
        "Z 175.25 @2026-05-21 14:00",
        "Z - @2026-05-21 14:10",
        "Z -0.5 @2026-05-21 14:20",
      ]);
    },
  );

  test("an ASCII report as the standard spaces it, with several elements in a row of steps", () => {
    const text = "0003260521143000ST 0012345678 H TT 2605211400 DRN05 Z PJ 175.250 1.5 M 2.0 175.300 M ";
    const told = tell({ encoding: "ascii", code: 0x31, bytes: Buffer.from(text) });
    expect(told.stations).toEqual(["0012345678 48"]);
    expect(told.elements).toEqual([
      "Z 175.25 @2026-05-21 14:00",
      "PJ 1.5 @2026-05-21 14:00",
      "Z - @2026-05-21 14:05",
      "PJ 2 @2026-05-21 14:05",
      "Z 175.3 @2026-05-21 14:10",
      "PJ - @2026-05-21 14:10",
    ]);
  });

  test("class H of a river is told from element H, the depth to groundwater", () => {
    const river = tell({
      encoding: "ascii",
      code: 0x32,
      bytes: Buffer.from("0001260521143000ST 0012345678 H TT 2605211430 H 3.50 "),
    });
    expect(river.stations).toEqual(["0012345678 48"]);
    expect(river.elements).toEqual(["H 3.5 @2026-05-21 14:30"]);
    const well = tell({
      encoding: "ascii",
      code: 0x46,
      bytes: Buffer.from("0001260521143000ST 0012345678 ZT 00000006 "),
    });
    expect(well.elements).toEqual(["ZT 6 @2026-05-21 14:30"]);
  });

  test("hours of five-minute blocks follow a step of nothing", () => {
    const blocks = Buffer.concat([Buffer.alloc(12, 1), Buffer.alloc(12, 2)]);
    const bytes = Buffer.concat([
      Buffer.from("0001260521143000F1F1001234567850F0F026052112050418000000F460", "hex"),
      blocks,
    ]);
    const { elements } = tell({ encoding: "hex", code: 0x38, bytes });
    expect(elements).toHaveLength(24);
    expect([elements[0], elements[11], elements[12], elements[23]]).toEqual([
      "DRP 0.1 @2026-05-21 12:05",
      "DRP 0.1 @2026-05-21 13:00",
      "DRP 0.2 @2026-05-21 13:05",
      "DRP 0.2 @2026-05-21 14:00",
    ]);
  });

  test("an extended element, and one that the standard does not have", () => {
    const bytes = Buffer.from(
      "0001260521143000F1F1001234567848F0F02605211430FF211200157712 1234".replace(" ", ""),
      "hex",
    );
    expect(tell({ encoding: "hex", code: 0x32, bytes }).elements).toEqual([
      "FF21H 0.15 @2026-05-21 14:30",
      "77H 12.34 @2026-05-21 14:30",
    ]);
  });

  test.each([
    ["an element that is longer than what is left", "39230017", []],
    ["a digit that is none", "39230017A500", ["Z ? @2026-05-21 14:30"]],
    ["an observation time that is cut off", "F0F02605", []],
    ["a block that is no number of values", "F518000102", []],
  ])("%s", (_, hex, elements) => {
    const bytes = Buffer.from(`0001260521143000F1F1001234567848F0F02605211430${hex}`, "hex");
    const told: Told = { serial: -1, sent: "", stations: [], elements: [] };
    const read = () => tell({ encoding: "hex", code: 0x32, bytes }, told);
    if (elements.length > 0) read();
    else expect(read).toThrow(expect.objectContaining({ code: "DEVICE_UNDECODABLE" }));
    expect(told.elements).toEqual(elements);
  });

  test("a time that is none is 1970, which the intake refuses; midnight may be 24:00", () => {
    const at = (digits: string) => {
      const bytes = Buffer.from(`0001260521143000F1F1001234567848F0F0${digits}38121260`, "hex");
      return tell({ encoding: "hex", code: 0x32, bytes }).elements[0];
    };
    expect(at("2613211430")).toBe("VT 12.6 @1970-01-01 08:00");
    expect(at("2602291430")).toBe("VT 12.6 @1970-01-01 08:00");
    expect(at("2605212400")).toBe("VT 12.6 @2026-05-22 00:00");
  });
});

test("addresses as people write them", () => {
  expect(formatStationAddress(parseStationAddress("0012345678")!)).toBe("0012345678");
  expect(formatStationAddress(parseStationAddress("12345678")!)).toBe("0012345678");
  expect(formatStationAddress(parseStationAddress("500237-17")!)).toBe("5002370011");
  for (const wrong of ["", "123", "0000000000", "500237-0", "500237-65535", "12 34", "001234567G"]) {
    expect(parseStationAddress(wrong), wrong).toBeUndefined();
  }
});

test("numbers keep their decimals: 10.490 m is 10.49, not 10.490000000000002", () => {
  const bytes = Buffer.from(
    "0001260521143000F1F1001234567848F0F0260521143039230001049039230000000139239999999900".slice(0, -2),
    "hex",
  );
  expect(tell({ encoding: "hex", code: 0x32, bytes }).elements).toEqual([
    "Z 10.49 @2026-05-21 14:30",
    "Z 0.001 @2026-05-21 14:30",
    "Z 99999.999 @2026-05-21 14:30",
  ]);
});
