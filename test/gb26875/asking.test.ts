import { describe, expect, test } from "vitest";
import { GB26875_REQUESTS } from "../../drivers/gb26875/request-kinds.ts";
import { writeTime } from "../../drivers/gb26875/timestamp.ts";
import { TYPE } from "../../drivers/gb26875/unit.ts";
import type { Fact, RequestAnswer } from "../../drivers/request.ts";
import { zoneOf } from "../../drivers/zone.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import type { Misbehaviour } from "../../simulators/gb26875-device.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until, within } from "../support/until.ts";
import { frameOf } from "./reading-frames.ts";
import { SOURCE, Stand } from "./site.ts";

const ZONE = zoneOf("+08:00");

/** Asks as the gateway does: parameters by their schema. */
function ask(
  stand: Stand,
  request: string,
  parameters: object = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RequestAnswer> {
  const known = GB26875_REQUESTS.find(({ id }) => id === request)!;
  return stand.driver.request({ device: 0, request, parameters: known.parameters.parse(parameters), signal });
}

function lines(facts: readonly Fact[]): string[] {
  return facts.map(({ name, text }) => `${name.zh} ${text.zh}`);
}

async function standing(misbehaves?: () => Misbehaviour | undefined, clock = new JumpingClock()) {
  const stand = await Stand.start({}, { clock });
  const device = await stand.transmitter(misbehaves === undefined ? {} : { misbehaves });
  await device.heartbeat();
  return { stand, device, clock };
}

describe("a transmission device is asked", () => {
  test("for all that the standard lets it be asked: each answer in words, with where it belongs", async () => {
    const { stand, device } = await standing();
    await using _ = stand;
    const component = { component: "smoke" };
    const answers = new Map<string, string[]>();
    for (const [request, parameters] of [
      ["device-state", {}],
      ["device-operations", { records: 2 }],
      ["device-version", {}],
      ["device-configuration", {}],
      ["device-time", {}],
      ["system-state", {}],
      ["system-operations", { records: 1 }],
      ["system-version", {}],
      ["system-configuration", {}],
      ["system-time", {}],
      ["component-state", component],
      ["component-analog", component],
      ["component-configuration", component],
    ] as const) {
      const { facts, raw } = await ask(stand, request, parameters);
      answers.set(request, lines(facts.filter(({ id }) => !["time", "clock", "ahead"].includes(id))));
      expect(raw, request).toMatch(/^[0-9a-f]+$/);
      if (request.startsWith("component")) {
        expect(facts[0]!.of).toContain("10区2位");
      }
      if (request.endsWith("time")) expect(Math.abs(Number(facts[1]!.value))).toBeLessThanOrEqual(5);
    }
    expect(Object.fromEntries(answers)).toEqual({
      "device-state": ["状态 正常监视"],
      "device-operations": ["操作 复位", "操作员编号 1", "操作 复位", "操作员编号 2"],
      "device-version": ["软件版本 1.1"],
      "device-configuration": ["配置 模拟装置"],
      "device-time": [],
      "system-state": ["状态 正常监视"],
      "system-operations": ["操作 复位", "操作员编号 1"],
      "system-version": ["软件版本 3.4"],
      "system-configuration": ["配置 两路总线"],
      "system-time": [],
      "component-state": ["状态 正常监视"],
      "component-analog": ["温度 25.3 Cel"],
      "component-configuration": ["配置 模拟部件"],
    });
    expect(device.asked).toHaveLength(13);
    // A state that was asked for is a reading like any other.
    await expect.poll(() => stand.said("uitd-1:panel.fire")).toEqual(["0"]);
  });

  test("for a component that nobody names, or that there is not: nothing is sent", async () => {
    const { stand, device } = await standing();
    await using _ = stand;
    for (const parameters of [{}, { component: "kitchen" }, { component: "panel" }, { zone: 3 }]) {
      await expect(ask(stand, "component-state", parameters)).rejects.toMatchObject({
        code: "COMMAND_USAGE",
      });
    }
    expect(device.asked).toEqual([]);
  });

  test.each<[Misbehaviour, string, string]>([
    ["denies", "system-state", "DEVICE_EXCEPTION"],
    ["other-type", "device-state", "DEVICE_ANSWER"],
    ["other-place", "system-state", "DEVICE_ANSWER"],
    ["other-place", "component-analog", "DEVICE_ANSWER"],
  ])("and %s: %s is %s", async (fault, request, code) => {
    const { stand } = await standing(() => fault);
    await using _ = stand;
    const parameters = request.startsWith("component") ? { component: "smoke" } : {};
    await expect(ask(stand, request, parameters)).rejects.toMatchObject({ code });
  });

  test.each<[Misbehaviour]>([["silent"], ["other-serial"]])(
    "and is %s: four times, then an error",
    async (fault) => {
      const { stand, device, clock } = await standing(() => fault);
      await using _ = stand;
      const asked = ask(stand, "device-version");
      asked.catch(() => {});
      for (let sent = 1; sent <= 4; sent++) {
        await until("it is asked", () => device.asked.length === sent);
        clock.jump(10 * SECOND);
      }
      await expect(within("the error", asked)).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    },
  );

  test("and whoever asked loses patience: it is not asked again, and the late answer is nobody's", async () => {
    const { stand, device, clock } = await standing(() => ({ after: 3 * SECOND }));
    await using _ = stand;
    const patience = new AbortController();
    const asked = ask(stand, "device-version", {}, patience.signal);
    asked.catch(() => {});
    await until("it is asked", () => device.asked.length === 1);
    patience.abort(new Error("no patience"));
    await expect(within("the error", asked)).rejects.toThrow("no patience");
    clock.jump(3 * SECOND);
    await until("the answer is nobody's", () => stand.count("unasked") === 1);
    clock.jump(MINUTE);
    expect(device.asked).toHaveLength(1);
  });

  test("and is not there", async () => {
    await using stand = await Stand.start();
    for (const request of ["device-version", "set-clock", "duty-check"]) {
      await expect(ask(stand, request)).rejects.toMatchObject({ code: "LINK_DOWN" });
    }
    expect(stand.count("clocks_not_set")).toBe(1);
  });
});

describe("clocks", () => {
  test("set on demand, and counted", async () => {
    const { stand, device } = await standing();
    await using _ = stand;
    const { facts } = await ask(stand, "set-clock");
    expect(Math.abs(device.clockSetTo! - stand.clock.wall())).toBeLessThan(5 * SECOND);
    expect(facts.map(({ id }) => id)).toEqual(["clock", "ahead"]);
    expect(stand.count("clocks_set")).toBe(1);
  });

  test("one that drifts while its device stays connected is noticed, and not set at each frame", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({ link: { setClock: "24h" } }, { clock });
    const device = await stand.transmitter();
    await device.heartbeat();
    const wrong = () => frameOf({ source: SOURCE, time: writeTime(clock.wall() - MINUTE, ZONE) });
    const sets = () => device.asked.filter((type) => type === TYPE.setClock).length;
    device.raw(wrong());
    await until("it is heard", () => stand.count("frames") === 2);
    expect(sets()).toBe(0);
    clock.jump(10 * MINUTE);
    device.raw(wrong());
    await until("it is set", () => stand.count("clocks_set") === 1);
    device.raw(wrong());
    clock.jump(9 * MINUTE);
    device.raw(wrong());
    await until("they are heard", () => stand.count("frames") >= 5);
    expect(sets()).toBe(1);
    expect(stand.count("clocks_set")).toBe(1);
  });

  test("a gateway whose own clock was never set sets nobody's", async () => {
    const clock = new JumpingClock(Date.UTC(2019, 5, 1) * 1_000);
    const { stand, device } = await standing(undefined, clock);
    await using _ = stand;
    await expect(ask(stand, "set-clock")).rejects.toMatchObject({ code: "COMMAND_USAGE" });
    expect(device.asked).toEqual([]);
  });

  test("a device that denies it: an error, and counted", async () => {
    const { stand, device } = await standing(() => "denies");
    await using _ = stand;
    await expect(ask(stand, "set-clock")).rejects.toMatchObject({ code: "DEVICE_EXCEPTION" });
    expect(device.clockSetTo).toBeUndefined();
    expect(stand.count("clocks_not_set")).toBe(1);
  });
});

describe("duty check", () => {
  test("answered: the channel shows it, and when", async () => {
    const { stand } = await standing();
    await using _ = stand;
    const { later } = await ask(stand, "duty-check", { minutes: 5 });
    const facts = await within("the answer of the people", later!);
    expect(facts.map(({ id, value }) => [id, value])).toEqual([
      ["duty", "answered"],
      ["time", expect.stringMatching(/^\d{4}-.*Z$/)],
    ]);
    expect(stand.said("uitd-1.duty")).toEqual(["1", "2"]);
  });

  test("not answered in time, not delivered, and one that takes another's place", async () => {
    const clock = new JumpingClock();
    await using stand = await Stand.start({}, { clock });
    const asleep = await stand.transmitter({ onDuty: false });
    await asleep.heartbeat();
    const first = await ask(stand, "duty-check", { minutes: 10 });
    clock.jump(9 * MINUTE);
    const second = await ask(stand, "duty-check", { minutes: 10 });
    // Nobody knows of the first whether it would have been answered.
    expect(await within("the end of the first", first.later!)).toEqual([]);
    clock.jump(9 * MINUTE);
    expect(stand.said("uitd-1.duty")).toEqual(["1", "1"]);
    clock.jump(2 * MINUTE);
    expect(lines(await within("the end of the second", second.later!))).toEqual([
      "查岗结果 10分钟内无人应答",
    ]);
    await asleep.disconnect();
    await until("it is gone", () => stand.outages.length === 1);
    await expect(ask(stand, "duty-check")).rejects.toMatchObject({ code: "LINK_DOWN" });
    expect(stand.said("uitd-1.duty")).toEqual(["1", "1", "3", "1", "4"]);
  });

  test("a link that stops knows of no answer", async () => {
    const stand = await Stand.start();
    const asleep = await stand.transmitter({ onDuty: false });
    await asleep.heartbeat();
    const { later } = await ask(stand, "duty-check");
    await stand[Symbol.asyncDispose]();
    expect(await within("the end", later!)).toEqual([]);
  });
});

test("requests of one connection: a wrong frame beside them is not their answer", async () => {
  const { stand, device } = await standing();
  await using _ = stand;
  device.raw(frameOf({ source: SOURCE, time: writeTime(stand.clock.wall(), ZONE) }).subarray(0, 20));
  const { facts } = await ask(stand, "device-version");
  expect(lines(facts)).toEqual(["软件版本 1.1"]);
});
