import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import { AcknowledgementSplitter, FrameCheck, type FrameFault } from "../../drivers/mqtt/framing.ts";
import { Gate, type GateFault } from "../../drivers/mqtt/gate.ts";
import { Gatekeeper } from "../../drivers/mqtt/gatekeeper.ts";
import { HeldAcknowledgements } from "../../drivers/mqtt/held-acknowledgements.ts";
import { type Clock, SECOND, SystemClock } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";

const id = fc.integer({ min: 1, max: 65_535 });
const outgoing: fc.Arbitrary<Packet> = fc.oneof(
  id.map((messageId): Packet => ({ cmd: "puback", messageId })),
  id.map((messageId): Packet => ({ cmd: "pubrec", messageId })),
  id.map((messageId): Packet => ({ cmd: "pubcomp", messageId })),
  fc.constant<Packet>({ cmd: "pingresp" }),
  fc.tuple(id, fc.integer({ min: 0, max: 300 })).map(
    ([messageId, size]): Packet => ({
      cmd: "publish",
      topic: "t",
      payload: Buffer.alloc(size, 0x40),
      qos: 1,
      dup: false,
      retain: false,
      messageId,
    }),
  ),
  id.map((messageId): Packet => ({ cmd: "suback", messageId, granted: [1] })),
);

/** Cuts bytes at arbitrary places. */
function chop(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe("outgoing bytes", () => {
  test("however they are chopped, acknowledgements come out whole and everything else passes unchanged", () => {
    fc.assert(
      fc.property(fc.array(outgoing, { maxLength: 20 }), cuts, (packets, at) => {
        const passed: Uint8Array[] = [];
        const acknowledgements: string[] = [];
        const splitter = new AcknowledgementSplitter({
          pass: (bytes) => passed.push(Buffer.from(bytes)),
          acknowledgement: (type, packetId, packet) =>
            acknowledgements.push(`${type} ${packetId} ${packet.length}`),
        });
        for (const chunk of chop(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet))), at))
          splitter.feed(chunk);
        const types: Record<string, number> = { puback: 0x40, pubrec: 0x50, pubcomp: 0x70 };
        expect(acknowledgements).toEqual(
          packets
            .filter(({ cmd }) => cmd in types)
            .map(({ cmd, messageId }) => `${types[cmd]} ${messageId} 4`),
        );
        const others = packets
          .filter(({ cmd }) => !(cmd in types))
          .map((packet) => mqttPacket.generate(packet));
        expect(Buffer.concat(passed)).toEqual(Buffer.concat(others));
        expect(splitter.within).toBe(false);
      }),
    );
  });
});

describe("incoming bytes", () => {
  const check = (largest: number, chunks: readonly Uint8Array[]): FrameFault | undefined => {
    const frames = new FrameCheck(largest, 0x10);
    for (const chunk of chunks) {
      const fault = frames.feed(chunk);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  const hello = mqttPacket.generate({
    cmd: "connect",
    clientId: "c",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
  });

  test("however they are chopped, exactly the packets beyond the limit are refused", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400), { maxLength: 10 }),
        fc.integer({ min: 64, max: 300 }),
        cuts,
        (sizes, largest, at) => {
          const packets = sizes.map((size) =>
            mqttPacket.generate({
              cmd: "publish",
              topic: "t",
              payload: Buffer.alloc(size),
              qos: 0,
              dup: false,
              retain: false,
            }),
          );
          const tooLarge = packets.some((packet) => packet.length > largest);
          expect(check(largest, chop(Buffer.concat([hello, ...packets]), at))).toBe(
            tooLarge ? "packet too large" : undefined,
          );
        },
      ),
    );
  });

  test("another protocol on the port is known by its first byte", () => {
    expect(check(1000, [Buffer.from("GET / HTTP/1.1\r\n\r\n")])).toBe("not MQTT");
    expect(check(1000, [Buffer.from("1603010200010001fc0303", "hex")])).toBe("not MQTT");
    expect(check(1000, [Buffer.from("000100000006010300000001", "hex")])).toBe("not MQTT");
  });

  test("a length of five bytes is malformed; one of 256 MB is refused before a byte of it is stored", () => {
    expect(check(1000, [Buffer.from("10ffffffff7f", "hex")])).toBe("malformed length");
    expect(check(1000, [Buffer.from("10ffffff7f", "hex")])).toBe("packet too large");
  });
});

describe("acknowledgements held", () => {
  /** What a run does: a publication arrives, the library writes an acknowledgement, the disk gets on. */
  type Step =
    | { kind: "arrive"; qos: 1 | 2; ticket: number }
    | { kind: "write"; pick: number }
    | { kind: "durable"; by: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant("arrive" as const),
      qos: fc.constantFrom(1 as const, 2 as const),
      ticket: fc.integer({ min: 0, max: 3 }),
    }),
    fc.record({ kind: fc.constant("write" as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant("durable" as const), by: fc.integer({ min: 0, max: 5 }) }),
  );

  test("each leaves once, in the order of the publications, written and durable, and as soon as that is so", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const held = new HeldAcknowledgements();
        const arrived: { type: number; id: number; ticket: number; written: boolean }[] = [];
        let left = 0;
        let durable = 0;
        let last = 0;
        for (const now of steps) {
          if (now.kind === "arrive") {
            last += now.ticket;
            const one = {
              type: now.qos === 1 ? 0x40 : 0x50,
              id: (arrived.length % 65_535) + 1,
              ticket: last,
              written: false,
            };
            arrived.push(one);
            held.expect(one.type, one.id, one.ticket);
          } else if (now.kind === "write") {
            const open = arrived.filter(({ written }) => !written);
            const one = open[now.pick % Math.max(1, open.length)];
            if (one === undefined) continue;
            one.written = true;
            held.wrote(one.type, one.id, Buffer.from([one.type, 2, one.id >> 8, one.id & 0xff]));
          } else durable += now.by;
          let may = left;
          while (may < arrived.length && arrived[may]!.written && arrived[may]!.ticket <= durable) may++;
          const expected = arrived
            .slice(left, may)
            .map(({ type, id: packetId }) => [type, 2, packetId >> 8, packetId & 0xff]);
          expect([...(held.release(durable) ?? [])]).toEqual(expected.flat());
          left = may;
          expect(held.size).toBe(arrived.length - left);
        }
      }),
    );
  });

  test("what was not kept holds back everything behind it, for ever", () => {
    const held = new HeldAcknowledgements();
    held.expect(0x40, 1, 1);
    held.refuse(0x40, 2);
    held.expect(0x40, 3, 2);
    for (const packetId of [1, 2, 3]) held.wrote(0x40, packetId, Buffer.from([0x40, 2, 0, packetId]));
    expect(held.release(Number.MAX_SAFE_INTEGER)).toEqual(Buffer.from([0x40, 2, 0, 1]));
    expect(held.release(Number.MAX_SAFE_INTEGER)).toBeUndefined();
    expect(held.size).toBe(2);
  });

  test("an MQTT 5 acknowledgement with a reason keeps its bytes and its place", () => {
    const held = new HeldAcknowledgements();
    held.expect(0x40, 1, 1);
    held.expect(0x40, 2, 1);
    held.wrote(0x40, 1, Buffer.from([0x40, 4, 0, 1, 0x10, 0]));
    held.wrote(0x40, 2, Buffer.from([0x40, 2, 0, 2]));
    expect(held.release(1)).toEqual(Buffer.from([0x40, 4, 0, 1, 0x10, 0, 0x40, 2, 0, 2]));
  });
});

/** A gate on a real socket, and the peer at the other end. */
class Pair implements AsyncDisposable {
  readonly gate: Gate;
  readonly peer: Socket;
  readonly keeper: Gatekeeper;
  readonly faults: GateFault[] = [];
  readonly received: Buffer[] = [];
  readonly #close: () => void;

  private constructor(gateSocket: Socket, peer: Socket, options: PairOptions, close: () => void) {
    const clock = options.clock ?? new SystemClock();
    this.peer = peer;
    this.#close = close;
    this.keeper = new Gatekeeper(clock);
    if (options.intake !== undefined) this.keeper.start(options.intake);
    this.gate = new Gate({
      socket: gateSocket,
      keeper: this.keeper,
      clock,
      packetBytes: 1_000,
      held: options.held ?? 100,
      outgoingBytes: 1_000_000,
      stalled: 5 * SECOND,
      onFault: (fault) => this.faults.push(fault),
    });
    this.gate.on("error", () => {});
    peer.on("error", () => {});
    if (options.reading !== false) peer.on("data", (bytes: Buffer) => this.received.push(bytes));
  }

  static async open(options: PairOptions = {}): Promise<Pair> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const peer = connect({ port: address.port, host: "127.0.0.1", noDelay: true });
    const [socket] = (await once(server, "connection")) as [Socket];
    return new Pair(socket, peer, options, () => server.close());
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.keeper.stop();
    this.peer.destroy();
    this.#close();
    return Promise.resolve();
  }
}

interface PairOptions {
  intake?: RecordingIntake;
  clock?: Clock;
  held?: number;
  reading?: boolean;
}

const puback = (packetId: number) => Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]);

describe("a gate on a socket", () => {
  const pairs: Pair[] = [];
  const open = async (options: PairOptions = {}) => {
    const pair = await Pair.open(options);
    pairs.push(pair);
    return pair;
  };
  afterEach(async () => {
    for (const pair of pairs.splice(0)) await pair[Symbol.asyncDispose]();
  });

  test("PUBACK waits for the disk while what comes after it passes", async () => {
    const intake = new RecordingIntake({ instant: false });
    const pair = await open({ intake });
    pair.gate.expect(1, 7, 3);
    pair.gate.write(puback(7));
    pair.gate.write(Buffer.from([0xd0, 0]));
    await until("PINGRESP arrives", () => pair.bytes.equals(Buffer.from([0xd0, 0])));
    intake.makeDurable(2);
    expect(pair.gate.held).toBe(1);
    intake.makeDurable(3);
    await until("PUBACK arrives", () =>
      pair.bytes.equals(Buffer.concat([Buffer.from([0xd0, 0]), puback(7)])),
    );
    expect(pair.gate.held).toBe(0);
  });

  test("an acknowledgement never lands within another packet", async () => {
    const intake = new RecordingIntake({ instant: false });
    const pair = await open({ intake });
    const publication = mqttPacket.generate({
      cmd: "publish",
      topic: "t",
      payload: "abc",
      qos: 0,
      dup: false,
      retain: false,
    });
    pair.gate.expect(1, 1, 1);
    pair.gate.write(puback(1));
    pair.gate.write(publication.subarray(0, 4));
    intake.makeDurable(1);
    pair.gate.write(publication.subarray(4));
    pair.gate.expect(1, 2, 1);
    pair.gate.write(puback(2));
    await until("all arrives", () => pair.bytes.equals(Buffer.concat([publication, puback(1), puback(2)])));
  });

  test("a peer with too many held acknowledgements is read slowly, not never", async () => {
    const intake = new RecordingIntake({ instant: false });
    const clock = new ManualClock();
    const pair = await open({ intake, clock, held: 3 });
    const seen: number[] = [];
    pair.gate.on("readable", () => {
      for (const byte of (pair.gate.read() as Buffer | null) ?? []) seen.push(byte);
    });
    for (let packetId = 1; packetId <= 4; packetId++) {
      pair.gate.expect(1, packetId, packetId);
      pair.gate.write(puback(packetId));
    }
    expect(pair.gate.slowed).toBe(true);
    pair.peer.write(Buffer.from([0xc0, 0]));
    // Not before the next trickle, and then it is.
    await until("the trickle lets it through", () => {
      clock.advance(SECOND / 10);
      return seen.length === 2;
    });
    expect(pair.gate.slowed).toBe(true);
    intake.makeDurable(3);
    expect(pair.gate.slowed).toBe(false);
    pair.peer.write(Buffer.from([0xc0, 0]));
    await until("it is read at once", () => seen.length === 4);
  });

  test("a peer that reads nothing is cut off, and the library never waits for it", async () => {
    const clock = new ManualClock();
    const pair = await open({ clock, reading: false });
    pair.peer.pause();
    const packet = mqttPacket.generate({
      cmd: "publish",
      topic: "t",
      payload: Buffer.alloc(100_000),
      qos: 0,
      dup: false,
      retain: false,
    });
    for (let i = 0; i < 100 && pair.faults.length === 0; i++) {
      expect(pair.gate.write(packet)).toBe(true);
      await new Promise(setImmediate);
    }
    expect(pair.faults).toEqual(["reads too slowly"]);
    expect(pair.gate.destroyed).toBe(true);
  });

  test("a peer that stalls with little waiting is cut off in due time", async () => {
    const clock = new ManualClock();
    const pair = await open({ clock, reading: false });
    pair.peer.pause();
    const packet = mqttPacket.generate({
      cmd: "publish",
      topic: "t",
      payload: Buffer.alloc(100_000),
      qos: 0,
      dup: false,
      retain: false,
    });
    // Until the system's buffers are full and something waits here, yet less than the limit.
    while (pair.gate.socket.writableLength < 100_000) {
      pair.gate.write(packet);
      await new Promise(setImmediate);
    }
    expect(pair.faults).toEqual([]);
    await clock.run(11 * SECOND, SECOND);
    expect(pair.faults).toEqual(["reads too slowly"]);
  });

  test("all that a peer said before it hung up is still read", async () => {
    const pair = await open();
    pair.peer.end(Buffer.from("1003414243", "hex"));
    await once(pair.gate.socket, "close");
    const read: Buffer[] = [];
    pair.gate.on("data", (bytes: Buffer) => read.push(bytes));
    await once(pair.gate, "end");
    expect(Buffer.concat(read).toString("hex")).toBe("1003414243");
    await until("the gate is gone", () => pair.gate.destroyed);
  });

  test("more unacknowledged publications than there are packet identifiers end the connection", async () => {
    const pair = await open({ held: 1_000_000 });
    for (let n = 0; n < 65_535; n++) pair.gate.expect(1, (n % 65_535) + 1, 1);
    expect(pair.faults).toEqual([]);
    pair.gate.expect(1, 1, 1);
    expect(pair.faults).toEqual(["too many unacknowledged"]);
  });
});
