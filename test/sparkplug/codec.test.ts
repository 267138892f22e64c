import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import {
  emptyMetric,
  KIND,
  numberOf,
  Payload,
  PayloadError,
} from "../../drivers/sparkplug/payload-reader.ts";
import { type WrittenMetric, writePayload } from "../../drivers/sparkplug/payload-writer.ts";
import { parseTopic } from "../../drivers/sparkplug/topic.ts";
import { BIRTH, HostStand } from "./site.ts";

function read(bytes: Uint8Array) {
  const payload = new Payload(bytes);
  return {
    time: payload.time,
    seq: payload.seq,
    metrics: Array.from({ length: payload.length }, (_, i) => {
      const metric = emptyMetric();
      payload.metric(i, metric);
      return metric;
    }),
  };
}

describe("the wire", () => {
  test("is read by the field numbers of the specification: bytes put together by hand", () => {
    // timestamp 1000; { name "bdSeq", datatype Int64, long_value 5 }; { alias 300, timestamp 2000, is_historical,
    // datatype Float, Quality 500, float_value 1.5 }; seq 255
    const hex =
      "08e807" +
      "120b" +
      "0a056264536571" +
      "2004" +
      "5805" +
      "1223" +
      "10ac02" +
      "18d00f" +
      "2009" +
      "2801" +
      "4a12" +
      "0a075175616c697479" +
      "1207" +
      "0803" +
      "18f403" +
      "1000" +
      "650000c03f" +
      "18ff01";
    const { time, seq, metrics } = read(Buffer.from(hex, "hex"));
    expect([time, seq]).toEqual([1_000_000, 255]);
    expect(metrics[0]).toMatchObject({ name: "bdSeq", dataType: 4, kind: KIND.long, long: 5n });
    expect(metrics[1]).toMatchObject({
      alias: 300,
      time: 2_000_000,
      historical: true,
      dataType: 9,
      quality: 500,
      kind: KIND.real,
      number: 1.5,
    });
  });

  test("a number of 32 bits that a writer extended to 64 is the same number", () => {
    const bytes = new BinaryWriter().tag(2, WireType.LengthDelimited).fork();
    bytes.tag(4, WireType.Varint).uint32(DATA_TYPE.int32).tag(10, WireType.Varint).int64(-7);
    const [metric] = read(bytes.join().finish()).metrics;
    expect(numberOf(metric!, metric!.dataType)).toBe(-7);
  });

  test("what was written is read back, of all types and in their whole range", () => {
    const number = fc.oneof(
      range(DATA_TYPE.int8, -(2 ** 7), 2 ** 7 - 1),
      range(DATA_TYPE.int16, -(2 ** 15), 2 ** 15 - 1),
      range(DATA_TYPE.int32, -(2 ** 31), 2 ** 31 - 1),
      range(DATA_TYPE.uint8, 0, 2 ** 8 - 1),
      range(DATA_TYPE.uint16, 0, 2 ** 16 - 1),
      range(DATA_TYPE.uint32, 0, 2 ** 32 - 1),
      range(DATA_TYPE.int64, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      range(DATA_TYPE.uint64, 0, Number.MAX_SAFE_INTEGER),
      fc.double().map((value) => ({ dataType: DATA_TYPE.double, value })),
      fc.float().map((value) => ({ dataType: DATA_TYPE.float, value })),
      fc.boolean().map((value) => ({ dataType: DATA_TYPE.boolean, value })),
    );
    const metric = fc.record({
      name: fc.string(),
      alias: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      timestamp: fc.nat({ max: 2 ** 42 }),
      number,
    });
    fc.assert(
      fc.property(fc.array(metric, { maxLength: 5 }), fc.nat({ max: 255 }), (written, seq) => {
        const metrics = written.map(({ number, ...rest }) => ({ ...rest, ...number }));
        const back = read(writePayload({ timestamp: 5, seq, metrics }));
        expect(back.seq).toBe(seq);
        for (const [i, { name, alias, timestamp, dataType, value }] of metrics.entries()) {
          const got = back.metrics[i]!;
          expect([got.name, BigInt(got.alias!), got.time]).toEqual([name, alias, timestamp * 1000]);
          expect(numberOf(got, dataType)).toBe(Number(value));
        }
      }),
    );
  });
});

function range(dataType: number, min: number, max: number) {
  return fc.maxSafeInteger().map((any) => {
    const span = max - min + 1;
    const value = span > Number.MAX_SAFE_INTEGER ? any : min + (((any % span) + span) % span);
    return { dataType, value: value < min ? 0 : value };
  });
}

describe("a payload that is none", () => {
  const whole = writePayload({ timestamp: 1, seq: 1, metrics: BIRTH });

  test("cut anywhere it either ends between two fields or is refused", () => {
    for (let end = 0; end < whole.length; end++) {
      try {
        read(whole.subarray(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(PayloadError);
      }
    }
  });

  test.each([
    ["a metric longer than the payload", "12ff7f"],
    ["a name longer than its metric", "1203 0aff7f"],
    ["a value longer than its metric, with bytes behind it", "1202 6905 0102030405060708"],
    ["a field of another type", "1202 5500"],
    ["a group", "0b"],
    ["a group within a metric", "1202 a301"],
    ["a number without an end", "08ffffffffffffffffffffff"],
    ["field number 0", "00"],
  ])("%s", (_, hex) => {
    expect(() => read(Buffer.from(hex.replaceAll(" ", ""), "hex"))).toThrow(PayloadError);
  });

  test("templates within templates end somewhere", () => {
    let metric: WrittenMetric = { name: "x", dataType: DATA_TYPE.double, value: 1 };
    for (let i = 0; i < 2_000; i++) {
      metric = { name: "Pump", dataType: DATA_TYPE.template, template: [metric] };
    }
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", [metric], { device: "panel" });
    expect(stand.count("undecodable")).toBe(0);
    expect(stand.last()).toContain("panel.inner NaN configuration_error");
  });

  test("costs that message: it is quarantined, what follows is doubted, and a birth is asked for", () => {
    const stand = new HostStand();
    stand.born();
    const { asked } = stand;
    stand.clock.advance(60_000_000);
    stand.raw("DDATA", Buffer.from("12ff7f", "hex"), { device: "panel" });
    expect(stand.intake.undecodable).toHaveLength(1);
    expect(stand.asked).toBe(asked + 1);
    stand.data([{ alias: 2, value: true }]);
    expect(stand.last()).toEqual(["panel.alarm 1 last_usable"]);
  });

  test("bytes changed at random never do more than be refused, and never end the host", () => {
    const stand = new HostStand();
    stand.born();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom("NBIRTH", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NDATA"),
        (changes, verb) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, byte] of changes) bytes[at] = byte;
          stand.raw(verb, bytes, verb.startsWith("D") ? { device: "panel" } : {});
        },
      ),
      { numRuns: 3_000 },
    );
    stand.born();
    stand.data([{ alias: 1, dataType: DATA_TYPE.double, value: 9 }]);
    expect(stand.last()).toEqual(["panel.lel 9 good"]);
  });
});

test("topics", () => {
  expect(parseTopic("spBv1.0/G/DDATA/N/D")).toEqual({ group: "G", verb: "DDATA", node: "N", device: "D" });
  expect(parseTopic("spBv1.0/G/NBIRTH/N")).toEqual({
    group: "G",
    verb: "NBIRTH",
    node: "N",
    device: undefined,
  });
  for (const none of [
    "spAv1.0/G/DDATA/N/D",
    "spBv1.0/G/DDATA/N",
    "spBv1.0/G/DDATA/N/",
    "spBv1.0/G/NDATA/N/D",
    "spBv1.0/G/NCMD/N",
    "spBv1.0/STATE/host",
    "spBv1.0//NDATA/N",
    "spBv1.0/G/DDATA/N/D/E",
  ]) {
    expect(parseTopic(none)).toBeUndefined();
  }
});
