import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { within } from "../support/until.ts";
import { missing } from "./available.ts";
import { mbpollRead, mbpollWrite } from "./mbpoll.ts";
import { startPymodbus } from "./pymodbus.ts";
import { startSerialPair } from "./serial-pair.ts";

describe.skipIf(missing("pymodbus", "mbpoll"))("a foreign Modbus server asked by a foreign client", () => {
  test("registers tell their own address, on every unit and table", async () => {
    await using modbus = await startPymodbus({ units: { 1: {}, 247: {} } });
    for (const unit of [1, 247]) {
      const at = { unit, address: 1000, count: 3 };
      expect(await mbpollRead(modbus, { ...at, table: "holding" })).toEqual([1000, 1001, 1002]);
      expect(await mbpollRead(modbus, { ...at, table: "input" })).toEqual([1000, 1001, 1002]);
      expect(await mbpollRead(modbus, { ...at, table: "coils" })).toEqual([0, 1, 0]);
      expect(await mbpollRead(modbus, { ...at, table: "discrete" })).toEqual([0, 1, 0]);
    }
    expect(await mbpollRead(modbus, { unit: 1, table: "holding", address: 65535, count: 1 })).toEqual([
      65535,
    ]);
  });

  test("given values replace the address, a hole answers exception 2, an unknown unit nothing", async () => {
    await using modbus = await startPymodbus({
      units: {
        5: {
          holding: { values: { 10: [700, 65535] }, holes: [[13, 2]] },
          input: { values: { 0: [1] }, only: true },
        },
      },
    });
    const holding = { unit: 5, table: "holding" } as const;
    expect(await mbpollRead(modbus, { ...holding, address: 9, count: 4 })).toEqual([9, 700, 65535, 12]);
    await expect(mbpollRead(modbus, { ...holding, address: 12, count: 2 })).rejects.toThrow(
      /Illegal data address/,
    );
    expect(await mbpollRead(modbus, { ...holding, address: 15, count: 1 })).toEqual([15]);
    const input = { unit: 5, table: "input", address: 0 } as const;
    await expect(mbpollRead(modbus, { ...input, count: 2 })).rejects.toThrow(/Illegal data address/);
    await expect(mbpollRead(modbus, { ...input, unit: 6, count: 1, timeoutS: 0.2 })).rejects.toThrow(
      /timed out/,
    );
  });

  test("values change from inside and over the wire", async () => {
    await using modbus = await startPymodbus();
    const holding = { unit: 1, table: "holding", address: 4 } as const;
    await Promise.all([
      modbus.set({ ...holding, values: [40] }),
      modbus.set({ ...holding, address: 5, values: [50] }),
    ]);
    await mbpollWrite(modbus, { ...holding, address: 6 }, [60]);
    expect(await mbpollRead(modbus, { ...holding, count: 3 })).toEqual([40, 50, 60]);
  });

  test("comes back on its port after a kill", async () => {
    await using modbus = await startPymodbus();
    await modbus.kill();
    const request = { unit: 1, table: "holding", address: 1, count: 1 } as const;
    await expect(mbpollRead(modbus, request)).rejects.toThrow(/refused/);
    await modbus.start();
    expect(await mbpollRead(modbus, request)).toEqual([1]);
  });

  test.skipIf(missing("socat"))("speaks RTU over a pair of pseudo-terminals", async () => {
    await using pair = await startSerialPair();
    await using modbus = await startPymodbus({
      serial: pair.left,
      units: { 3: { holding: { holes: [[50, 1]] } } },
    });
    const request = { unit: 3, table: "holding", address: 40, count: 10 } as const;
    const line = { path: pair.right };
    expect(await mbpollRead(line, request)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
    await expect(mbpollRead(line, { ...request, count: 11 })).rejects.toThrow(/Illegal data address/);
    await modbus.set({ unit: 3, table: "holding", address: 40, values: [7] });
    expect(await mbpollRead(line, { ...request, count: 1 })).toEqual([7]);
  });

  test("speaks RTU frames over TCP", async () => {
    await using modbus = await startPymodbus({ framer: "rtu" });
    // Read holding registers 2 and 3 of unit 1, and the answer with these values; both end in the CRC of the Modbus
    // serial line specification, section 2.5.1.2.
    const answer = await exchange(modbus.port, withCrc([1, 3, 0, 2, 0, 2]));
    expect(answer.toString("hex")).toBe(withCrc([1, 3, 4, 0, 2, 0, 3]).toString("hex"));
  });
});

function withCrc(frame: number[]): Buffer {
  let crc = 0xffff;
  for (const byte of frame) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return Buffer.from([...frame, crc & 0xff, crc >> 8]);
}

async function exchange(port: number, request: Buffer): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  try {
    await within("the connection", once(socket, "connect"));
    socket.write(request);
    const [answer] = (await within("the answer", once(socket, "data"))) as [Buffer];
    return answer;
  } finally {
    socket.destroy();
  }
}
