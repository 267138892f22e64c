import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { SILENT } from "../../model/log.ts";
import { DAY, SECOND } from "../../model/time.ts";
import { freePort } from "../support/free-port.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { enter, onDisk } from "./enter.ts";
import { Stand, standing, startGatewayHere } from "./stand.ts";

const site = (rule: string, more = "http: { enabled: false }") => `
site: { id: bench, name: 试验台 }
${more}
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { well: { name: 3号阀门井, domain: gas } }
devices: { gd-1: { profile: json-gas, link: broker, point: well } }
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { red: 50 }, ${rule}, basis: site, guidance: 处置 }
`;

function listening(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

test("a machine without a battery wakes up in the past after a clean stop: delays still end", async () => {
  using folder = temporaryFolder("past");
  const file = folder.join("site.yaml");
  writeFileSync(file, site("onDelay: 5s"));
  const first = await startGatewayHere(file, { clock: new JumpingClock(), log: SILENT });
  enter(first, "gd-1.lel", { value: 1 });
  await onDisk(first);
  await first.stop();
  const stopped = first.now();
  const clock = new JumpingClock(stopped - DAY);
  const second = await startGatewayHere(file, { clock, log: SILENT });
  expect(second.now()).toBeGreaterThanOrEqual(second.engine.channel(0).received);
  enter(second, "gd-1.lel", { value: 60 });
  // It slews towards the wall clock all the while, by half a millisecond a second.
  clock.jump(5 * SECOND + SECOND / 10);
  expect(standing(second)).toEqual(["leak gd-1.lel unacknowledged"]);
  await second.stop();
});

test("the wall clock is set ahead while an on-delay runs: nothing but the clock tells that its end is nearer", async () => {
  await using stand = await Stand.start(site("onDelay: 60s"));
  enter(stand.gateway, "gd-1.lel", { value: 60 });
  stand.clock.setWallBy(40 * SECOND);
  // The intake clock looks once a second.
  stand.clock.jump(2 * SECOND);
  stand.clock.jump(19 * SECOND);
  expect(stand.standing()).toEqual(["leak gd-1.lel unacknowledged"]);
});

test("an alarm in the instant of the stop is still told", async () => {
  await using stand = await Stand.start(site("onDelay: 0s"));
  enter(stand.gateway, "gd-1.lel", { value: 60 });
  await stand.gateway.stop();
  await stand.staff.hears("raise leak gd-1.lel red");
});

test("a start that fails at its last step leaves nothing that listens", async () => {
  using folder = temporaryFolder("start");
  const taken = await listening(0);
  const mqtt = await freePort();
  const { port } = taken.address() as { port: number };
  const text = site("onDelay: 0s", `http: { listen: "127.0.0.1:${port}" }`).replace(
    "127.0.0.1:0",
    `127.0.0.1:${mqtt}`,
  );
  writeFileSync(folder.join("site.yaml"), text);
  const start = startGatewayHere(folder.join("site.yaml"), { clock: new JumpingClock(), log: SILENT });
  await expect(start).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  (await listening(mqtt)).close();
  taken.close();
});
