import { expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import { MILLISECOND, SECOND } from "../../model/time.ts";
import { until } from "../support/until.ts";
import { play } from "./play.ts";
import { RawClient, tcpRequest } from "./raw-client.ts";

/** A detector that shows 12.5 %LEL (raw 125), with what goes wrong in the first ten seconds. */
const scenario = (fault: string, type = "modbus-tcp") => `
tick: 100ms
links:
  bus: { type: ${type}, listen: "127.0.0.1:0" }
devices:
  gd-01: { profile: generic-lel, link: bus, address: { unit: 7 }, channels: { lel: 12.5 } }
  gd-02: { profile: generic-lel, link: bus, address: { unit: 8 }, channels: { lel: 1 } }
story:
  - at: 0s
    for: 10s
    faults: [${fault}]
`;

const request = (transaction: number, unit = 7) => tcpRequest(transaction, { unit, address: 0, count: 1 });
/** Transaction, protocol, length 5, unit, FC 3, two bytes: 0x007d. */
const answer = (transaction: number, unit = 7, register = 125) =>
  Buffer.from([transaction >> 8, transaction & 0xff, 0, 0, 0, 5, unit, 3, 2, register >> 8, register & 0xff]);

test("without a fault it answers like the book", async () => {
  await using played = await play(scenario("{ kind: timeout, on: gd-02 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(0x0102));
  expect(await client.take(11)).toEqual(answer(0x0102));
});

test("two requests in one packet, and one in two", async () => {
  await using played = await play(scenario("{ kind: timeout, on: gd-02 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(Buffer.concat([request(1), request(2), request(3).subarray(0, 5)]));
  expect(await client.take(22)).toEqual(Buffer.concat([answer(1), answer(2)]));
  client.send(request(3).subarray(5));
  expect(await client.take(11)).toEqual(answer(3));
});

test("no answer: the next one that is answered comes without it", async () => {
  await using played = await play(scenario("{ kind: timeout, on: gd-01, every: 2 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(Buffer.concat([request(1), request(2), request(3), request(4), request(5)]));
  expect(await client.take(33)).toEqual(Buffer.concat([answer(1), answer(3), answer(5)]));
});

test("the fault is over when its time is, and befalls nobody else", async () => {
  await using played = await play(scenario("{ kind: timeout, on: gd-01 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(Buffer.concat([request(1), request(2, 8)]));
  expect(await client.take(11)).toEqual(answer(2, 8, 10));
  played.clock.advance(10 * SECOND);
  client.send(request(3));
  expect(await client.take(11)).toEqual(answer(3));
});

test("an exception", async () => {
  await using played = await play(scenario("{ kind: exception, code: 6, on: gd-01 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(1));
  expect(await client.take(9)).toEqual(Buffer.from([0, 1, 0, 0, 0, 3, 7, 0x83, 6]));
});

test("the connection is reset", async () => {
  await using played = await play(scenario("{ kind: reset, on: gd-01 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(1));
  expect(await client.ended()).toBe("ECONNRESET");
});

test("the answer comes in pieces, one after each pause", async () => {
  await using played = await play(scenario("{ kind: fragments, size: 4, pause: 20ms, on: link@bus }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(1));
  expect(await client.take(4)).toEqual(answer(1).subarray(0, 4));
  expect(client.received).toHaveLength(0);
  await until("the pause is armed", () => played.clock.pending >= 2);
  played.clock.advance(20 * MILLISECOND);
  expect(await client.take(4)).toEqual(answer(1).subarray(4, 8));
  expect(client.received).toHaveLength(0);
  played.clock.advance(20 * MILLISECOND);
  expect(await client.take(3)).toEqual(answer(1).subarray(8));
});

test("stray bytes before and after", async () => {
  const faults = `{ kind: stray, bytes: "de ad", on: gd-01 }, { kind: stray, bytes: "be", place: after, on: gd-01 }`;
  await using played = await play(scenario(faults));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(1));
  const expected = Buffer.concat([Buffer.from([0xde, 0xad]), answer(1), Buffer.from([0xbe])]);
  expect(await client.take(14)).toEqual(expected);
});

test("half an answer", async () => {
  await using played = await play(scenario("{ kind: truncated, on: gd-01, every: 2 }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(Buffer.concat([request(1), request(2), request(3)]));
  expect(await client.take(27)).toEqual(Buffer.concat([answer(1), answer(2).subarray(0, 5), answer(3)]));
});

test("a wrong unit id and a wrong transaction id", async () => {
  await using played = await play(
    scenario("{ kind: wrong-unit, on: gd-01 }, { kind: wrong-transaction, on: gd-02 }"),
  );
  await using client = await RawClient.connect(played.port("bus"));
  client.send(request(1));
  expect(await client.take(11)).toEqual(answer(1, 8, 125));
  client.send(request(2, 8));
  const wrong = await client.take(11);
  expect(wrong.readUInt16BE(0)).not.toBe(2);
  expect(wrong.subarray(2)).toEqual(answer(2, 8, 10).subarray(2));
});

test("a slow answer, and the ones behind it wait", async () => {
  await using played = await play(scenario("{ kind: slow, delay: 3s, on: gd-01 }"));
  await using client = await RawClient.connect(played.port("bus"));
  const idle = played.clock.pending;
  client.send(Buffer.concat([request(1), request(2, 8)]));
  await until("the answer waits for its time", () => played.clock.pending > idle);
  expect(client.received).toHaveLength(0);
  played.clock.advance(3 * SECOND);
  expect(await client.take(22)).toEqual(Buffer.concat([answer(1), answer(2, 8, 10)]));
});

test("a dead link: its connections are reset, its port is closed, and both are back afterwards", async () => {
  await using played = await play(`
repeat: 60s
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices: { gd-01: { profile: generic-lel, link: bus, address: { unit: 7 }, channels: { lel: 12.5 } } }
story: [{ at: 5s, for: 20s, faults: [{ kind: dead, on: link@bus }] }]
`);
  const port = played.port("bus");
  await using client = await RawClient.connect(port);
  client.send(request(1));
  expect(await client.take(11)).toEqual(answer(1));
  played.clock.advance(5 * SECOND);
  expect(await client.ended()).toBe("ECONNRESET");
  await until("the port is closed", async () => {
    const refused = await RawClient.connect(port).then(
      async (open) => {
        await open[Symbol.asyncDispose]();
        return false;
      },
      (failure: NodeJS.ErrnoException) => failure.code === "ECONNREFUSED",
    );
    return refused;
  });
  played.clock.advance(20 * SECOND);
  const again = await until("the port is open again", () => RawClient.connect(port).catch(() => undefined));
  await using _open = again;
  again.send(request(2));
  expect(await again.take(11)).toEqual(answer(2));
});

test("registers that are not there", async () => {
  await using played = await play(scenario("{ kind: missing, on: gd-01.fault_code }"));
  await using client = await RawClient.connect(played.port("bus"));
  client.send(tcpRequest(1, { unit: 7, address: 0, count: 3 }));
  expect(await client.take(9)).toEqual(Buffer.from([0, 1, 0, 0, 0, 3, 7, 0x83, 2]));
  client.send(tcpRequest(2, { unit: 7, address: 0, count: 2 }));
  expect(await client.take(13)).toEqual(Buffer.from([0, 2, 0, 0, 0, 7, 7, 3, 4, 0, 125, 0, 0]));
});

test("not a number, a code and a stuck value", async () => {
  await using played = await play(`
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices:
  gd-01: { profile: generic-lel, link: bus, address: { unit: 7 }, channels: { lel: 12.5 } }
  wl-1: { profile: keller-series30, link: bus, address: { unit: 2 } }
story:
  - { at: 0s, for: 1s, faults: [{ kind: nan, on: gd-01.lel }, { kind: nan, on: wl-1.pressure }] }
  - { at: 2s, for: 1s, faults: [{ kind: code, reason: over_range, on: gd-01.lel }] }
  - { at: 4s, for: 1s, faults: [{ kind: code, raw: 999, on: gd-01.lel }] }
  - { at: 6s, for: 1s, faults: [{ kind: code, reason: warming_up, on: gd-01.lel }] }
  - { at: 8s, for: 4s, set: { gd-01.lel: { ramp: 100 } } }
  - { at: 9s, for: 10s, faults: [{ kind: stuck, on: gd-01 }] }
`);
  await using client = await RawClient.connect(played.port("bus"));
  const registers = async (): Promise<number[]> => {
    client.send(tcpRequest(1, { unit: 7, address: 0, count: 2 }));
    const frame = await client.take(13);
    return [frame.readInt16BE(9), frame.readUInt16BE(11)];
  };
  expect(await registers()).toEqual([-32_768, 0]);
  client.send(tcpRequest(2, { unit: 2, address: 2, count: 2 }));
  expect((await client.take(13)).readFloatBE(9)).toBeNaN();
  played.clock.advance(2 * SECOND);
  expect(await registers()).toEqual([32_767, 0]);
  played.clock.advance(2 * SECOND);
  expect(await registers()).toEqual([999, 0]);
  played.clock.advance(2 * SECOND);
  // The profile has no number for it: bit 3 of the status word says it.
  expect(await registers()).toEqual([125, 0b1000]);
  played.clock.advance(2 * SECOND);
  expect(await registers()).toEqual([125, 0]);
  played.clock.advance(SECOND);
  const [stuck] = await registers();
  expect(stuck).toBe(344);
  played.clock.advance(5 * SECOND);
  expect(await registers()).toEqual([344, 0]);
  played.clock.advance(5 * SECOND);
  expect(await registers()).toEqual([1000, 0]);
});

test("RTU frames over TCP: noise before a request, a wrong check sum, and silence for a stranger", async () => {
  await using played = await play(scenario("{ kind: wrong-crc, on: gd-02 }", "modbus-rtu-over-tcp"));
  await using client = await RawClient.connect(played.port("bus"));
  // Unit 7, 8 or 9, FC 3, register 0, one register, check sum with its low byte first.
  const seven = Buffer.from("070300000001846c", "hex");
  const eight = Buffer.from("0803000000018493", "hex");
  const nine = Buffer.from("0903000000018542", "hex");
  client.send(Buffer.concat([Buffer.from([0x00]), nine, seven.subarray(0, 3)]));
  client.send(seven.subarray(3));
  expect((await client.take(7)).subarray(0, 5)).toEqual(Buffer.from([7, 3, 2, 0, 125]));
  client.send(Buffer.concat([eight, seven]));
  const [wrong, right] = [await client.take(7), await client.take(7)];
  expect(wrong.subarray(0, 5)).toEqual(Buffer.from([8, 3, 2, 0, 10]));
  expect(wrong.readUInt16LE(5)).not.toBe(crc16(wrong, 0, 5));
  expect(right.readUInt16LE(5)).toBe(crc16(right, 0, 5));
});

test("half a frame on a serial line is forgotten after a pause", async () => {
  await using played = await play(scenario("{ kind: wrong-crc, on: gd-02 }", "modbus-rtu-over-tcp"));
  await using client = await RawClient.connect(played.port("bus"));
  const seven = Buffer.from("070300000001846c", "hex");
  // Behind a whole request, one to write 255 bytes begins, and nothing more comes of it.
  client.send(Buffer.concat([seven, Buffer.from("071000000001ff", "hex")]));
  await client.take(7);
  played.clock.advance(SECOND);
  client.send(seven);
  expect((await client.take(7)).subarray(0, 5)).toEqual(Buffer.from([7, 3, 2, 0, 125]));
});

test("what no instrument understands gets an exception, what is not there gets none or another", async () => {
  await using played = await play(scenario("{ kind: timeout, on: gd-02 }"));
  await using client = await RawClient.connect(played.port("bus"));
  const frame = (unit: number, pdu: number[]) => Buffer.from([0, 9, 0, 0, 0, pdu.length + 1, unit, ...pdu]);
  const cases: [Buffer, number[]][] = [
    // Writing is not for simulators.
    [frame(7, [6, 0, 0, 0, 1]), [0x86, 1]],
    // 126 registers are one too many; none is none.
    [frame(7, [3, 0, 0, 0, 126]), [0x83, 3]],
    [frame(7, [3, 0, 0, 0, 0]), [0x83, 3]],
    [frame(7, [3, 0, 0]), [0x83, 3]],
    // Beyond the last register, and beyond all registers.
    [frame(7, [3, 0, 0, 0, 5]), [0x83, 2]],
    [frame(7, [3, 0xff, 0xff, 0, 2]), [0x83, 2]],
    // A table that the product does not have.
    [frame(7, [2, 0, 0, 0, 1]), [0x82, 2]],
    // A unit that is not there: the gateway says so.
    [frame(9, [3, 0, 0, 0, 1]), [0x83, 11]],
  ];
  for (const [bytes, pdu] of cases) {
    client.send(bytes);
    expect([...(await client.take(9)).subarray(7)]).toEqual(pdu);
  }
});

test("the same seed gives the same bytes, another seed does not, and who asks how often makes no difference", async () => {
  const noisy = `
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices:
  gd-01:
    profile: generic-lel
    link: bus
    address: { unit: 7 }
    channels: { lel: [{ constant: 20 }, { sine: { amplitude: 3, period: 7s } }, { noise: { amplitude: 2, every: 500ms } }] }
`;
  const run = async (seed: number, extraQuestions: number): Promise<string> => {
    await using played = await play(noisy, { seed });
    await using client = await RawClient.connect(played.port("bus"));
    let bytes = "";
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < extraQuestions; i++) {
        client.send(request(1));
        await client.take(11);
      }
      client.send(tcpRequest(second, { unit: 7, address: 0, count: 4 }));
      bytes += (await client.take(17)).toString("hex");
      played.clock.advance(SECOND);
    }
    return bytes;
  };
  const first = await run(1, 0);
  expect(await run(1, 3)).toBe(first);
  expect(await run(2, 0)).not.toBe(first);
});
