import { expect, test } from "vitest";
import { TYPE } from "../../drivers/gb26875/unit.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { parseEndpoint } from "../../simulators/endpoint.ts";
import { SimulatedTransmitter } from "../../simulators/gb26875-device.ts";
import { Stand } from "../gateway/stand.ts";
import { until } from "../support/until.ts";

/*
 * A fire panel behind a transmission device, a whole gateway, and somebody on duty who hears its alerts.
 */

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  fire: { type: gb26875-server, listen: "127.0.0.1:0" }
points:
  tower: { name: 江天大厦, domain: fire }
  floor-3: { name: 江天大厦3层, domain: fire }
devices:
  uitd-1:
    name: 江天大厦用传
    profile: gb26875-device
    link: fire
    point: tower
    address: { source: 889 }
    components:
      panel: { name: 火灾报警控制器, address: { system: 1, systemAddress: 1 } }
      l3d2: { name: 3层走廊感烟, point: floor-3, address: { system: 1, zone: 10, point: 2 } }
rules:
  fire: { name: 火警, applies: { quantity: [fire, call_point] }, equals: { red: active }, basis: site, guidance: 立即核实 }
`;

const FIRE = 0x0002;
const NORMAL = 0x0001;
const DETECTOR = { zone: 10, point: 2 };
const SYSTEM = { system: 1, systemAddress: 1 };
const RESET = 1 << 0;

async function transmitter(stand: Stand): Promise<SimulatedTransmitter> {
  const device = new SimulatedTransmitter({
    clock: stand.clock,
    centre: parseEndpoint(stand.gateway.drivers.get("fire")!.listening!),
    source: 889,
    destination: 1,
  });
  await device.connect();
  return device;
}

test("a fire on the third floor: heard at its own point, through a restart, until the panel is reset", async () => {
  await using stand = await Stand.start(SITE);
  const before = await transmitter(stand);
  expect(await before.component(DETECTOR, FIRE, { pieces: [5, 1, 40] })).toBe("confirmed");
  await stand.staff.hears("raise fire uitd-1:l3d2.fire red");
  const raised = stand.staff.event("raise fire uitd-1:l3d2.fire red");
  expect(raised.where.point.id).toBe("floor-3");
  expect(raised.where.component!.name.zh).toBe("3层走廊感烟");
  await before.disconnect();

  await stand.stop();
  await stand.start();
  expect(stand.standing()).toEqual(["fire uitd-1:l3d2.fire unacknowledged"]);
  const after = await transmitter(stand);
  // The device says hello; it says nothing new of the fire.
  expect(await after.heartbeat()).toBe("confirmed");
  expect(stand.standing()).toEqual(["fire uitd-1:l3d2.fire unacknowledged"]);
  stand.clock.jump(2 * SECOND);
  const reset = { ...SYSTEM, flags: RESET, operator: 1, time: stand.clock.wall() };
  expect(await after.say(TYPE.systemOperation, [reset])).toBe("confirmed");
  await stand.staff.hears("return fire uitd-1:l3d2.fire red");
  await after.disconnect();
});

test("a detector that nobody listed says fire: the building alarms, and the list shows which one", async () => {
  await using stand = await Stand.start(SITE);
  const device = await transmitter(stand);
  await device.component({ zone: 12, point: 7, text: "5层配电间" }, FIRE);
  await stand.staff.hears("raise fire uitd-1.unlisted_fire red");
  const raised = stand.staff.event("raise fire uitd-1.unlisted_fire red");
  expect(raised.where.point.id).toBe("tower");
  expect(raised.where.device!.id).toBe("uitd-1");
  const kept = await until("the list has it", async () => {
    const [first] = await stand.gateway.journal.reader.undecodable({ limit: 10 });
    return first;
  });
  expect(kept.error).toContain("12区7位");
  expect(kept.error).toContain("5层配电间");
  expect(
    stand.log.some(({ level, fields }) => level === "error" && `${fields.component}`.includes("5层配电间")),
  ).toBe(true);

  // What stood is known after a restart: the all-clear of another one does not end it.
  await device.disconnect();
  await stand.stop();
  await stand.start();
  const again = await transmitter(stand);
  await again.component({ zone: 12, point: 8 }, FIRE);
  await again.component({ zone: 12, point: 8 }, NORMAL);
  expect(stand.standing()).toContain("fire uitd-1.unlisted_fire unacknowledged");
  await again.say(TYPE.systemOperation, [{ ...SYSTEM, flags: RESET, time: stand.clock.wall() }]);
  await stand.staff.hears("return fire uitd-1.unlisted_fire red");
  await again.disconnect();
});

test("a disk that hangs during a fire: people are told, the device is not, until it is on disk", async () => {
  await using stand = await Stand.start(SITE);
  const device = await transmitter(stand);
  await device.heartbeat();
  stand.gateway.journal.pause();
  let answered = false;
  const answer = device.component(DETECTOR, FIRE).then((word) => {
    answered = true;
    return word;
  });
  await stand.staff.hears("raise fire uitd-1:l3d2.fire red");
  expect(stand.staff.event("raise fire uitd-1:l3d2.fire red").uncommitted).toBe(true);
  expect(answered).toBe(false);
  stand.gateway.journal.resume();
  expect(await answer).toBe("confirmed");
  await device.disconnect();
});

test("a device that is gone for long is one alarm, and the fire it had told of stands", async () => {
  await using stand = await Stand.start(SITE);
  const device = await transmitter(stand);
  await device.component(DETECTOR, FIRE);
  await device.disconnect();
  await until("the gateway has noticed", () => {
    stand.clock.jump(MINUTE);
    return stand.standing().some((alarm) => alarm.startsWith("monitoring-lost"));
  });
  expect(stand.standing()).toEqual([
    "fire uitd-1:l3d2.fire unacknowledged",
    "monitoring-lost uitd-1 unacknowledged",
  ]);
  const again = await transmitter(stand);
  await again.heartbeat();
  await stand.staff.hears("return monitoring-lost uitd-1 yellow");
  expect(stand.standing()).toContain("fire uitd-1:l3d2.fire unacknowledged");
  await again.disconnect();
});
