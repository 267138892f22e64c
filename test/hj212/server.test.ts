import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/crc16.ts";
import { DATA_ANSWER } from "../../drivers/hj212/commands.ts";
import { writeFrame } from "../../drivers/hj212/frame-writer.ts";
import { SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { MN, Stand } from "./site.ts";

const AT = "DataTime=20260521143000";

describe("a data logger reports", () => {
  test("values enter with their units, times and flags, and are answered with the report's own number", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2011, `${AT};a21028-Rtd=0.031,a21028-Flag=N;a21001-Rtd=250,a21001-Flag=N`);
    expect(stand.inner.entered()).toEqual([
      "logger.h2s 0.031 good @2026-05-21 14:30:00",
      "logger.nh3 0.25 good @2026-05-21 14:30:00",
    ]);
    expect(stand.inner.intake.messages[0]!.patience).toBe("acknowledged");
    expect(logger.received).toMatchObject([
      { st: "91", cn: DATA_ANSWER, mn: MN, pw: "123456", flag: 4, cp: "", packet: undefined },
    ]);
  });

  test("the answer speaks the edition that the device speaks", async () => {
    await using stand = await Stand.open();
    const old = await stand.call({ edition: 0 });
    await old.report(2011, `${AT};a21028-Rtd=0.031`);
    expect(old.received).toMatchObject([{ cn: DATA_ANSWER, flag: 0 }]);
  });

  test("what asks for no answer gets none, and is kept all the same", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    logger.tell(2011, `${AT};a21028-Rtd=1`);
    await logger.report(2011, `${AT};a21028-Rtd=2`);
    expect(stand.inner.intake.messages.map(({ patience }) => patience)).toEqual(["polled", "acknowledged"]);
    expect(logger.received).toHaveLength(1);
  });

  test("in pieces of three bytes, and several reports in one go", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call({ piece: 3 });
    await Promise.all([1, 2, 3].map((value) => logger.report(2011, `${AT};a21028-Rtd=${value}`)));
    expect(stand.inner.intake.readings.map(({ value }) => value)).toEqual([1, 2, 3]);
    const glued = await stand.call();
    const frames = [4, 5].map((value) => glued.frame(glued.segment(2011, `${AT};a21028-Rtd=${value}`)));
    glued.send(Buffer.concat(frames));
    await until("both answers", () => glued.received.length === 2);
  });

  test("minute, hourly and daily data name the beginning of their interval; readings its end", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2051, "DataTime=20260521143000;a21001-Avg=1,a21001-Flag=N");
    await logger.report(2061, "DataTime=20260521140000;a21001-Avg=2,a21001-Max=3,a21001-Flag=N");
    await logger.report(2031, "DataTime=20260520000000;a21001-Avg=4,a21001-Flag=N");
    expect(stand.inner.entered()).toEqual([
      "logger.nh3_minute 1 good @2026-05-21 14:40:00",
      "logger.nh3_hour 2 good @2026-05-21 15:00:00",
      "logger.nh3_peak 3 good @2026-05-21 15:00:00",
      "logger.nh3_day 4 good @2026-05-21 00:00:00",
    ]);
    expect(stand.inner.total("hj212_unmapped")).toBe(0);
  });

  test("values of one kind are not taken for those of another; what nobody wants is counted and answered", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2051, `${AT};a21028-Rtd=9`);
    await logger.report(2011, `${AT};a21001-Avg=9;a99999-Rtd=1`);
    await logger.report(3019, `${AT};a21028-Rtd=9`);
    expect(stand.inner.entered()).toEqual([]);
    expect(stand.inner.total("hj212_unmapped")).toBe(4);
  });
});

describe("data flags", () => {
  test.each([
    ["N", "5", "5 good"],
    ["", "5", "5 good"],
    ["S", "5", "5 local_override"],
    ["D", "5", "- device_failure"],
    ["B", "5", "- communication_error"],
    ["C", "0", "- calibrating"],
    ["M", "0", "- inhibited"],
    ["F", "0", "- out_of_service"],
    ["T", "100", "100 over_range"],
    ["T", "", "Infinity over_range"],
    ["X", "5", "- sensor_failure"],
    ["?", "5", "5 uncertain"],
    ["N", "", "- missing_value"],
    ["N", "--", "- not_a_number"],
    ["N", "-9999", "- sensor_failure"],
    ["T", "-9999", "Infinity over_range"],
    ["N", "120", "120 over_range"],
  ])("flag %j beside %j", async (flag, text, expected) => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2011, `${AT};a21028-Rtd=${text}${flag === "" ? "" : `,a21028-Flag=${flag}`}`);
    expect(stand.inner.entered()).toEqual([`logger.h2s ${expected} @2026-05-21 14:30:00`]);
  });

  test("an alarm that the device asserts stands beside its fault; an all-clear beside a fault is none", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2021, `${AT};SB1-RS=1,SB1-Flag=D`);
    await logger.report(2021, `${AT};SB1-RS=0,SB1-Flag=D`);
    expect(stand.inner.intake.readings.map(({ value, reason }) => [value, reason])).toEqual([
      [1, "device_failure"],
      [Number.NaN, "device_failure"],
    ]);
  });

  test("new danger under a clock that was set back comes in our time, or it would be history", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2021, `${AT};SB1-RS=0`);
    await logger.report(2021, "DataTime=20260520143000;SB1-RS=1");
    expect(stand.inner.intake.readings.at(-1)).toMatchObject({ value: 1, reason: "good", time: Number.NaN });
  });
});

describe("what is answered is on disk", () => {
  test("nothing is answered before; then everything, in order", async () => {
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.open({}, { intake });
    const logger = await stand.call();
    const answers = [1, 2, 3].map((value) => logger.report(2011, `${AT};a21028-Rtd=${value}`));
    await until("all have entered", () => intake.messages.length === 3);
    expect(logger.received).toEqual([]);
    expect(stand.inner.driver.held).toBe(3);
    intake.makeDurable(intake.messages[0]!.ticket);
    await answers[0];
    expect(logger.received).toHaveLength(1);
    intake.makeDurable();
    await Promise.all(answers);
  });

  test("what the intake refuses is evaluated, not answered, and taken when it is sent again", async () => {
    const clock = new JumpingClock();
    const intake = new RecordingIntake();
    intake.refusing = true;
    await using stand = await Stand.open({}, { clock, intake });
    const logger = await stand.call();
    const answer = logger.report(2011, `${AT};a21028-Rtd=12`);
    await until("it was refused", () => stand.inner.total("hj212_refused") === 1);
    expect(logger.received).toEqual([]);
    intake.refusing = false;
    clock.jump(6 * SECOND);
    await answer;
    expect(intake.messages).toHaveLength(2);
    expect(stand.inner.total("hj212_repeats")).toBe(0);
  });

  test("a report sent again is known by its number and contents, over a restart too, and answered both times", async () => {
    const intake = new RecordingIntake();
    let frame: Buffer;
    {
      await using stand = await Stand.open({}, { intake });
      const logger = await stand.call();
      frame = logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`));
      logger.send(Buffer.concat([frame, frame]));
      await until("both answers", () => logger.received.length === 2);
      expect(stand.inner.total("hj212_repeats")).toBe(1);
    }
    await using stand = await Stand.open({}, { intake });
    const logger = await stand.call();
    logger.send(frame);
    await until("a third answer", () => logger.received.length === 1);
    expect(intake.messages).toHaveLength(1);
  });

  test("a maker who numbers all reports alike loses none; without numbers nothing is a repeat", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    const send = (qn: string, cp: string) => logger.send(logger.frame({ ...logger.segment(2011, cp), qn }));
    send("20000101000000000", `${AT};a21028-Rtd=1`);
    send("20000101000000000", "DataTime=20260521143100;a21028-Rtd=1");
    send("", `${AT};a21028-Rtd=2`);
    send("", `${AT};a21028-Rtd=2`);
    await until("four answers", () => logger.received.length === 4);
    expect(stand.inner.intake.readings).toHaveLength(4);
  });

  test("a repeat waits for the disk as its first sending does", async () => {
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.open({}, { intake });
    const logger = await stand.call();
    const frame = logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`));
    logger.send(Buffer.concat([frame, frame]));
    await until("the repeat", () => stand.inner.total("hj212_repeats") === 1);
    expect(logger.received).toEqual([]);
    intake.makeDurable();
    await until("both answers", () => logger.received.length === 2);
  });
});

describe("reports in packets", () => {
  test("are put together in any order, entered at once and answered once", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.reportInPackets(2011, [`${AT};a21028-Rtd=1,a21028-Flag=N`, "a21001-Rtd=2000,a21001-Flag=D"]);
    expect(stand.inner.entered()).toEqual([
      "logger.h2s 1 good @2026-05-21 14:30:00",
      "logger.nh3 - device_failure @2026-05-21 14:30:00",
    ]);
    expect(stand.inner.intake.messages).toHaveLength(1);
    expect(logger.received).toHaveLength(1);
  });

  test.each([
    ["between values, with the separator", [`${AT};a21028-Rtd=1.25;`, "a21001-Rtd=2000"]],
    ["between values, separator behind", [`${AT};a21028-Rtd=1.25`, ";a21001-Rtd=2000"]],
    ["between values, without it", [`${AT};a21028-Rtd=1.25`, "a21001-Rtd=2000"]],
    ["within a number", [`${AT};a21028-Rtd=1.`, "25;a21001-Rtd=2000"]],
    ["within a name", [`${AT};a21028-Rtd=1.25;a210`, "01-Rtd=2000"]],
    ["behind a name", [`${AT};a21028-Rtd`, "=1.25;a21001-Rtd=2000"]],
    ["within the time", ["DataTime=202605", "21143000;a21028-Rtd=1.25;a21001-Rtd=2000"]],
  ])("cut %s", async (_, parts) => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.reportInPackets(2011, parts);
    expect(stand.inner.entered()).toEqual([
      "logger.h2s 1.25 good @2026-05-21 14:30:00",
      "logger.nh3 2 good @2026-05-21 14:30:00",
    ]);
  });

  test("one that was lost comes with the next sending; the others are not taken twice", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({}, { clock });
    const logger = await stand.call();
    const answer = logger.reportInPackets(2011, [`${AT};a21028-Rtd=1`, "a21001-Rtd=2000"], { lose: [2] });
    await until("the first packet", () => stand.inner.total("hj212_frames") === 1);
    clock.jump(6 * SECOND);
    await answer;
    expect(stand.inner.intake.messages).toHaveLength(1);
    expect(stand.inner.total("hj212_packets_repeated")).toBe(1);
  });

  test("one that never becomes whole is given up, counted, and never answered", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ link: { limits: { packetTimeout: "3s" } } }, { clock });
    const logger = await stand.call();
    const { qn } = logger.segment(2011, "");
    const packet = { ...logger.segment(2011, `${AT};a21028-Rtd=1`), qn, packet: { total: 2, number: 1 } };
    logger.send(logger.frame(packet));
    await until("it is given up", () => {
      clock.jump(SECOND);
      return stand.inner.total("hj212_packets_given_up", { why: "incomplete" }) === 1;
    });
    // What comes behind it begins anew.
    logger.send(logger.frame({ ...packet, packet: { total: 2, number: 2 }, cp: "a21001-Rtd=1" }));
    await until("it was seen", () => stand.inner.total("hj212_frames") === 2);
    expect(stand.inner.intake.messages).toEqual([]);
    expect(logger.received).toEqual([]);
  });

  test("a maker who numbers all reports alike: another first packet begins another report", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    const packet = (number: number, cp: string) =>
      logger.send(
        logger.frame({ ...logger.segment(2011, cp), qn: "20000101000000000", packet: { total: 2, number } }),
      );
    packet(1, `${AT};a21028-Rtd=1`);
    packet(1, "DataTime=20260521143100;a21028-Rtd=2");
    packet(2, "a21001-Rtd=3000");
    await until("it is answered", () => logger.received.length === 1);
    expect(stand.inner.entered()).toEqual([
      "logger.h2s 2 good @2026-05-21 14:31:00",
      "logger.nh3 3 good @2026-05-21 14:31:00",
    ]);
  });

  test("many that never become whole are bounded in bytes, and the next report replaces an old one", async () => {
    await using stand = await Stand.open({ link: { limits: { packets: "2KiB" } } });
    const logger = await stand.call();
    const begin = (qn: string) =>
      logger.send(
        logger.frame({
          ...logger.segment(2011, "a".repeat(1_500)),
          qn,
          packet: { total: 9_999, number: 1 },
        }),
      );
    begin("20260521143000001");
    begin("20260521143000002");
    logger.send(
      logger.frame({
        ...logger.segment(2011, "b".repeat(900)),
        qn: "20260521143000002",
        packet: { total: 9_999, number: 2 },
      }),
    );
    await logger.report(2011, `${AT};a21028-Rtd=1`);
    expect(stand.inner.total("hj212_packets_given_up", { why: "replaced" })).toBe(1);
    expect(stand.inner.total("hj212_packets_given_up", { why: "too large" })).toBe(1);
    expect(stand.inner.entered()).toEqual(["logger.h2s 1 good @2026-05-21 14:30:00"]);
  });
});

describe("check sums", () => {
  const spoil = (frame: Buffer): Buffer => {
    const at = frame.indexOf("a21028-Rtd=1") + "a21028-Rtd=".length;
    frame[at] = 0x37;
    return frame;
  };

  test("strict: a wrong one is refused and not answered; the next frame is understood", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    logger.send(spoil(logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`))));
    await logger.report(2011, `${AT};a21028-Rtd=2`);
    expect(stand.inner.entered()).toEqual(["logger.h2s 2 good @2026-05-21 14:30:00"]);
    expect(stand.inner.total("hj212_frames_spoiled", { why: "crc" })).toBeGreaterThan(0);
    expect(logger.received).toHaveLength(1);
  });

  test("modbus: the sum that makers mistake it for is taken, and nothing worse", async () => {
    await using stand = await Stand.open({ address: { crcMode: "modbus" } });
    const logger = await stand.call({ crc: crc16 });
    await logger.report(2011, `${AT};a21028-Rtd=1`);
    logger.send(spoil(logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`))));
    await logger.report(2011, `${AT};a21028-Rtd=2`);
    expect(stand.inner.intake.readings.map(({ value, reason }) => [value, reason])).toEqual([
      [1, "good"],
      [2, "good"],
    ]);
    expect(stand.inner.total("hj212_crc_tolerated", { check: "modbus" })).toBe(2);
  });

  test("warn: any is taken, counted, and never better than uncertain", async () => {
    await using stand = await Stand.open({ link: { crcMode: "warn" } });
    const logger = await stand.call();
    logger.send(spoil(logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`))));
    await until("it is answered", () => logger.received.length === 1);
    expect(stand.inner.entered()).toEqual(["logger.h2s 7 uncertain @2026-05-21 14:30:00"]);
    expect(stand.inner.total("hj212_crc_tolerated", { check: "wrong" })).toBe(1);
  });

  test("warn is of one device: a stranger's wrong sum is no stranger", async () => {
    await using stand = await Stand.open({ address: { crcMode: "warn" } });
    const logger = await stand.call({ mn: "SOMEBODYELSE" });
    logger.send(spoil(logger.frame(logger.segment(2011, `${AT};a21028-Rtd=1`))));
    await until("it was refused", () => stand.inner.total("hj212_frames_spoiled") > 0);
    expect(stand.inner.driver.strangers()).toEqual([]);
  });
});

describe("times and what is not readable", () => {
  test("a report without a time is of now; one with an impossible time is doubted by the intake", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2011, "a21028-Rtd=1");
    await logger.report(2011, "DataTime=20261345143000;a21028-Rtd=2");
    expect(stand.inner.intake.readings.map(({ time }) => time)).toEqual([Number.NaN, 0]);
  });

  test("readings of a report enter in the order of their times", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2061, "DataTime=20260521150000;a21001-Avg=3;DataTime=20260521140000;a21001-Avg=2");
    expect(stand.inner.intake.readings.map(({ value }) => value)).toEqual([2, 3]);
  });

  test("parameters that are none are quarantined once, counted, and answered, or they would come for ever", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await logger.report(2011, "nonsense");
    await logger.report(2011, `nonsense;${AT};a21028-Rtd=1`);
    expect(stand.inner.total("hj212_undecodable")).toBe(2);
    expect(stand.inner.intake.undecodable).toMatchObject([{ source: "logger", link: "air" }]);
    expect(stand.inner.intake.readings).toHaveLength(1);
  });

  test("answers to requests that nobody made are counted and not answered", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    logger.send(logger.frame(logger.segment(9012, "ExeRtn=1")));
    await logger.report(2011, `${AT};a21028-Rtd=1`);
    expect(stand.inner.total("hj212_unasked")).toBe(1);
    expect(logger.received).toHaveLength(1);
  });

  test("`read` shows what was said last, with its flag", async () => {
    await using stand = await Stand.open();
    const logger = await stand.call();
    await expect(stand.inner.driver.read(0, new AbortController().signal)).rejects.toMatchObject({
      code: "DEVICE_TIMEOUT",
    });
    await logger.report(2011, `${AT};a21028-Rtd=0.5,a21028-Flag=S`);
    const values = await stand.inner.driver.read(0, new AbortController().signal);
    expect(values).toMatchObject([{ channel: "h2s", raw: "0.5 S", from: "a21028-Rtd in 2011", value: 0.5 }]);
  });

  test("what a test of the line sends by hand is understood: no line end, lower case", async () => {
    await using stand = await Stand.open();
    const socket = connect({ host: "127.0.0.1", port: stand.inner.port });
    socket.on("error", () => {});
    const segment = `QN=20260521143000123;ST=22;CN=2011;PW=1;MN=${MN};Flag=4;CP=&&${AT};a21028-Rtd=1&&`;
    const frame = writeFrame(Buffer.from(segment)).toString("latin1").trimEnd();
    socket.write(frame.slice(0, -4) + frame.slice(-4).toLowerCase());
    await until("it has entered", () => stand.inner.intake.readings.length === 1);
    socket.destroy();
  });
});
