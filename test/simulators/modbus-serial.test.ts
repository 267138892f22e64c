import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { missing } from "../servers/available.ts";
import { mbpollRead } from "../servers/mbpoll.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { play } from "./play.ts";

const bus = `
links: { bus: { type: modbus-rtu, path: ./instruments, pair: ./gateway, baudRate: 9600, parity: even } }
devices:
  gd-01: { profile: generic-lel, link: bus, address: { unit: 7 }, channels: { lel: 12.5, alarm2: active } }
  wl-1: { profile: keller-series30, link: bus, address: { unit: 21 }, channels: { pressure: 150 } }
story: [{ at: 0s, for: 10s, faults: [{ kind: wrong-crc, on: wl-1, every: 2 }] }]
`;

describe.skipIf(missing("socat", "mbpoll"))("instruments on a serial bus", () => {
  test("are read with mbpoll over a pair of pseudo-terminals; strangers are silent; a wrong check sum is noticed", async () => {
    using folder = temporaryFolder("serial");
    await using _played = await play(bus, { file: folder.join("scenario.yaml") });
    const path = folder.join("gateway");
    const read = (unit: number, address: number, count: number) =>
      mbpollRead(
        { path, baudRate: 9600, parity: "even" },
        { unit, table: "holding", address, count, timeoutS: 1 },
      );
    expect(await read(7, 0, 2)).toEqual([125, 0b10]);
    expect(await read(21, 2, 2)).toEqual([0x3fc0, 0]);
    await expect(read(21, 2, 2)).rejects.toThrow(/invalid crc/i);
    await expect(
      mbpollRead(
        { path, baudRate: 9600, parity: "even" },
        { unit: 9, table: "holding", address: 0, count: 1, timeoutS: 0.05 },
      ),
    ).rejects.toThrow(/timed out/i);
  });

  test("leave nothing behind", async () => {
    using folder = temporaryFolder("serial");
    const played = await play(bus, { file: folder.join("scenario.yaml") });
    expect(existsSync(folder.join("gateway"))).toBe(true);
    await played.simulation.stop();
    expect(existsSync(folder.join("gateway"))).toBe(false);
    expect(existsSync(folder.join("instruments"))).toBe(false);
    expect(played.clock.pending).toBe(0);
  });

  test("tell at which end the gateway finds them", async () => {
    using folder = temporaryFolder("serial");
    await using played = await play(bus, { file: folder.join("scenario.yaml") });
    const gateway = folder.join("gateway");
    expect(played.simulation.devices.map(({ where }) => where)).toEqual([
      `${gateway} unit 7`,
      `${gateway} unit 21`,
    ]);
  });
});

test("without socat the message says what to install", async () => {
  using folder = temporaryFolder("serial");
  const path = process.env.PATH;
  process.env.PATH = folder.path;
  try {
    await expect(play(bus, { file: folder.join("scenario.yaml") })).rejects.toMatchObject({
      code: "ADDRESS_UNAVAILABLE",
      hint: expect.stringContaining("apt-get install socat"),
    });
  } finally {
    process.env.PATH = path;
  }
});

test("a serial port that is not there", async () => {
  using folder = temporaryFolder("serial");
  const text = bus.replace(", pair: ./gateway", "");
  await expect(play(text, { file: folder.join("scenario.yaml") })).rejects.toMatchObject({
    code: "ADDRESS_UNAVAILABLE",
  });
});

/** What modbus-serial calls Telnet is RTU frames on a bare TCP connection. */
interface RtuOverTcpClient {
  connectTelnet(host: string, options: { port: number }): Promise<void>;
  setID(unit: number): void;
  setTimeout(milliseconds: number): void;
  close(done: () => void): void;
  readHoldingRegisters(address: number, count: number): Promise<{ data: number[] }>;
}
const ModbusRtu = createRequire(import.meta.url)("modbus-serial") as new () => RtuOverTcpClient;

test("RTU frames over TCP are read with modbus-serial", async () => {
  await using played = await play(
    bus.replace(/type: modbus-rtu.*parity: even/, 'type: modbus-rtu-over-tcp, listen: "127.0.0.1:0"'),
  );
  const client = new ModbusRtu();
  client.setTimeout(5_000);
  await client.connectTelnet("127.0.0.1", { port: played.port("bus") });
  try {
    client.setID(7);
    expect((await client.readHoldingRegisters(0, 2)).data).toEqual([125, 2]);
    client.setID(21);
    expect((await client.readHoldingRegisters(2, 2)).data).toEqual([0x3fc0, 0]);
  } finally {
    await new Promise<void>((resolve) => client.close(resolve));
  }
});
