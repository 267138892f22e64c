import { expect, test } from "vitest";
import { auditLog } from "../../gateway/journal/audit.ts";
import type { CommandRecord } from "../../gateway/journal/command-record.ts";
import { RawServer } from "../modbus/raw-server.ts";
import { RegisterBank } from "../modbus/register-bank.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const PROFILE = `
id: controller
vendor: bench
product: alarm controller
class: controller
name: 报警控制器
source: test
maturity: documented
channels:
  running: { quantity: relay, stale: 5s }
modbus:
  period: 100ms
  channels:
    running: { table: coil, address: 3 }
  outputs:
    horn: { table: coil, address: 3 }
    fan: { address: 10, states: { off: 0, fast: 2 } }
    limit: { address: 20, range: { low: 0, high: 25 } }
`;

test("a person switches an output: it is read back, written down with user and reason, and an alarm tells when it failed", {
  timeout: 60_000,
}, async () => {
  const bank = new RegisterBank();
  await using server = await RawServer.start("mbap", bank.answer);
  await using stand = await Stand.start(
    `
site: { id: bench, name: Bench }
profiles: [./profiles]
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  lan: { type: modbus-tcp, host: 127.0.0.1, port: ${server.port}, timeout: 300ms }
points:
  hall: { name: Hall, domain: gas }
devices:
  gc-1: { profile: controller, link: lan, point: hall, writes: { allow: [horn, limit] } }
rules:
  on: { name: On, applies: { quantity: relay }, equals: { blue: on } }
`,
    { files: { "profiles/controller.yaml": PROFILE } },
  );
  const write = (output: string, value: number | string, more: object = {}) =>
    stand.staff.command("bench", "write", { device: "gc-1", output, value, reason: "演练", ...more });

  expect(await write("horn", "on")).toMatchObject({ accepted: true, reason: null, user: "local" });
  expect(bank.writes).toEqual([{ code: 5, address: 3, values: [1] }]);
  // What was written is what is measured from then on.
  await stand.staff.hears("raise on gc-1.running blue");

  expect(await write("fan", "fast")).toMatchObject({ accepted: false, reason: "not-allowed" });
  expect(await write("limit", 26)).toMatchObject({ accepted: false, reason: "not-allowed" });
  expect(await write("horn", "loud")).toMatchObject({ accepted: false, reason: "not-allowed" });
  expect(await write("horn", "on", { device: "gc-2" })).toMatchObject({ reason: "not-allowed" });
  expect(await write("horn", "on", { reason: "" })).toMatchObject({ reason: "invalid" });
  expect(bank.writes).toHaveLength(1);

  bank.onWrite = () => bank.set(20, 0);
  expect(await write("limit", 20)).toMatchObject({ accepted: false, reason: "device-failed" });
  await stand.staff.hears("raise write-failed output@gc-1.limit orange");
  bank.onWrite = () => {};
  expect(await write("limit", 20)).toMatchObject({ accepted: true });
  await stand.staff.hears("return write-failed output@gc-1.limit orange");
  expect(stand.counted("device_writes")).toBe(7);

  const written = await until("all are in the alarm log", () => {
    const commands: CommandRecord[] = [];
    auditLog({
      folder: stand.data,
      digests: [],
      onRow: ({ command }) => {
        if (command?.verb === "write") commands.push(command);
      },
    });
    return commands.length === 8 ? commands : undefined;
  });
  expect(written[0]).toMatchObject({
    user: "local",
    accepted: true,
    said: { device: "gc-1", output: "horn", value: "on", reason: "演练" },
  });
  expect(written.filter(({ accepted }) => accepted)).toHaveLength(2);
});
