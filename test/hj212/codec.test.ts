import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import { encodeText } from "../../drivers/gb26875/gb18030.ts";
import { crc212 } from "../../drivers/hj212/crc.ts";
import { type Check, FrameReader, type Spoiled } from "../../drivers/hj212/frame-reader.ts";
import { writeFrame } from "../../drivers/hj212/frame-writer.ts";
import { Parameters, readTime, UNREADABLE_TIME, writeTime } from "../../drivers/hj212/parameters.ts";
import { readSegment, type Segment, writeSegment } from "../../drivers/hj212/segment.ts";
import { HOUR, SECOND } from "../../model/time.ts";
import { beijing } from "../tcp/driver-stand.ts";

/** Frames of others; what is not `ok` must be rejected. */
const VECTORS = [
  {
    text: "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\r\n",
    source: "HJ 212-2017, annex A, example",
    ok: true,
    segment: { qn: "20160801085857223", st: "32", cn: 1062, pw: "100000", flag: 5, cp: "RtdInterval=30" },
  },
  {
    text: "##0317QN=20191012133710130;ST=22;CN=2011;PW=123456;MN=Y80110010000010;Flag=4;CP=&&DataTime=20191012133710;a21005-Rtd=0.00,a21005-Flag=N;a21004-Rtd=0.00,a21004-Flag=N;a21007-Rtd=0.033,a21007-Flag=N;a21006-Rtd=0.036,a21006-Flag=N;a21001-Rtd=25.40,a21001-Flag=N;a21003-Rtd=101.94,a21003-Flag=N;a21002-Rtd=49.20,a21002-Flag=N&&cc01\r\n",
    source: "guocay/hj212-protocol, ApplicationTest.java",
    ok: true,
    segment: { qn: "20191012133710130", st: "22", cn: 2011, pw: "123456", mn: "Y80110010000010", flag: 4 },
  },
  {
    text: "##0136ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817;B01-Rtd=36.91;011-Rtd=231.0,011-Flag=N;060-Rtd=1.803,060-Flag=N&&4980\r\n",
    source: "guocay/hj212-protocol, ApplicationTest.java: its sum is 3C00",
    ok: false,
  },
  {
    text: "##0078QN=20260521143000123;ST=91;CN=9014;PW=123456;MN=Y80110010000010;Flag=4;CP=&&&&7D00\r\n",
    source: "made from the rules",
    ok: true,
    segment: { qn: "20260521143000123", st: "91", cn: 9014, flag: 4, cp: "" },
  },
] as const;

interface Found {
  readonly segments: Segment[];
  readonly checks: Check[];
  readonly spoiled: Spoiled[];
  readonly reader: FrameReader;
}

/** Reads chunks; frames with a wrong sum are refused unless `tolerant`. */
function readAll(chunks: readonly Buffer[], { tolerant = false } = {}): Found {
  const segments: Segment[] = [];
  const checks: Check[] = [];
  const spoiled: Spoiled[] = [];
  const reader = new FrameReader({
    frame: (segment, check) => {
      if (check !== "right" && !tolerant) return false;
      checks.push(check);
      segments.push(readSegment(segment));
      return true;
    },
    spoiled: (why) => spoiled.push(why),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { segments, checks, spoiled, reader };
}

/** All values of parameters: `a21028-Rtd 0.5 N @2026-05-21 14:30:00`. */
function values(cp: string): string[] {
  const told: string[] = [];
  new Parameters().read(cp, 8 * HOUR, {
    value: ({ code, field, text, flag, time }) =>
      told.push(
        [`${code}-${field}`, text, flag, Number.isNaN(time) ? "" : `@${beijing(time)}`].join(" ").trim(),
      ),
  });
  return told;
}

describe("vectors", () => {
  test.each(VECTORS)("$source", ({ text, ok, ...rest }) => {
    const found = readAll([Buffer.from(text, "latin1")]);
    expect(found.segments).toHaveLength(ok ? 1 : 0);
    expect(found.spoiled).toEqual(ok ? [] : ["crc"]);
    expect(found.reader.pending).toBe(0);
    if ("segment" in rest) expect(found.segments[0]).toMatchObject(rest.segment);
  });

  test("the sum is the standard's own: that of 123456789 is 2F80, where Modbus has 4B37", () => {
    const bytes = Buffer.from("123456789");
    expect(crc212(bytes, 0, 9)).toBe(0x2f80);
    expect(crc16(bytes)).toBe(0x4b37);
  });

  test("what the second one says", () => {
    const text = VECTORS[1].text;
    const [segment] = readAll([Buffer.from(text, "latin1")]).segments;
    expect(values(segment!.cp)).toEqual([
      "a21005-Rtd 0.00 N @2019-10-12 13:37:10",
      "a21004-Rtd 0.00 N @2019-10-12 13:37:10",
      "a21007-Rtd 0.033 N @2019-10-12 13:37:10",
      "a21006-Rtd 0.036 N @2019-10-12 13:37:10",
      "a21001-Rtd 25.40 N @2019-10-12 13:37:10",
      "a21003-Rtd 101.94 N @2019-10-12 13:37:10",
      "a21002-Rtd 49.20 N @2019-10-12 13:37:10",
    ]);
  });

  test("the answer is written as the fourth one is", () => {
    const [segment] = readAll([Buffer.from(VECTORS[3].text)]).segments;
    expect(writeFrame(writeSegment(segment!)).toString("latin1")).toBe(VECTORS[3].text);
  });
});

const name = fc.stringMatching(/^[A-Za-z0-9]{1,10}$/);
const cps = fc.array(
  fc.tuple(name, fc.constantFrom("Rtd", "Avg", "Cou"), fc.double({ noNaN: true, noDefaultInfinity: true })),
  { maxLength: 20 },
);
const segments = fc.record({
  qn: fc.oneof(fc.constant(""), fc.stringMatching(/^20\d{15}$/)),
  st: fc.constantFrom("22", "32", "91"),
  cn: fc.integer({ min: 1, max: 9_999 }),
  pw: fc.stringMatching(/^[0-9A-Za-z]{0,9}$/),
  mn: fc.stringMatching(/^[0-9A-Za-z]{14,24}$/),
  flag: fc.integer({ min: 0, max: 255 }),
  packet: fc.option(
    fc
      .tuple(fc.integer({ min: 2, max: 50 }), fc.nat())
      .map(([total, n]) => ({ total, number: (n % total) + 1 })),
    { nil: undefined },
  ),
  cp: cps.map((items) => items.map(([code, field, value]) => `${code}-${field}=${value}`).join(";")),
});

describe("encode and decode", () => {
  test("what is written is read, however the stream is cut, between noise and line ends left out", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            segments,
            fc.constantFrom("\r\n", "", "\n"),
            fc.constantFrom("", "##", "#0123", "heartbeat"),
          ),
        ),
        fc.integer({ min: 1, max: 97 }),
        (sent, cut) => {
          const stream = Buffer.concat(
            sent.flatMap(([segment, end, noise]) => {
              const frame = writeFrame(writeSegment(segment));
              return [Buffer.from(noise), frame.subarray(0, frame.length - 2), Buffer.from(end)];
            }),
          );
          const chunks: Buffer[] = [];
          for (let at = 0; at < stream.length; at += cut) chunks.push(stream.subarray(at, at + cut));
          const found = readAll(chunks);
          while (found.reader.pending > 0) found.reader.abandon();
          expect(found.segments).toEqual(sent.map(([segment]) => segment));
        },
      ),
    );
  });

  test("times", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
        (date) => {
          const time = date.getTime() * 1_000;
          expect(readTime(writeTime(time, 8 * HOUR, 17), 8 * HOUR)).toBe(time);
          expect(readTime(writeTime(time, 8 * HOUR), 8 * HOUR)).toBe(Math.floor(time / SECOND) * SECOND);
        },
      ),
    );
    expect(writeTime(Date.UTC(2026, 4, 21, 6, 30, 5, 7) * 1_000, 8 * HOUR, 17)).toBe("20260521143005007");
  });

  test.each([
    "",
    "2026",
    "20261321143000",
    "20260231143000",
    "20260521243000",
    "20260521146000",
    "today",
    "2026052114300",
  ])("%j is no time", (text) => {
    expect(readTime(text, 0)).toBe(UNREADABLE_TIME);
  });
});

describe("frames", () => {
  test("the length counts bytes: a text in GBK does not move the end", () => {
    const text = encodeText("站名=污水排放口");
    const segment = Buffer.concat([
      Buffer.from("QN=20260521143000123;ST=32;CN=2011;PW=1;MN=A1;Flag=5;CP=&&"),
      text,
      Buffer.from(";w01018-Rtd=20.5&&"),
    ]);
    const found = readAll([writeFrame(segment), writeFrame(segment)]);
    expect(found.spoiled).toEqual([]);
    expect(found.segments).toHaveLength(2);
    expect(values(found.segments[1]!.cp).at(-1)).toBe("w01018-Rtd 20.5");
  });

  test("a wrong length swallows no good frame behind it", () => {
    const good = Buffer.from(VECTORS[0].text);
    const lying = Buffer.from("##9999QN=1;ST=32;CN=2011;PW=1;MN=A1;Flag=5;CP=&&&&0000\r\n");
    const found = readAll([Buffer.concat([lying, good])]);
    expect(found.segments).toEqual([]);
    found.reader.abandon();
    expect(found.segments).toHaveLength(1);
    expect(found.spoiled).toEqual(["unfinished"]);
  });

  test("a frame whose length reaches over the next ones, and whose sum is wrong therefore, swallows none of them", () => {
    const good = Buffer.from(VECTORS[0].text);
    const lying = Buffer.from("##0150QN=1;ST=32;CN=2011;PW=1;MN=A1;Flag=5;CP=&&&&ABCD\r\n");
    const found = readAll([Buffer.concat([lying, good, good, good])]);
    expect(found.segments).toHaveLength(3);
    expect(found.spoiled).toEqual(["crc"]);
  });

  test("sums in either case; those of Modbus are told from wrong ones", () => {
    const segment = Buffer.from("QN=1;ST=32;CN=2011;PW=1;MN=A1;Flag=5;CP=&&a-Rtd=1&&");
    const right = writeFrame(segment);
    const lower = Buffer.from(right.toString("latin1").replace(/.{6}$/s, (end) => end.toLowerCase()));
    const wrong = Buffer.from(right);
    wrong[10]! ^= 1;
    const found = readAll([right, lower, writeFrame(segment, crc16), wrong], { tolerant: true });
    expect(found.checks).toEqual(["right", "right", "modbus", "wrong"]);
  });
});

describe("segments that are none", () => {
  test.each([
    ["without a command", "ST=32;PW=1;MN=A1;Flag=5;CP=&&&&"],
    ["with a command in words", "ST=32;CN=go;PW=1;MN=A1;Flag=5;CP=&&&&"],
    ["without an identity", "ST=32;CN=2011;PW=1;Flag=5;CP=&&&&"],
    ["with an identity of control characters", "ST=32;CN=2011;PW=1;MN=\x00\x01;Flag=5;CP=&&&&"],
    ["with an endless identity", `ST=32;CN=2011;PW=1;MN=${"A".repeat(41)};Flag=5;CP=&&&&`],
    ["with a Flag in words", "ST=32;CN=2011;PW=1;MN=A1;Flag=yes;CP=&&&&"],
    ["whose parameters do not end", "ST=32;CN=2011;PW=1;MN=A1;Flag=5;CP=&&a-Rtd=1"],
    ["of packet 3 of 2", "ST=32;CN=2011;PW=1;MN=A1;Flag=7;PNUM=2;PNO=3;CP=&&&&"],
    ["of packet 0", "ST=32;CN=2011;PW=1;MN=A1;Flag=7;PNUM=2;PNO=0;CP=&&&&"],
    ["of packets without a number", "ST=32;CN=2011;PW=1;MN=A1;Flag=7;PNUM=2;CP=&&&&"],
    ["that are empty", ""],
  ])("%s", (_, text) => {
    expect(() => readSegment(Buffer.from(text, "latin1"))).toThrow(
      expect.objectContaining({ code: "DEVICE_UNDECODABLE" }),
    );
  });

  test("the edition of 2005 has no Flag", () => {
    const segment = readSegment(
      Buffer.from("ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&B01-Rtd=36.91&&"),
    );
    expect(segment).toMatchObject({ qn: "", flag: 0, mn: "LD130133000015", packet: undefined });
  });
});

describe("parameters", () => {
  test("separators in any order, flags before values, empty values, spaces", () => {
    expect(values("DataTime=20260521143000,a1-Flag=D;a1-Rtd= 1.5 ;;a2-Rtd=,a2-Flag=N")).toEqual([
      "a1-Rtd 1.5 D @2026-05-21 14:30:00",
      "a2-Rtd  N @2026-05-21 14:30:00",
    ]);
  });

  test("several times begin groups of their own; a flag is of its group", () => {
    expect(values("DataTime=20260521140000;a1-Avg=1,a1-Flag=N;DataTime=20260521150000;a1-Avg=2")).toEqual([
      "a1-Avg 1 N @2026-05-21 14:00:00",
      "a1-Avg 2  @2026-05-21 15:00:00",
    ]);
  });

  test("a factor's own time comes before that of the report; without any there is none", () => {
    expect(values("DataTime=20260521143000;a1-SampleTime=20260521142500,a1-Rtd=1;a2-Rtd=2")).toEqual([
      "a1-Rtd 1  @2026-05-21 14:25:00",
      "a2-Rtd 2  @2026-05-21 14:30:00",
    ]);
    expect(values("a1-Rtd=1")).toEqual(["a1-Rtd 1"]);
  });

  test("what is no item is counted", () => {
    const nothing = { value: () => {} };
    expect(new Parameters().read("hello;=3;a-Rtd=1;", 0, nothing)).toBe(2);
  });
});
