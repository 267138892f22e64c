import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { SystemClock } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import { ModbusSite } from "../modbus/site.ts";
import { missing } from "../servers/available.ts";
import { mbpollWrite } from "../servers/mbpoll.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { profiles } from "./play.ts";

/*
 * Simulated instruments and the driver, over real sockets and pseudo-terminals, on lines where everything is glued, echoed,
 * broken up and full of noise at the same time.
 */

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

const STORY = `
story:
  - at: 0s
    faults:
      - { kind: echo, on: gd-01 }
      - { kind: stray, bytes: "41 00 ff", on: gd-01, every: 2 }
      - { kind: fragments, size: 3, pause: 1ms, on: gd-01, every: 3 }
      - { kind: glued, on: gd-02, every: 4 }
`;
const DEVICES = `
  gd-01: { profile: generic-lel, link: bus, address: { ADDRESS unit: 7 }, channels: { lel: 12.5 } }
  gd-02: { profile: generic-lel, link: bus, address: { ADDRESS unit: 8 }, channels: { lel: 3.5 } }
`;

async function played(
  links: string,
  folder: string,
  { address = "", story = STORY }: { address?: string; story?: string } = {},
) {
  const text = `links:\n  ${links}\ndevices:${DEVICES.replaceAll("ADDRESS", address)}${story}`;
  const simulation = await runScenario({
    scenario: parseScenario(text, { file: `${folder}/scenario.yaml`, shown: "scenario.yaml" }),
    site: undefined,
    profiles,
    clock: new SystemClock(),
    secret: () => "",
    onEvent: () => {},
  });
  cleanUp.push(() => simulation.stop());
  return simulation;
}

async function driven(type: string, options: object, address: object = {}) {
  const site = new ModbusSite([
    { id: "gd-01", profile: "generic-lel", unit: 7, period: 100_000, address },
    { id: "gd-02", profile: "generic-lel", unit: 8, period: 100_000, address },
  ]);
  const intake = new RecordingIntake();
  const driver = await site.driver(type, { timeout: "400ms", ...options });
  await driver.start(intake);
  cleanUp.push(() => driver.stop());
  return { site, intake, driver };
}

async function readsRight({ site, intake }: { site: ModbusSite; intake: RecordingIntake }) {
  const [first, second] = ["gd-01", "gd-02"].map((id) => site.index(id, "lel"));
  const good = (index: number) =>
    intake.readings.filter(({ channel, reason }) => channel === index && reason === "good");
  await until(
    "both have been read many times",
    () => good(first!).length >= 12 && good(second!).length >= 6,
    {
      withinMs: 30_000,
    },
  );
  expect(new Set(good(first!).map(({ value }) => value))).toEqual(new Set([12.5]));
  expect(new Set(good(second!).map(({ value }) => value))).toEqual(new Set([3.5]));
}

describe.skipIf(missing("socat")).each(["modbus-rtu", "modbus-ascii"])("%s on pseudo-terminals", (type) => {
  test("is read through echo, noise, fragments and glued answers", async () => {
    const folder = temporaryFolder("line");
    cleanUp.push(() => folder.remove());
    await played(`bus: { type: ${type}, path: ./instruments, pair: ./gateway }`, folder.path);
    await readsRight(await driven(type, { path: folder.join("gateway") }));
  });
});

describe.each(["modbus-rtu-over-tcp", "modbus-ascii-over-tcp"])("%s", (type) => {
  test("is read through echo, noise, fragments and glued answers", async () => {
    const { ports } = await played(`bus: { type: ${type}, listen: "127.0.0.1:0" }`, "/");
    const { host, port } = ports.get("bus")!;
    await readsRight(await driven(type, { host, port }));
  });
});

/** A port that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe.each(["rtu", "ascii", "mbap"] as const)("a modem that dials in and speaks %s", (framing) => {
  test("is read through noise, fragments and glued answers", async () => {
    const port = await freePort();
    const modems = { "m-1": { imei: "861234567890123" } };
    const link = { listen: `127.0.0.1:${port}`, framing, modems, heartbeats: [{ text: "PING" }] };
    const driver = await driven("modbus-dial-in", link, { modem: "m-1" });
    // Nothing echoes within Modbus TCP.
    const story = framing === "mbap" ? STORY.replace("kind: echo", "kind: wrong-unit, every: 5") : STORY;
    await played(
      `bus: { type: modbus-dial-in, server: "127.0.0.1:${port}", framing: ${framing}, modems: { m-1: { imei: "861234567890123" } }, heartbeat: { text: PING } }`,
      "/",
      { address: "modem: m-1,", story },
    );
    await readsRight(driver);
  });
});

test.skipIf(missing("mbpoll"))(
  "instruments let outputs of their profile be written, by mbpoll too, and nothing else",
  async () => {
    const { simulation, site } = await writable();
    const { host, port } = simulation.ports.get("bus")!;
    const unit = { unit: 7, table: "holding", address: 10 } as const;
    await mbpollWrite({ host, port }, unit, [2]);
    await expect(mbpollWrite({ host, port }, { ...unit, address: 0 }, [2])).rejects.toThrow(
      /illegal data address/i,
    );
    const driver = await site.driver("modbus-tcp", { host, port });
    await driver.start(new RecordingIntake());
    cleanUp.push(() => driver.stop());
    const bytes = await driver.readRaw!({ unit: 7, table: "holding", address: 10, count: 1 });
    expect([...bytes]).toEqual([0, 2]);
    expect(await driver.write!({ device: 0, output: "fan", value: 1 })).toMatchObject({ verified: true });
  },
);

async function writable() {
  const generic = profiles.get("generic-lel")!;
  const outputs = {
    fan: {
      table: "holding",
      address: 10,
      type: "u16",
      states: { off: 0, slow: 1, fast: 2 },
      scale: 1,
      offset: 0,
      verify: "read-back",
      settle: 0,
      broadcast: false,
      word: false,
    },
  } as const;
  const section = { ...generic.modbus!, outputs };
  const simulation = await runScenario({
    scenario: parseScenario(
      `links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices: { gd-01: { profile: generic-lel, link: bus, address: { unit: 7 } } }`,
      { file: "/scenario.yaml" },
    ),
    site: undefined,
    profiles: new Map([["generic-lel", { ...generic, modbus: section }]]),
    clock: new SystemClock(),
    secret: () => "",
    onEvent: () => {},
  });
  cleanUp.push(() => simulation.stop());
  const site = new ModbusSite([
    {
      id: "gd-01",
      unit: 7,
      writes: ["fan"],
      profile: {
        modbus: {
          channels: { lel: { address: 0 } },
          outputs: { fan: { address: 10, states: { off: 0, slow: 1, fast: 2 } } },
        },
      },
    },
  ]);
  return { simulation, site };
}
