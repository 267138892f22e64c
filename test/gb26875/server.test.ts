import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { encodeUnit } from "../../drivers/gb26875/encode-unit.ts";
import { writeTime } from "../../drivers/gb26875/timestamp.ts";
import { TYPE } from "../../drivers/gb26875/unit.ts";
import { zoneOf } from "../../drivers/zone.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { parseEndpoint } from "../../simulators/endpoint.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { frameOf } from "./reading-frames.ts";
import { SOURCE, Stand } from "./site.ts";

const ZONE = zoneOf("+08:00");
const FIRE = 0x0003;
const NORMAL = 0x0001;
const SMOKE = { zone: 10, point: 2, type: 40 };

/** A state of the listed detector as a frame. */
function stateFrame(flags: number, { serial = 1, time = Number.NaN } = {}): Buffer {
  const object = { system: 1, systemAddress: 1, component: 40, address: 10 + 2 * 65_536, flags, time };
  return frameOf({ serial, source: SOURCE, unit: encodeUnit(TYPE.componentState, [object], { zone: ZONE }) });
}

describe("over a real socket", () => {
  test("frames in single bytes, in odd pieces, and glued together", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE, { pieces: [1] });
    await device.component(SMOKE, NORMAL, { pieces: [3, 20, 1, 30] });
    const glued = Array.from({ length: 50 }, (_, i) =>
      stateFrame(i % 2 === 0 ? FIRE : NORMAL, { serial: 100 + i }),
    );
    device.raw(Buffer.concat(glued));
    await expect.poll(() => device.confirmed.length).toBe(52);
    expect(stand.said("uitd-1:smoke.fire")).toEqual([
      "1",
      "0",
      ...glued.map((_, i) => (i % 2 === 0 ? "1" : "0")),
    ]);
  });

  test("a confirmation says which frame, from whom to whom, and when", async () => {
    await using stand = await Stand.start();
    const socket = connect(parseEndpoint(stand.driver.listening));
    const heard: Buffer[] = [];
    socket.on("data", (bytes) => heard.push(bytes));
    socket.write(stateFrame(FIRE, { serial: 0x1234 }));
    const answer = await until("an answer", () => (heard.length > 0 ? Buffer.concat(heard) : undefined));
    expect(answer.toString("hex")).toMatch(/^404034120101.{12}385b01000000790300000000000003..2323$/);
    socket.destroy();
  });

  test("UDP: a datagram a frame, or several; what is cut off is lost and the next one heard", async () => {
    await using stand = await Stand.start({ link: { transports: ["tcp", "udp"] } });
    const device = await stand.transmitter({ transport: "udp" });
    expect(await device.component(SMOKE, FIRE)).toBe("confirmed");
    device.raw(stateFrame(FIRE, { serial: 200 }).subarray(0, 40));
    device.raw(Buffer.concat([stateFrame(NORMAL, { serial: 201 }), stateFrame(FIRE, { serial: 202 })]));
    await expect.poll(() => stand.said("uitd-1:smoke.fire")).toEqual(["1", "0", "1"]);
    await expect.poll(() => device.confirmed).toEqual([0, 201, 202]);
    expect(stand.count("broken")).toBe(1);
  });

  test("UDP: a datagram larger than any is not looked through, nor more than a few of a stranger's broken frames", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({ link: { transports: ["tcp", "udp"] } }, { clock });
    const device = await stand.transmitter({ transport: "udp" });
    device.raw(Buffer.alloc(60_000, 0x40));
    await expect.poll(() => stand.count("datagrams_dropped")).toBe(1);
    expect(stand.count("broken")).toBe(0);
    const broken = stateFrame(FIRE, { serial: 1 });
    broken[broken.length - 3]! ^= 1;
    for (let i = 0; i < 20; i++) device.raw(broken);
    await expect.poll(() => stand.count("broken") + stand.count("datagrams_dropped")).toBe(21);
    expect(stand.count("broken")).toBeLessThan(20);
    clock.jump(1 * SECOND);
    expect(await device.component(SMOKE, FIRE)).toBe("confirmed");
  });
});

describe("what is confirmed is on disk", () => {
  test("nothing is confirmed while the disk has it not; then all, in order", async () => {
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.start({}, { intake });
    const device = await stand.transmitter();
    const answers = [1, 2, 3].map((flags) => device.component(SMOKE, flags));
    await expect.poll(() => intake.messages.length).toBe(3);
    // The rules have seen it: only the device waits.
    expect(stand.said("uitd-1:smoke.fire")).toHaveLength(3);
    expect(await device.heartbeat()).toBe("confirmed");
    expect(device.confirmed).toEqual([3]);
    intake.makeDurable(intake.messages[0]!.ticket);
    expect(await answers[0]).toBe("confirmed");
    expect(device.confirmed).toEqual([3, 0]);
    intake.makeDurable();
    await Promise.all(answers);
    expect(device.confirmed).toEqual([3, 0, 1, 2]);
  });

  test("what the intake does not keep is never confirmed, and confirmed when it is sent again and kept", async () => {
    const clock = new JumpingClock();
    const intake = new RecordingIntake();
    intake.refusing = true;
    await using stand = await Stand.start({}, { clock, intake });
    const device = await stand.transmitter();
    const answer = device.component(SMOKE, FIRE, { time: Number.NaN });
    await expect.poll(() => stand.count("refused")).toBe(1);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
    intake.refusing = false;
    clock.jump(10 * SECOND);
    expect(await within("the confirmation", answer)).toBe("confirmed");
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1", "1"]);
    expect(stand.count("repeats")).toBe(0);
  });

  test("a frame sent again because the disk was slow is taken once and confirmed both times", async () => {
    const clock = new JumpingClock();
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.start({}, { clock, intake });
    const device = await stand.transmitter();
    const answer = device.component(SMOKE, FIRE);
    await expect.poll(() => intake.messages.length).toBe(1);
    clock.jump(10 * SECOND);
    await expect.poll(() => stand.count("repeats")).toBe(1);
    expect(device.confirmed).toEqual([]);
    intake.makeDurable();
    await answer;
    await expect.poll(() => device.confirmed).toEqual([0, 0]);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });

  test("too many confirmations that wait: the rest is heard and left unconfirmed", async () => {
    const intake = new RecordingIntake({ instant: false });
    await using stand = await Stand.start({ link: { limits: { held: 4 } } }, { intake });
    const device = await stand.transmitter();
    for (let serial = 0; serial < 6; serial++) device.raw(stateFrame(FIRE, { serial }));
    await expect.poll(() => stand.count("unconfirmed")).toBe(2);
    expect(stand.said("uitd-1:smoke.fire")).toHaveLength(6);
    intake.makeDurable();
    await expect.poll(() => device.confirmed).toEqual([0, 1, 2, 3]);
  });
});

describe("repeats", () => {
  test("two fires that a device numbers alike and gives no time, with an all-clear between, are two", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    for (const flags of [FIRE, NORMAL, FIRE]) device.raw(stateFrame(flags, { serial: 0 }));
    await expect.poll(() => device.confirmed.length).toBe(3);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1", "0", "1"]);
  });

  test("the same frame twice in a row is one, however it is timed", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    const timed = stateFrame(NORMAL, { serial: 2, time: stand.clock.wall() });
    for (const frame of [stateFrame(FIRE, { serial: 1 }), timed]) device.raw(Buffer.concat([frame, frame]));
    await expect.poll(() => device.confirmed).toEqual([1, 1, 2, 2]);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1", "0"]);
  });

  test("after a restart of ours, by what the journal remembers", async () => {
    const intake = new RecordingIntake();
    const frame = stateFrame(FIRE, { serial: 5, time: Date.UTC(2026, 4, 21, 6, 30) * 1_000 });
    {
      await using stand = await Stand.start({}, { intake });
      const device = await stand.transmitter();
      device.raw(frame);
      await expect.poll(() => device.confirmed).toEqual([5]);
    }
    await using stand = await Stand.start({}, { intake });
    const device = await stand.transmitter();
    device.raw(frame);
    await expect.poll(() => device.confirmed).toEqual([5]);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });
});

describe("broken and foreign things on the port", () => {
  test("a wrong sum is denied and costs the device one more sending", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    const spoil = (frame: Buffer) => {
      frame[frame.length - 3]! ^= 0xff;
      return frame;
    };
    expect(await device.component(SMOKE, FIRE, { spoil })).toBe("denied");
    expect(await device.component(SMOKE, FIRE)).toBe("confirmed");
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });

  test.each([0, 1, 4, 7, 127, 128, 255])("command %i is none of a device's: denied", async (command) => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    device.raw(frameOf({ serial: 3, source: SOURCE, command }));
    await expect.poll(() => device.denied).toEqual([3]);
  });

  test("a state that cannot be read is denied and kept for a person; a vendor's own type is kept and confirmed", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    expect(await device.send(Buffer.of(TYPE.componentState, 1, 0, 0))).toBe("denied");
    expect(await device.send(Buffer.of(200, 1, 0, 0))).toBe("confirmed");
    expect(stand.intake.undecodable.map(({ source }) => source)).toEqual(["uitd-1", "uitd-1"]);
    expect(stand.intake.undecodable[0]!.error).toContain("do not fit");
    expect(stand.count("undecodable")).toBe(2);
  });

  test("a device the site does not have gets no answer, is counted, and is shown once with its address", async () => {
    await using stand = await Stand.start();
    const known = await stand.transmitter();
    const stranger = await stand.transmitter({ source: 4_711 });
    for (let serial = 0; serial < 5; serial++) stranger.raw(frameOf({ serial, source: 4_711 }));
    await expect.poll(() => stand.count("unknown_sources")).toBe(5);
    expect(stand.intake.undecodable).toHaveLength(1);
    expect(stand.intake.undecodable[0]!.error).toBe(
      "no device of this site has the address { source: 4711 }",
    );
    expect(stand.intake.undecodable[0]!.source).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await known.heartbeat()).toBe("confirmed");
    expect(stranger.confirmed).toEqual([]);
    expect(stranger.denied).toEqual([]);
  });

  test("another protocol on the port disturbs nobody, and goes when its time is over", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({}, { clock });
    const device = await stand.transmitter();
    await device.heartbeat();
    const browser = connect(parseEndpoint(stand.driver.listening));
    const closed = new Promise((resolve) => browser.once("close", resolve));
    browser.on("error", () => {});
    browser.write("GET / HTTP/1.1\r\nHost: x@@y\r\n\r\n".repeat(50));
    await expect.poll(() => stand.count("skipped_bytes")).toBeGreaterThan(1_000);
    expect(await device.component(SMOKE, FIRE)).toBe("confirmed");
    clock.jump(61 * SECOND);
    await within("the browser's end", closed);
    expect(await device.heartbeat()).toBe("confirmed");
  });

  test("a frame begun and never finished does not hold up the fire behind it", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({}, { clock });
    const device = await stand.transmitter();
    await device.heartbeat();
    const begun = frameOf({ source: SOURCE, unit: Buffer.alloc(1_000) }).subarray(0, 100);
    device.raw(Buffer.concat([begun, stateFrame(FIRE, { serial: 8 })]));
    await expect.poll(() => stand.count("frames")).toBe(1);
    await until("the fire", () => {
      clock.jump(5 * SECOND);
      return stand.said("uitd-1:smoke.fire").length > 0;
    });
    await expect.poll(() => device.confirmed).toContain(8);
    expect(stand.count("broken")).toBe(1);
  });

  test("who begins and never finishes is cut off", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({ link: { limits: { hello: "10m" } } }, { clock });
    const slow = connect(parseEndpoint(stand.driver.listening));
    slow.on("error", () => {}).resume();
    const closed = new Promise((resolve) => slow.once("close", resolve));
    const begin = frameOf({ unit: Buffer.alloc(900) }).subarray(0, 60);
    for (let i = 0; i < 3; i++) {
      slow.write(begin);
      await until("another unfinished frame is given up", () => {
        clock.jump(6 * SECOND);
        return stand.count("broken") + stand.count("connections_cut") > i;
      });
    }
    await within("its end", closed);
    expect(stand.count("connections_cut", { why: "too slow" })).toBe(1);
  });

  test("a flood is slowed down; its neighbour is not", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({ link: { limits: { rate: 100 } } }, { clock });
    const flood = await stand.transmitter();
    const beat = frameOf({ source: SOURCE });
    for (let i = 0; i < 20; i++) flood.raw(Buffer.concat(Array.from({ length: 2_000 }, () => beat)));
    await expect.poll(() => stand.count("slowed")).toBeGreaterThan(0);
    const neighbour = await stand.transmitter();
    expect(await neighbour.component(SMOKE, FIRE)).toBe("confirmed");
    expect(stand.count("frames")).toBeLessThan(40_000);
  });

  test("too many who say nothing push out the oldest of themselves", async () => {
    await using stand = await Stand.start({ link: { limits: { waiting: 5 } } });
    const device = await stand.transmitter();
    await device.heartbeat();
    const silent = Array.from({ length: 12 }, () => connect(parseEndpoint(stand.driver.listening)));
    for (const socket of silent) socket.on("error", () => {});
    await expect.poll(() => stand.count("connections_cut")).toBe(7);
    expect(await device.heartbeat()).toBe("confirmed");
    for (const socket of silent) socket.destroy();
  });

  test("who is not on the list of peers is not even heard", async () => {
    await using stand = await Stand.start({
      link: { peers: ["10.26.0.0/16"], transports: ["tcp", "udp"] },
    });
    const socket = connect(parseEndpoint(stand.driver.listening));
    socket.on("error", () => {});
    socket.write(stateFrame(FIRE));
    await within("its end", new Promise((resolve) => socket.once("close", resolve)));
    const datagrams = await stand.transmitter({ transport: "udp" });
    datagrams.raw(stateFrame(FIRE));
    await expect.poll(() => stand.count("datagrams_dropped")).toBe(1);
    expect(stand.count("connections_turned_away")).toBe(1);
    expect(stand.intake.messages).toEqual([]);
  });
});

describe("the centre's side", () => {
  test("a lost connection is an outage of the device; its return ends that", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.heartbeat();
    await device.disconnect();
    await expect
      .poll(() => stand.outages)
      .toEqual([{ thing: "device", index: 0, up: false, reason: "not_connected" }]);
    await device.connect();
    await device.heartbeat();
    expect(stand.outages.at(-1)).toEqual({ thing: "device", index: 0, up: true, reason: "good" });
  });

  test("a device that comes again before its old connection is gone is there all the time", async () => {
    await using stand = await Stand.start();
    const old = await stand.transmitter();
    await old.heartbeat();
    const again = await stand.transmitter();
    await again.heartbeat();
    await old.disconnect();
    await again.component(SMOKE, FIRE);
    expect(stand.outages).toEqual([]);
  });

  test("where devices connect only to speak, going is no outage", async () => {
    await using stand = await Stand.start({ section: { connection: "brief" } });
    const device = await stand.transmitter();
    await device.component(SMOKE, NORMAL);
    await device.disconnect();
    const other = await stand.transmitter();
    await other.heartbeat();
    expect(stand.outages).toEqual([]);
  });

  test("a silent device is asked for its state, and a dead connection closed", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({}, { clock });
    const device = await stand.transmitter();
    await device.heartbeat();
    clock.jump(6 * MINUTE);
    await expect.poll(() => device.asked).toContain(TYPE.readDeviceState);
    // The clock jumps over the ten seconds it has to answer: it may be asked again.
    await expect.poll(() => stand.said("uitd-1.fault")).toContain("0");
    await device.disconnect();

    // One that takes frames and never says anything again.
    const deaf = connect(parseEndpoint(stand.driver.listening));
    deaf.on("error", () => {}).resume();
    const closed = new Promise((resolve) => deaf.once("close", resolve));
    const before = stand.count("frames");
    deaf.write(frameOf({ source: SOURCE }));
    await expect.poll(() => stand.count("frames")).toBeGreaterThan(before);
    clock.jump(31 * MINUTE);
    await within("its end", closed);
  });

  test("a wrong clock is set when its device connects, a right one left alone", async () => {
    await using stand = await Stand.start({ link: { setClock: "24h" } });
    const right = await stand.transmitter();
    await right.heartbeat();
    const wrong = connect(parseEndpoint(stand.driver.listening));
    const heard: Buffer[] = [];
    wrong.on("data", (bytes) => heard.push(bytes));
    wrong.write(frameOf({ source: SOURCE, time: writeTime(stand.clock.wall() - 5 * MINUTE, ZONE) }));
    await expect.poll(() => Buffer.concat(heard).toString("hex")).toMatch(/0800015a01/);
    expect(right.asked).toEqual([]);
    wrong.destroy();
  });

  test("`read` asks the device and tells what all its channels said last", async () => {
    await using stand = await Stand.start();
    await expect(stand.driver.read(0, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: "LINK_DOWN",
    });
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE);
    await device.component({ zone: 3, point: 77, text: "3层走廊" }, FIRE);
    const values = await stand.driver.read(0, AbortSignal.timeout(5_000));
    expect(device.asked).toEqual([TYPE.readDeviceState, TYPE.readSystemState]);
    const by = new Map(values.map((value) => [value.channel, value]));
    expect(by.get("smoke.fire")).toMatchObject({ value: 1, raw: "0x0003", from: "uitd-1:smoke" });
    expect(by.get("mains")).toMatchObject({ value: 0 });
    expect(by.get("panel.fire")).toMatchObject({ value: 0 });
    expect(by.get("unlisted_fire")!.from).toContain("“3层走廊”");
  });

  test("stopping is quick, and nothing enters after it", async () => {
    const intake = new RecordingIntake({ instant: false });
    const stand = await Stand.start({}, { intake });
    const device = await stand.transmitter();
    device.raw(stateFrame(FIRE));
    await expect.poll(() => intake.messages.length).toBe(1);
    await within("the stop", stand.driver.stop(), 2_000);
    const before = intake.messages.length;
    device.raw(stateFrame(NORMAL, { serial: 2 }));
    intake.makeDurable();
    await new Promise((resolve) => setImmediate(resolve));
    expect(intake.messages.length).toBe(before);
    expect(device.confirmed).toEqual([]);
    await device.disconnect();
  });
});

test("two links on one port", async () => {
  await using stand = await Stand.start();
  await expect(Stand.start({ link: { listen: stand.driver.listening } })).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
  });
});
