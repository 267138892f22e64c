import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import { decodeBody } from "../../drivers/sl651/body.ts";
import { ESC, FUNCTION } from "../../drivers/sl651/control.ts";
import type { Frame } from "../../drivers/sl651/frame.ts";
import { FrameReader } from "../../drivers/sl651/frame-reader.ts";
import { TocsinError } from "../../model/error.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { everyKind, mutate, random } from "./frames.ts";
import { atBeijing, BEIJING } from "./reading.ts";
import { Stand } from "./site.ts";

const KEEP_ALIVE = Buffer.from("7E7E01001234567812342F0008020003591011155111036BCA", "hex");

const report = (address: number, value = 1) => ({
  stations: [
    {
      address,
      category: 0x48,
      groups: [{ observed: atBeijing("2026-05-21 14:30:00"), elements: [{ guide: 0x39, value }] }],
    },
  ],
});

async function dial(stand: Stand): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: stand.port });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

describe("who does not belong here", () => {
  test("a station that the site does not have is counted and named, not kept, not confirmed; others go on", async () => {
    const told: object[] = [];
    const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => told.push(fields) };
    await using stand = await Stand.open({ log });
    const stranger = await stand.call({ address: 0x99999999 });
    stranger.report(FUNCTION.timed, report(0x99999999)).catch(() => {});
    stranger.report(FUNCTION.timed, report(0x99999999)).catch(() => {});
    await until("both were counted", () => stand.total("sl651_unknown_stations") === 2);
    const rtu = await stand.call();
    expect(await rtu.report(FUNCTION.timed, report(0x12345678))).toBe(ESC);
    expect(stranger.received).toEqual([]);
    expect(stand.driver.strangers()).toMatchObject([
      { address: '{ station: "0099999999" }', count: 2, protocol: "SL 651-2014", said: "timed report" },
    ]);
    expect(told).toMatchObject([{ address: '{ station: "0099999999" }' }]);
    expect(stand.intake.undecodable).toHaveLength(1);
    expect(stand.intake.readings).toHaveLength(1);
  });

  test("strangers are remembered up to a bound", async () => {
    await using stand = await Stand.open({ link: { limits: { strangers: 3 } } });
    const caller = await stand.call();
    for (let i = 1; i <= 10; i++) {
      const stranger = await stand.call({ address: i });
      stranger.keepAlive();
      stranger.report(FUNCTION.timed, report(i)).catch(() => {});
    }
    caller.keepAlive();
    await until("all were counted", () => stand.total("sl651_unknown_stations") === 20);
    expect(stand.driver.strangers()).toHaveLength(3);
  });

  test("a station behind another one is taken when the site has it, and named when not", async () => {
    await using stand = await Stand.open();
    const relay = await stand.call({ address: 0x77777777 });
    expect(await relay.report(FUNCTION.timed, report(0x12345678, 5))).toBe(ESC);
    expect(stand.entered()).toEqual(["river.level 5 good @2026-05-21 14:30"]);
    const rtu = await stand.call();
    await rtu.report(FUNCTION.timed, {
      stations: [...report(0x12345678, 6).stations, ...report(0x55555555, 9).stations],
    });
    expect(stand.intake.readings.map(({ value }) => value)).toEqual([5, 6]);
    expect(stand.driver.strangers()).toMatchObject([{ address: '{ station: "0055555555" }' }]);
  });

  test("a wrong password and another centre are refused", async () => {
    await using stand = await Stand.open({ link: { password: "env:STATIONS", centre: 1 } });
    const wrong = await stand.call({ password: 0x4321 });
    wrong.report(FUNCTION.timed, report(0x12345678)).catch(() => {});
    const lost = await stand.call({ centre: 9 });
    lost.report(FUNCTION.timed, report(0x12345678)).catch(() => {});
    await until("both were refused", () => stand.total("sl651_frames_refused") === 2);
    const right = await stand.call();
    expect(await right.report(FUNCTION.timed, report(0x12345678))).toBe(ESC);
    expect(stand.intake.readings).toHaveLength(1);
    expect([...wrong.received, ...lost.received]).toEqual([]);
  });

  test("an address outside the networks of the site does not get in", async () => {
    await using stand = await Stand.open({ link: { from: ["10.20.0.0/16", "192.0.2.7"] } });
    const socket = await dial(stand);
    await once(socket, "close");
    expect(stand.total("sl651_connections_turned_away")).toBe(1);
  });
});

describe("who does not speak SL 651", () => {
  test("a browser, and a flood of noise, are cut off after some kilobytes", async () => {
    await using stand = await Stand.open();
    const browser = await dial(stand);
    browser.write("GET / HTTP/1.1\r\nHost: example\r\n\r\n".repeat(400));
    await once(browser, "close");
    expect(stand.total("sl651_connections_cut")).toBe(1);
    const rtu = await stand.call();
    expect(await rtu.report(FUNCTION.timed, report(0x12345678))).toBe(ESC);
  });

  test("a modem's registration packet and heartbeats between frames do no harm", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    rtu.send(Buffer.from("DTU-REG:13800138000,0012345678\r\n"));
    for (let i = 0; i < 50; i++) {
      rtu.send(Buffer.from("\x00heartbeat\x7e"));
      rtu.keepAlive();
    }
    expect(await rtu.report(FUNCTION.timed, report(0x12345678))).toBe(ESC);
    expect(stand.total("sl651_connections_cut")).toBe(0);
  });

  test("frames with a wrong CRC are never answered, and too many in a row end the connection", async () => {
    await using stand = await Stand.open();
    const socket = await dial(stand);
    const bad = Buffer.from(KEEP_ALIVE);
    bad[20]! ^= 1;
    for (let i = 0; i < 70; i++) socket.write(bad);
    await once(socket, "close");
    expect(stand.total("sl651_frames_spoiled")).toBeGreaterThanOrEqual(64);
    expect(stand.intake.messages).toEqual([]);
  });

  test("our own words that a modem echoes are not a report", async () => {
    await using stand = await Stand.open();
    const socket = await dial(stand);
    socket.write(Buffer.from("7E7E00123456780112343080080200035910111549471B75D4", "hex"));
    await until("it was seen", () => stand.total("sl651_downlinks_received") === 1);
    expect(stand.intake.messages).toEqual([]);
    socket.destroy();
  });
});

describe("who is slow, silent, or many", () => {
  test("a frame that does not go on is given up, and the next one is understood", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const rtu = await stand.call({ patience: HOUR });
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    // A length of 4095 bytes, and then nothing.
    rtu.send(Buffer.from("7E7E01001234567812343 20FFF02".replaceAll(" ", ""), "hex"));
    const confirmed = rtu.report(FUNCTION.timed, report(0x12345678));
    await until("it waits", () => {
      clock.jump(SECOND);
      return stand.total("sl651_frames_spoiled") === 1;
    });
    expect(await confirmed).toBe(ESC);
  });

  test("a socket that never says anything, and a station that has fallen silent, are closed", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const mute = await dial(stand);
    const rtu = await stand.call();
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    clock.jump(6 * MINUTE);
    await once(mute, "close");
    expect(rtu.connected).toBe(true);
    clock.jump(2 * HOUR);
    await until("the silent one was cut", () => !rtu.connected);
    expect(stand.driver.connections).toBe(0);
  });

  test("sockets that say nothing push each other out, never a station that talks", async () => {
    await using stand = await Stand.open({ link: { limits: { waiting: 5, connections: 10 } } });
    const rtu = await stand.call();
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    const crowd = await Promise.all(Array.from({ length: 12 }, () => dial(stand).catch(() => undefined)));
    await until("only some wait", () => stand.driver.connections <= 6);
    expect(await rtu.report(FUNCTION.timed, report(0x12345678))).toBe(ESC);
    for (const socket of crowd) socket?.destroy();
  });

  test("a station that does not wait for the disk is slowed down, and loses nothing", async () => {
    await using stand = await Stand.open({ instant: false, link: { limits: { held: 4 } } });
    const rtu = await stand.call({ patience: HOUR });
    for (let i = 1; i <= 200; i++) rtu.report(FUNCTION.timed, report(0x12345678, i)).catch(() => {});
    // What one chunk of the socket held is taken; nothing more is read meanwhile.
    await until("it is held", () => stand.driver.held >= 4);
    await until("all have come once the disk is quick", () => {
      stand.intake.makeDurable();
      return stand.intake.readings.length === 200;
    });
    await until("all are confirmed", () => {
      stand.intake.makeDurable();
      return rtu.received.length === 200;
    });
    expect(stand.intake.readings.map(({ value }) => value)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  test("a congested intake stops the reading until it is relieved", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call({ patience: HOUR });
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    stand.intake.congested = true;
    const first = rtu.report(FUNCTION.timed, report(0x12345678, 1));
    await first;
    const second = rtu.report(FUNCTION.timed, report(0x12345678, 2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stand.intake.readings).toHaveLength(1);
    stand.intake.relieve();
    expect(await second).toBe(ESC);
  });

  test("a frame whose second half waits while we do not read is not given up", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const rtu = await stand.call({ patience: HOUR });
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    stand.intake.congested = true;
    rtu.send(KEEP_ALIVE.subarray(0, 10));
    const mark = await stand.call({ address: 1 });
    mark.keepAlive();
    await until("the half frame was read, too", () => stand.total("sl651_unknown_stations") === 1);
    rtu.send(KEEP_ALIVE.subarray(10));
    for (let i = 0; i < 60; i++) clock.jump(SECOND);
    stand.intake.relieve();
    await until("the whole frame is understood", () => stand.total("sl651_frames") === 3);
    expect(stand.total("sl651_frames_spoiled")).toBe(0);
  });

  test("nothing enters after stop, which takes what was waiting for the disk with it", async () => {
    const stand = await Stand.open({ instant: false });
    const rtu = await stand.call({ patience: HOUR });
    const waiting = rtu.report(FUNCTION.timed, report(0x12345678, 1));
    await until("it has entered", () => stand.intake.messages.length === 1);
    const stopped = stand.driver.stop();
    rtu.report(FUNCTION.timed, report(0x12345678, 2)).catch(() => {});
    stand.intake.makeDurable();
    await stopped;
    await waiting.catch(() => {});
    expect(stand.intake.messages).toHaveLength(1);
    rtu.close();
  });
});

describe("mutated frames", () => {
  /** A CRC that agrees again lets nonsense reach the bodies. */
  const repaired = (raw: Buffer): Buffer => {
    if (raw.length < 20 || raw[0] !== 0x7e) return raw;
    raw.writeUInt16BE(crc16(raw, 0, raw.length - 2), raw.length - 2);
    return raw;
  };

  test("twenty thousand of them: no crash, no growth, and a good frame behind each stream is found", () => {
    const next = random(651);
    const kinds = everyKind();
    let frames = 0;
    let refused = 0;
    const nothing = { head() {}, station() {}, element() {}, manual() {}, picture() {}, content() {} };
    const take = (frame: Frame) => {
      frames++;
      try {
        decodeBody({ encoding: frame.encoding, code: frame.code, bytes: frame.body }, BEIJING, nothing);
      } catch (error) {
        expect(error).toBeInstanceOf(TocsinError);
        refused++;
      }
    };
    const reader = new FrameReader({ frame: take, spoiled: () => {} });
    for (let i = 0; i < 20_000; i++) {
      const mutated = mutate(kinds[i % kinds.length]!, next);
      reader.push(i % 2 === 0 ? mutated : repaired(Buffer.from(mutated)));
      expect(reader.pending).toBeLessThan(4_200);
      if (i % 100 === 99) {
        while (reader.pending > 0) reader.abandon();
        const before = frames;
        reader.push(KEEP_ALIVE);
        expect(frames).toBe(before + 1);
      }
    }
    // Both sorts must have been reached, or this test tests nothing.
    expect(frames).toBeGreaterThan(1_000);
    expect(refused).toBeGreaterThan(100);
  });

  test("over a socket: the server stands, and stations go on", async () => {
    await using stand = await Stand.open();
    const next = random(7);
    const kinds = everyKind();
    for (let i = 0; i < 30; i++) {
      const socket = await dial(stand);
      const bytes = Array.from({ length: 40 }, () => {
        const mutated = mutate(kinds[Math.floor(next() * kinds.length)]!, next);
        return next() < 0.5 ? mutated : repaired(Buffer.from(mutated));
      });
      socket.end(Buffer.concat(bytes));
      await once(socket, "close");
    }
    const rtu = await stand.call();
    expect(await rtu.report(FUNCTION.timed, report(0x12345678, 42))).toBe(ESC);
    expect(stand.entered().at(-1)).toBe("river.level 42 good @2026-05-21 14:30");
  });
});
