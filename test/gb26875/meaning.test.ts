import { describe, expect, test } from "vitest";
import { TYPE } from "../../drivers/gb26875/unit.ts";
import { formatInstant, MINUTE, SECOND } from "../../model/time.ts";
import { objectAt } from "../../simulators/gb26875-device.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { Stand } from "./site.ts";
import { bytesOf } from "./vectors.ts";

/*
 * What the units of a device come to mean for the channels of the site.
 */

const NORMAL = 0x0001;
const FIRE = 0x0002;
const FAULT = 0x0004;
const SHIELD = 0x0008;
const RESET = 0x2000;
const SMOKE = { zone: 10, point: 2, type: 40 };
const UNKNOWN = { zone: 3, point: 77, type: 42, text: "3层走廊" };
/** Operation flags. */
const OPERATION = { reset: 1 << 0, manual: 1 << 2, clear: 1 << 3 };
const SYSTEM = { system: 1, systemAddress: 1 };

describe("a listed detector", () => {
  test("the standard's own example raises its channel, in the device's time, though bit 0 says test", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    device.raw(bytesOf("smoke-fire"));
    await expect.poll(() => stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
    const { index } = stand.channel("uitd-1:smoke.fire");
    const reading = stand.intake.readings.find(({ channel }) => channel === index)!;
    expect(formatInstant(reading.time)).toBe("2012-09-26T01:58:02.000000Z");
    expect(stand.said("uitd-1:smoke.test")).toEqual(["1"]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual([]);
  });

  test("fire beside a fault and a shield is fire; no fire beside them is no word that there is none", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE | FAULT | SHIELD);
    await device.component(SMOKE, FAULT);
    await device.component(SMOKE, SHIELD);
    await device.component(SMOKE, NORMAL);
    expect(stand.said("uitd-1:smoke.fire")).toEqual([
      "1 device_failure",
      "0 device_failure",
      "0 out_of_service",
      "0",
    ]);
    expect(stand.said("uitd-1:smoke.fault")).toEqual(["1", "1", "0", "0"]);
    expect(stand.said("uitd-1:smoke.disabled")).toEqual(["1", "0", "1", "0"]);
  });

  test("a state without a time of its own has the gateway's", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE, { time: Number.NaN });
    expect(stand.intake.readings.every(({ time }) => Number.isNaN(time))).toBe(true);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });

  test("a device whose clock nobody trusts: all times are the gateway's", async () => {
    await using stand = await Stand.start({ section: { time: "gateway" } });
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE);
    expect(stand.intake.readings.every(({ time }) => Number.isNaN(time))).toBe(true);
  });

  test("analog values by their kind: what the standard gives a unit, negative ones, what is out of range", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.say(TYPE.componentAnalog, [
      { ...objectAt({ zone: 1, point: 7, type: 12 }), analog: 6, raw: 250 },
      { ...objectAt({ zone: 1, point: 7, type: 12 }), analog: 6, raw: -55 },
      { ...objectAt({ zone: 1, point: 7, type: 12 }), analog: 6, raw: 1_200 },
      // No channel takes a voltage of this detector.
      { ...objectAt({ zone: 1, point: 7, type: 12 }), analog: 8, raw: 240 },
    ]);
    expect(stand.said("uitd-1:gas.gas")).toEqual(["25", "-5.5 under_range", "120 over_range"]);
    expect(stand.count("unmapped")).toBe(1);
  });

  test("vendors' analog values, by the profile", async () => {
    const components = {
      temperature: { analog: [0x9a], unit: "Cel", scale: 0.1, offset: -40 },
      pressure: { analog: [4, 5] },
    };
    await using stand = await Stand.start({ section: { components } });
    const device = await stand.transmitter();
    const at = objectAt(SMOKE);
    await device.say(TYPE.componentAnalog, [
      { ...at, analog: 0x9a, raw: 651 },
      { ...at, analog: 4, raw: 12 },
      { ...at, analog: 5, raw: 3_500 },
    ]);
    expect(stand.said("uitd-1:smoke.temperature").map(Number)).toEqual([expect.closeTo(25.1)]);
    expect(stand.said("uitd-1:smoke.pressure").map(Number)).toEqual([
      expect.closeTo(1_200),
      expect.closeTo(350),
    ]);
  });

  test("states of vendors without their text, and other versions", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter({ versions: [2, 255] });
    expect(await device.component(SMOKE, FIRE, { short: true })).toBe("confirmed");
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });

  test("the same, where the site does not tolerate them", async () => {
    const tolerate = { versions: false, shortComponents: false, heartbeats: false };
    await using stand = await Stand.start({ link: { tolerate } });
    const strange = await stand.transmitter({ versions: [2, 255] });
    expect(await strange.component(SMOKE, FIRE)).toBe("denied");
    const short = await stand.transmitter();
    expect(await short.component(SMOKE, FIRE, { short: true })).toBe("denied");
    expect(await short.heartbeat()).toBe("denied");
    expect(stand.said("uitd-1:smoke.fire")).toEqual([]);
    expect(stand.count("undecodable")).toBe(1);
  });
});

describe("somebody the site does not list", () => {
  test("says fire: the device itself alarms, and a person sees where it is", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(UNKNOWN, FIRE);
    await device.component({ ...UNKNOWN, point: 78 }, FIRE);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1", "1"]);
    expect(stand.said("uitd-1.unlisted_address")).toEqual([`${3 + 77 * 65_536}`, `${3 + 78 * 65_536}`]);
    expect(stand.intake.undecodable.map(({ source }) => source)).toEqual(["uitd-1", "uitd-1"]);
    expect(stand.intake.undecodable[0]!.error).toContain("3区77位 (zone 3 point 77");
    expect(stand.intake.undecodable[0]!.error).toContain("“3层走廊”");
    expect(stand.intake.undecodable[0]!.error).toContain("火警");
  });

  test("is over only when the last of them says so", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(UNKNOWN, FIRE);
    await device.component({ ...UNKNOWN, point: 78 }, FIRE);
    await device.component(UNKNOWN, NORMAL);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1", "1"]);
    await device.component({ ...UNKNOWN, point: 78 }, NORMAL);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1", "1", "0"]);
  });

  test("what was raised before a restart, by we do not know whom, only a reset ends", async () => {
    const intake = new (class extends RecordingIntake {
      standing = -1;
      lastValue(channel: number): number {
        return channel === this.standing ? 1 : Number.NaN;
      }
    })();
    const before = await Stand.start();
    intake.standing = before.channel("uitd-1.unlisted_fire").index;
    await before[Symbol.asyncDispose]();

    await using stand = await Stand.start({}, { intake });
    const device = await stand.transmitter();
    await device.component(UNKNOWN, FIRE);
    await device.component(UNKNOWN, NORMAL);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1"]);
    await device.say(TYPE.systemOperation, [{ ...SYSTEM, flags: OPERATION.reset, time: stand.clock.wall() }]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1", "0"]);
  });

  test("reports no danger: counted, nothing more", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component(UNKNOWN, FAULT);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual([]);
    expect(stand.count("unlisted")).toBe(1);
  });

  test("a detector of another type than the file says is not the one that was meant, and still heard", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.component({ ...SMOKE, type: 30 }, FIRE);
    expect(stand.said("uitd-1:smoke.fire")).toEqual([]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1"]);
  });

  test("a whole system says fire", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.say(TYPE.systemState, [{ system: 12, systemAddress: 0, flags: FIRE }]);
    await device.say(TYPE.systemState, [{ ...SYSTEM, flags: FIRE }]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1"]);
    expect(stand.said("uitd-1:panel.fire")).toEqual(["1"]);
  });
});

describe("the reset of a panel", () => {
  test("ends what its components had asserted, and nothing of other systems", async () => {
    const components = {
      smoke: { address: { system: 1, zone: 10, point: 2 } },
      heat: { address: { system: 1, zone: 10, point: 3 } },
      valve: { address: { system: 12, zone: 10, point: 4 } },
    };
    await using stand = await Stand.start({ components });
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE | FAULT);
    await device.component({ ...SMOKE, point: 3 }, NORMAL);
    await device.component({ ...SMOKE, point: 4, system: 12 }, FIRE);
    await device.component(UNKNOWN, FIRE);
    await device.say(TYPE.systemOperation, [
      { ...SYSTEM, flags: OPERATION.reset, operator: 3, time: stand.clock.wall() },
    ]);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1 device_failure", "0"]);
    // The fault was not the reset's to end.
    expect(stand.said("uitd-1:smoke.fault")).toEqual(["1"]);
    expect(stand.said("uitd-1:heat.fire")).toEqual(["0"]);
    expect(stand.said("uitd-1:valve.fire")).toEqual(["1"]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1", "0"]);
  });

  const state = async (device: Awaited<ReturnType<Stand["transmitter"]>>, flags: number) =>
    await device.say(TYPE.systemState, [{ ...SYSTEM, flags }]);

  test("told by bit 13 alone, again and again", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await state(device, NORMAL);
    for (let i = 0; i < 3; i++) {
      await device.component(SMOKE, FIRE);
      await state(device, NORMAL | RESET);
    }
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1", "0", "1", "0", "1", "0"]);
  });

  test("a bit 13 that stands ends no fire that began since", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await state(device, NORMAL | RESET);
    await state(device, NORMAL | RESET);
    await device.component(SMOKE, FIRE);
    await state(device, NORMAL | RESET);
    await state(device, NORMAL | RESET);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
    // Once it has been clear it tells of resets again.
    await state(device, NORMAL);
    await state(device, NORMAL | RESET);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1", "0"]);
  });

  test("a state that says both reset and fire ends nothing", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await state(device, NORMAL);
    await device.component(SMOKE, FIRE);
    await state(device, NORMAL | RESET | FIRE);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
    expect(stand.said("uitd-1:panel.fire")).toEqual(["0", "1"]);
  });

  test("where the profile names nothing, a reset ends nothing", async () => {
    await using stand = await Stand.start({ section: { reset: {} } });
    const device = await stand.transmitter();
    await device.component(SMOKE, FIRE);
    await device.say(TYPE.systemOperation, [{ ...SYSTEM, flags: OPERATION.reset }]);
    expect(stand.said("uitd-1:smoke.fire")).toEqual(["1"]);
  });
});

describe("the transmission device itself", () => {
  test("its own states: the published example says mains fault", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    device.raw(bytesOf("mains-fault"));
    await expect.poll(() => stand.said("uitd-1.mains")).toEqual(["1"]);
    expect(stand.said("uitd-1.fire")).toEqual(["0"]);
    expect(stand.said("uitd-1.standby")).toEqual(["0"]);
  });

  test("somebody presses its alarm button: danger, until it is reset", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    await device.say(TYPE.deviceOperation, [{ flags: OPERATION.manual, operator: 1 }]);
    expect(stand.said("uitd-1.manual_alarm")).toEqual(["1"]);
    await device.say(TYPE.deviceOperation, [
      { flags: OPERATION.clear, operator: 1, time: stand.clock.wall() },
    ]);
    expect(stand.said("uitd-1.manual_alarm")).toEqual(["1", "0"]);
  });

  test("somebody presses the alarm of a panel that nobody listed", async () => {
    await using stand = await Stand.start({ components: {} });
    const device = await stand.transmitter();
    await device.say(TYPE.systemOperation, [{ ...SYSTEM, flags: OPERATION.manual }]);
    expect(stand.said("uitd-1.unlisted_fire")).toEqual(["1"]);
  });

  test("versions, configurations and clocks are confirmed and say nothing about danger", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    const answers = await Promise.all([
      device.say(TYPE.systemVersion, [{ ...SYSTEM, major: 1 }]),
      device.say(TYPE.systemConfiguration, [{ ...SYSTEM, text: Buffer.from("a") }, { ...SYSTEM }]),
      device.say(TYPE.componentConfiguration, [objectAt(UNKNOWN)]),
      device.say(TYPE.systemTime, [{ ...SYSTEM, time: stand.clock.wall() }]),
      device.say(TYPE.deviceVersion, [{ major: 1 }]),
      device.say(TYPE.deviceConfiguration, [{ text: Buffer.from("b") }]),
      device.say(TYPE.deviceTime, [{ time: stand.clock.wall() }]),
    ]);
    expect(new Set(answers)).toEqual(new Set(["confirmed"]));
    expect(stand.count("undecodable")).toBe(0);
  });

  test("signs of life are kept every ten seconds at most", async () => {
    await using stand = await Stand.start();
    const device = await stand.transmitter();
    for (let i = 0; i < 5; i++) await device.heartbeat();
    expect(stand.said("uitd-1.heartbeat")).toEqual(["1"]);
    expect(device.confirmed).toHaveLength(5);
  });
});

test("a fire that seems older than the all-clear before it, because a clock was set back, has the gateway's time", async () => {
  await using stand = await Stand.start();
  const device = await stand.transmitter();
  const now = Math.floor(stand.clock.wall() / SECOND) * SECOND;
  await device.component(SMOKE, NORMAL, { time: now });
  await device.component(SMOKE, FIRE, { time: now - 5 * MINUTE });
  // The all-clear keeps the time it claims: doubt about it goes to the alarm.
  await device.component(SMOKE, NORMAL, { time: now - 4 * MINUTE });
  const { index } = stand.channel("uitd-1:smoke.fire");
  const times = stand.intake.readings.filter(({ channel }) => channel === index).map(({ time }) => time);
  expect(times).toEqual([now, Number.NaN, now - 4 * MINUTE]);
});

test("times far off are given as they are: whether they are believed is the intake's to say", async () => {
  await using stand = await Stand.start();
  const device = await stand.transmitter();
  const time = Math.floor((stand.clock.wall() - 600 * MINUTE) / SECOND) * SECOND;
  await device.component(SMOKE, FIRE, { time });
  const { index } = stand.channel("uitd-1:smoke.fire");
  expect(stand.intake.readings.find(({ channel }) => channel === index)!.time).toBe(time);
});
