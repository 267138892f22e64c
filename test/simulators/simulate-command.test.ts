import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { runChild, startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { RawClient, tcpRequest } from "./raw-client.ts";

const launcher = resolve(import.meta.dirname, "../../gateway/tocsin.js");
const args = (...rest: string[]) => [launcher, "simulate", ...rest];

const scenario = (port = 0) => `
name: { zh: 试验, en: Trial }
seed: 3
repeat: 60s
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:${port}" } }
devices: { gd-01: { profile: generic-lel, link: bus, address: { unit: 7 }, channels: { lel: 12.5 } } }
story:
  - { at: 0s, say: { zh: 正常, en: calm } }
  - { at: 1s, say: { zh: 泄漏, en: leak }, set: { gd-01.lel: 55 } }
  - { at: 2s, for: 1s, faults: [{ kind: slow, delay: 1ms, on: gd-01 }] }
`;

test("it says who listens where, tells the story, answers, and ends in good order", async () => {
  using folder = temporaryFolder("simulate");
  const file = folder.join("scenario.yaml");
  writeFileSync(file, scenario());
  await using child = startChild(process.execPath, args(file, "--speed", "20"));
  const [, port] = await child.waitForLine(/127\.0\.0\.1:(\d+) unit 7/);
  await child.waitForLine(/1s {2}泄漏 leak/);
  await child.waitForLine(/2s {2}gd-01: 应答迟缓 answers late/);
  await child.waitForLine(/3s {2}gd-01: 恢复：应答迟缓 over: answers late/);
  await using client = await RawClient.connect(Number(port));
  client.send(tcpRequest(1, { unit: 7, address: 0, count: 1 }));
  expect((await client.take(11)).readUInt16BE(9)).toBe(550);
  expect(child.lines("stdout").join("\n")).toMatch(/试验 Trial/);
  expect((await child.stop()).code).toBe(0);
  expect(child.lines("stdout").at(-1)).toBe("stopped 已停止");
});

const OWN_PROFILE = `
id: my-detector
vendor: Example
product: GX-100
class: gas
name: { zh: 探测器, en: detector }
source: GX-100 manual
maturity: documented
unverified: [All of it.]
channels: { lel: { quantity: gas_lel } }
modbus: { channels: { lel: { address: 3, type: u16 } } }
`;

test("an instrument of a profile of one's own, without any site", async () => {
  using folder = temporaryFolder("simulate");
  mkdirSync(folder.join("profiles"));
  writeFileSync(folder.join("profiles", "my-detector.yaml"), OWN_PROFILE);
  writeFileSync(
    folder.join("scenario.yaml"),
    `
profiles: [./profiles]
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices: { gd-1: { profile: my-detector, link: bus, address: { unit: 7 }, channels: { lel: 12 } } }
`,
  );
  await using child = startChild(process.execPath, args(folder.join("scenario.yaml")));
  const [, port] = await child.waitForLine(/127\.0\.0\.1:(\d+) unit 7/);
  await using client = await RawClient.connect(Number(port));
  client.send(tcpRequest(1, { unit: 7, address: 3, count: 1 }));
  expect((await client.take(11)).readUInt16BE(9)).toBe(12);
});

test("a profile of one's own that is wrong is named with its place", async () => {
  using folder = temporaryFolder("simulate");
  mkdirSync(folder.join("profiles"));
  writeFileSync(folder.join("profiles", "my-detector.yaml"), OWN_PROFILE.replace("gas_lel", "gas_lle"));
  writeFileSync(
    folder.join("scenario.yaml"),
    "profiles: [./profiles]\nlinks: {}\ndevices: { gd-1: { profile: my-detector } }\n",
  );
  const { code, stderr } = await runChild(process.execPath, args(folder.join("scenario.yaml")));
  expect(stderr.join("\n")).toMatch(/PROFILE_INVALID: .*my-detector\.yaml:10:\d+: /);
  expect(code).toBe(1);
});

test("for scripts: one JSON object a line", async () => {
  using folder = temporaryFolder("simulate");
  const file = folder.join("scenario.yaml");
  writeFileSync(file, scenario());
  await using child = startChild(process.execPath, args(file, "--json", "--speed", "20"));
  await child.waitForLine(/"begins":false/);
  child.signal("SIGINT");
  expect((await child.exited).code).toBe(0);
  const events = child.lines("stdout").map((line): { kind: string; devices?: unknown } => JSON.parse(line));
  expect(events.map(({ kind }) => kind)).toEqual(["ready", "say", "say", "fault", "fault"]);
  expect(events[0]?.devices).toMatchObject([
    { device: "gd-01", where: expect.stringMatching(/^127\.0\.0\.1:\d+ unit 7$/) },
  ]);
});

test("a port that is taken", async () => {
  using folder = temporaryFolder("simulate");
  const other = createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  try {
    const file = folder.join("scenario.yaml");
    writeFileSync(file, scenario(port));
    const { code, stderr } = await runChild(process.execPath, args(file));
    expect(code).toBe(4);
    expect(stderr.join("\n")).toMatch(`ADDRESS_IN_USE: cannot listen on 127.0.0.1:${port}`);
    expect(stderr.join("\n")).toMatch(/hint.*listen/);
  } finally {
    await new Promise<void>((done) => other.close(() => done()));
  }
});

test.each([
  [["nowhere.yaml"], 1, /CONFIG_NOT_FOUND/],
  [["{}", "--speed", "fast"], 2, /--speed fast: not a number/],
  [["{}", "--seed", "-1"], 2, /--seed/],
  [["devices: { a: { profil: x } }"], 1, /scenario\.yaml:1:17: "profil" is not known here/],
])("what cannot be played: %j", async ([text, ...rest], exitCode, words) => {
  using folder = temporaryFolder("simulate");
  const file = folder.join(text === "nowhere.yaml" ? text : "scenario.yaml");
  if (text !== "nowhere.yaml") writeFileSync(file, text!);
  const { code, stderr } = await runChild(process.execPath, args(file, ...rest));
  expect(stderr.join("\n")).toMatch(words);
  expect(code).toBe(exitCode);
});
