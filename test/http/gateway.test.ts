import { expect, test } from "vitest";
import { MINUTE } from "../../model/time.ts";
import { Stand } from "../gateway/stand.ts";
import { until } from "../support/until.ts";

/* A smoke alarm at home whose platform pushes, as the whole gateway sees it. */

const IMEI = "866971030000001";
const SITE = `
site: { id: homes, name: 独居老人 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  push: { type: http-intake, listen: "127.0.0.1:0", sources: { cloud: { envelope: { device: imei, id: [msgId] } } } }
points:
  home: { name: 三楼301室, domain: fire }
devices:
  sa-1: { profile: nb-iot-smoke, link: push, point: home, address: { source: cloud, id: "${IMEI}" } }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
`;

/** The status of the answer to a push. */
async function push(stand: Stand, message: object): Promise<{ status: number; repeats: number }> {
  const driver = [...stand.gateway.drivers.values()].find(({ bus }) => bus === undefined);
  const response = await fetch(`http://${driver?.listening}/cloud`, {
    method: "POST",
    body: JSON.stringify({ imei: IMEI, ...message }),
    headers: { "content-type": "application/json", connection: "close" },
  });
  const said = (await response.json()) as { repeats?: number };
  return { status: response.status, repeats: said.repeats ?? 0 };
}

test("smoke raises, the gateway restarts, the push comes again and is a repeat, the all-clear ends it", async () => {
  await using stand = await Stand.start(SITE);
  expect(await push(stand, { status: "01", msgId: "m1" })).toEqual({ status: 200, repeats: 0 });
  await stand.staff.hears("raise fire sa-1.smoke red");
  await stand.stop();
  await stand.start();
  stand.clock.jump(MINUTE);
  expect(await push(stand, { status: "01", msgId: "m1" })).toEqual({ status: 200, repeats: 1 });
  expect(stand.standing()).toEqual(["fire sa-1.smoke unacknowledged"]);
  stand.clock.jump(MINUTE);
  expect(await push(stand, { status: "11", msgId: "m2" })).toEqual({ status: 200, repeats: 0 });
  await stand.staff.hears("return fire sa-1.smoke red");
});

test("the disk hangs: the alert goes out, the platform gets its 200 when the disk has it", async () => {
  await using stand = await Stand.start(SITE);
  stand.gateway.journal.pause();
  let answered = false;
  const answer = push(stand, { status: "01", msgId: "m1" }).finally(() => {
    answered = true;
  });
  await until("it has been evaluated", () => stand.standing().length > 0);
  expect(answered).toBe(false);
  stand.gateway.journal.resume();
  expect((await answer).status).toBe(200);
});
