import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { ACK, EOT, ESC, ETB, ETX, FUNCTION, NAK } from "../../drivers/sl651/control.ts";
import { parseStationAddress } from "../../drivers/sl651/station-address.ts";
import { FLAG_MODE_MASK, FLAG_MODE_SHIFT } from "../../model/reading.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { atBeijing, beijing } from "./reading.ts";
import { RIVER, Stand } from "./site.ts";

const ADDRESS = parseStationAddress("0012345678")!;
const OBSERVED = atBeijing("2026-05-21 14:30:00");
const CLASS = 0x48;
const Z = 0x39;
const VT = 0x38;
const ZT = 0x45;

const level = (value: number, observed = OBSERVED) => ({
  stations: [{ address: ADDRESS, category: CLASS, groups: [{ observed, elements: [{ guide: Z, value }] }] }],
});

/** Frames of others, as they came over the wire. */
const HOURLY = Buffer.from(
  "7E7E05001122334403E8340068020033170718110014F1F1001122334448F0F01707181005F4600500000014FFFFFFFFFF0000F0F017071811002619000040F0F01707181005F5C0000C000C001C00310031FFFFFFFFFFFFFFFFFFFF00310031F0F0170718110039230001049020190000403812109903F502",
  "hex",
);
const OTHER = { ...RIVER, address: { station: "0011223344" } };

async function dial(stand: Stand): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: stand.port });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

describe("a river station reports", () => {
  test("its level enters and is confirmed, with its serial number and ESC", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    expect(await rtu.report(FUNCTION.timed, level(10.49))).toBe(ESC);
    expect(stand.entered()).toEqual(["river.level 10.49 good @2026-05-21 14:30"]);
    expect(stand.intake.messages[0]!.patience).toBe("acknowledged");
    expect(rtu.received).toHaveLength(1);
    expect(rtu.received[0]).toMatchObject({
      up: false,
      code: FUNCTION.timed,
      station: ADDRESS,
      centre: 1,
      password: 0x1234,
    });
    expect([...rtu.received[0]!.body.subarray(0, 2)]).toEqual([0, 1]);
  });

  test.each(["hex", "ascii"] as const)(
    "in %s, in pieces of three bytes and several reports in one go",
    async (encoding) => {
      await using stand = await Stand.open();
      const rtu = await stand.call({ encoding, piece: 3 });
      await rtu.report(FUNCTION.timed, level(10.49));
      await rtu.report(FUNCTION.additional, level(-0.25, OBSERVED + MINUTE));
      rtu.keepAlive();
      await rtu.report(FUNCTION.timed, level(10.51, OBSERVED + 2 * MINUTE));
      expect(stand.entered()).toEqual([
        "river.level 10.49 good @2026-05-21 14:30",
        "river.level -0.25 good @2026-05-21 14:31",
        "river.level 10.51 good @2026-05-21 14:32",
      ]);
      expect(rtu.received).toHaveLength(3);
      expect(rtu.received.every((frame) => frame.encoding === encoding)).toBe(true);
    },
  );

  test("nothing is confirmed before it is on disk; then everything is", async () => {
    await using stand = await Stand.open({ instant: false });
    const rtu = await stand.call();
    const first = rtu.report(FUNCTION.timed, level(1));
    await until("it has entered", () => stand.intake.messages.length === 1);
    expect(stand.driver.held).toBe(1);
    expect(rtu.received).toEqual([]);
    stand.intake.makeDurable();
    expect(await first).toBe(ESC);
    expect(stand.driver.held).toBe(0);
  });

  test("what the intake refuses is evaluated, not confirmed, and accepted when it is sent again", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    stand.intake.refusing = true;
    const rtu = await stand.call();
    const confirmed = rtu.report(FUNCTION.additional, level(12));
    await until("it was refused", () => stand.total("sl651_refused") === 1);
    expect(rtu.received).toEqual([]);
    stand.intake.refusing = false;
    clock.jump(11 * SECOND);
    expect(await confirmed).toBe(ESC);
    expect(stand.intake.messages).toHaveLength(2);
    expect(stand.total("sl651_repeats")).toBe(0);
  });

  test("new danger under a clock that was set back comes in our time, or it would be history", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    const status = (value: number, observed: number) => ({
      stations: [
        { address: ADDRESS, category: CLASS, groups: [{ observed, elements: [{ guide: ZT, value }] }] },
      ],
    });
    await rtu.report(FUNCTION.additional, status(0, OBSERVED));
    await rtu.report(FUNCTION.additional, status(4, OBSERVED - MINUTE));
    const { index } = stand.channels.find(({ key }) => key === "river.level_alarm")!;
    expect(stand.intake.readings.filter(({ channel }) => channel === index)).toMatchObject([
      { value: 0, reason: "good", time: OBSERVED },
      { value: 1, reason: "good", time: Number.NaN },
    ]);
  });

  test("a report whose confirmation was lost is recognised by its serial number, and confirmed again", async () => {
    await using stand = await Stand.open({ stations: [OTHER] });
    const socket = await dial(stand);
    let answers = 0;
    socket.on("data", (chunk: Buffer) => {
      answers += chunk.length;
    });
    const one = 25;
    socket.write(HOURLY);
    await until("the first confirmation", () => answers === one);
    const readings = stand.intake.readings.length;
    socket.write(Buffer.concat([HOURLY, HOURLY]));
    await until("two more", () => answers === 3 * one);
    expect(stand.intake.readings).toHaveLength(readings);
    expect(stand.total("sl651_repeats")).toBe(2);
    socket.destroy();
  });

  test("a repeat waits for the disk as its first sending does", async () => {
    await using stand = await Stand.open({ stations: [OTHER], instant: false });
    const socket = await dial(stand);
    let answers = 0;
    socket.on("data", (chunk: Buffer) => {
      answers += chunk.length;
    });
    socket.write(Buffer.concat([HOURLY, HOURLY]));
    await until("the repeat", () => stand.total("sl651_repeats") === 1);
    expect(answers).toBe(0);
    stand.intake.makeDurable();
    await until("both confirmations", () => answers === 50);
    socket.destroy();
  });

  test("the same serial number with other contents is a new report: stations restart", async () => {
    await using stand = await Stand.open();
    const before = await stand.call();
    await before.report(FUNCTION.timed, level(1));
    const after = await stand.call();
    await after.report(FUNCTION.timed, level(2));
    expect(after.serial).toBe(before.serial);
    expect(stand.intake.readings.map(({ value }) => value)).toEqual([1, 2]);
  });

  test("an hourly report becomes readings with their own times, the newest last", async () => {
    await using stand = await Stand.open({ stations: [OTHER] });
    const socket = await dial(stand);
    socket.write(HOURLY);
    await until("it has entered", () => stand.intake.messages.length === 1);
    const entered = stand.entered();
    expect(entered).toHaveLength(28);
    expect(entered.slice(0, 4)).toEqual([
      "river.rain_5min 0.5 good @2017-07-18 10:05",
      "river.level_5min 0.12 good @2017-07-18 10:05",
      "river.rain_5min 0 good @2017-07-18 10:10",
      "river.level_5min 0.12 good @2017-07-18 10:10",
    ]);
    expect(entered).toContain("river.level_5min - missing_value @2017-07-18 10:30");
    expect(entered.slice(-6)).toEqual([
      "river.rain_5min 0 good @2017-07-18 11:00",
      "river.rain_total 4 good @2017-07-18 11:00",
      "river.level_5min 0.49 good @2017-07-18 11:00",
      "river.level 10.49 good @2017-07-18 11:00",
      "river.rain_today 4 good @2017-07-18 11:00",
      "river.voltage 10.99 good @2017-07-18 11:00",
    ]);
    socket.destroy();
  });

  test("a station that writes the hour's end into its blocks is read so when its profile says so", async () => {
    const blocks = {
      channels: { rain: { quantity: "rain_increment" as const } },
      sl651: { blocks: "last" as const, channels: { rain: { element: "DRP" } } },
    };
    await using stand = await Stand.open({ stations: [{ ...RIVER, profile: blocks }] });
    const rtu = await stand.call();
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    await rtu.report(FUNCTION.hourly, {
      stations: [
        {
          address: ADDRESS,
          category: CLASS,
          groups: [{ observed: OBSERVED, elements: [{ guide: 0xf4, value: values }] }],
        },
      ],
    });
    expect(stand.entered()[0]).toBe("river.rain 1 good @2026-05-21 13:35");
    expect(stand.entered()[11]).toBe("river.rain 12 good @2026-05-21 14:30");
  });

  test("the bits of ZT become states: battery low and the level alarm that the station asserts itself", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    const groups = [{ observed: OBSERVED, elements: [{ guide: ZT, value: 0x06 }] }];
    await rtu.report(FUNCTION.additional, { stations: [{ address: ADDRESS, category: CLASS, groups }] });
    const at = "good @2026-05-21 14:30";
    expect(stand.entered()).toEqual([
      `river.mains 0 ${at}`,
      `river.battery_low 1 ${at}`,
      `river.level_alarm 1 ${at}`,
      `river.level_fault 0 ${at}`,
      `river.storage_fault 0 ${at}`,
      // Bit 7 is 0: the door is open.
      `river.door 1 ${at}`,
    ]);
  });

  test("a test report is marked as a test, and too doubtful to clear anything", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    await rtu.report(FUNCTION.test, level(99));
    await rtu.report(FUNCTION.timed, level(1));
    expect(stand.intake.readings.map(({ reason }) => reason)).toEqual(["substitute", "good"]);
    expect(stand.intake.readings.map(({ flags }) => (flags & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT)).toEqual([
      1, 0,
    ]);
  });

  test("what an observer typed in becomes manual values; what is no value is confirmed and left to people", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    await rtu.report(FUNCTION.manual, { manual: "Q 1.234" });
    await rtu.report(FUNCTION.manual, { manual: "TT 2605211200 Z 10.5 VT M" });
    await rtu.report(FUNCTION.manual, { manual: "\xcb\xae\xce\xbb" });
    const [q, z, vt] = stand.entered();
    expect(q).toMatch(/^river\.discharge 1\.234 local_override @/);
    expect(z).toBe("river.level 10.5 local_override @2026-05-21 12:00");
    expect(vt).toBe("river.voltage - missing_value @2026-05-21 12:00");
    expect(stand.entered()).toHaveLength(3);
  });

  test("elements that no channel wants are counted", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    const groups = [
      {
        observed: OBSERVED,
        elements: [
          { guide: 0x46, value: 7.01 },
          { guide: VT, value: 12.6 },
        ],
      },
    ];
    await rtu.report(FUNCTION.timed, { stations: [{ address: ADDRESS, category: CLASS, groups }] });
    expect(stand.entered()).toEqual(["river.voltage 12.6 good @2026-05-21 14:30"]);
    expect(stand.total("sl651_unmapped_elements")).toBe(1);
  });

  test("a body that makes no sense from some place on: what stands before enters, the rest is quarantined", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    const body = Buffer.from("0009260521143000F1F1001234567848F0F02605211430392300010490382312", "hex");
    rtu.send(rtu.frame(FUNCTION.timed, body));
    await until("it is confirmed", () => rtu.received.length === 1);
    expect(stand.entered()).toEqual(["river.level 10.49 good @2026-05-21 14:30"]);
    expect(stand.intake.undecodable).toMatchObject([
      { source: "river", error: expect.stringContaining("VT") },
    ]);
  });

  test("M1 expects no answer and gets none; EOT and ACK where the site says so; ETB means more to come", async () => {
    await using stand = await Stand.open({
      stations: [
        { ...RIVER, address: { station: "0012345678", mode: "m1" } },
        { ...OTHER, id: "other", address: { station: "0011223344", confirmation: "eot" } },
      ],
    });
    const silent = await stand.call();
    silent.report(FUNCTION.timed, level(1)).catch(() => {});
    const other = await stand.call({ address: 0x11223344 });
    expect(
      await other.report(FUNCTION.timed, { stations: [{ ...level(1).stations[0]!, address: 0x11223344 }] }),
    ).toBe(EOT);
    await until("both have entered", () => stand.intake.messages.length === 2);
    expect(stand.intake.messages.map(({ patience }) => patience).sort()).toEqual(["acknowledged", "polled"]);
    expect(silent.received).toEqual([]);
    const body = Buffer.from(
      "000226052114300 0F1F1001122334448F0F026052114303812126 0".replaceAll(" ", ""),
      "hex",
    );
    other.send(other.frame(FUNCTION.timed, body, { end: ETB }));
    await until("the second confirmation", () => other.received.length === 2);
    expect(other.received[1]!.end).toBe(ACK);
  });
});

describe("a report in packets", () => {
  const picture = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7) & 0xff));
  const withPicture = {
    stations: [
      { address: ADDRESS, category: CLASS, groups: [{ observed: OBSERVED, elements: [] }], picture },
    ],
  };
  const row = {
    stations: [
      {
        address: ADDRESS,
        category: CLASS,
        row: {
          observed: OBSERVED,
          step: 5 * MINUTE,
          guide: Z,
          values: Array.from({ length: 60 }, (_, i) => 10 + i / 100),
        },
      },
    ],
  };

  test.each(["hex", "ascii"] as const)(
    "is put together and confirmed once, with the number of the last packet (%s)",
    async (encoding) => {
      await using stand = await Stand.open();
      const rtu = await stand.call({ encoding });
      expect(await rtu.reportInPackets(FUNCTION.uniform, row, { size: 50 })).toBe(ESC);
      expect(stand.entered()).toHaveLength(60);
      expect(stand.entered().at(-1)).toBe("river.level 10.59 good @2026-05-21 19:25");
      expect(rtu.received).toHaveLength(1);
      const { packet } = rtu.received[0]!;
      expect(packet!.sequence).toBe(packet!.total);
    },
  );

  test("missing packets are asked for one by one, and the report is confirmed when it is whole", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    expect(await rtu.reportInPackets(FUNCTION.uniform, row, { size: 50, lose: [1, 3, 4] })).toBe(ESC);
    expect(stand.entered()).toHaveLength(60);
    expect(rtu.received.map(({ end, packet }) => [end, packet!.sequence])).toEqual([
      [NAK, 1],
      [NAK, 3],
      [NAK, 4],
      [ESC, 6],
    ]);
  });

  test("what is left of a resending, after the report has become whole, begins no new one", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    await rtu.reportInPackets(FUNCTION.uniform, row, { size: 50 });
    const { total } = rtu.received[0]!.packet!;
    for (let sequence = 4; sequence <= total; sequence++) {
      const end = sequence === total ? ETX : ETB;
      rtu.send(rtu.frame(FUNCTION.uniform, Buffer.alloc(50), { packet: { total, sequence }, end }));
    }
    expect(await rtu.report(FUNCTION.timed, level(1))).toBe(ESC);
    expect(rtu.received.map(({ end }) => end)).toEqual([ESC, ESC]);
    expect(stand.total("sl651_packets_repeated")).toBe(total - 3);
  });

  test("the last packet is lost: it is asked for after a while; nothing more comes: the report is given up and counted", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.open({ clock });
    const rtu = await stand.call({ patience: HOUR });
    const confirmed = rtu.reportInPackets(FUNCTION.uniform, row, { size: 50, lose: [6] });
    await until("five packets", () => stand.total("sl651_frames") === 5);
    clock.jump(21 * SECOND);
    expect(await confirmed).toBe(ESC);
    const lost = rtu.reportInPackets(FUNCTION.uniform, row, { size: 50, lose: [2] });
    lost.catch(() => {});
    await until("it was asked for and sent again", () => stand.intake.messages.length === 2);
    const raw = await stand.call({ patience: HOUR });
    raw.send(raw.frame(FUNCTION.uniform, Buffer.alloc(40), { packet: { total: 3, sequence: 1 }, end: ETB }));
    await until("the first packet", () => stand.total("sl651_frames") === 13);
    for (let i = 0; i < 5; i++) clock.jump(21 * SECOND);
    expect(stand.total("sl651_packets_given_up")).toBe(1);
    expect(raw.received.filter(({ end }) => end === NAK)).toHaveLength(0);
    await until("it was asked for three times", () => raw.received.length === 3);
  });

  test("a picture of many packets is counted and not kept", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    expect(await rtu.reportInPackets(FUNCTION.picture, withPicture, { size: 400, lose: [5] })).toBe(ESC);
    expect(stand.total("sl651_pictures")).toBe(1);
    expect(stand.entered()).toEqual([]);
  });

  test("a report without end does not keep out those of another station", async () => {
    const link = { limits: { packets: "4kB" } };
    await using stand = await Stand.open({ stations: [RIVER, { ...OTHER, id: "other" }], link });
    const endless = await stand.call({ address: parseStationAddress("0011223344")! });
    for (let sequence = 1; sequence <= 4; sequence++) {
      const packet = { total: 4_095, sequence };
      endless.send(endless.frame(FUNCTION.uniform, Buffer.alloc(980), { packet, end: ETB }));
    }
    await until("all of that", () => stand.total("sl651_frames") === 4);
    const rtu = await stand.call();
    expect(await rtu.reportInPackets(FUNCTION.uniform, row, { size: 100 })).toBe(ESC);
    expect(stand.total("sl651_packets_given_up")).toBe(1);
  });

  test("packets beyond the bound are given up, and the station goes on reporting", async () => {
    await using stand = await Stand.open({ link: { limits: { packets: "1kB" } } });
    const rtu = await stand.call({ patience: HOUR });
    rtu
      .reportInPackets(
        FUNCTION.uniform,
        {
          stations: [
            { ...row.stations[0]!, row: { ...row.stations[0]!.row, values: new Array(400).fill(1) } },
          ],
        },
        { size: 300 },
      )
      .catch(() => {});
    await until("it was given up", () => stand.total("sl651_packets_given_up") > 0);
    expect(await rtu.report(FUNCTION.timed, level(3))).toBe(ESC);
  });
});

describe("the centre asks", () => {
  test("by the clock, for a station of mode M4", async () => {
    const clock = new JumpingClock();
    const asked = { ...RIVER, address: { station: "0012345678", mode: "m4" as const, ask: "10s" } };
    await using stand = await Stand.open({ clock, stations: [asked] });
    let value = 0;
    const rtu = await stand.call({ answer: () => level(++value) });
    rtu.keepAlive();
    await until("it is known", () => stand.total("sl651_frames") === 1);
    for (let i = 1; i <= 3; i++) {
      await until(`answer ${i}`, () => {
        clock.jump(SECOND);
        return stand.intake.readings.length === i;
      });
    }
    expect(stand.intake.readings.map((reading) => reading.value)).toEqual([1, 2, 3]);
  });

  test("sets the clock of a station that is an hour off, when the site wants that, and not twice", async () => {
    await using stand = await Stand.open({ link: { clock: { correct: true } } });
    const rtu = await stand.call({ answer: () => ({}) });
    rtu.clockError = -HOUR;
    await rtu.report(FUNCTION.timed, level(1));
    await until("the clock is set", () => rtu.clockError === 0);
    await until("it is counted", () => stand.total("sl651_clocks_set") === 1);
    rtu.clockError = HOUR;
    await rtu.report(FUNCTION.timed, level(2));
    await rtu.report(FUNCTION.timed, level(3));
    expect(
      rtu.received.filter(({ code }) => code === FUNCTION.setClock && rtu.received.length > 0).length,
    ).toBeLessThanOrEqual(2);
    expect(rtu.clockError).toBe(HOUR);
  });

  test("`read` shows what a station said last, with its digits", async () => {
    await using stand = await Stand.open();
    const rtu = await stand.call();
    await rtu.report(FUNCTION.timed, level(10.49));
    await rtu.report(FUNCTION.additional, level(10.52, OBSERVED + MINUTE));
    const [value, ...others] = await stand.driver.read(0, new AbortController().signal);
    expect(others).toEqual([]);
    expect(value).toMatchObject({
      channel: "level",
      raw: "00010520",
      from: "Z in additional report",
      value: 10.52,
    });
    expect(beijing(value!.time, 16)).toBe("2026-05-21 14:31");
  });
});
