import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import { AsciiPort, asciiFrame, parseAsciiFrame } from "../../drivers/modbus/ascii-port.ts";
import type { Request } from "../../drivers/modbus/request.ts";
import { RtuPort } from "../../drivers/modbus/rtu-port.ts";
import { type MakePort, ModbusSession } from "../../drivers/modbus/session.ts";
import { MILLISECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";

/*
 * A line on which others speak too: a second master, a converter that echoes, noise. Bytes are pushed by hand.
 */

/** Writes go nowhere; what the test pushes is what is heard. */
class Line extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written.push(Buffer.from(bytes));
    callback();
  }
}

interface Framing {
  readonly name: string;
  readonly frame: (...bytes: number[]) => Buffer;
  readonly make: (clock: ManualClock) => MakePort;
}

const RTU: Framing = {
  name: "RTU",
  frame: (...bytes) => {
    const frame = Buffer.from([...bytes, 0, 0]);
    frame.writeUInt16LE(crc16(frame, 0, bytes.length), bytes.length);
    return frame;
  },
  make: (clock) => (line, events) => new RtuPort(line, events, { clock }),
};
const ASCII: Framing = {
  name: "ASCII",
  frame: (...bytes) => asciiFrame(Buffer.from(bytes)),
  make: (clock) => (line, events) => new AsciiPort(line, events, { clock }),
};

function session(framing: Framing) {
  const clock = new ManualClock();
  const line = new Line();
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const unasked: string[] = [];
  const made = new ModbusSession(
    { stream: line, ended, close: () => resolve(undefined) },
    framing.make(clock),
    {
      clock,
      inFlight: 1,
      name: "line",
    },
  );
  made.onUnasked((shape) => unasked.push(shape));
  const ask = (request: Partial<Request>) => {
    const settled = { words: "pending" };
    made
      .ask(
        { unit: 1, table: "holding", address: 200, count: 1, anyUnit: false, ...request },
        100 * MILLISECOND,
      )
      .then(
        (bytes) => {
          settled.words = bytes.length === 0 ? "done" : Buffer.from(bytes).toString("hex");
        },
        (error: { code: string }) => {
          settled.words = error.code;
        },
      );
    return settled;
  };
  const hear = async (...frames: Buffer[]) => {
    line.push(Buffer.concat(frames));
    await new Promise(setImmediate);
  };
  return { clock, line, unasked, ask, hear, strays: () => made.strays };
}

describe.each([RTU, ASCII])("$name on a line that is shared", (framing) => {
  const { frame } = framing;
  const answer = frame(1, 3, 2, 0x00, 0xc8);

  test("another master's answer of the same form is not ours; ours behind it is", async () => {
    const { ask, hear } = session(framing);
    const asked = ask({});
    // The other master asks unit 1 for one register too, another one, and is answered first.
    await hear(frame(1, 3, 0x12, 0x34, 0, 1), frame(1, 3, 2, 0xde, 0xad));
    expect(asked.words).toBe("pending");
    await hear(answer);
    expect(asked.words).toBe("00c8");
  });

  test("a question of another master that was heard before ours still has its answer to come", async () => {
    const { ask, hear } = session(framing);
    await hear(frame(1, 3, 0x12, 0x34, 0, 1));
    const asked = ask({});
    await hear(frame(1, 3, 2, 0xde, 0xad), answer);
    expect(asked.words).toBe("00c8");
  });

  test("its talk with other units is skipped, and is no damage", async () => {
    const { ask, hear, clock } = session(framing);
    const asked = ask({});
    await hear(frame(9, 4, 0, 0, 0, 2), frame(9, 4, 4, 1, 2, 3, 4), frame(9, 16, 0, 0, 0, 1, 2, 0, 5));
    await hear(frame(9, 16, 0, 0, 0, 1), frame(9, 0x83, 2), answer);
    expect(asked.words).toBe("00c8");
    clock.advance(200 * MILLISECOND);
  });

  test("an answer that was given up is told of when it comes at last", async () => {
    const { ask, hear, clock, unasked } = session(framing);
    const asked = ask({});
    clock.advance(150 * MILLISECOND);
    await hear();
    expect(asked.words).toBe("DEVICE_TIMEOUT");
    await hear(answer);
    expect(unasked).toEqual(["1 3 2"]);
  });

  test("a converter that echoes is known by its reads, so that the echo of a write is not its answer", async () => {
    const { ask, hear, line } = session(framing);
    const read = ask({});
    await hear(line.written[0]!, answer);
    expect(read.words).toBe("00c8");
    const write = ask({ values: [7], single: true } as Partial<Request>);
    await hear(line.written[1]!);
    expect(write.words).toBe("pending");
    await hear(line.written[1]!);
    expect(write.words).toBe("done");
  });

  test("an echo behind noise is no question of another master", async () => {
    const { ask, hear, line } = session(framing);
    const read = ask({});
    await hear(Buffer.from([0x00, 0x41, 0xff]), line.written[0]!, answer);
    expect(read.words).toBe("00c8");
  });

  test("a write that is answered with another value has not been done", async () => {
    const { ask, hear, clock } = session(framing);
    const write = ask({ values: [7], single: true } as Partial<Request>);
    await hear(frame(1, 6, 0, 200, 0, 8));
    clock.advance(150 * MILLISECOND);
    await hear();
    expect(write.words).toBe("DEVICE_ANSWER");
  });

  test.each([
    ["FC 5", { table: "coil", values: [1], single: true }, [1, 5, 0, 200, 0xff, 0]],
    ["FC 15", { table: "coil", count: 3, values: [1, 0, 1], single: false }, [1, 15, 0, 200, 0, 3]],
    ["FC 16", { count: 2, values: [1, 2], single: false }, [1, 16, 0, 200, 0, 2]],
  ] as const)("%s is answered by its address and value or count", async (_, request, reply) => {
    const { ask, hear } = session(framing);
    const write = ask(request as Partial<Request>);
    await hear(frame(...reply));
    expect(write.words).toBe("done");
  });

  test("a broadcast is over when it is sent: nobody answers", async () => {
    const { ask, hear, line } = session(framing);
    const write = ask({ unit: 0, values: [7], single: true } as Partial<Request>);
    await hear();
    expect(write.words).toBe("done");
    expect(line.written[0]).toEqual(frame(0, 6, 0, 200, 0, 7));
  });

  test("an identification is as long as its objects", async () => {
    const { ask, hear } = session(framing);
    const asked = ask({ identify: true } as Partial<Request>);
    const reply = frame(1, 0x2b, 0x0e, 1, 1, 0, 0, 2, 0, 2, 0x41, 0x42, 1, 1, 0x43);
    await hear(reply.subarray(0, 9));
    expect(asked.words).toBe("pending");
    await hear(reply.subarray(9));
    expect(Buffer.from(asked.words, "hex").toString()).toBe('{"0":"AB","1":"C"}');
  });

  test("comes in any pieces, with noise before it, and is read all the same", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }),
        async (noise, cuts) => {
          const { ask, hear } = session(framing);
          const asked = ask({});
          let rest = Buffer.concat([noise, answer]);
          for (const cut of cuts) {
            if (rest.length > 0) await hear(rest.subarray(0, cut));
            rest = rest.subarray(cut);
          }
          await hear(rest);
          expect(asked.words).toBe("00c8");
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("ASCII frames", () => {
  test("the standard's example: unit 17 is asked for coils 20 to 56", () => {
    expect(asciiFrame(Buffer.from([0x11, 1, 0, 0x13, 0, 0x25])).toString()).toBe(":110100130025B6\r\n");
    expect(parseAsciiFrame("110100130025B6")).toEqual(Buffer.from([0x11, 1, 0, 0x13, 0, 0x25]));
  });

  test.each(["110100130025B7", "110100130025B", "zz0100130025B6", ""])("%s is damaged", (text) => {
    expect(parseAsciiFrame(text)).toBeUndefined();
  });

  test("a frame that never ends is noise, and bounded", async () => {
    const { ask, hear, strays } = session(ASCII);
    const asked = ask({});
    await hear(Buffer.from(`:${"0".repeat(700)}`));
    expect(strays()).toBeGreaterThan(600);
    await hear(ASCII.frame(1, 3, 2, 0, 200));
    expect(asked.words).toBe("00c8");
  });
});
