import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { runChild, startChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

const site = (port: number) => `site: { id: demo, name: 示范站 }
http: { enabled: false }
links: { bus: { type: modbus-rtu-over-tcp, host: 127.0.0.1, port: ${port}, timeout: 300ms } }
points: { well: { name: 阀门井, domain: gas } }
devices:
  gd-1: { profile: generic-lel, link: bus, point: well, address: { unit: 1 } }
  gd-2: { profile: generic-lel, link: bus, point: well, address: { unit: 2 } }
rules:
  leak: { name: 燃气泄漏, applies: { quantity: gas_lel }, above: { red: 25 } }
  own: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active } }
`;

const SCENARIO = `site: ./site.yaml
except: [gd-2]
devices:
  gd-1: { channels: { lel: 12.5, alarm1: active } }
`;

test("a device on a bus that nobody uses is read over its link, raw registers beside values; a dead one says so", async () => {
  using folder = temporaryFolder("read");
  writeFileSync(join(folder.path, "site.yaml"), site(await freePort()));
  writeFileSync(join(folder.path, "scenario.yaml"), SCENARIO);
  await using instruments = startChild(process.execPath, [
    LAUNCHER,
    "simulate",
    "--json",
    folder.join("scenario.yaml"),
  ]);
  await instruments.waitForLine(/"kind":"ready"/);

  const read = (device: string, ...more: string[]) =>
    runChild(process.execPath, [LAUNCHER, "read", folder.path, device, ...more]);
  const { code, stdout, stderr } = await read("gd-1");
  expect(stderr).toEqual([]);
  expect(stdout[0]).toMatch(/^gd-1 · .* · generic-lel · over link bus 经链路读取$/);
  expect(stdout.find((line) => line.startsWith("lel "))).toMatch(
    /^lel +12\.5 %LEL +good 正常 +0x007D +holding 0$/i,
  );
  expect(stdout.find((line) => line.startsWith("alarm1 "))).toMatch(/^alarm1 +1 active +good 正常 /);
  expect(code).toBe(0);

  const json = await read("gd-1", "--json");
  const answer = JSON.parse(json.stdout.join("\n"));
  expect(answer).toMatchObject({ ok: true, device: "gd-1", through: "link" });
  expect(answer.values).toContainEqual(
    expect.objectContaining({ channel: "lel", value: 12.5, unit: "%LEL", quality: "good", reason: "good" }),
  );

  const dead = await read("gd-2", "--wait", "5s");
  expect(dead.stderr[0]).toMatch(/^error DEVICE_TIMEOUT: /);
  expect(dead.code).toBe(3);
});
