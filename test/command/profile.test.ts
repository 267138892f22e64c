import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { encode } from "../../drivers/modbus/encode.ts";
import { exception, mbap, RawServer } from "../modbus/raw-server.ts";
import { RegisterBank } from "../modbus/register-bank.ts";
import { missing } from "../servers/available.ts";
import { play } from "../simulators/play.ts";
import { runChild, startChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LAUNCHER = resolve(ROOT, "gateway/tocsin.js");
const built = (id: string) => resolve(ROOT, `drivers/profiles/${id}.yaml`);
const tocsin = (...words: string[]) => runChild(process.execPath, [LAUNCHER, ...words]);

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function bankServer(units: readonly number[] = []) {
  const bank = new RegisterBank();
  const server = await RawServer.start("mbap", (request, socket) => {
    if (units.length === 0 || units.includes(request.unit)) bank.answer(request, socket);
  });
  cleanUp.push(() => server.close());
  return { bank, server, link: `tcp://127.0.0.1:${server.port}` };
}

describe("tocsin profile check", () => {
  test("mistakes with their lines and exit code 1; what only looks wrong is no error", async () => {
    using folder = temporaryFolder("profile-check");
    const head = "vendor: v\nproduct: p\nclass: level\nname: n\nsource: somewhere\nmaturity: documented\n";
    const bad = folder.join("bad.yaml");
    const odd = folder.join("odd.yaml");
    writeFileSync(
      bad,
      `id: bad\n${head}channels:\n  a: { quantity: temperature }\nmodbus:\n  channels:\n    a: { address: 0, unit: bar }\n`,
    );
    writeFileSync(
      odd,
      `id: odd\n${head}channels:\n  a: { quantity: count }\n  b: { quantity: count }\nmodbus:\n  channels:\n    a: { address: 0, type: u32 }\n    b: { address: 1 }\n`,
    );
    const { code, stdout } = await tocsin("profile", "check", bad, odd);
    expect(code).toBe(1);
    expect(stdout.join("\n")).toMatch(/bad\.yaml:12:\d+: error .*bar cannot be converted to Cel/);
    expect(stdout.join("\n")).toMatch(
      /odd\.yaml:14:\d+: warning .*b \(holding 1\) overlaps a \(holding 0\.\.1\)/,
    );
    const alone = await tocsin("profile", "check", "--json", odd);
    expect(alone.code).toBe(0);
    expect(JSON.parse(alone.stdout.join("\n"))).toMatchObject({
      ok: true,
      profiles: [{ profile: "odd", problems: [{ severity: "warning", line: 14 }] }],
    });
  });
});

describe("examples beside a codec", () => {
  const CASES = resolve(import.meta.dirname, "../cases/codec-examples");

  test("are run when its profile is checked, or by themselves", async () => {
    const files = [resolve(CASES, "gauge.yaml"), resolve(CASES, "gauge-codec.yaml")];
    const { code, stdout } = await tocsin("profile", "check", ...files);
    expect(stdout).toEqual([
      expect.stringMatching(/^ok: .*gauge\.yaml: gauge, 2 codec examples$/),
      expect.stringMatching(/^ok: .*gauge-codec\.yaml, 2 codec examples$/),
    ]);
    expect(code).toBe(0);
  });

  test("that are not there, or are none, are said; no mistake of Tocsin", async () => {
    using folder = temporaryFolder("examples");
    writeFileSync(folder.join("list-codec.yaml"), "- a\n");
    const files = [folder.join("no-codec.yaml"), folder.join("list-codec.yaml")];
    const { code, stdout } = await tocsin("profile", "check", ...files);
    expect(code).toBe(1);
    expect(stdout.join("\n")).toMatch(/no-codec\.yaml:1:1: error .*cannot be read/);
    expect(stdout.join("\n")).toMatch(/list-codec\.yaml:1:1: error PROFILE_INVALID/);
  });

  test("that the codec sees otherwise are named field by field", async () => {
    const { code, stdout } = await tocsin(
      "profile",
      "check",
      "--json",
      resolve(CASES, "wrong/gauge-codec.yaml"),
    );
    expect(code).toBe(1);
    const { profiles } = JSON.parse(stdout.join("\n")) as {
      profiles: { problems: { line: number; message: string | { en: string } }[] }[];
    };
    const said = profiles[0]!.problems.map(({ line, message }) => [
      line,
      typeof message === "string" ? message : message.en,
    ]);
    expect(said).toEqual([
      [4, "another scale: data.level.mm: 1500, and the example says 150"],
      [4, "another scale: data.flags[1]: 1, and the example says 0"],
      [4, "another scale: data.spare: nothing, and the example says 1"],
      [7, "should be refused: the codec should refuse it, and did not"],
      [10, "should not be refused: the codec refuses it: four bytes are expected"],
    ]);
  });
});

describe("tocsin profile try", () => {
  test("values beside registers; a number in the wrong order in all four, with the one that fits", async () => {
    const { bank, link } = await bankServer();
    bank.set(2, ...encode(1.234, { type: "f32", order: "CDAB" }));
    bank.set(8, ...encode(12.5, { type: "f32", order: "ABCD" }));
    const shown = await tocsin("profile", "try", built("keller-series30"), "--link", link, "--unit", "1");
    expect(shown.stderr).toEqual([]);
    expect(shown.code).toBe(0);
    const text = shown.stdout.join("\n");
    expect(text).toMatch(/^temperature +12\.5 ℃ +good 正常 +0x4148 0x0000 +holding 8\.\.9$/m);
    expect(text).toMatch(/pressure does not look right/);
    expect(text).toMatch(/CDAB +123\.4 kPa +fits/);
    expect(text).toMatch(/order: CDAB for this channel/);
    const json = await tocsin(
      "profile",
      "try",
      built("keller-series30"),
      "--link",
      link,
      "--unit",
      "1",
      "--json",
    );
    expect(JSON.parse(json.stdout.join("\n"))).toMatchObject({
      suspicious: [
        { channel: "pressure", order: "ABCD", values: { CDAB: expect.closeTo(123.4, 4) }, fitting: ["CDAB"] },
      ],
    });
  });

  test("a part of a panel by its address", async () => {
    const { bank, link } = await bankServer();
    bank.set(411, 0x0810);
    const words = ["profile", "try", built("notifier-modbus-gw"), "--link", link, "--unit", "1"];
    const shown = await tocsin(...words, "--component", "loop=2,number=12");
    expect(shown.stdout.join("\n")).toMatch(/^loop=2,number=12\.fire +1 active +good 正常/m);
    const wrong = await tocsin(...words, "--component", "loop=11,number=12");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr.join("\n")).toMatch(/COMMAND_USAGE.*loop/);
  });

  test("again and again, as the values change, until it is interrupted", async () => {
    const { bank, link } = await bankServer();
    bank.set(2, ...encode(1, { type: "f32", order: "ABCD" }));
    bank.set(8, ...encode(12.5, { type: "f32", order: "ABCD" }));
    await using watched = startChild(process.execPath, [
      LAUNCHER,
      ...["profile", "try", built("keller-series30"), "--link", link, "--unit", "1", "--watch"],
    ]);
    await watched.waitForLine(/^pressure +100 kPa/);
    bank.set(2, ...encode(1.5, { type: "f32", order: "ABCD" }));
    await watched.waitForLine(/^pressure +150 kPa/);
    watched.signal("SIGINT");
    expect(await watched.exited).toEqual({ code: 0, signal: null });
  });

  test.skipIf(missing("socat"))("over a serial line, RTU and ASCII", async () => {
    for (const scheme of ["rtu", "ascii"]) {
      using folder = temporaryFolder("serial");
      await using _played = await play(
        `
links: { bus: { type: modbus-${scheme}, path: ./instruments, pair: ./bench, baudRate: 9600, parity: even } }
devices:
  wl-1: { profile: keller-series30, link: bus, address: { unit: 21 }, channels: { pressure: 150, temperature: 12.5 } }
`,
        { file: folder.join("scenario.yaml") },
      );
      const link = `${scheme}:${folder.join("bench")}?baud=9600&parity=even&timeout=5s`;
      const shown = await tocsin(
        "profile",
        "try",
        built("keller-series30"),
        "--link",
        link,
        "--unit",
        "21",
        "--json",
      );
      expect(JSON.parse(shown.stdout.join("\n"))).toMatchObject({
        values: [
          { channel: "pressure", value: 150, quality: "good" },
          { channel: "temperature", value: 12.5, quality: "good" },
        ],
        suspicious: [],
      });
    }
  });

  test("a link that is none, and a device that is not there", async () => {
    const none = await tocsin("profile", "try", built("keller-series30"), "--link", "udp://x", "--unit", "1");
    expect(none.code).toBe(2);
    expect(none.stderr.join("\n")).toMatch(/tcp:\/\/host:port/);
    const server = await RawServer.start("mbap", () => {});
    cleanUp.push(() => server.close());
    const link = `tcp://127.0.0.1:${server.port}?timeout=100ms`;
    const silent = await tocsin("profile", "try", built("keller-series30"), "--link", link, "--unit", "1");
    expect(silent.code).toBe(3);
    expect(silent.stderr[0]).toMatch(/DEVICE_TIMEOUT/);
  });
});

describe("tocsin scan", () => {
  test("finds who answers, also with an exception, and which product's numbers stand there", async () => {
    const bank = new RegisterBank();
    bank.set(0, 0x2407);
    const server = await RawServer.start("mbap", (request, socket) => {
      if (request.unit === 3) socket.write(exception("mbap", request, 2));
      if (request.unit === 7)
        request.code === 43
          ? socket.write(exception("mbap", request, 1))
          : socket.write(mbap(request, registers(bank, request)));
    });
    cleanUp.push(() => server.close());
    const words = ["scan", "--link", `tcp://127.0.0.1:${server.port}`, "--timeout", "100ms"];
    const { code, stdout } = await tocsin(...words, "--units", "2..4,7", "--json");
    expect(JSON.parse(stdout.join("\n"))).toEqual({
      ok: true,
      asked: 4,
      units: [
        { unit: 3, identity: {}, profiles: [] },
        { unit: 7, identity: {}, profiles: ["honeywell-xnx"] },
      ],
    });
    expect(code).toBe(0);
    // It only ever reads.
    expect(new Set(server.requests.map((request) => request.code))).toEqual(new Set([3, 43]));
    const nobody = await tocsin(...words, "--units", "9");
    expect(nobody.code).toBe(3);
  });

  test("a link in service is scanned through the gateway that has it open", async () => {
    const bank = new RegisterBank();
    bank.set(0, 0x2407);
    const server = await RawServer.start("mbap", (request, socket) => {
      if (request.unit !== 7) return;
      if (request.code === 43) socket.write(exception("mbap", request, 1));
      else bank.answer(request, socket);
    });
    cleanUp.push(() => server.close());
    // A number that only a profile of the site's own knows.
    bank.set(20, 0x55aa);
    using folder = temporaryFolder("scan");
    const file = folder.join("site.yaml");
    mkdirSync(folder.join("own"));
    writeFileSync(
      folder.join("own/own-detector.yaml"),
      `id: own-detector
vendor: v
product: p
class: gas
name: n
source: somewhere
maturity: documented
channels: { a: { quantity: count } }
modbus: { channels: { a: { address: 0 } }, selfCheck: [{ register: { address: 20 }, equals: 0x55aa }] }
`,
    );
    const others = ["ppm", "vol", "mass", "path"].map((id) => `${id}: { exclude: true }`).join(", ");
    writeFileSync(
      file,
      `site: { id: demo, name: 示范站 }
http: { listen: "127.0.0.1:${await freePort()}" }
profiles: [./own]
links: { bus: { type: modbus-tcp, host: 127.0.0.1, port: ${server.port}, timeout: 200ms } }
points: { well: { name: 阀门井, domain: gas } }
devices: { x: { profile: honeywell-xnx, link: bus, point: well, address: { unit: 7 }, channels: { ${others} } } }
rules:
  leak: { name: 燃气泄漏, applies: { quantity: gas_lel }, above: { red: 25 } }
  own: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active } }
`,
    );
    await using gateway = startChild(process.execPath, [
      LAUNCHER,
      "run",
      file,
      "--data",
      folder.join("data"),
      "--log",
      "json",
    ]);
    await gateway.waitForLine(/"msg":"ready"/);
    const words = ["scan", "--site", file, "--through", "bus", "--units", "7", "--yes", "--json"];
    const { code, stdout } = await tocsin(...words);
    expect(JSON.parse(stdout.join("\n"))).toMatchObject({
      units: [{ unit: 7, profiles: ["honeywell-xnx", "own-detector"] }],
    });
    expect(code).toBe(0);
    expect(server.connections).toBe(1);
    await gateway.stop();
    const direct = await tocsin(
      "scan",
      "--site",
      file,
      "--link",
      `tcp://127.0.0.1:${server.port}`,
      "--units",
      "7",
      "--json",
    );
    expect(JSON.parse(direct.stdout.join("\n"))).toMatchObject({
      units: [{ unit: 7, profiles: ["honeywell-xnx", "own-detector"] }],
    });
  });

  test("a link in service is not scanned by the way", async () => {
    const { code, stderr } = await tocsin("scan", "--site", "site.yaml", "--through", "bus");
    expect(code).toBe(2);
    expect(stderr.join("\n")).toMatch(/in service[\s\S]*hint: .*--yes/);
  });
});

function registers(bank: RegisterBank, { address, count }: { address: number; count: number }): Buffer {
  const data = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i++) data.writeUInt16BE(bank.holding.get(address + i) ?? 0, i * 2);
  return data;
}
