import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { AFN, LINK, writeFrame } from "../../drivers/szy206/frame.ts";
import { FrameReader } from "../../drivers/szy206/frame-reader.ts";
import { LAYOUTS } from "../../drivers/szy206/layouts.ts";
import { MISSING, UNREADABLE, writeLabel, writeNumber } from "../../drivers/szy206/numbers.ts";
import { readReport } from "../../drivers/szy206/report.ts";
import { TocsinError } from "../../model/error.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { BEIJING, dice } from "../tcp/driver-stand.ts";
import { KINDS, mutate } from "./frames.ts";
import { Stand, TERMINAL } from "./site.ts";

const [FLOW, VOLUME] = LAYOUTS[3]!;
const flow = (
  value: number | null,
  volume: number | null = 106_182,
  words: { alarm?: number; status?: number } = {},
) => ({
  code: 3,
  values: Buffer.concat([writeNumber(value, FLOW!), writeNumber(volume, VOLUME!)]),
  ...words,
});

async function dial(stand: Stand): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: stand.inner.port });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

describe("a terminal reports", () => {
  test("values and bits enter, and are confirmed with its address, function and count", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    await terminal.report(flow(5.9, 106_182, { alarm: 0x0021, status: 0x0020 }));
    expect(stand.said()).toEqual([
      "intake.flow 5.9 good",
      "intake.volume 106182 good",
      "intake.mains 1 good",
      "intake.battery_low 0 good",
      "intake.meter_fault 1 good",
      "intake.door 0 good",
    ]);
    expect(terminal.received).toMatchObject([
      { up: false, address: TERMINAL, afn: AFN.report, code: 3, count: 1, split: undefined },
    ]);
    expect([...terminal.received[0]!.data]).toEqual([0]);
    const { time } = stand.inner.intake.readings[0]!;
    expect(Math.abs(stand.inner.clock.wall() - time)).toBeLessThan(5 * SECOND);
  });

  test("missing and unreadable values are bad, and the others are not", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    await terminal.report(flow(null, 3));
    await terminal.report({ code: 3, values: Buffer.from("0B000000000000000000", "hex") });
    expect(stand.said().filter((line) => /flow|volume/.test(line))).toEqual([
      "intake.flow - missing_value",
      "intake.volume 3 good",
      "intake.flow - undecodable",
      "intake.volume 0 good",
    ]);
  });

  test("logging in and staying online is confirmed and no reading", async () => {
    await using stand = await Stand.open({ link: { confirmation: 1 } });
    const terminal = await stand.call();
    await terminal.link(LINK.login);
    await terminal.link();
    expect(terminal.received.map(({ afn, data }) => [afn, data[0]])).toEqual([
      [AFN.link, 1],
      [AFN.link, 1],
    ]);
    expect(stand.inner.intake.messages).toEqual([]);
  });

  test("in single bytes, and glued together", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call({ piece: 1 });
    await terminal.report(flow(1));
    const frames = [2, 3].map((value) => terminal.frame(AFN.report, 3, terminal.data(flow(value))));
    terminal.send(Buffer.concat(frames));
    await until("all are confirmed", () => terminal.received.length === 3);
    const flows = stand.said().filter((line) => line.includes("flow"));
    expect(flows).toEqual(["intake.flow 1 good", "intake.flow 2 good", "intake.flow 3 good"]);
  });

  test("a maker's own layout, words the other way round, no label", async () => {
    await using stand = await Stand.open({ profile: "own", address: { label: false } });
    const terminal = await stand.call({ label: false });
    const place = { bytes: 2, decimals: 1, sign: "bit" as const };
    const values = Buffer.concat([writeNumber(-5.5, place), writeNumber(21.3, place)]);
    await terminal.report({ code: 9, values, alarm: 0x0500 });
    expect(stand.inner.entered()).toEqual([
      "intake.temperature -5.5 good",
      "intake.second 21.3 good",
      "intake.mains 1 good",
      "intake.alarm 1 good",
    ]);
  });

  test("new danger under a clock that was set back comes in our time, or it would be history", async () => {
    await using stand = await Stand.open({ profile: "own" });
    const terminal = await stand.call();
    const values = writeNumber(20, { bytes: 2, decimals: 1, sign: "bit" });
    await terminal.report({ code: 9, values });
    const back = terminal.data({ code: 9, values, alarm: 0x0400 }, stand.inner.clock.wall() - HOUR);
    terminal.send(terminal.frame(AFN.report, 9, back));
    await until("it is confirmed", () => terminal.received.length === 2);
    const alarm = stand.inner.entered().filter((line) => line.startsWith("intake.alarm"));
    expect(alarm.at(-1)).toBe("intake.alarm 1 good");
  });

  test("an alarm (81H) tells its word; bytes that nobody can read are counted", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    const label = writeLabel(stand.inner.clock.wall(), BEIJING);
    terminal.send(terminal.frame(AFN.alarm, 3, Buffer.concat([Buffer.from("0100123456", "hex"), label])));
    await until("it is confirmed", () => terminal.received.length === 1);
    expect(stand.said()).toEqual([
      "intake.mains 1 good",
      "intake.battery_low 0 good",
      "intake.meter_fault 0 good",
    ]);
    expect(stand.inner.total("szy206_unread_bytes")).toBe(3);
    expect(terminal.received[0]!.afn).toBe(AFN.alarm);
  });

  test("`read` shows what was said last", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    await terminal.report(flow(5.9));
    const values = await stand.inner.driver.read(0, new AbortController().signal);
    expect(values[0]).toMatchObject({ channel: "flow", raw: "5.9", value: 5.9, from: "report, code 3" });
  });
});

describe("what is confirmed is on disk", () => {
  test("nothing is confirmed before; then everything", async () => {
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.open({}, { intake });
    const terminal = await stand.call();
    const confirmed = terminal.report(flow(1));
    await until("it has entered", () => intake.messages.length === 1);
    expect(terminal.received).toEqual([]);
    intake.makeDurable();
    await confirmed;
  });

  test("what the intake refuses is evaluated, not confirmed, and taken when it is sent again", async () => {
    const clock = new JumpingClock();
    const intake = new RecordingIntake();
    intake.refusing = true;
    await using stand = await Stand.open({}, { clock, intake });
    const terminal = await stand.call();
    const confirmed = terminal.report(flow(1));
    await until("it was refused", () => stand.inner.total("szy206_refused") === 1);
    expect(terminal.received).toEqual([]);
    intake.refusing = false;
    clock.jump(6 * SECOND);
    await confirmed;
    expect(intake.messages).toHaveLength(2);
  });

  test("a report sent again is taken once and confirmed again, over a restart too", async () => {
    const intake = new RecordingIntake();
    let raw: Buffer;
    {
      await using stand = await Stand.open({}, { intake });
      const terminal = await stand.call();
      raw = terminal.frame(AFN.report, 3, terminal.data(flow(1)));
      terminal.send(Buffer.concat([raw, raw]));
      await until("both", () => terminal.received.length === 2);
    }
    await using stand = await Stand.open({}, { intake });
    const terminal = await stand.call();
    terminal.send(raw);
    await until("the third", () => terminal.received.length === 1);
    expect(intake.messages).toHaveLength(1);
    expect(stand.inner.total("szy206_repeats")).toBe(1);
  });

  test("a terminal whose clock stands still, and one without a label, are not taken for repeating themselves", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    const old = terminal.data(flow(1), stand.inner.clock.wall() - HOUR);
    for (let i = 0; i < 3; i++) terminal.send(terminal.frame(AFN.report, 3, old));
    await until("all are confirmed", () => terminal.received.length === 3);
    expect(stand.inner.intake.messages).toHaveLength(3);

    await using bare = await Stand.open({ link: { label: false } });
    const silent = await bare.call({ label: false });
    await silent.report(flow(1));
    await silent.report(flow(1));
    expect(bare.inner.intake.messages).toHaveLength(2);
  });
});

describe("what cannot be read, and who does not belong here", () => {
  test("a report that does not fit is quarantined once, counted and confirmed; functions that are not read, too", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    for (let i = 0; i < 3; i++) terminal.send(terminal.frame(AFN.report, 3, Buffer.from("001122", "hex")));
    terminal.send(terminal.frame(AFN.manual, 2, Buffer.from("00112233", "hex")));
    await until("all are confirmed", () => terminal.received.length === 4);
    expect(stand.inner.total("szy206_undecodable")).toBe(4);
    expect(stand.inner.intake.undecodable.map(({ source }) => source)).toEqual(["intake", "intake"]);
    expect(stand.inner.intake.messages).toEqual([]);
  });

  test("pictures, split reports, answers and echoes are counted and not confirmed", async () => {
    await using stand = await Stand.open();
    const terminal = await stand.call();
    const frame = {
      up: true,
      split: undefined,
      count: 0,
      code: 0,
      address: TERMINAL,
      afn: AFN.picture,
      data: Buffer.alloc(9),
    };
    terminal.send(writeFrame(frame));
    terminal.send(writeFrame({ ...frame, afn: AFN.report, split: 2 }));
    terminal.send(writeFrame({ ...frame, afn: AFN.now }));
    terminal.send(writeFrame({ ...frame, up: false, afn: AFN.report }));
    await terminal.report(flow(1));
    for (const name of ["pictures", "split", "unasked", "downlinks_received"]) {
      expect(stand.inner.total(`szy206_${name}`), name).toBe(1);
    }
    expect(terminal.received).toHaveLength(1);
  });

  test("a terminal the site does not have is counted and named with its address, not confirmed", async () => {
    await using stand = await Stand.open();
    const stranger = await stand.call({ address: "4406070001" });
    stranger.report(flow(1)).catch(() => {});
    await until("it was counted", () => stand.inner.total("szy206_unknown_terminals") === 1);
    const terminal = await stand.call();
    await terminal.report(flow(2));
    expect(stranger.received).toEqual([]);
    expect(stand.inner.driver.strangers()).toMatchObject([
      { address: '{ terminal: "4406070001" }', protocol: "SZY 206-2016", said: "report", count: 1 },
    ]);
  });

  test("another protocol on the port is cut off, and a frame never finished holds up nothing", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({}, { clock });
    const browser = await dial(stand);
    browser.write("GET / HTTP/1.1\r\nHost: example\r\n\r\n".repeat(400));
    await once(browser, "close");
    const terminal = await stand.call({ patience: 10 * MINUTE });
    await terminal.link();
    terminal.send(Buffer.from("68FF68B3", "hex"));
    const confirmed = terminal.report(flow(1));
    await until("it is given up", () => {
      clock.jump(SECOND);
      return stand.inner.total("szy206_frames_spoiled", { why: "unfinished" }) === 1;
    });
    await confirmed;
  });
});

describe("mutated frames", () => {
  test("twenty thousand of them: no crash, no growth, and a good frame behind each stream is found", () => {
    const roll = dice(206);
    let frames = 0;
    let refused = 0;
    const kinds = new Set<unknown>();
    const reader = new FrameReader({
      frame: (frame) => {
        frames++;
        try {
          const how = {
            layout: LAYOUTS[frame.code],
            label: true,
            highFirst: false,
            zone: BEIJING,
            now: Date.now() * 1_000,
          };
          for (const value of readReport(frame, how).values) {
            kinds.add(value === MISSING || value === UNREADABLE ? value : "number");
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TocsinError);
          refused++;
        }
      },
      spoiled: () => {},
    });
    for (let i = 0; i < 20_000; i++) {
      reader.push(mutate(KINDS[i % KINDS.length]!, roll));
      expect(reader.pending).toBeLessThan(8_300);
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
    expect(kinds).toContain("number");
    expect(kinds).toContain(UNREADABLE);
  });

  test("over a socket: the server stands, and terminals go on", async () => {
    await using stand = await Stand.open();
    const roll = dice(7);
    for (let i = 0; i < 30; i++) {
      const socket = await dial(stand);
      socket.end(Buffer.concat(Array.from({ length: 40 }, () => mutate(KINDS[roll(KINDS.length)]!, roll))));
      await once(socket, "close");
    }
    const terminal = await stand.call();
    await terminal.report(flow(42));
    expect(stand.said()).toContain("intake.flow 42 good");
  });
});
