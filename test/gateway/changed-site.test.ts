import { cpSync, writeFileSync } from "node:fs";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { SILENT } from "../../model/log.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const site = (rules: string) => `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { home: { name: 三楼301室, domain: fire } }
devices:
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
  sa-2: { profile: json-smoke-alarm, link: broker, point: home }
rules:
  fire: { name: 火警, applies: { channel: [sa-1.smoke, sa-2.smoke] }, equals: { red: active }, basis: site, guidance: 立即核实 }
${rules}`;
const TAMPER =
  "  tamper: { name: 防拆, applies: { quantity: tamper }, equals: { yellow: active }, basis: site }\n";

test("a power cut, then a site file with one rule more: what stood still stands, what is new is told under a number of its own", async () => {
  using folder = temporaryFolder("changed-site");
  const clock = new JumpingClock();
  const file = folder.join("site.yaml");
  writeFileSync(file, site(""));
  const open = (data: string) =>
    Gateway.start({
      configuration: loadConfiguration(file, { data: folder.join(data) }),
      clock,
      log: SILENT,
    });

  const before = await open("data");
  const client = await connectAsync(`mqtt://${before.addresses.mqtt}`, { reconnectPeriod: 0 });
  const say = (device: string, state: object) =>
    client.publishAsync(`devices/${device}/state`, JSON.stringify(state), { qos: 1 });
  await say("sa-1", { smoke: true, tamper: true });
  await say("sa-2", { smoke: true, tamper: false });
  await say("sa-2", { smoke: false, tamper: false });
  const told = [...before.engine.alarms()].map(({ rule, subject, state, occurrence }) => ({
    rule,
    subject,
    state,
    occurrence,
  }));
  expect(told).toMatchObject([{ state: "unacknowledged" }, { state: "returned" }]);
  // The lights go out: the folder as it lies on the disk.
  await until("everything is on disk", () => before.intake.durable >= before.intake.last);
  cpSync(folder.join("data"), folder.join("after"), { recursive: true });
  await client.endAsync(true);
  await before.stop();

  writeFileSync(file, site(TAMPER));
  const after = await open("after");
  try {
    const standing = () =>
      [...after.engine.alarms()].map(({ rule, subject, state, occurrence }) => ({
        rule,
        subject,
        state,
        occurrence,
      }));
    expect(standing()).toEqual(told);
    const again = await connectAsync(`mqtt://${after.addresses.mqtt}`, { reconnectPeriod: 0 });
    const events: { rule?: { id: string }; transition: string; occurrence: string }[] = [];
    again.on("message", (_, payload) => events.push(JSON.parse(payload.toString())));
    await again.subscribeAsync("tocsin/+/event/#", { qos: 1 });
    await again.publishAsync("devices/sa-1/state", JSON.stringify({ smoke: true, tamper: true }), { qos: 1 });
    await until("the new rule speaks", () => events.some(({ rule }) => rule?.id === "tamper"));
    const raised = events.find(({ rule }) => rule?.id === "tamper")!;
    expect(raised.transition).toBe("raise");
    expect(told.map(({ occurrence }) => `bench-o${occurrence}`)).not.toContain(raised.occurrence);
    // And the fire that was there before can end.
    await again.publishAsync("devices/sa-1/state", JSON.stringify({ smoke: false, tamper: true }), {
      qos: 1,
    });
    await until("the fire returns", () => after.engine.alarm("fire", "sa-1.smoke")?.state === "returned");
    await again.endAsync(true);
  } finally {
    await after.stop();
  }
});
