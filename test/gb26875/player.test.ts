import { expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { play } from "../simulators/play.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { until } from "../support/until.ts";
import { SOURCE, Stand } from "./site.ts";

/** A played device beside the driver, under one clock that a test moves. */
async function stage(transport: "tcp" | "udp") {
  const clock = new ManualClock();
  const stand = await Stand.start({ link: { transports: ["tcp", "udp"] } }, { clock });
  const played = await play(
    `
links: { fire: { type: gb26875, centre: "${stand.driver.listening}", transport: ${transport} } }
devices:
  uitd-1:
    profile: gb26875-device
    link: fire
    address: { source: ${SOURCE} }
    components:
      panel: { address: { system: 1, systemAddress: 1 } }
      smoke: { address: { system: 1, zone: 10, point: 2, type: 40 } }
story:
  - { at: 10s, set: { "uitd-1:smoke.fire": active, "uitd-1:smoke.fault": active } }
  - { at: 20s, set: { uitd-1.manual_alarm: active } }
  - { at: 30s, set: { "uitd-1:smoke.fire": normal, "uitd-1:smoke.fault": normal, uitd-1.manual_alarm: normal } }
  - { at: 40s, for: 20s, faults: [{ kind: dead, on: uitd-1 }] }
`,
    { clock },
  );
  /** Time passes in small steps, so that sockets keep up, until something has come about. */
  const go = async (what: string, done: () => boolean) =>
    await until(what, () => {
      clock.advance(SECOND / 10);
      return done();
    });
  return {
    stand,
    go,
    [Symbol.asyncDispose]: async () => {
      await played[Symbol.asyncDispose]();
      await stand[Symbol.asyncDispose]();
    },
  };
}

test.each(["tcp", "udp"] as const)("a story over %s: every state told when it changes", async (transport) => {
  await using on = await stage(transport);
  const { stand, go } = on;
  await go("the first states", () => stand.said("uitd-1:smoke.fire").length > 0);
  expect(stand.said("uitd-1:panel.fire")).toEqual(["0"]);
  await go("the fire", () => stand.said("uitd-1:smoke.fire").length > 1);
  expect(stand.said("uitd-1:smoke.fire")).toEqual(["0", "1 device_failure"]);
  expect(stand.said("uitd-1:smoke.test")).toEqual(["0", "0"]);
  await go("the button", () => stand.said("uitd-1.manual_alarm").length > 0);
  await go("the end", () => stand.said("uitd-1.manual_alarm").length > 1);
  expect(stand.said("uitd-1.manual_alarm")).toEqual(["1", "0"]);
  await go("the all-clear", () => stand.said("uitd-1:smoke.fire").length > 2);
  expect(stand.said("uitd-1:smoke.fire")[2]).toBe("0");
  expect(stand.count("broken")).toBe(0);
});

test("a device that dies is an outage; when it is back it tells everything anew", async () => {
  await using on = await stage("tcp");
  const { stand, go } = on;
  await go("it is gone", () => stand.outages.length === 1);
  expect(stand.outages[0]).toMatchObject({ thing: "device", up: false });
  const before = stand.said("uitd-1:smoke.fire").length;
  await go("it is back", () => stand.said("uitd-1:smoke.fire").length > before);
  expect(stand.outages.at(-1)).toMatchObject({ up: true });
});
