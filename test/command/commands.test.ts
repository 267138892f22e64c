import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { verifyPassword } from "../../drivers/mqtt/broker/password.ts";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const CASES = join(ROOT, "test/cases/config");

function tocsin(...args: string[]) {
  return runChild(process.execPath, [join(ROOT, "gateway/tocsin.js"), ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined, TOCSIN_INFLUX_URL: undefined },
    workingFolder: ROOT,
  });
}

describe("tocsin check", () => {
  test("of a sound site says what it found and which rules of its packs watch something, and ends with 0", async () => {
    const { code, stdout, stderr } = await tocsin("check", "examples/gas-pipeline");
    expect(stdout).toEqual([
      expect.stringMatching(/^ok: 巫山老城区燃气管网 .*: 5 points, 7 devices, \d+ channels/),
      expect.stringMatching(/^ {4}gas: leak, carbon-monoxide, .*; not used · 未用: .*\bammonia\b/),
    ]);
    expect(stderr).toEqual([]);
    expect(code).toBe(0);
  });

  test("of a wrong one names every place as an editor can jump to it, and ends with 1", async () => {
    const { code, stdout } = await tocsin("check", "test/cases/config/several-errors-at-once/site.yaml");
    const places = stdout.filter((line) => line.includes(": error "));
    expect(places.length).toBe(6);
    for (const line of places) {
      expect(line).toMatch(
        /^test\/cases\/config\/several-errors-at-once\/site\.yaml:\d+:\d+: error CONFIG_INVALID: /,
      );
    }
    expect(stdout.at(-1)).toBe("6 errors · 6 处错误");
    expect(code).toBe(1);
  });

  test("tells scripts the same with --json", async () => {
    const { code, stdout } = await tocsin("check", "--json", join(CASES, "unknown-link/site.yaml"));
    const answer = JSON.parse(stdout.join("\n"));
    expect(answer).toMatchObject({
      ok: false,
      problems: [
        {
          file: "test/cases/config/unknown-link/site.yaml",
          line: 7,
          column: 39,
          severity: "error",
          code: "CONFIG_INVALID",
          hint: 'did you mean "bus"?',
        },
      ],
    });
    expect(code).toBe(1);
    const sound = await tocsin("check", "--json", "examples/geohazard");
    expect(JSON.parse(sound.stdout.join("\n"))).toMatchObject({
      ok: true,
      problems: [],
      site: { id: "wushan-geohazard" },
    });
    expect(JSON.parse(sound.stdout.join("\n")).site.packs).toContainEqual({
      id: "longmen-rock",
      pack: "geohazard",
      rules: ["tilt"],
      unused: expect.arrayContaining(["displacement", "crack"]),
    });
  });

  test("of a site with warnings only ends with 0: a missing secret is not the file's fault", async () => {
    const { code, stdout } = await tocsin("check", join(CASES, "secrets-that-are-not-there/site.yaml"));
    expect(stdout.filter((line) => line.includes(": warning SECRET_MISSING: ")).length).toBe(2);
    expect(code).toBe(0);
  });

  test("of a file that is not there says so, without a stack", async () => {
    const { code, stdout, stderr } = await tocsin("check", "nowhere/site.yaml");
    expect(stdout[0]).toBe("nowhere/site.yaml: error CONFIG_NOT_FOUND: no such file or folder");
    expect([...stdout, ...stderr].join("\n")).not.toMatch(/\bat .*:\d+:\d+\)?$/m);
    expect(code).toBe(1);
  });

  test("loads no protocol library: it is quick on a small machine", async () => {
    const script = `
      import { createRequire } from "node:module";
      const { check } = await import(${JSON.stringify(join(ROOT, "gateway/command/check.ts"))});
      check(${JSON.stringify(join(ROOT, "examples/gas-pipeline"))}, { json: true });
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      const wrong = loaded.filter((path) => /node_modules\\/(mqtt|aedes|modbus-serial|serialport|influx|@influxdata)\\//.test(path));
      console.error(JSON.stringify(wrong));`;
    const { stderr } = await runChild(process.execPath, ["--input-type=module", "--eval", script]);
    expect(stderr).toEqual(["[]"]);
  });
});

describe("a command line that is wrong", () => {
  test.each([
    { args: [], says: /Usage: tocsin/ },
    {
      args: ["chek", "examples/demo"],
      says: /unknown command 'chek'[\s\S]*Did you mean check[\s\S]*没有命令“chek”/,
    },
    { args: ["check"], says: /missing required argument 'site'/ },
    { args: ["check", "examples/demo", "--jsn"], says: /unknown option '--jsn'/ },
    {
      args: ["read", "examples/gas-pipeline", "gd-1"],
      says: /COMMAND_USAGE: no device is called "gd-1"[\s\S]*did you mean/,
    },
    {
      args: ["read", "examples/gas-pipeline", "gd-02", "--wait", "soon"],
      says: /COMMAND_USAGE: --wait soon: not a duration/,
    },
  ])("$args is answered with what was meant, and 2", async ({ args, says }) => {
    const { code, stderr } = await tocsin(...args);
    expect(stderr.join("\n")).toMatch(says);
    expect(stderr.join("\n")).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  });

  test("asks for help and gets it, in both languages, with 0", async () => {
    const { code, stdout } = await tocsin("--help");
    expect(stdout.join("\n")).toMatch(/ check [\s\S]*检查站点配置[\s\S]*Exit codes 退出码/);
    expect(code).toBe(0);
  });
});

test("every command explains itself", async () => {
  const { stdout } = await tocsin("--help");
  const commands = stdout
    .map((line) => /^ {2}([a-z]+)\b.*<?/.exec(line)?.[1])
    .filter((name) => name !== undefined);
  for (const name of [
    "run",
    "check",
    "read",
    "simulate",
    "export",
    "schema",
    "docs",
    "password",
    "version",
  ]) {
    expect(commands).toContain(name);
  }
});

test("an error in the configuration stops `run` with one block, the code first, without a stack, and 1", async () => {
  const { code, stdout, stderr } = await tocsin("run", join(CASES, "several-errors-at-once/site.yaml"));
  const said = [...stdout, ...stderr].join("\n");
  expect(said).toMatch(/^error CONFIG_INVALID:/m);
  expect(said.match(/: error CONFIG_INVALID: /g)?.length).toBe(6);
  expect(said).toMatch(/hint: tocsin check/);
  expect(said).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
});

test("the schema is JSON Schema; whoever reads only its beginning is no error", async () => {
  using folder = temporaryFolder("schema");
  const schema = `"${process.execPath}" "${join(ROOT, "gateway/tocsin.js")}" schema`;
  const file = folder.join("site.schema.json");
  expect((await runChild("bash", ["-c", `${schema} > "${file}"`])).code).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ title: "Tocsin site file", type: "object" });
  const piped = await runChild("bash", ["-c", `${schema} | head -n 1`]);
  expect(piped.stdout).toEqual(["{"]);
  expect(piped.stderr).toEqual([]);
});

describe("tocsin docs", () => {
  test("writes the pages, then finds them up to date, and names one that was edited", async () => {
    using folder = temporaryFolder("docs");
    const first = await tocsin("docs", "--folder", folder.path);
    expect(first.stdout.filter((line) => line.startsWith("written: ")).length).toBeGreaterThanOrEqual(13);
    expect((await tocsin("docs", "--check", "--folder", folder.path)).code).toBe(0);
    const page = folder.join("generated/errors.md");
    writeFileSync(page, `${readFileSync(page, "utf8")}\nmore\n`);
    const edited = await tocsin("docs", "--check", "--folder", folder.path);
    expect(edited.stdout).toEqual([`stale: ${page}`]);
    expect(edited.code).toBe(1);
  });
});

describe("tocsin password", () => {
  const hash = (input: string) =>
    runChild(process.execPath, [join(ROOT, "gateway/tocsin.js"), "password"], { input });

  test("turns a line into a hash that the broker takes, another one each time", async () => {
    const [first, second] = await Promise.all([
      hash("correct horse battery\n"),
      hash("correct horse battery\n"),
    ]);
    expect(first.code).toBe(0);
    expect(await verifyPassword("correct horse battery", first.stdout[0] ?? "")).toBe(true);
    expect(second.stdout).not.toEqual(first.stdout);
    expect([...first.stdout, ...first.stderr].join()).not.toContain("horse");
  });

  test("refuses a short one", async () => {
    const { code, stderr } = await hash("1234\n");
    expect(code).toBe(2);
    expect(stderr.join("\n")).toMatch(/COMMAND_USAGE: a password has 8 to/);
  });
});

const BROKER_SITE = (port: number) => `site: { id: demo, name: 示范站 }
http: { listen: "127.0.0.1:${port}" }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  tcp: { type: modbus-tcp, host: 127.0.0.1, port: 1 }
points:
  room: { name: 301室, domain: fire }
devices:
  sa-301: { profile: json-smoke-alarm, link: broker, point: room }
  gd-01: { profile: generic-lel, link: tcp, point: room }
rules:
  smoke: { name: 烟雾, applies: { quantity: smoke }, equals: { red: active } }
  own: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active } }
`;

/** A stand-in for the HTTP interface of a running gateway of site `demo`. */
async function gatewayAnswering(site: string, answer: (path: string) => { status: number; body: unknown }) {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const { status, body } = path === "/health" ? { status: 200, body: { site } } : answer(path);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

describe("tocsin read", () => {
  const value = {
    channel: "smoke",
    raw: "true",
    from: "smoke",
    value: 1,
    reason: "good",
    time: 1_795_500_000_000_000,
  };

  test("asks the running gateway, and shows state, unit and quality beside what came over the wire", async () => {
    await using gateway = await gatewayAnswering("demo", () => ({
      status: 200,
      body: {
        values: [
          value,
          { ...value, channel: "temperature", raw: "21.5", value: 21.5, reason: "last_usable" },
        ],
      },
    }));
    using folder = temporaryFolder("read");
    const site = folder.join("site.yaml");
    writeFileSync(site, BROKER_SITE(gateway.port));
    const { code, stdout } = await tocsin("read", site, "sa-301");
    expect(stdout).toEqual([
      expect.stringMatching(/^sa-301 · .* · json-smoke-alarm · through the running gateway 经网关读取$/),
      expect.stringMatching(/^channel 通道 +value 值 +quality 质量 +raw 原始值 +from 位置$/),
      expect.stringMatching(/^smoke +1 active +good 正常 +true +smoke$/),
      expect.stringMatching(/^temperature +21\.5 ℃ +uncertain \(last usable value 沿用旧值\) +21\.5 +smoke$/),
    ]);
    expect(code).toBe(0);
    const json = await tocsin("read", site, "sa-301", "--json");
    expect(JSON.parse(json.stdout.join("\n"))).toMatchObject({
      ok: true,
      device: "sa-301",
      through: "gateway",
      values: [
        { channel: "smoke", value: 1, state: "active", quality: "good", reason: "good" },
        { channel: "temperature", value: 21.5, unit: "Cel", quality: "uncertain", reason: "last_usable" },
      ],
    });
  });

  test("shows what the gateway says when the device does not answer it, with 3", async () => {
    await using gateway = await gatewayAnswering("demo", () => ({
      status: 504,
      body: { error: { code: "DEVICE_TIMEOUT", message: "gd-01 did not answer within 1s" } },
    }));
    using folder = temporaryFolder("read");
    const site = folder.join("site.yaml");
    writeFileSync(site, BROKER_SITE(gateway.port));
    const { code, stderr } = await tocsin("read", site, "gd-01");
    expect(stderr).toEqual([
      "error DEVICE_TIMEOUT: gd-01 did not answer within 1s",
      "  设备未在时限内应答（详见英文说明）",
    ]);
    expect(code).toBe(3);
  });

  test("does not believe the gateway of another site on that port", async () => {
    await using gateway = await gatewayAnswering("elsewhere", () => ({
      status: 200,
      body: { values: [value] },
    }));
    using folder = temporaryFolder("read");
    const site = folder.join("site.yaml");
    writeFileSync(site, BROKER_SITE(gateway.port));
    const { code, stderr } = await tocsin("read", site, "sa-301");
    expect(stderr.join("\n")).toMatch(
      /LINK_DOWN: sa-301 speaks by itself, and no gateway is running[\s\S]*tocsin run/,
    );
    expect(code).toBe(3);
  });

  test("leaves a bus alone that a gateway has open and cannot be asked about", async () => {
    using folder = temporaryFolder("read");
    const site = folder.join("site.yaml");
    writeFileSync(site, BROKER_SITE(1));
    mkdirSync(folder.join("data"));
    const lock = new DatabaseSync(folder.join("data", "lock.db"));
    lock.exec("CREATE TABLE t (a); BEGIN EXCLUSIVE");
    try {
      const { code, stderr } = await tocsin("read", site, "gd-01", "--json");
      expect(stderr).toEqual([]);
      expect(code).toBe(4);
    } finally {
      lock.close();
    }
  });
});
