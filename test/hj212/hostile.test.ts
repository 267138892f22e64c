import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { crc212 } from "../../drivers/hj212/crc.ts";
import { FrameReader } from "../../drivers/hj212/frame-reader.ts";
import { writeFrame } from "../../drivers/hj212/frame-writer.ts";
import { Parameters } from "../../drivers/hj212/parameters.ts";
import { readSegment } from "../../drivers/hj212/segment.ts";
import { TocsinError } from "../../model/error.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { dice } from "../tcp/driver-stand.ts";
import { KINDS, mutate } from "./frames.ts";
import { Stand } from "./site.ts";

const AT = "DataTime=20260521143000";

async function dial(stand: Stand): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: stand.inner.port });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

describe("who does not belong here", () => {
  test("a device the site does not have is counted and named with its identity, not kept, not answered; others go on", async () => {
    await using stand = await Stand.open();
    const stranger = await stand.call({ mn: "Y80110010000010" });
    stranger.report(2011, `${AT};a21028-Rtd=1`).catch(() => {});
    stranger.report(2061, `${AT};a21028-Avg=1`).catch(() => {});
    await until("both were counted", () => stand.inner.total("hj212_unknown_devices") === 2);
    const logger = await stand.call();
    await logger.report(2011, `${AT};a21028-Rtd=2`);
    expect(stranger.received).toEqual([]);
    expect(stand.inner.driver.strangers()).toMatchObject([
      {
        address: '{ mn: "Y80110010000010" }',
        protocol: "HJ 212",
        link: "air",
        said: "hourly data",
        count: 2,
      },
    ]);
    expect(stand.inner.intake.undecodable).toHaveLength(1);
    expect(stand.inner.intake.readings).toHaveLength(1);
  });

  test("an identity that would break out of the site file is shown as text", async () => {
    await using stand = await Stand.open();
    const stranger = await stand.call({ mn: 'a"}{b' });
    stranger.tell(2011, `${AT};a21028-Rtd=1`);
    await until("it was seen", () => stand.inner.driver.strangers().length === 1);
    expect(stand.inner.driver.strangers()[0]!.address).toBe('{ mn: "a\\"}{b" }');
  });

  test("a wrong password is refused, counted and named; the right one is of the device, else of the link", async () => {
    await using stand = await Stand.open({
      link: { password: "env:LINK" },
      address: { password: "env:OWN" },
    });
    const wrong = await stand.call({ password: "secret of LINK" });
    wrong.report(2011, `${AT};a21028-Rtd=1`).catch(() => {});
    await until("it was refused", () => stand.inner.total("hj212_wrong_password") === 1);
    const right = await stand.call({ password: "secret of OWN" });
    await right.report(2011, `${AT};a21028-Rtd=2`);
    expect(stand.inner.intake.readings.map(({ value }) => value)).toEqual([2]);
    expect(wrong.received).toEqual([]);
  });

  test("an address outside the networks of the site does not get in", async () => {
    await using stand = await Stand.open({ link: { from: ["10.21.0.0/16"] } });
    const socket = await dial(stand);
    await once(socket, "close");
    expect(stand.inner.total("hj212_connections_turned_away")).toBe(1);
  });
});

describe("who does not speak HJ 212, or not in time", () => {
  test("a browser, and SL 651 on the port, are cut off after some kilobytes", async () => {
    await using stand = await Stand.open();
    const browser = await dial(stand);
    browser.write("GET / HTTP/1.1\r\nHost: example\r\n\r\n".repeat(400));
    const river = await dial(stand);
    const other = Buffer.from("7E7E01001234567812342F0008020003591011155111036BCA", "hex");
    river.write(Buffer.concat(Array.from({ length: 400 }, () => other)));
    await Promise.all([once(browser, "close"), once(river, "close")]);
    expect(stand.inner.total("hj212_connections_cut", { why: "noise" })).toBe(2);
    const logger = await stand.call();
    await logger.report(2011, `${AT};a21028-Rtd=1`);
  });

  test("segments that cannot be read are counted and quarantined once in a while", async () => {
    await using stand = await Stand.open();
    const socket = await dial(stand);
    const frame = writeFrame(Buffer.from("CN=what;MN=;CP=&&&&"));
    for (let i = 0; i < 5; i++) socket.write(frame);
    await until("all were counted", () => stand.inner.total("hj212_undecodable") === 5);
    expect(stand.inner.intake.undecodable).toHaveLength(1);
    socket.destroy();
  });

  test("a frame begun and never finished does not hold up the report behind it", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({}, { clock });
    const logger = await stand.call({ patience: 10 * MINUTE });
    await logger.report(2011, `${AT};a21028-Rtd=1`);
    logger.send(Buffer.from("##9000QN=2026"));
    const answer = logger.report(2011, `${AT};a21028-Rtd=2`);
    await until("it is given up", () => {
      clock.jump(SECOND);
      return stand.inner.total("hj212_frames_spoiled", { why: "unfinished" }) === 1;
    });
    await answer;
  });

  test("a logger that does not wait for the disk is slowed down, and loses nothing", async () => {
    await using stand = await Stand.open({ link: { limits: { held: 4 } } });
    stand.inner.intake.instant = false;
    const logger = await stand.call({ patience: 10 * MINUTE });
    for (let i = 1; i <= 200; i++) logger.report(2011, `${AT};a21028-Rtd=${i / 10}`).catch(() => {});
    await until("some are held", () => stand.inner.driver.held >= 4);
    await until("all are answered once the disk is quick", () => {
      stand.inner.intake.makeDurable();
      return logger.received.length === 200;
    });
    expect(stand.inner.intake.readings.map(({ value }) => value)).toEqual(
      Array.from({ length: 200 }, (_, i) => (i + 1) / 10),
    );
  });

  test("nothing enters after stop, and what can still be answered is", async () => {
    const stand = await Stand.open();
    stand.inner.intake.instant = false;
    const logger = await stand.call({ patience: 10 * MINUTE });
    const waiting = logger.report(2011, `${AT};a21028-Rtd=1`);
    await until("it has entered", () => stand.inner.intake.messages.length === 1);
    const stopped = stand.inner.driver.stop();
    logger.tell(2011, `${AT};a21028-Rtd=2`);
    stand.inner.intake.makeDurable();
    await waiting;
    await stopped;
    expect(stand.inner.intake.messages).toHaveLength(1);
    expect(stand.inner.driver.connections).toBe(0);
    logger.close();
  });
});

describe("mutated frames", () => {
  test("twenty thousand of them: no crash, no growth, and a good frame behind each stream is found", () => {
    const roll = dice(212);
    let frames = 0;
    let refused = 0;
    let values = 0;
    const parameters = new Parameters();
    const visitor = { value: () => values++ };
    const reader = new FrameReader({
      frame: (segment, check) => {
        if (check !== "right") return false;
        frames++;
        try {
          parameters.read(readSegment(segment).cp, 0, visitor);
        } catch (error) {
          expect(error).toBeInstanceOf(TocsinError);
          refused++;
        }
        return true;
      },
      spoiled: () => {},
    });
    for (let i = 0; i < 20_000; i++) {
      reader.push(mutate(KINDS[i % KINDS.length]!, roll));
      expect(reader.pending).toBeLessThan(10_100);
      if (i % 100 === 99) {
        while (reader.pending > 0) reader.abandon();
        const before = frames;
        reader.push(KINDS[0]!);
        expect(frames).toBe(before + 1);
      }
    }
    // All sorts must have been reached, or this test tests nothing.
    expect(frames).toBeGreaterThan(5_000);
    expect(refused).toBeGreaterThan(500);
    expect(values).toBeGreaterThan(5_000);
  });

  test("over a socket, of a device we know: the server stands, and loggers go on", async () => {
    await using stand = await Stand.open();
    const roll = dice(7);
    for (let i = 0; i < 30; i++) {
      const socket = await dial(stand);
      const bytes = Array.from({ length: 40 }, () => mutate(KINDS[roll(KINDS.length)]!, roll));
      socket.end(Buffer.concat(bytes));
      await once(socket, "close");
    }
    const logger = await stand.call();
    await logger.report(2011, `${AT};a21028-Rtd=42`);
    expect(stand.inner.entered().at(-1)).toBe("logger.h2s 42 good @2026-05-21 14:30:00");
  });
});

test("the sum of every frame that mutation starts from is right", () => {
  for (const frame of KINDS) {
    const segment = frame.subarray(6, frame.length - 6);
    expect(crc212(segment, 0, segment.length).toString(16).toUpperCase().padStart(4, "0")).toBe(
      frame.toString("latin1").slice(-6, -2),
    );
  }
});
