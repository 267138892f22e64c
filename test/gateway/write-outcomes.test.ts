import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Driver } from "../../drivers/driver.ts";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { Writes } from "../../gateway/writes.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { DeviceError } from "../../model/error.ts";
import { SILENT } from "../../model/log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("of a siren that is written every ten seconds the rules hear when it begins to fail and when it is over, not each time", async () => {
  using folder = temporaryFolder("writes");
  writeFileSync(
    folder.join("site.yaml"),
    `
site: { id: bench, name: Bench }
links: { lan: { type: modbus-tcp, host: 192.0.2.1 } }
points: { hall: { name: Hall, domain: gas } }
devices: { relays: { profile: wellpro-wp8025, link: lan, point: hall, writes: { allow: [relay_1, relay_2] } } }
rules: { on: { name: On, applies: { quantity: relay }, equals: { blue: on } } }
`,
  );
  let works = true;
  const driver: Driver = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    read: () => Promise.resolve([]),
    write: () =>
      works
        ? Promise.resolve({ verified: true, to: "coil 0", raw: "1" })
        : Promise.reject(new DeviceError("DEVICE_TIMEOUT", "no answer")),
  };
  const heard: string[] = [];
  const writes = new Writes({
    configuration: loadConfiguration(folder.join("site.yaml")),
    drivers: () => new Map([["lan", driver]]),
    onOutcome: (subject, failed) => heard.push(`${subject} ${failed ? "failed" : "works"}`),
    log: SILENT,
    counters: new CounterRegistry(),
  });
  const write = (output: string) =>
    writes.write({ device: "relays", output, value: "on", user: "route@horn", reason: "test" });
  const times = async (count: number, output = "relay_1") => {
    for (let i = 0; i < count; i++) await write(output);
  };

  await times(3);
  // The first of a process is told: an alarm of the one before may stand.
  expect(heard.splice(0)).toEqual(["output@relays.relay_1 works"]);
  works = false;
  await times(3);
  await times(1, "relay_2");
  expect(heard.splice(0)).toEqual(["output@relays.relay_1 failed", "output@relays.relay_2 failed"]);
  works = true;
  await times(2);
  expect(heard).toEqual(["output@relays.relay_1 works"]);
});
