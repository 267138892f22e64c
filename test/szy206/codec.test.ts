import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc8 } from "../../drivers/szy206/crc8.ts";
import { AFN, type Frame, writeFrame } from "../../drivers/szy206/frame.ts";
import { FrameReader, type Spoiled } from "../../drivers/szy206/frame-reader.ts";
import { LAYOUTS } from "../../drivers/szy206/layouts.ts";
import {
  MISSING,
  readLabel,
  readNumber,
  type Sign,
  UNREADABLE,
  UNREADABLE_TIME,
  writeLabel,
  writeNumber,
} from "../../drivers/szy206/numbers.ts";
import { readReport } from "../../drivers/szy206/report.ts";
import { HOUR, MILLISECOND } from "../../model/time.ts";
import { beijing } from "../tcp/driver-stand.ts";

/* Two frames that hm1212/szy206-protocol publishes (Szy206ProtocolApplicationTests.java); their sums are right. */
const FLOW = "681A68B35303810D00C00059000000826110000001106000004508090A3516";
const MISSING_FLOW = "681568B34406070001C0AAAAAAAAAA004040000000000101E516";

/** 09:00 of 9 May 2026 in China. */
const NOW = Date.UTC(2026, 4, 9, 1) * MILLISECOND;
const HOW = { layout: LAYOUTS[3], label: true, highFirst: false, zone: 8 * HOUR, now: NOW };

interface Found {
  readonly frames: Frame[];
  readonly spoiled: Spoiled[];
  readonly reader: FrameReader;
}

function readAll(...chunks: Buffer[]): Found {
  const frames: Frame[] = [];
  const spoiled: Spoiled[] = [];
  const reader = new FrameReader({
    frame: (frame) => frames.push({ ...frame, data: Uint8Array.from(frame.data) }),
    spoiled: (why) => spoiled.push(why),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { frames, spoiled, reader };
}

describe("vectors", () => {
  test("the sum of 123456789 is F7", () => {
    expect(crc8(Buffer.from("123456789"), 0, 9)).toBe(0xf7);
  });

  test("flow and volume, mains lost, running on battery", () => {
    const { frames, spoiled } = readAll(Buffer.from(FLOW, "hex"));
    expect(spoiled).toEqual([]);
    expect(frames).toMatchObject([
      { up: true, split: undefined, count: 3, code: 3, address: "5303810D00", afn: AFN.report, long: false },
    ]);
    const report = readReport(frames[0]!, HOW);
    expect(report).toMatchObject({ values: [5.9, 106_182], alarm: 0x1001, status: 0x0060, unread: 0 });
    expect(beijing(report.time)).toBe("2026-05-09 08:45:00");
  });

  test("a flow of AA is missing; a volume may be left out", () => {
    const { frames } = readAll(Buffer.from(MISSING_FLOW, "hex"));
    expect(frames).toMatchObject([{ address: "4406070001", code: 3, afn: AFN.report }]);
    const report = readReport(frames[0]!, HOW);
    expect(report.values).toEqual([MISSING]);
    expect(beijing(report.time)).toBe("2026-05-01 00:00:00");
  });

  test.each([0, 10, 20, 27, 29])("the same with its byte %i changed is none", (at) => {
    const bytes = Buffer.from(FLOW, "hex");
    bytes[at]! ^= 0x10;
    expect(readAll(bytes).frames).toEqual([]);
  });

  test("what is written is what was published", () => {
    const { frames } = readAll(Buffer.from(FLOW, "hex"));
    expect(writeFrame(frames[0]!).toString("hex").toUpperCase()).toBe(FLOW);
  });

  test("a long frame has a length of its own, which counts for one frame", () => {
    const data = Buffer.alloc(1_024, 0x68);
    const body = Buffer.concat([Buffer.from("F02A44060700016100" + "04", "hex"), data]);
    const long = Buffer.concat([
      Buffer.from("680168", "hex"),
      body,
      Buffer.of(crc8(body, 0, body.length), 0x16),
    ]);
    const { frames, spoiled } = readAll(long.subarray(0, 500), long.subarray(500), Buffer.from(FLOW, "hex"));
    expect(spoiled).toEqual([]);
    expect(frames.map(({ afn, long: isLong, split }) => [afn, isLong, split])).toEqual([
      [AFN.picture, true, 0x2a],
      [AFN.report, false, undefined],
    ]);
    expect(frames[0]!.data).toHaveLength(1_024);
  });
});

const frames = fc.record({
  up: fc.boolean(),
  split: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
  count: fc.integer({ min: 0, max: 3 }),
  code: fc.integer({ min: 0, max: 15 }),
  address: fc.stringMatching(/^[0-9A-F]{10}$/),
  afn: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 240 }),
});

describe("encode and decode", () => {
  test("frames, however the stream is cut, between noise and with starts and ends within their data", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(frames, fc.constantFrom("", "h", "\x16\x16", "heartbeat", "hh"))),
        fc.integer({ min: 1, max: 97 }),
        (sent, cut) => {
          const stream = Buffer.concat(
            sent.flatMap(([frame, noise]) => [Buffer.from(noise, "latin1"), writeFrame(frame)]),
          );
          const chunks: Buffer[] = [];
          for (let at = 0; at < stream.length; at += cut) chunks.push(stream.subarray(at, at + cut));
          const found = readAll(...chunks);
          while (found.reader.pending > 0) found.reader.abandon();
          expect(found.frames).toEqual(sent.map(([frame]) => ({ ...frame, long: false })));
        },
      ),
    );
  });

  test.each(
    Object.entries(LAYOUTS).flatMap(([code, places]) => places.map((place, i) => [code, i, place] as const)),
  )("numbers of code %s, place %i", (_code, _i, place) => {
    const least = place.sign === "none" ? 0 : -(10 ** (place.bytes * 2 - 1) - 1);
    const most = (place.sign === "bit" ? 8 : 10) * 10 ** (place.bytes * 2 - 1) - 1;
    fc.assert(
      fc.property(fc.integer({ min: least, max: most }), (raw) => {
        const value = raw / 10 ** place.decimals;
        expect(readNumber(writeNumber(value, place), 0, place)).toBe(value === 0 ? 0 : value);
      }),
    );
    expect(readNumber(writeNumber(null, place), 0, place)).toBe(MISSING);
  });

  test("time labels, around the ends of months", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2020-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
        fc.integer({ min: -10 * 24 * 3_600, max: 10 * 24 * 3_600 }),
        (date, off) => {
          const time = Math.floor(date.getTime() / 1_000) * 1_000_000;
          const label = writeLabel(time, 8 * HOUR);
          expect(readLabel(label, 0, { now: time + off * 1_000_000, zone: 8 * HOUR })).toBe(time);
        },
      ),
    );
  });
});

test("a day that a month does not have is of another month", () => {
  const march = Date.UTC(2026, 2, 1, 2) * MILLISECOND;
  const label = Buffer.from("0000103100", "hex");
  expect(beijing(readLabel(label, 0, { now: march, zone: 8 * HOUR }))).toBe("2026-01-31 10:00:00");
});

describe("numbers that are none", () => {
  const place = { bytes: 4, decimals: 3, sign: "f" as Sign };

  test.each([
    ["AAAAAAAA", MISSING],
    ["AAAAAA00", UNREADABLE],
    ["0A000000", UNREADABLE],
    ["FFFFFFFF", UNREADABLE],
    ["50120300", 31.25],
    ["501203F0", -31.25],
    ["501203B0", UNREADABLE],
  ])("%s", (hex, value) => {
    expect(readNumber(Buffer.from(hex, "hex"), 0, place)).toBe(value);
  });

  test("the highest bit is a sign only where there is one", () => {
    const bytes = Buffer.from("0000000080", "hex");
    expect(readNumber(bytes, 0, { bytes: 5, decimals: 3, sign: "bit" })).toBe(-0);
    expect(readNumber(bytes, 0, { bytes: 5, decimals: 0, sign: "none" })).toBe(8_000_000_000);
  });

  test.each([
    [1e9, place],
    [-1e4, { ...place, sign: "none" as Sign }],
    [9e6, { bytes: 5, decimals: 3, sign: "bit" as Sign }],
  ])("%d does not fit", (value, into) => {
    expect(() => writeNumber(value, into)).toThrow(RangeError);
  });

  test.each(["60000001", "00600001", "00002401", "00000000", "00000032", "AAAAAAAA"])(
    "%s00 is no time",
    (hex) => {
      const label = Buffer.from(`${hex}00`, "hex");
      expect(readLabel(label, 0, { now: NOW, zone: 8 * HOUR })).toBe(UNREADABLE_TIME);
    },
  );
});

describe("reports", () => {
  const report = (hex: string, how: Partial<typeof HOW> = {}) =>
    readReport({ afn: AFN.report, data: Buffer.from(hex, "hex") }, { ...HOW, ...how });

  test("without a time label, and with words whose high byte comes first", () => {
    const { values, alarm, status, time } = report("0059000000" + "1001" + "0060", {
      label: false,
      highFirst: true,
    });
    expect(values).toEqual([5.9]);
    expect([alarm, status, time]).toEqual([0x1001, 0x0060, Number.NaN]);
  });

  test("of a code that nobody knows: the words are read, the rest is counted", () => {
    const told = report("112233" + "0100" + "0000" + "0045080900", { layout: undefined } as never);
    expect(told).toMatchObject({ values: [], alarm: 1, unread: 3 });
  });

  test("an alarm begins with its word", () => {
    const data = Buffer.from("0400" + "112233" + "0045080900", "hex");
    expect(readReport({ afn: AFN.alarm, data }, HOW)).toMatchObject({
      values: [],
      alarm: 4,
      status: undefined,
      unread: 3,
    });
  });

  test.each(["", "00", "00000000", "0045080900", "005900" + "00000000" + "0045080900"])(
    "%j cannot be read",
    (hex) => {
      expect(() => report(hex)).toThrow(expect.objectContaining({ code: "DEVICE_UNDECODABLE" }));
    },
  );
});
