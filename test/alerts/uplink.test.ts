import { describe, expect, test } from "vitest";
import type { ConnectUplink, Will } from "../../gateway/alerts/uplink.ts";
import { SECOND } from "../../model/time.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { AlertDesk, type DeskOptions, settled } from "./support/alert-desk.ts";
import { expectValid } from "./support/published.ts";
import { RecordingBus } from "./support/recording-bus.ts";

const LEAK = "county/tocsin/demo/alarm/gas/well-3/gd-01.lel/gas-leak";

/** An uplink whose broker is in the test's hands. */
function county(bus: RecordingBus, told: { will?: Will; clientId?: string } = {}): DeskOptions {
  const connect: ConnectUplink = ({ will, clientId }) => {
    told.will = will();
    told.clientId = clientId;
    return Promise.resolve(bus);
  };
  return { connect, uplinks: { county: { prefix: "county/tocsin" } } };
}

function events(bus: RecordingBus): Record<string, unknown>[] {
  return bus.json("county/tocsin/demo/event/#");
}

describe("an uplink", () => {
  test("gets everything under its own prefix, and leaves a will that says so", async () => {
    const bus = new RecordingBus();
    const told: { will?: Will; clientId?: string } = {};
    await using desk = await AlertDesk.start(county(bus, told));
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    expect(events(bus)).toMatchObject([{ seq: 1, resent: false }]);
    expect(bus.retained.has(LEAK)).toBe(true);
    expect(bus.retained.has("county/tocsin/demo/point/well-3")).toBe(true);
    expect(JSON.parse(bus.retained.get("county/tocsin/demo/status")!)).toMatchObject({ state: "online" });
    expect(told.clientId).toBe("tocsin-demo-county");
    expect(told.will?.topic).toBe("county/tocsin/demo/status");
    expect(JSON.parse(told.will!.payload)).toMatchObject({ state: "offline", reason: "contact-lost" });
    for (const { topic, payload } of [...bus.published, told.will!]) {
      expectValid({ topic: topic.replace(/^county\//, ""), payload });
    }
  });

  test("a state that came and went while the broker was away is cleared there", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    bus.disconnect();
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    desk.plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    await settled();
    expect(bus.retained.has(LEAK)).toBe(true);
    bus.connect();
    await settled();
    expect(bus.retained.has(LEAK)).toBe(false);
    expect(bus.retained.has("county/tocsin/demo/alarm/fire/home-7/smoke-7.smoke/fire")).toBe(true);
    expect(events(bus).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("a state that went while the gateway was down is cleared by the event that says so", async () => {
    const bus = new RecordingBus();
    const first = await AlertDesk.start(county(bus));
    first.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    bus.disconnect();
    first.plant.withdraw("gas-leak", "gd-01.lel");
    await settled();
    const { plant, disk, clock } = first;
    await first.alerts.stop();
    // The broker still shows the alarm; the next process has never heard of it.
    expect(bus.retained.has(LEAK)).toBe(true);
    bus.connected = true;
    await using _ = await AlertDesk.start({ ...county(bus), plant, disk, clock });
    await settled();
    expect(bus.retained.has(LEAK)).toBe(false);
    expect(events(bus).at(-1)).toMatchObject({ seq: 2, transition: "withdraw", resent: true });
  });

  test("a broker that comes back with an old snapshot is set right", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    const snapshot = bus.retained.get(LEAK)!;
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    await settled();
    bus.disconnect();
    bus.retained.set(LEAK, snapshot);
    bus.connect();
    await settled();
    expect(bus.retained.has(LEAK)).toBe(false);
  });

  test("an event counts as delivered only with its state: a crash between the two repeats both", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    bus.holding = (topic) => topic === LEAK;
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    expect(events(bus)).toHaveLength(1);
    expect(desk.disk.cursors.get("uplink:county")).toBe(1);
    bus.acknowledge();
    await settled();
    expect(desk.disk.cursors.get("uplink:county")).toBe(2);
  });

  test("the state on the broker is never older than the last event there", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    for (const severity of ["yellow", "orange", "red"] as const) {
      desk.plant.assert("gas-leak", "gd-01.lel", severity, { value: 60, limit: 10 });
    }
    desk.plant.withdraw("gas-leak", "gd-01.lel");
    await settled();
    let standing = 0;
    for (const { topic, payload } of bus.published) {
      if (topic === LEAK)
        standing = payload === "" ? Number.POSITIVE_INFINITY : (JSON.parse(payload) as { seq: number }).seq;
      else if (topic.includes("/event/")) {
        expect(standing).toBeGreaterThanOrEqual((JSON.parse(payload) as { seq: number }).seq);
      }
    }
    expect(events(bus)).toHaveLength(4);
    expect(bus.retained.has(LEAK)).toBe(false);
  });

  test("takes no commands unless it is told to", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    bus.receive("county/tocsin/demo/command/acknowledge", { id: "1", occurrence: 1 });
    await settled();
    expect(bus.json("county/tocsin/demo/command/result/#")).toEqual([]);
    expect(desk.plant.log).toHaveLength(1);
  });

  test("with commands allowed, their user is the uplink, whatever the payload or client is called", async () => {
    const bus = new RecordingBus();
    const options = county(bus);
    await using desk = await AlertDesk.start({
      ...options,
      uplinks: { county: { prefix: "county/tocsin", commands: true } },
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    bus.receive(
      "county/tocsin/demo/command/acknowledge",
      { id: "1", occurrence: 1 },
      { sender: { client: "x", user: "wang" } },
    );
    await settled();
    expect(bus.json("county/tocsin/demo/command/result/1")).toMatchObject([
      { accepted: true, user: "uplink:county" },
    ]);
    expect(desk.bus.json("tocsin/demo/command/result/#")).toEqual([]);
  });

  test("resend goes to the broker that asked, and to no other", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start({
      ...county(bus),
      uplinks: { county: { prefix: "county/tocsin", commands: true } },
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await settled();
    bus.receive("county/tocsin/demo/command/resend", { id: "1", from: 1, to: 1 });
    await settled();
    expect(events(bus)).toHaveLength(2);
    expect(desk.bus.json("tocsin/demo/event/#")).toHaveLength(1);
  });

  test("one that cannot even be set up keeps nobody else from starting, and is tried again", async () => {
    const bus = new RecordingBus();
    let attempts = 0;
    await using desk = await AlertDesk.start({
      ...county(bus),
      connect: () => {
        attempts++;
        return attempts === 1 ? Promise.reject(new Error("no such certificate")) : Promise.resolve(bus);
      },
    });
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    expect(desk.bus.json("tocsin/demo/event/#")).toHaveLength(1);
    await (desk.clock as ManualClock).run(SECOND * 60, SECOND);
    expect(events(bus).map(({ seq }) => seq)).toEqual([1]);
  });

  test("the heartbeat tells what has not been delivered", async () => {
    const bus = new RecordingBus();
    await using desk = await AlertDesk.start(county(bus));
    bus.disconnect();
    for (let i = 0; i < 3; i++) {
      desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
      desk.plant.withdraw("gas-leak", "gd-01.lel");
    }
    await (desk.clock as ManualClock).run(40 * SECOND, SECOND);
    expect(desk.bus.json("tocsin/demo/status").at(-1)).toMatchObject({ backlog: { uplinks: { county: 6 } } });
  });

  test("says goodbye in order when the gateway stops", async () => {
    const bus = new RecordingBus();
    const desk = await AlertDesk.start(county(bus));
    desk.plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    await desk.alerts.stop();
    expect(JSON.parse(bus.published.at(-1)!.payload)).toMatchObject({ state: "offline", reason: "stopped" });
    expect((desk.clock as ManualClock).pending).toBe(0);
  });
});
